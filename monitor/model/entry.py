"""Entries: what a feed says about one article (RFC 4287 words)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model.cadence import Cadence, HubOffer

LISTED_WITHIN = timedelta(days=1)
"""How exact "the feed listed it until then" is kept: a known entry costs a write a day, not one a poll."""


class EntryFlag(StrEnum):
    """What was odd about an entry and had to be mended."""

    NO_DATE = "no_date"  # published is None: the time it was first seen stands in
    FUTURE_DATE = "future_date"  # published or updated was clamped to now
    FAR_FUTURE = "far_future"  # further ahead than clocks go wrong: what was clamped is no date to go by
    ABSURD_DATE = "absurd_date"  # before 1990: a missing date in disguise, left out
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
    language: str | None = None  # as stated, of the entry or of its whole feed
    section: str = ""  # of an ingested document
    tags: tuple[str, ...] = ()  # of an ingested document, beside those of its feed


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed as read from its bytes; `engine` names the reader ("lxml", "feedparser", …).

    `older` is where it says that entries before these are (RFC 5005: the next page, or the previous archive).
    """

    title: str
    link: str | None
    language: str | None
    entries: tuple[ParsedEntry, ...]
    engine: str
    cadence: Cadence = field(default_factory=Cadence)
    hub: HubOffer | None = None
    older: str | None = None


class Fate(StrEnum):
    """What became of an entry at first sight."""

    WAITING = "waiting"  # stored, to be read
    READ = "read"  # became an article
    SEEN_AT_SUBSCRIBE = "seen_at_subscribe"  # from before the subscription: stored, not alerted
    TOO_OLD = "too_old"  # older than max_entry_age at first sight: stored, counted, not alerted
    OLDER_PAGE = "older_page"  # on an older page of its feed, from before the last reading: stored, not alerted
    FORGOTTEN = "forgotten"  # its words were removed by hand before it was read


NEVER_READ = frozenset({Fate.SEEN_AT_SUBSCRIBE, Fate.TOO_OLD, Fate.OLDER_PAGE})
"""The fates of entries that no rule reads: stored, not alerted."""


class Verdict(StrEnum):
    """Is this entry known? The named answer of `core.stories.identity`."""

    NEW = "new"
    KNOWN = "known"  # same feed, same id or URL, same words: only tracking, id or markup may have changed
    REVISED = "revised"  # same feed, same id or URL, other words: matched again as a whole, same story


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """What the store knows of an entry that may be the same."""

    row: int
    id: str
    url_key: str
    title: str
    text_hash: str
    fate: Fate
    first_seen: datetime
    published: datetime | None = None
    words_only: bool = False
    listed_at: datetime | None = None  # when its feed last listed it, to within LISTED_WITHIN


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to be stored. `text_hash` is over title, summary and content; `url_key` "" without a link.

    `words_only`: it revises an entry that was never read (from before the subscription), so that only the feed's
    own words can be compared, not the page's.
    """

    parsed: ParsedEntry
    url_key: str
    text_hash: str
    fate: Fate
    revision_of: int | None = None
    words_only: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored entry with what the read stage needs to know of its feed."""

    row: int
    new: NewEntry
    feed_id: int
    feed_name: str
    feed_tags: tuple[str, ...]
    full_text: bool
    first_seen: datetime
    read_attempts: int = 0
    rereads: int | None = None  # how often its page was asked again; None = it was not read yet
    feed_url: str = ""  # of its feed, as declared
