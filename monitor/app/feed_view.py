"""`monitor feeds show`: one feed, and what became of its newest entries."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from monitor.app.counting import counted, span_text
from monitor.app.feed_health import gap_json
from monitor.app.feed_list import next_json
from monitor.app.hub_words import HubView, hub_json, hub_words
from monitor.app.known_feeds import KnownFeeds
from monitor.app.pausing import pause_words
from monitor.app.times import iso_time
from monitor.config.values import duration_text
from monitor.core.feeds.gaps import gap_words
from monitor.core.feeds.why_next import why_next
from monitor.core.text.columns import cut_to, padded, wrap
from monitor.core.text.terminal import printable
from monitor.model.entry import Fate
from monitor.model.feed import Feed, FeedStatus
from monitor.model.feed_book import PastPoll
from monitor.model.gap import Gap
from monitor.model.ledger import SeenEntry
from monitor.ports import Store

_WIDTH = 80
_FATE, _AGE = 12, 10  # columns
_WORDS = {
    Fate.WAITING: "to be read",
    Fate.READ: "no match",
    Fate.SEEN_AT_SUBSCRIBE: "seen before",
    Fate.TOO_OLD: "too old",
    Fate.OLDER_PAGE: "older page",
    Fate.FORGOTTEN: "forgotten",
}


@dataclass(frozen=True, slots=True)
class FeedView:
    """One feed and its newest entries. `place` is where the config declares it, if it does."""

    feed: Feed
    place: str | None
    total: int
    entries: Sequence[SeenEntry]
    now: datetime
    gap: Gap | None = None  # its last one
    hubs: HubView = field(default_factory=HubView)


def feed_view(
    store: Store, known: KnownFeeds, name: str, limit: int, now: datetime, public_url: str = ""
) -> FeedView:
    """Asks the store for the feed of that URL or name. Raises NoSuchFeed."""
    feed = known.meant(name)
    return view_of(store, feed, known.place(feed.settings.url), limit, now, public_url)


def view_of(store: Store, feed: Feed, place: str | None, limit: int, now: datetime, public_url: str) -> FeedView:
    """Asks the store for that feed; `place` as in the view."""
    total, entries = store.ledger.seen_entries(feed.id, limit)
    gap = store.gaps.gaps(feed.id).get(feed.id)
    one = store.hubs.of_feed(feed.id)
    hubs = HubView({feed.id: one} if one is not None else {}, public_url)
    return FeedView(feed, place, total, entries, now, gap, hubs)


def view_lines(found: FeedView) -> Iterator[str]:
    """The feed as lines of text: what it is, how its polls went, its entries."""
    feed = found.feed
    yield f"{feed.name}  {feed.settings.url}"
    if feed.url != feed.settings.url:
        yield f"Moved to    {feed.url}"
    yield f"Subscribed  {span_text(found.now - feed.subscribed_at)} ago, {_how(found)}"
    yield f"Polled      {_polled(found)}"
    if feed.last_error:
        yield f"            {feed.last_error}"
    if feed.status is FeedStatus.ACTIVE and (why := why_next(feed)):
        yield from wrap(why, "Next poll   ", then=" " * 12)
    if found.gap is not None:
        ago = span_text(found.now - found.gap.found_at)
        yield from wrap(f"{ago} ago all it listed was new; {gap_words(found.gap)}", "Gap         ", then=" " * 12)
    if hub := hub_words(feed, found.hubs, found.now):
        yield from wrap(hub, "Hub         ", then="            ")
    if not found.entries:
        yield f"Entries     {found.total:,}" if found.total else "Entries     none yet"
        return
    newest = f"the newest {len(found.entries):,} of " if len(found.entries) < found.total else ""
    yield f"Entries     {newest}{found.total:,}"
    yield ""
    for entry in found.entries:
        yield from _rows(entry, found.now)
    if any(entry.fate is Fate.SEEN_AT_SUBSCRIBE for entry in found.entries):
        yield ""
        yield '"seen before": there before you subscribed, stored, not alerted (see backfill).'
    link = next((entry.link for entry in found.entries if entry.link), None)
    if link:
        yield f"More of one: monitor why {shlex.quote(link)}"


def view_json(found: FeedView) -> dict[str, Any]:
    """The feed and its entries as one object."""
    feed = found.feed
    return {
        "id": feed.id,
        "name": feed.name,
        "url": feed.settings.url,
        "address": feed.url,
        "origin": feed.settings.origin.value,
        "declared": found.place,
        "status": feed.status.value,
        "tags": list(feed.settings.tags),
        "subscribed_at": feed.subscribed_at.isoformat(),
        "last_polled_at": iso_time(feed.last_polled_at),
        "last_outcome": feed.last_outcome.value if feed.last_outcome else None,
        "error": feed.last_error,
        "next_poll_at": feed.next_poll_at.isoformat(),
        **next_json(feed, found.now),
        "gap": gap_json(found.gap),
        "hub": hub_json(feed, found.hubs, found.now),
        "stored": found.total,
        "entries": [entry_json(entry) for entry in found.entries],
    }


def entry_json(entry: SeenEntry) -> dict[str, Any]:
    """One entry as a list shows it."""
    return {
        "title": entry.title,
        "link": entry.link,
        "fate": entry.fate.value,
        "revision": entry.revision,
        "first_seen": entry.first_seen.isoformat(),
        "published": iso_time(entry.published),
        "rules": list(entry.rules),
    }


def poll_json(poll: PastPoll) -> dict[str, Any]:
    """One poll that is over."""
    return {
        "at": poll.at.isoformat(),
        "outcome": poll.outcome.value,
        "reason": poll.reason.value,
        "next_poll_at": poll.next_poll_at.isoformat(),
        "status": poll.status,
        "size": poll.size,
        "seconds": round(poll.seconds, 3),
        "new": poll.new,
        "error": poll.error,
    }


def _how(found: FeedView) -> str:
    settings = found.feed.settings
    parts = [found.place or f"by command ({settings.origin.value})"]
    parts += [f"tags {', '.join(settings.tags)}"] if settings.tags else []
    parts += [f"every {duration_text(settings.interval)}"] if settings.interval else []
    parts += ["full text"] if settings.full_text else []
    parts += [f"backfill {duration_text(settings.backfill)}"] if settings.backfill else []
    return " · ".join(parts)


def _polled(found: FeedView) -> str:
    feed = found.feed
    if feed.last_polled_at is None or feed.last_outcome is None:
        return f"never; {pause_words(feed.pause, found.now)}" if feed.pause else "never"
    outcome = feed.last_outcome.value.replace("_", " ")
    said = f"{span_text(found.now - feed.last_polled_at)} ago, {outcome}"
    if feed.failures:
        said += f", {counted(feed.failures, 'failure')} in a row"
    if feed.pause is not None:
        return f"{said}; {pause_words(feed.pause, found.now)}"
    if feed.status is not FeedStatus.ACTIVE:
        return f"{said}; {feed.status.value}, polled no more"
    due = feed.next_poll_at <= found.now
    return f"{said}; next {'now' if due else f'in {span_text(feed.next_poll_at - found.now)}'}"


def _rows(entry: SeenEntry, now: datetime) -> Iterator[str]:
    fate = "match" if entry.rules else _WORDS[entry.fate]
    title = printable(entry.title or entry.link or "(no title)")
    mark = " (edit)" if entry.revision else ""
    room = _WIDTH - _FATE - _AGE - 1 - len(mark)
    age = padded(span_text(now - entry.first_seen), _AGE)
    yield f"{padded(fate, _FATE)}{age} {cut_to(title, room)}{mark}"
    indent = " " * (_FATE + _AGE + 1)
    yield from wrap(", ".join(entry.rules), indent) if entry.rules else ()
