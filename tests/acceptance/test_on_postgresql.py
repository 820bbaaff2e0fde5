"""The real daemon with its store in a real PostgreSQL server."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from desk import Desk, eventually
from local_feed import LocalFeed
from postgres_server import postgres_server
from talk import ANY_PORT, HERE, ask, numbers, port_of, ready

pytestmark = pytest.mark.needs("postgresql", "a SQLite store")  # each gives its desk a database


@pytest.fixture
def url(desk: Desk, feed: LocalFeed) -> str:
    """The URL of the desk's database; the config knows it by a secret only."""
    found = postgres_server().fresh_database()
    desk.write([feed.url])
    text = desk.config.read_text(encoding="utf-8").replace("sqlite:///monitor.db", "env:DATABASE_URL")
    desk.config.write_text(text, encoding="utf-8")
    desk.environment["DATABASE_URL"] = found.replace("monitor@", "monitor:battery-staple@")
    return found.replace("+psycopg", "")


def number(url: str, query: str) -> int:
    """The one number of a query; 0 while there is no store yet."""
    with psycopg.connect(url, autocommit=True) as connection:
        try:
            row = connection.execute(query).fetchone()  # type: ignore[call-overload]  # a text of the test's own
        except psycopg.errors.UndefinedTable:
            return 0
    return int(row[0])


def sent(url: str) -> int:
    return number(url, "SELECT count(*) FROM deliveries WHERE state = 'sent'")


def digests(desk: Desk) -> list[Path]:
    return sorted((desk.folder / "digests").glob("*.json"))


def test_alerts_come_once_over_kills_and_restarts(desk: Desk, feed: LocalFeed, url: str) -> None:
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    daemon = desk.start()
    eventually(lambda: sent(url) == 1, "the first alert")
    daemon.kill()
    daemon.wait()
    link = feed.add("سیلاب", "A flood came. سیلاب آیا۔")
    with desk.running():
        eventually(lambda: sent(url) == 2, "the alert after the restart")
    assert len(digests(desk)) == 2
    assert number(url, "SELECT count(*) FROM deliveries") == 2
    why = desk.command("why", link)
    assert "floods" in why.stdout
    assert "battery-staple" not in desk.log() + why.stdout + why.stderr
    assert json.loads(desk.command("status", "--json").stdout)["store"].startswith("postgresql")


@pytest.mark.parametrize("alone", [("run", "--once"), ("run", "--dry-run"), ("db", "upgrade")])
def test_who_works_alone_is_refused_while_a_daemon_works(
    desk: Desk, feed: LocalFeed, url: str, alone: tuple[str, ...]
) -> None:
    with desk.running() as daemon:
        eventually(lambda: number(url, "SELECT count(*) FROM feeds WHERE first_success_at IS NOT NULL"), "a poll")
        refused = desk.command(*alone)
        assert refused.returncode == 1
        assert f"pid {daemon.pid}" in refused.stderr
        assert f", pid {daemon.pid}" in desk.command("status").stdout


def test_the_web_pages_tell_that_the_server_went_away_and_came_back(desk: Desk, url: str) -> None:
    desk.config.write_text(desk.config.read_text(encoding="utf-8") + ANY_PORT, encoding="utf-8")
    server = postgres_server()
    with desk.running():
        port = port_of(desk)
        eventually(lambda: ready(port), "readiness")
        there = numbers(port)
        assert there["store_reachable",] == 1
        assert there["database_bytes",] > 1_000_000
        server.stop()
        try:
            away = eventually(lambda: not ready(port) and ask(HERE, port, "/readyz"), "the bad news")
            assert [one["reason"] for one in away.json["reasons"]] == ["store_unusable"]
            assert ask(HERE, port, "/healthz").status == 200  # a restart would not help
            eventually(lambda: numbers(port)["store_reachable",] == 0, "the number of it")
            failures = eventually(lambda: numbers(port)["stage_failures_total", "poll"], "the first failure")
        finally:
            server.start()
        eventually(lambda: ready(port), "the good news")
        eventually(lambda: numbers(port)["store_reachable",] == 1, "the numbers of the store")
        assert failures >= 1
    assert b"battery-staple" not in away.body
    assert "battery-staple" not in desk.log()
