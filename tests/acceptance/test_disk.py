"""A full or read-only disk: a clear sentence, nothing lost, and the daemon goes on by itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from copied import fill, on_disk, rows_by_table
from desk import Desk, eventually
from local_feed import LocalFeed
from newsroom import fresh_store

pytestmark = pytest.mark.needs("root", "a SQLite store")  # to mount a disk small enough to fill


@pytest.fixture
def small_disk(desk: Desk) -> Iterator[Path]:
    disk = desk.folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], check=True)
    yield disk
    desk.clear()
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
def desk_on_it(desk: Desk, feed: LocalFeed, small_disk: Path) -> Desk:
    desk.write([feed.url])
    text = desk.config.read_text(encoding="utf-8").replace("sqlite:///monitor.db", "sqlite:///disk/monitor.db")
    desk.config.write_text(text, encoding="utf-8")
    desk.store = small_disk / "monitor.db"
    return desk


def test_a_full_disk_is_named_and_the_alert_goes_out_when_there_is_room_again(
    desk_on_it: Desk, feed: LocalFeed, small_disk: Path
) -> None:
    desk = desk_on_it
    with desk.running():
        eventually(lambda: desk.number("SELECT count(*) FROM feeds WHERE first_success_at IS NOT NULL"), "a poll")
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as file:
            while True:
                try:
                    file.write(b"x" * 4096)
                except OSError:
                    break
        feed.add("Torkham closed", "The Torkham crossing was closed. " * 3000)
        eventually(lambda: "the disk is full" in desk.log(), "the sentence")
        assert "Traceback" not in desk.log()
        filler.unlink()
        eventually(desk.sent, "the alert")


def test_a_copy_onto_a_full_disk_goes_on_when_there_is_room(desk: Desk, small_disk: Path) -> None:
    desk.write(["http://127.0.0.1:9/feed.xml"])
    before = rows_by_table(on_disk(fill(fresh_store(), 15), desk.store))
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 2_000_000)
    line = ("db", "copy", "--to", "sqlite:///disk/copy.db")
    full = desk.command(*line)
    assert full.returncode == 1
    assert "the disk is full; free some space; the same command goes on where this one stopped" in full.stderr
    filler.unlink()
    done = desk.command(*line, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["resumed"] is True
    assert rows_by_table(f"sqlite:///{small_disk / 'copy.db'}") == before


def test_a_read_only_disk_gets_one_sentence(desk_on_it: Desk, small_disk: Path) -> None:
    desk = desk_on_it
    assert desk.command("run", "--once").returncode == 0
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    refused = desk.command("run", "--once")
    assert refused.returncode == 1
    assert "Read-only file system" in refused.stderr or "read-only" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert "Traceback" not in desk.command("status").stderr
