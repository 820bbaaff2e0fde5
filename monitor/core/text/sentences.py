"""Where sentences end: at . ! ? … and at the marks of Urdu, Arabic, Hindi and Chinese."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache

from monitor.core.text.paragraphs import paragraphs

_TERMINATORS = re.compile(r"[.!?…۔؟。！？｡।]+")
_HARD = frozenset("۔。！？｡।")  # end a sentence even without a space behind them
_CLOSERS = frozenset("\"'”’»)]）」』›")
_NEW_LINE = re.compile(r"[\n\r]\s*")
_BULLET = re.compile(r"[•▪‣◦·*–-]\s")
_LAST_WORD = re.compile(r"[^\W_](?:[^\W_]|\.(?=[^\W_]))*\Z")
_NEXT_WORD = re.compile(r"[^\w\n]{0,8}(\w+)")
_LOOK_BACK = 30  # characters in front of a full stop that can be an abbreviation

_SHORT = (
    "mr mrs ms dr prof st sr jr hon rev fr lt gen col maj capt cmdr brig sgt cpl pvt adm cdr gov sen rep amb pres "
    "min supt insp const messrs mt ft vs etc no nos vol art sec fig dept univ assn bros inc ltd co corp "
    "jan feb mar apr jun jul aug sep sept oct nov dec approx est al ca cf viz e.g i.e a.m p.m"
)
_ABBREVIATIONS = frozenset(_SHORT.split())
# These may also stand at a sentence's end: there the next word decides.
_MAY_END = frozenset({"inc", "ltd", "co", "corp", "etc", "jr", "sr", "al", "a.m", "p.m", "bros"})
# A capitalised word of this list after "U.S." opens a sentence; any other is the next word of a name.
_FIRST_WORDS = (
    "the a an in on at it its he she they we i this that these those but and so as after before when while if for "
    "there his her their our my meanwhile however since although what who why how no not also"
)
_OPENERS = frozenset(_FIRST_WORDS.split())


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Bounds of each sentence, trimmed, in code points, in order; a sentence never crosses a paragraph."""
    for start, end in paragraphs(text):
        yield from sentences_between(text, start, end)


def sentence_at(text: str, start: int, end: int) -> tuple[int, int]:
    """Bounds of the sentence around `text[start:end]`; where the span touches several, from first to last.

    A span that is in no sentence (white space, outside the text) comes back as it is, clamped to the text.
    """
    return Sentences(text).around(start, end)


@lru_cache(maxsize=8)
def sentences_of(text: str) -> Sentences:
    """The sentences of a text. The last few texts are kept: hundreds of rules may ask about one article."""
    return Sentences(text)


class Sentences:
    """The sentences of one text, found once: for asking about many places."""

    def __init__(self, text: str) -> None:
        self._length = len(text)
        bounds = list(sentences(text))
        self._starts = [start for start, _ in bounds]
        self._ends = [end for _, end in bounds]

    def around(self, start: int, end: int) -> tuple[int, int]:
        """What `sentence_at` says of `start` and `end`."""
        start = max(0, min(start, self._length))
        end = max(start, min(end, self._length))
        first = bisect_right(self._ends, start)
        last = bisect_left(self._starts, max(end, start + 1)) - 1
        return (self._starts[first], self._ends[last]) if first <= last else (start, end)


def sentences_between(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The same in one paragraph, whose bounds are `start` and `end`."""
    cuts = sorted({*_ends(text, start, end), *_bullets(text, start, end), end})
    for cut in cuts:
        low, high = start, cut
        while low < high and text[low].isspace():
            low += 1
        while low < high and text[high - 1].isspace():
            high -= 1
        if low < high:
            yield low, high
        start = cut


def _bullets(text: str, start: int, end: int) -> Iterator[int]:
    # In two steps: one pattern with the bullet behind `\s*` would try each of many blank lines to its end.
    for found in _NEW_LINE.finditer(text, start, end):
        if _BULLET.match(text, found.end(), end):
            yield found.start()


def _ends(text: str, start: int, end: int) -> Iterator[int]:
    for found in _TERMINATORS.finditer(text, start, end):
        after = found.end()
        while after < end and after < found.end() + 5 and text[after] in _CLOSERS:
            after += 1
        hard = found.group()[-1] in _HARD
        if hard or (after < end and text[after].isspace() and _ends_here(text, start, found, after, end)):
            yield after


def _ends_here(text: str, start: int, found: re.Match[str], after: int, end: int) -> bool:
    following = _NEXT_WORD.match(text, after, end)
    word = following.group(1) if following else ""
    if word[:1].islower():
        return False
    if found.group() != "." or after > found.end() or not text[found.start() - 1 : found.start()].isalnum():
        return True
    before = _LAST_WORD.search(text, max(start, found.start() - _LOOK_BACK), found.start())
    if before is None:
        return True
    last = before.group()
    if last.lower() in _ABBREVIATIONS:
        return last.lower() in _MAY_END and word.lower() in _OPENERS
    initial = len(last) == 1 and last.isupper()
    if initial or re.fullmatch(r"[^\W\d_](?:\.[^\W\d_])+", last):
        return word.lower() in _OPENERS
    return True
