"""Who may be at work on one PostgreSQL database: daemons of one config together, or somebody alone."""

from __future__ import annotations

import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sharing import Start, settle

from monitor.adapters.store import sql
from monitor.adapters.store.database import Database
from monitor.adapters.store.holder import DatabaseHolder
from monitor.adapters.store.sql import SqlStore
from monitor.model.daemons import Daemon
from monitor.model.errors import StoreBusy

pytestmark = pytest.mark.needs("postgresql")


def test_a_daemon_with_another_config_is_refused(start: Start) -> None:
    start("a", config="old")
    with pytest.raises(StoreBusy, match=r"pid 97 on desk with another config or other rules"):
        start("b", config="new")


def test_a_reload_is_the_last_word_and_the_others_stand_by_until_they_follow(start: Start) -> None:
    one, other = start("a"), start("b")
    assert settle(one, other) == [32, 32]
    other.shares.declare("c2")
    assert settle(one, other) == [0, 64]
    assert one.shares.turn().older
    assert not one.shares.has("match")
    assert other.shares.has("match")
    assert [str(one) for one in other.shares.turn().differing] == ["pid 97 on desk"]
    one.shares.declare("c2")
    assert settle(one, other) == [32, 32]
    assert other.shares.turn().differing == ()


def test_who_works_alone_and_daemons_refuse_each_other_and_say_who_is_there(start: Start, url: str) -> None:
    one, other = start("a"), start("b")
    with pytest.raises(StoreBusy, match=r"pid 97 on desk, pid 98 on desk; stop them first"):
        SqlStore(url, hold=4711)
    one.close()
    other.close()
    alone = SqlStore(url, hold=4711)
    with pytest.raises(StoreBusy, match="pid 4711"):
        start("c")
    assert alone.held
    alone.close()


def test_the_schema_is_not_brought_up_to_date_under_a_daemon(
    start: Start, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = start("a")
    monkeypatch.setattr(sql, "SCHEMA", "9999")  # of a version that is newer than the daemon's
    with pytest.raises(StoreBusy, match=r"has to be brought up to date, and at work on it is pid 97 on desk"):
        start("b")
    one.close()


def test_a_daemon_makes_the_schema_alone_and_lets_the_next_one_in() -> None:
    from postgres_server import postgres_server

    url = postgres_server().fresh_database()
    opened = [SqlStore(url, hold=n, daemon=Daemon(n, "desk", "c", version="1", token=f"t{n}")) for n in (1, 2)]
    assert [one.pid for one in opened[0].daemons()] == [1, 2]
    for store in opened:
        store.close()


def test_a_server_that_is_gone_is_noticed_within_a_minute(start: Start, url: str) -> None:
    def waits(store: Database) -> tuple[int, int]:
        connection = store.engine.raw_connection()
        with socket.socket(fileno=os.dup(connection.fileno())) as there:  # type: ignore[attr-defined]  # psycopg's
            found = there.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
            unanswered = there.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        connection.close()
        store.close()
        return found, unanswered

    assert waits(start("a")._db) == (30, 60_000)
    assert waits(Database(f"{url}?keepalives_idle=7")) == (7, 60_000)


def test_a_daemon_waits_for_one_that_has_just_brought_the_store_up_to_date(start: Start, url: str) -> None:
    """It holds the store alone until it has said that it shares it."""
    upgrading = Daemon(1, "desk", "c1", version="1", token="a")
    database = Database(url)
    holder = DatabaseHolder(database, upgrading)
    holder.hold_alone(1)
    try:
        with ThreadPoolExecutor(1) as threads:
            other = threads.submit(start, "b")
            with pytest.raises(TimeoutError):
                other.result(1)
            holder.share()
            assert other.result(30).shares.turn().shares
    finally:
        holder.release()
        database.close()


def test_a_daemon_is_refused_where_somebody_works_alone(start: Start, url: str) -> None:
    alone = SqlStore(url, hold=os.getpid())
    begun = time.monotonic()
    with pytest.raises(StoreBusy):
        start("b")
    assert time.monotonic() - begun < 10
    alone.close()
