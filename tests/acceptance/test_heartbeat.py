"""The heartbeat of the real daemon: sent while the pipeline progresses, and not while it stands still."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from desk import Desk, eventually
from local_feed import LocalFeed
from talk import ANY_PORT, HERE, ask, port_of

from monitor.demo.server import Answer, LocalSite

OFTEN = """
from datetime import timedelta
from monitor.model.health import HealthSettings
HealthSettings.__init__.__defaults__ = (*HealthSettings.__init__.__defaults__[:-1], timedelta(seconds=1.5))
"""


def often(desk: Desk, folder: Path) -> None:
    """Has the daemon beat every 1.5 s: nobody can wait for two minutes."""
    (folder / "sitecustomize.py").write_text(OFTEN, encoding="utf-8")
    desk.environment["PYTHONPATH"] = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])


def beats(site: LocalSite) -> int:
    return [request.path for request in list(site.requests)].count("/beat/s3cret")


@pytest.mark.timeout(240)
@pytest.mark.soak
@pytest.mark.needs("a SQLite store")
def test_a_daemon_whose_store_is_locked_beats_no_more_until_it_is_free(
    desk: Desk, feed: LocalFeed, site: LocalSite, tmp_path: Path
) -> None:
    url = site.route("/beat/s3cret", Answer(b"OK", "text/plain"))
    desk.environment["BEAT"] = url
    often(desk, tmp_path)
    desk.write([feed.url], more=f'[health]\nheartbeat_url = "env:BEAT"\n{ANY_PORT}')
    with desk.running():
        eventually(lambda: beats(site) >= 2, "heartbeats")
        port = port_of(desk)
        assert ask(HERE, port, "/readyz").json["warnings"] == []
        with closing(sqlite3.connect(desk.store, timeout=30, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            (held,) = eventually(lambda: desk.events("heartbeat withheld"), "that it is withheld")
            before, began = beats(site), time.monotonic()
            (warning,) = ask(HERE, port, "/readyz").json["warnings"]
            eventually(lambda: time.monotonic() - began > 5, "three intervals to go by")
            assert beats(site) == before
            other.execute("ROLLBACK")
        assert (held["reason"], warning["reason"]) == ("stage_stuck", "heartbeat_withheld")
        eventually(lambda: beats(site) > before, "the next heartbeat")
        assert desk.events("heartbeat goes on")
    assert "s3cret" not in desk.log()
