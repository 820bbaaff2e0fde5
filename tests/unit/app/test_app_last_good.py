"""What a start takes when the rule files do not hold: the last good rules, or nothing at all."""

from __future__ import annotations

import io
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor.adapters.store.sql import SqlStore
from monitor.app.check import Ready
from monitor.app.last_good import open_or_last_good, when
from monitor.app.wiring import build
from monitor.cli.running import last_good_lines
from monitor.model.errors import ConfigInvalid
from monitor.model.problem import Gravity

CONFIG = """\
[store]
url = "sqlite:///monitor.db"
[[feeds]]
url = "https://dawn.example/feed"
[receivers.desk]
file = { directory = "digests" }
[[digests]]
name = "alerts"
rules = ["torkham-*"]
to = ["desk"]
schedule = "immediate"
"""
RULES = """\
[[rules]]
id = "torkham-closed"
query = 'torkham AND closed'
must_match = ["Torkham is closed"]
"""
OTHER = RULES.replace("torkham-closed", "torkham-open").replace("closed", "open")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("rules").mkdir()
    Path("config.toml").write_text(CONFIG)
    Path("rules", "border.toml").write_text(RULES)
    return tmp_path


def start(*, strict: bool = False) -> Ready:
    """What a start takes; it runs for a moment."""
    ready = open_or_last_good(Path("config.toml"), {}, strict=strict)
    build(ready, version="1", stdout=io.StringIO()).close()
    return ready


def rules_of(ready: Ready) -> list[str]:
    return [rule.id for rule in ready.ruleset.rules]


def refused(*, strict: bool = False) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        open_or_last_good(Path("config.toml"), {}, strict=strict)
    return [str(problem) for problem in caught.value.problems]


BREAKS = {
    "syntax": RULES + "[[rules]\n",
    "query": RULES.replace("AND closed", "AND"),
    "example": RULES.replace("is closed", "is open"),
    "id": RULES.replace("id =", "idd ="),
}


@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS)
def test_rules_that_do_not_hold_leave_the_last_good_ones_with_every_problem_said(desk: Path, broken: str) -> None:
    assert start().rules_of is None
    Path("rules", "border.toml").write_text(broken)
    ready = start()
    assert rules_of(ready) == ["torkham-closed"]
    assert ready.rules_of is not None
    errors = [one for one in ready.warnings if one.gravity is Gravity.ERROR]
    assert errors
    assert {one.file for one in errors} == {"rules/border.toml"}
    said = last_good_lines(ready, Path("config.toml"))
    assert f"In force are the last good rules, 1 rule, read on {when(ready.rules_of)}." in said
    assert refused(strict=True) == [str(problem) for problem in ready.warnings]


def test_rule_files_that_are_gone_or_unreadable_do_too(desk: Path) -> None:
    start()
    Path("rules", "border.toml").write_bytes(b"\xff")
    assert rules_of(start()) == ["torkham-closed"]
    shutil.rmtree("rules")
    ready = start()
    assert rules_of(ready) == ["torkham-closed"]
    assert [str(one) for one in ready.warnings] == ['config.toml: rules.files: "rules/*.toml" matches no file']


def test_the_last_good_rules_grow_no_younger_by_being_used(desk: Path) -> None:
    start()
    Path("rules", "border.toml").write_text("not toml")
    first, second = start(), start()
    assert first.rules_of is not None
    assert first.rules_of == second.rules_of


def test_going_back_to_older_rules_makes_them_the_last_good_ones(desk: Path) -> None:
    for text in (RULES, OTHER, RULES):
        Path("rules", "border.toml").write_text(text)
        start()
    Path("rules", "border.toml").write_text("not toml")
    assert rules_of(start()) == ["torkham-closed"]


def test_titles_and_tags_of_the_last_good_rules_are_the_newest(desk: Path) -> None:
    for tag in ("old", "new"):
        Path("rules", "border.toml").write_text(RULES + f'tags = ["{tag}"]\n')
        start()
    Path("rules", "border.toml").write_text("not toml")
    assert start().ruleset.rules[0].tags == ("new",)


def test_a_selector_for_the_broken_rules_is_a_warning(desk: Path) -> None:
    start()
    Path("config.toml").write_text(CONFIG.replace("torkham-*", "floods"))
    Path("rules", "border.toml").write_text(RULES.replace("AND closed", "AND"))
    ready = start()
    (warning,) = [one for one in ready.warnings if one.file == "config.toml"]
    assert (warning.gravity, warning.line) == (Gravity.WARNING, 9)
    assert "reaches no rule" in warning.message


def test_without_a_store_or_rules_in_it_there_is_nothing_to_start_with(desk: Path) -> None:
    Path("rules", "border.toml").write_text("not toml")
    assert len(refused()) == 1
    assert not Path("monitor.db").exists()
    SqlStore("sqlite:///monitor.db").close()
    assert len(refused()) == 1


def test_a_config_that_does_not_hold_is_refused_and_so_is_a_selector_that_reaches_nothing(desk: Path) -> None:
    start()
    Path("rules", "border.toml").write_text("not toml")
    Path("config.toml").write_text(CONFIG + "quite = 1\n")
    assert [line.split(":")[0] for line in refused()] == ["config.toml", "rules/border.toml"]
    Path("rules", "border.toml").write_text(RULES)
    Path("config.toml").write_text(CONFIG.replace("torkham-*", "floods"))
    assert "reaches no rule" in refused()[0]


def test_last_good_rules_that_this_version_cannot_read_are_refused_with_both_reasons(desk: Path) -> None:
    start()
    store = SqlStore("sqlite:///monitor.db")
    kept = [("rules/border.toml", RULES.replace("AND closed", "XOR("))]
    store.articles.record_ruleset("from-another-version", kept, datetime(2100, 1, 1, tzinfo=UTC))
    store.close()
    Path("rules", "border.toml").write_text("not toml")
    now, then = refused()
    assert now.startswith("rules/border.toml:1: not valid TOML")
    assert then.startswith("rules/border.toml:3: the last good rules, read on 2100-01-01 00:00 UTC, do not hold")


def test_a_store_of_an_older_version_is_brought_up_to_date_for_its_last_good_rules(desk: Path) -> None:
    dump = sorted((Path(__file__).parents[2] / "data" / "stores").glob("*.sql"))[0]
    with closing(sqlite3.connect("monitor.db")) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
    Path("rules", "border.toml").write_text("not toml")
    assert "torkham-closed" in rules_of(start())
