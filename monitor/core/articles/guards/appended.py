"""Cue cut, second half, and cohesion cut: another whole article behind the first.

It begins with a headline of its own. The cue cut wants a sign that this is a headline and no subhead: it is
doubled, or a date or a byline stands beside it, or it has the rank of the page's own headline and the next
paragraph has a dateline as the first one had.
The cohesion cut wants a headline of the page's own rank, or of its make (element and class) in another part, or in
another `<article>`, or behind the end of the one that holds the text; long parts and hardly a word in common.
Nothing is cut without a headline: a long report may well change its subject.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from monitor.core.articles.blocks import Block, home_of
from monitor.core.articles.guards.cues import has_dateline, is_byline, is_dated, is_furniture, is_heading
from monitor.core.articles.guards.likeness import share_of, telling_words
from monitor.core.articles.guards.parts import Parts, is_running
from monitor.model.article import DropReason

_BESIDE = 4  # lines between a headline and its repetition
_NEAR = 2  # lines behind a headline for its date (stories design "Cue cut")
_LEAST = 25  # code points of a doubled headline without heading element: a poem repeats its short lines
_MOST = 40  # lines or headlines looked at for one question
_MOST_HEADLINES = 1_000
_SERIES = 2  # further headlines with a sign: a chronicle, a table of results
_COHESION = 0.15  # cosine (stories design "Cohesion cut"), between parts of at least _LONG telling words
_LONG = 120  # half of it for a headline of the page's own make in another part of the page


def appended_from(parts: Parts) -> tuple[int, DropReason] | None:
    """Where another article begins and what says so; None = everything is one article.

    Only the first marked headline of a rank can be another article's: where it is not, marks are the page's way
    with that rank (entries of a live page, letters). Nor does a date or byline say anything that further headlines
    of the rank have too (a chronicle, a table of results).
    """
    lines = parts.lines
    rank, box = _own_headline(lines, parts)
    lower, apart_before, plain = False, False, set[int]()
    behind, make = _behind(lines, box), _own_make(parts)
    for place in islice(_headlines(lines), _MOST_HEADLINES):
        line = lines[place]
        # Where subheads have the headline's rank, its rank says nothing.
        lower = lower or line.level > rank > 0
        ended = bool(line.level and box != line.box and place >= behind)
        marked = make is not None and _make_of(line) == make and _elsewhere(lines, place)
        apart = ended or marked or (lower and 0 < line.level <= rank) or bool(box and line.box not in (0, box))
        signs = 0 if line.level in plain else _signs(lines, place, apart)
        if signs:
            plain.add(line.level)
            usual = _is_dated_only(lines, place) and _is_series(lines, place)
            if not usual and parts.is_foreign(place, sure=signs > 1):
                return place, DropReason.CUE_CUT
        least = _LONG // 2 if marked else _LONG
        if (
            apart
            and not apart_before
            and _is_long(parts, place, least)
            and parts.is_foreign(place, limit=_COHESION)
        ):
            return place, DropReason.COHESION_CUT
        apart_before = apart_before or apart
    return None


def _headlines(lines: Sequence[Block]) -> Iterator[int]:
    """Headings between the first and the last line of the text."""
    start = next((place for place, line in enumerate(lines) if line.kept and is_running(line)), len(lines))
    end = max((place for place, line in enumerate(lines) if line.kept), default=0)
    return (
        place for place in range(start + 1, end) if is_heading(lines[place]) and not is_furniture(lines[place])
    )


def _is_series(lines: Sequence[Block], place: int) -> bool:
    level = lines[place].level
    later = (other for other in range(place + 1, len(lines)) if lines[other].level == level)
    return sum(_signs(lines, other, False) > 0 for other in islice(later, _MOST)) >= _SERIES


def _is_dated_only(lines: Sequence[Block], place: int) -> bool:
    """Whether a headline has no sign but a date or byline: it is not doubled."""
    text = lines[place].text.casefold()
    return all(line.text.casefold() != text for line in lines[place + 1 : place + 1 + _BESIDE])


def _own_headline(lines: Sequence[Block], parts: Parts) -> tuple[int, int]:
    """Rank (1 = h1) and `<article>` of the page's own headline; zeros where it has none."""
    for line in lines[:_MOST]:
        if line.level and parts.title and _alike(line, parts):
            return line.level, line.box
    return 0, 0


def _behind(lines: Sequence[Block], box: int) -> int:
    """The place behind the last line of the page's own `<article>`, if its text begins there; else no place."""
    inside = [place for place, line in enumerate(lines) if line.kept and is_running(line) and line.box == box]
    first = next((place for place, line in enumerate(lines) if line.kept and is_running(line)), None)
    return inside[-1] + 1 if box and inside and inside[0] == first else len(lines)


def _own_make(parts: Parts) -> tuple[str, str] | None:
    """The element of the page's own headline, where it has a class: another of its make is a headline, too."""
    if not parts.title:
        return None
    return next((make for line in parts.lines[:_MOST] if (make := _make_of(line)) and _alike(line, parts)), None)


def _elsewhere(lines: Sequence[Block], place: int) -> bool:
    """Whether a headline and the text below it stand in another part of the page than the first text."""
    first = next((line for line in lines if line.kept and is_running(line)), None)
    below = next((line for line in lines[place + 1 : place + 1 + _BESIDE] if line.kept and is_running(line)), None)
    if first is None or below is None or (home := home_of(first)) is None:
        return False
    return home_of(below) is not home and home_of(lines[place]) is not home


def _make_of(line: Block) -> tuple[str, str] | None:
    """Name and class of a line's element; None without a class, or where it is a paragraph's."""
    if line.element is None or line.element.tag == "p" or not line.element.get("class"):
        return None
    return line.element.tag, line.element.get("class")


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
    if line.level or line.linked:
        signs += any(map(is_dated, near)) + any(map(is_byline, near))
    if apart and not signs:
        first = next((one for one in lines if one.kept and is_running(one)), None)
        text = next((one for one in lines[place + 1 : place + 1 + _BESIDE] if is_running(one)), None)
        signs += bool(first and text and has_dateline(first) and has_dateline(text))
    return signs + apart if signs else 0


def _is_button(line: Block) -> bool:
    return is_furniture(line) or is_dated(line) or is_byline(line)


def _is_followed_by_text(lines: Sequence[Block], place: int) -> bool:
    return any(is_running(line) for line in lines[place + 1 : place + 1 + 2 * _BESIDE])


def _is_long(parts: Parts, place: int, least: int) -> bool:
    return all(
        parts.between(start, end).total() >= least for start, end in ((0, place), (place, len(parts.lines)))
    )
