"""A warm `monitor` is to a test what `python -m monitor` is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import warm
from desk import Desk, eventually
from local_feed import LocalFeed

from monitor.demo.server import LocalSite

LINES = (
    ["--version"],
    ["nonsense"],
    ["rules", "test", "--help"],
    ["status", "-c", "config.toml"],
    ["init", "desk"],
    ["check", "-c", "missing.toml"],
)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[0])
def test_it_says_what_a_cold_one_says_and_ends_as_it_ends(line: list[str], tmp_path: Path) -> None:
    (tmp_path / "cold").mkdir()
    (tmp_path / "warm").mkdir()
    environment = {**os.environ, "TZ": "Asia/Kabul", "COLUMNS": "80"}
    cold = subprocess.run(
        [sys.executable, "-m", "monitor", *line],
        cwd=tmp_path / "cold",
        env=environment,
        capture_output=True,
        text=True,
    )
    now = warm.run(line, tmp_path / "warm", environment)
    said = [one.replace(str(tmp_path / "warm"), str(tmp_path / "cold")) for one in (now.stdout, now.stderr)]
    assert (now.returncode, *said) == (cold.returncode, cold.stdout, cold.stderr)


def test_a_kill_ends_a_daemon_and_the_children_of_its_own_sandbox(tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    folder.mkdir()
    desk = Desk(folder)
    with LocalSite() as site:
        feed = LocalFeed(site)
        desk.write([feed.url])
        feed.add("Torkham closed", "The Torkham crossing was closed.")
        daemon = desk.start()
        eventually(desk.sent, "the alert")
        assert daemon.poll() is None
        daemon.kill()
        assert daemon.wait(10) == -signal.SIGKILL == daemon.poll()
        assert not Path(f"/proc/{daemon.pid}").exists()
        again = desk.start()  # which gets children of its own
        feed.add("Torkham closed again", "The Torkham crossing was closed for the second time, by floods.")
        eventually(lambda: desk.sent() > 1, "the second alert")
        again.terminate()
        assert again.wait(15) == 0
