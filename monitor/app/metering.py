"""What each report of a stage adds to the meter: one function beside each of `monitor.app.reports`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from monitor.core.digests.plan import BatchKind, batch_kind
from monitor.model import measure as m
from monitor.model.article import ReadOutcome
from monitor.model.delivery import DeliveryState
from monitor.model.entry import Fate
from monitor.model.errors import MonitorError
from monitor.model.ledger import Plan
from monitor.pipeline.answers import PollReport
from monitor.pipeline.deliver import DeliveryReport
from monitor.pipeline.digest import PlanFailure
from monitor.pipeline.gaps import GapReport
from monitor.pipeline.group import GroupReport
from monitor.pipeline.match import MatchReport
from monitor.pipeline.pushes import PushReport
from monitor.pipeline.read import ReadReport
from monitor.ports import Meter

# Sent as soon as it may be; all other batches wait for an hour that the config names.
_AT_ONCE = frozenset({BatchKind.STORY, BatchKind.OVERRIDE, BatchKind.STORM})
_STAGES = {stage.value: stage for stage in m.Stage}


class NoMeter:
    """Counts nothing: for a daemon that nobody watches."""

    def count(self, what: m.Counted[*m.Labels], *labels: *m.Labels, by: int = 1) -> None:
        """Does nothing."""

    def time(self, what: m.Timed, seconds: float) -> None:
        """Does nothing."""

    def count_tags(self, tags: Sequence[str]) -> None:
        """Does nothing."""


def count_poll(meter: Meter, report: PollReport) -> None:
    """A poll and what it brought."""
    meter.count(m.POLLS, report.decision.outcome)
    meter.count(m.ENTRIES, Fate.WAITING, by=report.waiting)
    meter.count(m.ENTRIES, Fate.SEEN_AT_SUBSCRIBE, by=report.seen)
    meter.count(m.ENTRIES, Fate.TOO_OLD, by=report.too_old)


def count_gap(meter: Meter, report: GapReport) -> None:
    """What an older page of a feed brought."""
    meter.count(m.ENTRIES, Fate.WAITING, by=report.waiting)
    meter.count(m.ENTRIES, Fate.SEEN_AT_SUBSCRIBE, by=report.seen)
    meter.count(m.ENTRIES, Fate.OLDER_PAGE, by=report.older)


def count_push(meter: Meter, report: PushReport) -> None:
    """What a push brought; that it came was counted as it came."""
    meter.count(m.ENTRIES, Fate.WAITING, by=report.waiting)
    meter.count(m.ENTRIES, Fate.TOO_OLD, by=report.too_old)


def count_read(meter: Meter, report: ReadReport) -> None:
    """An entry read or put off; of one read, how long after its publication we saw it."""
    meter.count(m.READS, report.outcome)
    new = report.entry.new
    published = new.parsed.published
    # A revision keeps the date of its first wording: how late it is cannot be told.
    first = report.outcome is not ReadOutcome.POSTPONED and report.entry.rereads is None
    if first and published is not None and new.revision_of is None:
        meter.time(m.PUBLISHED_TO_SEEN, (report.entry.first_seen - published).total_seconds())


def count_group(meter: Meter, report: GroupReport) -> None:
    """An article that broke the stage; one that was grouped is counted when it is matched."""
    if report.why is not None:
        meter.count(m.PUT_BACK, m.Stage.GROUP)


def count_match(meter: Meter, report: MatchReport, now: datetime) -> None:
    """The rules' answers to one article, and how long after the poll they came."""
    if report.why is not None:
        meter.count(m.PUT_BACK, m.Stage.MATCH)
        return
    for match in report.matches:
        meter.count(m.MATCHES, match.rule.severity)
        meter.count_tags(match.rule.tags)
    meter.count(m.RULE_FAILURES, by=len(report.failures))
    meter.time(m.SEEN_TO_MATCHED, (now - report.article.first_seen).total_seconds())


def count_plan(meter: Meter, plan: Plan | PlanFailure) -> None:
    """A batch planned, or not."""
    meter.count(m.PLANS, _plan_outcome(plan))


def _plan_outcome(plan: Plan | PlanFailure) -> m.PlanOutcome:
    if isinstance(plan, PlanFailure):
        return m.PlanOutcome.FAILED
    if plan.draft:
        return m.PlanOutcome.DRAFT
    return m.PlanOutcome.PLANNED if plan.deliveries else m.PlanOutcome.QUIET


def count_delivery(
    meter: Meter,
    report: DeliveryReport,
    now: datetime,
    first_seen: Callable[[str, str], datetime | None] = lambda digest, batch: None,
) -> None:
    """An attempt and the state it left the delivery in; of one made, how long it took since it was planned, and of
    an immediate one since its first entry was seen, which `first_seen` says of (digest, batch)."""
    new = report.delivery.new
    if report.suppressed:
        meter.count(m.DELIVERIES, new.channel, DeliveryState.SUPPRESSED)
    elif report.failure is None or report.decision is None:
        if batch_kind(new.batch) in _AT_ONCE and not isinstance(meter, NoMeter):  # whom nobody asks, asks nobody
            with suppress(MonitorError):  # it was sent: a store in trouble is named by the stages
                seen = first_seen(new.digest, new.batch)
                if seen is not None:
                    meter.time(m.SEEN_TO_DELIVERED, (now - seen).total_seconds())
        meter.time(m.PLANNED_TO_SENT, (now - report.delivery.created_at).total_seconds())
        meter.count(m.DELIVERIES, new.channel, DeliveryState.SENT)
    else:
        again = report.decision.retry_at is not None
        meter.count(m.DELIVERIES, new.channel, DeliveryState.WAITING if again else DeliveryState.DEAD)


def count_failure(meter: Meter, stage: str) -> None:
    """A turn of a stage, by the name the service gives it, that ended in an error."""
    if stage in _STAGES:
        meter.count(m.STAGE_FAILURES, _STAGES[stage])
