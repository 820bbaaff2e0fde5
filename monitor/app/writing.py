"""The store of a config, opened to write beside a running daemon."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from monitor.adapters.clock import SystemClock
from monitor.adapters.store.sql import SqlStore
from monitor.app.check import check
from monitor.config import Settings
from monitor.core.rules import RuleSet
from monitor.model.errors import ConfigInvalid, StoreMissing
from monitor.ports import Clock


@dataclass(frozen=True, slots=True)
class Desk:
    """A config and its store, to be changed. `ruleset` is None when the rule files do not hold."""

    config: Path
    settings: Settings
    ruleset: RuleSet | None
    store: SqlStore
    clock: Clock


@contextmanager
def opened_to_write(config: Path, environment: Mapping[str, str]) -> Iterator[Desk]:
    """The desk of a config file; the store is made when it is not there, as by `monitor run`.

    Raises ConfigInvalid when the config itself does not hold, and StoreOlder: a daemon of the older version may be
    at work on that store. Rules that do not hold, and secrets that are not there, are no reason not to.
    """
    report = check(config, environment=environment, secrets=False)
    if report.settings is None:
        raise ConfigInvalid(report.problems)
    url = report.settings.store_url
    try:
        store = SqlStore(url, ask_only=True)
    except StoreMissing:
        store = SqlStore(url)
    try:
        yield Desk(config, report.settings, report.ruleset, store, SystemClock())
    finally:
        store.close()
