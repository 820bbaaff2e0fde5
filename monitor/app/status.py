"""`monitor status`: the state of the house on one screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.app.boosting import boosts_line
from monitor.app.counting import counted, size_text
from monitor.app.daemon_words import daemon_lines, missing_lines, queue_line
from monitor.app.hub_words import hubs_line
from monitor.app.kept_out import SilenceCounts, counts_line, silence_counts
from monitor.app.refusals import Refusal, refusal_lines, refusals_of
from monitor.app.telling_words import HELD_BY
from monitor.app.unsubscribing import reaching_nobody
from monitor.core.digests.plan import next_close
from monitor.core.digests.quiet import stretch_at
from monitor.core.feeds.health import OVERDUE_AFTER
from monitor.core.health.daily import delivered
from monitor.core.health.notices import incident_line
from monitor.core.text.amounts import long_span_text
from monitor.core.text.columns import COLUMNS, display_width, wrap
from monitor.model.daemons import Daemon, Missing, Queued, missing
from monitor.model.delivery import Delivery, DeliveryState, Receiver
from monitor.model.digest import CatchUp, DigestSettings, Immediate
from monitor.model.feed import Feed, FeedStatus, PollOutcome
from monitor.model.health import DaemonRecord, Incident, Lags, LastBatch
from monitor.model.jobs import ProcessRole
from monitor.model.ledger import StoreCounts
from monitor.model.measure import FeedCounts, FeedState
from monitor.model.rule import Severity
from monitor.model.suppression import Suppression
from monitor.model.websub import HubSubscription
from monitor.ports import Store

LATE = OVERDUE_AFTER  # behind its due time by more than this: the daemon is down or overloaded
MOST_SHOWN = 5
"""Failing feeds, and deliveries in trouble, that are named."""
_ORDER = (ProcessRole.ALL, ProcessRole.DISPATCH, ProcessRole.WORK, ProcessRole.WEB)
_IN = " " * 12  # where lines begin
_DAY = timedelta(days=1)
_A_WEEK = timedelta(days=6)  # in which a weekday says which day is meant


@dataclass(frozen=True, slots=True)
class DigestStatus:
    """One digest: when it comes next and what waits for it.

    `held_by` says that its next window closes later than at its time, since that is quiet; of an immediate one,
    that it is quiet now, until `quiet_until`.
    """

    name: str
    next_at: datetime | None  # None: immediate
    timezone: str
    pending: int
    min_publishers: int = 1  # independent ones that a story needs; of a story with fewer the matches wait
    held_by: CatchUp | None = None
    quiet_until: datetime | None = None  # it is quiet now
    override: Severity | None = None  # stories of this severity or a higher one, while it is quiet
    last: LastBatch | None = None  # that told a story


@dataclass(frozen=True, slots=True)
class DigestsStanding:
    """All digests of the config; `orphans` are matches that wait for a digest it no longer has."""

    digests: tuple[DigestStatus, ...]
    orphans: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Status:
    """The numbers behind `monitor status`. `holder` is the pid of the daemon at work, if one is."""

    version: str
    store: str
    size: int | None
    holder: int | None
    now: datetime
    feeds: FeedCounts
    failing: tuple[Feed, ...]  # the first of those whose last poll failed, or that are gone
    counts: StoreCounts
    digests: tuple[DigestStatus, ...]
    orphans: Mapping[str, int]  # matches that wait for a digest the config no longer has
    troubled: tuple[Delivery, ...]  # newest deliveries that wait after a failure, or are dead
    rules_hold: bool = True  # those of the files
    daemon: DaemonRecord | None = None  # what the last one noted of itself
    lags: Lags = field(default_factory=Lags)  # of the last day
    incidents: tuple[Incident, ...] = ()  # that go on
    timezone: str = "UTC"  # in which their times are told
    tells: bool = True  # [health] names somebody to be told of them
    silences: SilenceCounts = field(default_factory=SilenceCounts)
    left: tuple[Suppression, ...] = ()  # who unsubscribed from what
    unread: tuple[str, ...] = ()  # digests all of whose readers have unsubscribed
    refusals: tuple[Refusal, ...] = ()  # receivers that refuse everything
    hubs: tuple[HubSubscription, ...] = ()
    unindexed: int = 0  # articles that the full-text index does not hold yet
    daemons: tuple[Daemon, ...] = ()  # all that are at work on the store
    queued: Queued | None = None  # where polls come from a queue
    missing: tuple[Missing, ...] = ()


def state_of(feed: Feed, now: datetime) -> FeedState:
    """How a feed in use is doing."""
    if feed.status is FeedStatus.PAUSED:
        return FeedState.PAUSED
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
    timezone: str = "UTC",
    tells: bool = True,
    receivers: Sequence[Receiver] = (),
    daemons: Sequence[Daemon] = (),
    queue: bool = False,
    failing: int | None = MOST_SHOWN,
    unindexed: int | None = None,
) -> Status:
    """Asks the store; changes nothing. `queue` says that work comes through one. `failing` feeds are named at
    most, None: all of them; `unindexed` is how many articles are not indexed, where that is known: to count them
    takes long."""
    counts = store.ledger.counts(now)
    standing = digests_of(store, digests, now, counts.pending)
    left = tuple(store.suppressions.all())
    waiting = store.ledger.deliveries(state=DeliveryState.WAITING, tried=True, limit=MOST_SHOWN)
    dead = store.ledger.deliveries(state=DeliveryState.DEAD, limit=MOST_SHOWN)
    return Status(
        version=version,
        store=name,
        size=size,
        holder=holder,
        now=now,
        feeds=store.facts.feeds(now),
        failing=tuple(store.facts.failing_feeds(failing)),
        counts=counts,
        digests=standing.digests,
        orphans=standing.orphans,
        troubled=(*waiting, *dead),
        rules_hold=rules_hold,
        daemon=store.incidents.daemon(),
        lags=store.facts.lags(now - _DAY),
        incidents=tuple(one for one in store.incidents.standing() if one.closed_at is None),
        timezone=timezone,
        tells=tells,
        silences=silence_counts(store, [digest.name for digest in digests], now),
        left=left,
        unread=tuple(reaching_nobody(digests, receivers, left)),
        refusals=refusals_of(store.receivers),
        hubs=tuple(store.hubs.all()),
        unindexed=store.archive.waiting() if unindexed is None else unindexed,
        daemons=tuple(sorted(daemons, key=lambda one: (_ORDER.index(one.role), one.host, one.pid))),
        queued=store.facts.queued() if queue else None,
        missing=missing(daemons) if queue and daemons else (),
    )


def digests_of(
    store: Store, digests: Sequence[DigestSettings], now: datetime, pending: Mapping[str, int] | None = None
) -> DigestsStanding:
    """The part of the status that tells of digests, by itself; `pending` where it is known already."""
    waiting = store.ledger.pending_counts() if pending is None else pending
    last = store.facts.last_batches([digest.name for digest in digests])
    known = {digest.name for digest in digests}
    return DigestsStanding(
        tuple(_digest_status(one, waiting.get(one.name, 0), last.get(one.name), now) for one in digests),
        {name: count for name, count in waiting.items() if name not in known},
    )


def _digest_status(digest: DigestSettings, pending: int, last: LastBatch | None, now: datetime) -> DigestStatus:
    quiet = stretch_at(digest.quiet, digest.timezone, now)
    next_at, held_by = None, quiet.why if quiet else None
    if not isinstance(digest.schedule, Immediate):
        closing = next_close(digest.schedule, digest.timezone, now, digest.quiet)
        next_at, held_by = closing.at, closing.held_by
    until = quiet.end if quiet else None
    return DigestStatus(
        digest.name,
        next_at,
        digest.timezone,
        pending,
        digest.min_publishers,
        held_by,
        until,
        digest.quiet.override if quiet else None,
        last,
    )


def status_lines(status: Status) -> list[str]:
    """The status as at most a screen of text."""
    counts = status.counts
    size = f" {size_text(status.size)}" if status.size is not None else ""
    polls = sum(counts.polls.values())
    same = counts.polls.get(PollOutcome.NOT_MODIFIED.value, 0) + counts.polls.get(PollOutcome.UNCHANGED.value, 0)
    unchanged = f" ({100 * same // polls} % not modified)" if polls else ""
    feeds = status.feeds
    lines = [
        *_head(f"monitor {status.version} · {_running(status)}", f"{status.store}{size}", _reloaded(status)),
        *_labelled("Daemons", daemon_lines(status.daemons, status.queued)),
        *_labelled("Trouble", trouble_lines(status)),
        f"Feeds       {feeds.total:,}   ok {feeds.of(FeedState.OK):,} · late {feeds.of(FeedState.LATE):,}"
        f" · failing {feeds.failing:,}" + ("   monitor feeds health" if feeds.failing else ""),
        *_labelled("", [_said(feed.name, feed.last_error) for feed in status.failing[:MOST_SHOWN]]),
        *(
            [f"            {feeds.left_alone:,} left alone, since their hosts asked for it: monitor feeds health"]
            if feeds.left_alone
            else []
        ),
        *([f"            {boosts_line(feeds.boosted, feeds.boosts_end)}"] if feeds.boosts_end else []),
        *_labelled("Hubs", [line for line in (hubs_line(status.hubs, status.now),) if line]),
        *_labelled(
            "Last hour",
            [
                f"{counted(polls, 'poll')}{unchanged} · {counted(counts.entries, 'entry', 'entries')}"
                f" · {counted(counts.matches, 'match', 'matches')} · {counted(counts.stories, 'story', 'stories')}"
            ],
        ),
    ]
    if not status.rules_hold:
        instead = "; the last that held are in force" if status.holder else ""
        lines.append(f"Rules       do not hold{instead}   monitor check")
    if status.queued is not None:
        lines += _labelled("Queue", [queue_line(status.queued, status.now)])
    if counts.waiting_entries or counts.unmatched_articles:
        lines.append(
            f"In work     {counts.waiting_entries:,} to be read · {counts.unmatched_articles:,} to be matched"
        )
    if status.unindexed:
        lines.append(f"Index       {_index_line(status)}")
    lines += _labelled("Digests", [_digest_line(one, status.now) for one in status.digests])
    for name, count in status.orphans.items():
        waiting = counted(count, "match", "matches")
        lines.append(f"            {name}: {waiting} to be planned, but no digest of this name is in the config")
    lines += _readers(status)
    states = counts.deliveries
    draft = states.get(DeliveryState.DRAFT.value, 0)
    lines.append(
        f"Outbox      {states.get(DeliveryState.WAITING.value, 0):,} waiting"
        f" · {states.get(DeliveryState.DEAD.value, 0):,} dead · {states.get(DeliveryState.SENT.value, 0):,} sent"
        + (f" · {counted(draft, 'draft')}" if draft else "")
    )
    lines += _labelled("", _troubled(status.troubled))
    lines += [f"            {line}" for line in refusal_lines(status.refusals, status.now)]
    if states.get(DeliveryState.DEAD.value):
        lines.append("            what was given up: monitor deliveries list --state dead")
    if not status.tells:
        lines.append("Health      troubles are told to nobody: name receivers in [health]")
    return lines + _labelled("Lag", _lags(status.lags))


def trouble_lines(status: Status) -> list[str]:
    """What goes on, and who is missing now; of that there may be an incident after a while, which says more."""
    told = {one.kind.value for one in status.incidents}
    return [
        *missing_lines(one for one in status.missing if one.value not in told),
        *(incident_line(one, status.timezone) for one in status.incidents),
    ]


def _troubled(deliveries: Sequence[Delivery]) -> list[str]:
    """Each error once, with how many messages have it: a receiver gives all of them the same one."""
    lines = Counter(_said(f"{one.new.digest} → {one.new.receiver}", one.last_error) for one in deliveries)
    return [f"{line} ({messages} messages)" if messages > 1 else line for line, messages in lines.items()]


def _said(name: str, error: str | None) -> str:
    """On one line, without the two spaces by which `_laid_out` knows a label."""
    return f"{name}: {' '.join((error or '').split())}"


def _index_line(status: Status) -> str:
    by = "the daemon indexes them" if status.holder is not None else "monitor run or a search does"
    return f"{counted(status.unindexed, 'article')} not in the index of searches yet: {by}"


def _readers(status: Status) -> list[str]:
    """What silences keep out, and who reads no more."""
    lines = []
    if silenced := counts_line(status.silences):
        lines += _labelled("Silences", [silenced])
    if status.left:
        readers = counted(len({one.recipient for one in status.left}), "address", "addresses")
        named = ", ".join(sorted({one.digest for one in status.left}))
        lines += _labelled("Left", [f"{readers} unsubscribed, from {named}   monitor receivers list"])
    unread = [f"{name} reaches nobody any more: all its readers have unsubscribed" for name in status.unread]
    return lines + _labelled("WARNING", unread)


def _labelled(label: str, lines: Sequence[str]) -> list[str]:
    """The lines at 80 columns, the label in front of the first."""
    return [
        one
        for number, line in enumerate(lines)
        for one in _laid_out(f"{'' if number else label:{len(_IN)}}", line)
    ]


def _head(first: str, *more: str) -> list[str]:
    """On as few lines as hold it: a path or an address is not cut, so that it can be copied."""
    lines = [first]
    for part in filter(None, more):
        longer = f"{lines[-1]} · {part}"
        if display_width(longer) <= COLUMNS:
            lines[-1] = longer
        else:
            lines.append(_IN + part)
    return lines


def _laid_out(indent: str, line: str) -> list[str]:
    fits = len(indent) + display_width(line) <= COLUMNS
    if fits:
        return [indent + line]
    name, gap, rest = line.partition("  ")  # wrapping would make of the two spaces one
    return wrap(rest, indent + name + gap, then=_IN + "  ") if gap else wrap(line, indent, then=_IN + "  ")


def _running(status: Status) -> str:
    if status.holder is None:
        return "not running"
    if status.daemon is None:
        return f"running, pid {status.holder}"
    up = f"up {long_span_text(status.now - status.daemon.started_at)}"
    several = len(status.daemons) > 1  # the one that started last is not the one that is named first
    return f"{len(status.daemons)} daemons, the last one {up}" if several else f"{up}, pid {status.holder}"


def _reloaded(status: Status) -> str:
    daemon = status.daemon
    if status.holder is None or daemon is None or daemon.reloaded_at is None:
        return ""
    same_day = daemon.reloaded_at.astimezone().date() == status.now.astimezone().date()
    at = f"{daemon.reloaded_at.astimezone():{'%H:%M' if same_day else '%d %b %H:%M'}}"
    return f"config reloaded {at} ok" if daemon.reload_problem is None else f"reload of {at} refused"


def _digest_line(digest: DigestStatus, now: datetime) -> str:
    parts = [_comes(digest, now)]
    if digest.last is not None:
        parts.append(f"last {counted(digest.last.stories, 'story', 'stories')}, {delivered(digest.last)}")
    if digest.pending:
        held = f", min_publishers {digest.min_publishers}" if digest.min_publishers > 1 else ""
        parts.append(f"{counted(digest.pending, 'match', 'matches')} waiting{held}")
    return f"{digest.name}  {' · '.join(parts)}"


def _comes(digest: DigestStatus, now: datetime) -> str:
    """ "next Tue 06:00 Kabul, held by quiet hours" """
    held = f", held by {HELD_BY[digest.held_by]}" if digest.held_by else ""
    if digest.next_at is not None:
        return f"next {_when(digest.next_at, digest.timezone, now)}{held}"
    until = f" until {_when(digest.quiet_until, digest.timezone, now)}" if digest.quiet_until else ""
    return f"immediate{held}{until}{_but(digest.override)}"


def _but(least: Severity | None) -> str:
    if least is None:
        return ""
    return f" but for {least.value}" + ("" if least is Severity.HIGH else " and higher")


def _lags(lags: Lags) -> list[str]:
    parts = []
    if lags.published_to_seen is not None:
        parts.append(f"published → seen  median {long_span_text(lags.published_to_seen)}")
    if lags.seen_to_delivered is not None:
        parts.append(f"seen → delivered  p99 {long_span_text(lags.seen_to_delivered)}")
    together = " · ".join(parts)
    return parts if display_width(together) > COLUMNS - len(_IN) else [together] if parts else []


def _when(moment: datetime, timezone: str, now: datetime) -> str:
    city = timezone.rsplit("/", 1)[-1].replace("_", " ")
    day = "%a" if moment - now < _A_WEEK else "%a %d %b"
    return f"{moment.astimezone(ZoneInfo(timezone)):{day} %H:%M} {city}"
