"""poll: what a feed's answer does to the feed and to its entries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from made import MINUTE, NOON, feed_settings
from newsroom import DAY, FEED, HOUR, OTHER_FEED, Newsroom, after, answer, failing, item, rss

from monitor.model.entry import Fate
from monitor.model.errors import StoreUnusable
from monitor.model.feed import FeedStatus, PollOutcome, PollReason, PollSettings, Validators
from monitor.model.fetch import FetchRequest, FetchResponse, Purpose

BOTH = (feed_settings(FEED), feed_settings(OTHER_FEED, name="Wire"))
LOGIN = b"<!DOCTYPE html><html><body><form>Please log in</form></body></html>"


@pytest.fixture
def room() -> Newsroom:
    return Newsroom()


def published(hours: float, id: str = "e1") -> str:
    """An item published so many hours after the subscription."""
    return item(id, published=NOON + timedelta(hours=hours))


# ---- what alerts at first sight


def test_without_backfill_what_was_there_before_the_subscription_is_seen_and_not_read() -> None:
    room = Newsroom(feeds=[feed_settings(FEED)])
    room.serve(published(-1, "old"), published(0, "same-second"))
    (report,) = room.poll()
    assert (room.fate("old"), room.fate("same-second")) == (Fate.SEEN_AT_SUBSCRIBE, Fate.SEEN_AT_SUBSCRIBE)
    assert (report.first, report.entries, report.waiting, report.seen) == (True, 2, 0, 2)
    assert not room.read()


def test_backfill_alerts_what_is_younger_than_it_at_the_subscription() -> None:
    room = Newsroom(feeds=[feed_settings(FEED, backfill=DAY)])
    room.serve(published(-25, "older"), published(-23, "younger"))
    room.poll()
    assert (room.fate("older"), room.fate("younger")) == (Fate.SEEN_AT_SUBSCRIBE, Fate.WAITING)


@pytest.mark.parametrize(
    ("backfill", "fate"), [(timedelta(0), Fate.SEEN_AT_SUBSCRIBE), (DAY, Fate.WAITING)], ids=["none", "24h"]
)
def test_an_undated_entry_of_the_first_poll_waits_only_with_a_backfill(backfill: timedelta, fate: Fate) -> None:
    room = Newsroom(feeds=[feed_settings(FEED, backfill=backfill)])
    room.serve(item(published=None))
    room.poll()
    assert room.fate() is fate


def test_a_feed_first_read_hours_after_subscribing_alerts_what_came_since() -> None:
    room = Newsroom(feeds=[feed_settings(FEED)])
    room.fetcher.answers[FEED] = failing(PollOutcome.UNREACHABLE)
    room.poll()
    room.serve(published(-1, "before"), published(2, "since"))
    report = room.repoll(3 * HOUR)
    assert report.first
    assert (room.fate("before"), room.fate("since")) == (Fate.SEEN_AT_SUBSCRIBE, Fate.WAITING)


def test_a_304_or_a_login_page_is_no_first_success() -> None:
    room = Newsroom(feeds=[feed_settings(FEED)])
    for route in (answer(outcome=PollOutcome.NOT_MODIFIED, status=304), answer(LOGIN)):
        room.fetcher.answers[FEED] = route
        assert not room.repoll().first
    room.serve(published(-1))
    assert room.repoll().first
    assert room.fate() is Fate.SEEN_AT_SUBSCRIBE


def test_an_entry_that_appears_later_alerts_although_it_is_dated_before_the_subscription() -> None:
    room = Newsroom(feeds=[feed_settings(FEED)])
    room.serve(published(-1))
    room.poll()
    room.serve(published(-1), published(-2, "late"), item("undated", "Another thing", published=None))
    room.repoll()
    assert (room.fate("late"), room.fate("undated")) == (Fate.WAITING, Fate.WAITING)


def test_an_entry_older_than_max_entry_age_is_too_old_whenever_it_appears() -> None:
    room = Newsroom(
        feeds=[feed_settings(FEED, backfill=30 * DAY)], settings=PollSettings(max_entry_age=timedelta(days=7))
    )
    room.serve(published(-7 * 24 - 1, "first"))
    (report,) = room.poll()
    assert (report.too_old, report.waiting) == (1, 0)
    room.serve(published(-7 * 24 - 1, "moved"), published(-6 * 24, "young"))
    room.repoll()
    assert (room.fate("first"), room.fate("moved"), room.fate("young")) == (
        Fate.TOO_OLD,
        Fate.TOO_OLD,
        Fate.WAITING,
    )


# ---- what is known, and what is a revision


def test_a_known_entry_is_not_stored_again_whatever_its_tracking_or_its_id(room: Newsroom) -> None:
    room.serve(item(link="https://news.example/e1"))
    room.poll()
    room.serve(
        item(link="https://news.example/e1?utm_source=rss"),
        item("another-id", link="http://www.news.example/e1#top"),
    )
    assert room.repoll().waiting == 0
    assert room.number("SELECT count(*) FROM entries") == 1


def test_other_words_are_a_revision_that_waits_to_be_read(room: Newsroom) -> None:
    room.serve(item(summary="Torkham was busy."))
    room.poll()
    room.serve(item(summary="Torkham was closed."))
    report = room.repoll()
    newest, first = room.fates()
    assert (report.revised, report.waiting) == (1, 1)
    assert newest.entry.revision_of == first.row
    assert newest.entry.fate is Fate.WAITING


def test_new_markup_in_the_same_words_is_no_revision(room: Newsroom) -> None:
    room.serve(item(summary="<p>Torkham was closed.</p>"))
    room.poll()
    room.serve(item(summary="<div>Torkham  was <b>closed</b>.</div>"))
    assert room.repoll().revised == 0


def test_an_edit_of_an_entry_from_before_the_subscription_alerts_only_what_it_adds() -> None:
    room = Newsroom(feeds=[feed_settings(FEED, full_text=True)])
    room.bring_in(item("live", "Torkham live", "Torkham closed at noon."))
    assert room.fates("live")[0].entry.fate is Fate.SEEN_AT_SUBSCRIBE
    room.bring_in(item("live", "Torkham live", "Torkham closed at noon. Rain fell."))
    room.bring_in(item("live", "Torkham live", "Torkham closed at noon. Rain fell, and more."))
    room.plan()
    assert not room.alerts()
    room.bring_in(item("live", "Torkham live", "Torkham closed at noon. Rain fell. Torkham was closed for good."))
    room.plan()
    assert len(room.alerts()) == 1
    assert not [asked for asked in room.fetcher.requests if asked.url != FEED]  # its page would look all new


def test_an_id_that_a_feed_uses_for_everything_hides_no_entry(room: Newsroom) -> None:
    room.serve(
        item("same", "Torkham closed", link="https://news.example/one"),
        item("same", "Floods in Sindh", link="https://news.example/two"),
    )
    (report,) = room.poll()
    assert report.waiting == 2


def test_half_a_character_in_a_json_feed_loses_no_entry(room: Newsroom) -> None:
    half = r'"\ud83d Torkham \udc00 closed"'
    room.fetcher.answers[FEED] = (
        '{"version": "https://jsonfeed.org/version/1.1", "title": ' + half + ', "items": ['
        '{"id": '
        + half
        + ', "url": "https://news.example/e1", "title": '
        + half
        + ', "content_text": '
        + half
        + ', "authors": [{"name": '
        + half
        + "}]}]}"
    ).encode()
    (report,) = room.poll()
    assert (report.decision.outcome, report.decision.error, report.entries) == (PollOutcome.OK, None, 1)
    assert room.number("SELECT count(*) FROM entries") == 1


def test_two_feeds_may_carry_the_same_entry() -> None:
    room = Newsroom(feeds=[feed_settings(FEED, backfill=DAY), feed_settings(OTHER_FEED, backfill=DAY)])
    room.serve(item())
    room.serve(item(), url=OTHER_FEED)
    assert [report.waiting for report in room.poll()] == [1, 1]


# ---- validators and unchanged bodies


def conditional(body: bytes) -> dict[str, object]:
    """Routes of a server that answers 304 to its own ETag."""

    def respond(request: FetchRequest) -> FetchResponse:
        if request.validators.etag == '"v1"':
            return answer(outcome=PollOutcome.NOT_MODIFIED, status=304)(request)
        return answer(body, etag='"v1"', last_modified="Wed, 22 Feb 2023 12:00:00 GMT")(request)

    return {FEED: respond}


def test_validators_are_sent_back_and_a_304_keeps_them(room: Newsroom) -> None:
    room.fetcher.answers.update(conditional(rss(item())))  # type: ignore[arg-type]  # routes, as the fake takes them
    room.poll()
    kept = Validators('"v1"', "Wed, 22 Feb 2023 12:00:00 GMT")
    assert room.fetcher.requests[0].validators == Validators()
    for _ in range(2):
        assert room.repoll().decision.outcome is PollOutcome.NOT_MODIFIED
        assert room.fetcher.requests[-1].validators == kept
    assert room.feed.validators == kept
    assert room.feed.body_hash is not None


def test_a_feed_is_fetched_as_a_feed_which_reads_no_robots_txt(room: Newsroom) -> None:
    room.poll()
    assert [request.purpose for request in room.fetcher.requests] == [Purpose.FEED]


def test_the_same_bytes_again_are_unchanged_and_not_parsed(room: Newsroom) -> None:
    room.serve(item())
    room.poll()
    report = room.repoll()
    assert (report.decision.outcome, report.entries) == (PollOutcome.UNCHANGED, 0)


def test_new_validators_on_unchanged_bytes_are_kept(room: Newsroom) -> None:
    for etag in ('"v1"', '"v2"'):
        room.fetcher.answers[FEED] = answer(rss(item()), etag=etag)
        room.repoll()
    assert room.feed.last_outcome is PollOutcome.UNCHANGED
    assert room.feed.validators.etag == '"v2"'


def test_a_body_that_is_no_feed_is_an_error_and_read_again_next_time(room: Newsroom) -> None:
    room.fetcher.answers[FEED] = answer(LOGIN, etag='"login"')
    for _ in range(2):
        report = room.repoll()
        assert report.decision.outcome is PollOutcome.NOT_A_FEED
        assert report.decision.error
    assert (room.feed.validators, room.feed.body_hash, room.feed.failures) == (Validators(), None, 2)


def test_a_login_page_in_between_forgets_nothing_of_the_last_good_answer(room: Newsroom) -> None:
    room.fetcher.answers[FEED] = answer(rss(item()), etag='"v1"')
    room.poll()
    good = room.feed
    room.fetcher.answers[FEED] = answer(LOGIN, etag='"login"')
    room.repoll()
    assert (room.feed.validators, room.feed.body_hash) == (good.validators, good.body_hash)


def test_an_error_keeps_validators_and_counts_failures_until_a_success(room: Newsroom) -> None:
    room.fetcher.answers[FEED] = answer(rss(item()), etag='"v1"')
    room.poll()
    room.fetcher.answers[FEED] = failing(PollOutcome.HTTP_ERROR, 500, "HTTP 500")
    assert [room.repoll().decision.failures for _ in range(3)] == [1, 2, 3]
    assert (room.feed.validators.etag, room.feed.last_error) == ('"v1"', "HTTP 500")
    room.fetcher.answers[FEED] = answer(rss(item()), etag='"v1"')
    room.repoll()
    assert (room.feed.failures, room.feed.last_error) == (0, None)


# ---- 301, 410 and when to ask again


def test_a_permanent_redirect_is_followed_from_the_next_poll_on(room: Newsroom) -> None:
    moved = "https://news.example/moved"
    room.fetcher.answers[FEED] = answer(rss(item()), permanent_url=moved)
    room.poll()
    room.fetcher.answers[moved] = rss(item())
    room.repoll()
    assert [request.url for request in room.fetcher.requests] == [FEED, moved]
    assert room.feed.settings.url == FEED


def test_a_permanent_redirect_to_a_login_page_is_not_learned(room: Newsroom) -> None:
    room.fetcher.answers[FEED] = answer(LOGIN, permanent_url="https://news.example/login")
    room.poll()
    assert room.feed.url == FEED


def test_a_gone_feed_is_asked_no_more_and_keeps_its_entries(room: Newsroom) -> None:
    room.serve(item())
    room.poll()
    room.fetcher.answers[FEED] = failing(PollOutcome.GONE, 410, "HTTP 410")
    room.repoll()
    assert room.feed.status is FeedStatus.GONE
    room.clock.advance(30 * DAY)
    assert room.store.feeds.make_all_due(room.clock.now()) == 0
    assert not room.poll()
    assert room.fate() is Fate.WAITING


def test_the_next_poll_is_an_interval_away_and_not_before(room: Newsroom) -> None:
    room.serve(item())
    (report,) = room.poll()
    assert (report.decision.next_poll_at, report.decision.reason) == (NOON + 15 * MINUTE, PollReason.INTERVAL)
    room.clock.advance(15 * MINUTE - timedelta(seconds=1))
    assert not room.poll()
    room.clock.advance(timedelta(seconds=1))
    assert room.poll()


def test_a_feeds_ttl_stretches_the_default_interval(room: Newsroom) -> None:
    room.fetcher.answers[FEED] = rss(item(), more="<ttl>60</ttl>")
    (report,) = room.poll()
    assert report.decision.reason is PollReason.FRESHNESS
    assert report.decision.next_poll_at >= NOON + HOUR


def test_a_rate_limited_feed_waits_as_long_as_it_is_told(room: Newsroom) -> None:
    room.fetcher.answers[FEED] = failing(PollOutcome.RATE_LIMITED, 429, retry_after="7200")
    (report,) = room.poll()
    assert report.decision.reason is PollReason.RETRY_AFTER
    assert report.decision.next_poll_at >= NOON + 2 * HOUR


# ---- one among many


def test_a_failing_feed_never_stops_the_good_ones() -> None:
    urls = [f"https://feed{n}.example/" for n in range(6)]
    room = Newsroom(feeds=[feed_settings(url, backfill=DAY) for url in urls])

    room.fetcher.answers.update(
        {
            urls[0]: failing(PollOutcome.TIMEOUT),
            urls[1]: answer(LOGIN),
            urls[2]: failing(PollOutcome.HTTP_ERROR, 500),
            urls[3]: b"\x00\x01 no feed",
            urls[5]: rss(item()),
        }
    )
    reports = {report.feed.url: report for report in room.poll()}
    assert len(reports) == 6
    assert reports[urls[5]].waiting == 1
    assert {url: report.decision.outcome.value for url, report in reports.items()} == {
        urls[0]: "timeout",
        urls[1]: "not_a_feed",
        urls[2]: "http_error",
        urls[3]: "not_a_feed",
        urls[4]: "unreachable",
        urls[5]: "ok",
    }
    assert all(feed.failures == 1 and feed.last_error for feed in room.store.feeds.all()[:5])


def test_a_feed_that_broke_the_stage_backs_off_like_any_other_failure(room: Newsroom) -> None:
    room.serve(item())
    room.poll()
    read = room.feed.body_hash
    room.serve(item(), item("e2", "Floods"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room.store.feeds, "known_entries", lambda *_: 1 // 0)  # a fault nobody foresaw
        report = room.repoll()
    assert report.decision.outcome is PollOutcome.PARSE_FAILED
    assert "ZeroDivisionError" in (report.decision.error or "")
    assert room.feed.body_hash == read
    assert room.repoll().waiting == 1


def test_a_store_in_trouble_is_no_feeds_fault(room: Newsroom) -> None:
    room.serve(item())

    def full(*_: object, **__: object) -> int:
        raise StoreUnusable("monitor.db", "the disk is full")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room.store.feeds, "record_polls", full)  # a disk cannot be filled here
        with pytest.raises(StoreUnusable):
            room.poll()
    assert (room.feed.failures, room.number("SELECT count(*) FROM entries")) == (0, 0)
    assert [report.waiting for report in room.poll()] == [1], "it has to wait for the end of its lease"


# ---- leases and stopping


def test_a_poll_that_was_cut_off_is_made_again_when_its_lease_ends(room: Newsroom) -> None:
    room.serve(item())
    room.store.feeds.claim_due(NOON, timedelta(minutes=5), 10)  # a process that died
    assert not room.poll()
    room.clock.advance(timedelta(minutes=5))
    assert [report.waiting for report in room.poll()] == [1]


def test_stopping_draws_no_further_feed() -> None:
    room = Newsroom(feeds=BOTH, settings=PollSettings(concurrency=1))
    assert len(room.poll(after(1))) == 1
    assert len(room.fetcher.requests) == 1


def test_more_feeds_than_the_concurrency_are_all_polled_in_one_run() -> None:
    urls = [f"https://feed{n}.example/" for n in range(7)]
    room = Newsroom(feeds=[feed_settings(url) for url in urls], settings=PollSettings(concurrency=2))
    assert len(room.poll()) == 7


def test_polling_twice_changes_nothing(room: Newsroom) -> None:
    room.serve(item(), item("e2", "Floods"))
    room.poll()
    before = room.dump()
    assert not room.poll()
    assert room.dump() == before


def test_entries_that_share_one_link_are_no_revisions_of_each_other() -> None:
    room = Newsroom()
    listed = [
        item("a", "Lahore wins the cup", "Cricket.", link="https://news.example/list", published=None),
        item(
            "b",
            "Lahore wins the cup again",
            "Torkham was closed.",
            link="https://news.example/list",
            published=None,
        ),
    ]
    for _ in range(4):
        room.bring_in(*listed)
        room.plan()
        room.clock.advance(timedelta(hours=13))
    assert room.number("SELECT count(*) FROM entries") == 2
    assert len(room.alerts()) == 1


def test_one_edit_in_two_feeds_is_told_once() -> None:
    room = Newsroom(feeds=[feed_settings(FEED, backfill=DAY), feed_settings(OTHER_FEED, backfill=DAY)])
    link = "https://news.example/live"
    before = item("live", "At the border", "Torkham was quiet.", link=link)
    after_ = item("live", "At the border", "Torkham was quiet. Torkham was closed.", link=link)
    for url in (FEED, OTHER_FEED):
        room.bring_in(before, url=url)
    room.plan()
    for url in (FEED, OTHER_FEED):
        room.bring_in(after_, url=url)
        room.plan()
    assert len(room.alerts()) == 1


def test_a_daily_bulletin_under_one_id_is_told_each_day() -> None:
    room = Newsroom()
    for day in range(3):
        room.bring_in(
            item(
                "status",
                "Border bulletin",
                f"The Torkham crossing is closed. Trade was worth {day} million.",
                published=NOON + day * DAY,
            )
        )
        room.plan()
        room.clock.advance(DAY)
    assert len(room.alerts()) == 3


# ---- until when an entry was listed


def listed_until(room: Newsroom, id: str = "e1") -> timedelta:
    """How long after NOON the newest entry of that id was last listed."""
    until = room.store.feeds.known_entries(room.feed.id, [id], [])[-1].listed_at
    assert until is not None
    return until - NOON


def test_an_entry_that_stays_in_its_feed_is_written_once_a_day_at_most(room: Newsroom) -> None:
    seen = set()
    for hour in range(48):
        room.serve(item("e1"), published(hour, f"new{hour}"))
        room.repoll()
        seen.add(listed_until(room))
    assert len(seen) == 2
    assert max(seen) >= 25 * HOUR


def test_an_entry_that_left_its_feed_keeps_the_time_it_was_last_listed(room: Newsroom) -> None:
    room.serve(item("e1"), item("e2", "Floods"))
    room.poll()
    room.serve(item("e2", "Floods"), item("e3", "Trucks"))
    room.repoll(3 * DAY)
    assert (listed_until(room, "e1"), listed_until(room, "e2")) == (timedelta(0), 3 * DAY)


def test_a_feed_that_says_304_for_days_listed_its_entries_all_that_time(room: Newsroom) -> None:
    room.serve(item("e1"))
    room.poll()
    room.fetcher.answers[FEED] = answer(outcome=PollOutcome.NOT_MODIFIED, status=304)
    room.repoll(10 * DAY)
    room.serve(item("e2", "Floods"))
    room.repoll(HOUR)
    assert listed_until(room, "e1") == 10 * DAY
