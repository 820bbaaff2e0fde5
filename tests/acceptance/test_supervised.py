"""The real daemon as systemd starts it: it says when it runs, reloads, stops, and that nothing hangs."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from desk import Desk, eventually
from local_feed import LocalFeed
from service_manager import service_manager
from talk import ANY_PORT, HERE, ask, port_of

HASTY = """
from datetime import timedelta
from monitor.core.health import progress
progress.HUNG_AFTER = timedelta(seconds=3)
"""


def test_it_says_when_it_runs_reloads_refuses_to_and_stops(desk: Desk, feed: LocalFeed, tmp_path: Path) -> None:
    desk.write([feed.url], more=ANY_PORT)
    with service_manager(tmp_path) as manager:
        desk.environment |= manager.environment(watchdog=4)
        with desk.running() as daemon:
            eventually(lambda: "READY" in manager.signs(), "that it runs")
            assert ask(HERE, port_of(desk), "/healthz").status == 200  # ready means that the pages answer
            before = time.monotonic_ns() // 1000
            desk.reload(daemon)
            eventually(lambda: manager.signs() == ["READY", "RELOADING", "READY"], "the end of the reload")
            (began,) = manager.values("MONOTONIC_USEC")
            assert before < int(began) < time.monotonic_ns() // 1000
            desk.rules("[[rules]]\nid = 3")
            desk.reload(daemon)
            eventually(lambda: manager.signs()[3:] == ["RELOADING", "READY"], "the end of the second")
            eventually(lambda: "REFUSED" in manager.values("STATUS")[-1], "that the status says so")
            answers = len(manager.values("WATCHDOG"))
            eventually(lambda: len(manager.values("WATCHDOG")) > answers, "another answer to the watchdog")
        eventually(lambda: manager.signs()[5:] == ["STOPPING"], "that it stops")
        status = manager.values("STATUS")
        assert status[:2] == ["starting: reading config and rules", "starting: opening the store"]
        assert any(one.startswith("1 feed, 0 failing, 0 late; ") for one in status)
        assert not [one for one in status if str(desk.folder) in one]


def test_started_as_a_user_does_it_tells_nobody_and_without_a_socket_it_runs_as_ever(
    desk: Desk, feed: LocalFeed, tmp_path: Path
) -> None:
    desk.write([feed.url])
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    desk.environment["NOTIFY_SOCKET"] = str(tmp_path / "nobody")
    with desk.running():
        eventually(desk.sent, "the alert")


@pytest.mark.timeout(240)
@pytest.mark.soak
def test_a_daemon_whose_stages_hang_gives_no_answer_until_they_go_on_and_says_where_it_hung(
    desk: Desk, feed: LocalFeed, tmp_path: Path
) -> None:
    """As users start it, with the stages held by a lock that nobody gives back."""
    (tmp_path / "sitecustomize.py").write_text(HASTY, encoding="utf-8")
    desk.write([feed.url])
    with service_manager(tmp_path) as manager, (tmp_path / "log").open("wb") as log:
        environment = {**os.environ, **manager.environment(watchdog=2)}
        environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
        line = [sys.executable, "-m", "monitor", "run", "-c", str(desk.config)]
        daemon = subprocess.Popen(line, env=environment, stderr=log)
        try:
            eventually(lambda: len(manager.values("WATCHDOG")) > 3, "answers")
            with closing(sqlite3.connect(desk.store, timeout=30, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                eventually(lambda: "HANGS" in manager.values("STATUS")[-1], "that it says so")
                answers, began = len(manager.values("WATCHDOG")), time.monotonic()
                eventually(lambda: time.monotonic() - began > 2, "the watchdog's time to go by")
                assert len(manager.values("WATCHDOG")) == answers
                other.execute("ROLLBACK")
            eventually(lambda: len(manager.values("WATCHDOG")) > answers, "that it answers again")
            daemon.send_signal(signal.SIGABRT)  # what systemd would have sent
            assert daemon.wait(30) == -signal.SIGABRT
        finally:
            daemon.kill()
            daemon.wait()
    said = (tmp_path / "log").read_text(encoding="utf-8")
    assert "the watchdog gets no answer" in said
    assert "the watchdog is answered again" in said
    assert "Fatal Python error: Aborted" in said
    assert "_watch_the_clock" in said  # the stack of the main loop
