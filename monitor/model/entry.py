"""Entries: what a feed says about one article (RFC 4287 words)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class EntryFlag(StrEnum):
    """What was odd about an entry and had to be mended."""

    NO_DATE = "no_date"  # published is None: the time it was first seen stands in
    FUTURE_DATE = "future_date"  # published was clamped to now
    NO_ID = "no_id"  # id was made from the link, or from title and date
    NO_LINK = "no_link"
    TITLE_CUT = "title_cut"


@dataclass(frozen=True, slots=True)
class ParsedEntry:
    """One entry as read from a feed's bytes.

    `id` is verbatim (RFC 4287 §4.2.6), `title` one line of plain text ≤ 1,000 characters, `link` absolute
    http(s) or None, dates aware and in UTC, `summary` and `content` plain text with a blank line between
    paragraphs ("" where the feed gives none).
    """

    id: str
    title: str
    link: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    summary: str = ""
    content: str = ""
    authors: tuple[str, ...] = ()
    flags: tuple[EntryFlag, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed as read from its bytes; `engine` names the reader ("feedparser", "json-feed")."""

    title: str
    link: str | None
    language: str | None
    entries: tuple[ParsedEntry, ...]
    engine: str
    ttl: timedelta | None = None


class Fate(StrEnum):
    """What became of an entry at first sight."""

    WAITING = "waiting"  # stored, to be read
    READ = "read"  # became an article
    SEEN_AT_SUBSCRIBE = "seen_at_subscribe"  # older than the subscription minus its backfill: stored, not alerted
    TOO_OLD = "too_old"  # older than max_entry_age at first sight: stored, counted, not alerted
    UNREADABLE = "unreadable"  # could not be read after all attempts; title and summary were still matched


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored entry."""

    id: int
    feed_id: int
    parsed: ParsedEntry
    url_key: str  # canonical URL, the identity key; "" without a link
    first_seen: datetime
    fate: Fate
    read_attempts: int = 0
    article_id: int | None = None


class Verdict(StrEnum):
    """Is this entry known? The named answer of `core.stories.identity`."""

    NEW = "new"
    KNOWN_ID = "known_id"  # same feed, same id, and nothing says it is another item
    KNOWN_URL = "known_url"  # same feed, same canonical URL, same title: only id or tracking changed
