"""Pruning looks for work every hour: it must not read a whole store to find that there is none."""

from __future__ import annotations

import pytest
from made import NOON

from monitor.adapters.store.database import Database
from monitor.adapters.store.migrate import upgrade
from monitor.adapters.store.retention import _STEPS
from monitor.model.retention import PruneLimits, PruneStep

LARGE = ("entries", "articles", "deliveries", "routings", "poll_counts")
LIMITS = PruneLimits(NOON, NOON, NOON, NOON, NOON, "rules-1", NOON)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Database:
    made = Database(f"sqlite:///{tmp_path_factory.mktemp('store') / 'monitor.db'}")
    upgrade(made)
    return made


@pytest.mark.parametrize("step", _STEPS)
def test_what_pruning_asks_is_answered_by_an_index(database: Database, step: PruneStep) -> None:
    find, _ = _STEPS[step]
    with database.read() as connection:
        query, _ = find(connection, LIMITS)
        written = query.limit(10).compile(connection, compile_kwargs={"render_postcompile": True})
        values = tuple(str(written.params[name]) for name in written.positiontup or ())
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {written}", values)]
    assert plan
    assert not [line for line in plan for table in LARGE if line.startswith(f"SCAN {table}")], plan
    # Nor by an index that holds them all: which texts are old, or which entries unlisted, is a matter of times.
    assert not [line for line in plan if "ix_articles_stage_id" in line], plan


def test_every_step_has_its_queries() -> None:
    assert set(_STEPS) == set(PruneStep) - {PruneStep.INDEX}
