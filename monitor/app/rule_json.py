"""A rule as JSON with stable keys: in force, and as its file has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from monitor.app.rule_standing import RuleStanding
from monitor.app.rule_tables import FiledRule
from monitor.core.digests.plan import takes
from monitor.model.digest import DigestSettings
from monitor.model.rule import Rule

_DAY = timedelta(days=1)


def rule_json(rule: Rule, digests: Sequence[DigestSettings], counts: Sequence[int], today: date) -> dict[str, Any]:
    """One rule, those of the digests that take it, and its matches on the last days in UTC, up to `today`."""
    first = today - _DAY * (len(counts) - 1)
    return {
        "id": rule.id,
        "title": rule.title,
        "query": rule.query,
        "version": rule.version,
        "tags": list(rule.tags),
        "severity": rule.severity.value,
        "file": rule.file or None,
        "line": rule.line or None,
        "examples": {"must_match": len(rule.must_match), "must_not_match": len(rule.must_not_match)},
        "digests": [one.name for one in digests if takes(one.rules, rule)],
        "days": [
            {"day": (first + _DAY * place).isoformat(), "matches": matches} for place, matches in enumerate(counts)
        ],
    }


def filed_json(filed: FiledRule, standing: RuleStanding, before: str | None) -> dict[str, Any]:
    """A rule as its file has it; `before` is the table that an undo would bring back, None where none is known."""
    values = filed.values
    return {
        "file": filed.file,
        "fingerprint": filed.fingerprint,
        "toml": filed.table,
        "written": {
            **{key: _text(values.get(key)) for key in ("id", "title", "query", "severity")},
            "tags": [str(one) for one in _listed(values.get("tags"))],
            **{key: [_plain(one) for one in _listed(values.get(key))] for key in ("must_match", "must_not_match")},
        },
        "standing": standing.standing.value,
        "why": standing.why or None,
        "before": before,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _plain(value: object) -> Any:
    """A value of TOML as JSON has it: a file may say more than a rule can hold, dates and infinity among it."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else str(value)
