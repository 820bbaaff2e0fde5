"""A test message from the dashboard: as `monitor receivers test` sends it, and not as often as one can click."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from monitor import __version__
from monitor.app.questions import House
from monitor.app.receivers import Trial, Tried, advice_on, say_goodbye, trials_of
from monitor.model.delivery import ChannelKind
from monitor.model.errors import DeliveryFault, MonitorError

log = structlog.get_logger("monitor.web")

PAUSE = timedelta(minutes=1)
"""Between two tests of one receiver."""
MOST = 10
"""Tests of all receivers in an hour: each may be a mail to many."""
_SPAN = timedelta(hours=1)
MOST_RECIPIENTS = 20
"""Of one test; the command line tries all."""
PATIENCE = timedelta(seconds=15)
"""For which a page waits for the answers: its connection lives for thirty (`web.door`), and a mail server that
hangs may take two minutes. Nothing more is begun after that."""


class TooSoon(MonitorError):
    """Another test so soon; the message says when: after `wait`."""

    def __init__(self, why: str, wait: timedelta) -> None:
        super().__init__(why)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the message to one recipient; `problem` is "" where it was taken, and `fault` its kind, where
    the channel said it. `over` is as in `Tried`."""

    channel: ChannelKind
    recipient: str
    receipt: str = ""
    problem: str = ""
    advice: str = ""
    goes_on: bool = False  # what the receiver had refused before is tried again
    is_known: bool = True  # else `problem` says why not
    over: str = ""
    fault: DeliveryFault | None = None


class ReceiverTests:
    """Counts the tests that were sent, and refuses those that come too soon."""

    def __init__(self) -> None:
        self._sent: list[tuple[datetime, str]] = []
        self._lock = threading.Lock()

    def run(self, house: House, receiver: str, mark: str) -> list[Told]:
        """Sends a test to every recipient, and says what each answered. `mark` makes it differ from all others.

        Raises NoSuchReceiver, TooSoon.
        """
        house.expect(receiver=receiver)
        self._count(receiver, house.clock.now())
        trials = trials_of(house.settings, receiver, stdout=sys.stdout, version=__version__, mark=mark)
        tried = trials[:MOST_RECIPIENTS]
        told = _Round(house, tried).told_within(PATIENCE)
        return [*told, *_not_told(receiver, trials[len(told) :], waits=len(told) < len(tried))]

    def _count(self, receiver: str, now: datetime) -> None:
        with self._lock:
            self._sent = [(at, name) for at, name in self._sent if timedelta(0) <= now - at < _SPAN]
            of_this = [at for at, name in self._sent if name == receiver and now - at < PAUSE]
            if of_this:
                wait = of_this[-1] + PAUSE - now
                seconds = max(1, round(wait.total_seconds()))
                raise TooSoon(f'a test went to "{receiver}" a moment ago; the next may go in {seconds} s', wait)
            if len(self._sent) >= MOST:
                wait = self._sent[0][0] + _SPAN - now
                minutes = max(1, round(wait.total_seconds() / 60))
                raise TooSoon(f"{MOST} tests went out within an hour; the next may go in {minutes} min", wait)
            self._sent.append((now, receiver))


class _Round:
    """Tries one recipient after the other in a thread of its own: a page that no longer waits ends nothing."""

    def __init__(self, house: House, trials: Sequence[Trial]) -> None:
        self._house, self._trials = house, trials
        self._told: list[Told] = []
        self._left = False  # the page waits no more
        self._lock = threading.Lock()  # of these two
        # A daemon thread: the monitor ends without it.
        self._thread = threading.Thread(target=self._try_all, name="receiver test", daemon=True)

    def told_within(self, patience: timedelta) -> list[Told]:
        """What was answered by then."""
        self._thread.start()
        self._thread.join(patience.total_seconds())
        with self._lock:
            self._left = True
            return list(self._told)

    def _try_all(self) -> None:
        try:
            for trial in self._trials:
                told = _tried(trial, self._house)
                with self._lock:
                    if not self._left:
                        self._told.append(told)
                        continue
                words = {"receipt": told.receipt, "problem": told.problem}
                log.info("a test was answered late", receiver=trial.receiver, **words)
                return
        finally:
            say_goodbye(self._trials)


def _not_told(receiver: str, trials: Sequence[Trial], *, waits: bool) -> Iterator[Told]:
    advice = f"monitor receivers test {receiver} waits for all of them."
    for number, trial in enumerate(trials):
        if waits and not number:
            why = "no answer yet: it may still get there, and the log will say"
        else:
            why = "not tried: this test has so many recipients, or took so long already"
        yield Told(trial.kind, trial.recipient, problem=why, advice=advice, is_known=False)


def _tried(trial: Trial, house: House) -> Told:
    try:
        return _of(trial.send(), house)
    except Exception as error:  # its words may hold the address of a webhook, which is a secret
        return Told(trial.kind, trial.recipient, problem=f"internal error: {type(error).__name__}")


def _of(tried: Tried, house: House) -> Told:
    if tried.failure is not None:
        failure = tried.failure
        return Told(
            tried.channel, tried.recipient, problem=failure.detail, advice=advice_on(tried), fault=failure.fault
        )
    goes_on = house.store.receivers.close(tried.receiver, tried.channel, house.clock.now())
    return Told(tried.channel, tried.recipient, tried.receipt or "", goes_on=goes_on, over=tried.over)


def told_json(receiver: str, told: Told) -> dict[str, Any]:
    """What became of it, as `tried_json`; `ok` is None where nobody knows."""
    return {
        "receiver": receiver,
        "channel": told.channel.value,
        "recipient": told.recipient,
        "ok": not told.problem if told.is_known else None,
        "receipt": told.receipt or None,
        "over": told.over or None,
        "fault": told.fault.value if told.fault else None,
        "error": told.problem or None,
        "advice": told.advice or None,
        "goes_on": told.goes_on,
    }
