"""What the pages of a running daemon ask: the config in force, the store, the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes

from monitor.adapters.store.sql import SqlStore
from monitor.app.check import Ready
from monitor.app.desk import Desk
from monitor.app.entrance import Entrance
from monitor.app.questions import House
from monitor.app.rates import Rates
from monitor.app.receiver_tests import ReceiverTests
from monitor.app.reload import Reloader
from monitor.app.rule_days import RuleDays
from monitor.app.rule_saving import RuleSaver
from monitor.app.status import MOST_SHOWN, Status
from monitor.app.story_facets import FacetsOfTime
from monitor.app.wiring import Monitor
from monitor.config import Settings
from monitor.core.rules import Memory
from monitor.ports import Clock

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class OpenHouse:
    """A daemon's store, and the config that is in force whenever a page asks: a reload changes it.

    Without a `reloader` nothing can be saved: what is written would not be taken up.
    `unindexed` says how many articles the daemon knows to wait for the index; None before it has counted.
    """

    config: Path
    ready: Callable[[], Ready]
    store: SqlStore
    clock: Clock
    rule_days: RuleDays = field(default_factory=RuleDays)
    facets: FacetsOfTime = field(default_factory=FacetsOfTime)
    receiver_tests: ReceiverTests = field(default_factory=ReceiverTests)
    reloader: Reloader | None = None
    saver: RuleSaver | None = None
    rates: Rates = field(default_factory=Rates)
    unindexed: Callable[[], int | None] = lambda: None

    @property
    def house(self) -> House:
        """As the commands have it."""
        ready = self.ready()
        ruleset = None if ready.rules_of is not None else ready.ruleset
        return House(ready.settings, ruleset, self.store, self.clock, ready.memory or Memory())

    def status(self, *, failing: int | None = MOST_SHOWN) -> Status:
        """The numbers of `monitor status`, with at most so many `failing` feeds, None: all; what takes long to
        count is as the daemon knows it."""
        return self.house.status(failing=failing, unindexed=self.unindexed() or 0)

    def desk(self) -> Desk:
        """As the commands that change something have it."""
        return Desk(self.config, self.ready().settings, self.store, self.clock)


def open_house_of(config: Path, reloader: Reloader, monitor: Monitor) -> OpenHouse:
    """That of a daemon."""
    assert isinstance(monitor.store, SqlStore), "a daemon has a store of its own"
    return OpenHouse(
        config,
        lambda: reloader.ready,
        monitor.store,
        monitor.clock,
        reloader=reloader,
        saver=RuleSaver(config, reloader),
        unindexed=lambda: monitor.index.progress.waiting,
    )


def has_dashboard(settings: Settings) -> bool:
    """Whether its pages are shown.

    With a public address a proxy stands in front, which may let anybody through: they need tokens then.
    """
    return bool(settings.web_tokens) or not settings.public_url


def entrance_of(ready: Callable[[], Ready], monitor: Monitor) -> Entrance:
    """Who may come in, by the config in force.

    Pages that began with tokens are free for nobody before a restart: a reload that loses them, or all of [web],
    would else open to everybody what a proxy may show to the world.
    """
    key = monitor.store.suppressions.signing_key(token_bytes(_KEY_BYTES))
    began_free = not ready().settings.web_tokens

    def free() -> bool:
        return began_free and has_dashboard(ready().settings)

    sessions = monitor.store.sessions
    return Entrance(lambda: ready().settings.web_tokens, key, monitor.clock, free, ended=sessions)
