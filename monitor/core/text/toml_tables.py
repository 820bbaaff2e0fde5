"""Cuts one table out of a TOML text, with its comments: who changes it there cannot change anything else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor.core.text.toml_lines import KEYS, key_parts

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True)
class Cut:
    """A text in three pieces, which joined are the text: `table` goes from its header to the end of its last line,
    with the tables below it (`[rules.each]`) that follow at once."""

    before: str
    table: str
    after: str


def cut_table(source: str, name: str, index: int) -> Cut | None:
    """Cuts out the table `[[name]]` of that number, counted from 0.

    None where the text has none that is written so: `name = [{…}]` has no header, a broken text no certain end.
    What follows the last line of a table (comments, empty lines) belongs to the next one.
    """
    raw = source.encode()
    found: tuple[int, int] | None = None
    number = -1
    for node, keys in _headers(raw):
        if node.type == "table_array_element" and keys == [name]:
            number += 1
        if number > index or (found is not None and keys[0] != name):
            break
        if number == index:
            found = (node.start_byte if found is None else found[0], _end(node, raw))
    if found is None:
        return None
    return Cut(*(piece.decode() for piece in (raw[: found[0]], raw[found[0] : found[1]], raw[found[1] :])))


def _headers(raw: bytes) -> Iterator[tuple[Node, list[str]]]:
    """The tables of a text in order, each with the keys of its header; nothing of a text that is broken."""
    # Imported here: commands that write no TOML never load the parser.
    import tree_sitter
    import tree_sitter_toml

    root = tree_sitter.Parser(tree_sitter.Language(tree_sitter_toml.language())).parse(raw).root_node
    if root.has_error:
        return
    for node in root.children:
        if node.type in ("table", "table_array_element"):
            header = next(child for child in node.named_children if child.type in KEYS)
            yield node, key_parts(header)


def _end(node: Node, raw: bytes) -> int:
    """Where the last line of a table ends that says something, its line break included."""
    last = max(child.end_byte for child in node.children if child.type != "comment")
    line_break = raw.find(b"\n", last)
    return len(raw) if line_break < 0 else line_break + 1
