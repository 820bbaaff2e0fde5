"""Words between processes on one PostgreSQL database: they come soon, or not at all."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa
from desk import eventually

from monitor.adapters.store import signals
from monitor.adapters.store.sql import SqlStore
from monitor.model.daemons import Daemon

Heard = queue.Queue[str]
Start = Callable[[str], tuple[SqlStore, Heard]]
_SOON = 10.0  # seconds


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a daemon's store, which hears."""
    from postgres_server import postgres_server

    url = postgres_server().fresh_database()
    with ExitStack() as stack:

        def started(token: str) -> tuple[SqlStore, Heard]:
            store = SqlStore(url, hold=1, daemon=Daemon(1, "desk", "c1", version="1", token=token))
            stack.callback(store.close)
            heard = Heard()
            store.signals.begin(heard.put)
            eventually(lambda: listening(store, token), "that it listens")
            return store, heard

        yield started


def listening(store: SqlStore, token: str) -> int:
    with store._db.read() as connection:
        query = sa.text(
            "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND application_name LIKE :name"
        )
        return connection.execute(query, {"name": f"% {token}"}).scalar() or 0


@pytest.mark.needs("postgresql")
def test_the_others_hear_for_which_stage_there_is_work_and_the_teller_does_not(start: Start) -> None:
    (one, at_one), (_, at_other), (_, at_third) = start("a1"), start("b2"), start("W3")
    one.signals.tell("digest")
    assert at_other.get(timeout=_SOON) == "digest"
    assert at_third.get(timeout=_SOON) == "digest"
    one.signals.tell("deliver")
    assert at_other.get(timeout=_SOON) == "deliver"
    assert at_one.empty()


@pytest.mark.needs("postgresql")
def test_what_is_said_again_and_again_is_heard_a_few_times(start: Start) -> None:
    (one, _), (_, heard) = start("a1"), start("b2")
    for _ in range(1_000):
        one.signals.tell("read")
    one.signals.tell("the end")
    words = list(iter(lambda: heard.get(timeout=_SOON), "the end"))
    assert 1 <= len(words) < 100
    assert set(words) == {"read"}


@pytest.mark.needs("postgresql")
def test_after_its_connection_was_lost_it_hears_again(start: Start) -> None:
    (one, _), (other, heard) = start("a1"), start("b2")
    before = listening(other, "b2")
    with one._db.write() as connection:
        connection.execute(sa.select(sa.func.pg_terminate_backend(before)))
    one.signals.tell("lost, maybe")
    eventually(lambda: listening(other, "b2") not in (0, before), "that it listens again")
    one.signals.tell("digest")
    assert "digest" in iter(lambda: heard.get(timeout=_SOON), "")
    one.signals.close()
    one.signals.close()
    one.signals.tell("nobody sends it")


@pytest.mark.needs("postgresql")
def test_after_any_trouble_it_hears_again(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process may have no more sockets for a moment: whatever is raised, the thread goes on."""
    (one, _), (other, heard) = start("a1"), start("b2")
    monkeypatch.setattr(signals, "_AFTER_TROUBLE", 0.1)
    troubles = iter([OSError(24, "Too many open files")])

    def hear(stage: str) -> None:
        for trouble in troubles:
            raise trouble
        heard.put(stage)

    other.signals._hear = hear  # type: ignore[union-attr]  # it is a database's
    one.signals.tell("lost")

    def told() -> bool:
        one.signals.tell("digest")
        return not heard.empty()

    eventually(told, "that it hears again")


def test_alone_with_a_store_nobody_is_told(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/monitor.db", hold=1)
    store.signals.begin(lambda stage: pytest.fail(f"heard {stage}"))
    store.signals.tell("digest")
    store.close()
