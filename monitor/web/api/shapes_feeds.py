"""The shapes of feeds: how each is doing, what it lists, and what becomes of one."""

from __future__ import annotations

from monitor.model.entry import Fate
from monitor.model.feed import FeedOrigin, FeedStatus, PollOutcome
from monitor.model.feed_book import AskNow
from monitor.web.api.schema import (
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
    "FeedAsked": holding({"answer": named((AskNow.DUE.value,))}),
    "FeedShown": holding(
        {
            **_FEED,
            **_NEXT,
            "gap": maybe(holding({"pages": NUMBER, "entries": NUMBER, "ended": maybe(TEXT), "filled": YES_NO})),
            "stored": NUMBER,
            "entries": many(
                holding(
                    {
                        "title": TEXT,
                        "link": maybe(TEXT),
                        "fate": named(Fate),
                        "revision": YES_NO,
                        "first_seen": TIME,
                        "published": maybe(TIME),
                        "rules": TEXTS,
                    }
                )
            ),
        }
    ),
}
