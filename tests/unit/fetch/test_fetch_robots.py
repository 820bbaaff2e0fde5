from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from http_server import Asked, LoopbackServer, reply
from protego import Protego

from monitor.adapters.fetch import HttpFetcher
from monitor.adapters.fetch.robots import fold_agents, product_token
from monitor.model.feed import PollOutcome
from monitor.model.fetch import FetchRequest, FetchResponse, Purpose

Serve = Callable[..., LoopbackServer]
Make = Callable[..., HttpFetcher]

RULES = b"User-agent: *\nDisallow: /closed\n"


def site(robots: bytes) -> Callable[[Asked], bytes]:
    """A site whose robots.txt answers with these raw bytes and whose other pages are there."""
    return lambda asked: robots if asked.target == "/robots.txt" else reply(b"<p>page</p>")


def pages(fetcher: HttpFetcher, *urls: str) -> list[FetchResponse]:
    requests = [FetchRequest(n, url, Purpose.PAGE) for n, url in enumerate(urls)]
    return sorted(fetcher.fetch_many(iter(requests)), key=lambda response: response.request.key)


def test_a_page_that_robots_txt_closes_is_not_asked_for(fetcher: Make, serve: Serve) -> None:
    server = serve(site(reply(RULES)))
    closed, opened = pages(fetcher(), server.url("/closed/1"), server.url("/open"))
    assert (closed.outcome, closed.status, closed.body) == (PollOutcome.DISALLOWED, None, b"")
    assert closed.error == "127.0.0.1: robots.txt does not allow this page"
    assert opened.outcome is PollOutcome.OK
    assert sorted(asked.target for asked in server.asked) == ["/open", "/robots.txt"]


def test_feeds_do_not_read_robots_txt(fetcher: Make, serve: Serve) -> None:
    server = serve(site(reply(b"User-agent: *\nDisallow: /\n")))
    (response,) = fetcher().fetch_many(iter([FetchRequest(0, server.url("/feed"), Purpose.FEED)]))
    assert response.outcome is PollOutcome.OK
    assert [asked.target for asked in server.asked] == ["/feed"]


def test_our_own_group_goes_before_the_group_for_all(fetcher: Make, serve: Serve) -> None:
    server = serve(site(reply(b"User-agent: *\nDisallow: /\n\nUser-agent: Media-Monitor\nDisallow: /closed\n")))
    closed, opened = pages(fetcher(), server.url("/closed"), server.url("/open"))
    assert (closed.outcome, opened.outcome) == (PollOutcome.DISALLOWED, PollOutcome.OK)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_a_4xx_means_that_there_are_no_rules(fetcher: Make, serve: Serve, status: int) -> None:
    (response,) = pages(fetcher(), serve(site(reply(b"", status))).url("/page"))
    assert response.outcome is PollOutcome.OK


@pytest.mark.parametrize("robots", [reply(b"", 500), reply(b"", 503), reply(b"", 429), b"no http", b""])
def test_rules_that_cannot_be_read_keep_us_away_for_now(fetcher: Make, serve: Serve, robots: bytes) -> None:
    server = serve(site(robots))
    (response,) = pages(fetcher(), server.url("/page"))
    assert response.outcome is PollOutcome.ROBOTS_UNREADABLE
    assert "could not be read" in (response.error or "")
    assert [asked.target for asked in server.asked] == ["/robots.txt"]


def test_a_page_in_the_house_is_refused_as_that_and_not_by_robots_txt(fetcher: Make, serve: Serve) -> None:
    server = serve(site(reply(b"")))
    (response,) = pages(fetcher(allow_private_addresses=False), server.url("/page"))
    assert response.outcome is PollOutcome.FORBIDDEN_ADDRESS
    assert server.asked == []


def test_robots_txt_is_asked_for_once_a_day_and_origin(fetcher: Make, serve: Serve) -> None:
    server = serve(site(reply(RULES)))
    now = [1_000.0]
    one = fetcher(monotonic=lambda: now[0])

    def times() -> int:
        return [asked.target for asked in server.asked].count("/robots.txt")

    pages(one, *(server.url(f"/{n}") for n in range(5)))
    now[0] += 24 * 3600 - 1
    pages(one, server.url("/x"))
    assert times() == 1
    now[0] += 2
    pages(one, server.url("/y"))
    assert times() == 2


def test_a_failure_is_remembered_for_minutes_and_not_for_a_day(fetcher: Make, serve: Serve) -> None:
    robots = [reply(b"", 500), reply(b"")]
    server = serve(lambda asked: robots.pop(0) if asked.target == "/robots.txt" else reply(b"x"))
    now = [0.0]
    one = fetcher(monotonic=lambda: now[0])
    assert [r.outcome for r in pages(one, server.url("/a"), server.url("/b"))] == [
        PollOutcome.ROBOTS_UNREADABLE
    ] * 2
    now[0] += 301
    assert [r.outcome for r in pages(one, server.url("/a"))] == [PollOutcome.OK]


def test_a_redirect_to_another_origin_obeys_the_rules_there(fetcher: Make, serve: Serve) -> None:
    closed = serve(site(reply(RULES)), "127.0.0.2")
    server = serve(
        lambda asked: reply(b"", 302, Location=closed.url("/closed")) if asked.target == "/a" else reply(b"", 404)
    )
    (response,) = pages(fetcher(), server.url("/a"))
    assert response.outcome is PollOutcome.DISALLOWED
    assert [asked.target for asked in closed.asked] == ["/robots.txt"]


def test_robots_txt_counts_in_the_hosts_limits(fetcher: Make, serve: Serve) -> None:
    server = serve(site(reply(RULES)))
    pages(fetcher(host_delay=timedelta(seconds=0.15)), server.url("/page"))
    robots, page = server.asked
    assert (robots.target, page.target) == ("/robots.txt", "/page")
    assert page.at - robots.at > 0.14


def test_a_robots_txt_without_end_is_cut_and_its_first_part_holds(fetcher: Make, serve: Serve) -> None:
    def endless(asked: Asked) -> Iterator[bytes]:
        if asked.target != "/robots.txt":
            yield reply(b"page")
            return
        yield b"HTTP/1.1 200 OK\r\n\r\n" + RULES
        while True:
            yield b"# and so on\n" * 1_000

    server = serve(endless)
    closed, opened = pages(fetcher(), server.url("/closed"), server.url("/open"))
    assert (closed.outcome, opened.outcome) == (PollOutcome.DISALLOWED, PollOutcome.OK)


def test_thousands_of_foreign_agents_do_not_hold_the_daemon() -> None:
    """Protego alone would add every rule to every agent: 300 million rules from 480 kB."""
    agents = "".join(f"User-agent: bot{n}\n" for n in range(15_000))
    text = agents + "".join(f"Disallow: /{n}\n" for n in range(15_000)) + "User-agent: *\nDisallow: /closed\n"
    start = time.monotonic()
    rules = Protego.parse(fold_agents(text, "media-monitor"))
    assert time.monotonic() - start < 5
    assert not rules.can_fetch("http://x/closed", "media-monitor")
    assert rules.can_fetch("http://x/1", "media-monitor")


@pytest.mark.parametrize(
    "line", ["User-agent: GPTBot", "user-agent:media", "USER AGENT: monitor", "Useragent other # media-monitor"]
)
def test_groups_of_others_are_not_ours(line: str) -> None:
    rules = Protego.parse(fold_agents(f"{line}\nDisallow: /\n", "media-monitor"))
    assert rules.can_fetch("http://x/page", "media-monitor")


@pytest.mark.parametrize("line", ["User-agent: *", "user-agent:Media-Monitor", "User-agent: media-monitor # us"])
def test_our_groups_stay_ours(line: str) -> None:
    rules = Protego.parse(fold_agents(f"User-agent: x\n{line}\nDisallow: /\n", "media-monitor"))
    assert not rules.can_fetch("http://x/page", "media-monitor")


def test_the_product_token_is_the_first_word_of_the_user_agent() -> None:
    assert product_token("Media-Monitor/1.2 (+https://desk.example/)") == "media-monitor"
    assert product_token("/1.2") == "media-monitor"
