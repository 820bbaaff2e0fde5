"""A rule that loaded, with the tree of its query."""

from __future__ import annotations

from threading import Lock

from monitor.core.rules.keys import Key
from monitor.core.rules.nodes import Node
from monitor.core.rules.parser import parse
from monitor.core.rules.table import Path
from monitor.model.rule import Rule

_PARSING = Lock()

Keys = tuple[Key, ...]


class CompiledRule:
    """A rule and its query's tree. That of a query that was found sound before is read when it is first needed: of
    100,000 rules few are looked at in an hour."""

    __slots__ = ("_node", "_table", "keys", "rule")

    def __init__(self, rule: Rule, node: Node | None, table: int | None = None, keys: Keys | None = None) -> None:
        self.rule = rule
        # Under which the index has it: none for all documents. Worked out when it is first put there.
        self.keys = keys
        self._table = table
        self._node = node

    @property
    def node(self) -> Node:
        """The tree."""
        if self._node is None:
            # One tree for all threads: what an evaluation found is kept by the identity of its nodes.
            with _PARSING:
                if self._node is None:
                    self._node = parse(self.rule.query)
        return self._node

    @property
    def path(self) -> Path:
        """Where its table stands in the rule file: `("rules", 3)`; a query by itself stands nowhere."""
        return () if self._table is None else ("rules", self._table)

    def moved(self, rule: Rule, table: int) -> CompiledRule:
        """The same tree for a rule that means the same, in the table of that number."""
        return CompiledRule(rule, self._node, table, self.keys)
