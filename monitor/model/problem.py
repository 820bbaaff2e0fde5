"""What is wrong with a file a user wrote."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Gravity(StrEnum):
    """Errors stop a start; warnings are shown and the work goes on."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with one place of one file.

    `line` counts from 1; 0 means the file as a whole. `context` holds further lines to print under the
    message (a query and its caret, say), already indented.
    """

    file: str
    line: int
    message: str
    gravity: Gravity = Gravity.ERROR
    context: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        mark = "warning: " if self.gravity is Gravity.WARNING else ""
        return "\n".join((f"{place}: {mark}{self.message}", *self.context))
