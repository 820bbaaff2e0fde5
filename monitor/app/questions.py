"""What the reading commands need: the store of a config, opened beside a running daemon."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from monitor import __version__
from monitor.adapters.clock import SystemClock
from monitor.adapters.store.sql import SqlStore
from monitor.app.check import check
from monitor.app.discreet import discreet_notice
from monitor.app.kept_out import silences_of_the_day
from monitor.app.previews import notice_texts, preview_texts
from monitor.app.status import MOST_SHOWN, Status, status_of
from monitor.app.unsubscribing import links_of, no_links
from monitor.app.waiting import quiet_words
from monitor.config import Settings
from monitor.core.digests.tags import tags_of
from monitor.core.rules import Memory, RuleSet
from monitor.core.stories.publishers import Publishers
from monitor.model.delivery import Receiver
from monitor.model.errors import ConfigInvalid, MonitorError
from monitor.model.health import HEALTH
from monitor.model.jobs import Engine
from monitor.pipeline.digest import DigestStage
from monitor.pipeline.health import HealthStage
from monitor.ports import Clock


class NoSuchDigest(MonitorError):
    """A digest name the config does not have."""


class NoSuchReceiver(MonitorError):
    """A receiver name the config does not have."""


@dataclass(frozen=True, slots=True)
class House:
    """A config and its store, to be asked. `ruleset` is None when the rule files do not hold; `memory` is what
    loading them left."""

    settings: Settings
    ruleset: RuleSet | None
    store: SqlStore
    clock: Clock
    memory: Memory

    def status(self, *, failing: int | None = MOST_SHOWN, unindexed: int | None = None) -> Status:
        """The numbers of `monitor status`, with at most so many `failing` feeds, None: all; `unindexed` articles
        where it is known how many there are."""
        daemons = self.store.daemons()
        return status_of(
            self.store,
            self.settings.digests,
            version=__version__,
            name=self.store.name,
            size=self.store.size(),
            holder=next((one.pid for one in daemons), None),
            daemons=daemons,
            queue=self.settings.engine is Engine.PROCRASTINATE,
            now=self.clock.now(),
            rules_hold=self.ruleset is not None,
            timezone=self.settings.health.timezone,
            tells=bool(self.settings.health.receivers) or not self.settings.digests,
            receivers=self.settings.receivers,
            failing=failing,
            unindexed=unindexed,
        )

    def expect(self, *, digest: str | None = None, receiver: str | None = None) -> None:
        """Raises NoSuchDigest or NoSuchReceiver when the config has nothing of that name."""
        digests = [one.name for one in self.settings.digests]
        if digest is not None and digest not in digests:
            raise NoSuchDigest(f'no digest is called "{digest}"; there are: {", ".join(digests) or "none"}')
        receivers = [one.name for one in self.settings.receivers]
        if receiver is not None and receiver not in receivers:
            raise NoSuchReceiver(
                f'no receiver is called "{receiver}"; there are: {", ".join(receivers) or "none"}'
            )


@contextmanager
def opened(config: Path, environment: Mapping[str, str]) -> Iterator[House]:
    """The house of a config file. Rules that do not hold are no reason not to answer.

    Raises ConfigInvalid when the config itself does not hold, StoreMissing when nothing ever ran,
    StoreOlder when only an older version ran.
    """
    report = check(config, environment=environment, secrets=False)
    if report.settings is None:
        raise ConfigInvalid(report.problems)
    store = SqlStore(report.settings.store_url, ask_only=True)
    try:
        yield House(report.settings, report.ruleset, store, SystemClock(), report.memory)
    finally:
        store.close()


def preview_of(house: House, name: str, form: str, *, discreet: bool = False) -> list[str]:
    """The texts of what a digest would say now, `discreet` to who only reads; raises NoSuchDigest."""
    if name == HEALTH:
        notice = _keeper(house).preview()
        return notice_texts(discreet_notice(notice) if discreet else notice, form)
    house.expect(digest=name)
    settings = next(one for one in house.settings.digests if one.name == name)
    return preview_texts(asking_stage(house, {}).preview(settings), form)


def quiet_note(house: House, name: str) -> str:
    """Says that the digest is quiet now, and until when; "" for one that is not. Raises NoSuchDigest."""
    if name == HEALTH:
        return ""
    house.expect(digest=name)
    settings = next(one for one in house.settings.digests if one.name == name)
    return quiet_words(settings, house.clock.now())


def _keeper(house: House) -> HealthStage:
    settings = house.settings
    rules = [rule.id for rule in house.ruleset.rules] if house.ruleset is not None else []
    receivers = {receiver.name: receiver for receiver in settings.receivers}
    return HealthStage(
        house.store,
        settings.health,
        settings.digests,
        receivers,
        rules,
        house.clock,
        silences=silences_of_the_day(house.store, [one.name for one in settings.digests], house.clock),
    )


def asking_stage(house: House, receivers: Mapping[str, Receiver]) -> DigestStage:
    """A digest stage that a command asks beside the daemon."""
    rules = () if house.ruleset is None else house.ruleset.rules
    return DigestStage(
        house.store.digests,
        house.store.feeds,
        house.settings.digests,
        receivers,
        house.clock,
        publishers=Publishers(dict(house.settings.publishers)),
        window=house.settings.story_window,
        silences=house.store.silences,
        # Who only asks reaches nobody, and must not make the key of the links.
        links=links_of(house.store.suppressions, house.clock, house.settings.public_url)
        if receivers
        else no_links,
        tags=lambda settings: tags_of(settings.rules, rules),
    )
