"""A rule in force as JSON with stable keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

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
