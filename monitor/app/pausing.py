"""`monitor feeds pause` and `resume`: feeds that are not polled for as long as a person wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from monitor.app.counting import counted, span_text
from monitor.app.desk import Desk
from monitor.core.text.columns import wrap
from monitor.model.feed import Feed, Pause

Change = Callable[[Sequence[int]], Sequence[int]]


def pause(desk: Desk, names: Sequence[str], by: str) -> tuple[Feed, ...]:
    """Pauses the feeds with these URLs or names; returns those that were polled. Raises NoSuchFeed, StoreError."""
    return _changed(desk, names, lambda ids: desk.store.feed_book.pause(ids, Pause(by, desk.clock.now())))


def resume(desk: Desk, names: Sequence[str]) -> tuple[Feed, ...]:
    """Polls paused feeds again, and returns those that were paused. Raises NoSuchFeed, StoreError."""
    return _changed(desk, names, lambda ids: desk.store.feed_book.resume(ids, desk.clock.now()))


def _changed(desk: Desk, names: Sequence[str], change: Change) -> tuple[Feed, ...]:
    known = desk.known_feeds()
    meant = {feed.id: feed for feed in map(known.meant, names)}
    return tuple(meant[one] for one in change(list(meant)))


def paused_lines(feeds: Sequence[Feed]) -> Iterator[str]:
    """What was done, and what it does."""
    if not feeds:
        yield "Nothing to pause: none of them is polled."
        return
    yield from wrap(
        f"{counted(len(feeds), 'feed')} paused: {_names(feeds)}. What they publish meanwhile alerts when they are"
        " resumed, if they list it still."
    )
    yield "Undo: monitor feeds resume URL_OR_NAME"


def resumed_lines(feeds: Sequence[Feed]) -> Iterator[str]:
    """What was done."""
    if not feeds:
        yield "Nothing to resume: none of them is paused."
        return
    yield from wrap(f"{counted(len(feeds), 'feed')} resumed: {_names(feeds)}.")


def pause_words(pause: Pause, now: datetime) -> str:
    """Since when and by whom a feed is not polled."""
    by = f" by {pause.by}" if pause.by else ""
    return f"paused {span_text(now - pause.at)} ago{by}: not polled until somebody resumes it"


def _names(feeds: Sequence[Feed]) -> str:
    return ", ".join(feed.name for feed in feeds)
