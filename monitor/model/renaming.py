"""What was given another name, and keeps its history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Named(StrEnum):
    """What has a name that the store keeps history under."""

    DIGEST = "digest"
    RECEIVER = "receiver"
    RULE = "rule"


@dataclass(frozen=True, slots=True, order=True)
class Rename:
    """`was` is called `now`; `file` and `line` are where that is written."""

    kind: Named
    was: str
    now: str
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Carried:
    """A rename that was carried out: how many rows of which table have the new name now, none of those with none.

    `apart` counts batches that got the old name behind theirs, since the new name had one that is called the same.
    """

    rename: Rename
    rows: Mapping[str, int] = field(default_factory=dict)
    apart: int = 0
