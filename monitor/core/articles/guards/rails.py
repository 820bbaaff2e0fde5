"""Cue cut, first half: a rail of other articles ("Recent", teasers, "Read more") is left out, and it alone.

What stands behind the rail stays: many sites put one into the middle of an article.
"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.articles.blocks import Block, home_of
from monitor.core.articles.guards.cues import is_author_title, is_heading, is_label, is_rail_title, is_read_on
from monitor.core.articles.guards.parts import Parts, is_running

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
    end = _within(lines, start, end)
    near = sum(1 for cue in cues if start < cue <= start + _NEAR)
    return end if near >= _CUES and parts.is_foreign(start, end, sure=near > _CUES) else None


def _within(lines: Sequence[Block], start: int, end: int) -> int:
    """Where a rail with a part of the page to itself ends at the latest: before the article's text goes on."""
    above = (
        next((line for line in lines[start - 1 :: -1] if line.kept and is_running(line)), None) if start else None
    )
    home = home_of(above) if above is not None else None
    if home is None or home_of(lines[start]) is home:
        return end
    return next((place for place in range(start + 1, end) if home_of(lines[place]) is home), end)


def _item(lines: Sequence[Block], start: int, cues: list[int]) -> int:
    """The place behind the rail's next item; `start` where it is none."""
    place, marked, box, links = start, False, False, 0
    while place < len(lines) and (is_label(lines[place]) or _is_link(lines[place])):
        if is_rail_title(lines[place]) or is_read_on(lines[place]):
            cues.append(place)
        box = is_author_title(lines[place])
        marked = marked or lines[place].linked
        links += _is_link(lines[place])
        place += 1
    box = box or (place == start and is_author_title(lines[start - 1]))
    labels_end = place
    while place < len(lines) and is_heading(lines[place]) and not is_label(lines[place]):
        if place > labels_end and _same(lines[place], lines[place - 1]):
            cues.append(place)
            marked = True
        if lines[place].linked:
            cues.append(place)
            marked = True
        place += 1
    # Links one after the other have no teasers, nor has the last of them.
    headed = place > labels_end or (marked and labels_end > start and links < 2)
    teaser = place
    while place < len(lines) and place - teaser < _TEASER and _is_plain(lines[place]):
        place += 1
    if place < len(lines) and is_read_on(lines[place]):
        cues.append(place)
        return place + 1
    if box:
        return min(place, teaser + 1)
    # Without "Read more" one line is the teaser; what follows is the article again.
    return min(place, teaser + 1) if marked and headed and place > labels_end else labels_end


def _is_plain(line: Block) -> bool:
    return not is_heading(line) and not is_label(line)


def _same(one: Block, other: Block) -> bool:
    return one.text.casefold() == other.text.casefold()


def _is_link(line: Block) -> bool:
    return line.linked and not is_heading(line)
