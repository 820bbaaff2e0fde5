"""Names that changed: at start and reload the store carries the history over; `monitor check` says it before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace

import structlog

from monitor.adapters.store.sql import SqlStore
from monitor.app.check import CheckReport, Ready
from monitor.config import Settings
from monitor.core.rules import RuleSet
from monitor.model.errors import RenameRefused, StoreError
from monitor.model.problem import Gravity, Problem
from monitor.model.renaming import Carried, Named, Rename
from monitor.ports import Clock, Store

log = structlog.get_logger("monitor")


def renames_of(settings: Settings, ruleset: RuleSet) -> tuple[Rename, ...]:
    """All that config and rules say was called otherwise."""
    of_rules = (
        Rename(Named.RULE, was, now, ruleset.rule(now).file, ruleset.rule(now).line)
        for was, now in ruleset.renames.items()
        if ruleset.has(now)
    )
    return (*settings.renames, *of_rules)


def carry_over(
    ready: Ready, store: Store, clock: Clock, *, draft: bool, begins: Callable[[], None] = lambda: None
) -> tuple[Carried, ...]:
    """Has the store carry out what is new of these renames, and logs it; a dry run only says what would be.

    `begins` is called before there is something to carry, which takes some seconds for a million rows. Raises
    RenameRefused, StoreError.
    """
    settings, ruleset = ready.settings, ready.ruleset
    renames = renames_of(settings, ruleset)
    coming = store.renames.to_come(renames)
    if draft:
        for one in coming:
            log.warning("a dry run carries no history over", **_named(one))
        return ()
    if coming:
        begins()
    in_use = {
        Named.RECEIVER: frozenset(one.name for one in settings.receivers),
        Named.RULE: frozenset(one.id for one in ruleset.rules),
    }
    done = tuple(store.renames.carry_over(renames, in_use, clock.now()))
    for carried in done:
        apart = {"set_apart": carried.apart} if carried.apart else {}
        log.info("history carried over", **_named(carried.rename), **carried.rows, **apart)
    return done


def _named(rename: Rename) -> Mapping[str, str]:
    return {"of": rename.kind.value, "name": rename.now, "was": rename.was}


def with_renames(report: CheckReport) -> CheckReport:
    """A check that found no error, with what the next start would carry over, or refuse.

    The store is only read; one that is not there or cannot be asked says nothing.
    """
    settings, ruleset = report.settings, report.ruleset
    if settings is None or ruleset is None or not report.ok:
        return report
    renames = renames_of(settings, ruleset)
    if not renames:
        return report
    try:
        with closing(SqlStore(settings.store_url, ask_only=True)) as store:
            found = sorted(_problems(store, renames), key=lambda one: (one.file != settings.source, one))
            return replace(report, problems=(*report.problems, *found))
    except StoreError:
        return report


def _problems(store: Store, renames: tuple[Rename, ...]) -> Iterator[Problem]:
    for one in renames:
        try:
            if store.renames.to_come([one]):
                said = f"{one.kind.value} {one.now} was {one.was}: its history is carried over at the next start"
                yield Problem(one.file, one.line, f"{said} or reload", Gravity.WARNING)
        except RenameRefused as error:
            yield Problem(one.file, one.line, str(error))
