"""What every Fetcher promises: the port's docstring, as tests over the real one and the fake."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from http_server import Asked, LoopbackServer, reply

from monitor.adapters.fetch import HttpFetcher
from monitor.model.feed import PollOutcome, PollSettings
from monitor.model.fetch import FetchRequest, FetchResponse
from monitor.ports import Fetcher
from monitor.testing import FakeFetcher


@dataclass
class World:
    """A fetcher and a place with one page per path; `dead` is where nobody listens."""

    fetcher: Fetcher
    base: str
    dead: str
    pages: dict[str, bytes] = field(default_factory=dict)

    def page(self, path: str, body: bytes) -> str:
        url = self.base + path
        self.pages[path] = body
        if isinstance(self.fetcher, FakeFetcher):
            self.fetcher.answers[url] = body
        return url


def _closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture(params=["http", "fake"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "fake":
        yield World(FakeFetcher(), "http://feeds.test", "http://dead.test/")
        return
    with ExitStack() as stack:
        pages: dict[str, bytes] = {}

        def answer(asked: Asked) -> bytes:
            return reply(pages[asked.target]) if asked.target in pages else reply(status=404)

        server = stack.enter_context(LoopbackServer(answer))
        settings = PollSettings(concurrency=4, per_host=2, host_delay=timedelta(0), allow_private_addresses=True)
        fetcher = HttpFetcher(settings, "1")
        stack.callback(fetcher.close)
        yield World(fetcher, server.url(""), f"http://127.0.0.1:{_closed_port()}/", pages)


def test_a_page_comes_back_whole_with_its_request(world: World) -> None:
    request = FetchRequest(42, world.page("/feed", b"<rss/>"))
    (response,) = world.fetcher.fetch_many(iter([request]))
    assert response.request is request
    assert (response.outcome, response.status, response.body) == (PollOutcome.OK, 200, b"<rss/>")
    assert response.error is None


def test_every_request_is_answered_exactly_once(world: World) -> None:
    requests = [FetchRequest(n, world.page(f"/{n}", str(n).encode())) for n in range(30)]
    answers = {r.request.key: r.body for r in world.fetcher.fetch_many(iter(requests))}
    assert answers == {n: str(n).encode() for n in range(30)}


def test_the_same_request_may_come_twice(world: World) -> None:
    request = FetchRequest(1, world.page("/twice", b"x"))
    assert len(list(world.fetcher.fetch_many(iter([request, request])))) == 2


def test_nobody_listening_is_a_value_with_one_line_for_the_user(world: World) -> None:
    (response,) = world.fetcher.fetch_many(iter([FetchRequest(1, world.dead)]))
    assert response.outcome is PollOutcome.UNREACHABLE
    assert response.status is None
    assert response.error
    assert "\n" not in response.error


def test_one_dead_host_does_not_keep_the_others_from_their_answers(world: World) -> None:
    requests = [FetchRequest(0, world.dead), FetchRequest(1, world.page("/alive", b"yes"))]
    answers = {r.request.key: r.outcome for r in world.fetcher.fetch_many(iter(requests))}
    assert answers == {0: PollOutcome.UNREACHABLE, 1: PollOutcome.OK}


def test_no_requests_no_answers(world: World) -> None:
    assert list(world.fetcher.fetch_many(iter([]))) == []


def test_none_with_nothing_in_flight_ends_the_call_and_leaves_the_rest_undrawn(world: World) -> None:
    requests: Iterator[FetchRequest | None] = iter([None, FetchRequest(1, world.page("/later", b"x"))])
    assert list(world.fetcher.fetch_many(requests)) == []
    assert [r.request.key for r in world.fetcher.fetch_many(requests)] == [1]


def test_none_after_a_request_does_not_lose_its_answer(world: World) -> None:
    requests: list[FetchRequest | None] = [FetchRequest(1, world.page("/first", b"x")), None]
    assert [r.request.key for r in world.fetcher.fetch_many(iter(requests))] == [1]


def test_requests_are_drawn_as_slots_become_free_and_not_all_at_once(world: World) -> None:
    drawn = 0

    def requests() -> Iterator[FetchRequest]:
        nonlocal drawn
        for n in range(100):
            drawn += 1
            yield FetchRequest(n, world.page(f"/{n}", b"x"))

    answers = world.fetcher.fetch_many(requests())
    assert drawn == 0
    next(answers)
    assert drawn <= 37  # 4 slots, 8 times as many waiting for their host, and the one that was answered
    answers.close()  # type: ignore[attr-defined]  # an iterator by promise, a generator in both
    assert drawn <= 37


def test_the_iterator_is_read_in_the_calling_thread_since_it_touches_a_database(world: World) -> None:
    threads: set[int] = set()

    def requests() -> Iterator[FetchRequest]:
        for n in range(10):
            threads.add(threading.get_ident())
            yield FetchRequest(n, world.page(f"/{n}", b"x"))

    assert len(list(world.fetcher.fetch_many(requests()))) == 10
    assert threads == {threading.get_ident()}


def test_a_fault_of_the_iterator_is_the_callers_own(world: World) -> None:
    def requests() -> Iterator[FetchRequest]:
        yield FetchRequest(1, world.page("/x", b"x"))
        raise LookupError("the database is gone")

    with pytest.raises(LookupError, match="the database is gone"):
        list(world.fetcher.fetch_many(requests()))


def test_two_threads_may_fetch_at_once_and_each_gets_its_own_answers(world: World) -> None:
    urls = [world.page(f"/{n}", b"x") for n in range(20)]
    got: dict[int, list[int]] = {}

    def work(start: int) -> None:
        requests = (FetchRequest(start + n, url) for n, url in enumerate(urls))
        answers: Iterator[FetchResponse] = world.fetcher.fetch_many(requests)
        got[start] = sorted(r.request.key for r in answers)

    threads = [threading.Thread(target=work, args=(start,)) for start in (0, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert got == {0: list(range(20)), 100: list(range(100, 120))}


def test_closing_twice_is_safe_also_when_nothing_was_ever_fetched(world: World) -> None:
    world.fetcher.close()
    world.fetcher.close()
