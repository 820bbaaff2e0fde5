"""The shapes of what came in and what was found: stories, articles, matches, rules, the ledger."""

from __future__ import annotations

from monitor.model.article import DuplicateReason, Quality
from monitor.model.delivery import ChannelKind, DeliveryState
from monitor.model.entry import Fate
from monitor.model.ledger import RoutingState
from monitor.model.problem import Gravity
from monitor.model.rule import Severity
from monitor.web.api.schema import (
    COUNTS,
    DAY,
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

_GONE = maybe(holding({"reason": TEXT, "at": TIME}))
_SPAN = holding({"field": named(("title", "summary", "body")), "start": NUMBER, "end": NUMBER, "text": TEXT})
_PASSAGE = holding({"text": TEXT, "spans": many(holding({"start": NUMBER, "end": NUMBER}))})
_STORY_COUNTS = {
    "publishers": NUMBER,
    "independent_publishers": NUMBER,
    "carrying": COUNTS,
    "articles": NUMBER,
    "copies": NUMBER,
}
_RULE_COUNT = holding({"id": TEXT, "articles": NUMBER})
_FOUND = {
    "article": NUMBER,
    "first_seen": TIME,
    "published": maybe(TIME),
    "title": TEXT,
    "publisher": TEXT,
    "url": TEXT,
    "feed": TEXT,
    "language": maybe(TEXT),
    "story": maybe(TEXT),
    "duplicate_of": maybe(NUMBER),
    "because": TEXT,
    "spans": many(_SPAN),
    "matched": many(_PASSAGE),
}
_NUMBERS = {"same": NUMBER, "gained": NUMBER, "lost": NUMBER, "unknown": NUMBER}
_WORDS = many(holding({"word": TEXT, "listed": YES_NO, "surprise": YES_NO, "articles": maybe(NUMBER)}))
_PROBLEMS = many(ref("QueryProblem"))

_STORIES: dict[str, Schema] = {
    "Story": holding(
        {
            "id": TEXT,
            "headline": TEXT,
            "url": TEXT,
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
                        "article": NUMBER,
                        "title": TEXT,
                        "url": TEXT,
                        "publisher": TEXT,
                        "feed": TEXT,
                        "language": maybe(TEXT),
                        "first_seen": TIME,
                        "published": maybe(TIME),
                        "quality": named(Quality),
                        "wire": maybe(TEXT),
                        "duplicate_of": maybe(NUMBER),
                        "duplicate_reason": maybe(named(DuplicateReason)),
                        "duplicate_why": maybe(TEXT),
                        "note": maybe(TEXT),
                        "series": YES_NO,
                    }
                )
            ),
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
    "Article": holding(_FOUND),
    "Search": holding(
        {
            "items": many(ref("Article")),
            "next": maybe(TEXT),
            "articles": NUMBER,
            "candidates": NUMBER,
            "read": NUMBER,
            "failures": NUMBER,
            "warnings": _PROBLEMS,
        }
    ),
    "Match": holding(
        {
            "id": NUMBER,
            "matched_at": TIME,
            "rule": TEXT,
            "rule_version": TEXT,
            "analyser_version": maybe(TEXT),
            "rule_title": TEXT,
            "severity": named(Severity),
            "title": TEXT,
            "publisher": TEXT,
            "url": TEXT,
            "published": maybe(TIME),
            "feed": TEXT,
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

_RULES: dict[str, Schema] = {
    "Rule": holding(
        {
            "id": TEXT,
            "title": TEXT,
            "query": TEXT,
            "version": TEXT,
            "tags": TEXTS,
            "severity": named(Severity),
            "file": maybe(TEXT),
            "line": maybe(NUMBER),
            "examples": holding({"must_match": NUMBER, "must_not_match": NUMBER}),
            "digests": TEXTS,
            "days": many(holding({"day": DAY, "matches": NUMBER})),
        }
    ),
    "Rules": page(ref("Rule")),
    "RuleRecord": holding(
        {
            "rule": TEXT,
            "version": maybe(TEXT),
            "since": TIME,
            "entries": holding({"total": NUMBER, **{one.value: NUMBER for one in Fate}}),
            "articles": holding(
                dict.fromkeys(("read_by_rule", "read_without_rule", "rules_unknown", "waiting", "stuck"), NUMBER)
            ),
            "matches": NUMBER,
            "found_by_backtest": NUMBER,
            "no_digest": NUMBER,
            "digests": many(
                holding(
                    {
                        "digest": TEXT,
                        "state": named(RoutingState),
                        "news": YES_NO,
                        "delivery": maybe(named(DeliveryState)),
                        "matches": NUMBER,
                        "silence": maybe(NUMBER),
                    }
                )
            ),
            "shown_short": many(holding({"digest": TEXT, "shown": TEXT, "matches": NUMBER})),
            "unsubscribed": many(holding({"digest": TEXT, "recipients": TEXTS, "matches": NUMBER})),
            "rate": maybe(holding({"last_day": NUMBER, "usual_a_day": REAL, "noise": TEXT})),
            "kept_out": many(holding({"digest": TEXT, "silence": NUMBER, "why": TEXT, "matches": NUMBER})),
            "failures": many(holding({"why": TEXT, "articles": NUMBER})),
            "last_match": maybe(TIME),
            "newest": many(ref("Match")),
        }
    ),
    "QueryProblem": holding({"gravity": named(Gravity), "message": TEXT, "context": TEXTS}),
    "Trial": holding(
        {
            "summary": holding(
                {
                    "kind": named(("summary",)),
                    "rule": maybe(TEXT),
                    "version": TEXT,
                    "query": TEXT,
                    "since": maybe(TIME),
                    "until": maybe(TIME),
                    "timezone": TEXT,
                    "complete": YES_NO,
                    "articles": NUMBER,
                    "texts_gone": NUMBER,
                    "candidates": NUMBER,
                    "read": NUMBER,
                    "matches": NUMBER,
                    "failures": NUMBER,
                    "days": many(holding({"day": DAY, "matches": NUMBER})),
                    "feeds": many(holding({"feed": TEXT, "matches": NUMBER})),
                    "current": maybe(holding({"version": TEXT, "of": TEXT, **_NUMBERS})),
                    "recorded": maybe(holding(_NUMBERS)),
                }
            ),
            "articles": many(
                holding(
                    {
                        "kind": named(("article",)),
                        "matches": YES_NO,
                        "current": maybe(YES_NO),
                        "recorded": maybe(YES_NO),
                        "why_not": maybe(TEXT),
                        **_FOUND,
                    }
                )
            ),
            "reached": many(ref("Reached")),
            "warnings": _PROBLEMS,
        }
    ),
    "Reached": {
        "oneOf": [
            holding(
                {
                    "operand": TEXT,
                    "kind": named(("family",)),
                    "exact": YES_NO,
                    "by_stem": YES_NO,
                    "families": many(holding({"head": TEXT, "words": TEXTS, "not": TEXTS})),
                    "words": _WORDS,
                }
            ),
            holding({"operand": TEXT, "kind": named(("prefix",)), "family": maybe(TEXT), "words": _WORDS}),
            holding(
                {
                    "operand": TEXT,
                    "kind": named(("entity",)),
                    **dict.fromkeys(("name", "type"), TEXT),
                    **dict.fromkeys(("aliases", "variants", "acronyms"), TEXTS),
                    **dict.fromkeys(("need", "not"), TEXT),
                }
            ),
            holding({"operand": TEXT, "kind": named(("term",)), "query": TEXT}),
        ]
    },
    "Explanation": holding(
        {"node": TEXT, "holds": YES_NO, "spans": many(_SPAN), "children": many(ref("Explanation"))},
        may={"note": TEXT},
    ),
    "Explained": holding(
        {
            "document": TEXT,
            "rule": TEXT,
            "rule_version": TEXT,
            "spans": many(_SPAN),
            "explanation": ref("Explanation"),
            "holds": YES_NO,
            "notes": TEXTS,
            "warnings": _PROBLEMS,
        }
    ),
}

_SENT_BEFORE = holding(
    {
        "receiver": TEXT,
        "channel": named(ChannelKind),
        "recipient": TEXT,
        "shown": TEXT,
        "by_digest": TEXT,
        "by_batch": TEXT,
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
                    "id": NUMBER,
                    "key": TEXT,
                    "receiver": TEXT,
                    "also": TEXTS,
                    "channel": named(ChannelKind),
                    "recipient": TEXT,
                    "part": NUMBER,
                    "parts": NUMBER,
                    "thread": maybe(TEXT),
                    "state": named(DeliveryState),
                    "sent_at": maybe(TIME),
                    "receipt": maybe(TEXT),
                    "attempts": NUMBER,
                    "next_attempt_at": maybe(TIME),
                    "error": maybe(TEXT),
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
        "text_gone": _GONE,
        "note": maybe(TEXT),
        "language": maybe(TEXT),
        "language_confidence": maybe(REAL),
        "section": maybe(TEXT),
        "authors": TEXTS,
        "entities": many(holding({"name": TEXT, "type": TEXT})),
        "story": maybe(TEXT),
        "story_articles": NUMBER,
        "duplicate_of": maybe(TEXT),
        "duplicate_reason": maybe(named(DuplicateReason)),
        "duplicate_why": maybe(TEXT),
        "wire": maybe(TEXT),
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
            "text_gone": _GONE,
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
                        "name": TEXT,
                        "url": TEXT,
                        "status": TEXT,
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

NEWS: dict[str, Schema] = _STORIES | _RULES | _LEDGER
