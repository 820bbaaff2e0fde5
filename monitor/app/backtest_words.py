"""What a backtest found, in words: lines of text for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from monitor.app.backtest import Answer, Backtest, Difference
from monitor.app.counting import counted
from monitor.app.search import Found
from monitor.app.search_words import day_of, found_json, found_lines, tally_lines
from monitor.app.times import iso_time
from monitor.core.digests.passages import one_line
from monitor.core.rules import because
from monitor.core.text.columns import COLUMNS, cut_to, wrap
from monitor.model.rule import Explanation, Match

SHOWN = 10
"""Matches and differences that the text form lists unless told otherwise."""

_INDENT = "       "
_MOST_DAYS = 62  # rows of days; a longer span is counted by weeks
_DAY = timedelta(days=1)
_MOST_FEEDS = 5
_NOTHING = Explanation("", False)


def backtest_lines(test: Backtest, now: datetime, seconds: float, *, stopped: bool = False) -> Iterator[str]:
    """All of it at 80 columns: what was tried, how much matches, when, in which feeds, examples, differences."""
    rule, tally, zone = test.trial.tried.rule, test.tally, test.zone
    yield f"{test.trial.id or 'query'} {rule.version}, {test.trial.tried.of}"
    yield cut_to(f"  {' '.join(rule.query.split())}", COLUMNS)
    for line in tally_lines(test.asked, tally, seconds, stopped=stopped, zone=zone):
        yield from wrap(line)
    if tally.extent.gone:
        yield f"{counted(tally.extent.gone, 'more article')} could not be read: the texts are no longer kept."
    if tally.matches:
        yield from ["", f"First seen ({zone})", *_bars(test, now)]
        yield from ["", "Feeds", *_feeds(test)]
    day = ""
    for answer in tally.first:
        found = _found(answer)
        yield from found_lines(found, day, zone) if day else ["", *found_lines(found, day, zone)]
        yield from wrap(because(found.match.explanation), f"{_INDENT}because ", then=_INDENT)
        day = day_of(found, zone)
    yield from _differences(test)


def _found(answer: Answer) -> Found:
    assert answer.match is not None, "only what matches is shown as found"
    return Found(answer.article, answer.match)


# ---- when and where


def days_of(test: Backtest, now: datetime) -> list[tuple[date, int]]:
    """Every day of the span with its matches, those without any too; from the oldest article that was there on."""
    days = test.tally.days
    until = min(now, (test.asked.until or now) - timedelta(microseconds=1))
    beginnings = [moment for moment in (test.asked.since, test.tally.extent.oldest) if moment is not None]
    first = min([max(beginnings, default=now).astimezone(test.zone).date(), *days])
    last = max([until.astimezone(test.zone).date(), *days])
    return [(first + _DAY * number, days[first + _DAY * number]) for number in range((last - first).days + 1)]


def _bars(test: Backtest, now: datetime) -> Iterator[str]:
    rows = days_of(test, now)
    form = "%a %d %b"
    if len(rows) > _MOST_DAYS:
        weeks: dict[date, int] = {}
        for day, matches in rows:
            monday = day - _DAY * day.weekday()
            weeks[monday] = weeks.get(monday, 0) + matches
        rows, form = list(weeks.items()), "week of %d %b %Y"
    most = max(matches for _, matches in rows)
    wide = len(f"{most:,}")
    for day, matches in rows:
        line = f"  {day:{form}}  {matches:>{wide},}  "
        room = COLUMNS - len(line)
        yield (line + "█" * (-(-matches * min(room, most) // most))).rstrip()


def _feeds(test: Backtest) -> Iterator[str]:
    feeds = sorted(test.tally.feeds.items(), key=lambda one: (-one[1], one[0]))
    wide = len(f"{feeds[0][1]:,}")
    for name, matches in feeds[:_MOST_FEEDS]:
        yield cut_to(f"  {matches:>{wide},}  {one_line(name)}", COLUMNS)
    if rest := feeds[_MOST_FEEDS:]:
        yield f"  {sum(matches for _, matches in rest):>{wide},}  in {counted(len(rest), 'more feed')}"


# ---- what changes


def _differences(test: Backtest) -> Iterator[str]:
    trial, current, recorded = test.trial, test.tally.current, test.tally.recorded
    if trial.id is None:
        return
    if current is None or trial.current is None:
        yield from ["", f"Against the version in force: there is none of {trial.id}."]
    elif trial.is_same:
        yield from ["", f"Against the version {trial.current.of}: it is the same."]
    else:
        yield from ["", *wrap(f"Against {trial.current.rule.version}, {trial.current.of}: {_numbers(current)}.")]
        yield from _changes(test, current)
    if recorded is None:
        return
    yield from ["", *wrap(f"Against what was recorded of {trial.id}: {_numbers(recorded)}.")]
    if recorded.changed and current is not None and recorded.changed == current.changed:
        yield "  The same articles as above."
    else:
        yield from _changes(test, recorded)


def _numbers(one: Difference) -> str:
    unknown = f", {one.unknown:,} cannot be told" if one.unknown else ""
    return f"{one.same:,} the same, {one.gained:,} gained, {one.lost:,} lost{unknown}"


def _changes(test: Backtest, difference: Difference) -> Iterator[str]:
    """The articles by name, newest first: "+" for gained, "-" for lost, with the reason."""
    for answer in sorted(difference.kept, key=lambda one: one.article.first_seen, reverse=True):
        article = answer.article
        sign = "-" if answer.match is None else "+"
        seen = f"{article.first_seen.astimezone(test.zone):%d %b %H:%M}"
        yield cut_to(f"{sign} {seen}  {one_line(article.title) or '(no title)'}", COLUMNS)
        yield f"{_INDENT}{article.url}"
        reason = test.why_not(answer) if answer.match is None else because(answer.match.explanation)
        yield from wrap(reason, _INDENT)
    if (left := len(difference.changed) - len(difference.kept)) > 0:
        yield f"… and {left:,} more: --limit {max(difference.gained, difference.lost)}"


# ---- for programs


def answer_json(test: Backtest, answer: Answer) -> dict[str, Any]:
    """One article with stable keys; `matches`, `current` and `recorded` say who says yes, null who cannot say."""
    match = answer.match or Match(str(answer.article.id), "", "", (), _NOTHING)
    return {
        "kind": "article",
        "matches": answer.match is not None,
        "current": answer.current,
        "recorded": answer.recorded,
        "why_not": test.why_not(answer) if answer.match is None else None,
        **found_json(Found(answer.article, match)),
    }


def summary_json(test: Backtest, now: datetime, *, stopped: bool = False) -> dict[str, Any]:
    """The last line: what all of it came to, with stable keys."""
    trial, tally = test.trial, test.tally
    return {
        "kind": "summary",
        "rule": trial.id,
        "version": trial.tried.rule.version,
        "query": trial.tried.rule.query,
        "since": iso_time(test.asked.since),
        "until": iso_time(test.asked.until),
        "timezone": str(test.zone),
        "complete": not stopped,
        "articles": tally.articles,
        "texts_gone": tally.extent.gone,
        "candidates": tally.candidates,
        "read": tally.read,
        "matches": tally.matches,
        "failures": tally.failures,
        "days": [{"day": day.isoformat(), "matches": matches} for day, matches in days_of(test, now)],
        "feeds": [{"feed": name, "matches": matches} for name, matches in tally.feeds.most_common()],
        "current": None
        if tally.current is None or trial.current is None
        else {"version": trial.current.rule.version, "of": trial.current.of, **_numbers_json(tally.current)},
        "recorded": None if tally.recorded is None else _numbers_json(tally.recorded),
    }


def _numbers_json(one: Difference) -> dict[str, int]:
    return {"same": one.same, "gained": one.gained, "lost": one.lost, "unknown": one.unknown}
