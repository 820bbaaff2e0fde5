"""The daemons beside this one: their coming and going in the log, and whether they all work by one config."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from monitor.core.health.troubles import MISSING_AFTER, daemons_differ, no_dispatcher
from monitor.model.daemons import SHARES, Daemon, Division, Missing, key_of_duty, missing
from monitor.model.errors import MonitorError
from monitor.model.health import Trouble
from monitor.ports import Clock, Shares

log = structlog.get_logger("monitor")

DIVIDE_EVERY = 1.0  # seconds: two small queries, and so long nobody does what a dead daemon did
SHARED = frozenset({"poll", "gaps", "read", "deliver"})
"""The stages whose work is divided by hosts and receivers; of every other stage one daemon has the whole."""


_MISSING = {
    Missing.DISPATCHER: "no dispatcher is at work: nobody gives out what is due",
    Missing.WORKER: "no worker is there: nobody takes what is given out",
}


class Sharing:
    """Divides the work with the daemons beside this one, and says so. Calls may come from two threads."""

    def __init__(self) -> None:
        self._queue = False
        self._others: dict[str, Daemon] = {}
        self._said: tuple[int, frozenset[str], bool] | None = None
        self._trouble: str | None = None  # the store's
        self._hangs: str | None = None
        self.differs: tuple[datetime, tuple[Daemon, ...]] | None = None  # since when, and who
        self.missing: dict[Missing, datetime] = {}  # since when
        self._missed: set[Missing] = set()  # that was said

    def begin(self, shares: Shares, stages: Sequence[str], clock: Clock, *, queue: bool = False) -> None:
        """Takes part from now on in what these stages do; without any in nothing. With a `queue` dispatchers and
        workers need each other."""
        self._queue = queue
        if stages:
            takes_shares = not SHARED.isdisjoint(stages)
            shares.begin([stage for stage in stages if stage not in SHARED], shares=takes_shares)
        if shares.divided:
            self.turn(shares, clock)

    def turn(
        self, shares: Shares, clock: Clock, hangs: str | None = None, workers: frozenset[int] = frozenset()
    ) -> None:
        """One division, in which a daemon that hangs takes no part where there are others; `workers` are the
        numbers under which this one takes jobs.

        Never raises: a store in trouble divides nothing, and what was had is lost by itself.
        """
        if hangs is not None and self._hangs is None:
            log.error("hangs, and leaves its part to other daemons, if there are any", why=hangs)
        self._hangs = hangs
        try:
            division = shares.turn(well=hangs is None, workers=workers)
        except MonitorError as error:
            if str(error) != self._trouble:
                log.warning("the work is not divided", why=str(error))
            self._trouble = str(error)
            return
        self._trouble = None
        self._say(division)
        since = self.differs[0] if self.differs else clock.now()
        self.differs = (since, division.differing) if division.differing else None
        if self._queue:
            self._look_who_is_missing(division, clock.now())

    def troubles(self, now: datetime) -> list[Trouble]:
        """That daemons work by different configs for long, and that nobody gives out what is due."""
        since, others = self.differs or (now, ())
        return [
            *daemons_differ([str(one) for one in others], since, now),
            *no_dispatcher(self.missing.get(Missing.DISPATCHER), now),
        ]

    def _look_who_is_missing(self, division: Division, now: datetime) -> None:
        me = replace(division.me, keys=frozenset(map(key_of_duty, division.duties)))
        gone = missing([me, *division.others])
        self.missing = {one: self.missing.get(one, now) for one in gone}
        for one, since in self.missing.items():
            if one not in self._missed and now - since >= MISSING_AFTER:
                log.warning(_MISSING[one], seconds=round((now - since).total_seconds()))
                self._missed.add(one)
        for one in self._missed - set(gone):
            log.info("is there again", what=one.value.removeprefix("no_"))
            self._missed.discard(one)

    def _say(self, division: Division) -> None:
        for ended in division.ended:
            log.warning("a daemon that was silent is cut off", daemon=str(ended), seconds=round(ended.silent))
        here = {one.token: one for one in division.others}
        for token, one in here.items():
            before = self._others.get(token)
            if before is None:
                log.info("another daemon is there", daemon=str(one), version=one.version)
            if (before is None or before.config != one.config) and one.config != division.me.config:
                log.warning("a daemon has another config or other rules", daemon=str(one), then="reload it")
            if before is None and one.version != division.me.version:
                log.warning("a daemon has another version", daemon=str(one), version=one.version)
        for token, gone in self._others.items():
            if token not in here:
                log.info("another daemon is gone", daemon=str(gone))
        said = (division.shares, division.duties, division.older)
        if said != self._said:
            if division.older:
                log.warning("takes no part: another daemon has a newer config", then="reload this one (SIGHUP)")
            else:
                log.info("shares of the work", shares=division.shares, of=SHARES, duties=sorted(division.duties))
        self._others, self._said = here, said
