"""Articles: the page behind an entry, extracted (schema.org NewsArticle)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from monitor.model.retention import Gone
from monitor.model.story import Fingerprint


class Quality(StrEnum):
    """How much of the article we really have."""

    FULL = "full"  # main text of the page
    FEED = "feed"  # the feed's content or summary
    TITLE = "title"  # nothing but the title
    STUB = "stub"  # paywall, cookie wall, bot wall: the page's text is not used


class ReadOutcome(StrEnum):
    """What reading one entry came to."""

    PAGE = "page"  # the page's main text
    FEED = "feed"  # the feed's own text, as configured
    FALLBACK = "fallback"  # the feed's own text, because the page could not be had
    POSTPONED = "postponed"  # the page is asked again before anything is matched
    STUB = "stub"  # the page shows a wall: the feed's own text, and the page is asked again later
    REREAD = "reread"  # the page's main text at last: matched as a revision of the feed's own text
    UNREAD = "unread"  # asked again, the page gives nothing still


class DropReason(StrEnum):
    """Why a part of a page is not in the main text."""

    H1_CUT = "h1_cut"  # a foreign main headline and all that follows it
    CUE_CUT = "cue_cut"  # a rail ("Recent … Read more") or an article appended with its own date or byline
    COHESION_CUT = "cohesion_cut"  # from a headline on, the words are those of something else
    SEE_ALSO = "see_also"  # one line that only points elsewhere
    DOUBLED_HEADING = "doubled_heading"  # caption and furniture between the headline and its repetition
    FURNITURE = "furniture"  # "Short Url", "Follow", "5 min read" above the text
    HOST_BOILERPLATE = "host_boilerplate"  # a paragraph that many pages of the host carry
    WALL = "wall"  # what a paywall, cookie wall, login or bot check shows instead of the article


@dataclass(frozen=True, slots=True)
class Dropped:
    """A part of the page left out of the main text, and why; older ones have reasons of their own."""

    reason: DropReason | str
    text: str


class WallKind(StrEnum):
    """What stands between the reader and the article."""

    PAYWALL = "paywall"
    LOGIN = "login"
    COOKIES = "cookies"  # a consent page
    BOT_CHECK = "bot_check"  # "Just a moment…", "Enable JavaScript and cookies"


class Engine(StrEnum):
    """What found the main text on a page, in the order in which they are asked."""

    TRAFILATURA = "trafilatura"
    JSON_LD = "json-ld"  # `articleBody` of the page's schema.org article
    READABILITY = "readability"


class DateFlag(StrEnum):
    """Why a stated date is not believed."""

    ABSURD = "absurd"  # before 1995: a clock that was never set
    FUTURE = "future"  # more than a day after now


@dataclass(frozen=True, slots=True)
class Extracted:
    """The main text of one page. `text` has a blank line between paragraphs; dates are aware, in UTC.

    Behind a wall `quality` is STUB, `wall` names it, `text` is empty and what the page showed is in `dropped`.
    """

    title: str
    text: str
    quality: Quality
    published: datetime | None = None
    publisher: str | None = None
    language: str | None = None
    authors: tuple[str, ...] = ()
    section: str = ""  # of the outlet, as the page names it; several with a comma between
    canonical_url: str | None = None
    dropped: tuple[Dropped, ...] = ()  # in the order of the page
    engine: Engine = Engine.TRAFILATURA
    wall: WallKind | None = None
    date_flag: DateFlag | None = None  # the page states a date that is not believed; `published` is None then


@dataclass(frozen=True, slots=True)
class EntityMention:
    """A person, organisation or place found in an article; `id` is None when only a recogniser knows it."""

    name: str
    type: str  # person | org | place | other
    id: str | None = None


class DuplicateReason(StrEnum):
    """Why an article counts as a copy of another."""

    SAME_URL = "same_url"  # same canonical URL and a like title
    SAME_CONTENT = "same_content"  # same content hash within 48 h
    REVISION = "revision"  # the same entry with other words
    NEAR_DUPLICATE = "near_duplicate"  # nearly the same words, or one text holds the other


@dataclass(frozen=True, slots=True)
class NewArticle:
    """A read article to be stored: the words of one entry or of the page behind it."""

    entry_row: int
    feed_id: int
    feed_name: str
    feed_tags: tuple[str, ...]
    url: str
    url_key: str
    title: str
    text: str
    summary: str
    publisher: str
    quality: Quality
    content_hash: str
    first_seen: datetime
    published: datetime | None = None
    language: str | None = None
    language_confidence: float | None = None  # of detection, 0 … 1; None = the language is only stated
    authors: tuple[str, ...] = ()
    section: str = ""
    entities: tuple[EntityMention, ...] = ()  # `recognised`, and from the match on the rules' own before them
    dropped: tuple[Dropped, ...] = ()
    note: str | None = None  # why the page's text is not here, when it was wanted
    page_key: str = ""  # canonical URL of the page itself, behind redirects; "" when no page was read
    wire: str = ""  # the agency whose report it carries, as the text says: "AP", "Reuters"; "" = its own
    fingerprint: Fingerprint | None = None  # None = from before there were any

    @property
    def recognised(self) -> tuple[EntityMention, ...]:
        """What a recogniser found: the same before and after the rules read the article."""
        return tuple(mention for mention in self.entities if mention.id is None)

    @property
    def named(self) -> tuple[EntityMention, ...]:
        """Every name once, for people: of one that both know, what the rules say of it."""
        ours = {mention.name.casefold() for mention in self.entities if mention.id is not None}
        return tuple(one for one in self.entities if one.id is not None or one.name.casefold() not in ours)


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which story an article belongs to, and whether it is a copy of another."""

    story_id: str
    duplicate_of: int | None = None
    reason: DuplicateReason | None = None
    why: str = ""  # the reason in figures, for people: "94 % of its words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Article(NewArticle):
    """One read article as stored."""

    id: int
    story_id: str | None = None  # None = not grouped yet
    duplicate_of: int | None = None
    duplicate_reason: DuplicateReason | None = None
    duplicate_why: str = ""
    series: bool = False  # one of a daily series: its copies lie closer together
    ruleset: str | None = None  # version it was matched with; None = not matched yet
    stage_error: str | None = None  # why grouping or matching broke off; tried again
    text_gone: Gone | None = None  # text, summary and `dropped` are empty because they were dropped


@dataclass(frozen=True, slots=True)
class Document:
    """What rules read: an article, or one JSON line of the offline commands (the interface contract)."""

    id: str
    title: str
    body: str = ""
    summary: str = ""
    url: str = ""
    publisher: str = ""
    authors: tuple[str, ...] = ()
    section: str = ""
    language: str = ""
    published: datetime | None = None
    feed: str = ""
    tags: tuple[str, ...] = field(default=())
    names: tuple[EntityMention, ...] = ()  # found by a recogniser
