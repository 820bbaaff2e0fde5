"""How often a feed brings something new, learned from its own polls. Pure.

In one sentence: a feed is asked when about one new entry is due at this hour of the day, sooner after most of
what it listed was new, and after `max_interval` at the latest.

Two things are learned. *The rate*: new entries an hour, by hour of the day (UTC), at first from the dates of its
first body, then from each poll. *The listing*: so long the feed may be left alone without most of what it lists
being new, whatever the rate says; else entries come and go unseen. The shorter of both counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from monitor.core.feeds.coverage import Continuity
from monitor.model.cadence import Rhythm
from monitor.model.entry import ParsedEntry, Verdict
from monitor.model.feed import PollReason, PollSettings

# All numbers here are ours; tests/unit/feeds/test_rhythm.py plays a week of four kinds of feeds against them.
LONGER = 1.25  # times the time that went well
SHORTER = 2 / 3  # of the time in which most became new
HALF = 0.5  # of the time in which all became new
LEARNED_AN_HOUR = 0.3  # the weight of a whole observed hour: after a week the weeks before count for 8 %
_HOUR = timedelta(hours=1)
_LONGEST_LESSON = timedelta(hours=24)  # of a longer time nobody knows at what hours its entries came
_FEWEST_DATES = 3
_A_BURST = 2  # new entries in one poll: one may be chance
_RARELY = 1 / 24  # entries an hour under which no rate is spoken of


@dataclass(frozen=True, slots=True)
class News:
    """What one good answer brought: how much it listed, how much of that was new, whether it joins the one before.

    `published` are the dates of all it listed, of a first body only.
    """

    listed: int = 0
    new: int = 0
    continuity: Continuity = Continuity.JOINED
    published: tuple[datetime, ...] = ()


NO_NEWS = News()
"""A 304, or the bytes of last time: all of it is known."""


def news_of(entries: Sequence[ParsedEntry], verdicts: Sequence[Verdict], joins: Continuity) -> News:
    """What a body that was read brought."""
    dates = tuple(one.published for one in entries if one.published) if joins is Continuity.FIRST else ()
    return News(len(verdicts), sum(one is Verdict.NEW for one in verdicts), joins, dates)


@dataclass(frozen=True, slots=True)
class Learned:
    """The interval that the polls led to, why it is that, and what is to be remembered."""

    interval: timedelta
    reason: PollReason
    rhythm: Rhythm


def learn(
    before: Rhythm | None, news: News, since: datetime | None, now: datetime, settings: PollSettings
) -> Learned:
    """What a good answer teaches; `since` is the last success before it.

    The interval lies between `min_interval` and `max_interval`, whatever came before.
    """
    known = before or Rhythm(settings.interval)
    elapsed = now - since if since is not None and since < now else timedelta(0)
    hours = _hours(known.hours, news, now - elapsed, now)
    patience, reason = _patience(known.interval, news, elapsed)
    patience = _within(patience, settings)
    rhythm = replace(known, interval=patience, hours=hours)
    rate = max(_rate(hours, now) if hours else 0.0, _burst(news, elapsed))
    due = _within(_one_entry_due(rate), settings)
    if due < patience and reason not in (PollReason.ALL_NEW, PollReason.MOSTLY_NEW):
        reason = PollReason.RATE  # else that much is new says more than a number
    return Learned(min(due, patience), reason, rhythm)


def rate_at(rhythm: Rhythm, now: datetime) -> float | None:
    """New entries an hour about this time of the day; None where too little is known."""
    return _rate(rhythm.hours, now) if rhythm.hours else None


def _patience(before: timedelta, news: News, elapsed: timedelta) -> tuple[timedelta, PollReason]:
    """So long the feed may be left alone for its listing's sake."""
    if news.continuity is Continuity.FIRST or not elapsed:
        return before, PollReason.INTERVAL
    asked = min(before, elapsed)
    if news.continuity is Continuity.BROKEN:
        return asked * HALF, PollReason.ALL_NEW
    if 2 * news.new > news.listed:
        return asked * SHORTER, PollReason.MOSTLY_NEW
    # Only a time that was waited proves that it may be waited: many quick polls prove nothing.
    return max(before, elapsed * LONGER), PollReason.QUIET


def _hours(before: tuple[float, ...], news: News, since: datetime, now: datetime) -> tuple[float, ...]:
    """The rates by hour, with what came between two polls."""
    if news.continuity is Continuity.FIRST:
        return before or _from_dates(news.published, now)
    elapsed = now - since
    if not timedelta(0) < elapsed <= _LONGEST_LESSON:
        return before
    seen = news.new / (elapsed / _HOUR)
    if not before:
        # One poll says little of all hours: the first rate is believed once an hour went by, or two entries came.
        return (seen,) * 24 if news.new >= _A_BURST or elapsed >= _HOUR else ()
    rates = list(before)
    for hour, share in _shares(since, now):
        weight = 1 - (1 - LEARNED_AN_HOUR) ** share
        rates[hour] += weight * (seen - rates[hour])
    return tuple(round(rate, 4) for rate in rates)


def _from_dates(published: Sequence[datetime], now: datetime) -> tuple[float, ...]:
    """One rate for all hours, from the dates of a first body: those of the last day, or of all that it lists."""
    dates = sorted((date for date in published if date <= now), reverse=True)
    if len(dates) < _FEWEST_DATES:
        return ()
    span = max(now - dates[-1], _HOUR)
    if span > _LONGEST_LESSON:
        return (round(sum(now - date <= _LONGEST_LESSON for date in dates) / 24, 4),) * 24
    return (round(len(dates) / (span / _HOUR), 4),) * 24


def _shares(since: datetime, now: datetime) -> list[tuple[int, float]]:
    """The hours of the day (UTC) between two moments, each with the part of it that lies between them."""
    found = []
    at = since.astimezone(UTC)
    while at < now:
        ends = min(at.replace(minute=0, second=0, microsecond=0) + _HOUR, now.astimezone(UTC))
        found.append((at.hour, (ends - at) / _HOUR))
        at = ends
    return found


def _rate(hours: tuple[float, ...], now: datetime) -> float:
    """Of this hour, with half its weight of those beside it: a morning does not begin on the dot."""
    hour = now.astimezone(UTC).hour
    return (hours[hour - 1] + 2 * hours[hour] + hours[(hour + 1) % 24]) / 4


def _burst(news: News, elapsed: timedelta) -> float:
    """The rate of this very poll: news break at no usual hour."""
    if news.new < _A_BURST or news.continuity is Continuity.FIRST or not elapsed:
        return 0.0
    return news.new / (max(elapsed, timedelta(minutes=1)) / _HOUR)


def _one_entry_due(rate: float) -> timedelta:
    return _HOUR / rate if rate > _RARELY else _LONGEST_LESSON


def _within(interval: timedelta, settings: PollSettings) -> timedelta:
    return min(max(interval, settings.min_interval), settings.max_interval)
