"""The hostile table as far as a fetch meets it: everything is stopped, in time and memory, and has a name."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from desk import eventually
from hostile_bodies import MB, chunked, gzip_of_zeros
from http_server import Asked, LoopbackServer, reply

from monitor.adapters.fetch import HttpFetcher
from monitor.model.feed import PollOutcome
from monitor.model.fetch import FetchRequest, FetchResponse, Purpose

Fetch = Callable[..., FetchResponse]
Serve = Callable[..., LoopbackServer]

SHORT = timedelta(seconds=0.4)


def endless(asked: Asked) -> Iterator[bytes]:
    def pieces() -> Iterator[bytes]:
        while True:
            yield b"x" * 60_000

    return chunked(pieces())


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_bomb_stops_at_the_cap_however_often_it_is_packed(fetch: Fetch, serve: Serve, times: int) -> None:
    bomb = gzip_of_zeros(200 * MB)
    for _ in range(times - 1):
        bomb = gzip.compress(bomb)
    response = fetch(serve(reply(bomb, Content_Encoding=", ".join(["gzip"] * times))).url())
    assert response.outcome is PollOutcome.TOO_LARGE
    assert response.body == b""


def test_a_bomb_whose_middle_layer_explodes_into_nothing_is_stopped_too(fetch: Fetch, serve: Serve) -> None:
    empty_blocks = b"\0\0\0\xff\xff" * (20 * MB // 5)  # stored deflate blocks of length 0: 20 MB that mean nothing
    response = fetch(serve(reply(gzip.compress(empty_blocks), Content_Encoding="deflate, gzip")).url())
    assert response.outcome is PollOutcome.TOO_LARGE


def test_packed_more_often_than_anyone_would_is_refused(fetch: Fetch, serve: Serve) -> None:
    body = b"<rss/>"
    for _ in range(6):
        body = gzip.compress(body)
    response = fetch(serve(reply(body, Content_Encoding=", ".join(["gzip"] * 6))).url())
    assert response.outcome is PollOutcome.TOO_LARGE


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, br"])
def test_an_encoding_that_was_not_asked_for_is_refused_unread(fetch: Fetch, serve: Serve, encoding: str) -> None:
    response = fetch(serve(reply(b"\x8b\x00\x80", Content_Encoding=encoding)).url())
    assert response.outcome is PollOutcome.PROTOCOL_ERROR
    assert "not asked for" in (response.error or "")


def test_an_endless_body_stops_at_the_cap(fetch: Fetch, serve: Serve) -> None:
    assert fetch(serve(endless).url()).outcome is PollOutcome.TOO_LARGE


def test_a_body_that_announces_too_much_is_not_read(fetch: Fetch, serve: Serve) -> None:
    response = fetch(serve(reply(b"", length=10_000_001)).url())
    assert response.outcome is PollOutcome.TOO_LARGE


def test_a_body_of_exactly_the_cap_is_whole(fetch: Fetch, serve: Serve) -> None:
    server = serve(reply(gzip.compress(b"x" * 5_000), Content_Encoding="gzip"))
    assert len(fetch(server.url(), max_bytes=5_000).body) == 5_000
    assert fetch(server.url(), max_bytes=4_999).outcome is PollOutcome.TOO_LARGE


MEASURE = """
import json, resource, sys
from datetime import timedelta
from monitor.adapters.fetch import HttpFetcher
from monitor.model.feed import PollSettings
from monitor.model.fetch import FetchRequest

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

fetcher = HttpFetcher(PollSettings(allow_private_addresses=True, host_delay=timedelta(0)), "1")
small, *hostile = sys.argv[1:]
list(fetcher.fetch_many(iter([FetchRequest(0, small)])))
before = peak()
outcomes = [r.outcome for url in hostile for r in fetcher.fetch_many(iter([FetchRequest(0, url)]))]
print(json.dumps({"outcomes": outcomes, "extra_mb": (peak() - before) / 1000}))
fetcher.close()
"""


def test_bombs_and_endless_bodies_take_less_than_40_mb_of_memory(serve: Serve) -> None:
    once = gzip_of_zeros(500 * MB)
    small = serve(reply(gzip.compress(b"<rss/>"), Content_Encoding="gzip"))
    hostile = [
        serve(reply(once, Content_Encoding="gzip")),
        serve(reply(gzip.compress(once), Content_Encoding="gzip, gzip")),
        serve(endless),
        serve(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 20_000_000),
    ]
    command = [sys.executable, "-c", MEASURE, small.url(), *(server.url() for server in hostile)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    measured = json.loads(done.stdout)
    assert measured["outcomes"] == ["too_large", "too_large", "too_large", "protocol_error"]
    assert measured["extra_mb"] < 40


MEASURE_MANY = """
import json, resource, sys, time
from datetime import timedelta
from monitor.adapters.fetch import HttpFetcher
from monitor.model.feed import PollSettings
from monitor.model.fetch import FetchRequest

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

fetcher = HttpFetcher(PollSettings(allow_private_addresses=True, host_delay=timedelta(0)), "1")
small, *many = sys.argv[1:]
list(fetcher.fetch_many(iter([FetchRequest(0, small)])))
before = peak()
answers = fetcher.fetch_many(iter([FetchRequest(n, url) for n, url in enumerate(many)]))
got = [(one.outcome, len(one.body)) for one in [next(answers)]]
time.sleep(2)  # a reader that takes its time: what is answered meanwhile must not pile up
got += [(one.outcome, len(one.body)) for one in answers]
print(json.dumps({"got": got, "extra_mb": (peak() - before) / 1000}))
fetcher.close()
"""


@pytest.mark.parametrize("kind", ["endless", "large"])
def test_many_large_bodies_at_once_take_no_more_memory_than_a_few(serve: Serve, kind: str) -> None:
    answer = endless if kind == "endless" else reply(b"x" * 9 * MB)
    many = [serve(answer, f"127.0.{number}.1").url() for number in range(1, 41)]
    command = [sys.executable, "-c", MEASURE_MANY, serve(reply(b"<rss/>")).url(), *many]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    measured = json.loads(done.stdout)
    assert measured["got"] == [["too_large", 0] if kind == "endless" else ["ok", 9 * MB]] * 40
    assert measured["extra_mb"] < 300  # 450 to 620 before bodies had to wait for room


def test_a_large_body_that_waits_for_room_is_not_late_and_room_that_was_left_is_free(
    fetcher: Callable[..., HttpFetcher], serve: Serve
) -> None:
    made = fetcher(timeout=timedelta(seconds=2))
    urls = [serve(reply(b"x" * 2 * MB), f"127.0.{number}.1").url() for number in range(1, 13)]

    def ask() -> Iterator[FetchResponse]:
        return made.fetch_many(iter([FetchRequest(number, url) for number, url in enumerate(urls)]))

    given_up = ask()
    next(given_up)
    given_up.close()  # type: ignore[attr-defined]
    answers = ask()
    first = next(answers)
    threading.Event().wait(2.5)  # a reader that takes longer than any server may
    assert [one.outcome for one in (first, *answers)] == [PollOutcome.OK] * 12


def test_the_deadline_of_a_large_body_goes_on_when_it_has_room(
    fetcher: Callable[..., HttpFetcher], serve: Serve
) -> None:
    def large_and_slow(asked: Asked) -> Iterator[bytes]:
        yield reply(b"x" * MB, length=2 * MB)
        yield from slow.drip(b"x")

    slow = serve(large_and_slow, "127.0.99.1")
    made, pause = fetcher(timeout=2 * SHORT), 4 * SHORT.total_seconds()
    urls = [serve(reply(b"x" * MB), f"127.0.{number}.1").url() for number in range(1, 6)]
    others = made.fetch_many(iter([FetchRequest(number, url) for number, url in enumerate(urls)]))
    next(others)
    eventually(made._large[Purpose.FEED].locked, "four that nobody draws")
    with ThreadPoolExecutor(1) as thread:
        asked = thread.submit(lambda: list(made.fetch_many(iter([FetchRequest(9, slow.url())]))))
        threading.Event().wait(pause)
        assert not asked.done()  # its clock stands still
        list(others)
        try:
            (response,) = asked.result(10)
        finally:
            made.close()
    assert response.outcome is PollOutcome.TIMEOUT
    assert response.seconds < pause


def test_large_pages_that_nobody_draws_take_no_room_from_feeds(
    fetcher: Callable[..., HttpFetcher], serve: Serve
) -> None:
    made = fetcher()
    urls = [serve(reply(b"x" * 2 * MB), f"127.0.{number}.1").url() for number in range(1, 13)]
    pages = made.fetch_many(iter([FetchRequest(number, url, Purpose.PAGE) for number, url in enumerate(urls)]))
    next(pages)  # eleven are left: as many as may be large wait to be drawn, the others for them
    feed = FetchRequest(99, serve(reply(b"x" * 2 * MB), "127.0.99.1").url())
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(lambda: list(made.fetch_many(iter([feed]))))
        try:
            assert [one.outcome for one in answer.result(10)] == [PollOutcome.OK]
        finally:
            made.close()


def drip_body(server: LoopbackServer) -> Iterator[bytes]:
    yield reply(b"", length=1_000_000)
    yield from server.drip(b"x")


def drip_headers(server: LoopbackServer) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX-Slow: "
    yield from server.drip(b"x")


def drip_chunks(server: LoopbackServer) -> Iterator[bytes]:
    return chunked(server.drip(b"x"))


def hints_for_ever(server: LoopbackServer) -> Iterator[bytes]:
    return server.drip(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 100, every=0.001)


def silence(server: LoopbackServer) -> Iterator[bytes]:
    server.stopped.wait()
    yield b""


@pytest.mark.parametrize("behaviour", [drip_body, drip_headers, drip_chunks, hints_for_ever, silence])
def test_a_slow_server_is_cut_off_at_the_total_deadline(
    fetch: Fetch, serve: Serve, behaviour: Callable[[LoopbackServer], Iterator[bytes]]
) -> None:
    server: LoopbackServer
    server = serve(lambda asked: behaviour(server))
    response = fetch(server.url(), timeout=SHORT)
    assert response.outcome is PollOutcome.TIMEOUT
    assert 0.3 < response.seconds < 2
    assert response.body == b""


def test_the_deadline_counts_over_redirects(fetch: Fetch, serve: Serve) -> None:
    server: LoopbackServer

    def answer(asked: Asked) -> bytes:
        server.stopped.wait(0.15)
        return reply(b"", 302, Location=asked.target + "x")

    server = serve(answer)
    response = fetch(server.url("/"), timeout=SHORT)
    assert response.outcome is PollOutcome.TIMEOUT
    assert len(server.asked) <= 3


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 400_000 + b"\r\n\r\n", id="400 kB header"),
        pytest.param(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 20_000 + b"\r\n", id="20,000 headers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 66_000 + b"\r\n\r\n", id="66 kB header"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc", id="bad chunk size"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n", id="bad chunk end"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", id="chunks cut short"),
        pytest.param(reply(b"<rss>", length=500), id="short body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde", id="two lengths"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc", id="negative length"),
        pytest.param(b"<rss>no http at all</rss>", id="no http"),
        pytest.param(b"HTTP/1.1 999999 OK\r\n\r\n", id="impossible status"),
        pytest.param(b"HTTP/1.1 200 OK\r\nbad header line\r\n\r\n", id="bad header line"),
        pytest.param(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", id="101"),
        pytest.param(b"", id="closed without a word"),
        pytest.param(reply(gzip.compress(b"<rss/>" * 999)[:-20], Content_Encoding="gzip"), id="gzip cut short"),
        pytest.param(reply(b"<rss/>", Content_Encoding="gzip"), id="not gzip"),
        pytest.param(reply(gzip.compress(b"") * 2_000, Content_Encoding="gzip"), id="2,000 gzip members"),
    ],
)
def test_broken_http_is_a_protocol_error_without_a_body(fetch: Fetch, serve: Serve, raw: bytes) -> None:
    response = fetch(serve(raw).url())
    assert response.outcome is PollOutcome.PROTOCOL_ERROR
    assert response.body == b""
    assert response.error
    assert response.error.isprintable()
    assert len(response.error) <= 300


def test_a_reset_connection_is_unreachable(fetch: Fetch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def reset_first() -> None:
            connection, _ = listening.accept()
            connection.recv(65_536)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        thread = threading.Thread(target=reset_first)
        thread.start()
        response = fetch(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        thread.join()
    assert response.outcome is PollOutcome.UNREACHABLE
    assert response.error
