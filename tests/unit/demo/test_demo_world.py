"""The demo's world over real HTTP: what a polite reader sees."""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from scripted import LOGIN_PAGE, failure, held_back, in_turn

from monitor.core.feeds.parse import parse_feed
from monitor.demo.feeds import FeedKind, feed_bytes
from monitor.demo.layout import summary
from monitor.demo.pages import Wrapping, page_html
from monitor.demo.server import Answer, LocalSite, strong_etag
from monitor.demo.stories import own_stories
from monitor.demo.world import DemoFeed, DemoWorld

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NEW = replace(
    own_stories()[0], key="new", slug="new", title="Fresh & <new>", published=datetime(2024, 1, 1, tzinfo=UTC)
)


class Got:
    """One answer, read to its end."""

    def __init__(self, url: str, method: str = "GET", **headers: str) -> None:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, headers={name.replace("_", "-"): v for name, v in headers.items()})
        answer = connection.getresponse()
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()
        connection.close()


def ask_again(kept: http.client.HTTPConnection, path: str) -> bytes:
    kept.auto_open = False  # or a dropped connection would quietly be replaced by a new one
    kept.request("GET", path)
    return kept.getresponse().read()


@pytest.fixture
def world():
    with DemoWorld() as running:
        yield running


def feed_of(world: DemoWorld, kind: FeedKind) -> DemoFeed:
    return next(feed for feed in world.feeds if feed.kind is kind)


@pytest.mark.parametrize("kind", FeedKind)
def test_a_feed_tells_title_link_date_and_beginning_of_its_stories(world, kind):
    feed = feed_of(world, kind)
    got = Got(feed.url)
    parsed = parse_feed(got.body, got.headers["Content-Type"], feed.url, NOW)
    told = {(e.title, e.link, e.published, e.summary) for e in parsed.entries}
    expected = {(s.title, world.url_of(s), s.published, summary(s)) for s in world.stories if s.feed == feed.key}
    assert expected
    assert told == expected
    assert parsed.title == feed.name
    assert not [entry for entry in parsed.entries if entry.flags]


def test_the_three_feeds_together_tell_every_story_once(world):
    links = []
    for feed in world.feeds:
        got = Got(feed.url)
        entries = parse_feed(got.body, got.headers["Content-Type"], feed.url, NOW).entries
        links += [entry.link for entry in entries]
    assert sorted(links) == sorted(world.url_of(story) for story in world.stories)


@pytest.mark.parametrize("kind", FeedKind)
def test_a_feed_without_stories_is_still_a_feed(kind):
    body = feed_bytes(kind, "Quiet", "http://127.0.0.1/feed", [])
    assert parse_feed(body, kind.content_type, "http://127.0.0.1/feed", NOW).entries == ()


@pytest.mark.parametrize("kind", FeedKind)
def test_a_feed_keeps_its_ids_on_any_port(kind):
    def ids() -> list[str]:
        with DemoWorld() as world:
            feed = feed_of(world, kind)
            parsed = parse_feed(Got(feed.url).body, kind.content_type, feed.url, NOW)
            return [entry.id for entry in parsed.entries]

    assert ids() == ids()


def test_a_page_lies_at_its_address_and_carries_its_canonical_link(world):
    for story in world.stories:
        got = Got(world.url_of(story))
        assert got.status == 200
        assert f'<link rel="canonical" href="{world.url_of(story)}">' in got.body.decode()
        assert story.path.startswith(f"/{story.published:%Y/%m}/")


def test_a_world_of_one_wrapping_has_all_pages_in_it():
    with DemoWorld(wrapping=Wrapping.DIV_SOUP) as world:
        for story in world.stories:
            url = world.url_of(story)
            assert Got(url).body.decode() == page_html(story, url, Wrapping.DIV_SOUP)


def test_every_site_lets_robots_in(world):
    for site in {f"http://{urlsplit(world.url_of(story)).netloc}" for story in world.stories}:
        got = Got(f"{site}/robots.txt")
        assert (got.status, b"Allow: /" in got.body) == (200, True)


@pytest.mark.needs("linux")  # only Linux gives everybody all of 127.0.0.0/8
def test_every_feed_and_publisher_has_a_host_of_its_own(world):
    pages = {urlsplit(world.url_of(story)).hostname for story in world.stories}
    feeds = {urlsplit(feed.url).hostname for feed in world.feeds}
    assert len(pages) == len({story.publisher for story in world.stories})
    assert len(feeds) == len(world.feeds)
    assert not pages & feeds


@pytest.mark.parametrize("kind", FeedKind)
def test_an_unchanged_feed_answers_304_with_its_validators_and_no_body(world, kind):
    url = feed_of(world, kind).url
    first = Got(url)
    again = Got(url, If_None_Match=first.headers["ETag"], If_Modified_Since=first.headers["Last-Modified"])
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Last-Modified"] == first.headers["Last-Modified"]


@pytest.mark.parametrize("kind", FeedKind)
@pytest.mark.parametrize("validators", ["ETag", "Last-Modified", "both"])
def test_a_story_published_while_the_world_runs_is_seen_by_every_reader(world, kind, validators):
    feed = feed_of(world, kind)
    first = Got(feed.url)
    sent = {}
    if validators in {"ETag", "both"}:
        sent["If_None_Match"] = first.headers["ETag"]
    if validators in {"Last-Modified", "both"}:
        sent["If_Modified_Since"] = first.headers["Last-Modified"]
    url = world.publish(NEW, feed)
    second = Got(feed.url, **sent)
    assert second.status == 200
    entries = parse_feed(second.body, kind.content_type, feed.url, NOW).entries
    assert (NEW.title, url) in {(entry.title, entry.link) for entry in entries}
    assert Got(url).status == 200
    assert NEW in world.stories


def test_a_story_published_again_replaces_its_older_self(world):
    feed = feed_of(world, FeedKind.RSS)
    url = world.publish(NEW, feed)
    world.publish(replace(NEW, title="CORRECTED: Fresh"), feed)
    entries = parse_feed(Got(feed.url).body, None, feed.url, NOW).entries
    assert [entry.title for entry in entries if entry.link == url] == ["CORRECTED: Fresh"]
    assert b"CORRECTED: Fresh" in Got(url).body


def test_the_world_remembers_who_asked_for_what(world):
    feed = world.feeds[0]
    etag = Got(feed.url, User_Agent="reader/1").headers["ETag"]
    Got(feed.url, If_None_Match=etag)
    Got(world.url_of(world.stories[0]))
    first, second, third = world.requests
    assert (first.url, first.status, first.headers["user-agent"]) == (feed.url, 200, "reader/1")
    assert (second.status, second.headers["if-none-match"]) == (304, etag)
    assert third.url == world.url_of(world.stories[0])
    assert first.at <= second.at <= third.at


def test_a_stopped_world_answers_nobody_not_even_on_a_kept_connection():
    world = DemoWorld()
    with world:
        parts = urlsplit(world.feeds[0].url)
        kept = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        kept.request("GET", parts.path)
        assert kept.getresponse().read()
    world.stop()
    with pytest.raises(ConnectionError):
        ask_again(kept, parts.path)
    kept.close()
    with pytest.raises(ConnectionError):
        Got(world.feeds[0].url)


def test_two_worlds_do_not_meet():
    with DemoWorld() as one, DemoWorld() as other:
        assert not {feed.url for feed in one.feeds} & {feed.url for feed in other.feeds}
        Got(one.feeds[0].url)
        assert other.requests == ()


# --- the site underneath ---------------------------------------------------------------------------------


def test_an_unknown_page_is_404_and_other_methods_are_refused():
    with LocalSite({"/": Answer(b"home")}) as site:
        assert Got(site.url + "/none").status == 404
        assert Got(site.url + "/", "POST").status == 501
        head = Got(site.url + "/", "HEAD")
        assert (head.status, head.headers["Content-Length"], head.body) == (200, "4", b"")


def test_a_route_with_its_query_goes_before_the_route_without():
    with LocalSite({"/story": Answer(b"one"), "/story?id=2": Answer(b"two")}) as site:
        assert Got(site.url + "/story?utm_source=x").body == b"one"
        assert Got(site.url + "/story?id=2").body == b"two"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ('"a"', 304),
        ('W/"a"', 304),
        ('"x", "a"', 304),
        ("*", 304),
        ('"b"', 200),
        ("a", 200),
    ],
)
def test_if_none_match_is_compared_weakly_and_as_a_list(sent, status):
    with LocalSite({"/": Answer(b"x", etag='"a"')}) as site:
        assert Got(site.url + "/", If_None_Match=sent).status == status


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ("Wed, 22 Feb 2023 12:00:00 GMT", 304),
        ("Wed, 22 Feb 2023 12:00:01 GMT", 304),
        ("Wed, 22 Feb 2023 11:59:59 GMT", 200),
        ("yesterday", 200),
    ],
)
def test_if_modified_since_is_compared_by_the_second(sent, status):
    changed = datetime(2023, 2, 22, 12, 0, tzinfo=UTC)
    with LocalSite({"/": Answer(b"x", last_modified=changed)}) as site:
        assert Got(site.url + "/", If_Modified_Since=sent).status == status


def test_if_none_match_alone_decides_where_both_are_sent():
    changed = datetime(2023, 2, 22, 12, 0, tzinfo=UTC)
    with LocalSite({"/": Answer(b"x", etag='"new"', last_modified=changed)}) as site:
        got = Got(site.url + "/", If_None_Match='"old"', If_Modified_Since="Wed, 22 Feb 2023 12:00:00 GMT")
        assert got.status == 200


def test_a_scripted_site_fails_and_recovers_as_told():
    healthy = Answer(b"fine", etag=strong_etag(b"fine"))
    script = in_turn(failure(500), failure(429, retry_after=timedelta(minutes=2)), LOGIN_PAGE, healthy)
    with LocalSite({"/feed": script}) as site:
        got = [Got(site.url + "/feed") for _ in range(5)]
    assert [answer.status for answer in got] == [500, 429, 200, 200, 200]
    assert got[1].headers["Retry-After"] == "120"
    assert b"log in" in got[2].body
    assert [seen.status for seen in site.requests] == [500, 429, 200, 200, 200]


def test_a_slow_route_does_not_hold_up_the_others():
    let_go = threading.Event()
    slow = held_back(Answer(b"late"), let_go, timedelta(seconds=20))
    with LocalSite({"/slow": slow, "/fast": Answer(b"now")}) as site:
        answers: list[bytes] = []
        waiting = threading.Thread(target=lambda: answers.append(Got(site.url + "/slow").body))
        waiting.start()
        assert Got(site.url + "/fast").body == b"now"
        assert answers == []
        let_go.set()
        waiting.join(10)
    assert answers == [b"late"]


def test_json_feed_names_its_version(world):
    feed = json.loads(Got(feed_of(world, FeedKind.JSON).url).body)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
