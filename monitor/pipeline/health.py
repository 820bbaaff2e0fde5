"""health: what went wrong → incidents → messages in the outbox, and once a day how all is doing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.digests.plan import delivery_key, due_window, is_late, recipients_of, window_batch
from monitor.core.digests.recipients import Inbox, inbox_of
from monitor.core.digests.render import render_notice, with_key
from monitor.core.feeds.health import DEAD_AFTER, Finding, HealthReason, findings, may_be_silent
from monitor.core.health.daily import DigestFact, Facts, daily_notice
from monitor.core.health.incidents import Tell, changes, tell
from monitor.core.health.notices import notice_of_begin, notice_of_end
from monitor.core.health.rules import LEAST_NOISE, SILENT_AFTER, USUAL_DAYS, silent
from monitor.core.health.troubles import FRESH, dead_letters, feeds_failing, unheard
from monitor.model.delivery import ChannelKind, NewDelivery, Receiver
from monitor.model.digest import DigestSettings, Message, MessageFormat, Window
from monitor.model.feed import SUBSCRIBED, FeedStatus
from monitor.model.health import END, HEALTH, HealthSettings, Incident, IncidentKind, Trouble
from monitor.model.ledger import Plan
from monitor.model.notice import Notice
from monitor.model.suppression import folded_address
from monitor.ports import Clock, Store

_INSTANT = timedelta(microseconds=1)  # a window is never empty
_DAY = timedelta(days=1)
_SAID_ONCE = frozenset({HealthReason.MAY_HAVE_LOST, HealthReason.GAP_FILLED})
_MOST_IDS = 20  # in the name of a batch

Addressee = tuple[str, ChannelKind, str, MessageFormat]


@dataclass(frozen=True, slots=True)
class HealthReport:
    """What was told, or who could not be told: for the log. `incidents` is empty for the daily digest."""

    batch: str
    title: str
    deliveries: int
    tell: Tell | None = None
    incidents: tuple[Incident, ...] = ()

    @property
    def reaches_nobody(self) -> bool:
        """Whether a trouble is told to nobody: the log must say it all the louder."""
        return bool(self.incidents) and not self.deliveries


@dataclass(frozen=True, slots=True)
class HealthStage:
    """Looks after the monitor itself. `rules` are the ids of those in force.

    `silences` gives a line for each silence that holds, or held, in a window.
    """

    store: Store
    settings: HealthSettings
    digests: Sequence[DigestSettings]
    receivers: Mapping[str, Receiver]
    rules: Collection[str]
    clock: Clock
    silences: Callable[[Window], Sequence[str]] = lambda window: ()

    def run(
        self, own: Sequence[Trouble] = (), caught_up: Callable[[], bool] = lambda: True
    ) -> Iterator[HealthReport]:
        """Opens and closes incidents, and plans what is to be told; one report a message.

        `own` are the troubles that only the daemon knows. A daily digest that comes late waits for `caught_up`.
        """
        now = self.clock.now()
        standing = self.store.incidents.standing()
        change = changes(standing, [*self._troubles(now), *own])
        if change:
            self.store.incidents.apply(change, now)
            standing = self.store.incidents.standing()
        yield from self._urgent(standing, now)
        if self.settings.receivers:
            yield from self._daily(now, caught_up)

    def preview(self) -> Notice:
        """What the daily digest would say now; changes nothing."""
        now = self.clock.now()
        state = self.store.digests.state_of(HEALTH)
        start = state.last_end if state is not None else now - _DAY
        window = Window(min(start, now - _INSTANT), now)
        return daily_notice(self._facts(window), now, self.settings.timezone)

    def _troubles(self, now: datetime) -> Iterator[Trouble]:
        facts = self.store.facts
        yield from facts.broken_receivers()
        yield from dead_letters(facts.given_up(now - FRESH))
        yield from feeds_failing(facts.feeds_alive(now - DEAD_AFTER))
        yield from unheard(self.digests, self.receivers, facts.unsubscribed())

    def _urgent(self, standing: Sequence[Incident], now: datetime) -> Iterator[HealthReport]:
        together: defaultdict[tuple[Tell, IncidentKind], list[Incident]] = defaultdict(list)
        for incident in standing:
            what = tell(incident, standing, now)
            if what in (Tell.BEGINS, Tell.ENDED, Tell.REPLACED):
                together[what, incident.kind].append(incident)
        for (what, _), incidents in together.items():
            ids = [one.id for one in incidents]
            if what is Tell.REPLACED:
                self.store.incidents.record_told(None, (), ids, now)
                continue
            batch = _batch_of(ids, "/begin" if what is Tell.BEGINS else END)
            deliveries = list(self._about(incidents, what, batch, now))
            start = min(one.opened_at for one in incidents)
            window = Window(min(start, now - _INSTANT), now)
            plan = Plan(HEALTH, batch, window, (), (), tuple(deliveries), 0, False) if deliveries else None
            begun, ended = (ids, []) if what is Tell.BEGINS else ([], ids)
            if self.store.incidents.record_told(plan, begun, ended, now):
                title = self._notice(incidents, what, now).title
                yield HealthReport(batch, title, len(deliveries), what, tuple(incidents))

    def _notice(self, incidents: Sequence[Incident], what: Tell, now: datetime) -> Notice:
        made = notice_of_begin if what is Tell.BEGINS else notice_of_end
        return made(incidents, now, self.settings.timezone)

    def _about(
        self, incidents: Sequence[Incident], what: Tell, batch: str, now: datetime
    ) -> Iterator[NewDelivery]:
        """To each the troubles that are not their own: who takes nothing cannot be told so. An address that two
        receivers name is told each once."""
        rendered: dict[tuple[tuple[int, ...], MessageFormat], tuple[Message, ...]] = {}
        told: defaultdict[Inbox, set[int]] = defaultdict(set)
        for whom in self._addressees():
            name, kind, recipient, form = whom
            inbox = told[inbox_of(name, kind, recipient)]
            others = [
                one
                for one in incidents
                if one.id not in inbox and (what is not Tell.BEGINS or one.subject != f"{name}/{kind.value}")
            ]
            inbox.update(one.id for one in others)
            key = (tuple(one.id for one in others), form)
            if others and key not in rendered:
                rendered[key] = render_notice(self._notice(others, what, now), form)
            yield from _addressed(batch, whom, rendered.get(key, ()))

    def _addressees(self) -> Iterator[Addressee]:
        gone = self.store.facts.unsubscribed()
        for name in self.settings.receivers:
            for kind, recipient, form in recipients_of(self.receivers[name]):
                if kind is not ChannelKind.EMAIL or (HEALTH, folded_address(recipient)) not in gone:
                    yield name, kind, recipient, form

    def _daily(self, now: datetime, caught_up: Callable[[], bool]) -> Iterator[HealthReport]:
        state = self.store.digests.open_digest(HEALTH, now)
        window = due_window(self.settings.schedule, self.settings.timezone, state.last_end, now)
        if window is None:
            return
        late = is_late(window, now)
        if late and not caught_up():
            return
        notice = daily_notice(self._facts(window), now, self.settings.timezone, late=late)
        batch = f"daily/{window_batch(window)}"
        deliveries: list[NewDelivery] = []
        rendered: dict[MessageFormat, tuple[Message, ...]] = {}
        each_once = {inbox_of(*whom[:3]): whom for whom in self._addressees()}
        for whom in each_once.values():
            form = whom[3]
            if form not in rendered:
                rendered[form] = render_notice(notice, form)
            deliveries += _addressed(batch, whom, rendered[form])
        plan = Plan(HEALTH, batch, window, (), (), tuple(deliveries), 0, closes_window=True)
        if self.store.incidents.record_told(plan, (), (), now):
            size = self.store.size()
            if size is not None:
                self.store.incidents.note_size(size, now)
            yield HealthReport(batch, notice.title, len(deliveries))

    def _facts(self, window: Window) -> Facts:
        store, end, now = self.store, window.end, self.clock.now()
        facts = store.facts
        day = Window(end - _DAY, end)
        kept = store.feeds.all()
        feeds = [feed for feed in kept if feed.status in SUBSCRIBED]
        listings = store.feeds.listings()
        arrivals = store.feeds.arrivals([one.id for one in feeds if may_be_silent(one, listings.get(one.id))])
        gaps = store.gaps.gaps()
        ill = [
            (
                one,
                _new_here(
                    findings(one, listings.get(one.id), arrivals.get(one.id, ()), now, gaps.get(one.id)),
                    window.start,
                ),
            )
            for one in feeds
        ]
        last = facts.last_batches([digest.name for digest in self.digests])
        pending = store.ledger.counts(end).pending
        return Facts(
            window=window,
            day=day,
            totals=facts.totals(window),
            feeds=len(feeds),
            ill=[(feed, found) for feed, found in ill if found],
            incidents=store.incidents.of_late(window.start),
            dead=facts.given_up(),
            digests=[DigestFact(one.name, last.get(one.name), pending.get(one.name, 0)) for one in self.digests],
            busy=facts.busy_rules(day, LEAST_NOISE, day.start - USUAL_DAYS),
            silent=silent(facts.silent_rules(end - SILENT_AFTER), self.rules, window.start, end),
            failing_rules=facts.failing_rules(window),
            silences=self.silences(window),
            paused=[feed for feed in kept if feed.status is FeedStatus.PAUSED],
            unsubscribed=facts.unsubscribed(),
            daemon=store.incidents.daemon(),
            size=store.size(),
        )


def _new_here(found: Sequence[Finding], start: datetime) -> tuple[Finding, ...]:
    """What is worth a line: that entries may have been lost is said once, and not for a week."""
    return tuple(
        one for one in found if one.reason not in _SAID_ONCE or (one.since is not None and one.since >= start)
    )


def _addressed(batch: str, whom: Addressee, messages: Sequence[Message]) -> Iterator[NewDelivery]:
    name, kind, recipient, form = whom
    for message in messages:
        key = delivery_key(HEALTH, batch, f"{name}/{kind.value}", recipient, message.part)
        keyed = with_key(message, key) if form is MessageFormat.JSON else message
        yield NewDelivery(key, HEALTH, batch, name, kind, recipient, keyed)


def _batch_of(ids: Sequence[int], what: str) -> str:
    named = "+".join(map(str, ids[:_MOST_IDS])) + (f"+{len(ids) - _MOST_IDS}more" if len(ids) > _MOST_IDS else "")
    return f"incident/{named}{what}"
