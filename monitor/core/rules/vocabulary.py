"""The words that texts showed so far, by what they answer to: worked out once a word, not once a document."""

from __future__ import annotations

from collections.abc import Collection, Set
from typing import NamedTuple

from monitor.core.text.families import Families

START = 3
"""Letters that a prefix has at least."""

_MOST_WORDS = 16_000  # some 8 MB; news bring new names for ever


class Seen(NamedTuple):
    """Forms of texts read so far, by what they answer to. Sets only grow: intersect them, never walk them."""

    forms: set[str]
    by_key: dict[str, set[str]]  # of their families
    by_start: dict[str, set[str]]  # their first START letters


class Vocabulary:
    """Which forms belong to which family and begin how. Threads may share it."""

    def __init__(self, families: Families) -> None:
        self._families = families
        # Replaced when there are too many: who holds the old one is not disturbed.
        self._seen = Seen(set(), {}, {})
        self._asked: dict[str, Collection[str]] = {}

    def keys_of(self, term: str) -> Collection[str]:
        """What `~term` looks for: `Families.keys_of_query`, remembered; listed families before stems."""
        known = self._asked.get(term)
        if known is None:
            if len(self._asked) >= _MOST_WORDS:
                self._asked.clear()
            known = self._asked[term] = sorted(self._families.keys_of_query(term))
        return known

    def seen(self, forms: Set[str]) -> Seen:
        """Forms of many texts, those given among them: who asks leaves out the others."""
        seen = self._seen
        new = forms - seen.forms
        if new:
            if len(seen.forms) > _MOST_WORDS:
                seen = self._seen = Seen(set(), {}, {})
                new = forms
            for form in new:
                seen.by_start.setdefault(form[:START], set()).add(form)
                for key in self._families.keys_of_text(form):
                    seen.by_key.setdefault(key, set()).add(form)
            # Last: a form that was seen is one that was entered, whatever other threads do meanwhile.
            seen.forms.update(new)
        return seen
