"""The rule files that ship, loaded once, and the tables of what they must find."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import monitor
from monitor.core.rules import LoadedRules, RuleFile, load_rules
from monitor.model.article import Document
from monitor.model.rule import Match

FOLDER = Path(monitor.__file__).parent.parent / "rules"
TABLES = Path(__file__).parents[1] / "data" / "rules"


@cache
def shipped() -> LoadedRules:
    """All rule files of the checkout as one set."""
    paths = sorted(FOLDER.rglob("*.toml"))
    return load_rules([RuleFile(f"rules/{path.relative_to(FOLDER)}", path.read_text("utf-8")) for path in paths])


def rules_found(document: Document) -> frozenset[str]:
    """The ids of the shipped rules that match; none may fail."""
    answers = shipped().ruleset.match(document)
    assert all(isinstance(answer, Match) for answer in answers), answers
    return frozenset(answer.rule for answer in answers)


def named_in(document: Document) -> frozenset[str | None]:
    """The ids of the shipped entities that are named."""
    return frozenset(named.id for named in shipped().ruleset.entities_in(document))


def table(name: str) -> dict[str, Any]:
    """A file of tests/data/rules."""
    return tomllib.loads((TABLES / name).read_text(encoding="utf-8"))


def read_aloud(body: str) -> str:
    """A text whose lines were broken for the table's sake, with one line a paragraph."""
    return "\n\n".join(" ".join(part.split()) for part in body.strip().split("\n\n"))
