"""Two processes that group at the same moment: twins are one class and one story, whoever comes first."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from made import NOON, feed_settings
from newsroom import fresh_postgresql_store
from reports import groups_of, report, store_reports
from stored import plan

from monitor.adapters.store.sql import SqlStore
from monitor.model.retention import PruneLimits, PruneStep
from monitor.pipeline.group import GroupStage
from monitor.testing import FakeClock

FAR = NOON + timedelta(days=1_000)
GROUPER = """
import sys
from datetime import timedelta
from made import NOON
from monitor.adapters.store.sql import SqlStore
from monitor.model.errors import StoreError
from monitor.pipeline.group import GroupStage
from monitor.testing import FakeClock

store = SqlStore(sys.argv[1])
stage = GroupStage(store.grouping, FakeClock(NOON), batch=int(sys.argv[2]))
stage.likeness()
print("ready", flush=True)
sys.stdin.readline()
print(sum(1 for _ in stage.run(lambda: False)), flush=True)
"""

WITHOUT_END = """
import sys, time
from made import NOON
from monitor.adapters.store.sql import SqlStore
from monitor.pipeline.group import GroupStage
from monitor.testing import FakeClock

store = SqlStore(sys.argv[1])
stage = GroupStage(store.grouping, FakeClock(NOON), batch=int(sys.argv[2]))
likeness = stage.likeness()
print("ready", flush=True)
until, done = time.monotonic() + float(sys.argv[3]), 0
while time.monotonic() < until:
    for report in stage.run(lambda: False):
        assert report.why is None, report.why
        done += 1
for report in stage.run(lambda: False):
    done += 1
print(done, flush=True)
"""


@pytest.fixture(params=["file", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "file":
        return f"sqlite:///{tmp_path / 'monitor.db'}"
    from postgres_server import postgres_server

    return postgres_server().fresh_database()


def two_of(script: str, *arguments: str) -> list[subprocess.Popen[str]]:
    """Two processes that said they are ready."""
    support = str(Path(__file__).parents[1] / "support")
    line = [sys.executable, "-c", f"import sys; sys.path.insert(0, {support!r})\n{script}", *arguments]
    both = [subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for one in both:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    return both


def test_twins_that_two_processes_group_at_once_are_one_class_and_one_story(url: str) -> None:
    store = SqlStore(url)
    store.feeds.sync([feed_settings()], NOON)
    (feed,) = store.feeds.all()
    twins = [report(f"e{n}", n // 2, 0, host=f"h{n % 2}.example") for n in range(24)]
    beside = [report(f"b{n}", n, 1, host="h3.example") for n in range(12)]
    store_reports(store, feed, [*twins, *beside])
    both = two_of(GROUPER, url, "1")
    for one in both:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    said = [int(one.communicate(timeout=60)[0]) for one in both]
    assert sum(said) == 36
    classes, stories = groups_of(store, [*twins, *beside])
    assert classes == {frozenset({f"e{2 * n}", f"e{2 * n + 1}"}) for n in range(12)} | {
        frozenset({f"b{n}"}) for n in range(12)
    }
    assert stories == {frozenset({f"e{2 * n}", f"e{2 * n + 1}", f"b{n}"}) for n in range(12)}
    store.close()


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("what", ["prune", "forget"])
def test_who_prunes_or_forgets_waits_for_who_groups(what: str) -> None:
    store = fresh_postgresql_store()
    long_ago = PruneLimits(NOON, NOON, NOON, NOON, NOON, "rules-1", NOON)
    store.feeds.sync([feed_settings()], NOON)
    store_reports(store, store.feeds.all()[0], [report("a", 1, 0)])
    list(GroupStage(store.grouping, FakeClock(NOON)).run(lambda: False))
    work = {
        "prune": lambda: store.retention.prune(PruneStep.POINTS, replace(long_ago, likeness=FAR), 10),
        "forget": lambda: store.retention.forget("https://nowhere.example/", "", NOON, even_unsent=True),
    }
    thread = threading.Thread(target=work[what])
    with store.grouping.session():
        thread.start()
        while thread.is_alive():
            with store._db.read() as connection:
                waits = connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar_one()
            if waits:
                break
        assert thread.is_alive()
    thread.join()


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_two_processes_that_group_for_twenty_seconds_hinder_neither_each_other_nor_who_plans(url: str) -> None:
    store = SqlStore(url)
    store.feeds.sync([feed_settings()], NOON)
    (feed,) = store.feeds.all()
    store.digests.open_digest("morning", NOON)
    both = two_of(WITHOUT_END, url, "25", "20")
    stored, waited = 0, [0.0]
    until = time.monotonic() + 20
    while time.monotonic() < until:
        some = [report(f"e{stored + n}", (stored + n) // 6, n % 3, host=f"h{n % 4}.example") for n in range(12)]
        store_reports(store, feed, some)
        stored += len(some)
        begun = time.monotonic()
        store.digests.record_plan(plan(store, batch=f"b{stored}", deliveries=1), NOON)
        waited.append(time.monotonic() - begun)
    said = [int(one.communicate(timeout=120)[0]) for one in both]
    assert [one.returncode for one in both] == [0, 0]
    late = list(GroupStage(store.grouping, FakeClock(NOON)).run(lambda: False))  # stored when they had ended
    assert sum(said) + len(late) == stored
    assert sum(said) > stored / 2
    assert max(waited) < 5  # half a second and less on a quiet machine
    store.close()
