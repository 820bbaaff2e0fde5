"""The pipeline over any order, any batching and any interruption: the same alerts, and nothing left lying."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from made import MINUTE, NOON, feed_settings
from newsroom import DAY, FEED, OTHER_FEED, Newsroom, after, digest_settings, item, rss

from monitor.model.digest import Every

# No two of them share words, so that which of them are alike does not depend on the order.
TITLES = ("Torkham closed", "Thousands of trucks wait", "Flood in Sindh", "A quiet day")
SUMMARIES = (
    "The Torkham crossing was closed on Sunday.",
    "Drivers of 6,000 trucks spoke of hunger.",
    "Floods and the closure of Torkham cost farmers millions.",
    "Nothing to report.",
)
LINKS = ("https://news.example/one", "https://news.example/two", "https://news.example/three")
FEEDS = (FEED, OTHER_FEED)


@dataclass(frozen=True)
class Listed:
    """One entry of one feed."""

    feed: str
    number: int
    title: str
    summary: str
    link: str

    def xml(self) -> str:
        published = NOON - timedelta(minutes=self.number)
        return item(f"{self.number}", self.title, self.summary, link=self.link, published=published)


Deal = tuple[Sequence[Listed], Sequence[Sequence[Listed]]]
listed = st.builds(
    Listed,
    feed=st.sampled_from(FEEDS),
    number=st.integers(0, 600),  # also its age in minutes: all of them are new enough to alert
    title=st.sampled_from(TITLES),
    summary=st.sampled_from(SUMMARIES),
    link=st.sampled_from(LINKS),
)
worlds = st.lists(listed, min_size=1, max_size=7, unique_by=lambda one: (one.feed, one.number))


@st.composite
def deals(draw: st.DrawFn) -> Deal:
    """Entries, and the same entries in another order and in batches."""
    world = draw(worlds)
    shuffled = draw(st.permutations(world))
    cuts = sorted(draw(st.sets(st.integers(1, max(len(world) - 1, 1)), max_size=4)))
    edges = [0, *(cut for cut in cuts if cut < len(world)), len(world)]
    return world, [shuffled[start:end] for start, end in pairwise(edges)]


def newsroom() -> Newsroom:
    return Newsroom(
        feeds=[feed_settings(FEED, backfill=DAY), feed_settings(OTHER_FEED, name="Wire", backfill=DAY)],
        digests=[
            digest_settings("now"),
            digest_settings("half-hourly", schedule=Every(timedelta(minutes=30)), rules=("*", "!floods")),
        ],
    )


def work(room: Newsroom, stopping: Callable[[], bool] = lambda: False) -> None:
    """One turn of every stage, as the service gives them."""
    for stage in (room.poll, room.read, room.group, room.match):
        stage(stopping)
    if not stopping():
        room.plan()
    room.deliver(stopping)


def run(batches: Sequence[Sequence[Listed]], stops: Sequence[int] = ()) -> Newsroom:
    """A newsroom that saw the batches one after the other, 20 minutes apart, cut off after so many steps."""
    room = newsroom()
    cut = iter(stops)
    for batch in batches:
        for url in FEEDS:
            room.fetcher.answers[url] = rss(*(one.xml() for one in batch if one.feed == url))
        room.store.feeds.make_all_due(room.clock.now())
        for steps in cut:
            work(room, after(steps))
            room.store.feeds.release_leases()  # as a new process does
            if steps % 2:
                break
        work(room)
        room.clock.advance(20 * MINUTE)
    room.plan(close_all=True)
    room.deliver()
    return room


def nothing_is_left(room: Newsroom) -> None:
    for waiting in (
        "entries WHERE fate = 'waiting'",
        "articles WHERE stage <> 'matched'",
        "routings WHERE state = 'pending'",
        "deliveries WHERE state <> 'sent'",
    ):
        assert room.number(f"SELECT count(*) FROM {waiting}") == 0, waiting
    # Every entry here is one to be read: each ends as one article.
    articles = room.number("SELECT count(*) FROM articles")
    assert articles == room.number("SELECT count(*) FROM entries")
    assert articles == room.number("SELECT count(DISTINCT entry_row) FROM articles")


@given(deals())
@settings(max_examples=10, deadline=None)
def test_any_order_and_any_batching_alert_the_same_and_leave_nothing_lying(deal: Deal) -> None:
    world, batches = deal
    together = run([world]).alerts()
    room = run(batches)
    assert set(room.alerts()) == set(together)
    nothing_is_left(room)


@given(deals(), st.lists(st.integers(0, 30), max_size=6))
@settings(max_examples=7, deadline=None)
def test_a_pipeline_cut_off_anywhere_alerts_the_same_each_once(deal: Deal, stops: Sequence[int]) -> None:
    _, batches = deal
    whole = run(batches).alerts()
    room = run(batches, stops)
    assert sorted(room.alerts()) == sorted(whole)
    nothing_is_left(room)


@given(deals())
@settings(max_examples=3, deadline=None)
def test_a_second_turn_of_every_stage_changes_nothing(deal: Deal) -> None:
    room = run(deal[1])
    before = room.dump()
    work(room)
    room.plan(close_all=True)
    after_all = room.dump()
    for table in ("entries", "articles", "matches", "routings", "deliveries", "attempts"):
        assert after_all[table] == before[table], table
