"""The project's documents as values: fences, code spans, links, tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Fence:
    """One fenced block: its language word and its text."""

    language: str
    text: str


@dataclass(frozen=True)
class Written:
    """One document."""

    path: Path
    text: str

    @property
    def name(self) -> str:
        """Its path inside the checkout."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def fences(self) -> list[Fence]:
        """Its fenced blocks, in order."""
        return [Fence(language, text) for language, text in _FENCE.findall(self.text)]

    @property
    def prose(self) -> str:
        """Everything outside the fences."""
        return _FENCE.sub("", self.text)

    @property
    def spans(self) -> list[str]:
        """What stands in backticks outside the fences."""
        return [span.replace(r"\|", "|") for span in _SPAN.findall(self.prose)]

    @property
    def links(self) -> list[str]:
        """Targets of its links and pictures."""
        return _LINK.findall(self.prose)

    @property
    def sections(self) -> dict[str, str]:
        """The text below each heading of any level, up to the next heading; fences are left out."""
        parts = re.split(r"^#+ +(.+)$", self.prose, flags=re.MULTILINE)
        return dict(zip(parts[1::2], parts[2::2], strict=True))


@cache
def documents() -> tuple[Written, ...]:
    """README, CONTRIBUTING, CHANGELOG and everything in docs/."""
    paths = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return tuple(Written(path, path.read_text(encoding="utf-8")) for path in sorted(paths))


def document(name: str) -> Written:
    """One document by its path inside the checkout."""
    return next(one for one in documents() if one.name == name)


def rows(section: str) -> Iterator[list[str]]:
    """The body rows of a section's tables, cell by cell, markup of code spans left in."""
    for line in section.splitlines():
        if line.startswith("|") and not set(line) <= set("|-: "):
            cells = [cell.strip().replace(r"\|", "|") for cell in _CELL.split(line)[1:-1]]
            if (cells and cells[0].startswith(("`", "**"))) or cells[0] == "top":
                yield cells


def code(cell: str) -> str:
    """The text of a cell that is one code span."""
    return cell.removeprefix("`").removesuffix("`")


def spans_of(cell: str) -> set[str]:
    """The code spans of a cell."""
    return set(_SPAN.findall(cell))
