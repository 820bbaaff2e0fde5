"""A file of the user's is written anew: whole or not at all, and it stays the user's."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

import monitor
from monitor.app.rewriting import FileChanged, NotSaved, alone, rewrite, why_read_only


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text("before\n", encoding="utf-8")
    return path


def test_mode_and_owner_stay_and_nothing_is_left_behind(file: Path) -> None:
    file.chmod(0o640)
    rewrite(file, "before\n", "after طورخم\n")
    assert file.read_text("utf-8") == "after طورخم\n"
    assert file.stat().st_mode & 0o7777 == 0o640
    assert [one.name for one in file.parent.iterdir()] == ["rules.toml"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_somebody_elses_stays_theirs(file: Path) -> None:
    os.chown(file, 12345, 23456)
    rewrite(file, "before\n", "after\n")
    assert (file.stat().st_uid, file.stat().st_gid) == (12345, 23456)


def test_a_file_that_cannot_be_given_back_is_not_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.fchown", refused)
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    with pytest.raises(NotSaved):
        rewrite(file, "before\n", "after\n")
    assert file.read_text("utf-8") == "before\n"
    assert len(list(file.parent.iterdir())) == 1


def test_a_full_disk_leaves_the_file_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(NotSaved, match="No space left"):
        rewrite(file, "before\n", "after\n")
    assert file.read_text("utf-8") == "before\n"
    assert len(list(file.parent.iterdir())) == 1


def test_a_file_that_is_mounted_by_itself_says_what_to_mount(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr("pathlib.Path.replace", busy)
    with pytest.raises(NotSaved, match="mount its folder"):
        rewrite(file, "before\n", "after\n")
    assert file.read_text("utf-8") == "before\n"
    assert len(list(file.parent.iterdir())) == 1


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(file: Path) -> None:
    file.write_text("theirs\n", encoding="utf-8")
    with pytest.raises(FileChanged):
        rewrite(file, "before\n", "after\n")
    assert file.read_text("utf-8") == "theirs\n"


def test_what_an_editor_saves_while_the_disk_is_waited_for_is_not_overwritten(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(_: int) -> None:
        theirs = file.with_suffix(".new")
        theirs.write_text("theirs\n", encoding="utf-8")
        theirs.replace(file)

    monkeypatch.setattr("os.fsync", slow)
    with pytest.raises(FileChanged):
        rewrite(file, "before\n", "after\n")
    assert file.read_text("utf-8") == "theirs\n"
    assert len(list(file.parent.iterdir())) == 1


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.toml"
    link.symlink_to(file)
    rewrite(link, "before\n", "after\n")
    assert link.is_symlink()
    assert file.read_text("utf-8") == "after\n"


@pytest.mark.parametrize("target", ["nowhere.toml", "link.toml"])
def test_a_link_that_leads_nowhere_is_said(tmp_path: Path, target: str) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(tmp_path / target)
    assert why_read_only(link)
    with pytest.raises(NotSaved):
        rewrite(link, "before\n", "after\n")


def test_a_byte_order_mark_stays(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfbefore\n")
    rewrite(file, "before\n", "after\n")
    assert file.read_bytes() == b"\xef\xbb\xbfafter\n"


def test_the_times_are_new_so_that_a_watch_sees_it(file: Path) -> None:
    os.utime(file, (1, 1))
    rewrite(file, "before\n", "befora\n")
    assert file.stat().st_mtime > 1


def test_files_of_the_package_are_not_for_writing() -> None:
    assert "upgrade" in (why_read_only(Path(monitor.__file__)) or "")


def test_a_file_that_may_not_be_written_is_said_before(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert why_read_only(file) is None
    monkeypatch.setattr("os.access", lambda path, _: Path(path).is_dir())
    assert why_read_only(file) == "the monitor may not write it"
    monkeypatch.setattr("os.access", lambda path, _: not Path(path).is_dir())
    assert why_read_only(file) == "the monitor may not write into its folder"


def test_a_file_that_would_not_stay_its_owners_is_said_before(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: file.stat().st_uid + 1)
    assert why_read_only(file) == "it belongs to another user, and what the monitor writes would be the monitor's"


def test_one_thread_at_a_time_is_alone(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work() -> None:
        with alone(tmp_path):
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(10)
    assert most == [1] * 8
