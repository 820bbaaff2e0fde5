"""`monitor feeds list`, and what `add` and `remove` say: feeds in words."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from monitor.app.boosting import boost_json, count_line
from monitor.app.counting import counted, span_text
from monitor.app.hub_words import HubView, hub_json, offers_line
from monitor.app.known_feeds import KnownFeeds
from monitor.app.status import state_of
from monitor.app.subscribing import Added
from monitor.app.times import iso_time
from monitor.config.values import duration_text
from monitor.core.feeds.schedule import boost_at
from monitor.core.feeds.why_next import why_next
from monitor.core.text.columns import cut_to, padded, wrap
from monitor.core.text.terminal import printable
from monitor.model.feed import KEPT, Feed, FeedStatus, Listing
from monitor.model.measure import FeedState
from monitor.ports import FeedStore

_NAME, _STATE, _LAST, _NEXT = 28, 7, 27, 7  # columns; entries have the rest of 80
_MOST_RULES = 5
_FAILING = (FeedState.FAILING, FeedState.GONE)


@dataclass(frozen=True, slots=True)
class FeedList:
    """The feeds in use that were asked for, in the order of subscription."""

    feeds: tuple[Feed, ...]
    total: int
    listings: Mapping[int, Listing]
    known: KnownFeeds
    now: datetime
    hubs: HubView = field(default_factory=HubView)


def list_feeds(
    store: FeedStore,
    known: KnownFeeds,
    now: datetime,
    *,
    tag: str | None = None,
    failing: bool = False,
    hubs: HubView | None = None,
) -> FeedList:
    """Asks the store; changes nothing."""
    used = [feed for feed in known.feeds if feed.status in KEPT]
    chosen = [
        feed
        for feed in used
        if (tag is None or tag in feed.settings.tags) and (not failing or state_of(feed, now) in _FAILING)
    ]
    listings = store.listings() if chosen else {}
    return FeedList(tuple(chosen), len(used), listings, known, now, hubs or HubView())


def list_lines(found: FeedList) -> Iterator[str]:
    """A line a feed, and what to type next."""
    if not found.total:
        yield "No feeds. Add one: monitor feeds add URL; or many: monitor feeds import FILE.opml"
        return
    if found.feeds:
        yield _row("NAME", "STATE", "LAST POLL", "NEXT", "ENTRIES")
    for feed in found.feeds:
        listing = found.listings.get(feed.id)
        entries = "" if listing is None else f"{listing.entries:,}"
        yield _row(feed.name, _state(feed, found.now), _last(feed, found.now), _next(feed, found.now), entries)
    failing = sum(state_of(feed, found.now) in _FAILING for feed in found.feeds)
    some = "" if len(found.feeds) == found.total else f" of {found.total:,}"
    yield f"{counted(len(found.feeds), 'feed')}{some}" + (
        f", {failing:,} failing: monitor feeds health" if failing else ""
    )
    if boosted := count_line(found.feeds, found.now):
        yield boosted
    if offers := offers_line(found.feeds, found.hubs):
        yield offers


def list_json(found: FeedList) -> Iterator[dict[str, Any]]:
    """One object a feed."""
    for feed in found.feeds:
        settings, listing = feed.settings, found.listings.get(feed.id)
        yield {
            "id": feed.id,
            "name": feed.name,
            "url": settings.url,
            "address": feed.url,
            "origin": settings.origin.value,
            "declared": found.known.place(settings.url),
            "status": feed.status.value,
            "tags": list(settings.tags),
            "interval": duration_text(settings.interval) if settings.interval else None,
            "full_text": settings.full_text,
            "backfill": duration_text(settings.backfill),
            "subscribed_at": feed.subscribed_at.isoformat(),
            "last_polled_at": iso_time(feed.last_polled_at),
            "last_outcome": feed.last_outcome.value if feed.last_outcome else None,
            "last_success_at": iso_time(feed.last_success_at),
            "failures": feed.failures,
            "error": feed.last_error,
            "next_poll_at": feed.next_poll_at.isoformat(),
            **next_json(feed, found.now),
            "entries": listing.entries if listing else 0,
            "hub": hub_json(feed, found.hubs, found.now),
        }


def next_json(feed: Feed, now: datetime) -> dict[str, Any]:
    """Why a feed is asked when it is asked, what its polls taught, and a boost in force."""
    rhythm = feed.rhythm
    return {
        "reason": feed.last_reason.value if feed.last_reason else None,
        "why": why_next(feed),
        "boost": boost_json(boost_at(feed, now)),
        "rhythm": {
            "interval_s": round(rhythm.interval.total_seconds()),
            "new_an_hour": [round(rate, 2) for rate in rhythm.hours] or None,
        }
        if rhythm
        else None,
    }


def added_lines(added: Added, now: datetime) -> Iterator[str]:
    """What `add` did: stored, will alert, and how to have more."""
    feed, report = added.feed, added.report
    where = "" if feed.name == feed.settings.url else f" ({feed.settings.url})"
    again = " again" if added.again else ""
    if report is None:
        yield from wrap(f"Subscribed{again} to {feed.name}{where}, not asked yet: monitor run polls it.")
        return
    stored = report.waiting + report.seen + report.too_old
    alerts = _alerts(added)
    yield from wrap(f"Subscribed{again} to {feed.name}{where}: {stored:,} stored, {alerts}.")
    yield from (line for one in _parts(added) for line in wrap(one, "  ", then="    "))
    moved = f", at {feed.url}" if feed.url != feed.settings.url else ""
    read = f"read by {report.engine}" if report.engine else "unchanged since it was last read"
    yield f"  {read}{moved}; next poll in {span_text(feed.next_poll_at - now)}, by monitor run"


def added_json(added: Added) -> dict[str, Any]:
    """What `add` did, as one object; `alerts` is null where rules do not hold or the feed was not asked."""
    feed, report = added.feed, added.report
    return {
        "id": feed.id,
        "name": feed.name,
        "url": feed.settings.url,
        "address": feed.url,
        "again": added.again,
        "engine": report.engine if report else None,
        "waiting": report.waiting if report else None,
        "seen": report.seen if report else None,
        "too_old": report.too_old if report else None,
        "alerts": added.alerts if report and added.alerting is not None else None,
        "rules": dict(added.alerting) if added.alerting is not None else None,
        "next_poll_at": feed.next_poll_at.isoformat(),
    }


def removed_lines(feed: Feed) -> Iterator[str]:
    """What `remove` did, and how to undo it."""
    yield from wrap(f"Removed {feed.name}: it is polled no more; all that came of it is kept.")
    yield f"Undo: monitor feeds add {shlex.quote(feed.settings.url)}"


def _alerts(added: Added) -> str:
    if added.alerting is None:
        return "whether they alert is not known: the rule files do not hold (monitor check)"
    unread = added.feed.settings.full_text and added.report is not None and added.report.waiting
    return f"{'at least ' if unread else ''}{added.alerts:,} will alert"


def _parts(added: Added) -> Iterator[str]:
    report, settings = added.report, added.feed.settings
    assert report is not None, "asked for what was polled"
    if report.seen:
        yield (
            f"{_entries(report.seen)} from before the subscription: stored as seen, not alerted (monitor feeds"
            " show lists them). To alert what is there already, add a feed with --backfill 24h"
        )
    if report.too_old:
        yield f"{_entries(report.too_old)} older than max_entry_age: stored, not alerted"
    if report.waiting:
        pages = " with the pages behind them" if settings.full_text else ""
        yield f"{_entries(report.waiting)} to be read{pages} by monitor run{_rules(added.alerting)}"
    if not report.entries and report.engine:
        yield "it lists nothing at the moment"


def _entries(number: int) -> str:
    return counted(number, "entry", "entries")


def _rules(alerting: Mapping[str, int] | None) -> str:
    if not alerting:
        return "" if alerting is None else "; no rule of a digest matches"
    most = sorted(alerting.items(), key=lambda pair: (-pair[1], pair[0]))
    named = ", ".join(f"{rule} {count}" for rule, count in most[:_MOST_RULES])
    more = f" and {len(most) - _MOST_RULES} more" if len(most) > _MOST_RULES else ""
    return f"; by rule: {named}{more}"


def _state(feed: Feed, now: datetime) -> str:
    asked = feed.last_polled_at or feed.failures or feed.status is FeedStatus.PAUSED
    return state_of(feed, now).value if asked else "new"


def _last(feed: Feed, now: datetime) -> str:
    if feed.last_polled_at is None or feed.last_outcome is None:
        return "never"
    return f"{span_text(now - feed.last_polled_at)} ago, {feed.last_outcome.value.replace('_', ' ')}"


def _next(feed: Feed, now: datetime) -> str:
    if feed.status is not FeedStatus.ACTIVE:
        return "never"
    return span_text(feed.next_poll_at - now) if feed.next_poll_at > now else "due"


def _row(*cells: str) -> str:
    widths: Sequence[int] = (_NAME, _STATE, _LAST, _NEXT)
    # Made visible before it is measured: what steers a terminal takes four columns as \x1b.
    shown = [padded(cut_to(printable(cell), width), width) for cell, width in zip(cells, widths, strict=False)]
    return f"{' '.join(shown)} {cells[-1]:>7}".rstrip()
