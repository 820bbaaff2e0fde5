"""What can be wrong with a query, and with a line of the offline commands."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from monitor.model.errors import MonitorError


@dataclass(eq=False)
class QueryInvalid(MonitorError):
    """A query that does not hold. `start` and `end` are code point offsets into the query."""

    message: str
    query: str
    start: int
    end: int

    @property
    def column(self) -> int:
        """Where the trouble begins, counted from 1 over the whole query."""
        return self.start + 1

    @property
    def context(self) -> tuple[str, ...]:
        """The line of the query that is meant, and a caret under the trouble, both indented by four."""
        return caret(self.query, self.start, self.end)

    def __str__(self) -> str:
        return f"{self.message} (column {self.column})"


@dataclass(eq=False)
class DocumentInvalid(MonitorError, ValueError):
    """A JSON line that is no document; the message names the key."""

    message: str

    def __str__(self) -> str:
        return self.message


_MOST = 72  # columns of the query shown beside a caret


def caret(query: str, start: int, end: int) -> tuple[str, ...]:
    """Two lines for people: the query's line around `start`, and carets below `query[start:end]`."""
    begin = query.rfind("\n", 0, start) + 1
    stop = query.find("\n", start)
    line = query[begin : stop if stop >= 0 else len(query)].replace("\t", " ")
    column = start - begin
    width = max(1, min(end, begin + len(line)) - start)
    cut = max(0, column - _MOST // 2) if len(line) > _MOST else 0
    shown = line[cut : cut + _MOST]
    head = "…" if cut else ""
    tail = "…" if cut + _MOST < len(line) else ""
    room = max(1, len(shown) - (column - cut))
    offset = len(head) + _columns(shown[: column - cut])
    return (f"    {head}{shown}{tail}", "    " + " " * offset + "^" * min(width, room))


def _columns(text: str) -> int:
    """Terminal columns a text takes: two for East Asian wide characters, none for marks."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )
