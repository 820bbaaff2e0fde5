"""poll: bodies are read side by side, and no guarantee of the stage suffers from it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import takewhile
from typing import Any

import pytest
from made import feed_settings
from newsroom import DAY, FEED, OTHER_FEED, Newsroom, answer, item, rss
from watched import Watched

from monitor.adapters.sandbox import ProcessSandbox
from monitor.core.feeds.parse import parse_feed
from monitor.model.errors import StoreUnusable
from monitor.model.feed import Polled, PollOutcome
from monitor.model.fetch import FetchRequest, FetchResponse
from monitor.pipeline import poll
from monitor.pipeline.answers import Answer, PollReport
from monitor.pipeline.poll import LEASE, MOST_BYTES, PollStage
from monitor.testing import FakeFetcher, InlineSandbox

PATIENCE = 30.0  # seconds: a limit, not a wait


class WatchedSandbox(InlineSandbox):
    """Calls `before` with the URL of each feed, in the thread that reads it."""

    def __init__(self, before: Callable[[str], None]) -> None:
        self.before = before

    def run(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.before(args[2])
        return super().run(function, *args, **kwargs)


def newsroom(feeds: int = 2) -> Newsroom:
    """Feeds with one new entry each; FEED is answered first, then OTHER_FEED."""
    urls = [FEED, OTHER_FEED, *(f"https://{number}.example/feed" for number in range(2, feeds))][:feeds]
    room = Newsroom(feeds=[feed_settings(url, name=url, backfill=DAY) for url in urls])
    for number, url in enumerate(urls):
        room.fetcher.answers[url] = rss(item(f"e{number}"))
    return room


def stage(room: Newsroom, before: Callable[[str], None], *, feeds: Any = None, readers: int = 2) -> PollStage:
    return PollStage(
        feeds or room.store.feeds,
        room.fetcher,
        WatchedSandbox(before),
        room.clock,
        lambda: 0.5,
        room.settings,
        readers,
    )


def waited(event: threading.Event) -> None:
    assert event.wait(PATIENCE)


def never() -> bool:
    return False


def test_as_many_bodies_are_read_at_once_as_there_are_readers() -> None:
    room = newsroom(3)
    together = threading.Barrier(3)
    reports = list(stage(room, lambda url: together.wait(PATIENCE) and None, readers=3).run(never))
    assert [report.decision.outcome for report in reports] == [PollOutcome.OK] * 3


def test_a_body_that_takes_long_holds_up_no_other_feed() -> None:
    room = newsroom(4)
    others_are_done = threading.Event()
    reports = stage(room, lambda url: waited(others_are_done) if url == FEED else None).run(never)
    first = [next(reports) for _ in range(3)]
    assert FEED not in {report.feed.url for report in first}
    assert room.number("SELECT count(*) FROM entries") == 3
    others_are_done.set()
    assert [report.feed.url for report in reports] == [FEED]
    assert room.number("SELECT count(*) FROM entries") == 4


def test_a_body_that_takes_long_holds_up_no_feed_that_comes_due_meanwhile() -> None:
    room = newsroom(2)
    room.fetcher.answers[OTHER_FEED] = lambda request: answer(rss(item(f"e{len(room.fetcher.requests)}")))(request)
    read: list[str] = []
    came_again = threading.Event()

    def claim_due(*args: Any) -> Any:
        found = room.store.feeds.claim_due(room.clock.now(), *args[1:])
        if not found:  # both are asked, and nothing is in flight
            room.clock.advance(LEASE * 3)
        return found

    def before(url: str) -> None:
        read.append(url)
        if url == FEED:
            waited(came_again)
        elif read.count(OTHER_FEED) == 2:
            came_again.set()

    feeds = Watched(room.store.feeds, claim_due=claim_due)
    reports = list(stage(room, before, feeds=feeds).run(came_again.is_set))
    assert {report.decision.outcome for report in reports} == {PollOutcome.OK}
    assert read.count(FEED) == 1


def test_a_body_that_is_an_attack_takes_its_own_child_and_holds_up_no_other_feed() -> None:
    room = newsroom(6)
    attributes = " ".join(f'a{number}="x"' for number in range(100_000))  # feedparser would take minutes
    room.fetcher.answers[FEED] = rss(f"<item><a {attributes}/></item>").replace(b"</rss>", b"<torn off=here>")
    sandbox = ProcessSandbox(workers=2, cpu_seconds=2.0)
    try:
        with ThreadPoolExecutor(2) as both:  # both children are up before the first poll
            list(
                both.map(lambda url: sandbox.run(parse_feed, rss(), "text/xml", url, room.clock.now()), (FEED, ""))
            )
        polling = replace(stage(room, lambda url: None), sandbox=sandbox)
        reports = list(polling.run(never))
    finally:
        sandbox.close()
    assert [report.decision.outcome for report in reports] == [PollOutcome.OK] * 5 + [PollOutcome.PARSE_FAILED]
    assert reports[-1].feed.url == FEED
    assert "over 2 s of CPU" in (reports[-1].decision.error or "")


def test_one_reader_reads_in_the_order_of_the_answers() -> None:
    room = newsroom(6)
    read: list[str] = []
    reports = list(stage(room, read.append, readers=1).run(never))
    assert read == [request.url for request in room.fetcher.requests] == [report.feed.url for report in reports]


@pytest.mark.parametrize("readers", [1, 2])
def test_no_more_answers_are_taken_than_can_be_read(readers: int) -> None:
    room = newsroom(12)
    too_many = threading.Event()
    for url, body in list(room.fetcher.answers.items()):

        def respond(request: FetchRequest, body: Any = body) -> FetchResponse:
            if len(room.fetcher.requests) > readers + 1:
                too_many.set()
            return answer(body)(request)

        room.fetcher.answers[url] = respond
    first = list(room.fetcher.answers)[:readers]
    at_work, go_on = threading.Barrier(readers + 1), threading.Event()

    def held(url: str) -> None:
        if url in first:
            at_work.wait(30)
            go_on.wait(30)

    reports: list[PollReport] = []
    polling = threading.Thread(target=lambda: reports.extend(stage(room, held, readers=readers).run(never)))
    polling.start()
    at_work.wait(30)
    # While every reader is at work, the answers that none is free for stay with the fetcher.
    taken = too_many.wait(0.3)
    go_on.set()
    polling.join()
    assert not taken
    assert len(reports) == 12


def test_a_body_that_breaks_its_reader_fails_alone() -> None:
    room = newsroom(4)
    reports = {report.feed.url: report for report in stage(room, _breaks_on(FEED)).run(never)}
    assert reports[FEED].decision.outcome is PollOutcome.PARSE_FAILED
    assert sum(report.decision.outcome is PollOutcome.OK for report in reports.values()) == 3
    assert room.feed.failures == 1


def _breaks_on(url: str) -> Callable[[str], None]:
    def before(found: str) -> None:
        if found == url:
            raise ZeroDivisionError

    return before


def test_bodies_that_are_read_while_others_are_stored_are_stored_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = newsroom(4)
    all_read = threading.Event()
    together: list[int] = []

    class Read(deque[Answer]):
        """Those that were read."""

        put = 0

        def append(self, answer: Answer) -> None:
            super().append(answer)
            self.put += 1
            if self.put == 4:
                all_read.set()

    def record_polls(polls: Sequence[Polled]) -> int:
        waited(all_read)
        together.append(len(polls))
        return room.store.feeds.record_polls(polls)

    monkeypatch.setattr(poll, "_Run", partial(poll._Run, read=Read()))
    feeds = Watched(room.store.feeds, record_polls=record_polls)
    assert len(list(stage(room, lambda url: None, feeds=feeds, readers=4).run(never))) == 4
    assert sum(together) == 4
    assert len(together) <= 2  # those of the first, and the others


def test_large_bodies_are_not_gathered_without_bound() -> None:
    room = newsroom(6)
    for url in list(room.fetcher.answers):
        room.fetcher.answers[url] = rss(item(f"e {url}", summary="x" * (MOST_BYTES // 2)))
    together: list[int] = []

    def record_polls(polls: Sequence[Polled]) -> int:
        together.append(len(polls))
        return room.store.feeds.record_polls(polls)

    feeds = Watched(room.store.feeds, record_polls=record_polls)
    assert len(list(stage(room, lambda url: None, feeds=feeds, readers=6).run(never))) == 6
    assert max(together) <= 2


def test_a_store_that_takes_nothing_stops_the_stage_and_leaves_all_it_did_not_take_due() -> None:
    room = newsroom(3)
    kept: list[str] = []

    def record_polls(polls: Sequence[Polled]) -> int:
        if any(one.feed.url == FEED for one in polls):
            raise StoreUnusable("sqlite://", "the disk is full")
        kept.extend(one.feed.url for one in polls)
        return room.store.feeds.record_polls(polls)

    feeds = Watched(room.store.feeds, record_polls=record_polls)
    with pytest.raises(StoreUnusable, match="the disk is full"):
        list(stage(room, lambda url: None, feeds=feeds).run(never))
    by_url = {feed.url: feed for feed in room.store.feeds.all()}
    assert {url for url, feed in by_url.items() if feed.last_outcome is PollOutcome.OK} == set(kept)
    assert FEED not in kept
    # They are asked again when their leases end, as if they had not been asked.
    room.clock.advance(LEASE)
    due = {feed.url for feed in room.store.feeds.claim_due(room.clock.now(), LEASE, 10)}
    assert due == set(by_url) - set(kept)


def test_a_fault_that_even_one_feed_alone_cannot_be_stored_for_stops_the_stage_and_hangs_no_reader() -> None:
    room = newsroom(4)

    def record_polls(polls: Sequence[Polled]) -> int:
        raise ZeroDivisionError

    feeds = Watched(room.store.feeds, record_polls=record_polls)
    with pytest.raises(ZeroDivisionError):
        list(stage(room, lambda url: None, feeds=feeds).run(never))


def test_a_feed_at_work_is_not_asked_again_though_its_lease_has_ended() -> None:
    room = newsroom(1)
    lease_over, claimed_again = threading.Event(), threading.Event()
    claims: list[list[str]] = []

    def claim_due(*args: Any) -> Any:
        if claims:
            waited(lease_over)
        found = room.store.feeds.claim_due(room.clock.now(), *args[1:])
        claims.append([feed.url for feed in found])
        if len(claims) == 2:
            claimed_again.set()
        return found

    def before(url: str) -> None:
        room.clock.advance(LEASE + timedelta(seconds=1))
        lease_over.set()
        waited(claimed_again)

    feeds = Watched(room.store.feeds, claim_due=claim_due)
    assert len(list(stage(room, before, feeds=feeds).run(never))) == 1
    assert claims[:2] == [[FEED], [FEED]]
    assert not any(claims[2:])
    assert len(room.fetcher.requests) == 1


def test_what_was_answered_is_stored_when_the_stage_is_told_to_stop() -> None:
    room = newsroom(3)
    told = threading.Event()

    def before(url: str) -> None:
        told.set()

    reports = list(stage(room, before).run(told.is_set))
    assert len(reports) == len(room.fetcher.requests) >= 1
    assert room.number("SELECT count(*) FROM entries") == len(reports)


def test_what_a_closed_fetcher_left_unanswered_is_due_at_once() -> None:
    room = newsroom(3)

    class Closed(FakeFetcher):
        def fetch_many(self, requests: Iterator[FetchRequest | None]) -> Iterator[FetchResponse]:
            wanted = list(takewhile(lambda one: one is not None, requests))
            return room.fetcher.fetch_many(iter(wanted[:1]))

    reports = list(replace(stage(room, lambda url: None), fetcher=Closed()).run(never))
    assert [report.feed.url for report in reports] == [FEED]
    due = [feed.url for feed in room.store.feeds.claim_due(room.clock.now(), LEASE, 10)]
    assert due == [OTHER_FEED, "https://2.example/feed"]


def test_a_run_that_is_given_up_leaves_no_reader_behind() -> None:
    room = newsroom(6)
    before = set(threading.enumerate())
    reports = stage(room, lambda url: None).run(never)
    next(reports)
    reports.close()
    assert set(threading.enumerate()) <= before
    assert room.number("SELECT count(*) FROM entries") <= 4  # at most one done, two at work and one that lay ready
