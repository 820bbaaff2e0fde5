"""What a daemon starts with when its rule files do not hold: the rules it ran with last, out of the store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from monitor.adapters.store.sql import SqlStore
from monitor.app.check import CheckReport, Ready, check, ready_of
from monitor.app.rule_memory import load
from monitor.app.selectors import check_selectors
from monitor.config import outline
from monitor.core.rules import RuleFile, RuleSet
from monitor.core.text.toml_lines import forget
from monitor.model.errors import ConfigInvalid, StoreMissing, StoreOlder
from monitor.model.ledger import KeptRuleset
from monitor.model.problem import Gravity, Problem


def open_or_last_good(config_path: Path, environment: Mapping[str, str], *, strict: bool = False) -> Ready:
    """Settings and rules to run with: those of the files, or, where the rule files alone do not hold, the last
    good rules (`Ready.rules_of` is set).

    Raises ConfigInvalid with every problem when the config itself does not hold, when it is `strict`, when no rule
    set was ever in force on the store, and when the last one does not load in this version. Raises StoreError.
    """
    report = check(config_path, environment=environment)
    if strict or report.ok or not report.config_holds or report.settings is None:
        return ready_of(report)
    kept = _kept(report.settings.store_url)
    if kept is None:
        raise ConfigInvalid(report.problems)
    # Most of them are those of the files, which were just read.
    loaded = load([RuleFile(name, text) for name, text in kept.files], report.memory)
    broken = [problem for problem in loaded.problems if problem.gravity is Gravity.ERROR]
    if broken:
        whose = f"the last good rules, read on {when(kept.loaded_at)}, do not hold in this version either"
        why = [replace(problem, message=f"{whose}: {problem.message}") for problem in broken]
        raise ConfigInvalid((*report.problems, *why))
    warnings = (*report.problems, *_selector_warnings(report, loaded.ruleset, config_path))
    return Ready(report.settings, loaded.ruleset, warnings, kept.loaded_at)


def when(moment: datetime) -> str:
    """A time for people who may sit anywhere: `2023-02-22 19:04 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _kept(store_url: str) -> KeptRuleset | None:
    try:
        store = SqlStore(store_url, ask_only=True)
    except StoreMissing:
        return None
    except StoreOlder:  # an upgrade, and rules that the new version takes no more: the start would upgrade it, too
        store = SqlStore(store_url, hold=os.getpid())
    try:
        return store.articles.last_ruleset()
    finally:
        store.close()


def _selector_warnings(report: CheckReport, ruleset: RuleSet, config_path: Path) -> list[Problem]:
    """Digests were written for the rules of the files: that they do not reach others stops nothing."""
    name = str(config_path)
    text = report.texts[name]
    found = check_selectors(outline(text, str(config_path.absolute().parent)).selectors, ruleset.rules, text, name)
    forget()
    return [replace(problem, gravity=Gravity.WARNING) for problem in found if problem.file == name]
