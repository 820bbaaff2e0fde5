"""Where in a TOML text a value stands: tomllib tells values but no lines, people need lines.

The text is read with tree-sitter-toml, which also makes something of a broken text. Nothing here judges
whether the TOML is valid: that is tomllib's office.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

Step = str | int


def line_of(source: str, path: Sequence[Step], *, key: bool = False) -> int:
    """Finds the line, from 1, of the value at `path`, or of its key with `key=True`.

    `path` holds keys and list positions as tomllib nests them: `("rules", 3, "query")`. A table's line is
    that of its header. When the path leads nowhere, the line of the nearest enclosing table or list is given;
    0 when there is none. Never raises, whatever the text.
    """
    place = _root(source)
    for index, step in enumerate(path):
        found = place.step(step)
        if found is None:
            return place.line
        place = found
        if key and index == len(path) - 1:
            return place.key_line
    return place.line


def forget() -> None:
    """Frees the texts kept for further questions: a file of 100,000 rules takes hundreds of megabytes."""
    _root.cache_clear()


@dataclass(slots=True)
class _Place:
    """One table, list or value; `value` is what still has to be looked into when somebody asks."""

    line: int
    key_line: int
    inside: dict[Step, _Place] = field(default_factory=dict)
    of_tables: bool = False  # made by [[name]]: a later header that passes through means its last table
    value: Node | None = None

    def step(self, step: Step) -> _Place | None:
        self.open()
        return self.inside.get(step)

    def child(self, key: str, line: int) -> _Place:
        """The table under `key` to write into: found, or made with the line of the one who mentions it."""
        self.open()
        place = self.inside.setdefault(key, _Place(line, line))
        if place.of_tables and place.inside:
            return place.inside[len(place.inside) - 1]
        return place

    def open(self) -> None:
        """Looks into a value that was only put aside."""
        # Opened on demand: a rule file may hold 100,000 rules, and only a few lines are ever asked for.
        value, self.value = self.value, None
        if value is None:
            return
        if value.type in _PAIRED:
            for pair in value.named_children:
                if pair.type == "pair":
                    _add_pair(self, pair)
        elif value.type == "array":
            items = [item for item in value.named_children if item.type not in _NO_VALUE]
            for index, item in enumerate(items):
                line = _line(item)
                self.inside[index] = _Place(line, line, value=item)


KEYS = frozenset({"bare_key", "quoted_key", "dotted_key"})
_PAIRED = frozenset({"table", "table_array_element", "inline_table"})
_NO_VALUE = frozenset({"comment", "ERROR"})


@lru_cache(maxsize=8)
def _root(source: str) -> _Place:
    # Imported here: children and commands that read no TOML never load the parser.
    import tree_sitter
    import tree_sitter_toml

    language = tree_sitter.Language(tree_sitter_toml.language())
    tree = tree_sitter.Parser(language).parse(source.encode("utf-8", errors="replace"))
    root = _Place(0, 0)
    for node in _statements(tree.root_node):
        if node.type == "pair":
            _add_pair(root, node)
        else:
            _add_table(root, node)
    return root


def _statements(root: Node) -> Iterator[Node]:
    """The pairs and tables of a text in order, those inside broken stretches included."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.type in ("pair", "table", "table_array_element"):
            yield node
        elif node is root or node.type == "ERROR":
            waiting.extend(reversed(node.named_children))


def _add_table(root: _Place, node: Node) -> None:
    header = next((child for child in node.named_children if child.type in KEYS), None)
    if header is None:
        return
    line = _line(node)
    keys = key_parts(header)
    place = root
    for key in keys[:-1]:
        place = place.child(key, line)
    if node.type == "table":
        place = place.child(keys[-1], line)
        place.line = place.key_line = line  # until here perhaps known only by the header of a child
    else:
        tables = place.inside.setdefault(keys[-1], _Place(line, line, of_tables=True))
        place = tables.inside.setdefault(len(tables.inside), _Place(line, line))
    place.open()
    place.value = node


def _add_pair(place: _Place, node: Node) -> None:
    parts = [child for child in node.named_children if child.type not in _NO_VALUE]
    if not parts or parts[0].type not in KEYS:
        return
    line = _line(parts[0])
    keys = key_parts(parts[0])
    for key in keys[:-1]:
        place = place.child(key, line)
    value = parts[1] if len(parts) > 1 else None
    place.inside.setdefault(keys[-1], _Place(_line(value) if value else line, line, value=value))


def key_parts(node: Node) -> list[str]:
    """`a."b c".d` as its three keys; the grammar nests them to the left, perhaps deeper than Python recurses."""
    parts: list[str] = []
    while node.type == "dotted_key":
        names = [child for child in node.named_children if child.type in KEYS]
        if len(names) < 2:
            break
        parts.append(_key_text(names[-1]))
        node = names[0]
    parts.append(_key_text(node))
    return parts[::-1]


def _key_text(node: Node) -> str:
    text = (node.text or b"").decode("utf-8", errors="replace")
    if node.type != "quoted_key":
        return text
    try:
        return next(iter(tomllib.loads(f"{text} = 0")), text)
    except tomllib.TOMLDecodeError:
        return text


def _line(node: Node) -> int:
    return node.start_point.row + 1
