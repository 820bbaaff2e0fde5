"""What a fetch sends, and what it makes of each answer."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from http_server import Asked, LoopbackServer, reply

from monitor.adapters.fetch import HttpFetcher
from monitor.model.feed import PollOutcome, Validators
from monitor.model.fetch import FetchRequest, FetchResponse, Purpose

Fetch = Callable[..., FetchResponse]
Serve = Callable[..., LoopbackServer]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, PollOutcome.OK),
        (203, PollOutcome.OK),
        (206, PollOutcome.PROTOCOL_ERROR),
        (300, PollOutcome.HTTP_ERROR),
        (400, PollOutcome.HTTP_ERROR),
        (401, PollOutcome.AUTH_ERROR),
        (403, PollOutcome.AUTH_ERROR),
        (404, PollOutcome.HTTP_ERROR),
        (410, PollOutcome.GONE),
        (429, PollOutcome.RATE_LIMITED),
        (451, PollOutcome.AUTH_ERROR),
        (500, PollOutcome.HTTP_ERROR),
        (503, PollOutcome.RATE_LIMITED),
        (599, PollOutcome.HTTP_ERROR),
    ],
)
def test_every_status_has_its_outcome(fetch: Fetch, serve: Serve, status: int, outcome: PollOutcome) -> None:
    response = fetch(serve(reply(b"x", status)).url())
    assert (response.outcome, response.status) == (outcome, status)
    assert (response.error is None) == (outcome is PollOutcome.OK)


def test_an_error_page_is_kept_up_to_2000_bytes_and_named_without_its_query(fetch: Fetch, serve: Serve) -> None:
    response = fetch(serve(reply(b"no " * 5_000, 404, Retry_After="120")).url("/feed?key=hunter2"))
    assert len(response.body) == 2_000
    assert response.error == "127.0.0.1: answered 404 Not Found"
    assert response.headers["retry-after"] == "120"


def test_a_compressed_error_page_is_readable(fetch: Fetch, serve: Serve) -> None:
    page = gzip.compress(b"Checking your browser" * 1_000, mtime=0)
    assert fetch(serve(reply(page, 403, Content_Encoding="gzip")).url()).body.startswith(b"Checking your browser")


def test_an_error_page_that_never_ends_leaves_its_status(fetch: Fetch, serve: Serve) -> None:
    server: LoopbackServer

    def answer(asked: Asked) -> Iterator[bytes]:
        yield reply(b"", 500, length=1_000)
        yield from server.drip(b"x")

    server = serve(answer)
    response = fetch(server.url(), timeout=timedelta(seconds=0.6))
    assert (response.outcome, response.status) == (PollOutcome.HTTP_ERROR, 500)
    assert response.body.startswith(b"x")


def test_validators_go_out_verbatim_and_a_304_comes_back(fetch: Fetch, serve: Serve) -> None:
    server = serve(reply(status=304, ETag='W/"new"'))
    kept = Validators(etag='W/"a\xe9,b"', last_modified="Yesterday, at noon")
    response = fetch(server.url(), validators=kept)
    assert (response.outcome, response.status, response.error) == (PollOutcome.NOT_MODIFIED, 304, None)
    assert response.headers["etag"] == 'W/"new"'
    assert server.asked[0].headers["if-none-match"] == kept.etag
    assert server.asked[0].headers["if-modified-since"] == kept.last_modified


def test_an_etag_survives_the_round_trip_byte_for_byte(fetch: Fetch, serve: Serve) -> None:
    server = serve(reply(b"x", ETag='"\xfc\xff"'))
    etag = fetch(server.url()).headers["etag"]
    fetch(server.url(), validators=Validators(etag=etag))
    assert server.asked[1].headers["if-none-match"] == '"\xfc\xff"'


def test_the_first_request_is_unconditional(fetch: Fetch, serve: Serve) -> None:
    server = serve(reply(b"x"))
    fetch(server.url())
    assert not {"if-none-match", "if-modified-since"} & server.asked[0].headers.keys()


def test_validators_that_are_no_header_value_are_left_out_as_a_pair(fetch: Fetch, serve: Serve) -> None:
    server = serve(reply(b"x"))
    response = fetch(server.url(), validators=Validators(etag="a\r\nX-Evil: 1", last_modified="Yesterday"))
    assert response.outcome is PollOutcome.OK
    assert not {"x-evil", "if-none-match", "if-modified-since"} & server.asked[0].headers.keys()


def test_a_304_that_nobody_asked_for_is_an_error_and_not_a_success(fetch: Fetch, serve: Serve) -> None:
    assert fetch(serve(reply(status=304)).url()).outcome is PollOutcome.PROTOCOL_ERROR


def test_only_the_honest_headers_are_sent(fetch: Fetch, serve: Serve) -> None:
    server = serve(reply(b"x", Set_Cookie="id=1"))
    fetch(server.url("/a?b=c#d"), user_agent="media-monitor/{version} (+https://desk.example/)")
    asked = server.asked[0]
    assert asked.target == "/a?b=c"
    assert asked.headers.keys() == {"host", "user-agent", "accept", "accept-encoding"}
    assert asked.headers["user-agent"] == "media-monitor/1.2 (+https://desk.example/)"
    assert asked.headers["accept-encoding"] == "gzip, deflate"
    assert "application/rss+xml" in asked.headers["accept"]


def test_pages_ask_for_html(fetch: Fetch, serve: Serve) -> None:
    server = serve(reply(b"x"))
    fetch(server.url("/page"), purpose=Purpose.PAGE)
    assert server.asked[-1].headers["accept"].startswith("text/html")


def test_cookies_are_neither_sent_back_nor_shown(fetcher: Callable[..., HttpFetcher], serve: Serve) -> None:
    server = serve(reply(b"x", Set_Cookie="id=1"))
    one = fetcher()
    for _ in range(2):
        (response,) = one.fetch_many(iter([FetchRequest(0, server.url())]))
        assert "set-cookie" not in response.headers
    assert all("cookie" not in asked.headers for asked in server.asked)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"<rss/>", mtime=0)),
        ("x-gzip", gzip.compress(b"<rss/>", mtime=0)),
        ("gzip", gzip.compress(b"<rs", mtime=0) + gzip.compress(b"s/>", mtime=0) + b"\0\0\0"),
        ("deflate", zlib.compress(b"<rss/>")),
        ("deflate", zlib.compress(b"<rss/>", wbits=-15)),
        ("deflate, gzip", gzip.compress(zlib.compress(b"<rss/>"), mtime=0)),
        ("identity", b"<rss/>"),
        ("UTF-8", b"<rss/>"),
        ("gzip", b""),
    ],
)
def test_bodies_are_unpacked(fetch: Fetch, serve: Serve, encoding: str, packed: bytes) -> None:
    response = fetch(serve(reply(packed, Content_Encoding=encoding)).url())
    assert response.outcome is PollOutcome.OK
    assert response.body == (b"<rss/>" if packed else b"")


def test_headers_have_lower_case_names_and_repeated_ones_are_joined(fetch: Fetch, serve: Serve) -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-TYPE: text/xml\r\nVary: a\r\nVary: b\r\nContent-Length: 0\r\n\r\n"
    headers = fetch(serve(raw).url()).headers
    assert headers["content-type"] == "text/xml"
    assert headers["vary"] == "a, b"


def test_a_body_without_length_ends_with_the_connection(fetch: Fetch, serve: Serve) -> None:
    assert fetch(serve(b"HTTP/1.1 200 OK\r\n\r\n<rss/>").url()).body == b"<rss/>"
