"""Where paragraphs end: at a blank line; in a text that has none, at each line break."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Each pattern begins with a class, so that `re` looks for that first, eight times as quick as for branches.
_NEWLINE = r"[\n\r\x0b\x0c\x85\u2028](?:(?<=\r)\n)?+"
_BLANK_LINE = re.compile(
    rf"[\n\r\x0b\x0c\x85\u2028\u2029](?:(?<=\u2029)|(?:(?<=\r)\n)?+[ \t\xa0\u200b\ufeff]*{_NEWLINE})\s*"
)
_LINE_BREAK = re.compile(r"[\n\r\x0b\x0c\x85\u2028\u2029]+")


def paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Bounds of each paragraph that holds more than white space, trimmed, in code points, in order."""
    first = len(text) - len(text.lstrip())
    last = len(text.rstrip())
    separator = _BLANK_LINE if _BLANK_LINE.search(text, first, last) else _LINE_BREAK
    start = first
    for found in separator.finditer(text, first, last):
        yield from _trimmed(text, start, found.start())
        start = found.end()
    yield from _trimmed(text, start, last)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
