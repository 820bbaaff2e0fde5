"""A good citizen, as the publisher sees it: when it asks again, over simulated days. Criteria of polling.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime
from itertools import count

import pytest
from citizen import SETTINGS, Citizen, Request
from http_server import reply
from made import MINUTE, NOON
from newsroom import item, rss

from monitor.core.feeds.parse import parse_feed
from monitor.core.feeds.websub import push_limits
from monitor.model.cadence import Boost, HubOffer
from monitor.model.feed import PollReason
from monitor.pipeline.pushes import PushStage
from monitor.testing import InlineSandbox

BODY = rss(item())
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
QUARTER, JITTER = SETTINGS.interval, 0.1
LONGEST = SETTINGS.max_interval


@pytest.fixture
def daemon() -> Iterator[Citizen]:
    with Citizen() as made:
        yield made


def lived(
    daemon: Citizen, *answers: bytes | Callable[[Request], bytes], span: timedelta = 2 * DAY
) -> list[timedelta]:
    """The pauses between the requests of a feed that answers so."""
    daemon.subscribe(daemon.serve("/feed", *answers))
    daemon.live(span)
    return daemon.pauses("/feed")


def news(places: int, every: timedelta) -> Callable[[Request], bytes]:
    """A feed with a new entry every so often, that lists the newest ones."""

    def answer(request: Request) -> bytes:
        newest = (request.at - (NOON - 2 * DAY)) // every
        numbers = range(newest, max(newest - places, 0), -1)
        items = [item(f"e{n}", f"Entry {n}", "", published=NOON - 2 * DAY + n * every) for n in numbers]
        return reply(rss(*items))

    return answer


def cached(**headers: str) -> Callable[[Request], bytes]:
    """A server that answers 304 to its validator and says how long its first answer is good only once."""

    def answer(request: Request) -> bytes:
        if "if-none-match" in request.headers:
            return reply(status=304)
        return reply(BODY, ETag='"1"', **headers)

    return answer


_SAYS_HOURS = rss(item(), more="<skipHours><hour>1</hour></skipHours>")
reads_skipped = pytest.mark.skipif(
    not parse_feed(_SAYS_HOURS, "text/xml", "", NOON).cadence.skip_hours, reason="the reader leaves skipHours out"
)

# ---- what the server says of its feed


def test_max_age_is_kept(daemon: Citizen) -> None:
    assert min(lived(daemon, reply(BODY, Cache_Control="max-age=14400"))) >= 4 * HOUR


def test_expires_is_kept(daemon: Citizen) -> None:
    def answer(request: Request) -> bytes:
        expires = format_datetime(request.at + 4 * HOUR, usegmt=True)
        return reply(BODY, Expires=expires, Date=format_datetime(request.at, usegmt=True))

    assert min(lived(daemon, answer)) >= 4 * HOUR


def test_max_age_holds_over_304s_that_do_not_repeat_it(daemon: Citizen) -> None:
    assert min(lived(daemon, cached(Cache_Control="max-age=14400"))) >= 4 * HOUR


def test_ttl_is_kept_over_304s_too(daemon: Citizen) -> None:
    def answer(request: Request) -> bytes:
        if "if-none-match" in request.headers:
            return reply(status=304)
        return reply(rss(item(), more="<ttl>240</ttl>"), ETag='"1"')

    assert min(lived(daemon, answer)) >= 4 * HOUR


@reads_skipped
def test_skipped_hours_are_kept_clear(daemon: Citizen) -> None:
    hours = "".join(f"<hour>{hour}</hour>" for hour in range(6))
    lived(daemon, reply(rss(item(), more=f"<skipHours>{hours}</skipHours>")), span=5 * DAY)
    seen = Counter(one.at.hour for one in daemon.asked())
    assert not seen.keys() & set(range(6))
    assert len(seen) == 18


@reads_skipped
def test_skipped_days_are_kept_clear_but_for_one_request_a_day(daemon: Citizen) -> None:
    days = "<skipDays><day>Saturday</day><day>Sunday</day></skipDays>"
    pauses = lived(daemon, reply(rss(item(), more=days)), span=14 * DAY)
    assert max(pauses) <= DAY
    weekend = [one for one in daemon.asked() if one.at.weekday() >= 5]
    assert 0 < len(weekend) <= 4


def test_a_period_of_wordpress_makes_a_busy_feed_no_slower(daemon: Citizen) -> None:
    hourly = "<sy:updatePeriod xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'>hourly</sy:updatePeriod>"
    busy = news(20, 6 * MINUTE)

    def answer(request: Request) -> bytes:
        return busy(request).replace(b"<description>d</description>", hourly.encode(), 1)

    assert max(lived(daemon, answer, span=6 * HOUR)) < 15 * MINUTE


def test_nothing_makes_it_ask_less_than_daily(daemon: Citizen) -> None:
    pauses = lived(
        daemon, reply(rss(item(), more="<ttl>99999</ttl>"), Cache_Control="max-age=31536000"), span=9 * DAY
    )
    assert {round(one / HOUR) for one in pauses} == {24}


# ---- when the server is in trouble, or refuses


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_is_kept(daemon: Citizen, status: int) -> None:
    first, *_ = lived(daemon, reply(status=status, Retry_After="7200"), reply(BODY), span=3 * HOUR)
    assert 2 * HOUR <= first <= 2.2 * HOUR


def test_retry_after_as_a_date_is_kept(daemon: Citizen) -> None:
    then = format_datetime(NOON + 5 * HOUR, usegmt=True)
    first, *_ = lived(daemon, reply(status=503, Retry_After=then), reply(BODY), span=6 * HOUR)
    assert 5 * HOUR <= first <= 5.5 * HOUR


def test_retry_after_beside_a_good_answer_is_kept(daemon: Citizen) -> None:
    assert min(lived(daemon, reply(BODY, Retry_After="7200"))) >= 2 * HOUR


@pytest.mark.parametrize("status", [429, 503])
def test_a_bare_429_or_503_means_slower_at_once(daemon: Citizen, status: int) -> None:
    first, second, *_ = lived(daemon, reply(status=status), span=3 * HOUR)
    assert first >= 2 * QUARTER * (1 - JITTER)
    assert second > first


@pytest.mark.parametrize("status", [404, 500, 502])
def test_404_and_5xx_back_off_up_to_the_longest_interval_with_jitter(daemon: Citizen, status: int) -> None:
    pauses = lived(daemon, reply(status=status), span=DAY)
    assert pauses[0] < pauses[1] < pauses[2]
    assert 0.9 * LONGEST <= min(pauses[4:]) < max(pauses[4:]) <= LONGEST


@pytest.mark.parametrize("status", [401, 403, 451])
def test_401_403_and_451_are_asked_once_a_day_after_the_third(daemon: Citizen, status: int) -> None:
    pauses = lived(daemon, reply(status=status), span=6 * DAY)
    assert all(0.9 * DAY <= one <= DAY for one in pauses[2:])


def test_a_feed_that_is_well_again_is_asked_as_before(daemon: Citizen) -> None:
    pauses = lived(daemon, *[reply(status=500)] * 6, reply(BODY), span=DAY)
    assert pauses[6] <= QUARTER * (1 + JITTER)


def test_a_429_pauses_its_host_and_no_other_and_no_longer_than_it_says(daemon: Citizen) -> None:
    tired = daemon.serve("/tired", reply(BODY), reply(status=429, Retry_After="10800"), reply(BODY))
    same = daemon.serve("/same", reply(BODY))
    other = daemon.serve("/other", reply(BODY), host="127.0.0.2")
    daemon.subscribe(tired, same, other)
    daemon.live(6 * HOUR)
    begun = daemon.asked("/tired")[1].at
    pause = [one for one in daemon.asked() if begun < one.at < begun + 3 * HOUR]
    assert {one.path for one in pause if one.path != "/other"} <= {"/same"}
    assert not [one for one in pause if one.path == "/same" and one.at > begun + MINUTE]
    assert [one for one in pause if one.path == "/other"]
    assert max(daemon.pauses("/same")) <= 3 * HOUR + LONGEST
    assert max(daemon.pauses("/other")) <= LONGEST


def test_the_pause_of_a_host_survives_a_restart(daemon: Citizen) -> None:
    tired = daemon.serve("/tired", reply(status=429, Retry_After="10800"))
    same = daemon.serve("/same", reply(BODY))
    daemon.subscribe(tired)
    daemon.poll()
    daemon.restart(after=MINUTE)
    daemon.subscribe(tired, same)
    daemon.live(2 * HOUR)
    assert [one.path for one in daemon.asked()] == ["/tired"]
    daemon.live(2 * HOUR)
    assert daemon.asked("/same")


# ---- what it learns


def test_a_busy_feed_is_asked_about_once_an_entry_and_a_quiet_one_at_the_longest_interval(daemon: Citizen) -> None:
    urls = [
        daemon.serve("/busy", news(20, 10 * MINUTE)),
        daemon.serve("/quiet", news(20, 30 * DAY), host="127.0.0.2"),
    ]
    daemon.subscribe(*urls)
    daemon.live(DAY)
    assert 100 <= len(daemon.asked("/busy")) <= 200
    assert len(daemon.asked("/quiet")) <= 40


def test_when_all_it_lists_is_new_the_wait_is_halved_at_least_and_the_feed_is_flagged(daemon: Citizen) -> None:
    numbers = count()

    def answer(request: Request) -> bytes:
        return reply(rss(*(item(f"e{next(numbers)}", "A title", "", published=None) for _ in range(3))))

    daemon.subscribe(daemon.serve("/feed", answer))
    daemon.live(20 * MINUTE)
    first, *_ = daemon.pauses("/feed")
    (feed,) = daemon.feeds()
    assert feed.next_poll_at - daemon.asked()[-1].at <= first / 2
    assert (feed.last_reason, feed.may_have_lost_at is not None) == (PollReason.ALL_NEW, True)


def test_whatever_it_learns_no_entry_waits_longer_than_the_longest_interval(daemon: Citizen) -> None:
    by_day = news(20, 7 * MINUTE)
    urls = [daemon.serve("/day", by_day), daemon.serve("/rare", news(20, 40 * HOUR), host="127.0.0.2")]
    daemon.subscribe(*urls)
    daemon.live(2 * DAY)
    assert max(daemon.pauses("/day") + daemon.pauses("/rare")) <= LONGEST


def test_a_feeds_own_interval_is_a_promise_that_only_retry_after_stretches(daemon: Citizen) -> None:
    slow = reply(rss(item(), more="<ttl>240</ttl>"), Cache_Control="max-age=14400")
    daemon.subscribe(
        daemon.serve("/feed", *[slow] * 20, reply(status=429, Retry_After="7200"), slow), interval=5 * MINUTE
    )
    daemon.live(12 * HOUR)
    pauses = daemon.pauses("/feed")
    assert all(one <= 5 * MINUTE * (1 + JITTER) for number, one in enumerate(pauses) if number != 20)
    assert pauses[20] >= 2 * HOUR


def test_a_boost_asks_more_often_until_it_ends_and_retry_after_still_holds(daemon: Citizen) -> None:
    daemon.subscribe(
        daemon.serve("/feed", *[reply(BODY)] * 12, reply(status=429, Retry_After="3600"), reply(BODY))
    )
    daemon.poll()
    (feed,) = daemon.feeds()
    daemon.store.feeds.boost([feed.id], Boost(2 * MINUTE, NOON + 6 * HOUR), NOON)
    daemon.live(12 * HOUR)
    times = [one.at - NOON for one in daemon.asked()]
    pauses = daemon.pauses("/feed")
    assert all(one <= 2.2 * MINUTE for one in pauses[:12])
    assert pauses[12] >= HOUR
    assert all(one <= 2.2 * MINUTE for at, one in zip(times[13:], pauses[13:], strict=False) if at < 5.9 * HOUR)
    assert all(one > 10 * MINUTE for at, one in zip(times, pauses, strict=False) if at > 6 * HOUR)


def test_a_feed_whose_hub_announces_is_asked_once_a_day(daemon: Citizen) -> None:
    daemon.subscribe(daemon.serve("/feed", lambda asked: reply(rss(*listed[-20:]))))
    listed = [item("e0", "Entry 0", "", published=NOON)]
    daemon.poll()
    (feed,), hubs = daemon.feeds(), daemon.store.hubs
    hubs.add(feed.id, HubOffer("h", feed.url), token="t", secret="s", public_url="p", now=NOON)
    hubs.note_verified(hubs.all()[0], NOON, NOON + 30 * DAY, NOON + 20 * DAY)
    stage = PushStage(hubs, daemon.store.feeds, InlineSandbox(), daemon.clock, SETTINGS)
    for number in range(1, 4 * 48):
        # The first comes before the poll that would find it; then the hub has proven itself.
        daemon.live(MINUTE if number == 1 else HOUR / 2)
        now = daemon.clock.now()
        listed.append(item(f"e{number}", f"Entry {number}", "", published=now))
        hubs.take(hubs.all()[0], rss(listed[-1]), None, now, push_limits(SETTINGS))
        assert [report.waiting for report in stage.run(lambda: False)] == [1]
    times = daemon.pauses("/feed")
    assert len(times) >= 3
    assert all(0.9 * DAY <= one <= DAY for one in times)


# ---- many at once


def test_feeds_that_were_added_together_part(daemon: Citizen) -> None:
    daemon.subscribe(*(daemon.serve(f"/{n}", reply(BODY)) for n in range(40)))
    daemon.live(6 * HOUR)
    minutes = Counter(one.at.replace(second=0) for one in daemon.asked() if one.at > NOON + 5 * HOUR)
    assert max(minutes.values()) <= 6


def test_a_restart_asks_nothing_that_is_not_due(daemon: Citizen) -> None:
    daemon.subscribe(*(daemon.serve(f"/{n}", reply(BODY)) for n in range(20)))
    daemon.poll()
    daemon.restart(after=MINUTE)
    daemon.poll()
    assert len(daemon.asked()) == 20


def test_after_a_day_without_power_all_is_asked_at_once_and_parts_in_the_next_round(daemon: Citizen) -> None:
    daemon.subscribe(*(daemon.serve(f"/{n}", reply(BODY)) for n in range(60)))
    daemon.live(2 * HOUR)
    daemon.restart(after=DAY)
    begun, asked = daemon.clock.now(), len(daemon.asked())
    daemon.poll()
    assert len(daemon.asked()) == asked + 60
    daemon.live(LONGEST)
    minutes = Counter(one.at.replace(second=0) for one in daemon.asked() if one.at > begun)
    assert max(minutes.values()) <= 10


def test_ten_thousand_new_feeds_of_a_config_are_not_asked_at_once(daemon: Citizen) -> None:
    daemon.subscribe(*(f"http://127.0.0.1:9/{n}" for n in range(10_000)))
    due = Counter(feed.next_poll_at for feed in daemon.feeds())
    assert max(due.values()) <= 101
    assert max(due) <= NOON + QUARTER


def test_every_wait_has_a_named_reason(daemon: Citizen) -> None:
    daemon.subscribe(daemon.serve("/feed", reply(BODY)))
    for reason in (PollReason.INTERVAL, PollReason.QUIET):
        daemon.poll()
        assert daemon.feeds()[0].last_reason is reason
        daemon.clock.set(daemon.feeds()[0].next_poll_at)
