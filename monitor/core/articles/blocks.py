"""A page as the lines a reader sees, in document order: the guards look at these, not at elements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lxml import etree

from monitor.core.text.html import clean

MAX_BLOCKS = 20_000  # lines of one page that are looked at; the longest live blogs have 3,000

_BLOCK_NAMES = """
    address article aside blockquote body button caption center dd details dialog div dl dt fieldset figcaption
    figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol option p pre section summary table
    tbody td tfoot th thead tr ul br
    head item quote list lb code row cell ab
"""  # the last line: trafilatura's own names (TEI)
_BLOCKS = frozenset(_BLOCK_NAMES.split())
_HIDDEN_NAMES = "script style noscript template iframe object svg math canvas select textarea title"
_HIDDEN = frozenset(_HIDDEN_NAMES.split())
_LINKS = frozenset({"a", "ref"})
_LEVELS = {f"h{level}": level for level in range(1, 7)}


class Kind(StrEnum):
    """What a line is by its element."""

    TEXT = "text"
    HEADING = "heading"
    ITEM = "item"  # of a list


@dataclass(slots=True)
class Block:
    """One line. `level` is 1 … 6 of a heading, else 0; `box` numbers the outermost <article>, 0 = none."""

    text: str
    kind: Kind = Kind.TEXT
    level: int = 0
    linked: bool = False  # nothing but links
    plain: str = ""  # what stands outside links, where some of the line stands in them
    box: int = 0
    kept: bool = False  # stands in the main text
    element: Any = None  # the innermost block element around it; of a heading the heading


def blocks_of(root: Any) -> list[Block]:
    """The lines of a tree, HTML's or trafilatura's; scripts and the like are left out. At most MAX_BLOCKS."""
    return list(_Walk(root).blocks())


def home_of(line: Block) -> Any:
    """What a line's element stands in; of an item of a list what the list stands in. None where nobody knows."""
    element = line.element
    if element is None or element.tag == "figcaption":
        return None
    while element is not None and element.tag in ("li", "ul", "ol"):
        element = element.getparent()
        if element is not None and element.tag not in ("li", "ul", "ol"):
            return element
    return element.getparent() if element is not None else None


class _Walk:
    """One pass in document order; iterative, for depth is hostile."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.pieces: list[str] = []
        self.plain: list[str] = []  # what of the line stands outside links
        self.links = self.items = 0
        self.leads: list[bool] = []
        self.headings: list[Any] = []
        self.around: list[Any] = [root]
        self.inside: Any = root  # what the line at hand began in
        self.boxes = [0]
        self.last_box = self.made = 0

    def blocks(self) -> Iterator[Block]:
        walk = etree.iterwalk(self.root, events=("start", "end"))
        for event, element in walk:
            tag = element.tag
            if event == "start":
                if tag in _HIDDEN or (tag == "head" and _is_documents(element)):
                    walk.skip_subtree()
                    continue
                if tag in _BLOCKS:
                    yield from self._line()
                self._enter(tag, element)
                self._say(element.text)
            else:
                if tag in _BLOCKS:
                    yield from self._line()
                if tag not in _HIDDEN:
                    self._leave(tag)
                if element is not self.root:
                    self._say(element.tail)
            if self.made >= MAX_BLOCKS:
                return
        yield from self._line()

    def _enter(self, tag: str, element: Any) -> None:
        if tag in _BLOCKS:
            self.around.append(element)
        if tag in _LINKS:
            # "#cost" leads to the heading itself
            self.leads.append(not (element.get("href") or "").startswith("#"))
            self.links += self.leads[-1]
        elif tag in ("li", "item"):
            self.items += 1
        elif tag in _LEVELS or tag == "head":
            self.headings.append(element)
        elif tag == "article":
            # Cards and quotations inside an article are its own.
            self.last_box += 1
            self.boxes.append(self.boxes[-1] or self.last_box)

    def _leave(self, tag: str) -> None:
        if tag in _BLOCKS and len(self.around) > 1:
            self.around.pop()
        if tag in _LINKS and self.leads:
            self.links -= self.leads.pop()
        elif tag in ("li", "item"):
            self.items -= 1
        elif (tag in _LEVELS or tag == "head") and self.headings:
            self.headings.pop()
        elif tag == "article" and len(self.boxes) > 1:
            self.boxes.pop()

    def _say(self, text: str | None) -> None:
        if not text:
            return
        if text.isspace():
            if self.pieces:
                self.pieces.append(" ")
            return
        if not self.pieces:
            self.inside = self.around[-1]
        self.pieces.append(text)
        if not self.links:
            self.plain.append(text)

    def _line(self) -> Iterator[Block]:
        if not self.pieces:
            return
        text = " ".join(clean("".join(self.pieces)).split())
        outside = " ".join("".join(self.plain).split()) if len(self.plain) < len(self.pieces) else ""
        linked = not self.plain
        self.plain.clear()
        self.pieces.clear()
        if not text:
            return
        self.made += 1
        if self.headings:
            tag = self.headings[-1].tag
            level = _LEVELS.get(tag) or _LEVELS.get(self.headings[-1].get("rend") or "", 2)
            yield Block(text, Kind.HEADING, level, linked, outside, self.boxes[-1], element=self.headings[-1])
        else:
            kind = Kind.ITEM if self.items else Kind.TEXT
            yield Block(text, kind, 0, linked, outside, self.boxes[-1], element=self.inside)


def _is_documents(head: Any) -> bool:
    """Whether a `head` is the HTML document's own and no heading of trafilatura's."""
    parent = head.getparent()
    return parent is not None and bool(parent.tag == "html")
