"""However much a feed publishes between two polls, and wherever reading stops: no loss unsaid, no repeat."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from made import NOON, feed_settings
from newsroom import FEED, Newsroom, after, answer, failing, item, rss

from monitor.core.feeds.gaps import MOST_PAGES
from monitor.model.entry import Fate
from monitor.model.feed import PollOutcome
from monitor.model.fetch import FetchRequest, FetchResponse

LISTED = 3
MINUTE = timedelta(minutes=1)


class PagedFeed:
    """Lists its three newest entries, and those before on pages; every third request of a page fails."""

    def __init__(self, room: Newsroom, *, flaky: bool) -> None:
        self.room, self.flaky = room, flaky
        self.dates: list[datetime] = []  # of each entry
        self.asked = 0
        room.fetcher.answers[FEED] = self.page
        for number in range(2, 200):
            room.fetcher.answers[f"{FEED}?page={number}"] = self.page

    @property
    def published(self) -> int:
        return len(self.dates)

    def publish(self, count: int) -> None:
        for _ in range(count):
            self.room.clock.advance(MINUTE)
            self.dates.append(self.room.clock.now())

    def page(self, request: FetchRequest) -> FetchResponse:
        number = int(request.url.partition("page=")[2] or 1)
        self.asked += number > 1
        if self.flaky and number > 1 and self.asked % 3 == 0:
            failed: FetchResponse = failing(PollOutcome.HTTP_ERROR, 500, "HTTP 500")(request)
            return failed
        newest_first = range(self.published, 0, -1)
        listed = newest_first[(number - 1) * LISTED : number * LISTED]
        more = f'<link xmlns="http://www.w3.org/2005/Atom" rel="next" href="{FEED}?page={number + 1}"/>'
        items = [item(f"e{n}", f"Entry number {n}", f"Says {n}.", published=self.dates[n - 1]) for n in listed]
        body = rss(*items, more=more if newest_first[number * LISTED :] else "")
        return answer(body)(request)


def titles(room: Newsroom) -> list[str]:
    with room.store._db.read() as connection:
        return [row[0] for row in connection.exec_driver_sql("SELECT title FROM entries ORDER BY id")]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 45), min_size=1, max_size=4), st.integers(0, 4), st.booleans())
def test_nothing_is_lost_unsaid_and_nothing_is_stored_twice(bursts: list[int], stops: int, flaky: bool) -> None:
    room = Newsroom(feeds=[feed_settings(FEED)])
    room.clock.set(NOON)
    feed = PagedFeed(room, flaky=flaky)
    feed.publish(LISTED)
    room.poll()
    for burst in bursts:
        feed.publish(burst)
        room.repoll(MINUTE)
        room.fill(after(stops))  # as a daemon that is stopped on the way
        for _ in range(5):
            room.fill()
            room.clock.advance(timedelta(hours=3))
        found = titles(room)
        assert len(found) == len(set(found))
        lost = {f"Entry number {n}" for n in range(1, feed.published + 1)} - set(found)
        if lost:
            assert room.feed.may_have_lost_at is not None
        if burst < LISTED * (MOST_PAGES + 1) and not flaky:
            newest = range(feed.published - burst + 1, feed.published + 1)
            assert {room.fate(f"e{n}") for n in newest} <= {Fate.WAITING}
