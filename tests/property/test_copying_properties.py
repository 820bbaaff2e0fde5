"""Stores of any content survive a copy to PostgreSQL, and a pipeline that moves there alerts as if it had not."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from copied import fill, on_disk, rows_by_table, without_nul
from hypothesis import given, settings
from hypothesis import strategies as st
from made import MINUTE
from newsroom import after, fresh_store, rss
from test_pipeline_properties import FEEDS, Deal, deals, newsroom, nothing_is_left, run, work

from monitor.adapters.store.copying import copy_store
from monitor.adapters.store.sql import SqlStore

pytestmark = pytest.mark.needs("postgresql")


@contextmanager
def copied(store: SqlStore) -> Iterator[tuple[str, str]]:
    """The URLs of a file with all that a store in memory holds, and of its copy in PostgreSQL."""
    from postgres_server import postgres_server

    target = postgres_server().fresh_database()
    with tempfile.TemporaryDirectory() as folder:
        source = on_disk(store, Path(folder) / "monitor.db")
        assert copy_store(source, target, pid=1, tell=lambda *_: None).equal
        yield source, target
    postgres_server().drop(target)


@given(st.integers(0, 2**32), st.integers(0, 20))
@settings(max_examples=2, deadline=None)
def test_rows_of_any_values_survive_the_copy(seed: int, rows: int) -> None:
    with copied(fill(fresh_store(), rows, seed)) as (source, target):
        assert rows_by_table(target) == without_nul(rows_by_table(source))


def moving(deal: Deal, at: int, steps: int) -> list[tuple[str, str, str]]:
    """The alerts of a newsroom that is cut off after so many steps of one batch, and goes on in a copy."""
    room, (_, batches) = newsroom(), deal
    with ExitStack() as stack:
        for number, batch in enumerate(batches):
            for url in FEEDS:
                room.fetcher.answers[url] = rss(*(one.xml() for one in batch if one.feed == url))
            room.store.feeds.make_all_due(room.clock.now())
            if number == at % len(batches):
                work(room, after(steps))
                room.store = SqlStore(stack.enter_context(copied(room.store))[1])
                stack.callback(room.store.close)
                room.store.feeds.release_leases()  # as a new process does
            work(room)
            room.clock.advance(20 * MINUTE)
        room.plan(close_all=True)
        room.deliver()
        nothing_is_left(room)
        return room.alerts()


@given(deals(), st.integers(0, 4), st.integers(0, 30))
@settings(max_examples=2, deadline=None)
def test_a_pipeline_that_moves_anywhere_alerts_the_same_each_once(deal: Deal, at: int, steps: int) -> None:
    whole = run(deal[1]).alerts()
    assert sorted(moving(deal, at, steps)) == sorted(whole)


@pytest.mark.soak
@given(deals(), st.integers(0, 4), st.integers(0, 30))
@settings(max_examples=40, deadline=None)
@pytest.mark.timeout(900)
def test_many_pipelines_that_move_alert_the_same_each_once(deal: Deal, at: int, steps: int) -> None:
    whole = run(deal[1]).alerts()
    assert sorted(moving(deal, at, steps)) == sorted(whole)


@pytest.mark.soak
@given(st.integers(0, 2**32), st.integers(0, 60))
@settings(max_examples=40, deadline=None)
@pytest.mark.timeout(900)
def test_many_rows_of_any_values_survive_the_copy(seed: int, rows: int) -> None:
    with copied(fill(fresh_store(), rows, seed)) as (source, target):
        assert rows_by_table(target) == without_nul(rows_by_table(source))
