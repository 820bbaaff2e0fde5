"""Two processes that plan the same digests at the same moment: every match is told once in each."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from datetime import timedelta

import pytest
from made import NOON, feed_settings
from stored import grouped, matched
from test_two_groupers import two_of, url

from monitor.adapters.store.sql import SqlStore
from monitor.model.ledger import RoutingState

__all__ = ["url"]  # the fixture
HOUR = timedelta(hours=1)
NAMES = ("now", "often", "hourly")
PLANNER = """
import sys
from datetime import timedelta
from made import NOON
from newsroom import Newsroom, digest_settings, feed_settings
from monitor.adapters.store.sql import SqlStore
from monitor.model.digest import Cron, Every
from monitor.testing import FakeClock

clock = FakeClock(NOON)
digests = (
    digest_settings("now"),
    digest_settings("often", schedule=Every(timedelta(minutes=30))),
    digest_settings("hourly", schedule=Cron("0 * * * *")),
)
room = Newsroom(digests=digests, store=SqlStore(sys.argv[1]), clock=clock, feeds=(feed_settings(),))
record = room.store.digests.record_plan

def record_together(plan, now):
    print(plan.digest, flush=True)
    sys.stdin.readline()  # until the other has decided as much
    record(plan, now)

room.store.digests.record_plan = record_together
print("ready", flush=True)
while sys.stdin.readline():
    clock.advance(timedelta(hours=1))
    room.plan()
    print("done", flush=True)
"""


def go(both: list[subprocess.Popen[str]]) -> Counter[str]:
    """Lets both plan an hour later, each plan recorded by both at once; how often both had the same digest."""
    at_once: Counter[str] = Counter()
    planning = list(both)
    while planning:
        for one in planning:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        said = [(one, one.stdout.readline().strip()) for one in planning if one.stdout is not None]
        planning = [one for one, what in said if what != "done"]
        names = [what for _, what in said]
        if len(names) == 2 and names[0] == names[1] != "done":
            at_once[names[0]] += 1
    return at_once


def plan_often(url: str, rounds: int) -> None:
    store = SqlStore(url)
    store.feeds.sync([feed_settings()], NOON)
    (feed,) = store.feeds.all()
    for name in NAMES:
        store.digests.open_digest(name, NOON)
    both = two_of(PLANNER, url)
    at_once: Counter[str] = Counter()
    for number in range(rounds):
        for part in range(2):
            article = grouped(store, feed, f"e{number}-{part}", title=f"Torkham closed, day {number}-{part}")
            matched(store, article, *NAMES)
        at_once += go(both)
    go(both)  # what one left to the next tick
    for one in both:
        assert one.communicate(timeout=60)[0].strip() == ""
        assert one.returncode == 0
    with store._db.read() as connection:
        routed = connection.exec_driver_sql("SELECT match_id, digest, state, batch FROM routings").all()
        told = connection.exec_driver_sql("SELECT digest, batch, message FROM deliveries").all()
    assert {state for _, _, state, _ in routed} == {RoutingState.PLANNED.value}
    assert len(routed) == 2 * rounds * len(NAMES)
    times: Counter[tuple[str, str]] = Counter()
    for digest, _, message in told:
        text = message if isinstance(message, str) else json.dumps(message)
        times.update((digest, found) for found in set(re.findall(r"day (\d+-\d)", text)))
    assert set(times.values()) == {1}
    assert len(times) == len(routed)
    assert all(at_once[name] >= rounds for name in NAMES), "they did not plan at once"
    store.close()


def test_what_two_processes_plan_at_once_is_told_once(url: str) -> None:
    plan_often(url, 4)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_what_two_processes_plan_at_once_a_hundred_times_is_told_once(url: str) -> None:
    plan_often(url, 100)
