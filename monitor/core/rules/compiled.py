"""A rule that is ready to be evaluated."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.core.rules.nodes import Node
from monitor.core.rules.table import Path
from monitor.model.rule import Rule


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRule:
    """A rule and its query's tree. Two are equal when they are one: rules are kept in sets by the thousand."""

    rule: Rule
    node: Node
    path: Path = ()  # of its table in the rule file
