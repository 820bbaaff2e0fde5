"""What tests of the doors share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from doors import CONFIG
from newsroom import RULES, Newsroom, file_store, item


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """What a command sets the log to must not hide lines from the tests after it."""
    yield
    structlog.reset_defaults()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config and its rules in the current directory; nothing has ever run."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "border.toml").write_text(RULES)
    (tmp_path / "config.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def stored(desk: Path) -> Path:
    """The same with a store that holds one match, not planned yet."""
    store = file_store(desk / "monitor.db")
    room = Newsroom(store=store)
    room.store.articles.record_ruleset(room.ruleset.version, list(room.ruleset.sources.items()), room.clock.now())
    room.bring_in(item())
    store.close()
    return desk
