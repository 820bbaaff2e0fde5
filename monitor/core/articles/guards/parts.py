"""Head and tail of the lines at any place: what the three cuts ask before they cut.

Measured on the sample documents: a foreign tail and its head have a cosine of .20–.28, and .12–.14 of the title's
words stand in the tail; two halves of one article have .15–.50, and mostly more than half of the title's words
stand in either. The cosine alone separates nothing, so a cut always needs a mark in the page as well, and the head
must be what the title speaks of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property

from monitor.core.articles.blocks import Block, Kind
from monitor.core.articles.guards.likeness import Words, likeness, share_of, telling_words

HEAD_WORDS = 40  # telling words that must stand above a cut: cues at the top of a page cut nothing
ALIKE = 0.30  # cosine from which on two parts count as one article (stories design "Cue cut")
TITLE_IN_HEAD = 0.5  # of the title's words: less, and nobody knows which part is the article
_RUNNING = 60  # code points of a line that is running text and no heading
_MOST_LINES = 3_000  # with 20,000 words; rules read no more


class Parts:
    """The kept lines as words; every look at a place costs the words on its shorter side at most once."""

    def __init__(self, lines: Sequence[Block], title: str) -> None:
        self.lines = lines
        self.title = telling_words([title])

    @cached_property
    def words(self) -> list[Words | None]:
        """Of each line; None for what is no running text or not kept."""
        return [
            telling_words([line.text]) if line.kept and is_running(line) and place < _MOST_LINES else None
            for place, line in enumerate(self.lines)
        ]

    def forget(self, start: int, end: int) -> None:
        """Counts lines that are no longer kept no more."""
        self.words[start:end] = [None] * (end - start)

    def between(self, start: int, end: int) -> Words:
        """The telling words of the kept lines from `start` to before `end`."""
        found: Words = Counter()
        for words in self.words[start:end]:
            if words:
                found.update(words)
        return found

    def is_foreign(
        self, start: int, end: int | None = None, limit: float = ALIKE, least: int = HEAD_WORDS
    ) -> bool:
        """Whether the lines from `start` to `end` (None = the last) speak of something else than those above.

        Above must stand `least` telling words and most of the title's; the part itself must have less than half
        as many of the title's words, and a cosine to the head below `limit`.
        """
        head, part = self.between(0, start), self.between(start, end if end is not None else len(self.lines))
        if head.total() < least:
            return False
        in_head, in_part = share_of(self.title, head), share_of(self.title, part)
        if in_head < TITLE_IN_HEAD or in_part * 2 > in_head:
            return False
        return likeness(head, part) < limit

    def kept_after(self, start: int) -> Iterator[int]:
        """Places of kept lines from `start` on."""
        return (place for place in range(start, len(self.lines)) if self.lines[place].kept)


def is_running(line: Block) -> bool:
    """Whether a line is text to read and no heading or label."""
    return line.kind is not Kind.HEADING and len(line.text) >= _RUNNING
