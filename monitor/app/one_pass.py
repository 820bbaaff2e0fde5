"""`monitor run --once`: every stage in turn, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from monitor.app.counting import counted
from monitor.app.reports import (
    say_delivery,
    say_gap,
    say_group,
    say_health,
    say_match,
    say_plan,
    say_poll,
    say_read,
)
from monitor.app.wiring import Monitor
from monitor.model.article import ReadOutcome
from monitor.model.delivery import DeliveryState
from monitor.model.feed import POLL_SUCCESS
from monitor.model.ledger import Plan

log = structlog.get_logger("monitor")


@dataclass
class Pass:
    """What one pass of `--once` came to."""

    feeds: int = 0
    polled: int = 0
    failing: list[tuple[str, str]] = field(default_factory=list)
    not_asked: int = 0  # feeds whose hosts are paused
    seen: int = 0
    too_old: int = 0
    new: int = 0
    postponed: int = 0
    fallback: list[tuple[str, str]] = field(default_factory=list)  # pages that could not be read, and why
    matches: int = 0
    plans: int = 0
    sent: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    waiting: int = 0  # messages of earlier passes whose next attempt is not due yet

    @property
    def exit_code(self) -> int:
        """0 done; 1 a delivery failed, or there were feeds and none could be polled."""
        return 1 if self.failed or (self.feeds and not self.polled) else 0


def run_pass(
    monitor: Monitor,
    stopping: Callable[[], bool],
    *,
    on_plan: Callable[[Plan], None],
    sends: bool,
    say: Callable[[str], None],
) -> Pass:
    """One pass: every feed is due, every digest with matches is closed and sent; `say` hears each step."""
    done = Pass()
    done.feeds = monitor.store.feeds.make_all_due(monitor.clock.now())
    say(f"Polling {counted(done.feeds, 'feed')} …")
    for report in monitor.poll.run(stopping):
        say_poll(log, report)
        if report.decision.outcome in POLL_SUCCESS:
            done.polled += 1
        else:
            done.failing.append((report.feed.name, report.decision.error or report.decision.outcome.value))
        done.seen += report.seen
        done.too_old += report.too_old
        done.new += report.waiting
    if not stopping():
        done.not_asked = max(0, done.feeds - done.polled - len(done.failing))
    for page in monitor.gaps.run(stopping):
        say_gap(log, page)
        done.seen += page.seen
        done.new += page.waiting
    say(f"Reading {counted(done.new, 'new entry', 'new entries')} …")
    for read in monitor.read.run(stopping):
        say_read(log, read)
        done.postponed += read.outcome is ReadOutcome.POSTPONED
        if read.outcome in (ReadOutcome.FALLBACK, ReadOutcome.STUB):
            done.fallback.append((read.entry.new.parsed.link or "", read.why or ""))
    say("Matching and delivering …")
    for group in monitor.group.run(stopping):
        say_group(log, group)
    for match in monitor.match.run(stopping):
        say_match(log, match)
        done.matches += len(match.matches)
    for plan in monitor.digest.run(close_all=True):
        say_plan(log, plan)
        if isinstance(plan, Plan):
            on_plan(plan)
            done.plans += bool(plan.deliveries)
        else:
            done.failed.append((f"digest {plan.digest}", plan.why))
    for told in monitor.health.run() if sends else ():
        say_health(log, told)
    for delivery in monitor.deliver.run(stopping) if sends else ():
        say_delivery(log, delivery)
        if delivery.failure is None:
            done.sent += not delivery.suppressed
        else:
            done.failed.append((delivery.delivery.new.receiver, str(delivery.failure)))
    waiting = monitor.store.ledger.counts(monitor.clock.now()).deliveries.get(DeliveryState.WAITING.value, 0)
    done.waiting = max(0, waiting - len(done.failed))
    return done
