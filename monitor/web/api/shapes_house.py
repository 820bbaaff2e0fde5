"""The shapes of the house itself: its state, feeds, digests, deliveries, silences, and what is not answered."""

from __future__ import annotations

from monitor.model.daemons import Missing
from monitor.model.delivery import ChannelKind, DeliveryState, RetryAnswer
from monitor.model.digest import CatchUp, MessageFormat
from monitor.model.errors import DeliveryFault
from monitor.model.feed_book import AskNow
from monitor.model.jobs import ProcessRole
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
    each,
    holding,
    many,
    maybe,
    named,
    page,
    ref,
)

_KEPT = holding({"matches": NUMBER, "stories": NUMBER})
_UNSUBSCRIBED = holding({**each(TEXT, "digest", "recipient", "by"), "since": TIME})

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
                        **each(maybe(TEXT), "host", "version", "config"),
                        "newest_config": YES_NO,
                        "role": named(ProcessRole),
                        "shares": NUMBER,
                        "duties": TEXTS,
                        "jobs": maybe(NUMBER),
                        "silent_s": REAL,
                    }
                )
            ),
            "missing": many(named(Missing)),
            "queue": maybe(
                holding({"waiting": NUMBER, "by_stage": COUNTS, "oldest_s": maybe(REAL), "taken": NUMBER})
            ),
            "store": TEXT,
            "bytes": maybe(NUMBER),
            "rules_hold": YES_NO,
            "feeds": holding(
                {
                    **each(NUMBER, "total", "late", "left_alone", "failing", "boosted"),
                    "errors": many(holding({"feed": TEXT, "url": TEXT, "error": maybe(TEXT)})),
                }
            ),
            "hubs": holding(each(NUMBER, "subscriptions", "verified", "relied_on", "failing")),
            "last_hour": holding({"polls": COUNTS, "entries": NUMBER, "matches": NUMBER, "stories": NUMBER}),
            "waiting": holding(each(NUMBER, "entries", "articles", "index")),
            "digests": many(ref("DigestState")),
            "orphaned_matches": COUNTS,
            "outbox": COUNTS,
            "silences": holding(each(NUMBER, "active", "stories_held", "stories_discarded")),
            "unsubscribed": many(_UNSUBSCRIBED),
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
            "lag": holding(each(maybe(REAL), "published_to_seen_median_s", "seen_to_delivered_p99_s")),
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
                "toml": TEXT,
                "now": ref("RuleFiled"),
            },
        ),
    },
}

GONE = maybe(holding({"reason": TEXT, "at": TIME}))
SENT = {
    **each(NUMBER, "id", "part", "parts", "attempts"),
    **each(TEXT, "key", "receiver", "recipient"),
    "also": TEXTS,
    "channel": named(ChannelKind),
    "state": named(DeliveryState),
    **each(maybe(TIME), "next_attempt_at", "sent_at"),
    **each(maybe(TEXT), "error", "receipt"),
}
_DELIVERY = {
    **SENT,
    **each(TEXT, "digest", "batch", "subject"),
    "created_at": TIME,
    "retried_at": maybe(TIME),
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
                    "gone": GONE,
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
    "Receivers": page(
        holding(
            {
                "receiver": TEXT,
                "channels": many(holding({"channel": named(ChannelKind), "to": maybe(TEXT)})),
                "digests": TEXTS,
                "health": YES_NO,
                "unsubscribed": many(_UNSUBSCRIBED),
            }
        )
    ),
    "ReceiverTested": page(
        holding(
            {
                "receiver": TEXT,
                "channel": named(ChannelKind),
                "recipient": TEXT,
                "ok": maybe(YES_NO),
                **each(maybe(TEXT), "receipt", "over", "error", "advice"),
                "fault": maybe(named(DeliveryFault)),
                "goes_on": YES_NO,
            }
        )
    ),
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

HOUSE: dict[str, Schema] = _STATUS | _SENDING | _SILENCES
