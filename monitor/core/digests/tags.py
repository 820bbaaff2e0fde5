"""What a digest is about, by tags. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.core.digests.plan import takes
from monitor.model.rule import Rule

_TAG = "tag:"


def tags_of(selectors: Sequence[str], rules: Iterable[Rule] = ()) -> frozenset[str]:
    """The tags that these selector lines ask for, and those of the rules that they take."""
    named = {term.removeprefix(_TAG) for line in selectors for term in line.split() if term.startswith(_TAG)}
    return frozenset(named.union(*(rule.tags for rule in rules if rule.tags and takes(selectors, rule))))
