"""What counts as a change of the files, and what does not yet."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.app import watch as watching
from monitor.app.watch import Watch

CONFIG = '[rules]\nfiles = ["rules/*.toml", "more/**/*.toml"]\n'


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "rules" / "border.toml").write_text("# one\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def looks(watch: Watch, number: int = 3) -> list[bool]:
    return [watch.look() for _ in range(number)]


def test_nothing_is_said_while_nothing_changes(desk: Path):
    assert looks(Watch(desk / "config.toml")) == [False, False, False]


@pytest.mark.parametrize("name", ["rules/border.toml", "rules/new.toml", "more/a/b.toml", "config.toml"])
def test_a_change_is_told_once_at_the_second_look_that_sees_it(desk: Path, name: str):
    watch = Watch(desk / "config.toml")
    (desk / name).parent.mkdir(parents=True, exist_ok=True)
    (desk / name).write_text(f"{CONFIG}# two\n")
    assert looks(watch) == [False, True, False]


def test_a_file_that_went_is_a_change(desk: Path):
    watch = Watch(desk / "config.toml")
    (desk / "rules" / "border.toml").unlink()
    assert looks(watch) == [False, True, False]


def test_another_file_of_the_same_size_and_time_is_a_change(desk: Path):
    file = desk / "rules" / "border.toml"
    watch = Watch(desk / "config.toml")
    before = file.stat()
    (desk / "new").write_text("# two\n")
    os.utime(desk / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    (desk / "new").replace(file)
    assert looks(watch) == [False, True, False]


def test_a_file_that_grows_is_not_told_before_it_is_done(desk: Path):
    watch = Watch(desk / "config.toml")
    for size in range(2, 6):
        (desk / "rules" / "border.toml").write_text("# two\n" * size)
        assert not watch.look()
    assert watch.look()


def test_a_file_that_became_empty_is_about_to_be_written(desk: Path):
    watch = Watch(desk / "config.toml")
    (desk / "rules" / "border.toml").write_text("")
    with capture_logs() as said:
        assert looks(watch, 4) == [False, False, False, False]
    assert [line["files"] for line in said] == [[str(desk / "rules" / "border.toml")]]
    (desk / "rules" / "border.toml").write_text("# two\n")
    assert looks(watch) == [False, True, False]


def test_what_was_taken_for_another_reason_is_told_no_more(desk: Path):
    watch = Watch(desk / "config.toml")
    (desk / "rules" / "border.toml").write_text("# two and more\n")
    assert not watch.look()
    watch.take()
    assert looks(watch) == [False, False, False]


def test_rule_files_are_looked_for_where_the_config_says_now(desk: Path):
    watch = Watch(desk / "config.toml")
    (desk / "config.toml").write_text('[rules]\nfiles = ["others/*.toml"]\n')
    assert looks(watch) == [False, True, False]
    (desk / "rules" / "border.toml").write_text("# no longer\n")
    assert looks(watch) == [False, False, False]
    (desk / "others").mkdir()
    (desk / "others" / "a.toml").write_text("# one\n")
    assert looks(watch) == [False, True, False]


def test_beside_a_broken_config_the_rule_files_are_still_looked_at(desk: Path):
    watch = Watch(desk / "config.toml")
    (desk / "config.toml").write_text("[rules\n")
    assert looks(watch) == [False, True, False]
    (desk / "rules" / "border.toml").write_text("# two and more\n")
    assert looks(watch) == [False, True, False]


def test_it_looks_by_itself_only_while_it_is_wanted(desk: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watching, "EVERY", 0.01)
    wanted, asked, told = threading.Event(), threading.Semaphore(0), threading.Event()

    def is_wanted() -> bool:
        asked.release()
        return wanted.is_set()

    watch = Watch(desk / "config.toml")
    (desk / "rules" / "border.toml").write_text("# two and more\n")
    watch.start(told.set, is_wanted)
    for _ in range(4):
        assert asked.acquire(timeout=10)
    assert not told.is_set()
    wanted.set()
    assert told.wait(10)
    watch.stop()
