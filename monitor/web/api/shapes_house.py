"""The shapes of the house itself: its state, feeds, digests, deliveries, silences, and what is not answered."""

from __future__ import annotations

from monitor.model.delivery import ChannelKind, DeliveryState, RetryAnswer
from monitor.model.digest import CatchUp, MessageFormat
from monitor.model.entry import Fate
from monitor.model.feed import FeedOrigin, FeedStatus, PollOutcome
from monitor.model.feed_book import AskNow
from monitor.model.rule import Severity
from monitor.web.api.problems import Reason
from monitor.web.api.schema import (
    COUNTS,
    NUMBER,
    REAL,
    TEXT,
    TEXTS,
    TIME,
    YES_NO,
    Schema,
    holding,
    many,
    maybe,
    named,
    page,
    ref,
)

_KEPT = holding({"matches": NUMBER, "stories": NUMBER})
_HUB = maybe(
    holding(
        {
            "url": TEXT,
            "topic": TEXT,
            "state": maybe(TEXT),
            "trust": maybe(TEXT),
            "lease_until": maybe(TIME),
            "last_push_at": maybe(TIME),
            "left_to_it_until": maybe(TIME),
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
    "name": TEXT,
    "url": TEXT,
    "address": TEXT,
    "origin": named(FeedOrigin),
    "declared": maybe(TEXT),
    "status": named(FeedStatus),
    "tags": TEXTS,
    "subscribed_at": TIME,
    "last_polled_at": maybe(TIME),
    "last_outcome": maybe(named(PollOutcome)),
    "error": maybe(TEXT),
}

_STATUS: dict[str, Schema] = {
    "DigestState": holding(
        {
            "name": TEXT,
            "next": maybe(TIME),
            "held_by": maybe(named(CatchUp)),
            "quiet_until": maybe(TIME),
            "quiet_override": maybe(named(Severity)),
            "pending": NUMBER,
            "min_publishers": NUMBER,
            "last": maybe(holding({"planned_at": maybe(TIME), "stories": NUMBER, "deliveries": COUNTS})),
        }
    ),
    "Digests": page(ref("DigestState")),
    "Status": holding(
        {
            "version": TEXT,
            "running": YES_NO,
            "pid": maybe(NUMBER),
            "daemons": many(
                holding(
                    {
                        "pid": maybe(NUMBER),
                        "host": maybe(TEXT),
                        "version": maybe(TEXT),
                        "config": maybe(TEXT),
                        "shares": maybe(NUMBER),
                    }
                )
            ),
            "store": TEXT,
            "bytes": maybe(NUMBER),
            "rules_hold": YES_NO,
            "feeds": holding(
                {
                    **dict.fromkeys(("total", "late", "left_alone", "failing", "boosted"), NUMBER),
                    "errors": many(holding({"feed": TEXT, "url": TEXT, "error": maybe(TEXT)})),
                }
            ),
            "hubs": holding(dict.fromkeys(("subscriptions", "verified", "relied_on", "failing"), NUMBER)),
            "last_hour": holding({"polls": COUNTS, "entries": NUMBER, "matches": NUMBER, "stories": NUMBER}),
            "waiting": holding(dict.fromkeys(("entries", "articles", "index"), NUMBER)),
            "digests": many(ref("DigestState")),
            "orphaned_matches": COUNTS,
            "outbox": COUNTS,
            "silences": holding(dict.fromkeys(("active", "stories_held", "stories_discarded"), NUMBER)),
            "unsubscribed": many(holding({"digest": TEXT, "recipient": TEXT, "since": TIME, "by": TEXT})),
            "reaching_nobody": TEXTS,
            "refusals": many(
                holding(
                    {
                        "receiver": TEXT,
                        "channel": named(ChannelKind),
                        "since": TIME,
                        "error": TEXT,
                        "next_try_at": TIME,
                        "waiting": NUMBER,
                    }
                )
            ),
            "started_at": maybe(TIME),
            "reloaded_at": maybe(TIME),
            "reload_problem": maybe(TEXT),
            "incidents": many(
                holding({"kind": TEXT, "about": TEXT, "detail": TEXT, "since": TIME, "told_at": maybe(TIME)})
            ),
            "lag": holding(dict.fromkeys(("published_to_seen_median_s", "seen_to_delivered_p99_s"), maybe(REAL))),
        }
    ),
    "Problem": {
        "description": "Problem details (RFC 9457). `reason` is for programs, `detail` for people",
        **holding(
            {"type": TEXT, "title": TEXT, "status": NUMBER, "reason": named(Reason), "detail": TEXT},
            may={
                "problems": many(ref("QueryProblem")),
                "answer": maybe(named([one.value for one in (*RetryAnswer, *AskNow)])),
                "retry_after": NUMBER,
            },
        ),
    },
}

_FEEDS: dict[str, Schema] = {
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

_DELIVERY = {
    "id": NUMBER,
    "key": TEXT,
    "state": named(DeliveryState),
    "digest": TEXT,
    "batch": TEXT,
    "receiver": TEXT,
    "also": TEXTS,
    "channel": named(ChannelKind),
    "recipient": TEXT,
    "subject": TEXT,
    "part": NUMBER,
    "parts": NUMBER,
    "created_at": TIME,
    "retried_at": maybe(TIME),
    "next_attempt_at": maybe(TIME),
    "sent_at": maybe(TIME),
    "attempts": NUMBER,
    "error": maybe(TEXT),
    "receipt": maybe(TEXT),
}
_SENDING: dict[str, Schema] = {
    "Preview": holding(
        {
            "digest": TEXT,
            "form": named(("json", "text", "html", "slack")),
            "quiet": maybe(TEXT),
            "parts": {"type": "array", "items": {"type": ["string", "object"]}},
        }
    ),
    "Delivery": holding(_DELIVERY),
    "Deliveries": page(ref("Delivery")),
    "DeliveryShown": holding(
        {
            **_DELIVERY,
            "history": many(holding({"at": TIME, "outcome": TEXT, "detail": TEXT})),
            "message": holding(
                {
                    "format": named(MessageFormat),
                    "text": TEXT,
                    "html": maybe(TEXT),
                    "payload": {"type": ["object", "null"]},
                    "gone": maybe(holding({"reason": TEXT, "at": TIME})),
                }
            ),
        }
    ),
    "Retried": holding(
        {
            "asked": TEXT,
            "id": maybe(NUMBER),
            "key": maybe(TEXT),
            "answer": maybe(named(RetryAnswer)),
            "problem": maybe(TEXT),
        }
    ),
    "AllRetried": holding({"due_now": COUNTS}),
}

_SILENCE = {
    "id": NUMBER,
    "state": named(("active", "to_come", "ended", "over")),
    "mode": named(("hold", "discard")),
    "rules": TEXTS,
    "tags": TEXTS,
    "story": maybe(TEXT),
    "gone_into": maybe(TEXT),
    "digests": TEXTS,
    "starts_at": TIME,
    "ends_at": TIME,
    "ended_at": maybe(TIME),
    "author": TEXT,
    "reason": TEXT,
    "created_at": TIME,
}
_SILENCES: dict[str, Schema] = {
    "Silence": holding({**_SILENCE, "held": _KEPT, "to_discard": _KEPT, "discarded": _KEPT}),
    "Silences": page(ref("Silence")),
    "Silenced": holding({**_SILENCE, "keeps_out_now": _KEPT, "reaches_rules": NUMBER, "warnings": TEXTS}),
    "SilenceEnded": holding(
        {
            **_SILENCE,
            "was_ended_at": maybe(TIME),
            "kept_out_no_more": _KEPT,
            "still_kept_out": _KEPT,
            "brought_back": COUNTS,
            "not_brought_back": NUMBER,
            "discarded": _KEPT,
        }
    ),
}

HOUSE: dict[str, Schema] = _STATUS | _FEEDS | _SENDING | _SILENCES
