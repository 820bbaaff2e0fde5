"""A good citizen, as the publisher sees it: what is asked and what is remembered. Criteria of polling.md."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from citizen import Citizen, Request
from http_server import reply
from newsroom import item, rss

from monitor.model.feed import FeedStatus, PollOutcome, PollSettings

BODY = rss(item())
OTHER = rss(item("e2", "Floods"))
LOGIN = b"<!DOCTYPE html><html><body><form>Please log in</form></body></html>"
ODD_TAG, ODD_DATE = 'W/"a b \xe9;,"', "Wed, 22 Feb 2023 12:00:00 +0000 (nearly)"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def daemon() -> Iterator[Citizen]:
    with Citizen() as made:
        yield made


def conditions(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name.startswith("if-")}


def polled(daemon: Citizen, *answers: Any, rounds: int | None = None) -> list[Request]:
    """The requests of one feed that answers so."""
    daemon.subscribe(daemon.serve("/feed", *answers))
    for _ in range(rounds or len(answers) + 1):
        daemon.poll()
        daemon.clock.advance(DAY)
    return daemon.asked("/feed")


# ---- what is sent


def test_the_first_request_is_unconditional(daemon: Citizen) -> None:
    first, *_ = polled(daemon, reply(BODY, ETag='"1"'))
    assert conditions(first) == {}


def test_the_user_agent_is_honest_and_has_a_version_and_a_contact(daemon: Citizen) -> None:
    first, *_ = polled(daemon, reply(BODY))
    assert first.headers["user-agent"] == "media-monitor/1.0 (+https://example.org/contact)"


def test_no_cookies_and_no_referer_are_sent(daemon: Citizen) -> None:
    for request in polled(daemon, reply(BODY, Set_Cookie="id=1; Path=/", ETag='"1"'), rounds=3):
        assert not {"cookie", "referer", "authorization", "from"} & set(request.headers)


def test_it_asks_for_compressed_answers(daemon: Citizen) -> None:
    first, *_ = polled(daemon, reply(BODY))
    assert "gzip" in first.headers["accept-encoding"]


def test_feeds_are_asked_without_robots_txt(daemon: Citizen) -> None:
    polled(daemon, reply(BODY))
    assert {one.path for one in daemon.asked()} == {"/feed"}


# ---- validators


def test_etag_and_last_modified_are_sent_back_verbatim(daemon: Citizen) -> None:
    _, second = polled(daemon, reply(BODY, ETag=ODD_TAG, Last_Modified=ODD_DATE))
    assert conditions(second) == {"if-none-match": ODD_TAG, "if-modified-since": ODD_DATE}


def test_the_two_are_one_pair_and_the_newest_answer_replaces_both(daemon: Citizen) -> None:
    *_, third = polled(daemon, reply(BODY, ETag='"1"', Last_Modified=ODD_DATE), reply(OTHER, ETag='"2"'))
    assert conditions(third) == {"if-none-match": '"2"'}


def test_validators_are_never_invented(daemon: Citizen) -> None:
    for request in polled(daemon, reply(BODY, Date="Wed, 22 Feb 2023 12:00:00 GMT"), rounds=3):
        assert conditions(request) == {}


def test_new_validators_on_an_unchanged_body_are_kept(daemon: Citizen) -> None:
    *_, third = polled(daemon, reply(BODY, ETag='"1"'), reply(BODY, ETag='"2"'))
    assert conditions(third) == {"if-none-match": '"2"'}


def test_new_validators_of_a_304_are_kept(daemon: Citizen) -> None:
    *_, third = polled(daemon, reply(BODY, ETag='"1"'), reply(status=304, ETag='"2"'))
    assert conditions(third) == {"if-none-match": '"2"'}


def test_a_304_without_validators_keeps_the_pair(daemon: Citizen) -> None:
    *_, third = polled(daemon, reply(BODY, ETag='"1"', Last_Modified=ODD_DATE), reply(status=304))
    assert conditions(third) == {"if-none-match": '"1"', "if-modified-since": ODD_DATE}


def test_validators_are_kept_over_errors(daemon: Citizen) -> None:
    *_, last = polled(daemon, reply(BODY, ETag='"1"'), reply(status=500), reply(status=404, ETag='"error page"'))
    assert conditions(last) == {"if-none-match": '"1"'}


def test_a_login_page_in_between_gives_no_validators(daemon: Citizen) -> None:
    *_, third = polled(daemon, reply(BODY, ETag='"1"'), reply(LOGIN, ETag='"login"'))
    assert conditions(third) == {"if-none-match": '"1"'}
    assert daemon.feeds()[0].last_outcome is PollOutcome.NOT_A_FEED


def test_validators_are_kept_over_a_restart(daemon: Citizen) -> None:
    polled(daemon, reply(BODY, ETag='"1"'), rounds=1)
    daemon.restart()
    daemon.poll()
    assert conditions(daemon.asked()[-1]) == {"if-none-match": '"1"'}


# ---- addresses


@pytest.mark.parametrize("status", [301, 308])
def test_a_permanent_redirect_is_remembered_once_the_target_works(daemon: Citizen, status: int) -> None:
    new = daemon.serve("/new", reply(BODY))
    polled(daemon, reply(status=status, Location=new), rounds=3)
    assert [one.path for one in daemon.asked()] == ["/feed", "/new", "/new", "/new"]


def test_a_permanent_redirect_to_what_does_not_work_is_not_remembered(daemon: Citizen) -> None:
    for broken in (reply(status=500), reply(LOGIN)):
        daemon.requests.clear()
        new = daemon.serve("/new", broken)
        polled(daemon, reply(status=301, Location=new), rounds=2)
        assert [one.path for one in daemon.asked()] == ["/feed", "/new", "/feed", "/new"]


@pytest.mark.parametrize("status", [302, 303, 307])
def test_a_temporary_redirect_is_followed_and_not_remembered(daemon: Citizen, status: int) -> None:
    new = daemon.serve("/new", reply(BODY))
    polled(daemon, reply(status=status, Location=new), rounds=2)
    assert [one.path for one in daemon.asked()] == ["/feed", "/new", "/feed", "/new"]


def test_a_permanent_redirect_behind_a_temporary_one_is_not_remembered(daemon: Citizen) -> None:
    new = daemon.serve("/new", reply(BODY))
    between = daemon.serve("/between", reply(status=302, Location=new))
    polled(daemon, reply(status=301, Location=between), rounds=2)
    assert [one.path for one in daemon.asked()] == ["/feed", "/between", "/new"] * 2


def test_validators_go_to_no_other_host(daemon: Citizen) -> None:
    other = daemon.serve("/other", reply(BODY), host="127.0.0.2")
    polled(daemon, reply(BODY, ETag='"1"'), reply(status=302, Location=other), rounds=2)
    assert conditions(daemon.asked("/feed")[-1]) == {"if-none-match": '"1"'}
    assert conditions(daemon.asked("/other")[0]) == {}


def test_a_410_ends_the_polling_at_once_and_keeps_what_came(daemon: Citizen) -> None:
    polled(daemon, reply(BODY), reply(status=410), rounds=5)
    assert len(daemon.asked()) == 2
    (feed,) = daemon.feeds()
    assert (feed.status, feed.body_hash is not None) == (FeedStatus.GONE, True)


# ---- hosts


def test_one_request_at_a_time_goes_to_a_host_and_the_next_a_second_later() -> None:
    polite = PollSettings(allow_private_addresses=True)
    assert (polite.per_host, polite.host_delay) == (1, timedelta(seconds=1))
    with Citizen(PollSettings(allow_private_addresses=True, host_delay=timedelta(seconds=0.2))) as daemon:
        daemon.subscribe(*(daemon.serve(f"/{n}", reply(BODY)) for n in range(4)))
        begun = time.monotonic()
        daemon.poll()
        server = daemon._server("127.0.0.1")
        assert server.most_running == 1
        # From the beginning: a request that a busy machine delivers late makes the next one look early.
        assert all(one.at - begun >= 0.2 * n for n, one in enumerate(sorted(server.asked, key=lambda one: one.at)))
