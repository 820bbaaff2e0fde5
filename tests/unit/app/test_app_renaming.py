"""Names that change between two starts, and at a reload, over real files and a real store."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner
from desk import eventually
from made import NOON, feed_settings
from stored import grouped, matched
from structlog.testing import capture_logs

from monitor.adapters.store.sql import SqlStore
from monitor.app.check import open_settings
from monitor.app.generations import AtWork, Generations
from monitor.app.reload import Reloader
from monitor.app.wiring import Monitor, build, rebuild
from monitor.cli.main import cli
from monitor.model.delivery import BrokenReceiver, ChannelKind
from monitor.model.errors import RenameRefused

CONFIG = """\
[store]
url = "sqlite:///monitor.db"
[[feeds]]
url = "https://dawn.example/feed"
[receivers.desk]
file = { directory = "digests" }
[[digests]]
name = "morning"
rules = ["*"]
to = ["desk"]
schedule = "0 8 * * *"
timezone = "UTC"
"""
RULES = """\
[[rules]]
id = "torkham-closed"
query = 'torkham AND closed'
"""
NEW_CONFIG = CONFIG.replace('"morning"', '"border"\nrenamed_from = "morning"')
NEW_CONFIG = NEW_CONFIG.replace("[receivers.desk]", '[receivers.newsroom]\nrenamed_from = "desk"')
NEW_CONFIG = NEW_CONFIG.replace('to = ["desk"]', 'to = ["newsroom"]')
NEW_RULES = RULES.replace('"torkham-closed"', '"torkham-shut"\nrenamed_from = "torkham-closed"')
CARRIED = "history carried over"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _every_level() -> Iterator[None]:
    before = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**before)


@pytest.fixture(autouse=True)
def _desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rules").mkdir()
    write(CONFIG, RULES)


def write(config: str, rules: str) -> None:
    Path("config.toml").write_text(config)
    Path("rules", "border.toml").write_text(rules)


def started(*, draft: bool = False) -> tuple[Monitor, list[Any]]:
    with capture_logs() as log:
        ready = open_settings(Path("config.toml"), os.environ)
        monitor = build(ready, version="1", stdout=io.StringIO(), draft=draft)
    return monitor, [line for line in log if "history" in line["event"]]


def with_a_match(monitor: Monitor, digest: str = "morning", entry: str = "e1") -> None:
    """An article that a rule matched by its old id, and that waits for the digest."""
    store = monitor.store
    assert isinstance(store, SqlStore)
    store.feeds.sync([feed_settings()], NOON)
    matched(store, grouped(store, store.feeds.all()[0], entry), digest)


def a_run() -> None:
    monitor, _ = started()
    with_a_match(monitor)
    monitor.close()


def checked(*options: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["check", *options])
    return done.exit_code, done.output


def pending(monitor: Monitor, digest: str) -> list[str]:
    return [one.new.rule.id for one in monitor.store.digests.pending(digest)]


def test_check_says_what_the_next_start_carries_over_and_the_start_logs_it_once() -> None:
    a_run()
    write(NEW_CONFIG, NEW_RULES)
    status, said = checked()
    assert status == 0
    lines = said.splitlines()
    then = "its history is carried over at the next start or reload"
    assert lines[:2] == [  # of the receiver nothing was kept yet
        f"config.toml:10: warning: digest border was morning: {then}",
        f"rules/border.toml:1: warning: rule torkham-shut was torkham-closed: {then}",
    ]
    assert "No errors, 2 warnings." in said
    rows = [json.loads(line) for line in checked("--json")[1].splitlines()]
    assert [(row["line"], row["gravity"]) for row in rows] == [(10, "warning"), (1, "warning")]
    monitor, log = started()
    assert log == [
        {"event": CARRIED, "log_level": "info", "of": "digest", "name": "border", "was": "morning",
         "routings": 1, "digest_states": 1},
        {"event": CARRIED, "log_level": "info", "of": "rule", "name": "torkham-shut", "was": "torkham-closed",
         "matches": 1},
    ]  # fmt: skip
    assert pending(monitor, "border") == ["torkham-shut"]
    assert monitor.store.digests.state_of("morning") is None
    monitor.close()
    assert checked()[1].startswith("No errors. ")
    monitor, log = started()
    assert log == []
    monitor.close()


def test_a_rename_back_works_the_same_way() -> None:
    a_run()
    write(NEW_CONFIG, NEW_RULES)
    started()[0].close()
    write(CONFIG.replace('"morning"', '"morning"\nrenamed_from = "border"'), RULES)
    monitor, log = started()
    assert [(line["name"], line["was"]) for line in log] == [("morning", "border")]
    assert pending(monitor, "morning") == ["torkham-shut"]
    monitor.close()
    rules = RULES.replace('"torkham-closed"', '"torkham-closed"\nrenamed_from = "torkham-shut"')
    write(CONFIG, rules)
    monitor, log = started()
    assert pending(monitor, "morning") == ["torkham-closed"]
    monitor.close()


def test_a_dry_run_says_it_and_leaves_the_history_where_it_is() -> None:
    a_run()
    write(NEW_CONFIG, NEW_RULES)
    monitor, log = started(draft=True)
    assert [(line["event"], line["name"]) for line in log] == [
        ("a dry run carries no history over", "border"),
        ("a dry run carries no history over", "torkham-shut"),
    ]
    assert pending(monitor, "morning") == ["torkham-closed"]
    monitor.close()
    monitor, log = started()  # the dry run began the new name: both are one now
    assert len(log) == 2
    assert pending(monitor, "border") == ["torkham-shut"]
    monitor.close()


def test_a_dry_run_that_reloads_says_once_what_it_does_not_carry_over() -> None:
    a_run()
    before = open_settings(Path("config.toml"), os.environ)
    monitor, _ = started(draft=True)
    write(NEW_CONFIG, NEW_RULES)
    ready = open_settings(Path("config.toml"), os.environ)
    with capture_logs() as log:
        after = rebuild(monitor, before, ready, version="1", stdout=io.StringIO())
        generations = Generations(monitor, AtWork())
        generations.swap(after)
        for _ in range(3):
            generations.tend()
    assert [line["name"] for line in log if "history" in line["event"]] == ["border", "torkham-shut"]
    assert pending(after, "morning") == ["torkham-closed"]
    generations.close()


def test_reading_commands_carry_nothing_over() -> None:
    a_run()
    write(NEW_CONFIG, NEW_RULES)
    for command in (["status"], ["why", "https://news.example/e1"], ["matches", "list"], ["deliveries", "list"]):
        assert CliRunner().invoke(cli, command).exit_code == 0, command
    assert "2 warnings" in checked()[1]


def test_two_that_were_in_use_at_the_same_time_are_refused_before_and_at_the_start() -> None:
    write(CONFIG + CONFIG[CONFIG.index("[[digests]]") :].replace('"morning"', '"border"'), RULES)
    monitor, _ = started()
    with_a_match(monitor)
    store = monitor.store
    assert isinstance(store, SqlStore)
    matched(store, grouped(store, store.feeds.all()[0], "e2"), "morning", "border")
    monitor.close()
    write(NEW_CONFIG, RULES)
    status, said = checked()
    assert status == 2
    assert 'config.toml:10: digest "border" was not "morning": they were in use at the same time' in said
    with pytest.raises(RenameRefused):
        started()
    write(NEW_CONFIG.replace('renamed_from = "morning"\n', ""), RULES)
    monitor, log = started()
    assert log == []
    monitor.close()


def test_a_reload_carries_over_and_what_an_older_generation_still_keeps_follows() -> None:
    monitor, _ = started()
    with_a_match(monitor)
    ready = open_settings(Path("config.toml"), os.environ)
    reloader = Reloader(Path("config.toml"), os.environ, ready, version="1", stdout=io.StringIO())
    at_work = AtWork()
    generations = Generations(monitor, at_work)
    write(NEW_CONFIG, NEW_RULES)
    after: list[Monitor] = []
    with capture_logs() as log:
        reloader.ask()
        eventually(
            lambda: after.extend(filter(None, [reloader.turn(monitor, 1, lambda: None)])) or after, "a reload"
        )
    assert [line["name"] for line in log if line["event"] == CARRIED] == ["border", "torkham-shut"]
    with at_work.run(monitor.match):
        generations.swap(after[0])
        with_a_match(monitor, entry="late")  # the old generation ends its article, by the names that it knows
        assert pending(after[0], "morning") == ["torkham-closed"]
        generations.tend()
        assert pending(after[0], "border") == ["torkham-shut", "torkham-shut"]
        with_a_match(monitor, entry="last")
        no_receiver = BrokenReceiver(
            "newsroom", ChannelKind.FILE, NOON, "no such receiver", monitor.clock.now() + HOUR
        )
        monitor.store.receivers.open(no_receiver)
    generations.tend()
    assert pending(after[0], "morning") == []
    assert len(pending(after[0], "border")) == 3
    (broken,) = monitor.store.receivers.broken()
    assert broken.next_try_at <= monitor.clock.now()
    with_a_match(monitor, entry="a stage that had begun without saying so")
    generations.tend()
    assert len(pending(after[0], "border")) == 4
    with_a_match(monitor, entry="not looked for any more")
    generations.tend()
    assert pending(after[0], "morning") == ["torkham-closed"]
    generations.close()


def test_a_refused_rename_leaves_the_old_config_in_force() -> None:
    monitor, _ = started()
    store = monitor.store
    assert isinstance(store, SqlStore)
    store.feeds.sync([feed_settings()], NOON)
    matched(store, grouped(store, store.feeds.all()[0]), "morning", "border")
    ready = open_settings(Path("config.toml"), os.environ)
    reloader = Reloader(Path("config.toml"), os.environ, ready, version="1", stdout=io.StringIO())
    write(NEW_CONFIG, RULES)
    reloader.ask()
    eventually(lambda: (reloader.turn(monitor, 1, lambda: None), reloader.last)[1], "the end of the reload")
    assert reloader.last is not None
    assert (reloader.last.problem or "").startswith('digest "border" was not "morning"')
    assert pending(monitor, "morning") == ["torkham-closed"]
    monitor.close()


def test_the_service_manager_hears_of_it_before_it_begins() -> None:
    a_run()
    said: list[str] = []
    for config, rules in ((CONFIG, RULES), (NEW_CONFIG, NEW_RULES), (NEW_CONFIG, NEW_RULES)):
        write(config, rules)
        ready = open_settings(Path("config.toml"), os.environ)
        longer, older = partial(said.append, "longer"), partial(said.append, "an older version wrote it")
        build(ready, version="1", stdout=io.StringIO(), upgrading=older, carrying=longer).close()
    assert said == ["longer"]
