"""poll: the addresses that an answer names: a hub, and where a feed moved to."""

from __future__ import annotations

from made import feed_settings
from newsroom import FEED, Newsroom, answer, failing, item, rss

from monitor.model.cadence import HubOffer
from monitor.model.entry import Fate
from monitor.model.feed import PollOutcome, Validators


def test_a_hub_named_in_a_header_goes_before_one_named_in_the_feed() -> None:
    room = Newsroom(feeds=[feed_settings(FEED)])
    named = '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="https://hub.example/body"/>'
    body = rss(item()).replace(b"<item>", named.encode() + b"<item>", 1)
    room.fetcher.answers[FEED] = answer(body)
    room.poll()
    assert room.feed.hub == HubOffer("https://hub.example/body", FEED)
    header = '<https://hub.example/header>; rel="hub", <https://news.example/topic>; rel="self"'
    room.fetcher.answers[FEED] = answer(body + b"<!-- other bytes -->", link=header)
    room.repoll()
    assert room.feed.hub == HubOffer("https://hub.example/header", "https://news.example/topic")


def test_a_feed_whose_new_address_died_is_found_again_at_the_declared_one() -> None:
    room = Newsroom(feeds=[feed_settings(FEED)])
    moved = "https://moved.example/feed.xml"
    room.fetcher.answers[FEED] = answer(rss(item()), permanent_url=moved, etag='"old"')
    room.poll()
    assert room.feed.url == moved
    room.fetcher.answers[moved] = failing(PollOutcome.UNREACHABLE)
    room.fetcher.answers[FEED] = answer(rss(item(), item("e2")))
    for _ in range(5):
        room.repoll()
    assert (room.feed.url, room.feed.failures) == (moved, 5)
    room.repoll()
    assert (room.feed.url, room.feed.failures, room.fate("e2")) == (FEED, 0, Fate.WAITING)
    assert room.fetcher.requests[-1].validators == Validators()


def test_a_feed_whose_addresses_are_both_dead_is_asked_at_both_in_turn() -> None:
    room = Newsroom(feeds=[feed_settings(FEED)])
    moved = "https://moved.example/feed.xml"
    room.fetcher.answers[FEED] = answer(rss(item()), permanent_url=moved)
    room.poll()
    for url in (FEED, moved):
        room.fetcher.answers[url] = failing(PollOutcome.UNREACHABLE)
    for _ in range(9):
        room.repoll()
    assert [request.url for request in room.fetcher.requests][-4:] == [FEED, moved, FEED, moved]
    assert room.feed.url == moved
