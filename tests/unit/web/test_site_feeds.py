"""The pages of feeds: the table, one feed with its polls, what an operator does, lists in and out."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from local_feed import LocalFeed
from made import NOON, decision, feed_settings
from newsroom import FEED, Newsroom, item
from scripted import LOGIN_PAGE
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from monitor.app.entrance import Entrance, hash_of
from monitor.app.open_house import OpenHouse
from monitor.app.subscribing import alerting_rules
from monitor.app.vitals import Health
from monitor.demo.server import Answer, LocalSite
from monitor.model.article import Document
from monitor.model.entry import Fate
from monitor.model.feed import Answered, Feed, FeedOrigin, FeedStatus, Polled, PollOutcome, Subscription
from monitor.model.web import AccessToken, ListenAddress, Role
from monitor.web import Views, build_pages

OWN = {"sec-fetch-site": "same-origin"}
TOKENS = (
    AccessToken("anna", Role.OPERATOR, hash_of("mon_anna")),
    AccessToken("desk", Role.READER, hash_of("mon_desk")),
)
PAID = "https://paid.example/feed?token=geheim"


@pytest.fixture
def locked(open_house: OpenHouse, newsroom: Newsroom) -> TestClient:
    entrance = Entrance(lambda: TOKENS, b"k" * 32, newsroom.clock)
    views = Views(Health, Health, lambda: (b"", "text/plain"), open_house=open_house, entrance=entrance)
    return TestClient(build_pages(views, ListenAddress("127.0.0.1", 8080)), base_url="http://127.0.0.1:8080")


@pytest.fixture
def reader(locked: TestClient) -> TestClient:
    locked.headers["authorization"] = "Bearer mon_desk"
    return locked


@pytest.fixture
def operator(locked: TestClient) -> TestClient:
    locked.headers["authorization"] = "Bearer mon_anna"
    return locked


def subscribe(newsroom: Newsroom, url: str, name: str = "", tags: tuple[str, ...] = ()) -> Feed:
    wanted = feed_settings(url, name=name or None, tags=tags, origin=FeedOrigin.STORE)
    (made,) = newsroom.store.feeds.subscribe([Subscription(wanted, newsroom.clock.now())], newsroom.clock.now())
    return made


def do(site: TestClient, path: str, **fields: str) -> str:
    """What is done leads to this address."""
    done = site.post(path, data=fields, headers=OWN, follow_redirects=False)
    assert done.status_code == 303, done.text
    return done.headers["location"]


def status(newsroom: Newsroom, feed: Feed) -> FeedStatus:
    found = newsroom.store.feed_book.one(feed.id)
    assert found is not None
    return found.status


# ---- the table


def test_each_head_of_the_table_sorts_by_its_column_and_says_how(newsroom: Newsroom, site: TestClient) -> None:
    for name in ("beta", "Alpha", "gamma"):
        subscribe(newsroom, f"https://{name}.example/feed", name)
    page = site.get("/feeds?sort=name").text
    assert re.search(r'<th scope="col" aria-sort="ascending"><a href="/feeds\?sort=-name">Feed</a>', page)
    assert page.count("aria-sort") == 1
    assert page.index("Alpha") < page.index("beta") < page.index("gamma")
    page = site.get("/feeds?sort=-name").text
    assert 'aria-sort="descending"' in page
    assert page.index("gamma") < page.index("beta") < page.index("Alpha")
    for sort in ("state", "last", "next", "entries", "nonsense"):
        assert site.get(f"/feeds?sort={sort}&state=nonsense").status_code == 200


def test_a_filter_goes_along_with_the_order_and_the_pages(
    newsroom: Newsroom, site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.web.site.feeds.SHOWN", 2)
    for number in range(5):
        subscribe(newsroom, f"https://f{number}.example/feed", f"Feed {number}", ("border",))
    page = site.get("/feeds?tag=border&sort=name&page=2").text
    assert "5 feeds of 6" in page
    assert "Feed 2" in page
    assert "Feed 4" not in page
    assert 'href="/feeds?page=3&amp;state=&amp;' not in page
    assert re.search(r'rel="next" href="/feeds\?page=3&amp;tag=border&amp;sort=name"', page)
    assert re.search(r'href="/feeds\?tag=border&amp;sort=-name">Feed</a>', page)


def test_a_reader_finds_no_feed_by_the_query_of_its_address(newsroom: Newsroom, reader: TestClient) -> None:
    subscribe(newsroom, PAID, "Paid")
    assert "Paid" not in reader.get("/feeds?find=geheim").text
    assert "Paid" in reader.get("/feeds?find=paid.example").text


# ---- bulk


def test_the_ticked_feeds_are_paused_and_resumed(newsroom: Newsroom, operator: TestClient) -> None:
    one, other = (subscribe(newsroom, f"https://{name}.example/feed", name) for name in ("one", "other"))
    back = "/feeds?tag=border&page=1"
    with capture_logs() as logs:
        assert do(operator, "/feeds/pause", back=back, **{f"feed-{one.id}": "on", "feed-99": "on"}) == back
    assert {"event": "feeds paused", "feeds": 1, "feed_ids": [one.id], "by": "anna", "log_level": "info"} in logs
    assert (status(newsroom, one), status(newsroom, other)) == (FeedStatus.PAUSED, FeedStatus.ACTIVE)
    page = operator.get("/feeds?state=paused").text
    assert "one" in page
    assert "1 feed of 3" in page
    assert "paused" in operator.get(f"/feeds/{one.id}").text
    assert "by anna" in operator.get(f"/feeds/{one.id}").text
    do(operator, "/feeds/resume", **{f"feed-{one.id}": "on"})
    assert status(newsroom, one) is FeedStatus.ACTIVE


def test_all_that_a_filter_finds_is_paused_on_whatever_page(
    newsroom: Newsroom, site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.web.site.feeds.SHOWN", 2)
    feeds = [subscribe(newsroom, f"https://f{n}.example/feed", f"Feed {n}", ("border",)) for n in range(3)]
    assert 'name="all"' in site.get("/feeds?tag=border").text
    assert 'name="all"' not in site.get("/feeds?tag=border&find=f1").text
    do(site, "/feeds/pause", tag="border", all="yes")
    assert {status(newsroom, one) for one in feeds} == {FeedStatus.PAUSED}
    assert newsroom.store.feeds.all()[0].status is FeedStatus.ACTIVE
    do(site, "/feeds/resume", state="paused", find="f1", all="yes")
    assert [status(newsroom, one).value for one in feeds] == ["paused", "active", "paused"]


def test_words_that_are_too_long_for_a_store_find_nothing_and_break_nothing(site: TestClient) -> None:
    assert do(site, "/feeds/pause", all="yes", find="%_" * 40_000) == "/feeds"


def test_a_feed_of_the_config_is_paused_too(newsroom: Newsroom, site: TestClient) -> None:
    (feed,) = newsroom.store.feeds.all()
    assert feed.settings.url == FEED
    do(site, "/feeds/pause", **{f"feed-{feed.id}": "on"})
    assert status(newsroom, feed) is FeedStatus.PAUSED


@pytest.mark.parametrize(
    "back", ["https://evil.example", "//evil.example", "/login?next=x", "/feeds?\r\nx: y", ""]
)
def test_after_a_change_one_is_sent_to_the_table_and_nowhere_else(site: TestClient, back: str) -> None:
    assert do(site, "/feeds/pause", back=back) == "/feeds"


@pytest.mark.parametrize("ticked", ["feed-x", "feed-", "feed--1", f"feed-{'9' * 19}", "feed-١"])
def test_a_box_that_is_no_feed_is_none(site: TestClient, ticked: str) -> None:
    do(site, "/feeds/pause", **{ticked: "on"})


def test_a_reader_does_nothing_with_feeds(newsroom: Newsroom, reader: TestClient) -> None:
    feed = subscribe(newsroom, PAID, "Paid")
    for path in ("/feeds/pause", "/feeds/add", "/feeds/add/look", "/feeds/import", f"/feeds/{feed.id}/remove"):
        assert reader.post(path, data={f"feed-{feed.id}": "on"}, headers=OWN).status_code == 403
    assert status(newsroom, feed) is FeedStatus.ACTIVE
    assert reader.get("/feeds/export").status_code == 403
    for path in ("/feeds", f"/feeds/{feed.id}", "/feeds/add", "/feeds/import"):
        page = reader.get(path)
        assert page.status_code == 200
        assert "geheim" not in page.text
        assert 'action="/feeds/' not in page.text


# ---- one feed


def test_a_feed_shows_its_polls_why_each_next_one_and_what_was_said_instead(
    newsroom: Newsroom, operator: TestClient
) -> None:
    newsroom.bring_in(item("e1", "Torkham closed", "The Torkham crossing was closed."))
    (feed,) = newsroom.store.feeds.all()
    newsroom.clock.advance(timedelta(minutes=15))
    refused = decision(
        newsroom.clock.now(),
        outcome=PollOutcome.HTTP_ERROR,
        failures=1,
        error="HTTP 500 at https://x.example/?token=geheim",
    )
    answered = Answered(500, 18, 1.25, b"<b>Out of cheese</b>")
    newsroom.store.feeds.record_polls([Polled(feed, refused, newsroom.clock.now(), answered=answered)])
    page = operator.get(f"/feeds/{feed.id}").text
    for words in ("http error", ">500<", "18 B", "1.2 s", "interval", "&lt;b&gt;Out of cheese", "token=geheim"):
        assert words in page, words
    assert re.search(r'aria-label="Entries a day: .*in all 1"', page)


def test_a_reader_sees_neither_the_body_of_an_error_nor_queries_in_its_words(
    newsroom: Newsroom, reader: TestClient
) -> None:
    (feed,) = newsroom.store.feeds.all()
    refused = decision(outcome=PollOutcome.HTTP_ERROR, failures=1, error="refused by https://x.example/a?k=geheim")
    answered = Answered(500, 18, 1.25, b"geheim")
    newsroom.store.feeds.record_polls([Polled(feed, refused, NOON, answered=answered)])
    for path in ("/feeds", f"/feeds/{feed.id}"):
        page = reader.get(path).text
        assert "geheim" not in page
        assert "refused by https://x.example/a" in page


def test_poll_now_makes_a_feed_due_and_says_why_it_does_not(newsroom: Newsroom, site: TestClient) -> None:
    newsroom.bring_in(item("e1", "Torkham closed"))
    (feed,) = newsroom.store.feeds.all()
    again = site.post(f"/feeds/{feed.id}/poll", headers=OWN)
    assert again.status_code == 409
    assert "less than a minute ago" in again.text
    newsroom.clock.advance(timedelta(minutes=2))
    assert do(site, f"/feeds/{feed.id}/poll") == f"/feeds/{feed.id}#polls"
    assert newsroom.store.feeds.claim_due(newsroom.clock.now(), timedelta(minutes=5), 1)
    assert "It is being asked already" in site.post(f"/feeds/{feed.id}/poll", headers=OWN).text
    assert site.post("/feeds/99/poll", headers=OWN).status_code == 404


def test_a_feed_is_removed_and_comes_back_with_all_that_it_had(newsroom: Newsroom, site: TestClient) -> None:
    feed = subscribe(newsroom, "https://added.example/feed", "Added", ("border",))
    assert do(site, f"/feeds/{feed.id}/remove") == f"/feeds/{feed.id}"
    assert status(newsroom, feed) is FeedStatus.REMOVED
    page = site.get(f"/feeds/{feed.id}").text
    assert "polled no more" in page
    do(site, f"/feeds/{feed.id}/again")
    back = newsroom.store.feed_book.one(feed.id)
    assert back is not None
    assert (back.status, back.settings) == (FeedStatus.ACTIVE, feed.settings)


def test_a_removed_feed_whose_new_address_is_subscribed_to_does_not_come_back(
    newsroom: Newsroom, site: TestClient
) -> None:
    old = subscribe(newsroom, "https://old.example/feed", "Old")
    moved = decision(newsroom.clock.now(), url="https://new.example/feed")
    newsroom.store.feeds.record_polls([Polled(old, moved, newsroom.clock.now())])
    do(site, f"/feeds/{old.id}/remove")
    new = subscribe(newsroom, "https://new.example/feed", "New")
    refused = site.post(f"/feeds/{old.id}/again", headers=OWN)
    assert refused.status_code == 409
    assert "subscribed to already" in refused.text
    assert status(newsroom, old) is FeedStatus.REMOVED
    do(site, f"/feeds/{new.id}/remove")
    do(site, f"/feeds/{old.id}/again")
    assert status(newsroom, old) is FeedStatus.ACTIVE


def test_a_removed_feed_that_the_config_declares_in_another_spelling_does_not_come_back(
    newsroom: Newsroom, site: TestClient
) -> None:
    twin = subscribe(newsroom, FEED.replace("news", "NEWS"))
    do(site, f"/feeds/{twin.id}/remove")
    refused = site.post(f"/feeds/{twin.id}/again", headers=OWN)
    assert refused.status_code == 409
    assert "declared in" in refused.text


def test_what_alerts_of_a_feed_that_comes_back_is_said_before(
    to_the_outside: OpenHouse, outside: LocalSite, newsroom: Newsroom, site: TestClient
) -> None:
    served = LocalFeed(outside, "Dawn")
    served.add("Torkham closed", "The Torkham crossing was closed.")
    do(site, "/feeds/add", url=served.url)
    added = newsroom.store.feeds.all()[-1]
    do(site, f"/feeds/{added.id}/pause")
    assert "alerts when it is resumed" in site.get(f"/feeds/{added.id}").text
    do(site, f"/feeds/{added.id}/remove")
    assert "alerts then" in site.get(f"/feeds/{added.id}").text
    looked = site.post("/feeds/add/look", data={"url": served.url}, headers=OWN).text
    assert "It was removed" in looked
    assert "stored as seen" not in looked
    served.add("Torkham closed again", "Torkham was closed while nobody looked.")
    do(site, "/feeds/add", url=served.url)
    assert newsroom.store.feeds.all()[-1].id == added.id
    (newest, *_) = newsroom.store.ledger.seen_entries(added.id, 1)[1]
    assert (newest.title, newest.fate) == ("Torkham closed again", Fate.WAITING)


def test_a_feed_of_the_config_is_removed_there(newsroom: Newsroom, site: TestClient) -> None:
    (feed,) = newsroom.store.feeds.all()
    refused = site.post(f"/feeds/{feed.id}/remove", headers=OWN)
    assert refused.status_code == 409
    assert "config.toml:" in refused.text
    assert "/remove" not in site.get(f"/feeds/{feed.id}").text
    assert status(newsroom, feed) is FeedStatus.ACTIVE


def test_one_is_paused_and_resumed_from_its_page(newsroom: Newsroom, site: TestClient) -> None:
    (feed,) = newsroom.store.feeds.all()
    do(site, f"/feeds/{feed.id}/pause")
    assert status(newsroom, feed) is FeedStatus.PAUSED
    assert "not polled until somebody resumes it" in site.get(f"/feeds/{feed.id}").text
    do(site, f"/feeds/{feed.id}/resume")
    assert status(newsroom, feed) is FeedStatus.ACTIVE


# ---- adding


def test_an_address_is_looked_at_and_what_it_would_bring_is_shown(
    to_the_outside: OpenHouse, outside: LocalSite, newsroom: Newsroom, site: TestClient
) -> None:
    feed = LocalFeed(outside, '"Dawn" & Co')
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    feed.add("Cricket", "Won.")
    page = site.post("/feeds/add/look", data={"url": feed.url}, headers=OWN)
    assert page.status_code == 200, page.text
    for words in (
        "1 feed at",
        "&#34;Dawn&#34; &amp; Co",
        "2 entries",
        "<strong>torkham-closed</strong>",
        "no rule",
    ):
        assert words in page.text, words
    assert len(newsroom.store.feeds.all()) == 1  # nothing is stored yet
    led = do(site, "/feeds/add", url=feed.url, name="Dawn", tags="pk, border pk", interval="10m", full_text="yes")
    added = newsroom.store.feeds.all()[-1]
    assert led == f"/feeds/{added.id}"
    assert (added.settings.tags, added.settings.full_text) == (("pk", "border"), True)
    assert added.last_outcome is PollOutcome.OK
    assert "Subscribed already" in site.post("/feeds/add/look", data={"url": feed.url}, headers=OWN).text
    again = site.post("/feeds/add", data={"url": feed.url}, headers=OWN)
    assert again.status_code == 422
    assert "subscribed to already" in again.text


def test_rules_are_tried_on_what_is_shown_and_on_no_more(
    to_the_outside: OpenHouse, outside: LocalSite, site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = LocalFeed(outside, "Long")
    for number in range(25):
        feed.add(f"Torkham closed {number}", "The Torkham crossing was closed.")
    tried: list[object] = []

    def counted(document: Document, *rest: Any) -> set[str]:
        tried.append(document)
        return alerting_rules(document, *rest)

    monkeypatch.setattr("monitor.app.adding.alerting_rules", counted)
    page = site.post("/feeds/add/look", data={"url": feed.url}, headers=OWN).text
    assert "25 entries" in page
    assert page.count("<strong>torkham-closed</strong>") == len(tried)


def test_what_could_not_be_asked_in_the_time_of_a_page_is_said(
    to_the_outside: OpenHouse, outside: LocalSite, site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.app.adding.ASKED_WITHIN", timedelta(seconds=-1))
    LocalFeed(outside, "Dawn").add("Torkham closed")
    link = b'<html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head></html>'
    url = outside.route("/", Answer(link, headers={"content-type": "text/html"}))
    page = site.post("/feeds/add/look", data={"url": url}, headers=OWN)
    assert "Not all was asked" in page.text
    assert [one.path for one in outside.requests] == ["/"]
    monkeypatch.undo()
    assert "1 feed at" in site.post("/feeds/add/look", data={"url": url}, headers=OWN).text


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:8080/", "127.0.0.1 is"),
        ("http://169.254.169.254/latest", "169.254.169.254"),
        ("javascript:alert(1)", "no http or https address"),
        ("file:///etc/passwd", "no http or https address"),
        ("", "no http or https address"),
    ],
)
def test_an_address_that_is_not_asked_is_said_so(site: TestClient, url: str, said: str) -> None:
    page = site.post("/feeds/add/look", data={"url": url}, headers=OWN)
    assert page.status_code == 422
    assert said in page.text


def test_what_is_no_feed_may_be_added_all_the_same(
    to_the_outside: OpenHouse, outside: LocalSite, newsroom: Newsroom, site: TestClient
) -> None:
    url = outside.route("/feed", LOGIN_PAGE)
    looked = site.post("/feeds/add/look", data={"url": url}, headers=OWN)
    assert "No feed found" in looked.text
    page = site.post("/feeds/add", data={"url": url, "tags": "border"}, headers=OWN)
    assert page.status_code == 422
    assert "nothing was added" in page.text
    assert "--no-poll" not in page.text
    assert 'name="anyway"' in page.text
    do(site, "/feeds/add", url=url, tags="border", anyway="yes")
    assert newsroom.store.feeds.all()[-1].settings.tags == ("border",)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "https://x.example/", "interval": "soon"}, "soon"),
        ({"url": ""}, "url"),
    ],
)
def test_values_that_do_not_hold_are_the_form_again(site: TestClient, fields: dict[str, str], said: str) -> None:
    page = site.post("/feeds/add", data=fields, headers=OWN)
    assert page.status_code == 422
    assert said in page.text


# ---- lists

OPML = f"""<?xml version="1.0" encoding="iso-8859-1"?>
<opml version="2.0"><body><outline text="Übersee">
<outline type="rss" text="One" xmlUrl="https://one.example/feed"/>
<outline type="rss" text="Known" xmlUrl="{FEED}"/>
<outline type="rss" text="Bad" xmlUrl="ftp://bad.example/"/>
<outline type="rss" text="One again" xmlUrl="https://one.example/feed"/>
</outline></body></opml>"""


@pytest.mark.parametrize("as_file", [True, False])
def test_a_list_shows_what_it_would_do_and_then_does_it(
    newsroom: Newsroom, site: TestClient, as_file: bool
) -> None:
    files = {"file": ("feeds.opml", OPML.encode("iso-8859-1"), "text/x-opml")} if as_file else {}
    fields = {"tags": "imported"} | ({} if as_file else {"text": OPML})
    looked = site.post("/feeds/import", data=fields, files=files or None, headers=OWN)
    assert looked.status_code == 200, looked.text
    for words in ("1 would be added", "1 subscribed already", "1 listed twice", "1 refused", "line 5"):
        assert words in looked.text, words
    assert len(newsroom.store.feeds.all()) == 1
    text = re.search(r'<textarea name="text" hidden>(.*?)</textarea>', looked.text, re.S)
    assert text is not None
    again = {"text": html.unescape(text[1]), "tags": "imported", "go": "yes"}
    done = site.post("/feeds/import", data=again, files={"file": ("", b"")}, headers=OWN)
    assert "1 added" in done.text
    added = newsroom.store.feeds.all()[-1]
    assert (added.name, added.settings.tags) == ("One", ("Übersee", "imported"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Choose a file"),
        ({"text": "no list"}, "nothing was imported"),
        ({"text": '<!DOCTYPE x [<!ENTITY a "aaaa">]><opml><body>&a;</body></opml>'}, "nothing was imported"),
    ],
)
def test_a_list_that_cannot_be_read_is_the_form_again(site: TestClient, fields: dict[str, str], said: str) -> None:
    page = site.post("/feeds/import", data=fields, headers=OWN)
    assert page.status_code == 422
    assert said in page.text


def test_the_feeds_go_out_as_a_list(newsroom: Newsroom, site: TestClient) -> None:
    subscribe(newsroom, PAID, "Paid", ("border",))
    answer = site.get("/feeds/export?tag=border")
    assert answer.headers["content-disposition"] == 'attachment; filename="feeds.opml"'
    assert "token=geheim" in answer.text
    assert FEED not in answer.text
    assert FEED in site.get("/feeds/export").text
