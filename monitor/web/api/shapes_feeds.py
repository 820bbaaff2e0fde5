"""The shapes of feeds: how each is doing, what it lists, and what becomes of one."""

from __future__ import annotations

from monitor.core.feeds.discovery import Via
from monitor.model.entry import Fate
from monitor.model.feed import FeedOrigin, FeedStatus, PollOutcome, PollReason
from monitor.model.feed_book import AskNow
from monitor.web.api.schema import (
    COUNTS,
    NUMBER,
    REAL,
    TEXT,
    TEXTS,
    TIME,
    YES_NO,
    Schema,
    each,
    holding,
    many,
    maybe,
    named,
    page,
    ref,
)

_HUB = maybe(
    holding(
        {
            "url": TEXT,
            "topic": TEXT,
            "state": maybe(TEXT),
            "trust": maybe(TEXT),
            **each(maybe(TIME), "lease_until", "last_push_at", "left_to_it_until"),
            "failures": NUMBER,
            "error": maybe(TEXT),
        }
    )
)
_NEXT = {
    "next_poll_at": TIME,
    "reason": maybe(TEXT),
    "why": maybe(TEXT),
    "boost": maybe(holding({"interval": TEXT, "until": TIME})),
    "rhythm": maybe(holding({"interval_s": NUMBER, "new_an_hour": maybe(many(REAL))})),
    "hub": _HUB,
}
_FEED = {
    "id": NUMBER,
    **each(TEXT, "name", "url", "address"),
    "origin": named(FeedOrigin),
    "declared": maybe(TEXT),
    "status": named(FeedStatus),
    "tags": TEXTS,
    "subscribed_at": TIME,
    "last_polled_at": maybe(TIME),
    "last_outcome": maybe(named(PollOutcome)),
    "error": maybe(TEXT),
}

_ENTRY = {
    "title": TEXT,
    "link": maybe(TEXT),
    "fate": named(Fate),
    "revision": YES_NO,
    "first_seen": TIME,
    "published": maybe(TIME),
    "rules": TEXTS,
}
_POLL = holding(
    {
        **each(TIME, "at", "next_poll_at"),
        "outcome": named(PollOutcome),
        "reason": named(PollReason),
        "status": maybe(NUMBER),
        **each(NUMBER, "size", "new"),
        "seconds": REAL,
        "error": maybe(TEXT),
    }
)
_RATE = holding({**each(TIME, "start", "end"), **each(NUMBER, "entries", "matches")})
_PREVIEW = holding(
    {
        "feed": maybe(NUMBER),
        "declared": maybe(TEXT),
        "again": YES_NO,
        "entries": many(
            holding({"title": TEXT, "link": maybe(TEXT), "published": maybe(TIME), "rules": maybe(TEXTS)})
        ),
    }
)

FEEDS: dict[str, Schema] = {
    "Feed": holding(
        {
            **_FEED,
            "interval": maybe(TEXT),
            "full_text": YES_NO,
            "backfill": TEXT,
            "last_success_at": maybe(TIME),
            "failures": NUMBER,
            **_NEXT,
            "entries": NUMBER,
        }
    ),
    "Feeds": page(ref("Feed")),
    "FeedStanding": holding({"id": NUMBER, "name": TEXT, "status": named(FeedStatus), "changed": YES_NO}),
    "FeedAdded": holding(
        {
            "id": NUMBER,
            **each(TEXT, "name", "url", "address"),
            "again": YES_NO,
            "engine": maybe(TEXT),
            **each(maybe(NUMBER), "waiting", "seen", "too_old", "alerts"),
            "rules": maybe(COUNTS),
            "next_poll_at": TIME,
        }
    ),
    "Looked": holding(
        {
            "url": TEXT,
            "title": maybe(TEXT),
            "feeds": many(
                holding(
                    {
                        **each(TEXT, "url", "title", "engine"),
                        "via": named(Via),
                        "entries": NUMBER,
                        "newest": maybe(TIME),
                        **each(YES_NO, "comments", "subscribed"),
                        "same": TEXTS,
                        "preview": maybe(_PREVIEW),
                    }
                )
            ),
            "broken": many(holding(each(TEXT, "url", "why"))),
            **each(YES_NO, "guessed", "unasked"),
        }
    ),
    "Imported": holding(
        {
            **each(NUMBER, "listed", "wanted", "added", "already", "twice"),
            "dry_run": YES_NO,
            "problems": many(holding({"line": NUMBER, "problem": TEXT})),
            "lines": many(
                holding({"line": NUMBER, "became": named(("new", "already", "twice", "refused")), "what": TEXT})
            ),
        }
    ),
    "PastPolls": holding(
        {
            "items": many(_POLL),
            "next": maybe(TEXT),
            "said_instead": maybe(holding({"at": TIME, "status": maybe(NUMBER), "text": TEXT})),
        }
    ),
    "Entries": page(holding({"id": NUMBER, "feed_id": maybe(NUMBER), "feed": TEXT, **_ENTRY})),
    "Rates": holding(each(many(_RATE), "hours", "days")),
    "Opml": {"type": "string", "description": "OPML 2.0"},
    "FeedAsked": holding({"answer": named((AskNow.DUE.value,))}),
    "FeedShown": holding(
        {
            **_FEED,
            **_NEXT,
            "gap": maybe(holding({"pages": NUMBER, "entries": NUMBER, "ended": maybe(TEXT), "filled": YES_NO})),
            "stored": NUMBER,
            "entries": many(holding(_ENTRY)),
        }
    ),
}
