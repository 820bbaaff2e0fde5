"""What a search found, in words: lines of text for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Any

from monitor.app.counting import counted
from monitor.app.search import Asked, Found, Tally
from monitor.core.digests.passages import one_line
from monitor.core.digests.render.words import pieces
from monitor.core.rules import because
from monitor.core.text.columns import COLUMNS, cut_to, wrap
from monitor.model.article import DuplicateReason
from monitor.model.digest import Passage

_INDENT = "       "
_SHORT = 1.0  # seconds that are told with a digit behind the point


def found_lines(found: Found, day: str, zone: tzinfo | None = None) -> Iterator[str]:
    """One article at 80 columns, under its day where that is not `day`; times are the machine's, or of a zone."""
    article = found.article
    seen = article.first_seen.astimezone(zone)
    if day_of(found, zone) != day:
        if day:
            yield ""
        yield day_of(found, zone)
    yield cut_to(f"{seen:%H:%M}  {one_line(article.title) or '(no title)'}", COLUMNS)
    yield cut_to(_INDENT + " · ".join(_about(found, seen)), COLUMNS)
    yield _INDENT + article.url
    for passage in found.passages:
        yield from wrap(marked(passage), _INDENT)


def day_of(found: Found, zone: tzinfo | None = None) -> str:
    """The day on which the article was first seen, in the machine's zone or another."""
    return f"{found.article.first_seen.astimezone(zone):%a %d %b %Y}"


def marked(passage: Passage) -> str:
    """The passage with brackets round what was found."""
    return one_line("".join(f"[{text}]" if matched else text for text, matched in pieces(passage)))


def _about(found: Found, seen: datetime) -> Iterator[str]:
    article = found.article
    yield one_line(article.publisher)
    if article.published is not None:
        published = article.published.astimezone(seen.tzinfo)
        if published.date() != seen.date():
            yield f"published {published:%d %b %Y}"
    if article.duplicate_reason is DuplicateReason.REVISION:
        yield "edited"
    elif article.duplicate_of is not None:
        yield "a copy"


def found_json(found: Found) -> dict[str, Any]:
    """One article with stable keys; spans are offsets into the fields, as those of a match."""
    article, match = found.article, found.match
    return {
        "article": article.id,
        "first_seen": article.first_seen.isoformat(),
        "published": None if article.published is None else article.published.isoformat(),
        "title": article.title,
        "publisher": article.publisher,
        "url": article.url,
        "feed": article.feed_name,
        "language": article.language,
        "story": article.story_id,
        "duplicate_of": article.duplicate_of,
        "because": because(match.explanation),
        "spans": [
            {"field": span.field, "start": span.start, "end": span.end, "text": span.text} for span in match.spans
        ],
        "matched": [
            {"text": one.text, "spans": [{"start": start, "end": end} for start, end in one.spans]}
            for one in found.passages
        ],
    }


def tally_lines(
    asked: Asked, tally: Tally, seconds: float, *, stopped: bool = False, zone: tzinfo | None = None
) -> Iterator[str]:
    """What the search came to, and what to type next."""
    among = f"among {counted(tally.articles, 'article')}{_span(asked, zone)}; {_took(seconds)}"
    if not tally.is_filtered and tally.candidates:
        yield "No word must be there for the query to hold: every article was read."
    if stopped:
        yield (
            f"Stopped after {tally.read:,} of {counted(tally.candidates, 'candidate')}: "
            f"{counted(tally.matches, 'match', 'matches')} so far, {among}."
        )
    elif tally.matches:
        verb = "matches" if tally.matches == 1 else "match"
        yield f"{tally.matches:,} of {counted(tally.candidates, 'candidate')} {verb}, {among}."
    else:
        yield f"Nothing matches: {counted(tally.candidates, 'candidate')} {among}."
    if tally.shown < tally.matches:
        shown = f"Shown: the newest {tally.shown:,}. " if tally.shown else ""
        yield f"{shown}All of them: --limit {tally.matches}"
    if tally.failures:
        yield f"{counted(tally.failures, 'article')} could not be evaluated, the first: {tally.failure}"


def _span(asked: Asked, zone: tzinfo | None) -> str:
    since = f" since {asked.since.astimezone(zone):%d %b %Y %H:%M}" if asked.since else ""
    until = f" until {asked.until.astimezone(zone):%d %b %Y %H:%M}" if asked.until else ""
    return f" first seen{since}{until}" if since or until else ""


def _took(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < _SHORT else f"{seconds:,.1f} s"
