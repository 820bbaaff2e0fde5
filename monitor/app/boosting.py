"""`monitor feeds boost`: some feeds are asked more often for a while, beside a daemon that may be at work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.app.counting import counted
from monitor.app.desk import Desk
from monitor.app.known_feeds import KnownFeeds, NoSuchFeed
from monitor.config.crosscheck import too_often
from monitor.config.values import did_you_mean, duration_text, quoted, read_duration
from monitor.core.feeds.politeness import NOT_SOONER
from monitor.core.feeds.schedule import boost_at
from monitor.core.text.amounts import long_span_text
from monitor.core.text.columns import cut_to, padded, wrap
from monitor.core.text.terminal import printable
from monitor.model.cadence import Boost
from monitor.model.feed import Feed, FeedStatus

LONGEST = timedelta(days=7)
"""A crisis that lasts longer is the usual state of things: the feed's own `interval` says so."""
_NAME = 40  # columns
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Boosted:
    """Feeds that a boost was given to. Of them, `promised` have an interval of their own that is as short, and the
    servers of `waiting` said when to come back, or refuse us."""

    feeds: tuple[Feed, ...]
    boost: Boost
    promised: int
    waiting: int


def read_boost(interval: str, span: str, now: datetime, *, allow_private_addresses: bool) -> Boost:
    """What `--interval` and `--for` say. Raises ValueError with one line that names the option."""
    found = _read("--interval", interval)
    lasting = _read("--for", span)
    why = too_often(found, allow_private_addresses)
    if why:
        raise ValueError(f"--interval: {why}")
    if not found < lasting:
        raise ValueError(f"--for: {quoted(span)} is not longer than the interval")
    if lasting > LONGEST:
        raise ValueError(
            f"--for: {quoted(span)} is longer than {duration_text(LONGEST)}; give the feed its own interval"
        )
    return Boost(found, now + lasting)


def chosen(known: KnownFeeds, tags: Sequence[str], names: Sequence[str]) -> tuple[Feed, ...]:
    """The polled feeds with one of these tags, URLs or names, in the order of subscription. Raises NoSuchFeed."""
    active = [feed for feed in known.feeds if feed.status is FeedStatus.ACTIVE]
    named = [known.meant(name) for name in names]
    for feed in named:
        if feed.status is not FeedStatus.ACTIVE:
            why = "paused" if feed.status is FeedStatus.PAUSED else "gone (410)"
            raise NoSuchFeed(f"{quoted(feed.name)} is {why} and polled no more")
    meant = {feed.id for feed in named}
    for tag in tags:
        tagged = {feed.id for feed in active if tag in feed.settings.tags}
        if not tagged:
            every = sorted({one for feed in active for one in feed.settings.tags})
            near = did_you_mean(tag, every) or "; monitor feeds list --json names the tags"
            raise NoSuchFeed(f"no feed has the tag {quoted(tag)}{near}")
        meant |= tagged
    return tuple(feed for feed in active if feed.id in meant)


def boost(desk: Desk, feeds: Sequence[Feed], wanted: Boost) -> Boosted:
    """Gives these feeds a boost; one they have is replaced. Raises StoreError."""
    desk.store.feeds.boost([feed.id for feed in feeds], wanted, desk.clock.now())
    promised = sum(
        feed.settings.interval is not None and feed.settings.interval <= wanted.interval for feed in feeds
    )
    return Boosted(tuple(feeds), wanted, promised, sum(feed.last_reason in NOT_SOONER for feed in feeds))


def end(desk: Desk, feeds: Sequence[Feed]) -> tuple[Feed, ...]:
    """Ends the boosts of those feeds that have one, and returns them. Raises StoreError."""
    now = desk.clock.now()
    boosted = tuple(feed for feed in feeds if boost_at(feed, now))
    desk.store.feeds.boost([feed.id for feed in boosted], None, now)
    return boosted


def in_force(feeds: Sequence[Feed], now: datetime) -> tuple[Feed, ...]:
    """Those of the feeds that are boosted now."""
    return tuple(feed for feed in feeds if feed.status is FeedStatus.ACTIVE and boost_at(feed, now))


def boosted_lines(done: Boosted, now: datetime) -> Iterator[str]:
    """What was done, what it does not do, and how to undo it."""
    every, until = duration_text(done.boost.interval), _clock(done.boost.until)
    yield from wrap(
        f"{counted(len(done.feeds), 'feed')} boosted to every {every} for"
        f" {long_span_text(done.boost.until - now)}, until {until}."
    )
    if done.promised:
        yield from wrap(f"{done.promised:,} of them have an interval of their own that is as short", "  ")
    if done.waiting:
        yield from wrap(f"{done.waiting:,} of them wait as long as their servers asked for, or are refused", "  ")
    yield "Undo: monitor feeds boost --end"


def ended_lines(feeds: Sequence[Feed]) -> Iterator[str]:
    """What was ended."""
    yield f"{counted(len(feeds), 'boost')} ended." if feeds else "No boost was in force."


def list_lines(feeds: Sequence[Feed], now: datetime) -> Iterator[str]:
    """A line a boosted feed."""
    if not feeds:
        yield "No feed is boosted."
        return
    for feed in feeds[:_MOST_SHOWN]:
        assert feed.boost is not None, "only boosted feeds are listed"
        name = padded(cut_to(printable(feed.name), _NAME), _NAME)
        left = long_span_text(feed.boost.until - now)
        yield f"{name} every {duration_text(feed.boost.interval)}, {left} left"
    if len(feeds) > _MOST_SHOWN:
        yield f"… and {len(feeds) - _MOST_SHOWN:,} more: --json"


def boost_json(boost: Boost | None) -> dict[str, Any] | None:
    """A boost as an object; null for none."""
    return {"interval": duration_text(boost.interval), "until": boost.until.isoformat()} if boost else None


def feed_json(feed: Feed, boost: Boost | None) -> dict[str, Any]:
    """A feed and its boost; null where that was ended."""
    return {"name": feed.name, "url": feed.settings.url, "boost": boost_json(boost)}


def count_line(feeds: Sequence[Feed], now: datetime) -> str | None:
    """One line for lists and the status: how many feeds are boosted, and until when; None when none is."""
    ends = [feed.boost.until for feed in in_force(feeds, now) if feed.boost is not None]
    return boosts_line(len(ends), (min(ends), max(ends))) if ends else None


def boosts_line(boosted: int, ends: tuple[datetime, datetime]) -> str:
    """The same of so many boosts, of which the first and the last end then."""
    first, last = ends
    until = f"{', the last one' if first != last else ''} until {_clock(last)}"
    return f"{counted(boosted, 'feed')} boosted{until}: monitor feeds boost --list"


def _read(option: str, text: str) -> timedelta:
    try:
        return read_duration(text)
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from None


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone():%a %H:%M}"
