"""A job hears once that it is done, whatever became of its feeds."""

from __future__ import annotations

from typing import NoReturn

import pytest
from made import MINUTE, NOON, decision, feed_settings
from newsroom import Newsroom, fresh_store, item
from stored import LEASE

from monitor.adapters.store.sql import SqlStore
from monitor.model.errors import StoreUnusable
from monitor.model.feed import Polled
from monitor.model.jobs import Job
from monitor.pipeline.given import JobFeeds
from monitor.pipeline.poll import PollStage
from monitor.testing import InlineSandbox


def unusable(*_: object) -> NoReturn:
    raise StoreUnusable("a database", "the server does not answer")


@pytest.fixture
def store() -> SqlStore:
    store = fresh_store()
    store.feeds.sync([feed_settings(f"https://f{n}.example/feed") for n in range(3)], NOON)
    store.feeds.make_all_due(NOON)
    return store


class Room:
    def __init__(self, store: SqlStore) -> None:
        self.woken = 0
        self.feeds = JobFeeds(store.given, self._wake)
        self.done: list[str] = []

    def _wake(self) -> None:
        self.woken += 1

    def give(self, name: str, *ids: int) -> None:
        self.feeds.give(Job("poll", ids, name, name), lambda: self.done.append(name))

    def claim(self, most: int = 10) -> list[int]:
        return [one.id for one in self.feeds.claim_due(NOON, LEASE, most)]

    def poll(self, *ids: int) -> None:
        feeds = self.feeds.claim_due(NOON, LEASE, 10)
        later = decision(next_poll_at=NOON + 10 * MINUTE)
        self.feeds.record_polls([Polled(one, later, NOON, []) for one in feeds if one.id in ids])


@pytest.fixture
def room(store: SqlStore) -> Room:
    return Room(store)


def test_what_was_not_given_is_not_claimed_however_due_it_is(room: Room) -> None:
    assert room.claim() == []
    room.give("job", 2)
    assert room.woken == 1
    assert room.claim() == [2]
    assert room.claim() == []


def test_a_job_is_done_when_each_of_its_feeds_was_polled(room: Room) -> None:
    room.give("job", 1, 2)
    feeds = room.feeds.claim_due(NOON, LEASE, 10)
    later = decision(next_poll_at=NOON + 10 * MINUTE)
    for one in feeds:
        assert room.done == []
        room.feeds.record_polls([Polled(one, later, NOON, [])])
    assert room.done == ["job"]


def test_what_is_not_due_any_more_is_done(room: Room) -> None:
    room.give("first", 1)
    room.poll(1)
    room.give("second", 1)
    assert room.claim() == []
    assert room.done == ["first", "second"]


def test_a_feed_of_two_jobs_is_polled_once_and_both_hear_of_it(room: Room) -> None:
    room.give("one", 1)
    room.give("other", 1)
    room.poll(1)
    assert sorted(room.done) == ["one", "other"]


def test_what_is_put_off_or_given_back_is_done(room: Room, store: SqlStore) -> None:
    room.give("put off", 1)
    room.give("given back", 2)
    room.claim()
    room.feeds.put_off({1: NOON + 5 * MINUTE})
    room.feeds.release_leases([2])
    assert room.done == ["put off", "given back"]
    assert {one.id for one in store.feeds.claim_due(NOON, LEASE, 10)} == {2, 3}


def test_at_the_end_what_waits_is_given_up_and_goes_to_others_at_once(room: Room, store: SqlStore) -> None:
    def dispatched() -> list[int]:
        return list(store.dispatched.dispatch(NOON, LEASE, MINUTE, 10, lambda _, due: {one.id for one in due}))

    assert dispatched() == [1, 2, 3]
    room.give("waits", 1, 2)
    room.feeds.close()
    room.give("too late", 3)
    assert room.done == ["waits", "too late"]
    assert room.claim() == []
    assert dispatched() == [1, 2]


def test_who_leaves_gives_up_what_waits_and_what_is_at_work_which_is_taken_anew_when_it_is_given_again(
    room: Room, store: SqlStore
) -> None:
    room.give("at work", 1, 2)
    (asleep, _) = room.feeds.claim_due(NOON, LEASE, 10)
    room.give("waits", 3)
    room.feeds.leave()
    assert sorted(room.done) == ["at work", "waits"]
    assert [one.id for one in store.feeds.claim_due(NOON, LEASE, 10)] == [3]
    room.give("again", 1)
    (anew,) = room.feeds.claim_due(NOON, LEASE, 10)
    assert (anew.id, anew.lease_token) == (1, asleep.lease_token + 1)
    late = decision(next_poll_at=NOON + 10 * MINUTE)
    room.feeds.record_polls([Polled(asleep, late, NOON, [])])
    (first, *_) = store.feeds.all()
    assert first.next_poll_at == NOON, "it is not believed"


def test_when_the_store_fails_its_feeds_are_claimed_once_more(
    room: Room, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> list[object]:
        raise LookupError

    room.give("job", 1, 2)
    with monkeypatch.context() as patched:
        patched.setattr(store.given, "take", broken)
        with pytest.raises(LookupError):
            room.claim()
    assert room.done == []
    assert room.claim() == [1, 2]


def test_what_the_store_does_not_take_back_is_given_back_before_more_is_claimed(
    room: Room, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.give("job", 1)
    room.claim()
    with monkeypatch.context() as patched:
        patched.setattr(store.given, "give_back", unusable)
        with pytest.raises(StoreUnusable):
            room.feeds.release_leases([1])
        with pytest.raises(StoreUnusable):
            room.claim()
    assert room.done == ["job"]
    assert room.claim() == []
    assert {one.id for one in store.feeds.claim_due(NOON, LEASE, 10)} == {1, 2, 3}


@pytest.mark.parametrize("broken", ["host_pauses", "record_polls"])
def test_feeds_whose_polls_the_store_did_not_take_are_polled_once_they_are_given_again(broken: str) -> None:
    """A job that never hears of its end would keep its host from all others."""
    newsroom, done = Newsroom(), list[str]()
    newsroom.serve(item())
    feeds = JobFeeds(newsroom.store.given)
    dice = lambda: 0.5  # noqa: E731
    stage = PollStage(feeds, newsroom.fetcher, InlineSandbox(), newsroom.clock, dice, newsroom.settings)
    job = Job("poll", (newsroom.feed.id,), "host", "place")
    feeds.give(job, lambda: done.append("first"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(newsroom.store.given, broken, unusable)
        with pytest.raises(StoreUnusable):
            list(stage.run(lambda: False))
    assert done == ["first"]
    feeds.give(job, lambda: done.append("second"))
    assert [report.waiting for report in stage.run(lambda: False)] == [1]
    assert done == ["first", "second"]


def test_no_more_are_claimed_at_once_than_asked(room: Room) -> None:
    room.give("job", 1, 2, 3)
    assert [len(room.claim(2)), len(room.claim(2))] == [2, 1]
