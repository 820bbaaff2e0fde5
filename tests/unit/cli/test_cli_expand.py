"""`monitor rules expand` at the door: exit statuses, where what is printed, and which store is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from made import NOON, feed_settings
from newsroom import file_store
from stored import grouped

from monitor.cli.main import cli

CONFIG = """
[store]
url = "sqlite:///monitor.db"
[[feeds]]
url = "https://news.example/feed"
name = "News"
[rules]
files = ["rules/*.toml"]
[receivers.desk]
stdout = {}
[[digests]]
name = "alerts"
rules = ["*"]
to = ["desk"]
schedule = "immediate"
"""
RULES = "[entities.torkham]\nname = 'Torkham'\n[[rules]]\nid = 'torkham'\nquery = '@torkham'\n"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["rules", "expand", *arguments], prog_name="monitor")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config and its rules in the current directory, and no store yet."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "border.toml").write_text(RULES)
    (tmp_path / "config.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def stored(desk: Path) -> Path:
    """The same with a store of one article."""
    store = file_store(desk / "monitor.db")
    store.feeds.sync([feed_settings()], NOON)
    grouped(store, store.feeds.all()[0], text="The shuttle to Torkham is shut.")
    store.close()
    return desk


def test_forms_are_counted_in_the_store_of_the_config(stored: Path) -> None:
    done = run("shut* AND @torkham")
    assert done.exit_code == 0
    assert "  shut 1, shutdown" in done.stdout
    assert "SURPRISE, not of the family shut: shuttle 1," in done.stdout
    assert "@torkham · " in done.stdout
    assert "shut* also reaches shuttle" in done.stderr


def test_before_the_first_run_the_listed_forms_are_shown(desk: Path) -> None:
    done = run("shut*")
    assert done.exit_code == 0
    assert "shut, shutdown" in done.stdout


def test_with_a_folder_of_rules_neither_config_nor_store_is_asked(stored: Path) -> None:
    (stored / "config.toml").write_text("no = TOML = at all")
    done = run("shut* AND @torkham", "--rules", "rules", "--json")
    assert done.exit_code == 0
    first = json.loads(done.stdout.splitlines()[0])
    assert {word["articles"] for word in first["words"]} == {None}


def test_a_warning_goes_to_standard_error_and_an_error_is_exit_status_2(desk: Path) -> None:
    done = run("shut* closed", "--json")
    assert done.exit_code == 0
    assert "side by side" in done.stderr
    assert json.loads(done.stdout)
    for query in ("shut* AND (", "@nope", ""):
        failed = run(query)
        assert (failed.exit_code, failed.stdout) == (2, "")
        assert "QUERY" in failed.stderr


def test_no_config_is_exit_status_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    failed = run("~close")
    assert failed.exit_code == 2
    assert "config.toml" in failed.output
