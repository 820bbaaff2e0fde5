"""The daily health digest: the answer first, then what is to be said, and nothing of what is well. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.core.feeds.gaps import gap_words
from monitor.core.feeds.health import Finding, HealthReason, gravity
from monitor.core.health.notices import incident_line
from monitor.core.health.rules import Noise, Silent, noise, usual
from monitor.core.text.amounts import counted, size_text, span_text
from monitor.model.delivery import DeliveryState
from monitor.model.digest import Window
from monitor.model.feed import Feed
from monitor.model.health import DaemonRecord, Incident, IncidentKind, LastBatch, RuleRate, Totals
from monitor.model.notice import Notice, Section

MOST_LINES = 12
"""Of one section; the command below it shows all."""
_YOURS = frozenset(
    {
        HealthReason.GONE,
        HealthReason.NEVER_WORKED,
        HealthReason.DEAD,
        HealthReason.NOT_A_FEED,
        HealthReason.REFUSED,
    }
)  # what does not pass by itself
_ODD = frozenset({HealthReason.IDS_CHANGE, HealthReason.IDS_REUSED, HealthReason.UNDATED})  # every day alike


@dataclass(frozen=True, slots=True)
class DigestFact:
    """How one digest of the config stands."""

    name: str
    last: LastBatch | None = None
    waiting: int = 0  # matches


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the digest is made of, as it stands at the end of its window."""

    window: Window
    day: Window  # the last 24 hours, for rates
    totals: Totals = field(default_factory=Totals)
    feeds: int = 0
    ill: Sequence[tuple[Feed, tuple[Finding, ...]]] = ()
    incidents: Sequence[Incident] = ()  # of the window, or going on
    dead: Mapping[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    digests: Sequence[DigestFact] = ()
    busy: Sequence[RuleRate] = ()
    silent: Silent = field(default_factory=Silent)
    failing_rules: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    silences: Sequence[str] = ()  # a line each
    paused: Sequence[Feed] = ()  # by hand
    unsubscribed: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    daemon: DaemonRecord | None = None
    size: int | None = None


def daily_notice(facts: Facts, at: datetime, timezone: str, *, late: bool = False) -> Notice:
    """What is to be said at the end of a window; `at` is when it is said."""
    yours = [*_feeds_of(facts, at, _YOURS), *_trouble(facts, timezone), *_dead(facts), *_failing_rules(facts)]
    passing = _feeds_of(facts, at, frozenset(HealthReason) - _YOURS - _ODD - {HealthReason.MOVED})
    sections = [
        _section("Feeds that need you", _feeds_of(facts, at, _YOURS), "monitor feeds health"),
        _section("Troubles", _trouble(facts, timezone), "monitor status"),
        _section("Messages given up", _dead(facts), "monitor deliveries list --state dead"),
        _section("Rules that fail", _failing_rules(facts), "monitor why --rule ID"),
        _section("Feeds that fail, are late or silent", [*passing, *_moved(facts)], "monitor feeds health"),
        _section("Troubles that are over", _over(facts, timezone)),
        _section("Rules", [*_noisy(facts), *_silent(facts)], "monitor why --rule ID"),
        _section("Silences", facts.silences, "monitor silence list"),
        _section("Paused feeds", _paused(facts), "monitor feeds list"),
        _section("Unsubscribed", _unsubscribed(facts)),
        _section("Digests", _digests(facts, timezone), "monitor deliveries list"),
        _section("Store", _store(facts)),
    ]
    answer = "all well" if not yours else f"{len(yours):,} {'needs' if len(yours) == 1 else 'need'} you"
    said = f"{answer[0].upper()}{answer[1:]}: {_numbers(facts)}"
    if late:
        due = facts.window.end.astimezone(ZoneInfo(timezone))
        said = f"LATE: was due {due:%a %d %b %H:%M}. {said}"
    return Notice(f"Monitor health: {answer}", said, at, timezone, tuple(one for one in sections if one.lines))


def _numbers(facts: Facts) -> str:
    totals = facts.totals
    return ", ".join(
        [
            counted(facts.feeds, "feed"),
            counted(totals.entries, "entry", "entries"),
            counted(totals.matches, "match", "matches"),
            counted(totals.stories, "story", "stories"),
            counted(totals.messages, "message"),
        ]
    )


def _section(heading: str, lines: Sequence[str], command: str = "") -> Section:
    shown = list(lines[:MOST_LINES])
    if len(lines) > MOST_LINES:
        shown.append(f"and {len(lines) - MOST_LINES:,} more")
    return Section(heading, tuple(shown), command)


def _feeds_of(facts: Facts, at: datetime, reasons: Iterable[HealthReason]) -> list[str]:
    wanted = frozenset(reasons)
    ill = [(feed, next((one for one in found if one.reason in wanted), None), found) for feed, found in facts.ill]
    ill.sort(key=lambda one: (gravity(one[2]), one[0].name.casefold()))
    # A feed is named once, by the worst that is found of it.
    return [_feed_line(feed, one, at) for feed, one, found in ill if one is not None and one is found[0]]


def _feed_line(feed: Feed, found: Finding, now: datetime) -> str:
    ago = span_text(now - found.since) if found.since else "an unknown time"
    match found.reason:
        case HealthReason.GONE:
            said = f"gone for good, says the server (410), for {ago}"
        case HealthReason.NEVER_WORKED:
            said = f"has never worked, for {ago}: {feed.last_error}"
        case HealthReason.DEAD:
            said = f"dead for {ago}: {feed.last_error}"
        case HealthReason.NOT_A_FEED:
            said = f"gives a page instead of a feed, for {ago}"
        case HealthReason.REFUSED:
            said = f"does not let us in, for {ago}: {feed.last_error}"
        case HealthReason.OVERDUE:
            said = f"should have been polled {ago} ago"
        case HealthReason.LEFT_ALONE:
            said = f"not asked for {ago}: its server, or its host, said when to come back"
        case HealthReason.SILENT:
            every = span_text(found.usual) if found.usual else "?"
            said = f"nothing new for {ago}; usually an entry every {every}"
        case HealthReason.MAY_HAVE_LOST:
            pages = f"; {gap_words(found.gap)}" if found.gap else ""
            said = f"may have lost entries: {ago} ago all that it listed was new{pages}"
        case HealthReason.GAP_FILLED if found.gap is not None:
            said = f"lost nothing, although {ago} ago all that it listed was new: {gap_words(found.gap)}"
        case _:
            said = f"failing for {ago}: {feed.last_error}"
    return f"{feed.name}: {said}"


def _moved(facts: Facts) -> list[str]:
    moved = sum(any(one.reason is HealthReason.MOVED for one in found) for _, found in facts.ill)
    odd = sum(found[0].reason in _ODD for _, found in facts.ill)
    lines = [f"{counted(moved, 'feed')} moved for good; asked at the new address"] if moved else []
    return lines + ([f"{counted(odd, 'feed')} with odd ids or without dates"] if odd else [])


def _trouble(facts: Facts, timezone: str) -> list[str]:
    # Dead letters have a section of their own, which knows them all.
    return [
        incident_line(one, timezone)
        for one in facts.incidents
        if one.closed_at is None and one.kind is not IncidentKind.DEAD_LETTERS
    ]


def _over(facts: Facts, timezone: str) -> list[str]:
    return [incident_line(one, timezone) for one in facts.incidents if one.closed_at is not None]


def _dead(facts: Facts) -> list[str]:
    return [
        f"{receiver} ({channel}): {counted(count, 'message')}; the last: {error}"
        for (receiver, channel), (count, error) in sorted(facts.dead.items())
    ]


def _failing_rules(facts: Facts) -> list[str]:
    worst = sorted(facts.failing_rules.items(), key=lambda one: (-one[1][0], one[0]))
    return [f"{rule}: failed on {counted(count, 'article')}: {why}" for rule, (count, why) in worst]


def _noisy(facts: Facts) -> list[str]:
    loud = [one for one in facts.busy if noise(one, facts.day.start) is Noise.NOISY]
    return [
        f"{one.rule} is noisy: {counted(one.matches, 'match', 'matches')} in a day, usually"
        f" {usual(one, facts.day.start):.1f}"
        for one in sorted(loud, key=lambda one: (-one.matches, one.rule))
    ]


def _silent(facts: Facts) -> list[str]:
    names, longer = facts.silent.now, facts.silent.longer
    if not names:
        return []  # said when they fell silent, and not every day
    more = f"; {longer:,} for longer" if longer else ""
    return [f"silent for 90 days now: {', '.join(names[:MOST_LINES])}{' …' if names[MOST_LINES:] else ''}{more}"]


def _paused(facts: Facts) -> list[str]:
    ago = [(feed, span_text(facts.window.end - feed.pause.at)) for feed in facts.paused if feed.pause is not None]
    return [f"{feed.name}, since {span}" for feed, span in ago]


def _unsubscribed(facts: Facts) -> list[str]:
    fresh = Counter(digest for (digest, _), since in facts.unsubscribed.items() if since >= facts.window.start)
    return [f"{counted(count, 'address', 'addresses')} from {digest}" for digest, count in sorted(fresh.items())]


def _digests(facts: Facts, timezone: str) -> list[str]:
    return [f"{one.name}: {', '.join(_digest_words(one, timezone))}" for one in facts.digests]


def _digest_words(fact: DigestFact, timezone: str) -> list[str]:
    last = fact.last
    if last is None:
        said = ["nothing told yet"]
    else:
        at = last.planned_at.astimezone(ZoneInfo(timezone))
        said = [f"last {counted(last.stories, 'story', 'stories')} at {at:%d %b %H:%M}", delivered(last)]
    return [*said, f"{counted(fact.waiting, 'match waits', 'matches wait')}"] if fact.waiting else said


def delivered(last: LastBatch) -> str:
    """How the messages of a batch stand, in a word or two."""
    dead, waiting = (last.deliveries.get(one.value, 0) for one in (DeliveryState.DEAD, DeliveryState.WAITING))
    if dead or waiting:
        parts = ((waiting, "waiting"), (dead, "given up"))
        return ", ".join(f"{count:,} {what}" for count, what in parts if count)
    return "delivered" if last.deliveries.get(DeliveryState.SENT.value) else "sent to nobody"


def _store(facts: Facts) -> list[str]:
    if facts.size is None:
        return []
    said = size_text(facts.size)
    before = facts.daemon
    if before is not None and before.size is not None and before.sized_at is not None:
        grown = facts.size - before.size
        ago = span_text(facts.window.end - before.sized_at)
        said += f", {size_text(abs(grown))} {'more' if grown >= 0 else 'less'} than {ago} ago"
    return [said]
