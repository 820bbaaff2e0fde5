"""Cue cut, second half, and cohesion cut: another whole article behind the first.

It begins with a headline of its own. The cue cut wants a sign that this is a headline and no subhead: it is
doubled, or a date or a byline stands beside it, or it has the rank of the page's own headline and the next
paragraph has a dateline as the first one had.
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
    """Where another article begins and what says so; None = everything is one article.

    Only the first marked headline can be another article's: where it is not, marks are the page's way (entries of
    a live page, letters) and say nothing further on.
    """
    lines = parts.lines
    rank, box = _own_headline(lines, parts)
    cues, looked, lower = True, 0, False
    start = next((place for place, line in enumerate(lines) if line.kept and is_running(line)), len(lines))
    end = max((place for place, line in enumerate(lines) if line.kept), default=0)
    for place in range(start + 1, end):
        if looked >= _MOST:
            break
        if not is_heading(lines[place]) or is_furniture(lines[place]):
            continue
        # Where subheads have the headline's rank, its rank says nothing.
        lower = lower or lines[place].level > rank > 0
        apart = (lower and 0 < lines[place].level <= rank) or bool(box and lines[place].box not in (0, box))
        signs = _signs(lines, place, apart) if cues else 0
        looked += bool(signs or apart)
        if signs and parts.is_foreign(place, sure=signs > 1):
            return place, DropReason.CUE_CUT
        cues = cues and not signs
        if apart and _is_long(parts, place) and parts.is_foreign(place, limit=_COHESION):
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


def _signs(lines: Sequence[Block], place: int, apart: bool) -> int:
    """How many signs of an article's head a headline has, its rank or place among them; 0 = it is a subhead.

    Rank or place alone are no sign: many sites give subheads the headline's rank.
    """
    line = lines[place]
    signs = 0
    for distance, other in enumerate(lines[place + 1 : place + 1 + _BESIDE]):
        if other.text.casefold() == line.text.casefold() and (line.level or len(line.text) >= _LEAST):
            between = lines[place + 1 : place + 1 + distance]
            if all(_is_button(one) for one in between) and _is_followed_by_text(lines, place + 1 + distance):
                signs += 1 + bool(between)
            break
    near = lines[place + 1 : place + 1 + _NEAR]
    signs += (line.level > 0 or line.linked) and any(is_dated(one) or is_byline(one) for one in near)
    if apart and not signs:
        first = next((one for one in lines if one.kept and is_running(one)), None)
        text = next((one for one in lines[place + 1 : place + 1 + _BESIDE] if is_running(one)), None)
        signs += bool(first and text and has_dateline(first) and has_dateline(text))
    return signs + apart if signs else 0


def _is_button(line: Block) -> bool:
    return is_furniture(line) or is_dated(line) or is_byline(line)


def _is_followed_by_text(lines: Sequence[Block], place: int) -> bool:
    return any(is_running(line) for line in lines[place + 1 : place + 1 + 2 * _BESIDE])


def _is_long(parts: Parts, place: int) -> bool:
    return all(
        parts.between(start, end).total() >= _LONG for start, end in ((0, place), (place, len(parts.lines)))
    )
