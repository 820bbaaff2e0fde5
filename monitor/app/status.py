"""`monitor status`: the state of the house on one screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from monitor.app.counting import counted, size_text
from monitor.app.refusals import Refusal, refusal_json, refusal_lines, refusals_of
from monitor.core.digests.plan import next_fire
from monitor.core.feeds.health import OVERDUE_AFTER
from monitor.model.delivery import Delivery, DeliveryState
from monitor.model.digest import DigestSettings, Immediate
from monitor.model.feed import SUBSCRIBED, Feed, FeedStatus, PollOutcome
from monitor.model.ledger import StoreCounts
from monitor.model.measure import FeedState
from monitor.ports import Store

LATE = OVERDUE_AFTER  # behind its due time by more than this: the daemon is down or overloaded
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class DigestStatus:
    """One digest: when it comes next and what waits for it."""

    name: str
    next_at: datetime | None  # None: immediate
    timezone: str
    pending: int
    min_publishers: int = 1  # independent ones that a story needs; of a story with fewer the matches wait


@dataclass(frozen=True, slots=True)
class Status:
    """The numbers behind `monitor status`. `holder` is the pid of the daemon at work, if one is."""

    version: str
    store: str
    size: int | None
    holder: int | None
    now: datetime
    feeds: tuple[Feed, ...]
    counts: StoreCounts
    digests: tuple[DigestStatus, ...]
    orphans: dict[str, int]  # matches that wait for a digest the config no longer has
    troubled: tuple[Delivery, ...]  # newest deliveries that wait after a failure, or are dead
    rules_hold: bool = True  # those of the files
    refusals: tuple[Refusal, ...] = ()  # receivers that refuse everything

    @property
    def failing(self) -> tuple[Feed, ...]:
        """Feeds whose last poll failed, or that are gone."""
        trouble = (FeedState.FAILING, FeedState.GONE)
        return tuple(feed for feed in self.feeds if state_of(feed, self.now) in trouble)

    @property
    def late(self) -> tuple[Feed, ...]:
        """Feeds that should have been polled a while ago."""
        return tuple(feed for feed in self.feeds if state_of(feed, self.now) is FeedState.LATE)


def state_of(feed: Feed, now: datetime) -> FeedState:
    """How a feed in use is doing."""
    if feed.status is FeedStatus.GONE:
        return FeedState.GONE
    if feed.failures:
        return FeedState.FAILING
    return FeedState.LATE if now - feed.next_poll_at > LATE else FeedState.OK


def status_of(
    store: Store,
    digests: Sequence[DigestSettings],
    *,
    version: str,
    name: str,
    size: int | None,
    holder: int | None,
    now: datetime,
    rules_hold: bool = True,
) -> Status:
    """Asks the store; changes nothing."""
    counts = store.ledger.counts(now)
    states = tuple(
        DigestStatus(
            digest.name,
            None if isinstance(digest.schedule, Immediate) else next_fire(digest.schedule, digest.timezone, now),
            digest.timezone,
            counts.pending.get(digest.name, 0),
            digest.min_publishers,
        )
        for digest in digests
    )
    known = {digest.name for digest in digests}
    waiting = store.ledger.deliveries(state=DeliveryState.WAITING, tried=True, limit=_MOST_SHOWN)
    dead = store.ledger.deliveries(state=DeliveryState.DEAD, limit=_MOST_SHOWN)
    return Status(
        version=version,
        store=name,
        size=size,
        holder=holder,
        now=now,
        feeds=tuple(feed for feed in store.feeds.all() if feed.status in SUBSCRIBED),
        counts=counts,
        digests=states,
        orphans={name: count for name, count in counts.pending.items() if name not in known},
        troubled=(*waiting, *dead),
        rules_hold=rules_hold,
        refusals=refusals_of(store.receivers),
    )


def status_lines(status: Status) -> list[str]:
    """The status as at most a screen of text."""
    counts = status.counts
    running = f"running, pid {status.holder}" if status.holder else "not running"
    size = f" {size_text(status.size)}" if status.size is not None else ""
    polls = sum(counts.polls.values())
    same = counts.polls.get(PollOutcome.NOT_MODIFIED.value, 0) + counts.polls.get(PollOutcome.UNCHANGED.value, 0)
    unchanged = f" ({100 * same // polls} % unchanged)" if polls else ""
    ok = len(status.feeds) - len(status.failing) - len(status.late)
    lines = [
        f"monitor {status.version} · {running} · {status.store}{size}",
        f"Feeds       {len(status.feeds):,}   ok {ok:,} · late {len(status.late):,}"
        f" · failing {len(status.failing):,}" + ("   monitor feeds health" if status.failing else ""),
        *(f"            {feed.name}: {feed.last_error}" for feed in status.failing[:_MOST_SHOWN]),
        f"Last hour   {counted(polls, 'poll')}{unchanged} · {counted(counts.entries, 'entry', 'entries')}"
        f" · {counted(counts.matches, 'match', 'matches')} · {counted(counts.stories, 'story', 'stories')}",
    ]
    if not status.rules_hold:
        instead = "; the last that held are in force" if status.holder else ""
        lines.append(f"Rules       do not hold{instead}   monitor check")
    if counts.waiting_entries or counts.unmatched_articles:
        lines.append(
            f"In work     {counts.waiting_entries:,} to be read · {counts.unmatched_articles:,} to be matched"
        )
    label = "Digests   "
    for digest in status.digests:
        when = "immediate" if digest.next_at is None else f"next {_when(digest.next_at, digest.timezone)}"
        held = f", min_publishers {digest.min_publishers}" if digest.min_publishers > 1 else ""
        waiting = counted(digest.pending, "match", "matches")
        lines.append(f"{label}  {digest.name}  {when} · {waiting} waiting{held if digest.pending else ''}")
        label = "          "
    for name, count in status.orphans.items():
        waiting = counted(count, "match", "matches")
        lines.append(f"            {name}: {waiting} to be planned, but no digest of this name is in the config")
    states = counts.deliveries
    draft, suppressed = (states.get(one.value, 0) for one in (DeliveryState.DRAFT, DeliveryState.SUPPRESSED))
    lines.append(
        f"Outbox      {states.get(DeliveryState.WAITING.value, 0):,} waiting"
        f" · {states.get(DeliveryState.DEAD.value, 0):,} dead · {states.get(DeliveryState.SENT.value, 0):,} sent"
        + (f" · {counted(draft, 'draft')}" if draft else "")
        + (f" · {suppressed:,} suppressed" if suppressed else "")
    )
    lines += [f"            {line}" for line in refusal_lines(status.refusals, status.now)]
    for one in status.troubled:
        lines.append(f"            {one.new.digest} → {one.new.receiver}: {one.last_error}")
    if states.get(DeliveryState.DEAD.value):
        lines.append("            what was given up: monitor deliveries list --state dead")
    return lines


def status_json(status: Status) -> dict[str, Any]:
    """The status as one JSON object."""
    counts = status.counts
    return {
        "version": status.version,
        "running": status.holder is not None,
        "pid": status.holder,
        "store": status.store,
        "bytes": status.size,
        "rules_hold": status.rules_hold,
        "feeds": {
            "total": len(status.feeds),
            "late": len(status.late),
            "failing": len(status.failing),
            "errors": [{"feed": feed.name, "url": feed.url, "error": feed.last_error} for feed in status.failing],
        },
        "last_hour": {
            "polls": counts.polls,
            "entries": counts.entries,
            "matches": counts.matches,
            "stories": counts.stories,
        },
        "waiting": {"entries": counts.waiting_entries, "articles": counts.unmatched_articles},
        "digests": [
            {
                "name": digest.name,
                "next": digest.next_at.isoformat() if digest.next_at else None,
                "pending": digest.pending,
                "min_publishers": digest.min_publishers,
            }
            for digest in status.digests
        ],
        "orphaned_matches": status.orphans,
        "outbox": counts.deliveries,
        "refusals": [refusal_json(one) for one in status.refusals],
    }


def _when(moment: datetime, timezone: str) -> str:
    city = timezone.rsplit("/", 1)[-1].replace("_", " ")
    return f"{moment.astimezone(ZoneInfo(timezone)):%a %d %b %H:%M} {city}"
