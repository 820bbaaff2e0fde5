"""A config and its store, opened beside a running daemon to be looked at or changed; rules are not read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from monitor.adapters.clock import SystemClock
from monitor.adapters.store.sql import SqlStore
from monitor.app.check import settings_of
from monitor.app.known_feeds import KnownFeeds, known_feeds
from monitor.config import Settings
from monitor.model.errors import StoreMissing
from monitor.ports import Clock


class Missing(StrEnum):
    """What a store is that is not there."""

    REFUSED = "refused"  # there is nothing to look at
    MADE = "made"  # as by `monitor run`
    EMPTY = "empty"  # for a rehearsal: one in memory that is forgotten again


@dataclass(frozen=True, slots=True)
class Desk:
    """A config and its store."""

    config: Path
    settings: Settings
    store: SqlStore
    clock: Clock

    def known_feeds(self) -> KnownFeeds:
        """The feeds of both."""
        return known_feeds(self.store.feeds.all(), self.settings, self.config)


@contextmanager
def opened_desk(config: Path, environment: Mapping[str, str], missing: Missing) -> Iterator[Desk]:
    """The desk of a config file. Secrets that are not there are no reason against it.

    Raises ConfigInvalid when the config itself does not hold, StoreMissing with Missing.REFUSED, and StoreOlder
    even where something is to be changed: a daemon of the older version may be at work on that store.
    """
    settings = settings_of(config, environment, secrets=False)
    store = _store(settings.store_url, missing)
    try:
        yield Desk(config, settings, store, SystemClock())
    finally:
        store.close()


def _store(url: str, missing: Missing) -> SqlStore:
    try:
        return SqlStore(url, ask_only=True)
    except StoreMissing:
        if missing is Missing.REFUSED:
            raise
        return SqlStore(url if missing is Missing.MADE else "sqlite://")
