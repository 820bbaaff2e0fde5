"""What changed between two wordings of a text, word by word, for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from monitor.core.text.terminal import printable

MOST_COMPARED = 3_000
"""Words that are compared one by one, of both wordings together, less what both begin and end with. Comparing
takes a time that may grow with the square: some 0.1 s here. Beyond it all of the middle counts as changed."""
_CONTEXT = 8  # words shown on each side of a change
_MOST_WORDS = 120  # of one change that are shown
_MOST_PIECES = 60
# A script without blanks is cut after each mark that ends or parts a sentence.
_WORD = re.compile(r"[^\s。！？、，]+[。！？、，]*|[。！？、，]+")
_LONGEST = 2_000  # characters of a piece: a word may be as long as a text
_GAP = "…"


class Change(StrEnum):
    """What became of a piece."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words of either wording, on one line; what would steer or turn it is spelled out."""

    change: Change
    text: str


def changed_words(before: str, after: str) -> tuple[Piece, ...]:
    """The pieces in which two wordings differ, with some words around each; none where they say the same.

    Blanks and the ends of lines do not count. At most 60 pieces, of which the longest are cut: a text of any
    length comes to a few thousand words.
    """
    old, new = _WORD.findall(before), _WORD.findall(after)
    if old == new:
        return ()
    return tuple(_shown([one for one in _differences(old, new) if one[1]]))


Words = tuple[Change, Sequence[str]]


def _differences(old: Sequence[str], new: Sequence[str]) -> Iterator[Words]:
    """Both wordings in order; what went stands before what came in its place."""
    begin = _common(zip(old, new, strict=False))
    room = min(len(old), len(new)) - begin
    end = min(room, _common(zip(reversed(old), reversed(new), strict=False)))
    yield Change.SAME, old[:begin]
    yield from _middle(old[begin : len(old) - end], new[begin : len(new) - end])
    yield Change.SAME, old[len(old) - end :]


def _middle(old: Sequence[str], new: Sequence[str]) -> Iterator[Words]:
    if not old or not new or len(old) + len(new) > MOST_COMPARED:
        yield from ((Change.GONE, old), (Change.NEW, new))
        return
    for tag, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes():
        if tag == "equal":
            yield Change.SAME, old[a:b]
        else:
            yield from ((Change.GONE, old[a:b]), (Change.NEW, new[c:d]))


def _common(pairs: Iterable[tuple[str, str]]) -> int:
    number = 0
    for one, other in pairs:
        if one != other:
            break
        number += 1
    return number


def _shown(found: Sequence[Words]) -> Iterator[Piece]:
    for place, (change, words) in enumerate(found):
        if place == _MOST_PIECES:
            yield Piece(Change.SAME, _GAP)
            return
        if change is Change.SAME:
            text = _around(words, is_first=place == 0, is_last=place == len(found) - 1)
        else:
            text = _cut(words)
        shown = printable(text[: _LONGEST + 1])
        yield Piece(change, shown if len(text) <= _LONGEST else shown[:_LONGEST] + _GAP)


def _around(words: Sequence[str], *, is_first: bool, is_last: bool) -> str:
    """The words next to a change: those before it, after it, or both."""
    before = 0 if is_first else _CONTEXT
    after = 0 if is_last else _CONTEXT
    if len(words) <= before + after:
        return " ".join(words)
    return " ".join([*words[:before], _GAP, *words[len(words) - after :]])


def _cut(words: Sequence[str]) -> str:
    if len(words) <= _MOST_WORDS:
        return " ".join(words)
    return f"{' '.join(words[:_MOST_WORDS])} {_GAP} ({len(words) - _MOST_WORDS:,} more words)"
