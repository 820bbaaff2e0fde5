"""Many fetches at once: order, slots, hosts, ends."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from http_server import Asked, LoopbackServer, reply

from monitor.adapters.fetch import HttpFetcher
from monitor.model.feed import PollOutcome
from monitor.model.fetch import FetchRequest

Serve = Callable[..., LoopbackServer]
Make = Callable[..., HttpFetcher]


class Gate:
    """A server's answer that waits until the test opens it."""

    def __init__(self) -> None:
        self.opened = threading.Event()
        self.entered = threading.Semaphore(0)

    def __call__(self, asked: Asked) -> bytes:
        self.entered.release()
        self.opened.wait(20)
        return reply(b"at last")


def lingering(seconds: float) -> Callable[[Asked], bytes]:
    """Answers that take a moment, so that requests which run at once are seen to."""

    def answer(asked: Asked) -> bytes:
        time.sleep(seconds)
        return reply(b"x")

    return answer


def test_a_slow_server_does_not_hold_fast_ones(fetcher: Make, serve: Serve) -> None:
    gate = Gate()
    slow, fast = serve(gate, "127.0.0.2"), serve(reply(b"x"), "127.0.0.3")
    requests = [FetchRequest(0, slow.url()), *(FetchRequest(n, fast.url()) for n in range(1, 6))]
    answers = fetcher().fetch_many(iter(requests))
    assert [next(answers).request.key for _ in range(5)] == [1, 2, 3, 4, 5]
    gate.opened.set()
    assert [answer.request.key for answer in answers] == [0]


def test_one_slow_host_with_many_feeds_leaves_slots_for_the_others(fetcher: Make, serve: Serve) -> None:
    gate = Gate()
    slow, fast = serve(gate, "127.0.0.2"), serve(reply(b"x"), "127.0.0.3")
    requests = [*(FetchRequest(n, slow.url()) for n in range(5)), FetchRequest(9, fast.url())]
    answers = fetcher(concurrency=3).fetch_many(iter(requests))
    assert next(answers).request.key == 9
    gate.opened.set()
    assert sorted(answer.request.key for answer in answers) == [0, 1, 2, 3, 4]


def test_many_feeds_of_a_slow_host_wait_beside_the_slots_and_not_in_them(fetcher: Make, serve: Serve) -> None:
    gate = Gate()
    slow, fast = serve(gate, "127.0.0.2"), serve(reply(b"x"), "127.0.0.3")
    requests = [*(FetchRequest(n, slow.url()) for n in range(25)), FetchRequest(99, fast.url())]
    answers = fetcher(concurrency=4).fetch_many(iter(requests))
    assert next(answers).request.key == 99
    gate.opened.set()
    assert sorted(answer.request.key for answer in answers) == list(range(25))


async def by_number(host: str) -> list[str]:
    """Resolves n7-3.test to 127.0.0.3: many hosts on few servers."""
    return [f"127.0.0.{host.removesuffix('.test').rpartition('-')[2].rpartition('.')[2]}"]


def test_feeds_that_redirect_to_one_slow_host_give_up_their_slots(fetcher: Make, serve: Serve) -> None:
    gate = Gate()
    slow, fast = serve(gate, "127.0.0.2"), serve(reply(b"x"), "127.0.0.3")
    moved = serve(reply(b"", 302, Location=slow.url()), "127.0.0.4")
    requests = [
        *(FetchRequest(n, moved.url(host=f"n{n}-4.test")) for n in range(6)),
        FetchRequest(99, fast.url()),
    ]
    answers = fetcher(concurrency=3, resolver=by_number).fetch_many(iter(requests))
    assert next(answers).request.key == 99
    gate.opened.set()
    assert sorted(answer.request.key for answer in answers) == [0, 1, 2, 3, 4, 5]


def test_a_host_that_redirects_to_many_others_gets_no_more_slots_for_it(fetcher: Make, serve: Serve) -> None:
    target = serve(lingering(0.1), "127.0.0.2")

    def send_on(asked: Asked) -> bytes:
        return reply(b"", 302, Location=target.url(host=f"n{asked.target[1:]}-2.test"))

    home = serve(send_on, "127.0.0.3")
    requests = (FetchRequest(n, home.url(f"/{n}")) for n in range(12))
    answers = list(fetcher(concurrency=3, resolver=by_number).fetch_many(requests))
    assert {answer.outcome for answer in answers} == {PollOutcome.OK}
    assert target.most_running <= 3


def test_requests_wait_for_their_hosts_up_to_eight_times_the_slots(fetcher: Make, serve: Serve) -> None:
    gate = Gate()
    slow = serve(gate)
    drawn = 0

    def requests() -> Iterator[FetchRequest]:
        nonlocal drawn
        for n in range(100):
            drawn += 1
            yield FetchRequest(n, slow.url())

    answers = fetcher(concurrency=2).fetch_many(requests())
    gate.opened.set()
    next(answers)
    assert drawn == 1 + 8 * 2
    assert len(list(answers)) == 99


def test_no_more_than_concurrency_run_at_once(fetcher: Make, serve: Serve) -> None:
    server = serve(lingering(0.02))

    async def all_here(host: str) -> list[str]:
        return ["127.0.0.1"]

    requests = (FetchRequest(n, server.url(host=f"host{n}.test")) for n in range(20))
    answers = list(fetcher(concurrency=3, resolver=all_here).fetch_many(requests))
    assert len(answers) == 20
    assert server.most_running <= 3


def test_per_host_limits_hold_over_threads(fetcher: Make, serve: Serve) -> None:
    server = serve(lingering(0.01))
    one = fetcher(per_host=2)

    def work() -> None:
        list(one.fetch_many(FetchRequest(n, server.url()) for n in range(15)))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(server.asked) == 45
    assert server.most_running <= 2


def test_starts_on_one_host_lie_apart_and_redirects_count(fetcher: Make, serve: Serve) -> None:
    server = serve(lambda asked: reply(b"", 302, Location="/b") if asked.target == "/a" else reply(b"x"))
    requests = [FetchRequest(0, server.url("/a")), FetchRequest(1, server.url("/c"))]
    answers = fetcher(host_delay=timedelta(seconds=0.5), per_host=4).fetch_many(iter(requests))
    assert {answer.outcome for answer in answers} == {PollOutcome.OK}
    starts = [asked.at for asked in server.asked]
    assert len(starts) == 3
    assert starts[2] - starts[0] > 0.7  # two waits of half a second, seen by a server that may be slow to look


def test_waiting_for_the_host_does_not_count_to_the_deadline(fetcher: Make, serve: Serve) -> None:
    server = serve(reply(b"x"))
    requests = [FetchRequest(n, server.url()) for n in range(4)]
    one = fetcher(timeout=timedelta(seconds=0.8), host_delay=timedelta(seconds=0.3))
    answers = list(one.fetch_many(iter(requests)))  # the last one waits for 0.9 s
    assert {answer.outcome for answer in answers} == {PollOutcome.OK}


def test_an_iterator_that_says_none_is_asked_again_when_an_answer_has_arrived(fetcher: Make, serve: Serve) -> None:
    server = serve(reply(b"x"))
    asked = 0

    def requests() -> Iterator[FetchRequest | None]:
        nonlocal asked
        for key in range(3):
            asked += 1
            yield FetchRequest(key, server.url())
            asked += 1
            yield None

    start = time.monotonic()
    answers = list(fetcher().fetch_many(requests()))
    assert [answer.request.key for answer in answers] == [0, 1, 2]
    assert time.monotonic() - start < 1.0  # not by waiting the second out


def test_an_iterator_that_says_none_is_asked_again_after_a_second(fetcher: Make, serve: Serve) -> None:
    gate = Gate()
    slow, fast = serve(gate, "127.0.0.2"), serve(reply(b"x"), "127.0.0.3")
    requests: Iterator[FetchRequest | None] = iter(
        [FetchRequest(0, slow.url()), None, FetchRequest(1, fast.url()), None]
    )
    answers = fetcher().fetch_many(requests)
    assert next(answers).request.key == 1  # while nothing else was answered
    gate.opened.set()
    assert [answer.request.key for answer in answers] == [0]


def test_an_iterator_that_said_none_is_not_asked_again_because_a_fetch_was_redirected(
    fetcher: Make, serve: Serve
) -> None:
    gate = Gate()
    slow = serve(gate, "127.0.0.2")
    moved = serve(reply(b"", 302, Location=slow.url()), "127.0.0.3")
    asked: list[float] = []

    def requests() -> Iterator[FetchRequest | None]:
        yield FetchRequest(0, moved.url())
        while True:
            asked.append(time.monotonic())
            if len(asked) == 2:
                gate.opened.set()
            yield None

    assert [answer.request.key for answer in fetcher().fetch_many(requests())] == [0]
    assert gate.entered.acquire(timeout=0)
    assert asked[1] - asked[0] > 0.9


def test_closing_the_iterator_gives_up_what_it_had_in_flight_and_nothing_else(fetcher: Make, serve: Serve) -> None:
    gate = Gate()
    slow = serve(lambda asked: gate(asked) if asked.target == "/held" else reply(b"x"), "127.0.0.2")
    kept, fast = serve(gate, "127.0.0.4"), serve(reply(b"x"), "127.0.0.3")
    one = fetcher()
    got: list[PollOutcome] = []
    neighbour = threading.Thread(
        target=lambda: got.extend(r.outcome for r in one.fetch_many(iter([FetchRequest(5, kept.url())])))
    )
    neighbour.start()
    assert gate.entered.acquire(timeout=10)
    answers = one.fetch_many(iter([FetchRequest(0, slow.url("/held")), FetchRequest(1, fast.url())]))
    assert next(answers).request.key == 1
    answers.close()  # type: ignore[attr-defined]  # an iterator by promise, a generator in fact
    # The host's only turn is free again at once: the cancelled fetch does not sit on it until its deadline.
    start = time.monotonic()
    assert [r.outcome for r in one.fetch_many(iter([FetchRequest(2, slow.url())]))] == [PollOutcome.OK]
    assert time.monotonic() - start < 5
    gate.opened.set()
    neighbour.join(10)
    assert got == [PollOutcome.OK]


def test_close_ends_a_call_that_waits_in_another_thread_and_the_thread_of_the_loop(
    fetcher: Make, serve: Serve
) -> None:
    gate = Gate()
    server = serve(gate)
    one = fetcher()
    got: list[object] = []
    waiting = threading.Thread(
        target=lambda: got.append(list(one.fetch_many(iter([FetchRequest(0, server.url())]))))
    )
    waiting.start()
    assert gate.entered.acquire(timeout=10)
    start = time.monotonic()
    one.close()
    waiting.join(10)
    assert got == [[]]
    assert time.monotonic() - start < 2
    assert "fetch" not in {thread.name for thread in threading.enumerate()}
    gate.opened.set()


def test_a_closed_fetcher_answers_nothing_and_draws_nothing(fetcher: Make, serve: Serve) -> None:
    one = fetcher()
    requests = iter([FetchRequest(0, serve(reply(b"x")).url())])
    one.close()
    assert list(one.fetch_many(requests)) == []
    assert len(list(requests)) == 1


def test_no_thread_is_started_before_the_first_request(fetcher: Make) -> None:
    before = threading.active_count()
    assert list(fetcher().fetch_many(iter([]))) == []
    assert threading.active_count() == before


def test_a_fault_in_an_injected_part_is_still_a_value(fetcher: Make) -> None:
    async def broken(host: str) -> list[str]:
        raise ZeroDivisionError("a fault of ours")

    (answer,) = fetcher(resolver=broken).fetch_many(iter([FetchRequest(0, "http://news.test/")]))
    assert answer.outcome is PollOutcome.PROTOCOL_ERROR
    assert answer.error == "news.test: unexpected ZeroDivisionError"


def loop_of(fetcher: HttpFetcher) -> str:
    """Where the event loop of a fetcher that is at work comes from."""
    loop = fetcher._loop
    assert loop is not None
    return type(loop).__module__.partition(".")[0]


def test_the_loop_is_uvloops_and_in_this_thread_nothing_changes(fetcher: Make, serve: Serve) -> None:
    pytest.importorskip("uvloop")
    one = fetcher()
    assert [answer.outcome for answer in one.fetch_many(iter([FetchRequest(0, serve(reply(b"x")).url())]))] == [
        "ok"
    ]
    assert loop_of(one) == "uvloop"
    with closing(asyncio.new_event_loop()) as ours:
        assert type(ours).__module__.startswith("asyncio")


def test_without_uvloop_the_loop_is_asyncios(fetcher: Make, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    one = fetcher()
    assert [answer.outcome for answer in one.fetch_many(iter([FetchRequest(0, serve(reply(b"x")).url())]))] == [
        "ok"
    ]
    assert loop_of(one) == "asyncio"
