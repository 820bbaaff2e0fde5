"""What a process takes from the queue, and when it rests."""

from __future__ import annotations

from typing import Any

import pytest
from made import NOON
from newsroom import fresh_store

from monitor.app.jobs import Jobs, resting
from monitor.model.errors import StoreUnusable
from monitor.model.jobs import Job
from monitor.testing import FakeClock, InlineJobs


@pytest.mark.parametrize(
    ("takes_part", "polls_hang", "rests"),
    [
        (True, False, ()),
        (True, True, ()),  # nobody else is there
        (False, False, ("match",)),  # by an older config, or another stage hangs
        (False, True, ("match", "poll")),
    ],
)
def test_stages_rest_that_others_do_better(takes_part: bool, polls_hang: bool, rests: tuple[str, ...]) -> None:
    assert resting(takes_part=takes_part, polls_hang=polls_hang) == rests


def test_who_rests_has_nothing_in_hand_and_takes_jobs_again_afterwards() -> None:
    queue, woken = InlineJobs(), list[str]()
    jobs = Jobs.of(queue, fresh_store(), FakeClock(NOON))
    jobs.begin(woken.append)
    poll, part = Job("poll", (1,), "host", "poll host"), Job.of_part("match", 3)
    queue.put(None, [poll, part])
    jobs.rest(("match", "poll"))
    queue.put(None, [poll, part])
    assert list(jobs.articles.turns()) == []
    assert woken == ["poll", "match"]
    assert list(queue.waiting.values()) == [poll, part]
    jobs.rest(())
    assert woken == ["poll", "match"] * 2
    assert list(jobs.articles.turns()) == [3]


def test_a_store_in_trouble_keeps_nobody_from_resting(monkeypatch: pytest.MonkeyPatch) -> None:
    store, queue = fresh_store(), InlineJobs()
    jobs = Jobs.of(queue, store, FakeClock(NOON))
    jobs.begin(lambda stage: None)
    queue.put(None, [Job("poll", (1,), "host", "poll host")])

    def refuse(_ids: Any) -> None:
        raise StoreUnusable("a database", "the server does not answer")

    monkeypatch.setattr(store.given, "leave", refuse)
    jobs.rest(("poll",))
    jobs.rest(())
    queue.put(None, [Job("poll", (2,), "host", "poll host")])
    assert not queue.waiting, "the lock of the host is free"
