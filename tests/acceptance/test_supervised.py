"""The real daemon as systemd starts it: it says when it runs, reloads, stops, and that nothing hangs."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from desk import Desk, eventually
from documents import ROOT
from local_feed import LocalFeed
from postgres_server import postgres_server
from service_manager import service_manager
from talk import ANY_PORT, HERE, ask, port_of

from monitor.demo.server import Answer, LocalSite

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


# ---- under what the unit forbids


def hardened(folder: Path, config: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """The daemon, as users start it, with the calls, address families and rights that the shipped unit leaves."""
    wrapper = Path(__file__).parents[1] / "support" / "hardened.py"
    unit = ROOT / "deploy" / "media-monitor.service"
    line = [sys.executable, str(wrapper), str(unit), sys.executable, "-m", "monitor", "run", "-c", str(config)]
    with (folder / "daemon.log").open("ab") as log:
        return subprocess.Popen(line, env={**os.environ, **environment}, stderr=log, stdout=subprocess.DEVNULL)


def reads_and_sends_under_the_unit(desk: Desk, feed: LocalFeed, site: LocalSite, folder: Path) -> None:
    """A page is read in a child and told, the pages answer, the files are read again, and it stops well."""
    words = " ".join(f"<p>Paragraph {n} tells what traders at the crossing said that day.</p>" for n in range(8))
    text = f"<h1>At the border</h1><p>On Sunday Torkham was closed.</p>{words}"
    page = f"<html><body><article>{text}</article></body></html>".encode()
    feed.add("At the border", "What traders said.", link=site.route("/page.html", Answer(page)))
    with service_manager(folder) as manager:
        environment = {**desk.environment, **manager.environment(watchdog=4)}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        daemon = hardened(desk.folder, desk.config, environment)
        try:
            eventually(lambda: "READY" in manager.signs(), "that it runs")
            eventually(lambda: list((desk.folder / "digests").glob("*.json")), "the alert of what the page says")
            assert ask(HERE, port_of(desk), "/readyz").status == 200
            metrics = ask(HERE, port_of(desk), "/metrics").body
            assert b"process_resident_memory_bytes" in metrics
            daemon.send_signal(signal.SIGHUP)
            eventually(lambda: manager.signs() == ["READY", "RELOADING", "READY"], "the end of the reload")
            daemon.terminate()
            assert daemon.wait(15) == 0, desk.log()
        finally:
            daemon.kill()
            daemon.wait()
    assert not [line for line in desk.log().splitlines() if "Operation not permitted" in line]
    assert not desk.events("stage failed", "stage broke", "web server broke")


@pytest.mark.soak
@pytest.mark.timeout(240)
@pytest.mark.needs("linux", "root", "systemd-analyze")
def test_it_works_with_what_the_unit_leaves_it(
    desk: Desk, feed: LocalFeed, site: LocalSite, tmp_path: Path
) -> None:
    desk.write([feed.url], feed_lines="full_text = true", more=ANY_PORT)
    reads_and_sends_under_the_unit(desk, feed, site, tmp_path)
    assert desk.ask("SELECT quality FROM articles") == [("full",)]


@pytest.mark.soak
@pytest.mark.timeout(240)
@pytest.mark.needs("linux", "root", "systemd-analyze", "postgresql")
def test_so_it_does_over_a_socket_of_postgresql(
    desk: Desk, feed: LocalFeed, site: LocalSite, tmp_path: Path
) -> None:
    server = postgres_server()
    server.folder.chmod(0o711)  # without capabilities not even root walks through a folder that is another's
    name = server.fresh_database().rpartition("/")[2]
    desk.environment["DATABASE_URL"] = (
        f"postgresql+psycopg://monitor@/{name}?host={server.folder}&port={server.port}"
    )
    desk.write([feed.url], feed_lines="full_text = true", more=ANY_PORT)
    config = desk.config.read_text(encoding="utf-8").replace("sqlite:///monitor.db", "env:DATABASE_URL")
    desk.put(desk.config, config)
    reads_and_sends_under_the_unit(desk, feed, site, tmp_path)
