"""The first page, and the lists behind its numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from api_house import Api
from newsroom import Newsroom, item
from starlette.testclient import TestClient

from monitor.app.entrance import Entrance
from monitor.app.open_house import OpenHouse
from monitor.app.vitals import Health
from monitor.model.article import Document
from monitor.model.daemons import DISPATCH, Daemon, Queued, key_of_duty, key_of_worker
from monitor.model.jobs import Engine
from monitor.model.web import ListenAddress
from monitor.pipeline.ingest import IngestStage
from monitor.web import Views, build_pages
from monitor.web.site.arrivals import SHOWN


class Links(HTMLParser):
    """The addresses that a page leads to, and the ids of its links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.to: list[str] = []
        self.without_id: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "a" and (found.get("href") or "").startswith("/"):
            self.to.append(found["href"] or "")
            if "id" not in found:
                self.without_id.append(found["href"] or "")


@pytest.fixture
def busy(newsroom: Newsroom) -> Newsroom:
    """Two entries that were told, one that failed, one that waits to be read."""
    newsroom.bring_in(
        item("e1", "Torkham closed", "The Torkham crossing was closed.", link="https://news.example/e1"),
        item("e2", "Floods in Sindh", "Rain.", link="https://news.example/e2"),
    )
    newsroom.plan()
    newsroom.deliver()
    newsroom.serve(item("e3", "Torkham opened", "Torkham.", link="https://news.example/e3"))
    newsroom.clock.advance(timedelta(minutes=20))
    newsroom.poll()
    return newsroom


def test_every_number_of_the_first_page_leads_to_a_page_that_is_there(busy: Newsroom, site: TestClient) -> None:
    links = Links(site.get("/").text)
    for path in dict.fromkeys(links.to):
        assert site.get(path).status_code == 200, path
    for path in (
        "/feeds?state=ok",
        "/polls",
        "/entries?waiting=read",
        "/matches",
        "/deliveries?state=sent",
        "/rates",
    ):
        assert path in links.to


def test_it_loads_itself_anew_and_its_links_can_be_found_again(busy: Newsroom, site: TestClient) -> None:
    page = site.get("/").text
    assert 'id="now" hx-get="/" hx-trigger="every 60s' in page
    inside = page[page.index('id="now"') : page.index("</main>")]
    assert Links(inside).without_id == []
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_its_charts_are_read_out(busy: Newsroom, site: TestClient) -> None:
    page = site.get("/").text
    assert re.search(r'role="img" aria-label="Entries an hour: \w+ \d\d:00 UTC \d, .*in all 3"', page)
    assert re.search(r'role="img" aria-label="Matches a day: 2023-02-22 \d, in all \d"', page)


def test_the_table_behind_the_charts_leads_to_the_entries_of_an_hour(busy: Newsroom, site: TestClient) -> None:
    page = site.get("/rates").text
    (link,) = re.findall(r'href="(/entries[^"]+)">3<', page)[:1]
    listed = site.get(link.replace("&amp;", "&")).text
    assert "Floods in Sindh" in listed
    assert "Torkham opened" in listed


def test_a_list_of_what_waits_shows_nothing_else(busy: Newsroom, site: TestClient) -> None:
    page = site.get("/entries?waiting=read").text
    assert "Torkham opened" in page
    assert "Floods in Sindh" not in page
    assert "Nothing waits" in site.get("/entries?waiting=match").text


def test_matches_are_filtered_by_rule_and_digest_and_by_what_waits(busy: Newsroom, site: TestClient) -> None:
    assert "Torkham closed" in site.get("/matches?rule=torkham-closed&digest=alerts").text
    assert "No rule matched" in site.get("/matches?rule=nothing").text
    assert "No rule matched" in site.get("/matches?digest=nothing").text
    assert "Nothing waits for it" in site.get("/matches?digest=alerts&waiting=1").text
    busy.read()
    busy.group()
    busy.bring_in(item("e4", "Torkham closed again", "Torkham was closed.", link="https://news.example/e4"))
    assert "Torkham closed again" in site.get("/matches?digest=alerts&waiting=1").text


def test_a_long_list_goes_on_where_it_ended(newsroom: Newsroom, site: TestClient) -> None:
    newsroom.serve(*(item(f"n{n}", f"Title {n}") for n in range(SHOWN + 5)))
    newsroom.poll()
    first = site.get("/entries").text
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older is not None
    rest = site.get(older[1].replace("&amp;", "&")).text
    titles = [set(re.findall(r"Title \d+", page)) for page in (first, rest)]
    assert [len(one) for one in titles] == [SHOWN, 5]
    assert not titles[0] & titles[1]


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday&until=never",
        "from=2023-02-22T12:00:00&until=2023-02-22T13:00:00",
        "from=0001-01-01T00:00:00%2B14:00&until=9999-12-31T23:59:59-12:00",
        "from=2023-02-22T13:00:00Z&until=2023-02-22T12:00:00Z",
        "from=2020-01-01T00:00:00Z&until=2023-01-01T00:00:00Z",
        "before=x&since=99y",
        "before=2023-02-22T13:00:00Z+99999999999999999999",
        "waiting=sleep",
    ],
)
def test_a_span_that_is_none_is_the_last_hour(busy: Newsroom, site: TestClient, query: str) -> None:
    for path in ("/entries", "/matches", "/polls"):
        assert site.get(f"{path}?{query}").status_code == 200
    assert "Floods in Sindh" in site.get(f"/entries?{query.replace('before', 'b')}").text


def test_polls_are_counted_by_what_they_came_to(busy: Newsroom, site: TestClient) -> None:
    assert re.search(r'<th scope="row">ok</th><td class="n">2</td><td class="n">100.0 %', site.get("/polls").text)


class _Beside:
    """Something of which some things are said by the test."""

    def __init__(self, real: object, **said: object) -> None:
        self._real, self._said = real, said

    def __getattr__(self, name: str) -> object:
        return self._said[name] if name in self._said else getattr(self._real, name)


TWO = (
    Daemon(7, "one.example", "aa", 1, "1.0", "t1", frozenset(range(40))),
    Daemon(8, "two.example", "bb", 1, "1.1", "t2", frozenset(range(40, 64)), silent=12.4),
)
DUTIES = frozenset(map(key_of_duty, ("match", "digest")))
CLUSTER = (
    Daemon(7, "one.example", "aa", 1, "1.0", "D1", frozenset({key_of_duty(DISPATCH)})),
    Daemon(8, "two.example", "aa", 1, "1.0", "W1", frozenset({*range(64), key_of_worker(17)}) | DUTIES),
    Daemon(9, "three.example", "aa", 1, "1.0", "P1"),
)


def pages_of(
    busy: Newsroom, open_house: OpenHouse, daemons: Sequence[Daemon], queued: Queued | None = None
) -> TestClient:
    """The pages of one of several processes on a store."""
    facts = _Beside(busy.store.facts, queued=lambda: queued)
    store = _Beside(busy.store, daemons=lambda: list(daemons), facts=facts)
    ready = open_house.ready()
    if queued is not None:
        ready = replace(ready, settings=replace(ready.settings, engine=Engine.PROCRASTINATE))
    house = replace(open_house, store=store, ready=lambda: ready)  # type: ignore[arg-type]
    entrance = Entrance(tuple, b"k" * 32, busy.clock)
    views = Views(Health, Health, lambda: (b"", "text/plain"), open_house=house, entrance=entrance)
    return TestClient(build_pages(views, ListenAddress("127.0.0.1", 8080)), base_url="http://127.0.0.1:8080")


def test_other_daemons_of_the_store_are_shown_with_their_part_of_the_work(
    busy: Newsroom, open_house: OpenHouse
) -> None:
    page = pages_of(busy, open_house, TWO).get("/").text
    for words in ("pid 7 on <bdi>one.example</bdi>", "40 of 64", "24 of 64", "12 s ago", "their versions differ"):
        assert words in page
    assert page.count("has another config: reload it") == 1
    assert "Jobs in hand" not in page


def test_each_process_is_shown_with_its_role_and_the_queue_with_what_waits(
    busy: Newsroom, open_house: OpenHouse
) -> None:
    queued = Queued({"poll": 1_200}, busy.clock.now() - timedelta(seconds=95), {17: 12})
    site = pages_of(busy, open_house, CLUSTER, queued)
    page = site.get("/").text
    for words in ("dispatcher", "dispatches", "worker", "web pages", "64 of 64", "matches, plans digests"):
        assert words in page
    assert '<td class="n" data-label="jobs">12</td>' in page
    assert "1,200 jobs wait, the oldest for 1 min 35 s · 12 in hand" in page
    assert "is at work, nobody" not in page
    said = Api(site).get("/status")
    assert said["queue"] == {"waiting": 1_200, "by_stage": {"poll": 1_200}, "oldest_s": 95.0, "taken": 12}
    assert [(one["role"], one["jobs"]) for one in said["daemons"]] == [("dispatch", 0), ("work", 12), ("web", 0)]


def test_that_nobody_gives_out_or_takes_is_trouble_on_the_first_page(
    busy: Newsroom, open_house: OpenHouse
) -> None:
    page = pages_of(busy, open_house, CLUSTER[2:], Queued()).get("/").text
    assert "<li>No dispatcher is at work, nobody gives out what is due" in page
    assert "<li>No worker is there" in page


def test_what_was_ingested_leads_to_no_page_of_a_feed(busy: Newsroom, site: TestClient) -> None:
    document = Document("m1", "Torkham by mail", body="The Torkham crossing.", url="https://mail.example/1")
    IngestStage(busy.store.feeds, busy.clock).take([document])
    for path in ("/entries", "/why?url=https://mail.example/1"):
        page = site.get(path)
        assert "Torkham by mail" in page.text
        for to in Links(page.text).to:
            assert site.get(to).status_code == 200, to


def test_a_rule_called_new_is_found_from_its_matches(newsroom: Newsroom, site: TestClient) -> None:
    newsroom.rules = "[[rules]]\nid = 'new'\nquery = 'Torkham'\n"
    newsroom.bring_in(item("e1", "Torkham closed", "The Torkham crossing.", link="https://news.example/e1"))
    assert 'href="/rules/~new"' in site.get("/matches").text
