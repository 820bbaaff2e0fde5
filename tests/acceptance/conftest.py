from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import Desk
from local_feed import LocalFeed

from monitor.demo.server import LocalSite


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
