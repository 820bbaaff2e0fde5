"""One object for equal words of many queries: less memory, and what is looked at often stays in the cache.

Reading 100,000 rules is mostly waiting for memory: a query of words that other queries use too is there already.
"""

from __future__ import annotations

from monitor.core.rules.nodes import And, AtLeast, Exact, Field, Near, Node, Not, NotNear, Or, Piece, Within, Words


class Sharing:
    """Texts, pieces and leaves seen so far. Leaves of another wording stay apart: explanations quote them."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._pieces: dict[Piece, Piece] = {}
        self._leaves: dict[tuple[Node, str], Node] = {}

    def text(self, text: str) -> str:
        """An equal text, always the same one."""
        return self._texts.setdefault(text, text)

    def node(self, node: Node) -> Node:
        """The same query made of shared leaves. Where leaves stand in their query (`at`) is no longer true."""
        source, at = node.source, node.at
        match node:
            case And():
                return And(source=source, at=at, children=tuple(map(self.node, node.children)))
            case Or():
                return Or(source=source, at=at, children=tuple(map(self.node, node.children)))
            case Near():
                left, right = self.node(node.left), self.node(node.right)
                return Near(
                    source=source, at=at, left=left, right=right, distance=node.distance, ordered=node.ordered
                )
            case NotNear():
                left, right = self.node(node.left), self.node(node.right)
                return NotNear(source=source, at=at, left=left, right=right, distance=node.distance)
            case Not():
                return Not(source=source, at=at, child=self.node(node.child))
            case Within():
                return Within(source=source, at=at, unit=node.unit, child=self.node(node.child))
            case Field():
                return Field(source=source, at=at, name=self.text(node.name), child=self.node(node.child))
            case AtLeast():
                return AtLeast(source=source, at=at, count=node.count, child=self.node(node.child))
            case _:
                known = self._leaves.get((node, source))
                if known is None:
                    leaf = self._leaf(node, self.text(source))
                    known = self._leaves[leaf, leaf.source] = leaf
                return known

    def _leaf(self, node: Node, source: str) -> Node:
        match node:
            case Words():
                pieces = tuple(map(self._piece, node.pieces))
                return Words(source=source, at=node.at, pieces=pieces, quoted=node.quoted)
            case Exact():
                return Exact(source=source, at=node.at, piece=self._piece(node.piece), key=self.text(node.key))
            case _:
                return node

    def _piece(self, piece: Piece) -> Piece:
        known = self._pieces.get(piece)
        if known is None:
            parts = tuple(map(self.text, piece.parts))
            joined = None if piece.joined is None else self.text(piece.joined)
            known = self._pieces[piece] = Piece(parts, joined, piece.prefix, piece.family)
        return known
