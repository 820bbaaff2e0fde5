"""The heartbeat: whether every stage moves on, and the ping that says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from monitor import __version__
from monitor.adapters.heartbeat import HeartbeatFailed, send_heartbeat
from monitor.core.health.progress import StageSign, Standstill, Withheld, withheld
from monitor.model.errors import MonitorError
from monitor.model.health import HealthSettings
from monitor.model.secret import Secret
from monitor.ports import HealthFacts

log = structlog.get_logger("monitor")

SAY_AGAIN = 3600.0  # seconds between two lines about a heartbeat that nobody takes


class Progress:
    """Noted by the service, read by the heartbeat and the watchdog: `steady` gives seconds that only grow."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._turned: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._did: dict[str, float] = {}

    def begin(self, stages: Sequence[str]) -> None:
        """These stages are to move on from now on."""
        now = self._steady()
        self._turned = dict.fromkeys(stages, now)
        self._ended = dict.fromkeys(stages, now)
        self._did = dict.fromkeys(stages, now)

    def turned(self, stage: str) -> None:
        """A turn of the stage ended well."""
        if stage in self._turned:
            self._turned[stage] = self._ended[stage] = self._steady()

    def failed(self, stage: str) -> None:
        """A turn of the stage ended, though not well."""
        if stage in self._ended:
            self._ended[stage] = self._steady()

    def did(self, stage: str) -> None:
        """The stage did something: one feed, one article, one delivery."""
        if stage in self._did:
            self._did[stage] = self._steady()

    def signs(self) -> Mapping[str, StageSign]:
        """How each stage stands now."""
        now = self._steady()
        return {
            stage: StageSign(
                turned=timedelta(seconds=now - turned),
                did=timedelta(seconds=now - self._did[stage]),
                ended=timedelta(seconds=now - self._ended[stage]),
            )
            for stage, turned in self._turned.items()
        }


class Unplanned:
    """The digests that fail to be planned, since when and why."""

    def __init__(self) -> None:
        self._failing: Mapping[str, tuple[datetime, str]] = {}

    def turn(self, failures: Mapping[str, str], now: datetime) -> None:
        """What failed in a turn over all digests; what did not is well again."""
        before = self._failing
        self._failing = {name: (before.get(name, (now, ""))[0], why) for name, why in failures.items()}

    @property
    def failing(self) -> Mapping[str, tuple[datetime, str]]:
        """(since, why) by digest."""
        return self._failing


class Heartbeat:
    """Pings while the pipeline progresses. `held` says why it does not, for `/readyz`."""

    def __init__(
        self,
        progress: Progress,
        unplanned: Unplanned,
        send: Callable[[Secret, str], None] = send_heartbeat,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self.held: Withheld | None = None
        self._progress = progress
        self._unplanned = unplanned
        self._send = send
        self._steady = steady
        self._said: float | None = None  # when it was said last that nobody takes it
        self._alone = threading.Lock()

    def beat(self, settings: HealthSettings, facts: HealthFacts, now: datetime) -> None:
        """One heartbeat, or none and why. Never raises; one at a time."""
        if settings.heartbeat_url is None or not self._alone.acquire(blocking=False):
            return
        try:
            held = self._standstill(settings, facts, now)
            if held != self.held and held is not None:
                log.error("heartbeat withheld", reason=held.reason.value, why=held.detail)
            elif held is None and self.held is not None:
                log.info("heartbeat goes on")
            self.held = held
            if held is None:
                self._ping(settings.heartbeat_url)
        finally:
            self._alone.release()

    def _standstill(self, settings: HealthSettings, facts: HealthFacts, now: datetime) -> Withheld | None:
        try:
            due = facts.oldest_due(now)
        except MonitorError as error:
            return Withheld(Standstill.STORE_UNUSABLE, type(error).__name__)  # its words may name a path
        since = {digest: when for digest, (when, _) in self._unplanned.failing.items()}
        return withheld(self._progress.signs(), due, since, settings.heartbeat_every, now)

    def _ping(self, url: Secret) -> None:
        try:
            self._send(url, __version__)
        except HeartbeatFailed as error:
            now = self._steady()
            if self._said is None or now - self._said > SAY_AGAIN:
                self._said = now
                log.warning("heartbeat not taken", why=str(error))
            return
        if self._said is not None:
            self._said = None
            log.info("heartbeat taken again")
