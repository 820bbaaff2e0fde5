"""What the service manager (systemd) is told of the daemon: that it runs, how it does, and that nothing hangs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from monitor.adapters.notify import NotifySocket
from monitor.app.counting import counted
from monitor.app.heartbeat import Progress
from monitor.app.pulse import SILENT, Pulse
from monitor.app.reload import Reloader
from monitor.app.status import state_of
from monitor.core.health.progress import hung
from monitor.model.delivery import DeliveryState
from monitor.model.errors import MonitorError, StoreUnusable
from monitor.model.feed import SUBSCRIBED
from monitor.model.measure import FeedState
from monitor.ports import Store

log = structlog.get_logger("monitor")

LOOK_EVERY = 30.0  # seconds between two looks at what the status says
UPGRADE_WITHIN = timedelta(hours=2)  # for the migrations of a big store
_ANSWERS = 4  # to the watchdog in its time: one that is lost, or late, does no harm

Tell = Callable[[Mapping[str, str]], bool]


@dataclass(frozen=True, slots=True)
class _Watched:
    progress: Progress
    pulse: Pulse
    reloader: Reloader | None


class Supervisor:
    """Tells a service manager what it wants to know (sd_notify(3)); without one (`tell` is None) it does nothing.

    `watchdog` is how long the manager waits for an answer, None when it does not. What nobody took is said again
    at the next `turn`. All but `look` is for the main thread.
    """

    def __init__(
        self,
        tell: Tell | None = None,
        watchdog: timedelta | None = None,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self.watchdog = watchdog if tell is not None else None
        self._steady = steady
        self._watched: _Watched | None = None
        self._seen = ""  # by the last look
        self._told: tuple[bool, int | None] = (False, None)  # ready, and since when the files are read
        self._told_status = ""
        self._answered: float | None = None
        self._hangs = False

    @property
    def wanted(self) -> bool:
        """Whether there is anybody to be told."""
        return self._tell is not None

    def starting(self, what: str) -> None:
        """The daemon is about to do this before it runs."""
        if self._tell is not None:
            self._tell({"STATUS": f"starting: {what}"})

    def upgrading(self) -> None:
        """The store is brought up to date first: the manager must not take the start for stuck."""
        if self._tell is not None:
            longer = UPGRADE_WITHIN // timedelta(microseconds=1)
            self._tell({"STATUS": "starting: bringing the store up to date", "EXTEND_TIMEOUT_USEC": str(longer)})

    def watch(self, progress: Progress, pulse: Pulse, reloader: Reloader | None) -> None:
        """What to judge by."""
        self._watched = _Watched(progress, pulse, reloader)

    def look(self, store: Store, now: datetime) -> None:
        """Asks the store what the status is to say; may wait for it, and be called by any thread. Never raises."""
        self._seen = _seen(store, now)

    def turn(self, host_delay: timedelta = timedelta(0)) -> None:
        """One turn of the main loop: the daemon runs, reads its files again, or has done so; and nothing hangs.

        `host_delay` is that of the config in force.
        """
        if self._tell is None or self._watched is None:
            return
        since = self._watched.reloader.reading_since if self._watched.reloader else None
        said: dict[str, str] = {}
        if self._told != (True, since):
            said |= {"READY": "1"} if since is None else {"RELOADING": "1", "MONOTONIC_USEC": str(since)}
        hangs = self._look_for_what_hangs(self._watched, host_delay)
        status = self._status(self._watched, hangs)
        if status != self._told_status:
            said["STATUS"] = status
        now = self._steady()
        if hangs is None and self._is_due(now):
            said["WATCHDOG"] = "1"
        if said and self._tell(said):
            self._told, self._told_status = (True, since), status
            if "WATCHDOG" in said:
                self._answered = now

    def stopping(self) -> None:
        """The daemon ends what it is doing, and then itself."""
        if self._tell is not None:
            self._tell({"STOPPING": "1", "STATUS": "stopping: ends what it is doing"})

    def _is_due(self, now: float) -> bool:
        if self.watchdog is None:
            return False
        return self._answered is None or now - self._answered >= self.watchdog.total_seconds() / _ANSWERS

    def _look_for_what_hangs(self, watched: _Watched, host_delay: timedelta) -> str | None:
        """What only a restart cures. Whatever the store, a network or a receiver does is no reason."""
        silence = watched.pulse.silence
        held = hung(watched.progress.signs(), host_delay)
        why = f"no stage was let run for {silence:.0f} s" if silence > SILENT else held.detail if held else None
        if self.watchdog is not None and self._hangs != (why is not None):
            if why is not None:
                log.error("the watchdog gets no answer: the service manager restarts the monitor", why=why)
            else:
                log.info("the watchdog is answered again")
        self._hangs = why is not None
        return why

    def _status(self, watched: _Watched, hangs: str | None) -> str:
        parts = [self._seen or "running", *_files(watched.reloader)]
        if hangs is not None:
            parts.insert(0, f"HANGS: {hangs}")
        return "; ".join(parts)


def supervisor_of(environment: MutableMapping[str, str], pid: int) -> Supervisor:
    """Whoever the environment names; its variables are taken out, since no child is asked (sd_notify(3)).

    `WATCHDOG_PID` names who has to answer (sd_watchdog_enabled(3)); a time that is no number is none.
    """
    address, usec, whom = (
        environment.pop(name, "") for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
    )
    if not address.startswith(("/", "@")):
        if address:
            log.warning("NOTIFY_SOCKET is of a kind that is not known here: nobody is told how the monitor does")
        return Supervisor()
    # 19 digits are 300,000 years, and more is no time any more.
    asked = usec.isascii() and usec.isdigit() and len(usec) < 20 and whom in ("", str(pid))
    return Supervisor(NotifySocket(address).tell, timedelta(microseconds=int(usec)) or None if asked else None)


def _seen(store: Store, now: datetime) -> str:
    """Feeds, the last poll and the outbox on one line. It names no feed and no path: all users of the machine may
    read it."""
    try:
        feeds = [feed for feed in store.feeds.all() if feed.status in SUBSCRIBED]
        deliveries = store.ledger.counts(now).deliveries
    except MonitorError as error:
        why = error.why if isinstance(error, StoreUnusable) else type(error).__name__
        return f"the store cannot be used: {why}"
    states = [state_of(feed, now) for feed in feeds]
    failing = sum(state in (FeedState.FAILING, FeedState.GONE) for state in states)
    last = max((feed.last_polled_at for feed in feeds if feed.last_polled_at), default=None)
    waiting = deliveries.get(DeliveryState.WAITING.value, 0)
    return "; ".join(
        (
            f"{counted(len(feeds), 'feed')}, {failing:,} failing, {states.count(FeedState.LATE):,} late",
            "no poll yet" if last is None else f"last poll {_at(last)}",
            f"outbox {waiting:,} waiting, {deliveries.get(DeliveryState.DEAD.value, 0):,} given up",
        )
    )


def _files(reloader: Reloader | None) -> list[str]:
    """What became of config and rules since the start."""
    if reloader is None:
        return []
    said = []
    if reloader.reading_since is not None:
        said.append("reading config and rules again")
    elif reloader.last is not None and reloader.last.problem is None:
        said.append(f"config reloaded {_at(reloader.last.at)}")
    elif reloader.last is not None:
        said.append(f"reload of {_at(reloader.last.at)} REFUSED, the old config stays in force, the log says why")
    if reloader.ready.rules_of is not None:
        said.append("the rule files do not hold, the last good rules are in force")
    return said


def _at(moment: datetime) -> str:
    """With the day: a status may be a week old."""
    return f"{moment.astimezone():%d %b %H:%M:%S}"
