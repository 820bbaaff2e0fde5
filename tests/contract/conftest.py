from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made import NOON, feed_settings
from newsroom import file_store, fresh_postgresql_store, fresh_store
from sharing import Start, daemons_on
from stored import grouped, matched, plan

from monitor.adapters.store.sql import SqlStore
from monitor.model.feed import Feed
from monitor.ports import Store


@pytest.fixture(
    params=[
        "file",
        pytest.param("memory", marks=pytest.mark.soak),  # in the tier: the same statements in a file
        pytest.param("postgresql", marks=pytest.mark.needs("postgresql")),
    ]
)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param != "file":
        yield fresh_store() if request.param == "memory" else fresh_postgresql_store()
        return
    opened = file_store(tmp_path / "monitor.db")
    yield opened
    opened.close()


@pytest.fixture
def feed(store: Store) -> Feed:
    store.feeds.sync([feed_settings()], NOON)
    return store.feeds.all()[0]


@pytest.fixture
def waiting(store: Store, feed: Feed) -> Store:
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning")
    store.digests.record_plan(plan(store), NOON)
    return store


@pytest.fixture(scope="module")
def url() -> str:
    """A database with a store, for daemons that share it."""
    from postgres_server import postgres_server

    url = postgres_server().fresh_database()
    SqlStore(url).close()
    return url


@pytest.fixture
def start(url: str) -> Iterator[Start]:
    with daemons_on(url) as started:
        yield started
