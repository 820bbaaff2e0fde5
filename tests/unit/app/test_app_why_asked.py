"""`monitor why`: what else it takes than a URL of an entry, and what it costs."""

from __future__ import annotations

import time

import pytest
from made import NOON
from newsroom import Newsroom, failing, item
from why_rooms import URL, asked, many_readers, newsroom, told

from monitor.adapters.store import tables as t
from monitor.app.deliveries import NoSuchDelivery
from monitor.app.stories import NoSuchStory
from monitor.app.why_fetched import PageAsked, asked_page, page_json, page_lines
from monitor.app.why_json import why_json
from monitor.app.why_named import named_by, named_json, named_lines
from monitor.app.why_words import laid_out, why_lines
from monitor.model.feed import PollOutcome
from monitor.testing import FakeFetcher, InlineSandbox

NEVER = "https://news.example/never"
PARAGRAPH = (
    "The Torkham crossing was closed on Sunday after a long exchange of fire, officials at the border said. "
)
BODY = f"<article><h1>Border</h1><p>{PARAGRAPH * 6}</p></article>"
PAGE = f"<html><head><title>Border</title></head><body>{BODY}</body></html>"


def page_of(room: Newsroom, fetcher: FakeFetcher, rule: str | None = None, url: str = NEVER) -> PageAsked:
    return asked_page(url, fetcher, InlineSandbox(), room.ruleset, NOON, rule)


# ---- stories, deliveries, mails


@pytest.mark.parametrize("name", ["s_1", "a_1"])
def test_a_story_names_its_articles_and_the_question_to_ask(name: str) -> None:
    room = told()
    found = named_by(room.store, name if name == "s_1" else f"a_{room.article().id}")
    assert found is not None
    lines = named_lines(found)
    assert f"    monitor why {URL}" in lines
    assert "monitor stories show s_1" in lines[-1]
    assert named_json(found)["articles"] == [{"title": "Torkham closed", "url": URL}]


def test_a_delivery_is_asked_by_number_key_and_message_id() -> None:
    room = told()
    (one,) = room.store.ledger.deliveries()
    for name in (str(one.id), one.new.key, one.new.key[:8], f"<{one.new.key}@monitor.example.org>"):
        found = named_by(room.store, name)
        assert found is not None
        assert found.delivery is not None
        assert f"    monitor why {URL}" in named_lines(found)
        assert named_json(found)["articles"] == [{"title": "Torkham closed", "url": URL, "rule": "torkham-closed"}]


def test_a_name_of_nothing_is_an_error_and_anything_else_is_a_url() -> None:
    room = told()
    with pytest.raises(NoSuchStory):
        named_by(room.store, "s_999")
    with pytest.raises(NoSuchDelivery):
        named_by(room.store, "999999")
    assert named_by(room.store, URL) is None
    assert named_by(room.store, "desk@example.org/x") is None


# ---- a page that no feed brought


def test_the_page_of_a_url_never_seen_says_which_rules_would_match() -> None:
    room, fetcher = newsroom(), FakeFetcher()
    fetcher.answers[NEVER] = PAGE.encode()
    page = page_of(room, fetcher)
    assert page.answers == (("torkham-closed", True, ""),)
    assert "would match   torkham-closed" in page_lines(page)
    assert page_of(room, fetcher, "floods").answers == (("floods", False, "absent: flood*"),)
    said = page_json(page)
    assert said is not None
    assert said["rules"] == [{"rule": "torkham-closed", "matches": True, "because": None}]


def test_a_page_that_cannot_be_had_says_why() -> None:
    room, fetcher = newsroom(), FakeFetcher()
    fetcher.answers[NEVER] = failing(PollOutcome.DISALLOWED, None, "robots.txt says no")
    assert page_lines(page_of(room, fetcher)) == ["Page          robots.txt says no"]
    assert page_of(room, fetcher, url="file:///etc/passwd").trouble == "it is no address of a page"


# ---- cost


def test_the_words_of_messages_are_not_read_to_say_who_was_sent_them() -> None:
    room = many_readers(200)
    room.bring_in(item(), *(item(f"m{n}", f"Rain {n}", f"It rained {n} times.") for n in range(5)))
    with room.store._db.write() as connection:
        connection.execute(t.deliveries.update().values(message={"no": "message at all"}))
    started = time.process_time()
    lines = list(laid_out(why_lines(answer := asked(room, URL))))
    (found,) = why_json(answer)
    assert time.process_time() - started < 0.5
    assert len(found["digests"][0]["deliveries"]) == 200
    assert len(lines) < 60


def test_a_page_that_no_feed_has_brought_says_which_feeds_it_offers() -> None:
    link = '<link rel=alternate type="application/rss+xml" title="All" href="/feed">'
    head = f"<head><title>Border</title>{link}</head>"
    page = page_of(newsroom(), FakeFetcher({NEVER: f"<html>{head}<body>{BODY}</body></html>".encode()}))
    assert page_lines(page)[-1] == 'offers feed   https://news.example/feed ("All")'
    assert (page_json(page) or {})["feeds"] == [{"url": "https://news.example/feed", "title": "All"}]
    bare = page_of(newsroom(), FakeFetcher({NEVER: f"<html>{head}<body></body></html>".encode()}))
    assert bare.trouble  # no text, and still a feed
    assert page_lines(bare)[-1] == 'offers feed   https://news.example/feed ("All")'
