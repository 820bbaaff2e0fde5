"""Text laid out for a terminal of 80 columns: letters are counted as a terminal shows them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

COLUMNS = 80


def wrap(text: str, indent: str = "", *, then: str | None = None) -> list[str]:
    """Lines of at most 80 columns as a terminal shows them: wide letters count two, combining ones none.

    `then` is the indent of all lines but the first. A word wider than a line is broken.
    """
    words, room = text.split(), COLUMNS - max(len(indent), len(then or ""))
    whole = " ".join(words)
    if len(whole) <= room and whole.isascii():  # most lines of a digest: no word of them is looked at
        return [indent + whole]
    lines: list[str] = []
    line, width = indent, len(indent)
    empty = True
    for word, needed in _short_words(words, room):
        if not empty and width + 1 + needed > COLUMNS:
            lines.append(line)
            line = indent if then is None else then
            width, empty = len(line), True
        line, width = (line + word, width + needed) if empty else (f"{line} {word}", width + 1 + needed)
        empty = False
    return [*lines, line]


def _short_words(words: Sequence[str], room: int) -> Iterator[tuple[str, int]]:
    """The words with their widths, those wider than the room in pieces."""
    for word in words:
        if (whole := display_width(word)) <= room:
            yield word, whole
            continue
        piece, width = "", 0
        for letter in word:
            wide = display_width(letter)
            if width + wide > room:
                yield piece, width
                piece, width = "", 0
            piece, width = piece + letter, width + wide
        yield piece, width


def display_width(text: str) -> int:
    """Terminal columns: 2 for East Asian wide letters (UAX #11), 0 for combining and format characters."""
    return len(text) if text.isascii() else sum(map(_width, text))


@lru_cache(maxsize=4096)  # letters of some alphabets: looked up once each
def _width(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 1 + (unicodedata.east_asian_width(letter) in "WF")


def cut_to(text: str, columns: int) -> str:
    """The text, or as much of its beginning as fits into so many columns together with "…"."""
    if display_width(text) <= columns:
        return text
    width = 0
    for place, letter in enumerate(text):
        width += display_width(letter)
        if width > columns - 1:
            return text[:place].rstrip() + "…"
    return text


def padded(text: str, columns: int) -> str:
    """The text with spaces up to so many columns; a wider one is left as it is."""
    return text + " " * (columns - display_width(text))
