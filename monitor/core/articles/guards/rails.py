"""Cue cut, first half: a rail of other articles ("Recent", teasers, "Read more") is left out, and it alone.

What stands behind the rail stays: many sites put one into the middle of an article.
"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.articles.blocks import Block
from monitor.core.articles.guards.cues import is_heading, is_label, is_rail_title, is_read_on
from monitor.core.articles.guards.parts import Parts

_CUES = 2  # further ones within _NEAR lines (stories design "Cue cut")
_NEAR = 12
_TEASER = 2  # running lines under a rail's headline; more is an article


def rail_end(parts: Parts, start: int) -> int | None:
    """Where the rail that a line opens ends (the place behind it); None = it opens none.

    An item is a headline that is doubled, linked or followed by "Read more", and at most two lines of teaser.
    """
    lines = parts.lines
    if not is_rail_title(lines[start]):
        return None
    end, cues = start + 1, [start]
    while end < len(lines):
        after = _item(lines, end, cues)
        if after == end:
            break
        end = after
    if sum(1 for cue in cues if start < cue <= start + _NEAR) < _CUES:
        return None
    return end if parts.is_foreign(start, end) else None


def _item(lines: Sequence[Block], start: int, cues: list[int]) -> int:
    """The place behind the rail's next item; `start` where it is none."""
    place, marked, box = start, False, False
    while place < len(lines) and (is_label(lines[place]) or _is_link(lines[place])):
        if is_rail_title(lines[place]) or is_read_on(lines[place]):
            cues.append(place)
        box = is_rail_title(lines[place])  # "News Desk", "About the author": what follows is about them
        marked = marked or lines[place].linked
        place += 1
    box = box or (place == start and is_rail_title(lines[start - 1]))
    labels_end = place
    while place < len(lines) and is_heading(lines[place]) and not is_label(lines[place]):
        if place > labels_end and _same(lines[place], lines[place - 1]):
            cues.append(place)
            marked = True
        marked = marked or lines[place].linked
        place += 1
    headed = place > labels_end or (marked and labels_end > start)
    teaser = place
    while (
        place < len(lines)
        and place - teaser <= _TEASER
        and not is_heading(lines[place])
        and not is_label(lines[place])
    ):
        place += 1
    if place - teaser > _TEASER:
        return labels_end
    if place < len(lines) and is_read_on(lines[place]):
        cues.append(place)
        return place + 1
    if box and place - teaser <= 1:
        return place
    return place if marked and headed and place > labels_end and place - teaser <= 1 else labels_end


def _same(one: Block, other: Block) -> bool:
    return one.text.casefold() == other.text.casefold()


def _is_link(line: Block) -> bool:
    return line.linked and not is_heading(line)
