"""The sentence of an article that holds the matched words, cut to a size people read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.core.text.sentences import sentences_of
from monitor.model.article import Article
from monitor.model.digest import Passage
from monitor.model.rule import Match, Span

LONGEST = 300  # characters of a passage without its ellipses: some four lines of an e-mail on a phone
_ELLIPSIS = "…"
# Control characters would steer terminals, unpaired surrogates cannot be sent at all, and embedding marks
# (U+202A…) reorder what stands around them. All are replaced one for one: offsets stay true.
_BAD = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")

# A text of megabytes is matched in its first words only: what stands far behind the last of them is not cut into
# sentences. By whole steps, so that the rules of one article ask about one text, which is remembered.
_STEP = 100_000
_BEHIND = 2_000  # characters behind the last span: far more than is shown of a sentence

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Sentence:
    start: int
    end: int
    spans: tuple[Pair, ...]
    words: frozenset[str]


def printable(text: str) -> str:
    """The text with everything that must not reach a terminal or a mail replaced, at the same length."""
    if text.isprintable():  # most texts by far: nothing of all this is
        return text
    return _SURROGATE.sub("\ufffd", _BAD.sub(" ", text))


def one_line(text: str) -> str:
    """The text on one line, single-spaced and safe to show."""
    if text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join(printable(text).split())


def merge(spans: Sequence[Pair]) -> tuple[Pair, ...]:
    """Sorted spans with overlapping ones joined; empty ones are left out."""
    merged: list[Pair] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def passages_of(article: Article, match: Match) -> tuple[Passage, ...]:
    """At most two passages that show why the rule holds: body before summary before title.

    The first is the sentence with the most different matched words (ties: the earliest), the second one
    that adds words the first lacks. Empty for a match without spans (a query of exclusions).
    """
    texts = (("body", article.text), ("summary", article.summary), ("title", article.title))
    return passages_among(texts, match.spans, match.rule, article.id)


def passages_among(
    texts: Iterable[tuple[str, str]], spans: Sequence[Span], rule: str, article_id: int
) -> tuple[Passage, ...]:
    """The passages of the first of these (field, text) that has any."""
    for field, text in texts:
        found = passages_in(text, [span for span in spans if span.field == field], rule, article_id)
        if found:
            return found
    return ()


def passages_in(text: str, spans: Sequence[Span], rule: str, article_id: int = 0) -> tuple[Passage, ...]:
    """At most two passages of one field's text that hold its spans, chosen as `passages_of` says."""
    pairs = [(span.start, span.end) for span in spans if _lies_in(span, text)]
    if not pairs:
        return ()
    return tuple(_cut(text, one, rule, article_id) for one in _two_best(_sentences(text, merge(pairs))))


def _lies_in(span: Span, text: str) -> bool:
    return 0 <= span.start < span.end <= len(text)


def _sentences(text: str, spans: Sequence[Pair]) -> list[_Sentence]:
    """The sentences that hold spans, in order of appearance; one crossing a border counts where it starts."""
    split = sentences_of(text[: -(-(spans[-1][1] + _BEHIND) // _STEP) * _STEP])
    by_border: dict[Pair, list[Pair]] = {}
    for start, end in spans:
        border = split.around(start, end)
        by_border.setdefault((min(border[0], start), max(border[1], end)), []).append((start, end))
    return [
        _Sentence(start, end, tuple(inside), frozenset(text[a:b].casefold() for a, b in inside))
        for (start, end), inside in sorted(by_border.items())
    ]


def _two_best(sentences: Sequence[_Sentence]) -> list[_Sentence]:
    first = min(sentences, key=lambda s: (-len(s.words), s.start))
    rest = [s for s in sentences if s is not first and s.words - first.words]
    second = min(rest, key=lambda s: (-len(s.words - first.words), s.start), default=None)
    return [first] if second is None else sorted((first, second), key=lambda s: s.start)


def _cut(text: str, sentence: _Sentence, rule: str, article_id: int) -> Passage:
    start, end = _strip(text, sentence.start, sentence.end)
    before = after = ""
    if end - start > LONGEST:
        low, high = _narrow(text, start, end, sentence.spans)
        before, after = _ELLIPSIS * (low > start), _ELLIPSIS * (high < end)
        start, end = low, high
    clipped = ((max(a, start), min(b, end)) for a, b in sentence.spans)
    shift = len(before) - start
    spans = tuple((a + shift, b + shift) for a, b in clipped if a < b)
    return Passage(before + printable(text[start:end]) + after, spans, rule, article_id)


def _strip(text: str, start: int, end: int) -> Pair:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _narrow(text: str, start: int, end: int, spans: Sequence[Pair]) -> Pair:
    """The stretch of LONGEST characters with the most spans whole, those in its middle, cut between words."""

    def whole(first: Pair) -> int:
        return sum(first[0] <= a and b <= first[0] + LONGEST for a, b in spans)

    first = max(spans, key=lambda s: (whole(s), -s[0]))
    last = max((b for a, b in spans if a >= first[0] and b <= first[0] + LONGEST), default=first[1])
    covered = min(last, first[0] + LONGEST) - first[0]
    low = max(start, min(first[0] - (LONGEST - covered) // 2, end - LONGEST))
    high = min(end, low + LONGEST)
    if low > start:
        gap = text.find(" ", low, first[0])
        low = gap + 1 if gap >= 0 else low
    if high < end:
        gap = text.rfind(" ", first[0] + covered, high)
        high = gap if gap >= 0 else high
    return low, high
