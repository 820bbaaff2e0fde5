from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from made import NOON, feed_settings
from newsroom import fresh_postgresql_store, fresh_store
from stored import grouped, matched, plan

from monitor.adapters.store.sql import SqlStore
from monitor.model.feed import Feed
from monitor.ports import Store


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy: migrating one for every test would take longer than the tests."""
    file = tmp_path_factory.mktemp("store") / "monitor.db"
    SqlStore(f"sqlite:///{file}").close()
    return file


@pytest.fixture(params=["file", "memory", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def store(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Iterator[Store]:
    if request.param != "file":
        yield fresh_store() if request.param == "memory" else fresh_postgresql_store()
        return
    shutil.copy(migrated, tmp_path / "monitor.db")
    opened = SqlStore(f"sqlite:///{tmp_path / 'monitor.db'}")
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
