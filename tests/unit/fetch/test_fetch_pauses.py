"""A host that says when to come back: what waits for its turn there is not sent any more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from http_server import Asked, LoopbackServer, reply

from monitor.adapters.fetch import HttpFetcher
from monitor.core.feeds.politeness import LONGEST_PAUSE
from monitor.model.feed import PollOutcome, PollSettings
from monitor.model.fetch import FetchRequest, FetchResponse, Purpose

SETTINGS = PollSettings(allow_private_addresses=True, host_delay=timedelta(0), concurrency=8)


class Time:
    """Seconds that pass when a test says so."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def fetcher(time: Time) -> Iterator[HttpFetcher]:
    made = HttpFetcher(SETTINGS, "1", monotonic=time)
    yield made
    made.close()


def tired(asked: Asked) -> bytes:
    if asked.target == "/robots.txt":
        return reply(status=404)
    return reply(b"", 429, Retry_After="60") if asked.target == "/tired" else reply(b"<rss/>")


def fetch(fetcher: HttpFetcher, *urls: str, purpose: Purpose = Purpose.FEED) -> list[FetchResponse]:
    requests = [FetchRequest(number, url, purpose) for number, url in enumerate(urls)]
    return sorted(fetcher.fetch_many(iter(requests)), key=lambda one: one.request.key)


def test_requests_that_wait_for_a_host_are_not_sent_once_it_asked_for_a_pause(fetcher: HttpFetcher) -> None:
    with LoopbackServer(tired) as server, LoopbackServer(tired, "127.0.0.2") as other:
        urls = [server.url("/tired"), *(server.url(f"/{n}") for n in range(5)), other.url("/")]
        first, *waiting, elsewhere = fetch(fetcher, *urls)
        assert [one.target for one in server.asked] == ["/tired"]
    assert (first.outcome, first.status) == (PollOutcome.RATE_LIMITED, 429)
    assert {(one.outcome, one.status, one.headers["retry-after"]) for one in waiting} == {
        (PollOutcome.RATE_LIMITED, None, "60")
    }
    assert elsewhere.outcome is PollOutcome.OK


def test_it_is_asked_again_when_the_pause_is_over(fetcher: HttpFetcher, time: Time) -> None:
    with LoopbackServer(tired) as server:
        fetch(fetcher, server.url("/tired"))
        time.now += 59
        (early,) = fetch(fetcher, server.url("/x"))
        time.now += 1
        (after,) = fetch(fetcher, server.url("/x"))
    assert (early.status, early.headers["retry-after"]) == (None, "1")
    assert after.outcome is PollOutcome.OK


def test_no_host_is_left_alone_for_more_than_a_day_whatever_it_asks_for(fetcher: HttpFetcher, time: Time) -> None:
    with LoopbackServer(lambda asked: reply(b"", 503, Retry_After="99999999")) as server:
        fetch(fetcher, server.url("/"))
        time.now += LONGEST_PAUSE.total_seconds() - 1
        fetch(fetcher, server.url("/early"))
        time.now += 1
        fetch(fetcher, server.url("/after"))
    assert [one.target for one in server.asked] == ["/", "/after"]


def test_pages_of_a_paused_host_wait_too_and_so_does_its_robots_txt(fetcher: HttpFetcher) -> None:
    with LoopbackServer(tired) as server:
        fetch(fetcher, server.url("/tired"))
        (page,) = fetch(fetcher, server.url("/page"), purpose=Purpose.PAGE)
        assert [one.target for one in server.asked] == ["/tired"]
    assert (page.outcome, page.status) == (PollOutcome.RATE_LIMITED, None)


def test_a_redirect_to_a_paused_host_is_not_followed(fetcher: HttpFetcher) -> None:
    with LoopbackServer(tired, "127.0.0.2") as server:
        with LoopbackServer(reply(status=302, Location=server.url("/x"))) as before:
            fetch(fetcher, server.url("/tired"))
            (led,) = fetch(fetcher, before.url("/"))
        assert [one.target for one in server.asked] == ["/tired"]
    assert (led.outcome, led.status) == (PollOutcome.RATE_LIMITED, None)


def test_a_bare_429_and_a_busy_503_without_a_time_pause_nobody(fetcher: HttpFetcher) -> None:
    for status in (429, 503):
        with LoopbackServer(reply(status=status)) as server:
            answers = fetch(fetcher, server.url("/1"), server.url("/2"))
            assert [one.status for one in answers] == [status, status]


def test_a_pause_of_before_the_fetcher_was_made_is_kept(time: Time) -> None:
    with (
        LoopbackServer(tired) as server,
        closing(HttpFetcher(SETTINGS, "1", monotonic=time, paused={"127.0.0.1": 90.0})) as made,
    ):
        (early,) = fetch(made, server.url("/x"))
        assert server.asked == []
        time.now += 90
        (after,) = fetch(made, server.url("/x"))
    assert (early.outcome, early.status, early.headers["retry-after"]) == (PollOutcome.RATE_LIMITED, None, "90")
    assert after.outcome is PollOutcome.OK
