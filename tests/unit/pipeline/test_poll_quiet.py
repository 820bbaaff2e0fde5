"""poll: answers without a body to be read are stored together, and one feed's fault stays its own."""

from __future__ import annotations

import pytest
from made import feed_settings
from newsroom import Newsroom, after, failing

from monitor.model.errors import StoreUnusable
from monitor.model.feed import Polled, PollOutcome
from monitor.pipeline.poll import MOST_QUIET

NOT_MODIFIED = PollOutcome.NOT_MODIFIED
URLS = [f"https://{number}.example/feed" for number in range(100)]


@pytest.fixture
def room() -> Newsroom:
    room = Newsroom(feeds=[feed_settings(url, name=url) for url in URLS])
    room.fetcher.answers.update({url: failing(NOT_MODIFIED, 304) for url in URLS})
    return room


def test_a_hundred_answers_without_a_body_are_stored_in_two_transactions_and_each_is_told(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[int] = []
    store = room.store.feeds.record_polls

    def watched(polls: list[Polled]) -> int:
        stored.append(len(polls))
        return store(polls)

    monkeypatch.setattr(room.store.feeds, "record_polls", watched)
    reports = room.poll()
    assert sorted(report.feed.url for report in reports) == sorted(URLS)
    assert stored == [MOST_QUIET, 100 - MOST_QUIET]
    assert not room.poll()


def test_a_report_is_told_when_its_poll_is_stored(room: Newsroom) -> None:
    for report in room.poll(after(1)):
        (feed,) = (one for one in room.store.feeds.all() if one.id == report.feed.id)
        assert feed.last_outcome is NOT_MODIFIED


def test_one_that_cannot_be_stored_fails_alone(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    store = room.store.feeds.record_polls

    def broken(polls: list[Polled]) -> int:
        if any(one.feed.url == URLS[7] and one.decision.outcome is NOT_MODIFIED for one in polls):
            raise ValueError("a fault nobody foresaw")
        return store(polls)

    monkeypatch.setattr(room.store.feeds, "record_polls", broken)
    outcomes = {report.feed.url: report.decision.outcome for report in room.poll()}
    assert outcomes.pop(URLS[7]) is PollOutcome.PARSE_FAILED
    assert set(outcomes.values()) == {NOT_MODIFIED}
    assert len(outcomes) == 99


def test_a_store_in_trouble_leaves_them_due(room: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(polls: list[Polled]) -> int:
        raise StoreUnusable("monitor.db", "the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(room.store.feeds, "record_polls", full)  # a disk cannot be filled here
        with pytest.raises(StoreUnusable):
            room.poll()
    assert not [feed for feed in room.store.feeds.all() if feed.failures or feed.last_polled_at]
    room.store.feeds.release_leases()
    assert len(room.poll()) == 100
