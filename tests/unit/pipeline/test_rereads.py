"""read, once more: pages behind walls and pages that could not be had are asked again, and no alert is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from made import MINUTE, feed_settings, new_article
from newsroom import DAY, FEED, HOUR, Newsroom, answer, failing, item

from monitor.app.why import why
from monitor.app.why_json import why_json
from monitor.app.why_words import why_lines
from monitor.core.text.urls import canonical_url
from monitor.model.article import DuplicateReason, Quality, ReadOutcome
from monitor.model.digest import Badge
from monitor.model.errors import SandboxFailed, SandboxReason
from monitor.model.feed import PollOutcome
from monitor.model.reading import Remembered, RereadState
from monitor.pipeline.page_text import REREAD_AFTER
from monitor.pipeline.read import RETRY_AFTER

PAGE = "https://news.example/e1"
QUIET = item(title="At the border", summary="Traders met officials.")
FILLER = " ".join(f"Paragraph {n} tells at length what traders at the crossing said that day." for n in range(8))
WALL = answer(
    b"<html><head><title>Just a moment...</title></head><body><h1>news.example</h1>"
    b"<p>Verify you are human by completing the action below.</p>"
    b"<p>Enable JavaScript and cookies to continue. Torkham is closed to robots.</p></body></html>"
)


def page(first: str, title: str = "At the border") -> bytes:
    return (
        f"<html lang='en'><head><title>{title}</title></head><body><article><h1>{title}</h1><p>{first}</p>"
        + "".join(f"<p>{sentence}.</p>" for sentence in FILLER.split(". "))
        + "</article></body></html>"
    ).encode()


LEFT_ALONE = failing(PollOutcome.RATE_LIMITED, 429, "answered 429", **{"retry-after": "3600"})
CLOSED = answer(page("On Sunday Taliban forces closed the Torkham crossing."))


@pytest.fixture
def room() -> Newsroom:
    return Newsroom(feeds=[feed_settings(FEED, full_text=True, backfill=DAY)])


def enter(room: Newsroom, page: object, *items: str) -> None:
    """The feed lists them, and each page gives that."""
    room.serve(*(items or (QUIET,)))
    room.fetcher.answers[PAGE] = page  # type: ignore[assignment]  # a route
    room.turn()


def after_waiting(room: Newsroom, wait: timedelta) -> list[ReadOutcome]:
    """What reading comes to after a wait, with nothing due a moment before."""
    room.clock.advance(wait - timedelta(seconds=1))
    assert not room.read()
    room.clock.advance(timedelta(seconds=1))
    return [report.outcome for report in room.read()]


def rest_of_turn(room: Newsroom) -> None:
    room.group()
    room.match()
    room.plan()


def fail_for_good(room: Newsroom) -> None:
    """The page does not answer for 21 minutes; then the feed's words have to do."""
    enter(room, failing(PollOutcome.TIMEOUT, None, "no answer"))
    for wait in RETRY_AFTER:
        room.clock.advance(wait)
        room.turn()
    assert room.article().quality is Quality.FEED


# ---- a wall delays, and never removes


def test_behind_a_wall_the_feeds_words_are_matched_and_nothing_that_the_page_shows(room: Newsroom) -> None:
    enter(room, WALL, item(title="At the border", summary="Many trucks wait."))
    article = room.article()
    assert (article.quality, article.text) == (Quality.STUB, "Many trucks wait.")
    assert [rule for _, rule, _ in room.alerts()] == ["trucks"]
    assert any("Torkham is closed to robots" in one.text for one in article.dropped)
    assert room.payloads()[0]["stories"][0]["badges"] == [Badge.TITLE_ONLY.value]
    assert article.page_key == ""


def test_what_a_wall_hid_alerts_when_the_page_opens(room: Newsroom) -> None:
    enter(room, WALL)
    assert room.alerts() == []
    room.fetcher.answers[PAGE] = CLOSED
    assert after_waiting(room, REREAD_AFTER[0]) == [ReadOutcome.REREAD]
    rest_of_turn(room)
    assert [rule for _, rule, _ in room.alerts()] == ["torkham-closed"]
    article = room.article()
    assert (article.quality, article.duplicate_reason) == (Quality.FULL, DuplicateReason.REVISION)
    assert {one.article.story_id for one in room.fates() if one.article} == {article.story_id}


def test_a_page_that_failed_for_21_minutes_alerts_when_it_can_be_had_again(room: Newsroom) -> None:
    fail_for_good(room)
    assert room.alerts() == []
    room.fetcher.answers[PAGE] = CLOSED
    assert after_waiting(room, REREAD_AFTER[0]) == [ReadOutcome.REREAD]
    rest_of_turn(room)
    assert [rule for _, rule, _ in room.alerts()] == ["torkham-closed"]


def test_a_page_that_says_no_more_than_its_feed_did_is_told_once(room: Newsroom) -> None:
    said = "The Torkham crossing was closed on Sunday."
    enter(room, WALL, item(title="At the border", summary=said))
    room.fetcher.answers[PAGE] = answer(page(said))
    room.clock.advance(REREAD_AFTER[0])
    room.turn()
    assert len([rule for _, rule, _ in room.alerts() if rule == "torkham-closed"]) == 1
    assert len(room.fates()) == 2


def test_a_page_is_asked_three_times_within_six_hours_and_then_it_is_behind_a_wall(room: Newsroom) -> None:
    enter(room, WALL)
    for wait in REREAD_AFTER:
        assert after_waiting(room, wait) == [ReadOutcome.UNREAD]
    assert sum(REREAD_AFTER, timedelta(0)) == 6 * HOUR
    room.clock.advance(2 * DAY)
    assert not room.read()
    (fate,) = room.fates()
    assert fate.reread is not None
    assert (fate.reread.state, fate.reread.tries) == (RereadState.BEHIND_WALL, 3)
    assert room.article().quality is Quality.STUB


def test_a_page_that_opens_at_the_last_try_is_not_missed(room: Newsroom) -> None:
    enter(room, WALL)
    for wait in REREAD_AFTER[:2]:
        room.clock.advance(wait)
        room.turn()
    room.fetcher.answers[PAGE] = CLOSED
    room.clock.advance(REREAD_AFTER[2])
    room.turn()
    assert [rule for _, rule, _ in room.alerts()] == ["torkham-closed"]


@pytest.mark.parametrize(
    ("route", "again"),
    [
        (failing(PollOutcome.HTTP_ERROR, 404), True),  # the feed may be faster than the site
        (failing(PollOutcome.AUTH_ERROR, 403), True),
        (answer(b"<html><body>Log in</body></html>"), True),
        (failing(PollOutcome.ROBOTS_UNREADABLE), True),  # robots.txt answered 503
        (LEFT_ALONE, True),
        (failing(PollOutcome.GONE, 410), False),
        (failing(PollOutcome.DISALLOWED), False),
        (answer(b"%PDF-1.7", content_type="application/pdf"), False),
    ],
)
def test_what_six_hours_cannot_change_is_not_asked_again(room: Newsroom, route: object, again: bool) -> None:
    enter(room, route)
    assert (room.fates()[0].reread is not None) is again
    room.fetcher.answers[PAGE] = CLOSED
    room.clock.advance(REREAD_AFTER[0])
    room.turn()
    assert bool(room.alerts()) is again


def test_a_page_whose_host_is_paused_for_an_hour_holds_its_entry_up_for_no_minute(room: Newsroom) -> None:
    enter(room, LEFT_ALONE, item(title="At the border", summary="Torkham was closed by Taliban forces."))
    assert [rule for _, rule, _ in room.alerts()] == ["torkham-closed"]
    assert room.fates()[0].reread is not None


# ---- nobody waits for it, and nobody is confused by it


def test_a_page_that_is_asked_again_keeps_nobody_waiting(room: Newsroom) -> None:
    enter(room, WALL)
    counts = room.store.ledger.counts(room.clock.now())
    assert (counts.waiting_entries, counts.unmatched_articles) == (0, 0)
    assert not room.read()


def test_a_feed_that_lists_it_still_brings_nothing_new(room: Newsroom) -> None:
    enter(room, WALL)
    room.fetcher.answers[PAGE] = CLOSED
    room.clock.advance(REREAD_AFTER[0])
    room.turn()
    report = room.repoll()
    assert (report.waiting, report.revised) == (0, 0)
    room.fetcher.answers[FEED] = failing(PollOutcome.TIMEOUT)
    room.serve(QUIET, item("e2", "Floods in Sindh"))
    report = room.repoll()
    assert (report.waiting, report.revised) == (1, 0)


def test_no_listing_counts_what_a_second_try_brought(room: Newsroom) -> None:
    enter(room, WALL)
    before = room.store.feeds.listings()
    room.fetcher.answers[PAGE] = CLOSED
    room.clock.advance(REREAD_AFTER[0])
    room.read()
    assert room.store.feeds.listings() == before


def test_an_edit_after_the_page_opened_is_a_revision_like_any_other(room: Newsroom) -> None:
    enter(room, WALL)
    room.fetcher.answers[PAGE] = CLOSED
    room.clock.advance(REREAD_AFTER[0])
    room.turn()
    room.fetcher.answers[PAGE] = answer(page("Floods broke the bridge at Torkham."))
    room.serve(item(title="At the border", summary="Traders met officials again."))
    assert room.repoll().revised == 1
    room.turn()
    assert [rule for _, rule, _ in room.alerts()] == ["torkham-closed", "floods"]
    assert len({one.article.story_id for one in room.fates() if one.article}) == 1


def test_an_entry_that_was_edited_meanwhile_is_asked_no_more_for_its_old_words(room: Newsroom) -> None:
    enter(room, WALL)
    room.fetcher.answers[PAGE] = CLOSED
    room.serve(item(title="At the border", summary="Traders met officials again."))
    room.repoll(MINUTE)
    room.turn()
    assert [rule for _, rule, _ in room.alerts()] == ["torkham-closed"]
    assert after_waiting(room, REREAD_AFTER[0] - MINUTE) == [ReadOutcome.UNREAD]
    newer, older = room.fates()
    assert (newer.reread, older.reread and older.reread.state) == (None, RereadState.SUPERSEDED)
    assert room.number("SELECT count(*) FROM articles") == 2


def test_a_feed_whose_pages_are_read_no_more_is_left_alone(room: Newsroom) -> None:
    enter(room, WALL)
    room.store.feeds.sync([feed_settings(FEED, full_text=False)], room.clock.now())
    requests = len(room.fetcher.requests)
    room.clock.advance(REREAD_AFTER[0])
    assert [report.outcome for report in room.read()] == [ReadOutcome.UNREAD]
    assert len(room.fetcher.requests) == requests
    assert not room.read()


def test_a_page_of_a_feed_that_is_no_longer_subscribed_to_is_asked_again_all_the_same(room: Newsroom) -> None:
    enter(room, WALL)
    room.store.feeds.sync([], room.clock.now())
    room.fetcher.answers[PAGE] = CLOSED
    assert after_waiting(room, REREAD_AFTER[0]) == [ReadOutcome.REREAD]
    rest_of_turn(room)
    assert [rule for _, rule, _ in room.alerts()] == ["torkham-closed"]


def test_a_page_that_comes_back_as_another_article_is_told_with_what_it_says(room: Newsroom) -> None:
    enter(room, WALL, item(title="At the border", summary="Many trucks wait."))
    room.fetcher.answers[PAGE] = answer(page("Floods took two bridges of the town.", title="Two bridges are gone"))
    assert after_waiting(room, REREAD_AFTER[0]) == [ReadOutcome.REREAD]
    rest_of_turn(room)
    assert [rule for _, rule, _ in room.alerts()] == ["trucks", "floods"]


def test_a_page_that_was_not_found_with_a_status_of_success_is_asked_again(room: Newsroom) -> None:
    gone = answer(
        b"<title>Page not found | News</title><h1>Page not found</h1>"
        b"<h2>Popular</h2>"
        + b"<p>On Sunday the crossing at Torkham was closed to all traffic, traders say.</p>"
        * 20
    )
    enter(room, gone, item(title="At the border", summary="Many trucks wait."))
    assert [rule for _, rule, _ in room.alerts()] == ["trucks"]
    room.fetcher.answers[PAGE] = CLOSED
    assert after_waiting(room, REREAD_AFTER[0]) == [ReadOutcome.REREAD]
    rest_of_turn(room)
    assert [rule for _, rule, _ in room.alerts()] == ["trucks", "torkham-closed"]


def test_a_reread_that_breaks_the_stage_counts_as_a_try(room: Newsroom) -> None:
    enter(room, WALL)

    class Dead:
        def recognise(self, text: str) -> None:
            raise SandboxFailed("recognise", SandboxReason.CRASHED)

    room.recognizer = Dead()  # type: ignore[assignment]  # never answers
    room.fetcher.answers[PAGE] = CLOSED
    outcomes = [after_waiting(room, wait) for wait in REREAD_AFTER[:2]]
    assert outcomes == [[ReadOutcome.UNREAD], [ReadOutcome.REREAD]]  # the second time it goes without names


def test_reading_a_reread_twice_changes_nothing(room: Newsroom) -> None:
    enter(room, WALL)
    room.fetcher.answers[PAGE] = CLOSED
    room.clock.advance(REREAD_AFTER[0])
    room.read()
    before = room.dump()
    again = new_article(room.fates()[1].row)
    assert room.store.reading.record_reread(again, Remembered(room.clock.now())) is None
    assert not room.read()
    assert room.dump() == before


def test_a_clock_that_was_set_back_holds_no_reread_up_for_days(room: Newsroom) -> None:
    room.clock.advance(30 * DAY)
    enter(room, WALL, item(title="At the border", summary="Traders met officials.", published=None))
    room.clock.advance(-29 * DAY)
    room.store.set_right(room.clock.now())
    assert [report.outcome for report in room.read()] == [ReadOutcome.UNREAD]


# ---- what people are told of it


def why_of(room: Newsroom) -> tuple[str, dict[str, object]]:
    answer = why(room.store, PAGE, room.ruleset)
    return "\n".join(why_lines(answer)), why_json(answer)[-1]


def test_why_says_that_the_page_is_a_wall_and_when_it_is_read_again(room: Newsroom) -> None:
    enter(room, WALL)
    text, row = why_of(room)
    assert "the page shows a wall" in text
    assert "will be asked again Wed 22 Feb 2023" in text
    assert row["reread"] == {
        "state": "waiting",
        "why": "the page shows a wall (bot check)",
        "tries": 0,
        "next_at": (room.clock.now() + REREAD_AFTER[0]).isoformat(),
    }
    for wait in REREAD_AFTER:
        room.clock.advance(wait)
        room.read()
    text, row = why_of(room)
    assert "behind a wall: asked again 3 times and given up" in " ".join(text.split())


def test_why_says_of_a_page_that_opened_that_it_was_read_again(room: Newsroom) -> None:
    enter(room, WALL)
    room.fetcher.answers[PAGE] = CLOSED
    room.clock.advance(REREAD_AFTER[0])
    room.turn()
    text = " ".join(why_of(room)[0].split())
    assert "Revision of the same entry: its page gave its text when it was asked again" in text
    assert "asked again 1 time: it gave its text" in text


def test_what_was_forgotten_is_not_asked_again(room: Newsroom) -> None:
    enter(room, WALL)
    room.store.retention.forget(PAGE, canonical_url(PAGE), room.clock.now(), even_unsent=True)
    room.fetcher.answers[PAGE] = CLOSED
    room.clock.advance(REREAD_AFTER[0])
    assert not room.read()
    assert room.number("SELECT count(*) FROM rereads") == 0


def test_an_entry_that_is_pruned_takes_its_rereads_with_it(room: Newsroom) -> None:
    enter(room, WALL)
    room.fetcher.answers[PAGE] = CLOSED
    room.clock.advance(REREAD_AFTER[0])
    room.turn()
    room.clock.advance(40 * DAY)
    room.serve(item("m", "Floods", "The flood came at night.", published=None))
    room.fetcher.answers["https://news.example/m"] = answer(page("The flood came.", "Floods"))
    room.repoll()
    room.turn()
    room.prune(30 * DAY)
    assert room.number("SELECT count(*) FROM rereads") == 0
    assert room.number("SELECT count(*) FROM entries") == 1
