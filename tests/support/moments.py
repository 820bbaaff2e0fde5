"""The language of acceptance: `at("08:00")` and `within("30s")`, over a faked clock.

Over the real daemon the same words are `Desk.within`; there is no `at`: nobody sets the clock of the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from desk import span
from newsroom import Newsroom

_STEP = timedelta(seconds=30)


class Moments:
    """Time of a newsroom: it passes in steps, and after each the digests plan and the senders send what is due."""

    def __init__(self, room: Newsroom, zone: str = "UTC", step: timedelta = _STEP) -> None:
        self.room = room
        self._zone = ZoneInfo(zone)
        self._step = step

    def at(self, wall: str) -> datetime:
        """Lets time pass until clocks in the zone next show `wall` ("08:00"), and does what is due; the moment."""
        now = self.room.clock.now().astimezone(self._zone)
        hour, minute = map(int, wall.split(":"))
        then = datetime.combine(now.date(), time(hour, minute), self._zone)
        if then <= now:
            then = datetime.combine(now.date() + timedelta(days=1), time(hour, minute), self._zone)
        self._pass_until(then)
        return then

    def within(self, text: str, condition: Callable[[], bool]) -> timedelta:
        """Lets time pass until it is so; fails when it takes longer. How long it took."""
        begun = self.room.clock.now()
        self._work()
        while not condition():
            took = self.room.clock.now() - begun
            assert took < span(text), f"not within {text}"
            self._on(min(self._step, span(text) - took))
        return self.room.clock.now() - begun

    def pass_time(self, text: str) -> None:
        """Lets so much time pass."""
        self._pass_until(self.room.clock.now() + span(text))

    def _pass_until(self, then: datetime) -> None:
        self._work()
        while (now := self.room.clock.now()) < then:
            self._on(min(self._step, then - now))

    def _on(self, step: timedelta) -> None:
        self.room.clock.advance(step)
        self._work()

    def _work(self) -> None:
        self.room.plan()
        self.room.deliver()
