"""Is this entry known? Pure; the poll stage asks it about every entry of every fetch.

The identity ladder: (feed, id) is a hint only, the canonical URL, the words and the dates decide.
The answer that cannot miss an alert wins: where id and URL say "same" but the words differ, the entry is read
and matched again as a revision of the same story, so that new words can fire a rule that did not hold before.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from monitor.core.text.urls import canonical_url
from monitor.core.text.words import fold_words, hash_words
from monitor.model.entry import LISTED_WITHIN, NEVER_READ, EntryFlag, KnownEntry, ParsedEntry, Verdict

# Two titles of one item share most words; measured on nothing yet: taken from the near-duplicate rule of the
# stories design (title Jaccard ≥ .6), and half of it for "another item altogether".
SAME_TITLE = 0.6
OTHER_TITLE = 0.3
# The same words half a day later tell of another day: "the crossing is closed" is news each day it is said anew
# (stories design, daily templates). Edits that go to and fro do so faster.
SAME_DAY = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Judged:
    """One listed entry, its keys, and the stored entry that it is (KNOWN) or revises (REVISED)."""

    entry: ParsedEntry
    url_key: str
    text_hash: str
    verdict: Verdict
    known: KnownEntry | None = None


def url_keys(entries: Sequence[ParsedEntry]) -> list[str]:
    """The key of each entry's link, "" for an entry without one."""
    return [canonical_url(entry.link) if entry.link else "" for entry in entries]


def judge_listing(
    entries: Sequence[ParsedEntry], keys: Sequence[str], known: Sequence[KnownEntry], now: datetime
) -> list[Judged]:
    """Says of the entries that one feed lists side by side which are known, in their order.

    `keys` are their `url_keys`; `known` the stored entries of that feed that share an id or a key with one.
    """
    by_id: dict[str, list[KnownEntry]] = {}
    by_url: dict[str, list[KnownEntry]] = {}
    for one in known:
        by_id.setdefault(one.id, []).append(one)
        by_url.setdefault(one.url_key, []).append(one)
    stored = {one.text_hash for one in known}
    hashes = [_hash_as_stored(entry, stored) for entry in entries]
    triples = list(zip(entries, keys, hashes, strict=True))
    listed = {(entry.id, key, text_hash) for entry, key, text_hash in triples}
    found = []
    for entry, key, text_hash in triples:
        # Entries listed side by side are no revisions of each other: each stored one belongs to its own.
        same = {
            one.row: one
            for one in (*by_id.get(entry.id, ()), *by_url.get(key, ()))
            if one.text_hash == text_hash or (one.id, one.url_key, one.text_hash) not in listed
        }
        verdict, before = judge_entry(entry, key, text_hash, [same[row] for row in sorted(same)], now)
        found.append(Judged(entry, key, text_hash, verdict, before))
    return found


def stale_rows(judged: Sequence[Judged], now: datetime) -> list[int]:
    """The rows of known entries whose "listed until" has to be renewed."""
    known = (one.known for one in judged if one.verdict is Verdict.KNOWN and one.known is not None)
    return [one.row for one in known if one.listed_at is None or now - one.listed_at > LISTED_WITHIN]


def words_hash(entry: ParsedEntry) -> str:
    """128 bits over the words of title, summary and content: markup, case and spacing do not count."""
    return hash_words(*(fold_words(part) for part in (entry.title, entry.summary, entry.content)))


def _hash_as_stored(entry: ParsedEntry, stored: Set[str]) -> str:
    """The hash of its words; the one that an earlier version made of them where that is what is stored.

    That one kept a summary that says what the content says: whole feeds would look revised after an upgrade.
    """
    made = words_hash(entry)
    if made in stored or not stored or entry.summary or not entry.content:
        return made
    twice = words_hash(replace(entry, summary=entry.content))
    return twice if twice in stored else made


def title_likeness(one: str, other: str) -> float:
    """Jaccard similarity of the words of two titles, 0 … 1; two empty titles are alike."""
    a, b = _title_words(one), _title_words(other)
    if not a and not b:
        return 1.0
    return len(a & b) / len(a | b)


@lru_cache(maxsize=2_048)  # a feed whose entries share one link compares each title with many
def _title_words(title: str) -> frozenset[str]:
    return frozenset(fold_words(title))


def judge_entry(
    entry: ParsedEntry, url_key: str, text_hash: str, known: Sequence[KnownEntry], now: datetime
) -> tuple[Verdict, KnownEntry | None]:
    """Says whether an entry is known, and which stored one it is.

    `known` are the entries of the same feed that share its id or its URL key, oldest first. The newest
    stored revision comes back with REVISED. Words that stood there before and come back are known while they
    may be an edit undone: under the same date, or within half a day.
    """
    same = [one for one in known if _is_same_item(entry, url_key, text_hash, one)]
    if not same:
        return Verdict.NEW, None
    newest = same[-1]
    for one in same:
        if one.text_hash == text_hash and (one is newest or _is_edit_undone(entry, one, now)):
            return Verdict.KNOWN, one
    return Verdict.REVISED, newest


def was_never_read(known: KnownEntry) -> bool:
    """Whether nothing but the feed's words is known of it: it was never read."""
    return known.words_only or known.fate in NEVER_READ


def _is_same_item(entry: ParsedEntry, url_key: str, text_hash: str, known: KnownEntry) -> bool:
    same_id = entry.id == known.id
    same_url = bool(url_key) and url_key == known.url_key
    if same_id and same_url:
        return True
    if not (same_id or same_url):
        return False
    # One of the two alone is a hint: feeds reuse ids, link every entry to one page, and say the same each day.
    date = _date(entry)
    if date and known.published and abs(date - known.published) > SAME_DAY:
        return False
    # Equal words have equal titles, and the hash of the words is kept when the title was forgotten.
    return text_hash == known.text_hash or title_likeness(entry.title, known.title) >= SAME_TITLE


def _is_edit_undone(entry: ParsedEntry, known: KnownEntry, now: datetime) -> bool:
    if entry.published is not None and entry.published == known.published:
        # Servers that take turns with two wordings do so under one date; an update says it is another day.
        return entry.updated is None or entry.updated <= known.first_seen + SAME_DAY
    return abs(now - known.first_seen) <= SAME_DAY


def _date(entry: ParsedEntry) -> datetime | None:
    """When it says it was published; a date of the future, which we move to now at each poll, says nothing."""
    return None if EntryFlag.FUTURE_DATE in entry.flags else entry.published
