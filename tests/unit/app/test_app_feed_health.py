"""`monitor feeds health` in words: the answer first, the worst first, what to do."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from made import NOON, feed_settings
from newsroom import DAY, FEED, HOUR, OTHER_FEED, Newsroom, answer, failing, item, rss

from monitor.app.feed_health import HealthReport, health_json, health_lines, health_of
from monitor.app.feed_view import feed_view, view_lines
from monitor.app.known_feeds import KnownFeeds
from monitor.app.status import status_lines, status_of
from monitor.core.text.columns import display_width
from monitor.model.feed import FeedOrigin, PollOutcome, PollSettings, Subscription

BOTH = (feed_settings(FEED, name="Dawn"), feed_settings(OTHER_FEED, name="Wire"))


def health(room: Newsroom, holder: int | None = 4711) -> HealthReport:
    known = known_of(room)
    gaps = room.store.gaps.gaps()
    return health_of(room.store.feeds, known, gaps=gaps, holder=holder, now=room.clock.now())


def known_of(room: Newsroom) -> KnownFeeds:
    return KnownFeeds(tuple(room.store.feeds.all()), {OTHER_FEED: "config.toml:12"})


def said(room: Newsroom, **more: Any) -> str:
    return "\n".join(health_lines(health(room, **more)))


def test_when_all_is_well_it_says_so_and_nothing_else() -> None:
    room = Newsroom(feeds=BOTH)
    assert said(room) == "All 2 feeds are well; 2 not asked yet."
    room.serve(item())
    room.serve(item(), url=OTHER_FEED)
    room.poll()
    assert said(room) == "All 2 feeds are well."
    assert said(Newsroom(feeds=[])) == "No feeds. Add one: monitor feeds add URL"


def test_a_failing_feed_comes_with_error_count_next_try_and_what_to_do() -> None:
    room = Newsroom(feeds=BOTH)
    room.serve(item())
    room.fetcher.answers[OTHER_FEED] = failing(PollOutcome.HTTP_ERROR, 503, "HTTP 503")
    room.poll()
    assert said(room).splitlines() == [
        "2 feeds: 1 failing, 0 odd, 1 well",
        "",
        "NEVER WORKED Wire",
        "  no success since it was subscribed to 0 s ago; 1 failure in a row: HTTP 503;",
        "  asked again in 15 min",
        "  → open the address in a browser: is it a feed? If not, delete it in",
        "    config.toml:12",
        "  https://wire.example/feed",
    ]


def test_a_feed_that_waits_for_its_host_says_why_and_so_does_the_one_that_heard_it() -> None:
    sister = FEED.replace("/feed", "/sister")
    one_by_one = PollSettings(concurrency=1)  # as a real fetcher asks one host
    room = Newsroom(
        feeds=(feed_settings(FEED, name="Dawn"), feed_settings(sister, name="Sister")), settings=one_by_one
    )
    room.serve(item())
    room.serve(item(), url=sister)
    room.poll()
    room.fetcher.answers[FEED] = failing(PollOutcome.RATE_LIMITED, 429, "HTTP 429", retry_after="7200")
    room.clock.advance(HOUR)
    room.poll()
    room.clock.advance(HOUR / 2)
    lines = said(room)
    assert "  no success for 1 h, 1 failure in a row: HTTP 429; asked again in 1 h: its" in lines
    assert (
        "LEFT ALONE Sister\n  not asked for 1 h, and for 1 h to come: its host said to another request when"
        in lines
    )
    json_lines = {one["feed"]: one for one in health_json(health(room))}
    assert json_lines["Sister"]["reasons"][0]["reason"] == "left_alone"


def test_what_to_do_about_a_feed_that_never_worked_depends_on_what_it_answers() -> None:
    room = Newsroom(feeds=BOTH)
    room.fetcher.answers[FEED] = failing(PollOutcome.RATE_LIMITED, 429, "HTTP 429", retry_after="7200")
    room.fetcher.answers[OTHER_FEED] = failing(PollOutcome.AUTH_ERROR, 403, "HTTP 403")
    room.poll()
    text = said(room)
    assert "→ nothing yet: its server is busy" in text
    assert "→ say who you are in user_agent of [poll]" in text
    assert "browser" not in text


def test_each_trouble_of_a_feed_that_worked_is_named() -> None:
    room = Newsroom(feeds=BOTH[:1])
    room.serve(item())
    room.poll()
    for route, after, words in (
        (failing(PollOutcome.TIMEOUT, error="no answer within 30 s"), HOUR, "FAILING Dawn"),
        (answer(b"<!DOCTYPE html><html><body>Hello</body></html>"), HOUR, "NO FEED Dawn"),
        (failing(PollOutcome.AUTH_ERROR, 403, "HTTP 403"), HOUR, "REFUSED Dawn"),
        (failing(PollOutcome.TIMEOUT, error="no answer within 30 s"), 3 * DAY, "DEAD Dawn"),
        (failing(PollOutcome.GONE, 410, "HTTP 410"), HOUR, "GONE Dawn"),
    ):
        room.fetcher.answers[FEED] = route
        room.repoll(after)
        assert words in said(room), words
    assert "monitor feeds remove URL" in said(room)


def test_a_feed_that_stopped_publishing_is_silent_by_its_own_measure() -> None:
    room = Newsroom(feeds=BOTH[:1])
    hourly = [item(f"e{n}", f"Entry {n}", published=NOON - n * HOUR) for n in range(200)]
    room.serve(*hourly)
    room.poll()
    room.fetcher.answers[FEED] = answer(outcome=PollOutcome.NOT_MODIFIED, status=304)
    room.repoll(20 * HOUR)
    assert said(room) == "The one feed is well."
    room.repoll(10 * HOUR)
    text = said(room)
    assert "SILENT Dawn" in text
    assert "usually an entry every 60 min" in text.replace("1 h", "60 min")


def test_oddities_are_counted_apart_from_failures() -> None:
    room = Newsroom(feeds=BOTH[:1])
    room.fetcher.answers[FEED] = answer(
        rss(*(item(f"e{n}", f"Entry {n}", published=None) for n in range(6))), permanent_url="https://new.example/"
    )
    room.poll()
    text = said(room)
    assert "1 feed: 0 failing, 1 odd, 0 well" in text
    assert "6 of 6 entries have no date" in text
    assert "redirects for good to https://new.example/" in text


def test_ids_that_change_at_every_fetch_are_seen() -> None:
    room = Newsroom(feeds=BOTH[:1])
    for turn in range(3):
        room.serve(*(item(f"{turn}-{n}", f"Entry {n}", link=None) for n in range(6)))
        room.repoll()
    assert "12 of 18 entries have the words of another under a new id" in said(room)


def test_without_a_daemon_no_feed_is_overdue_and_it_says_that_nothing_is_polled() -> None:
    room = Newsroom(feeds=BOTH)
    room.clock.advance(HOUR)
    assert "OVERDUE Dawn" in said(room)
    text = said(room, holder=None)
    assert "OVERDUE" not in text
    assert text.splitlines()[0] == "monitor is not running: nothing is polled."


def test_the_worst_come_first_and_many_stay_one_screen() -> None:
    room = Newsroom(feeds=[feed_settings(f"https://feed{n}.example/", name=f"Feed {n}") for n in range(40)])
    room.fetcher.answers["https://feed7.example/"] = failing(PollOutcome.GONE, 410, "HTTP 410")
    room.fetcher.answers["https://feed8.example/"] = answer(rss(item()), permanent_url="https://new.example/")
    room.poll()
    lines = said(room).splitlines()
    assert lines[2] == "GONE Feed 7"
    assert len(lines) <= 40
    assert lines[-2].startswith("… and 35 more: 34 never worked, 1 moved.")
    assert len(list(health_json(health(room)))) == 40


def test_every_line_fits_the_screen_whatever_a_stranger_wrote() -> None:
    room = Newsroom(feeds=[feed_settings(FEED, name="ڈان 日本 " * 20)])
    room.fetcher.answers[FEED] = failing(PollOutcome.HTTP_ERROR, 500, "x" * 300)
    room.poll()
    assert max(map(display_width, said(room).splitlines())) <= 80


def test_as_json_every_finding_has_its_reason_since_and_words() -> None:
    room = Newsroom(feeds=[])
    added = feed_settings(FEED, name=None, origin=FeedOrigin.STORE)
    room.store.feeds.subscribe([Subscription(added, NOON)], NOON)
    room.serve(item())
    room.poll()
    room.fetcher.answers[FEED] = failing(PollOutcome.RATE_LIMITED, 429, "HTTP 429")
    room.repoll()
    (row,) = health_json(health(room))
    json.dumps(row)
    assert (row["feed"], row["url"], row["declared"], row["failures"]) == ("News of the day", FEED, None, 1)
    (reason,) = row["reasons"]
    assert (reason["reason"], reason["since"]) == ("failing", NOON.isoformat())
    assert row["last_success_at"] == NOON.isoformat()


def test_the_status_page_names_the_health_page_when_something_fails() -> None:
    room = Newsroom(feeds=BOTH)

    def status() -> str:
        found = status_of(
            room.store, room.digests, version="1", name="x", size=0, holder=None, now=room.clock.now()
        )
        return "\n".join(status_lines(found))

    assert "monitor feeds health" not in status()
    room.poll()
    assert "failing 2   monitor feeds health" in status()


def test_a_span_of_time_is_said_as_people_do() -> None:
    from monitor.app.counting import span_text

    spans = [timedelta(0), timedelta(seconds=59.6), 59 * timedelta(minutes=1), 47 * HOUR, 60 * DAY, -DAY]
    assert [span_text(one) for one in spans] == ["0 s", "1 min", "59 min", "47 h", "60 days", "0 s"]


def test_what_may_have_been_lost_comes_with_how_far_older_pages_were_read() -> None:
    room = Newsroom(feeds=BOTH[:1])
    room.serve(*(item(f"a{n}") for n in range(3)))
    room.poll()
    more = "<link xmlns='http://www.w3.org/2005/Atom' rel='next' href='https://news.example/feed?page=2'/>"
    room.fetcher.answers[FEED] = rss(*(item(f"d{n}") for n in range(3)), more=more)
    room.fetcher.answers[f"{FEED}?page=2"] = rss(item("c1"))
    room.repoll()
    room.fill()
    words = " ".join(said(room).split())
    assert "MAY HAVE LOST Dawn" in words
    assert "1 older page brought 1 entry, the feed names no further one" in words
    (found,) = health_json(health(room))
    assert found["reasons"][0]["gap"] == {"pages": 1, "entries": 1, "ended": "last_page", "filled": False}
    lines = "\n".join(view_lines(feed_view(room.store, known_of(room), "Dawn", 5, room.clock.now())))
    assert "Gap         0 s ago all it listed was new; 1 older page brought 1 entry, the" in lines


def test_a_gap_that_was_filled_is_said_too() -> None:
    room = Newsroom(feeds=BOTH[:1])
    room.serve(*(item(f"a{n}", f"Title {n}") for n in range(3)))
    room.poll()
    more = "<link xmlns='http://www.w3.org/2005/Atom' rel='next' href='https://news.example/feed?page=2'/>"
    room.fetcher.answers[FEED] = rss(*(item(f"d{n}", f"Later {n}") for n in range(3)), more=more)
    room.fetcher.answers[f"{FEED}?page=2"] = rss(item("c1", "Between"), item("a1", "Title 1"))
    room.repoll()
    room.fill()
    words = " ".join(said(room).split())
    assert "GAP FILLED Dawn" in words
    assert "filled from 1 older page: 1 entry, nothing was lost" in words
