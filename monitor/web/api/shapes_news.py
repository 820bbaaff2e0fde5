"""The shapes of what came in and what was found: stories, articles, matches, rules, the ledger."""

from __future__ import annotations

from monitor.core.text.wordings import Change
from monitor.model.article import DuplicateReason, Quality
from monitor.model.delivery import ChannelKind, DeliveryState
from monitor.model.entry import Fate
from monitor.model.ledger import RoutingState
from monitor.model.rule import Severity
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
from monitor.web.api.shapes_house import GONE, SENT

SPAN = holding({"field": named(("title", "summary", "body")), "start": NUMBER, "end": NUMBER, "text": TEXT})
_PASSAGE = holding({"text": TEXT, "spans": many(holding({"start": NUMBER, "end": NUMBER}))})
_STORY_COUNTS = {
    "publishers": NUMBER,
    "independent_publishers": NUMBER,
    "carrying": COUNTS,
    "articles": NUMBER,
    "copies": NUMBER,
}
_RULE_COUNT = holding({"id": TEXT, "articles": NUMBER})
_NAMED = {**each(TEXT, "title", "url", "publisher", "feed"), "published": maybe(TIME)}
_ARTICLE = {
    **_NAMED,
    "article": NUMBER,
    "first_seen": TIME,
    "language": maybe(TEXT),
    "duplicate_of": maybe(NUMBER),
}
_COPY = {"duplicate_reason": maybe(named(DuplicateReason)), **each(maybe(TEXT), "duplicate_why", "wire", "note")}
FOUND = {
    **_ARTICLE,
    "story": maybe(TEXT),
    "because": TEXT,
    "spans": many(SPAN),
    "matched": many(_PASSAGE),
}
PROBLEMS = many(ref("QueryProblem"))

_STORIES: dict[str, Schema] = {
    "Story": holding(
        {
            **each(TEXT, "id", "headline", "url"),
            "first_seen": TIME,
            "last_updated": TIME,
            **_STORY_COUNTS,
            "languages": TEXTS,
            "rules": many(_RULE_COUNT),
        }
    ),
    "Stories": page(ref("Story")),
    "StoryShown": holding(
        {
            "id": TEXT,
            "asked_as": maybe(TEXT),
            "former_ids": TEXTS,
            "large": YES_NO,
            "headline": TEXT,
            "url": TEXT,
            **_STORY_COUNTS,
            "timeline": many(
                holding(
                    {
                        **_ARTICLE,
                        **_COPY,
                        "quality": named(Quality),
                        "series": YES_NO,
                    }
                )
            ),
            "next": maybe(TEXT),
            "alike": many(holding({"articles": many(NUMBER), "weight": REAL, "names": TEXTS, "words": TEXTS})),
            "edges": NUMBER,
            "rules": many(holding({"id": TEXT, "articles": NUMBER, "because": TEXT})),
            "told": many(
                holding(
                    {
                        "digest": TEXT,
                        "batch": TEXT,
                        "at": maybe(TIME),
                        "rules": TEXTS,
                        "deliveries": many(
                            holding({"receiver": TEXT, "state": named(DeliveryState), "number": NUMBER})
                        ),
                    }
                )
            ),
            "silences": many(holding({"id": NUMBER, "active": YES_NO, "held": NUMBER, "discarded": NUMBER})),
            "not_the_same": many(
                holding(
                    {
                        "articles": many(NUMBER),
                        "stories": many(maybe(TEXT)),
                        "at": maybe(TIME),
                        "author": maybe(TEXT),
                        "reason": maybe(TEXT),
                    }
                )
            ),
            "told_apart": many(holding({"articles": many(NUMBER), "story": maybe(TEXT), "headline": TEXT})),
            "see_also": many(
                holding({"story": maybe(TEXT), "language": maybe(TEXT), "headline": TEXT, "names": TEXTS})
            ),
        }
    ),
    "StoryEdits": page(
        holding(
            {
                "article": NUMBER,
                **each(TEXT, "title", "url", "publisher", "feed"),
                "first_seen": TIME,
                "known": YES_NO,
                **each(many(holding({"change": named(Change), "text": TEXT})), "title_changed", "text_changed"),
            }
        )
    ),
    "Regrouped": holding(
        {
            "story": TEXT,
            "pairs": NUMBER,
            "stories": many(holding({"id": TEXT, "articles": TEXTS})),
            "told_again": many(holding({"digest": TEXT, "rule": TEXT, "matches": NUMBER})),
        }
    ),
    "SplitPlanned": holding({"story": TEXT, "pairs": NUMBER, "apart": many(TEXTS), "together": TEXTS}),
    "Split": {"oneOf": [ref("Regrouped"), ref("SplitPlanned")]},
    "Article": holding(FOUND),
    "Search": holding(
        {
            "items": many(ref("Article")),
            "next": maybe(TEXT),
            **each(NUMBER, "articles", "candidates", "read", "failures"),
            "warnings": PROBLEMS,
        }
    ),
    "Match": holding(
        {
            "id": NUMBER,
            "matched_at": TIME,
            **each(TEXT, "rule", "rule_version", "rule_title"),
            "analyser_version": maybe(TEXT),
            "severity": named(Severity),
            **_NAMED,
            "story": maybe(TEXT),
            "because": TEXT,
            "digests": many(
                holding(
                    {
                        "digest": TEXT,
                        "state": named(RoutingState),
                        "batch": maybe(TEXT),
                        "silence": maybe(NUMBER),
                    }
                )
            ),
        }
    ),
    "Matches": page(ref("Match")),
}

_SENT_BEFORE = holding(
    {
        "receiver": TEXT,
        "channel": named(ChannelKind),
        **each(TEXT, "recipient", "shown", "by_digest", "by_batch"),
        "sent_at": TIME,
    }
)
_WENT = holding(
    {
        "digest": TEXT,
        "rule": TEXT,
        "match": maybe(NUMBER),
        "state": named(RoutingState),
        "why": maybe(TEXT),
        "said": TEXT,
        "waits": maybe(holding({"for": TEXT, "until": maybe(TIME)})),
        "silence": maybe(NUMBER),
        "batch": maybe(TEXT),
        "kind": maybe(TEXT),
        "planned_at": maybe(TIME),
        "window": maybe(holding({"start": TIME, "end": TIME})),
        "stories": maybe(NUMBER),
        "place": maybe(NUMBER),
        "one_line": YES_NO,
        "deliveries": many(
            holding(
                {
                    **SENT,
                    "thread": maybe(TEXT),
                    "refuses_since": maybe(TIME),
                    "in_config": YES_NO,
                }
            )
        ),
        "sent_before": many(_SENT_BEFORE),
        "unsubscribed": many(holding({"recipient": TEXT, "since": maybe(TIME)})),
    }
)
_READ = holding(
    {
        "id": NUMBER,
        "quality": named(Quality),
        "publisher": TEXT,
        "words": NUMBER,
        "text_gone": GONE,
        "language": maybe(TEXT),
        "language_confidence": maybe(REAL),
        "section": maybe(TEXT),
        "authors": TEXTS,
        "entities": many(holding({"name": TEXT, "type": TEXT})),
        "story": maybe(TEXT),
        "story_articles": NUMBER,
        "duplicate_of": maybe(TEXT),
        **_COPY,
        "left_out": many(holding({"reason": TEXT, "words": NUMBER, "rules": TEXTS})),
        "ruleset": maybe(TEXT),
    }
)
_LEDGER: dict[str, Schema] = {
    "Seen": holding(
        {
            "url": TEXT,
            "seen": {"const": True},
            "feed": TEXT,
            "feed_id": NUMBER,
            "entry": NUMBER,
            "first_seen": TIME,
            "pushed": YES_NO,
            "published": maybe(TIME),
            "title": TEXT,
            "fate": named(Fate),
            "revision": YES_NO,
            "reread": maybe(holding({"state": TEXT, "why": maybe(TEXT), "tries": NUMBER, "next_at": maybe(TIME)})),
            "text_gone": GONE,
            "article": maybe(_READ),
            "rules_kept": YES_NO,
            "would_match": TEXTS,
            "rules": many(
                holding(
                    {
                        "rule": TEXT,
                        "called_then": maybe(TEXT),
                        "match": maybe(NUMBER),
                        "version": maybe(TEXT),
                        "analyser_version": maybe(TEXT),
                        "matched": maybe(YES_NO),
                        "because": maybe(TEXT),
                        "was_there": YES_NO,
                        "now": maybe(TEXT),
                    }
                )
            ),
            "digests": many(_WENT),
        }
    ),
    "NeverSeen": holding(
        {
            "url": TEXT,
            "seen": {"const": False},
            "covering_feeds": many(
                holding(
                    {
                        **each(TEXT, "name", "url", "status"),
                        "last_polled_at": maybe(TIME),
                        "next_poll_at": TIME,
                        "error": maybe(TEXT),
                        "may_have_lost_at": maybe(TIME),
                    }
                )
            ),
            "page": {"type": "null"},
        }
    ),
    "Why": page({"oneOf": [ref("Seen"), ref("NeverSeen")]}),
}

NEWS: dict[str, Schema] = _STORIES | _LEDGER
