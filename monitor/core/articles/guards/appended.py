"""Cue cut, second half, and cohesion cut: another whole article behind the first.

It begins with a headline of its own. The cue cut wants a sign that this is a headline and no subhead: it is
doubled, or a date, a byline or buttons stand beside it, or the next paragraph has a dateline as the first one had.
The cohesion cut wants a headline of the page's own rank or in another `<article>`, long parts and hardly a word
in common. Nothing is cut without a headline: a long report may well change its subject.
"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.articles.blocks import Block
from monitor.core.articles.guards.cues import has_dateline, is_byline, is_dated, is_furniture, is_heading
from monitor.core.articles.guards.likeness import share_of, telling_words
from monitor.core.articles.guards.parts import Parts, is_running
from monitor.model.article import DropReason

_BESIDE = 4  # lines between a headline and its repetition
_NEAR = 2  # lines behind a headline for its date (stories design "Cue cut")
_LEAST = 25  # code points of a doubled headline without heading element: a poem repeats its short lines
_MOST = 40  # headlines looked at
_COHESION = 0.15  # cosine (stories design "Cohesion cut"), between parts of at least _LONG telling words
_LONG = 120


def appended_from(parts: Parts) -> tuple[int, DropReason] | None:
    """Where another article begins and what says so; None = everything is one article."""
    lines = parts.lines
    rank, box = _own_headline(lines, parts)
    looked = 0
    for place in range(1, len(lines)):
        if not is_heading(lines[place]) or is_furniture(lines[place]):
            continue
        if not any(True for _ in parts.kept_after(place)):
            break
        marked = _is_marked(lines, place)
        foreign_rank = rank and 0 < lines[place].level <= rank
        elsewhere = box and lines[place].box not in (0, box)
        if not (marked or foreign_rank or elsewhere):
            continue
        looked += 1
        if looked > _MOST:
            break
        if marked and parts.is_foreign(place):
            return place, DropReason.CUE_CUT
        if (foreign_rank or elsewhere) and _is_long(parts, place) and parts.is_foreign(place, limit=_COHESION):
            return place, DropReason.COHESION_CUT
    return None


def _own_headline(lines: Sequence[Block], parts: Parts) -> tuple[int, int]:
    """Rank (1 = h1) and `<article>` of the page's own headline; zeros where it has none."""
    for line in lines[:_MOST]:
        if line.level and parts.title and _alike(line, parts):
            return line.level, line.box
    return 0, 0


def _alike(line: Block, parts: Parts) -> bool:
    return share_of(parts.title, telling_words([line.text])) > 0.8


def _is_marked(lines: Sequence[Block], place: int) -> bool:
    """Whether a headline has the signs of an article's head, or its twin has."""
    line = lines[place]
    behind = lines[place + 1 : place + 1 + _BESIDE]
    for distance, other in enumerate(behind):
        if other.text.casefold() == line.text.casefold() and (line.level or len(line.text) >= _LEAST):
            between = behind[:distance]
            return all(_is_button(one) for one in between) and _is_followed_by_text(lines, place + 1 + distance)
    near = lines[place + 1 : place + 1 + _NEAR]
    if any(is_dated(one) or is_byline(one) for one in near) and (line.level or line.linked):
        return True
    first = next((one for one in lines if one.kept and is_running(one)), None)
    text = next((one for one in lines[place + 1 : place + 1 + _BESIDE] if is_running(one)), None)
    return bool(first and text and line.level and has_dateline(first) and has_dateline(text))


def _is_button(line: Block) -> bool:
    return is_furniture(line) or is_dated(line) or is_byline(line)


def _is_followed_by_text(lines: Sequence[Block], place: int) -> bool:
    return any(is_running(line) for line in lines[place + 1 : place + 1 + 2 * _BESIDE])


def _is_long(parts: Parts, place: int) -> bool:
    return all(
        parts.between(start, end).total() >= _LONG for start, end in ((0, place), (place, len(parts.lines)))
    )
