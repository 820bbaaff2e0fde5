"""gaps: what a feed listed between two polls is found on its older pages, once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from made import NOON, feed_settings
from newsroom import DAY, FEED, HOUR, Newsroom, after, answer, failing, item, rss

from monitor.model.access import FeedAccess
from monitor.model.entry import Fate
from monitor.model.feed import PollOutcome
from monitor.model.fetch import FetchRequest, FetchResponse
from monitor.model.gap import Gap, GapEnd
from monitor.pipeline.gaps import GapStage
from monitor.pipeline.poll import LEASE
from monitor.testing import FakeFetcher, InlineSandbox

PAGE_2, PAGE_3 = f"{FEED}?page=2", f"{FEED}?page=3"
LATER = NOON + 2 * HOUR  # when the feed breaks off
BETWEEN = NOON + HOUR


def older(url: str) -> str:
    """A feed's word on where older entries are (RFC 5005), as an Atom link in RSS."""
    return f'<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="next" href="{url.replace("&", "&amp;")}"/>'


def page(*ids: str, next: str | None = None, published: datetime | None = BETWEEN) -> bytes:
    return rss(
        *(item(one, f"Torkham closed: {one}", f"Torkham closed, says {one}.", published=published) for one in ids),
        more=older(next) if next else "",
    )


def broken_off(next: str | None = PAGE_2, **more: object) -> Newsroom:
    """A feed that listed a1 to a3 at noon, and two hours later d1 to d3 and nothing of before."""
    room = Newsroom(feeds=[feed_settings(FEED, **more)])
    room.clock.set(NOON)
    room.fetcher.answers[FEED] = page("a1", "a2", "a3", published=NOON - HOUR)
    room.poll()
    room.fetcher.answers[FEED] = page("d1", "d2", "d3", next=next, published=LATER)
    assert room.repoll(2 * HOUR).may_have_lost
    return room


def gap_of(room: Newsroom) -> Gap:
    return room.store.gaps.gaps()[room.feed.id]


def asked(room: Newsroom) -> list[str]:
    """The pages asked for, beside the feed itself."""
    return [one.url for one in room.fetcher.requests if one.url != FEED]


def test_what_came_between_is_found_on_older_pages_and_alerts() -> None:
    room = broken_off()
    room.fetcher.answers[PAGE_2] = page("c1", "c2", "c3", next=PAGE_3)
    room.fetcher.answers[PAGE_3] = page("b1", "a3", next=f"{FEED}?page=4")
    reports = room.fill()
    assert [(report.waiting, report.step.ended) for report in reports] == [(3, None), (1, GapEnd.JOINED)]
    room.read()
    room.group()
    room.match()
    room.plan()
    assert {"c1", "c2", "c3", "b1"} <= {
        one.split(": ")[1] for _, rule, one in room.alerts() if rule == "torkham-closed"
    }


def test_a_page_that_lists_what_was_stored_says_that_nothing_was_lost() -> None:
    room = broken_off()
    assert room.feed.may_have_lost_at == LATER
    room.fetcher.answers[PAGE_2] = page("c1", "a1", next=PAGE_3)
    room.fill()
    assert room.feed.may_have_lost_at is None
    assert (gap_of(room).ended, gap_of(room).pages, gap_of(room).entries) == (GapEnd.JOINED, 1, 1)
    assert asked(room) == [PAGE_2]  # and no page more


def test_a_feed_that_joins_or_names_no_older_page_opens_no_gap() -> None:
    room = broken_off(next=None)
    assert room.feed.may_have_lost_at == LATER
    assert room.store.gaps.gaps() == {}
    assert room.fill() == []


def test_a_first_reading_looks_for_no_older_pages() -> None:
    room = Newsroom()
    room.fetcher.answers[FEED] = page("a1", "a2", "a3", next=PAGE_2)
    room.poll()
    assert room.store.gaps.gaps() == {}


def test_what_was_there_before_the_last_reading_is_stored_and_not_alerted() -> None:
    room = broken_off(backfill=timedelta(days=30))
    room.fetcher.answers[PAGE_2] = rss(
        item("c1", published=NOON + HOUR),
        item("late", "Listed late", published=NOON - timedelta(minutes=20)),
        item("a1", "Torkham closed: a1", "Torkham closed, says a1.", published=NOON - HOUR),
        item("old", "An old one", published=NOON - 2 * HOUR),
        item("ancient", "A very old one", published=NOON - 40 * DAY),
    )
    (report,) = room.fill()
    assert (report.waiting, report.older, report.seen) == (2, 1, 1)
    assert room.fate("c1") is Fate.WAITING
    assert room.fate("late") is Fate.WAITING  # caches: nobody was told of it
    assert room.fate("old") is Fate.OLDER_PAGE
    assert room.fate("ancient") is Fate.SEEN_AT_SUBSCRIBE


def test_an_entry_without_a_date_is_as_old_as_its_place_says() -> None:
    room = broken_off()
    room.fetcher.answers[PAGE_2] = rss(
        item("c1", "One without a date", published=None),
        item("a1", "Torkham closed: a1", "Torkham closed, says a1.", published=NOON - HOUR),
        item("old", "Another without a date", published=None),
    )
    room.fill()
    assert (room.fate("c1"), room.fate("old")) == (Fate.WAITING, Fate.OLDER_PAGE)


def test_a_page_repeats_nothing_that_the_feed_listed_itself() -> None:
    room = broken_off()
    room.fetcher.answers[PAGE_2] = rss(
        item("d3", "Torkham closed: d3", "Torkham closed, says d3.", published=LATER),
        item("c1", "A new one", published=BETWEEN),
        item("a1", "Torkham closed: a1", "Torkham closed, says a1.", published=NOON - HOUR),
    )
    (report,) = room.fill()
    assert report.waiting == 1
    assert len(room.fates("d3")) == 1


@pytest.mark.parametrize(
    ("answers", "end", "pages"),
    [
        ({PAGE_2: page("c1")}, GapEnd.LAST_PAGE, 1),
        ({PAGE_2: page("c1", next=PAGE_2)}, GapEnd.CIRCLE, 1),
        ({PAGE_2: page("c1", next=FEED)}, GapEnd.CIRCLE, 1),
        ({PAGE_2: page("c1", next=PAGE_3), PAGE_3: page("c1", next=PAGE_2)}, GapEnd.NOTHING_NEW, 2),
        ({PAGE_2: page(next=PAGE_3)}, GapEnd.NOTHING_NEW, 1),
        ({PAGE_2: page("c1", next="https://elsewhere.example/feed")}, GapEnd.OTHER_HOST, 1),
        ({PAGE_2: answer(page("a1"), permanent_url="https://elsewhere.example/")}, GapEnd.OTHER_HOST, 0),
    ],
    ids=["last", "itself", "the feed", "round and round", "empty", "another host", "redirected to another host"],
)
def test_the_reading_ends_and_the_flag_stays(answers: dict[str, bytes], end: GapEnd, pages: int) -> None:
    room = broken_off()
    room.fetcher.answers.update(answers)
    reports = room.fill()
    assert (reports[-1].step.ended, gap_of(room).pages) == (end, pages)
    assert room.feed.may_have_lost_at == LATER
    room.clock.advance(DAY)
    assert room.fill() == []


def test_an_older_page_on_another_host_is_never_asked_for() -> None:
    room = broken_off(next="https://elsewhere.example/feed?page=2")
    (report,) = room.fill()
    assert report.step.ended is GapEnd.OTHER_HOST
    assert asked(room) == []


def test_no_more_than_ten_pages_are_read() -> None:
    room = broken_off()
    for number in range(2, 20):
        room.fetcher.answers[f"{FEED}?page={number}"] = page(f"c{number}", next=f"{FEED}?page={number + 1}")
    reports = room.fill()
    assert len(reports) == len(asked(room)) == 10
    assert reports[-1].step.ended is GapEnd.TOO_MANY_PAGES


def test_a_page_that_fails_is_asked_for_again_three_times_and_then_given_up() -> None:
    room = broken_off()
    room.fetcher.answers[PAGE_2] = failing(PollOutcome.HTTP_ERROR, 500, "HTTP 500")
    waits = []
    while (reports := room.fill()) and reports[0].step.retry_at:
        assert room.fill() == []  # not before its time
        waits.append(reports[0].step.retry_at - room.clock.now())
        room.clock.advance(waits[-1])
    assert [round(wait / timedelta(minutes=1), 1) for wait in waits] == [5.2, 31.5, 126]
    assert (gap_of(room).ended, gap_of(room).error) == (GapEnd.FAILED, "HTTP 500")
    assert room.feed.may_have_lost_at == LATER


def test_a_page_that_comes_back_is_read_where_the_reading_stood() -> None:
    room = broken_off()
    room.fetcher.answers[PAGE_2] = page("c1", next=PAGE_3)
    room.fetcher.answers[PAGE_3] = b"<html><title>Sorry</title></html>"
    room.fill()
    room.fetcher.answers[PAGE_3] = page("b1", "a1")
    room.clock.advance(HOUR)
    (report,) = room.fill()
    assert (report.gap.url, report.step.ended, report.pages) == (PAGE_3, GapEnd.JOINED, 2)


def test_older_pages_are_asked_for_as_the_feed_itself_is() -> None:
    room = broken_off()
    access = FeedAccess(authorization="Bearer x")
    stage = GapStage(
        room.store.gaps,
        room.store.feeds,
        room.fetcher,
        InlineSandbox(),
        room.clock,
        lambda: 0.5,
        room.settings,
        {FEED: access},
    )
    list(stage.run(lambda: False))
    assert room.fetcher.requests[-1].access is access
    assert not room.fetcher.requests[-1].validators
    assert "Bearer" not in repr(stage)


def test_retry_after_is_kept_to() -> None:
    room = broken_off()
    room.fetcher.answers[PAGE_2] = failing(PollOutcome.RATE_LIMITED, 429, retry_after="7200")
    (report,) = room.fill()
    assert report.step.retry_at is not None
    assert report.step.retry_at >= LATER + 2 * HOUR


def test_a_paused_host_is_no_failure_of_the_page() -> None:
    room = broken_off()
    for _ in range(6):
        room.fetcher.answers[PAGE_2] = failing(PollOutcome.RATE_LIMITED, None, retry_after="3600")
        (report,) = room.fill()
        assert report.step.retry_at is not None
        room.clock.set(report.step.retry_at)
    room.fetcher.answers[PAGE_2] = page("c1", "a1")
    (report,) = room.fill()
    assert report.step.ended is GapEnd.JOINED


def test_a_stop_between_pages_loses_and_repeats_nothing() -> None:
    room = broken_off()
    room.fetcher.answers[PAGE_2] = page("c1", next=PAGE_3)
    room.fetcher.answers[PAGE_3] = page("b1", "a1")
    assert len(room.fill(stopping=after(1))) == 1
    assert len(room.fill()) == 1
    assert asked(room) == [PAGE_2, PAGE_3]
    assert gap_of(room).filled


def test_a_feed_that_breaks_off_again_is_read_back_to_before_the_first_gap() -> None:
    room = broken_off()
    room.fetcher.answers[PAGE_2] = failing(PollOutcome.HTTP_ERROR, 500)
    room.fill()
    room.fetcher.answers[FEED] = page("f1", "f2", "f3", next=PAGE_2, published=LATER + HOUR)
    room.repoll()
    room.fetcher.answers[PAGE_2] = page("e1", "d1", next=PAGE_3, published=LATER)
    room.fetcher.answers[PAGE_3] = page("d2", "d3", next=f"{FEED}?page=4", published=LATER)
    room.fetcher.answers[f"{FEED}?page=4"] = page("c1", "a1")
    assert [report.step.ended for report in room.fill()] == [None, None, GapEnd.JOINED]
    assert room.fate("c1") is Fate.WAITING
    assert room.feed.may_have_lost_at is None


def test_filling_a_gap_does_not_unsay_an_earlier_one() -> None:
    room = broken_off(next=None)
    room.fetcher.answers[FEED] = page("f1", "f2", "f3", next=PAGE_2, published=LATER + HOUR)
    room.repoll()
    room.fetcher.answers[PAGE_2] = page("e1", "d1")
    room.fill()
    assert gap_of(room).filled
    assert room.feed.may_have_lost_at == LATER


def test_a_feed_that_is_removed_is_asked_no_more() -> None:
    room = broken_off()
    room.store.feeds.sync([], room.clock.now())
    assert room.fill() == []


def test_one_page_that_breaks_the_stage_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    room = broken_off()
    room.fetcher.answers[PAGE_2] = page("c1", "a1")
    monkeypatch.setattr("monitor.pipeline.gaps.step_after_page", lambda *_: 1 / 0)
    (report,) = room.fill()
    assert report.step.error == "internal error: ZeroDivisionError: division by zero"
    assert report.step.failures == 1


def json_page(*ids: str, next: str | None = None, published: datetime = BETWEEN) -> bytes:
    entries = [
        {
            "id": one,
            "url": f"https://news.example/{one}",
            "title": f"Torkham closed: {one}",
            "content_text": f"Torkham closed, says {one}.",
            "date_published": published.isoformat(),
        }
        for one in ids
    ]
    named = {"next_url": next} if next else {}
    body = {"version": "https://jsonfeed.org/version/1.1", "title": "News", "items": entries, **named}
    return json.dumps(body).encode()


def test_a_json_feed_is_read_back_by_its_next_url() -> None:
    room = Newsroom()
    room.clock.set(NOON)
    room.fetcher.answers[FEED] = json_page("a1", "a2", "a3", published=NOON - HOUR)
    room.poll()
    room.fetcher.answers[FEED] = json_page("d1", "d2", "d3", next="?page=2", published=LATER)
    room.repoll(2 * HOUR)
    room.fetcher.answers[PAGE_2] = json_page("c1", "a3")
    (report,) = room.fill()
    assert (report.waiting, report.step.ended) == (1, GapEnd.JOINED)


def test_the_archive_before_goes_before_the_next_page() -> None:
    room = broken_off(next=None)
    links = "".join(
        f'<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="{rel}" href="{url}"/>'
        for rel, url in (("next", PAGE_3), ("prev-archive", PAGE_2))
    )
    room.fetcher.answers[FEED] = rss(*(item(f"f{n}", f"Title {n}") for n in range(3)), more=links)
    room.repoll()
    room.fill()
    assert asked(room) == [PAGE_2]


def test_an_entry_that_was_edited_joins_and_is_read_again() -> None:
    room = broken_off()
    room.fetcher.answers[PAGE_2] = rss(item("a1", "Torkham closed: a1", "Now open.", published=NOON - HOUR))
    (report,) = room.fill()
    assert (report.waiting, report.step.ended) == (1, GapEnd.JOINED)
    assert [one.entry.revision_of is not None for one in room.fates("a1")] == [True, False]


def test_a_page_that_waits_for_its_host_beyond_its_lease_is_asked_for_once() -> None:
    room = broken_off()
    room.fetcher.answers[PAGE_2] = page("c1", "a1")

    class Slow(FakeFetcher):
        def fetch_many(self, requests: Iterator[FetchRequest | None]) -> Iterator[FetchResponse]:
            first = next(requests)
            room.clock.advance(2 * LEASE)
            assert next(requests) is None
            yield from super().fetch_many(iter([first]))

    room.fetcher = Slow(room.fetcher.answers)
    (report,) = room.fill()
    assert report.step.ended is GapEnd.JOINED


def test_pages_in_flight_when_the_fetcher_is_closed_are_due_at_once() -> None:
    room = broken_off()

    class Closed(FakeFetcher):
        def fetch_many(self, requests: Iterator[FetchRequest | None]) -> Iterator[FetchResponse]:
            next(requests)
            yield from ()

    answers = {**room.fetcher.answers, PAGE_2: page("c1", "a1")}
    room.fetcher = Closed(answers)
    assert room.fill() == []
    room.fetcher = FakeFetcher(answers)
    assert len(room.fill()) == 1
