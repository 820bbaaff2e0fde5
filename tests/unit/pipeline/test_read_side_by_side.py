"""read: pages are read side by side, one of a host at a time, and no guarantee of the stage suffers from it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from made import feed_settings
from newsroom import DAY, FEED, OTHER_FEED, Newsroom, answer, item, rss
from watched import Watched

from monitor.app.children import PAGE_READERS, reading_sandbox
from monitor.core.articles.extract import extract_article
from monitor.model.article import NewArticle, Quality, ReadOutcome
from monitor.model.errors import StoreUnusable
from monitor.model.fetch import FetchRequest, FetchResponse
from monitor.pipeline import read
from monitor.pipeline.read import ReadReport, ReadStage
from monitor.testing import InlineSandbox

PATIENCE = 30.0  # seconds: a limit, not a wait
FILLER = "".join(f"<p>Paragraph {n} tells at length what traders at the crossing said.</p>" for n in range(8))
WORDS = "https://words.example/feed"


class WatchedSandbox(InlineSandbox):
    """Calls `before` with the URL of each page, or the title of an entry, in the thread that reads it."""

    def __init__(self, before: Callable[[str], None]) -> None:
        self.before = before

    def run(self, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        self.before(args[1] if function is extract_article else args[0])
        return super().run(function, *args, **kwargs)


def page_of(title: str, body: str) -> Callable[[FetchRequest], FetchResponse]:
    html = f"<html><head><title>{title}</title></head><body><article>{body}</article></body></html>"
    return answer(html.encode(), content_type="text/html; charset=utf-8")


def newsroom(*links: str, words: int = 0) -> Newsroom:
    """A feed with a page behind each entry, and one with so many entries that have only its words."""
    room = Newsroom(
        feeds=[feed_settings(FEED, full_text=True, backfill=DAY), feed_settings(WORDS, name="W", backfill=DAY)]
    )
    room.fetcher.answers[FEED] = rss(*(item(link, f"Behind {link}", link=link) for link in links))
    room.fetcher.answers[WORDS] = rss(*(item(f"w{n}", f"Words {n}", f"Said {n}.") for n in range(words)))
    for link in links:
        room.fetcher.answers[link] = page_of(f"Behind {link}", f"<p>Torkham was closed, says {link}.</p>{FILLER}")
    room.poll()
    room.fetcher.requests.clear()
    return room


def stage(room: Newsroom, before: Callable[[str], None], *, articles: Any = None, readers: int = 2) -> ReadStage:
    return ReadStage(
        articles or room.store.articles,
        room.store.reading,
        room.fetcher,
        WatchedSandbox(before),
        room.clock,
        readers=readers,
    )


def hosts(count: int) -> list[str]:
    """A page on each of so many hosts."""
    return [f"https://{number}.example/page" for number in range(count)]


def column(room: Newsroom, query: str) -> list[Any]:
    with room.store._db.read() as connection:
        return list(connection.execute(sa.text(query)).scalars())


def links(reports: list[ReadReport]) -> list[str | None]:
    return [report.entry.new.parsed.link for report in reports]


def waited(event: threading.Event) -> None:
    assert event.wait(PATIENCE)


def never() -> bool:
    return False


def test_as_many_pages_are_read_at_once_as_there_are_readers() -> None:
    pages = hosts(3)
    room = newsroom(*pages)
    together = threading.Barrier(3)

    def before(what: str) -> None:
        if what in pages:
            together.wait(PATIENCE)

    reports = list(stage(room, before, readers=3).run(never))
    assert [report.outcome for report in reports] == [ReadOutcome.PAGE] * 3


def test_a_page_that_takes_long_holds_up_no_page_of_another_host() -> None:
    pages = hosts(6)
    room = newsroom(*pages)
    others_are_done = threading.Event()
    reports = stage(room, lambda what: waited(others_are_done) if what == pages[0] else None).run(never)
    first = [next(reports) for _ in range(5)]
    assert sorted(map(str, links(first))) == pages[1:]
    assert room.number("SELECT count(*) FROM articles") == 5
    others_are_done.set()
    assert links(list(reports)) == pages[:1]


def test_pages_of_one_host_that_all_take_long_keep_one_reader_and_no_other_host_waits() -> None:
    slow = [f"https://slow.example/{number}" for number in range(7)]
    others = hosts(12)
    room = newsroom(*slow, *others)
    others_are_done = threading.Event()
    reports = stage(room, lambda what: waited(others_are_done) if what in slow else None).run(never)
    first = [next(reports) for _ in others]
    assert sorted(map(str, links(first))) == sorted(others)
    others_are_done.set()
    assert links(list(reports)) == slow


def test_a_feed_with_more_slow_pages_than_may_wait_in_line_holds_up_no_other_feed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(read, "BATCH", 3)
    monkeypatch.setattr(read, "MOST_OF_A_FEED", 3)
    monkeypatch.setattr(read, "MOST_IN_LINE", 6)
    slow = [f"https://slow.example/{number}" for number in range(20)]
    room = newsroom(*slow, words=4)
    others_are_done = threading.Event()
    reports = stage(room, lambda what: waited(others_are_done) if what in slow else None).run(never)
    assert {next(reports).outcome for _ in range(4)} == {ReadOutcome.FEED}
    others_are_done.set()
    assert links(list(reports)) == slow


@pytest.mark.parametrize("per_host", [1, 3])
def test_of_a_host_one_page_is_read_at_a_time_in_their_order(per_host: int) -> None:
    pages = [f"https://busy.example/{number}" for number in range(9)]
    room = newsroom(*pages)
    at_once = threading.Lock()
    order: list[str] = []

    def before(what: str) -> None:
        if what in pages:
            assert at_once.acquire(blocking=False)
            order.append(what)
        else:  # its words are studied last
            at_once.release()

    reading = ReadStage(
        room.store.articles,
        room.store.reading,
        room.fetcher,
        WatchedSandbox(before),
        room.clock,
        per_host=per_host,
        readers=4,
    )
    reports = list(reading.run(never))
    assert [report.outcome for report in reports] == [ReadOutcome.PAGE] * 9
    assert links(reports) == order == pages


def test_an_unknown_wall_is_found_at_its_third_address_though_there_are_many_readers() -> None:
    titles = ["Cricket team wins", "Floods in Sindh", "Budget passed"]
    room = newsroom()
    text = " ".join(f"Open the app, part {n}, and go on with what you came here for." for n in range(6))
    for n in range(3):
        room.fetcher.answers[f"https://walled.example/{n}"] = page_of("App", f"<p>{text}</p>")
    room.fetcher.answers[FEED] = rss(
        *(item(title, title, link=f"https://walled.example/{n}") for n, title in enumerate(titles))
    )
    room.store.feeds.make_all_due(room.clock.now())
    room.poll()
    reports = list(stage(room, lambda what: None, readers=8).run(never))
    assert [report.outcome for report in reports] == [ReadOutcome.PAGE, ReadOutcome.PAGE, ReadOutcome.STUB]
    assert column(room, "SELECT quality FROM articles") == [Quality.STUB.value] * 3


def test_an_entry_that_has_only_its_feeds_words_waits_for_no_page() -> None:
    pages = hosts(2)
    room = newsroom(*pages, words=30)
    words_are_done = threading.Event()
    reports = stage(room, lambda what: waited(words_are_done) if what in pages else None).run(never)
    assert {next(reports).outcome for _ in range(30)} == {ReadOutcome.FEED}
    words_are_done.set()
    assert {report.outcome for report in reports} == {ReadOutcome.PAGE}


def test_entries_without_a_page_are_read_in_the_order_of_their_feed_and_hold_up_no_other_feed() -> None:
    room = newsroom(words=5)
    room.store.feeds.sync(
        [feed_settings(WORDS, name="W", backfill=DAY), feed_settings(OTHER_FEED, name="O", backfill=DAY)],
        room.clock.now(),
    )
    room.serve(item("o1", "Others"), url=OTHER_FEED)
    room.poll()
    others_are_done = threading.Event()

    def record_read(article: NewArticle, *left: Any) -> None:
        room.store.articles.record_read(article, *left)
        if article.title == "Others":
            others_are_done.set()

    reading = stage(
        room,
        lambda what: waited(others_are_done) if what == "Words 0" else None,
        articles=Watched(room.store.articles, record_read=record_read),
    )
    assert len(list(reading.run(never))) == 6
    titles = column(room, "SELECT title FROM articles ORDER BY id")
    assert titles == ["Others", *column(room, "SELECT title FROM entries WHERE title <> 'Others' ORDER BY id")]


def test_what_comes_in_while_a_page_is_read_is_read_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "LOOK_AGAIN", 0.01)
    (page,) = hosts(1)
    room = newsroom(page)
    came_in = threading.Event()

    def before(what: str) -> None:
        if what == page:
            room.fetcher.answers[WORDS] = rss(item("w", "Meanwhile"))
            room.store.feeds.make_all_due(room.clock.now())
            room.poll()
            waited(came_in)
        elif what == "Meanwhile":
            came_in.set()

    reports = list(stage(room, before).run(never))
    assert {report.outcome for report in reports} == {ReadOutcome.PAGE, ReadOutcome.FEED}


@pytest.mark.parametrize("readers", [1, 2])
def test_no_more_pages_are_drawn_than_lie_ready_for_each_reader(readers: int) -> None:
    pages = hosts(12)
    room = newsroom(*pages)
    too_many, go_on = threading.Event(), threading.Event()
    at_work = threading.Barrier(readers + 1)
    for page, route in [(page, room.fetcher.answers[page]) for page in pages]:

        def respond(request: FetchRequest, route: Any = route) -> FetchResponse:
            if len(room.fetcher.requests) > 2 * readers:
                too_many.set()
            found: FetchResponse = route(request)
            return found

        room.fetcher.answers[page] = respond

    def before(what: str) -> None:
        if what in pages[:readers]:
            at_work.wait(PATIENCE)
            waited(go_on)

    reports: list[ReadReport] = []
    reading = threading.Thread(target=lambda: reports.extend(stage(room, before, readers=readers).run(never)))
    reading.start()
    at_work.wait(PATIENCE)
    drawn = too_many.wait(0.3)
    go_on.set()
    reading.join()
    assert not drawn
    assert len(reports) == 12


def test_a_page_that_breaks_its_reader_waits_and_the_others_are_read() -> None:
    pages = hosts(4)
    room = newsroom(*pages)

    def before(what: str) -> None:
        if what == pages[1]:
            raise ZeroDivisionError

    outcomes = {report.entry.new.parsed.link: report for report in stage(room, before).run(never)}
    assert outcomes[pages[1]].outcome is ReadOutcome.POSTPONED
    assert "ZeroDivisionError" in (outcomes[pages[1]].why or "")
    assert [outcomes[page].outcome for page in (pages[0], *pages[2:])] == [ReadOutcome.PAGE] * 3


def test_a_store_that_takes_nothing_stops_the_stage_and_leaves_the_rest_to_the_next_run() -> None:
    pages = hosts(5)
    room = newsroom(*pages, words=3)
    kept: list[str] = []

    def record_read(article: NewArticle, *left: Any) -> None:
        if article.url == pages[2]:
            raise StoreUnusable("sqlite://", "the disk is full")
        room.store.articles.record_read(article, *left)
        kept.append(article.url)

    reading = stage(room, lambda what: None, articles=Watched(room.store.articles, record_read=record_read))
    with pytest.raises(StoreUnusable, match="the disk is full"):
        list(reading.run(never))
    assert reading.in_hand.rows() == frozenset()
    rest = room.read()
    assert len(kept) + len(rest) == 8
    assert pages[2] in links(rest)


def test_what_was_answered_is_read_when_the_stage_is_told_to_stop_and_words_not_begun_wait() -> None:
    pages = hosts(3)
    room = newsroom(*pages, words=20)
    told = threading.Event()

    def before(what: str) -> None:
        told.set()

    reading = stage(room, before)
    reports = list(reading.run(told.is_set))
    assert len([one for one in reports if one.outcome is ReadOutcome.PAGE]) == len(room.fetcher.requests)
    assert room.number("SELECT count(*) FROM articles") == len(reports)
    assert reading.in_hand.rows() == frozenset()
    assert len(reports) + len(room.read()) == 23


def test_a_run_that_is_given_up_leaves_no_reader_behind_and_nothing_in_hand() -> None:
    room = newsroom(*hosts(6), words=20)
    before = set(threading.enumerate())
    reading = stage(room, lambda what: None)
    reports = reading.run(never)
    next(reports)
    reports.close()  # type: ignore[attr-defined]  # an iterator by promise, a generator in fact
    assert set(threading.enumerate()) <= before
    assert reading.in_hand.rows() == frozenset()
    stored = room.number("SELECT count(*) FROM articles")
    assert stored + len(room.read()) == 26


@pytest.mark.soak
def test_pages_that_take_their_child_seconds_hold_up_no_page_of_other_sites() -> None:
    long = page_of("Long", "<p>Traders said at length what they had seen at the crossing.</p>" * 40_000)  # 2.6 MB
    slow = [f"https://slow.example/{number}" for number in range(4)]
    others = hosts(20)
    room = newsroom(*slow, *others)
    room.fetcher.answers.update(dict.fromkeys(slow, long))
    with closing(reading_sandbox()) as sandbox:
        reading = replace(stage(room, lambda what: None, readers=PAGE_READERS), sandbox=sandbox)
        order = links(list(reading.run(never)))
    assert [link for link in order if link in slow] == slow
    assert max(order.index(link) for link in others) <= len(others)  # one of the slow ones may be done by then
