"""The guards on the text, one after the other: furniture on top, pointers, rails, appended articles."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.articles.blocks import Block
from monitor.core.articles.guards.appended import appended_from
from monitor.core.articles.guards.cues import is_rail_title, points_elsewhere
from monitor.core.articles.guards.parts import Parts
from monitor.core.articles.guards.rails import rail_end
from monitor.core.articles.guards.top import without_top
from monitor.model.article import Dropped, DropReason

_MOST_RAILS = 40  # titles of rails looked at


def without_foreign(lines: Sequence[Block], title: str) -> tuple[Dropped, ...]:
    """Unmarks the kept lines that are no text of the article; what they were and why, in their order."""
    dropped = without_top(lines, title)
    for line in lines:
        if line.kept and points_elsewhere(line):
            line.kept = False
            dropped.append(Dropped(DropReason.SEE_ALSO, line.text))
    parts = Parts(lines, title)
    start = looked = 0
    while start < len(lines) and looked < _MOST_RAILS:
        looked += is_rail_title(lines[start])
        if end := rail_end(parts, start):
            dropped += _dropped(lines[start:end], DropReason.CUE_CUT)
            parts.forget(start, end)
            start = end
        else:
            start += 1
    if (found := appended_from(parts)) is not None:
        place, reason = found
        dropped += _dropped(lines[place:], reason)
    return tuple(dropped)


def _dropped(lines: Sequence[Block], reason: DropReason) -> list[Dropped]:
    kept = [line for line in lines if line.kept]
    for line in kept:
        line.kept = False
    return [Dropped(reason, "\n\n".join(line.text for line in kept))] if kept else []
