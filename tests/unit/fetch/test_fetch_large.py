"""Large bodies: few are read at once, and those that wait for that, or hardly come, hold up no other fetch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from http_server import Asked, LoopbackServer, reply

from monitor.adapters.fetch import HttpFetcher, body
from monitor.model.feed import PollOutcome
from monitor.model.fetch import FetchRequest, FetchResponse

Serve = Callable[..., LoopbackServer]
Make = Callable[..., HttpFetcher]

PART, WHOLE = 600_000, 1_200_000  # bytes: large from the first part on
FAST = 99  # the key of a small body


class Halves:
    """Answers with a large body whose second half comes when the test says so."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.begun = threading.Semaphore(0)

    def __call__(self, asked: Asked) -> Iterator[bytes]:
        yield reply(b"x" * PART, length=WHOLE)
        self.begun.release()
        self.go_on.wait(30)
        yield b"x" * (WHOLE - PART)


def asked_of(serve: Serve, answer: object, count: int) -> list[FetchRequest]:
    """A request of each of so many servers."""
    return [
        FetchRequest(number, serve(answer, f"127.0.{number}.1").url())  # type: ignore[arg-type]  # as LoopbackServer
        for number in range(1, count + 1)
    ]


def small(serve: Serve) -> FetchRequest:
    return FetchRequest(FAST, serve(reply(b"<rss/>"), "127.0.0.9").url())


def keys(answers: Iterator[FetchResponse]) -> list[int]:
    found = list(answers)
    assert {one.outcome for one in found} == {PollOutcome.OK}
    return sorted(one.request.key for one in found)


def test_large_bodies_that_wait_for_room_hold_up_no_other_fetch(fetcher: Make, serve: Serve) -> None:
    halves = Halves()
    requests = [*asked_of(serve, halves, 20), small(serve)]
    answers = fetcher(concurrency=2, timeout=timedelta(seconds=30)).fetch_many(iter(requests))
    assert next(answers).request.key == FAST
    halves.go_on.set()
    assert keys(answers) == list(range(1, 21))


def test_only_so_many_wait_without_a_slot(fetcher: Make, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "MOST_WAITING", 3)
    halves = Halves()
    drawn = 0

    def requests() -> Iterator[FetchRequest | None]:
        nonlocal drawn
        for request in asked_of(serve, halves, 12):
            drawn += 1
            yield request
        yield small(serve)

    answers = fetcher(concurrency=2, timeout=timedelta(seconds=30)).fetch_many(requests())
    found: list[FetchResponse] = []
    reading = threading.Thread(target=lambda: found.extend(answers))
    reading.start()
    for _ in range(4 + 3 + 2):  # read, wait, and wait in their slots
        assert halves.begun.acquire(timeout=20)
    assert not halves.begun.acquire(timeout=0.3)
    assert drawn == 9
    halves.go_on.set()
    reading.join(30)
    assert keys(iter(found)) == [*range(1, 13), FAST]


def test_a_large_body_that_hardly_comes_loses_its_place_to_one_that_waits(fetcher: Make, serve: Serve) -> None:
    def dripping(asked: Asked) -> Iterator[bytes]:
        yield reply(b"x" * PART, length=WHOLE)
        yield from drips[0].drip(b"x")

    drips = [serve(dripping, f"127.0.0.{number}") for number in range(2, 6)]
    honest = serve(reply(b"x" * WHOLE), "127.0.0.8")
    # By the time that the honest one is asked, after a second, the others have the places.
    requests = [
        *(FetchRequest(n, one.url()) for n, one in enumerate(drips)),
        None,
        FetchRequest(FAST, honest.url()),
    ]
    answers = fetcher(timeout=timedelta(seconds=6)).fetch_many(iter(requests))
    lost, found = next(answers), next(answers)
    assert (lost.outcome, lost.request.key in range(4)) == (PollOutcome.TIMEOUT, True)
    assert "while others waited" in (lost.error or "")
    assert lost.seconds < 5
    assert (found.request.key, found.outcome, len(found.body)) == (FAST, PollOutcome.OK, WHOLE)


def test_a_large_body_that_hardly_comes_for_a_while_is_whole_when_nobody_waits(
    fetcher: Make, serve: Serve
) -> None:
    def halting(asked: Asked) -> Iterator[bytes]:
        yield reply(b"x" * PART, length=WHOLE)
        server.stopped.wait(0.8)  # longer than between two looks: 0.33 s
        yield b"x" * (WHOLE - PART)

    server = serve(halting)
    (answer,) = fetcher(timeout=timedelta(seconds=2)).fetch_many(iter([FetchRequest(1, server.url())]))
    assert (answer.outcome, len(answer.body)) == (PollOutcome.OK, WHOLE)


def test_a_large_body_that_comes_as_it_must_keeps_its_place_though_others_wait(
    fetcher: Make, serve: Serve
) -> None:
    def steady(asked: Asked) -> Iterator[bytes]:
        yield reply(b"x" * PART, length=WHOLE)
        yield from (b"x" * 50_000 for _ in range((WHOLE - PART) // 50_000) if not held.wait(0.1))

    held = threading.Event()
    requests = asked_of(serve, steady, 8)  # 100 kB in 0.2 s, where 42 kB are asked for
    made = fetcher(timeout=timedelta(seconds=3))
    assert keys(made.fetch_many(iter(requests))) == list(range(1, 9))


def test_a_large_body_that_was_read_is_not_given_up_while_it_waits_to_be_drawn(
    fetcher: Make, serve: Serve
) -> None:
    made = fetcher(timeout=timedelta(seconds=0.6))
    answers = made.fetch_many(iter(asked_of(serve, reply(b"x" * WHOLE), 8)))
    first = next(answers)
    threading.Event().wait(0.5)  # four wait to be drawn, three for their places
    assert keys(iter([first, *answers])) == list(range(1, 9))
