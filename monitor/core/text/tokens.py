"""The analyser: cuts a text into words with positions and original offsets. The same code reads rules and text.

One pass of one regular expression over each text. What it keeps together as one word:

- letters, digits, their combining marks and invisible characters (पाकिस्तान, می‌خواهد, Tali­ban);
- an inner apostrophe (Pakistan’s) and the separators inside a number (6,000; 3.5; 6 000 with a fixed space);
- a dotted acronym (U.S., N.A.T.O.);
- of scripts written without spaces (Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese) each base character
  with its marks, so that 塔利班 is found inside 阿富汗塔利班发言人 as a phrase of three.

Positions count words. A paragraph break and a link cost one position, so a phrase never crosses them and NEAR
pays one. A hyphenated compound stands at its parts' positions, and its joined form at the first of them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from typing import NamedTuple

from monitor.core.text.letters import is_spaceless, letters
from monitor.core.text.normalize import APOSTROPHES, INVISIBLE, normalize, normalize_all
from monitor.core.text.paragraphs import paragraphs

__all__ = ["HYPHENS", "MAX_TOKENS", "Analysed", "Compound", "Token", "analyse", "is_spaceless"]

MAX_TOKENS = 20_000
"""Words of one document that are read; what lies behind them is cut off (rules design, guards)."""

HYPHENS = "-\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d"
_HYPHENS = frozenset(HYPHENS)
_MAX_COMPOUND = 5


class _Patterns(NamedTuple):
    word: re.Pattern[str]
    link: re.Pattern[str]


@cache
def _patterns() -> _Patterns:
    """Compiled at the first text, not at import: that takes some hundredths of a second.

    A pattern that begins with one class is searched for by that class, and its branches only look back at what the
    class took: a third quicker than branches that each take their own first character.
    """
    alnum, mark, single = letters()
    tail = f"[{alnum}{mark}{INVISIBLE}]*"
    no_word_behind = f"(?![{alnum}{mark}{single}])"
    in_number = r"(?<=\d)(?:[.٫](?=\d)|[,٬](?=\d{3}(?!\d)|\d\d[,٬]\d))"
    word = (
        # Besides the classes: jamo, and digits of the pictographs' plane.
        rf"[{alnum}{single}\u1100-\u11ff\U0001fbf0-\U0001fbf9](?:"
        # U.S., N.A.T.O.'s: lone letters with a dot behind each
        rf"(?=\.)(?<=[^\W\d_])(?<![{alnum}].)(?:\.[^\W\d_]){{1,9}}\.?{no_word_behind}"
        rf"(?:[{APOSTROPHES}]s{no_word_behind})?"
        # 6 000 with a no-break or thin space
        r"|(?<=\d)\d{0,2}(?:[\u00a0\u202f\u2009]\d{3})+(?!\d)"
        # an invisible character behind the last letter is no part of the word
        rf"|(?<=[{alnum}]){tail}(?:(?=[{APOSTROPHES}.,٫٬])(?:[{APOSTROPHES}]|{in_number})[{alnum}]{tail})*"
        rf"(?<![{INVISIBLE}])"
        # one base character of a spaceless script, then decomposed Hangul
        rf"|(?<=[{single}])[{mark}]*|(?<=[\u1100-\u115f])[\u1160-\u11a7][\u11a8-\u11ff]?)"
    )
    link = (
        r"[hHfFwW](?:(?<=[hH])[tT][tT][pP][sSſ]?://|(?<=[fF])[tT][pP]://|(?<=\b[wW])[wW][wW]\.)"
        rf"[^\s<>\"“”«»。、，{single}]+"
    )
    # the group makes `split` give gaps and words in turn
    return _Patterns(re.compile(f"({word})"), re.compile(link))


_ADDRESS_NAME = re.compile(r"[\w.+-]")
_ADDRESS_HOST = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63})+")


class Token(NamedTuple):
    """One word: `text[start:end]` is its surface; `term` its searchable form; `position` counts words."""

    term: str
    start: int
    end: int
    position: int


class Compound(NamedTuple):
    """The joined form of hyphenated words (`ceasefire` for cease-fire) over `size` positions from `position`."""

    term: str
    position: int
    size: int


class Analysed(NamedTuple):
    """A text cut into words, in columns; `next_position` is free for what follows.

    An object a word would take as long to make as all the rest: `tokens` makes them for whoever wants them.
    """

    terms: Sequence[str]
    surfaces: Sequence[str]
    starts: Sequence[int]
    ends: Sequence[int]
    positions: Sequence[int]
    compounds: Sequence[Compound]
    paragraphs: Sequence[tuple[int, int]]
    """Bounds in characters; those without a word are among them."""
    next_position: int

    @property
    def tokens(self) -> list[Token]:
        """The words one by one."""
        return list(map(Token, self.terms, self.starts, self.ends, self.positions))


class Words(NamedTuple):
    """A text cut into words, for whoever asks for no positions: two thirds of the time of `analyse`."""

    terms: Sequence[str]
    surfaces: Sequence[str]
    starts: Sequence[int]


def words_of(text: str, limit: int = MAX_TOKENS) -> Words:
    """The words that `analyse` finds."""
    pieces = _pieces(text, list(_links(text)), limit)
    surfaces = pieces[1::2]
    return Words(normalize_all(surfaces), surfaces, list(accumulate(map(len, pieces)))[:-1:2])


def forms_of(text: str, limit: int = MAX_TOKENS) -> tuple[list[str], list[str]]:
    """The terms that `analyse` finds, one a word; and those of compounds."""
    pieces = _pieces(text, list(_links(text)), limit)
    surfaces = pieces[1::2]
    return normalize_all(surfaces), [normalize(joined) for joined, _, _ in _joined(pieces, surfaces)]


def analyse(text: str, position: int = 0, limit: int = MAX_TOKENS) -> Analysed:
    """Cuts `text` into at most `limit` words, the first at `position`. Takes time linear in the text."""
    if limit <= 0:
        return Analysed((), (), (), (), (), (), (), position)
    links = list(_links(text))
    pieces = _pieces(text, links, limit)
    surfaces = pieces[1::2]
    bounds = list(accumulate(map(len, pieces)))
    starts, ends = bounds[:-1:2], bounds[1::2]
    parts = list(paragraphs(text))
    breaks = [start for start, _ in parts][1:] + [end for _, end in links]
    positions = _positions(starts, sorted(breaks), position)
    compounds = [
        Compound(normalize(joined), positions[first], size) for joined, first, size in _joined(pieces, surfaces)
    ]
    next_position = positions[-1] + 1 if positions else position
    return Analysed(normalize_all(surfaces), surfaces, starts, ends, positions, compounds, parts, next_position)


def _positions(starts: Sequence[int], breaks: Sequence[int], position: int) -> list[int]:
    """One position a word, and one for each break; before the first word there is nothing to keep apart."""
    positions: list[int] = []
    for place in breaks:
        index = bisect_left(starts, place)
        if 0 < index < len(starts):
            positions += range(position + len(positions), position + index)
            position += 1
    positions += range(position + len(positions), position + len(starts))
    return positions


def _pieces(text: str, links: list[tuple[int, int]], limit: int) -> list[str]:
    """Gaps and words in turn, a gap first and last; what is left behind the last word stands in the last gap."""
    return _patterns().word.split(_blanked(text, links), limit) if limit > 0 else [text]


def _joined(pieces: Sequence[str], surfaces: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """The compounds among words and the gaps between them: joined, the first word's place, how many words."""
    # A lone hyphen is no break: neighbours that it parts stand side by side.
    joints = [index for index, gap in enumerate(pieces[2:-1:2]) if gap in _HYPHENS]
    start = 0
    while start < len(joints):
        end = start + 1
        while end < len(joints) and joints[end] == joints[end - 1] + 1:
            end += 1
        first, size = joints[start], end - start + 1
        if size <= _MAX_COMPOUND:
            yield "".join(surfaces[first : first + size]), first, size
        start = end


def _links(text: str) -> Iterator[tuple[int, int]]:
    """Bounds of web links and e-mail addresses: their words are no text."""
    # Few texts have a link; the pattern takes as long to see that as the words take.
    if "://" in text or "www." in text.lower():
        for found in _patterns().link.finditer(text):
            yield found.span()
    at = text.find("@")
    while at >= 0:
        host = _ADDRESS_HOST.match(text, at + 1)
        if host:
            start = at
            while start > max(0, at - 64) and _ADDRESS_NAME.match(text, start - 1):
                start -= 1
            if start < at:
                yield start, host.end()
        at = text.find("@", at + 1)


def _blanked(text: str, bounds: list[tuple[int, int]]) -> str:
    """The text with the given parts turned into spaces, so that all offsets stay true."""
    if not bounds:
        return text
    pieces: list[str] = []
    done = 0
    for start, end in sorted(bounds):
        if end <= done:
            continue
        start = max(start, done)
        pieces += [text[done:start], " " * (end - start)]
        done = end
    return "".join([*pieces, text[done:]])
