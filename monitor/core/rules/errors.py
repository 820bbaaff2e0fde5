"""What can be wrong with a query, and with a line of the offline commands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitor.core.text.columns import display_width
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


# Controls, what turns the reading order, what no terminal can be sent: one sign each, so that columns stay true.
_NOT_SHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MOST = 72  # columns of the query shown beside a caret


def caret(query: str, start: int, end: int) -> tuple[str, ...]:
    """Two lines for people: the query's line around `start`; carets below `query[start:end]`, and their column.

    The column counts code points of the line from 1: where a line runs from right to left the carets mislead.
    """
    begin = query.rfind("\n", 0, start) + 1
    stop = query.find("\n", start)
    line = query[begin : stop if stop >= 0 else len(query)].replace("\t", " ")
    line = _NOT_SHOWN.sub("\ufffd", line)
    column = start - begin
    width = max(1, min(end, begin + len(line)) - start)
    cut = max(0, column - _MOST // 2) if len(line) > _MOST else 0
    shown = line[cut : cut + _MOST]
    head = "…" if cut else ""
    tail = "…" if cut + _MOST < len(line) else ""
    marked = shown[column - cut : column - cut + width]
    offset = len(head) + display_width(shown[: column - cut])
    carets = "^" * max(1, display_width(marked))
    return (f"    {head}{shown}{tail}", f"    {' ' * offset}{carets} column {column + 1}")
