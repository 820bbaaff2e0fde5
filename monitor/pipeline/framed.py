"""What a rule says of an article and its host's frame together: half of its words may stand in either.

What every page of a host carries is left out of the text (`core/articles/seen_before.py`). A rule that needs it
and something of the article would be silent; one that needs nothing else would fire on every page.
"""

from __future__ import annotations

from dataclasses import replace

from monitor.core.rules import because
from monitor.model.article import Article, Document, DropReason
from monitor.model.rule import Explanation, Match, Span

FRAME = "frame"
"""The field of an explanation's span that stands in what was left out; its offsets count from there."""

NOTE = "with a paragraph that many pages of its host carry"
_GAP = "\n\n"
_LONGEST = 200  # characters of a reason


def with_frame(article: Article, document: Document) -> Document | None:
    """The document with the host's frame behind its text; None where none was left out."""
    frame = _GAP.join(one.text for one in article.dropped if one.reason == DropReason.HOST_BOILERPLATE)
    return replace(document, body=document.body + _GAP + frame) if frame else None


def of_both(match: Match, document: Document) -> Match | None:
    """A match on frame and article as a match of the article; None when it stands on the frame alone.

    `document` is without the frame. Spans are only those of the article; the explanation has the others, too.
    """
    end = len(document.body)
    spans = tuple(span for span in match.spans if not _is_framed(span, end))
    if not spans:
        return None
    told = _explained(match.explanation, end)
    return replace(match, spans=spans, explanation=replace(told, note="; ".join(filter(None, (told.note, NOTE)))))


def reason_of(match: Match) -> str:
    """Why a rule holds, on one line that says when it holds with the frame only."""
    line = because(match.explanation)
    return f"{line[: _LONGEST - len(NOTE) - 1]} {NOTE}" if match.explanation.note.endswith(NOTE) else line


def _is_framed(span: Span, end: int) -> bool:
    return span.field == "body" and span.end > end


def _explained(one: Explanation, end: int) -> Explanation:
    start = end + len(_GAP)
    spans = tuple(
        replace(span, field=FRAME, start=max(0, span.start - start), end=span.end - start)
        if _is_framed(span, end)
        else span
        for span in one.spans
    )
    return replace(one, spans=spans, children=tuple(_explained(child, end) for child in one.children))
