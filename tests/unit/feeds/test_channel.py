"""What a feed says of its own rhythm, its hub and its older entries, whoever reads it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.feeds.parse import parse_feed
from monitor.model.cadence import Cadence, HubOffer
from monitor.model.entry import ParsedFeed

URL = "https://example.org/feeds/home.xml"
ITEM = "<item><title>x</title></item>"
SPACES = (
    'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:atom="http://www.w3.org/2005/Atom" '
    'xmlns:a10="http://www.w3.org/2005/Atom"'
)


def read(text: str) -> ParsedFeed:
    return parse_feed(text.encode(), None, URL, datetime(2023, 3, 1, tzinfo=UTC))


@pytest.fixture(params=["lxml", "feedparser"])
def channel(request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]  # a function of the channel's elements
    """Reads an RSS feed with these elements in its channel, by each engine in turn."""

    def feed_with(inside: str) -> ParsedFeed:
        end = "</rss>" if request.param == "lxml" else "<torn off=here>"
        feed = read(f'<rss version="2.0" {SPACES}><channel><title>T</title>{inside}{ITEM}</channel>{end}')
        assert feed.engine == request.param
        return feed

    return feed_with


@pytest.mark.parametrize(
    ("inside", "cadence"),
    [
        ("<ttl>30</ttl>", Cadence(ttl=timedelta(minutes=30))),
        ("<ttl> 60\n</ttl>", Cadence(ttl=timedelta(hours=1))),
        ("<ttl>99999999</ttl>", Cadence()),
        ("<ttl>9999999</ttl>", Cadence(ttl=timedelta(days=7))),
        ("<ttl>-5</ttl><ttl>٣</ttl>", Cadence()),
        ("<ttl>0</ttl>", Cadence()),
        ("<skipHours><hour>0</hour><hour>23</hour></skipHours>", Cadence(skip_hours=frozenset({0, 23}))),
        ("<skipHours><hour>24</hour><hour> 1 </hour></skipHours>", Cadence(skip_hours=frozenset({0, 1}))),
        ("<skipHours><hour>25</hour><hour>-1</hour><hour>x</hour></skipHours>", Cadence()),
        ("<skipHours>" + "".join(f"<hour>{n}</hour>" for n in range(24)) + "</skipHours>", Cadence()),
        ("<skiphours><hour>3</hour></skiphours>", Cadence(skip_hours=frozenset({3}))),
        ("<skipDays><day>Saturday</day><day>sunday</day></skipDays>", Cadence(skip_days=frozenset({5, 6}))),
        ("<skipDays><day>Sonntag</day></skipDays>", Cadence()),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", Cadence(period=timedelta(hours=1))),
        (
            "<sy:updatePeriod>\n daily\n</sy:updatePeriod><sy:updateFrequency>\n 4 </sy:updateFrequency>",
            Cadence(period=timedelta(hours=6)),
        ),
        ("<sy:updateFrequency>2</sy:updateFrequency>", Cadence(period=timedelta(hours=12))),
        ("<sy:updatePeriod>weekly</sy:updatePeriod>", Cadence(period=timedelta(days=7))),
        ("<sy:updatePeriod>often</sy:updatePeriod>", Cadence()),
        ("<sy:updateFrequency>0</sy:updateFrequency>", Cadence()),
        ("<image><ttl>5</ttl></image>", Cadence()),
    ],
)
def test_the_rhythm_is_read(channel, inside: str, cadence: Cadence) -> None:  # type: ignore[no-untyped-def]
    assert channel(inside).cadence == cadence


def test_a_hub_comes_with_the_feeds_own_name_of_itself(channel) -> None:  # type: ignore[no-untyped-def]
    both = '<atom:link rel="hub" href="https://hub.example/"/><atom:link rel="self" href="/canonical.xml"/>'
    assert channel(both).hub == HubOffer("https://hub.example/", "https://example.org/canonical.xml")
    assert channel('<a10:link rel="HUB" href="/hub"/>').hub == HubOffer("https://example.org/hub", URL)
    assert channel('<atom:link rel="self" href="/canonical.xml"/>').hub is None
    assert channel('<atom:link rel="hub" href="file:///etc/passwd"/>').hub is None
    assert channel('<atom:link rel="hub"/>').hub is None
    assert channel(f'<atom:link rel="hub" href="https://hub.example/{"x" * 3_000}"/>').hub is None


def test_older_entries_are_on_the_next_page_or_in_the_archive_before(channel) -> None:  # type: ignore[no-untyped-def]
    assert channel('<atom:link rel="next" href="?page=2"/>').older == "https://example.org/feeds/home.xml?page=2"
    archives = '<atom:link rel="next-archive" href="/n"/><atom:link rel="prev-archive" href="/p"/>'
    assert channel(archives).older == "https://example.org/p"
    assert channel('<atom:link rel="previous" href="/newer"/>').older is None


def test_atom_says_it_in_the_feed_and_not_in_its_entries() -> None:
    feed = read(
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><link rel="hub" href="https://hub.example/"/>'
        '<link rel="self" href="/a.xml"/><link rel="next" href="/a.xml?p=2"/>'
        '<entry><id>1</id><title>x</title><link rel="hub" href="https://other.example/"/></entry></feed>'
    )
    assert feed.hub == HubOffer("https://hub.example/", "https://example.org/a.xml")
    assert feed.older == "https://example.org/a.xml?p=2"


def test_rdf_says_it_in_the_channel() -> None:
    feed = read(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        f"{SPACES}><channel><title>R</title><sy:updatePeriod>hourly</sy:updatePeriod>"
        f'<atom:link rel="hub" href="https://hub.example/"/></channel>{ITEM}</rdf:RDF>'
    )
    assert (feed.engine, feed.cadence.period) == ("lxml", timedelta(hours=1))
    assert feed.hub == HubOffer("https://hub.example/", URL)


def test_a_json_feed_says_it_in_its_own_words() -> None:
    form = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "J",
        "feed_url": "https://example.org/canonical.json",
        "next_url": "/2.json",
        "hubs": [
            "x",
            {"type": "rssCloud", "url": "https://cloud.example/"},
            {"type": "WebSub", "url": "https://hub.example/"},
        ],
        "items": [],
    }
    feed = read(json.dumps(form))
    assert feed.hub == HubOffer("https://hub.example/", "https://example.org/canonical.json")
    assert feed.older == "https://example.org/2.json"
    assert read(json.dumps({**form, "hubs": {"type": "WebSub"}, "next_url": 5})).hub is None


def test_a_feed_without_entries_says_it_too() -> None:
    feed = read(f'<rss version="2.0" {SPACES}><channel><title>T</title><ttl>7</ttl></channel></rss>')
    assert (feed.entries, feed.cadence.ttl) == ((), timedelta(minutes=7))
