"""A rule as people write one without an engine: regular expressions for its words, and Python's `and` and `or`.

It answers less well than the engine (no scripts, no sentences, no names), which is no matter for its speed.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from monitor.core.rules.lexicon import Lexicon
from monitor.core.rules.nodes import (
    And,
    AtLeast,
    EntityRef,
    Exact,
    Field,
    Near,
    Node,
    Not,
    NotNear,
    Or,
    Piece,
    TermRef,
    Within,
    Words,
)
from monitor.model.article import Document

Test = Callable[[str], bool]


def compiled(node: Node, lexicon: Lexicon) -> Callable[[Document], bool]:
    """A function that answers the query by searching the text."""
    test = _test(node, lexicon)
    return lambda document: test(f"{document.title}\n\n{document.body}")


def _test(node: Node, lexicon: Lexicon) -> Test:
    match node:
        case And():
            both = [_test(child, lexicon) for child in node.children]
            return lambda text: all(test(text) for test in both)
        case Or() if not all(isinstance(child, Words) for child in node.children):
            either = [_test(child, lexicon) for child in node.children]
            return lambda text: any(test(text) for test in either)
        case Not():
            inner = _test(node.child, lexicon)
            return lambda text: not inner(text)
        case TermRef():
            return _test(lexicon.terms[node.name].node, lexicon)
        case Field() if node.name not in ("title", "body"):
            return lambda text: True
        case Field() | Within() | AtLeast():
            return _test(node.child, lexicon)
        case NotNear():
            return _test(node.left, lexicon)
        case _:
            flags = 0 if isinstance(node, Exact) else re.IGNORECASE
            pattern = re.compile(rf"\b(?:{_pattern(node, lexicon)})\b", flags)
            return lambda text: pattern.search(text) is not None


def _pattern(node: Node, lexicon: Lexicon) -> str:
    match node:
        case Words():
            return r"\W+".join(map(_word, node.pieces))
        case Exact():
            return re.escape(node.source.lstrip("="))
        case EntityRef():
            return "|".join(_pattern(spelling, lexicon) for spelling in lexicon.spellings[node.id])
        case Near():
            left, right = _pattern(node.left, lexicon), _pattern(node.right, lexicon)
            between = rf"\b\W+(?:\w+\W+){{0,{node.distance}}}?\b"
            one = f"(?:{left}){between}(?:{right})"
            return one if node.ordered else f"{one}|(?:{right}){between}(?:{left})"
        case Or():
            return "|".join(_pattern(child, lexicon) for child in node.children)
        case TermRef():
            return _pattern(lexicon.terms[node.name].node, lexicon)
        case _:
            raise TypeError(f"no pattern for {type(node).__name__}")


def _word(piece: Piece) -> str:
    return r"\W?".join(map(re.escape, piece.parts)) + (r"\w*" if piece.prefix or piece.family else "")
