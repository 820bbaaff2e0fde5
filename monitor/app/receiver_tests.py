"""A test message from the dashboard: as `monitor receivers test` sends it, and not as often as one can click."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor import __version__
from monitor.app.questions import House
from monitor.app.receivers import Tried, advice_on, say_goodbye, trials_of
from monitor.model.delivery import ChannelKind
from monitor.model.errors import MonitorError

PAUSE = timedelta(minutes=1)
"""Between two tests of one receiver."""
MOST = 10
"""Tests of all receivers in an hour: each may be a mail to many."""
_SPAN = timedelta(hours=1)
MOST_RECIPIENTS = 20
"""Of one test; the command line tries all."""
_LONGEST = timedelta(minutes=1)
"""Nothing more is begun after that: somebody waits for the page, and a server that hangs takes half of it."""


class TooSoon(MonitorError):
    """Another test so soon; the message says when."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the message to one recipient; `problem` is "" where it was taken."""

    channel: ChannelKind
    recipient: str
    receipt: str = ""
    problem: str = ""
    advice: str = ""
    goes_on: bool = False  # what the receiver had refused before is tried again


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
        return list(_told(house, receiver, mark))

    def _count(self, receiver: str, now: datetime) -> None:
        with self._lock:
            self._sent = [(at, name) for at, name in self._sent if timedelta(0) <= now - at < _SPAN]
            of_this = [at for at, name in self._sent if name == receiver and now - at < PAUSE]
            if of_this:
                wait = max(1, round((of_this[-1] + PAUSE - now).total_seconds()))
                raise TooSoon(f'a test went to "{receiver}" a moment ago; the next may go in {wait} s')
            if len(self._sent) >= MOST:
                wait = max(1, round((self._sent[0][0] + _SPAN - now).total_seconds() / 60))
                raise TooSoon(f"{MOST} tests went out within an hour; the next may go in {wait} min")
            self._sent.append((now, receiver))


def _told(house: House, receiver: str, mark: str) -> Iterator[Told]:
    begun = house.clock.now()
    trials = trials_of(house.settings, receiver, stdout=sys.stdout, version=__version__, mark=mark)
    try:
        for number, trial in enumerate(trials):
            if number >= MOST_RECIPIENTS or house.clock.now() - begun > _LONGEST:
                why = "not tried: this test has so many recipients, or took so long already"
                advice = f"monitor receivers test {receiver} tries all of them."
                yield Told(trial.kind, trial.recipient, problem=why, advice=advice)
                continue
            yield _of(trial.send(), house)
    finally:
        say_goodbye(trials)


def _of(tried: Tried, house: House) -> Told:
    if tried.failure is not None:
        return Told(tried.channel, tried.recipient, problem=tried.failure.detail, advice=advice_on(tried))
    receipt = f"{tried.receipt} ({tried.over})" if tried.over else tried.receipt or ""
    goes_on = house.store.receivers.close(tried.receiver, tried.channel, house.clock.now())
    return Told(tried.channel, tried.recipient, receipt, goes_on=goes_on)
