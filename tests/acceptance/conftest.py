from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import Desk, in_postgresql
from local_feed import LocalFeed

from monitor.demo.server import LocalSite


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With stores in PostgreSQL only the tests of a desk are run: the others have none, and were run before."""
    if in_postgresql():
        without = [item for item in items if "desk" not in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in without]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    folder = tmp_path / "desk"
    folder.mkdir()
    made = Desk(folder)
    yield made
    made.clear()


@pytest.fixture
def site() -> Iterator[LocalSite]:
    with LocalSite() as running:
        yield running


@pytest.fixture
def feed(site: LocalSite) -> LocalFeed:
    return LocalFeed(site)
