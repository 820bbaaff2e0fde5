"""The shapes of rules: those in force, drafts, explanations, records."""

from __future__ import annotations

from monitor.app.rule_saving import Saving
from monitor.app.rule_standing import Standing
from monitor.app.workbench import EXAMPLE_KEYS
from monitor.model.delivery import DeliveryState
from monitor.model.entry import Fate
from monitor.model.ledger import RoutingState
from monitor.model.problem import Gravity
from monitor.model.rule import Severity
from monitor.web.api.schema import (
    DAY,
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
from monitor.web.api.shapes_news import FOUND, PROBLEMS, SPAN

_NUMBERS = {"same": NUMBER, "gained": NUMBER, "lost": NUMBER, "unknown": NUMBER}
_WORDS = many(holding({"word": TEXT, "listed": YES_NO, "surprise": YES_NO, "articles": maybe(NUMBER)}))

RULES: dict[str, Schema] = {
    "Rule": holding(
        {
            **each(TEXT, "id", "title", "query", "version"),
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
                each(NUMBER, "read_by_rule", "read_without_rule", "rules_unknown", "waiting", "stuck")
            ),
            **each(NUMBER, "matches", "found_by_backtest", "no_digest"),
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
    "QueryProblem": holding(
        {
            "gravity": named(Gravity),
            "message": TEXT,
            "context": TEXTS,
            "file": maybe(TEXT),
            "line": maybe(NUMBER),
        }
    ),
    "RuleFiled": holding(
        {
            **each(TEXT, "file", "fingerprint", "toml"),
            "written": holding(
                {
                    **each(maybe(TEXT), "id", "title", "query", "severity"),
                    "tags": TEXTS,
                    **each(many({"type": ["string", "object"]}), *EXAMPLE_KEYS),
                }
            ),
            "standing": named(Standing),
            **each(maybe(TEXT), "why", "before", "fixed"),
        }
    ),
    "RuleSaved": holding({"outcome": named((Saving.SAVED, Saving.SAME)), "rule": maybe(ref("RuleFiled"))}),
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
                    **each(NUMBER, "articles", "texts_gone", "candidates", "read", "matches", "failures"),
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
                        **FOUND,
                    }
                )
            ),
            "reached": many(ref("Reached")),
            "examples": many(
                holding(
                    {
                        "key": named(EXAMPLE_KEYS),
                        "place": NUMBER,
                        "text": TEXT,
                        "holds": maybe(YES_NO),
                        "why": maybe(TEXT),
                    }
                )
            ),
            "warnings": PROBLEMS,
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
                    **each(TEXT, "name", "type"),
                    **each(TEXTS, "aliases", "variants", "acronyms"),
                    **each(TEXT, "need", "not"),
                }
            ),
            holding({"operand": TEXT, "kind": named(("term",)), "query": TEXT}),
        ]
    },
    "Explanation": holding(
        {"node": TEXT, "holds": YES_NO, "spans": many(SPAN), "children": many(ref("Explanation"))},
        may={"note": TEXT},
    ),
    "Explained": holding(
        {
            **each(TEXT, "document", "rule", "rule_version"),
            "spans": many(SPAN),
            "explanation": ref("Explanation"),
            "holds": YES_NO,
            "notes": TEXTS,
            "warnings": PROBLEMS,
        }
    ),
}
