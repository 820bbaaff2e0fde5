"""Is this entry known? Pure; the poll stage asks it about every entry of every fetch.

The identity ladder: (feed, id) is a hint only, the canonical URL and the words decide.
The answer that cannot miss an alert wins: where id and URL say "same" but the words differ, the entry is read
and matched again as a revision of the same story, so that new words can fire a rule that did not hold before.
"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.text.words import fold_words, hash_words
from monitor.model.entry import Fate, KnownEntry, ParsedEntry, Verdict

# Two titles of one item share most words; measured on nothing yet: taken from the near-duplicate rule of the
# stories design (title Jaccard ≥ .6), and half of it for "another item altogether".
SAME_TITLE = 0.6
OTHER_TITLE = 0.3


def words_hash(entry: ParsedEntry) -> str:
    """128 bits over the words of title, summary and content: markup, case and spacing do not count."""
    return hash_words(*(fold_words(part) for part in (entry.title, entry.summary, entry.content)))


def title_likeness(one: str, other: str) -> float:
    """Jaccard similarity of the words of two titles, 0 … 1; two empty titles are alike."""
    a, b = set(fold_words(one)), set(fold_words(other))
    if not a and not b:
        return 1.0
    return len(a & b) / len(a | b)


def judge_entry(
    entry: ParsedEntry, url_key: str, text_hash: str, known: Sequence[KnownEntry]
) -> tuple[Verdict, KnownEntry | None]:
    """Says whether an entry is known, and which stored one it is.

    `known` are the entries of the same feed that share its id or its URL key, oldest first. The newest
    stored revision comes back with REVISED.
    """
    same = [one for one in known if _is_same_item(entry, url_key, one)]
    if not same:
        return Verdict.NEW, None
    for one in same:
        if one.text_hash == text_hash:
            return Verdict.KNOWN, one
    return Verdict.REVISED, same[-1]


def revision_fate(entry: ParsedEntry, known: KnownEntry) -> Fate:
    """What becomes of the revision of an entry.

    An entry from before the subscription, or too old, stays so when it is merely edited: it never alerted and
    an edit does not make it news. Under a title of other words it is another item ("no warnings in force" →
    "Torkham closed") and is read.
    """
    if known.fate in (Fate.SEEN_AT_SUBSCRIBE, Fate.TOO_OLD):
        return Fate.WAITING if title_likeness(entry.title, known.title) < OTHER_TITLE else known.fate
    return Fate.WAITING


def _is_same_item(entry: ParsedEntry, url_key: str, known: KnownEntry) -> bool:
    same_id = entry.id == known.id
    same_url = bool(url_key) and url_key == known.url_key
    if same_id and same_url:
        return True
    # One of the two alone is a hint: feeds reuse ids, and link every entry to one page.
    return (same_id or same_url) and title_likeness(entry.title, known.title) >= SAME_TITLE
