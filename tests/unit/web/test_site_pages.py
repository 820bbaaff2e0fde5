"""The pages of the dashboard: what each shows of a store, and what no title can do to it."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from newsroom import Newsroom, item
from query_plans import asked_by
from starlette.testclient import TestClient

from monitor.web.site.rendering import LONGEST_TITLE, MENU, safe_link

HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    '"><svg/onload=alert(1)>',
    "{{ 7*7 }} {% include 'x' %}",
    "\u202eevil\u202d \u2066 not closed",
    "x" * 10_000,
    "طورخم بند &amp; <b>bold</b>",
]
ASKED = (
    "/",
    "/stories?since=30d",
    "/feeds",
    "/feeds/1",
    "/why?url=https%3A%2F%2Fnews.example%2Fe1",
    "/stories/s_1",
    "/stories/s_1/edits",
    "/search?query=Torkham&since=30d&whole=1",
    "/digests/alerts?form=slack&whole=1",
    "/deliveries",
    "/receivers",
)


class Tags(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def told(newsroom: Newsroom) -> Newsroom:
    """One story that was told."""
    newsroom.bring_in(
        item("e1", "Torkham closed", "The Torkham crossing was closed.", link="https://news.example/e1")
    )
    newsroom.plan()
    newsroom.deliver()
    return newsroom


def test_the_menu_leads_to_pages_that_are_there(site: TestClient) -> None:
    for address, name in MENU:
        page = site.get(address)
        assert page.status_code == 200
        assert re.search(rf'<a href="{address}" aria-current="page">{name}</a>', page.text)


def test_the_first_page_counts_what_the_store_holds(told: Newsroom, site: TestClient) -> None:
    page = site.get("/").text
    assert re.search(r'Feeds</span><span class="figure">1<', page)
    assert re.search(r'Matches, last hour</span><span class="figure">1<', page)


def test_a_story_shows_its_rule_its_article_and_where_it_was_told(told: Newsroom, site: TestClient) -> None:
    listed = site.get("/stories?since=30d").text
    link = re.search(r'href="(/stories/s_\w+)"', listed)
    assert link is not None
    page = site.get(link[1]).text
    for words in (
        "torkham-closed",
        "Torkham closed",
        'in <a href="/digests/alerts"><bdi>alerts</bdi>',
        "https://news.example/e1",
    ):
        assert words in page


def test_a_filter_that_nothing_passes_says_what_to_do(told: Newsroom, site: TestClient) -> None:
    page = site.get("/stories?since=30d&publisher=nobody").text
    assert "No story is like that" in page
    assert "No feed is like that" in site.get("/feeds?find=nobody").text


def test_a_page_behind_the_last_is_the_last(told: Newsroom, site: TestClient) -> None:
    assert "1 feed" in site.get("/feeds?page=9999").text


def test_a_rule_that_is_not_there_is_said_and_no_page_breaks(told: Newsroom, site: TestClient) -> None:
    page = site.get("/stories?rule=torkham-close")
    assert page.status_code == 200
    assert "did you mean" in page.text


def test_why_says_of_each_rule_what_it_said(told: Newsroom, site: TestClient) -> None:
    page = site.get("/why", params={"url": "https://news.example/e1"}).text
    assert "torkham-closed" in page
    assert "match" in page


def test_why_of_an_address_that_nobody_saw_says_so(site: TestClient) -> None:
    page = site.get("/why", params={"url": "https://news.example/never"}).text
    assert "never seen" in page.lower()


def test_a_feed_shows_its_entries_with_their_fate(told: Newsroom, site: TestClient) -> None:
    page = site.get("/feeds/1").text
    assert "Torkham closed" in page
    assert "torkham-closed" in page


@pytest.mark.parametrize(
    "path",
    [
        *("/stories/s_zz", "/stories/a_99", "/feeds/99", "/nothing", "/feeds/x"),
        *(f"/{kind}/{'9' * digits}" for kind in ("feeds", "deliveries", "stories") for digits in (18, 19, 5000)),
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(site: TestClient, path: str) -> None:
    page = site.get(path)
    assert page.status_code == 404
    assert "Back to the first page" in page.text


def test_a_script_gets_the_content_alone(told: Newsroom, site: TestClient) -> None:
    part = site.get("/feeds", headers={"hx-request": "true"}).text
    assert "<!doctype" not in part.lower()
    assert "<h1>Feeds</h1>" in part
    assert site.get("/feeds").headers["vary"] == "hx-request"


@pytest.mark.parametrize("path", ASKED)
def test_no_page_lets_a_browser_load_or_run_what_is_not_ours(told: Newsroom, site: TestClient, path: str) -> None:
    page = site.get(path)
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for tag, attributes in Tags(page.text).found:
        assert tag not in ("style", "iframe", "object", "embed")
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        if tag in ("script", "link", "img"):
            assert (attributes.get("src") or attributes.get("href") or "").startswith("/static/")


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_is_a_text_on_every_page(newsroom: Newsroom, site: TestClient, title: str) -> None:
    escaped = title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    newsroom.bring_in(item("e1", escaped, "Torkham closed.", link="https://news.example/e1"))
    newsroom.plan()
    plain = [tag for tag, _ in Tags(site.get("/stories?since=30d").text).found]
    assert "svg" not in plain
    for path in ASKED:
        page = site.get(path)
        assert page.status_code == 200, path
        assert "<script>alert" not in page.text
        assert "<svg/onload" not in page.text
        assert (
            len(max(re.findall(r"<bdi[^>]*>([^<]*)</bdi>", page.text), key=len, default="")) <= 5 * LONGEST_TITLE
        )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://news.example/a", "https://news.example/a"),
        ("HTTP://news.example/", "HTTP://news.example/"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//news.example/", ""),
        ("/feeds", ""),
        ("http://[::1", ""),
        ("", ""),
    ],
)
def test_only_addresses_of_the_web_are_links(url: str, shown: str) -> None:
    assert safe_link(url) == shown


def test_a_form_of_somebody_elses_page_is_refused(site: TestClient) -> None:
    refused = site.post("/feeds", headers={"origin": "https://evil.example"})
    assert refused.status_code == 403


# ---- what is done by hand

OWN = {"sec-fetch-site": "same-origin"}


def test_a_digest_shows_what_it_would_say_in_each_form_and_what_it_said(told: Newsroom, site: TestClient) -> None:
    told.bring_in(item("e2", "Torkham closed again", "Torkham closed.", link="https://news.example/e2"))
    first = site.get("/digests/alerts?form=text").text
    assert "Torkham closed again" not in first  # it takes longer than a page may
    assert first.count('/digests/alerts?form=text&amp;whole=1"') == 2  # the script asks for it, and a link
    assert "Torkham closed again" in site.get("/digests/alerts?form=text&whole=1").text
    page = site.get("/digests/alerts").text
    assert '<iframe class="mail" title="The digest as e-mail" sandbox' in page
    assert re.search(r'href="/deliveries/\d+"', page)
    frame = site.get("/digests/alerts/frame")
    assert "Torkham closed again" in frame.text
    assert "; sandbox" in frame.headers["content-security-policy"]
    assert "script-src" not in frame.headers["content-security-policy"]
    assert site.get("/digests/nothing").status_code == 404


def test_a_delivery_shows_its_message_and_what_it_tells(told: Newsroom, site: TestClient) -> None:
    (one,) = told.store.ledger.deliveries()
    page = site.get(f"/deliveries/{one.id}").text
    assert one.new.key in page
    assert "torkham-closed" in page
    assert site.get("/deliveries/99").status_code == 404
    assert site.get("/deliveries?state=nonsense&receiver=nobody").status_code == 200


def test_what_was_given_up_is_tried_again_by_a_button(newsroom: Newsroom, site: TestClient) -> None:
    newsroom.bring_in(item("e1", "Torkham closed", "Torkham closed."))
    newsroom.plan()
    (one,) = newsroom.store.ledger.deliveries()
    with newsroom.store._db.write() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET state = 'dead'")
    assert "given up" in site.get("/deliveries").text
    done = site.post(f"/deliveries/{one.id}/retry", headers=OWN, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, f"/deliveries/{one.id}")
    assert newsroom.states() == ["waiting"]


def test_a_silence_is_written_down_and_ended_by_hand(told: Newsroom, site: TestClient) -> None:
    fields = {
        "rule": "torkham-closed",
        "for": "24h",
        "mode": "hold",
        "reason": "known since noon",
        "author": "Anna",
    }
    made = site.post("/silences", data=fields, headers=OWN, follow_redirects=False)
    assert (made.status_code, made.headers["location"]) == (303, "/silences#silence-1")
    page = site.get("/silences").text
    assert "known since noon" in page
    assert "in force until" in page
    site.post("/silences/1/end", headers=OWN)
    assert "Nothing is silenced" in site.get("/silences").text
    assert "over since" in site.get("/silences?all=1").text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"for": "24h", "reason": "x", "author": "a"}, "name what is silenced"),
        ({"for": "24h", "rule": "torkham-closed", "author": "a"}, "needs a reason"),
        ({"for": "never", "rule": "torkham-closed", "reason": "x"}, "never"),
        ({"for": "24h", "story": "s_zz", "reason": "x"}, "no story is known"),
        ({"for": "24h", "rule": "*", "reason": "x"}, "silences every rule"),
    ],
)
def test_a_silence_that_does_not_hold_together_is_the_form_again(
    site: TestClient, fields: dict[str, str], said: str
) -> None:
    page = site.post("/silences", data=fields, headers=OWN)
    assert page.status_code == 422
    assert said in page.text
    assert "Nothing is silenced" in page.text


def test_nothing_is_done_for_somebody_elses_page(told: Newsroom, site: TestClient) -> None:
    fields = {"rule": "torkham-closed", "for": "24h", "reason": "x", "author": "a"}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {}):
        assert site.post("/silences", data=fields, headers=headers).status_code == 403
    assert not told.store.silences.all()


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"\xff=1", "application/x-www-form-urlencoded", 400),
        (b"reason=%00", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % n for n in range(400)), "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 415),
        (b"a=" + b"x" * 1_100_000, "application/x-www-form-urlencoded", 413),
    ],
)
def test_a_body_that_is_no_form_is_refused(site: TestClient, body: bytes, kind: str, status: int) -> None:
    answer = site.post("/silences", content=body, headers=OWN | {"content-type": kind})
    assert answer.status_code == status


# ---- search


def test_a_search_marks_what_it_found_and_says_how_much_was_read(told: Newsroom, site: TestClient) -> None:
    page = site.get("/search", params={"query": "Torkham NEAR/3 closed", "since": "30d"}).text
    assert "<mark>Torkham</mark>" in page
    assert "1 match in 1 article read" in page
    assert 'href="/rules/new?query=Torkham+NEAR%2F3+closed' in page


def test_a_query_that_does_not_hold_is_shown_with_its_caret(site: TestClient) -> None:
    page = site.get("/search", params={"query": "Torkham AND ("}).text
    assert 'role="alert"' in page
    assert re.search(r"\n +\^", page)


def test_a_search_that_takes_too_long_tells_what_it_read(
    told: Newsroom, site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.web.site.search.BUDGET", timedelta(seconds=-1))
    told.bring_in(*(item(f"n{n}", f"Torkham closed, day {n}", "Closed.") for n in range(3)))
    page = site.get("/search", params={"query": "Torkham", "since": "30d", "whole": 1}).text
    assert "Not all was read" in page
    assert "monitor search" in page


# ---- rules


def test_a_rule_shows_how_often_it_matched_and_what(told: Newsroom, site: TestClient) -> None:
    listed = site.get("/rules").text
    assert re.search(r'aria-label="Matches of torkham-closed: 1 in 14 days', listed)
    page = site.get("/rules/torkham-closed").text
    assert "1 match in 30 days" in page
    tried = site.post(
        "/rules/torkham-closed/archive/try", data={"query": "Torkham AND (closed OR closure)"}, headers=OWN
    )
    assert "this is the saved version" in tried.text
    assert site.get("/rules/nothing").status_code == 404


def test_a_draft_says_what_it_gains_and_loses(told: Newsroom, site: TestClient) -> None:
    told.bring_in(item("e2", "Torkham opened", "Torkham is open.", link="https://news.example/e2"))
    page = site.post("/rules/torkham-closed/try", data={"query": "Torkham AND open*"}, headers=OWN).text
    assert "1 gained, 1 lost" in page
    assert re.search(r'gained</span>\s*<a href="https://news.example/e2"', page)
    assert "query = &#34;Torkham AND open*&#34;" in page


def test_while_it_is_written_only_the_trial_is_sent(told: Newsroom, site: TestClient) -> None:
    for part in ("words", "archive"):
        answer = site.post(
            f"/rules/new/{part}/try", data={"query": "Torkham"}, headers=OWN | {"hx-request": "true"}
        )
        assert "<h1" not in answer.text
    assert "1 match in 1 article" in answer.text


def test_a_draft_that_does_not_hold_shows_the_caret(site: TestClient) -> None:
    part = site.post("/rules/new/try", data={"query": "Torkham AND ("}, headers=OWN).text
    assert re.search(r"\n +\^", part)


def test_a_draft_is_explained_on_any_stored_article(told: Newsroom, site: TestClient) -> None:
    fields = {"query": "Torkham AND ~close", "url": "https://news.example/e1"}
    page = site.post("/rules/new/try", data=fields, headers=OWN).text
    assert "MATCH" in page
    assert "On that article" in page
    fields["url"] = "https://news.example/never"
    assert "was never seen" in site.post("/rules/new/try", data=fields, headers=OWN).text


def test_a_query_on_several_lines_is_written_with_the_line_ends_of_files(site: TestClient) -> None:
    page = site.post("/rules/new/try", data={"query": "Torkham\r\nAND closed"}, headers=OWN).text
    assert "query = &#39;&#39;&#39;\nTorkham\nAND closed\n&#39;&#39;&#39;" in page


@pytest.mark.parametrize("path", ["/stories/%00", "/search?query=a%00b", "/why?url=%00", "/feeds?tag=%00"])
def test_an_address_with_a_nul_is_refused_before_any_store_is_asked(site: TestClient, path: str) -> None:
    assert site.get(path).status_code == 400


def test_the_words_of_a_query_are_told(site: TestClient) -> None:
    page = site.post("/rules/new/try", data={"query": "~close"}, headers=OWN).text
    assert "closure" in page


def test_the_list_of_digests_looks_at_no_feed(site: TestClient, newsroom: Newsroom) -> None:
    asked = asked_by(newsroom.store, lambda: site.get("/digests"))
    assert not [statement for statement, _ in asked if "FROM feeds" in statement]
