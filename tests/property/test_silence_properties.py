"""Any silences around any articles: no match is lost, none is told twice, a discarded one has its silence."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from made import NOON, feed_settings, match_of, new_article, new_entry, rule
from newsroom import FEED, JSON_FILE, digest_settings, fresh_store
from stored import poll, put_into, read_articles

from monitor.adapters.store import tables as t
from monitor.adapters.store.sql import SqlStore
from monitor.core.digests.silences import STILL_DISCARDS, kept_out
from monitor.model.article import Grouping
from monitor.model.digest import Every
from monitor.model.ledger import NewMatch, Plan, RoutingState
from monitor.model.silence import NewSilence, SilenceMode
from monitor.pipeline.digest import DigestStage
from monitor.testing import FakeClock

HOUR = timedelta(hours=1)
DIGESTS = (
    digest_settings("now"),
    digest_settings("hourly", schedule=Every(HOUR)),
    digest_settings("few", min_publishers=2),
)
NAMES = tuple(one.name for one in DIGESTS)
RULES = ("closed", "dead")
stories = st.integers(0, 1)
articles = st.tuples(
    st.just("article"), stories, st.sampled_from(["Dawn", "AVA"]), st.sampled_from([RULES[:1], RULES])
)
silences = st.tuples(
    st.just("silence"),
    st.booleans(),  # discards
    st.sampled_from([0.25, 1, 5]),  # hours
    st.sampled_from([0, 0, 0.5]),  # hours until it starts
    st.sampled_from([{"rules": ("*",)}, {"rules": ("dead",)}, {"story": "s_0"}, {"story": "s_1"}]),
    st.sampled_from([(), (), ("now",)]),
)
ticks = st.tuples(st.just("tick"), st.sampled_from([0.02, 1, 20, 100]))  # minutes
steps = st.lists(
    st.one_of(
        articles,
        articles,
        silences,
        ticks,
        ticks,
        st.tuples(st.just("end"), st.integers(1, 4), st.booleans()),
        st.tuples(st.just("member"), stories, st.sampled_from(["Dawn", "AVA"])),
        st.tuples(st.just("merge")),
    ),
    min_size=4,
    max_size=14,
)


class Room:
    """A store into which articles come matched, with three digests beside silences."""

    def __init__(self) -> None:
        self.store: SqlStore = fresh_store()
        self.clock = FakeClock()
        self.store.feeds.sync([feed_settings(FEED)], NOON)
        (self.feed,) = self.store.feeds.all()
        self.stage = self.planner()
        for name in NAMES:
            self.store.digests.open_digest(name, NOON)
        self.told: Counter[tuple[str, int]] = Counter()
        self.merged = False
        self.count = 0

    def planner(self) -> DigestStage:
        digests, feeds, silences = self.store.digests, self.store.feeds, self.store.silences
        return DigestStage(digests, feeds, DIGESTS, {JSON_FILE.name: JSON_FILE}, self.clock, silences=silences)

    def member(self, story: int, publisher: str) -> None:
        """An article in which no rule matches."""
        self.article(story, publisher, ())

    def article(self, story: int, publisher: str, rules: tuple[str, ...]) -> None:
        self.count += 1
        now = self.clock.now()
        poll(self.store, self.feed, new_entry(f"e{self.count}"), now=now)
        (entry,) = self.store.articles.waiting(now, 10)
        more = {"feed_id": self.feed.id, "publisher": publisher, "first_seen": now}
        self.store.articles.record_read(new_article(entry.row, f"Title {self.count}", **more))
        (read,) = read_articles(self.store, now)
        put_into(self.store, read.id, Grouping(f"s_{0 if self.merged else story}"))
        (grouped,) = self.store.articles.unmatched(now, 10)
        found = [NewMatch(match_of(one), rule(one), "", NAMES, (f"{self.count}",)) for one in rules]
        self.store.articles.record_matches(grouped, "rules-1", found, [], [], now)

    def silence(self, discard: bool, hours: float, after: float, what: dict[str, Any], digests: Any) -> None:
        mode = SilenceMode.DISCARD if discard else SilenceMode.HOLD
        starts = self.clock.now() + after * HOUR
        new = NewSilence(mode, starts, starts + hours * HOUR, "Sara", "works", digests=digests, **what)
        self.store.silences.add(new, self.clock.now())

    def end(self, silence: int, tell: bool) -> None:
        self.store.silences.end(silence, self.clock.now(), tell=tell)

    def merge(self) -> None:
        if self.merged:
            return
        self.member(0, "Dawn")  # stories become one when an article comes
        self.merged = True
        with self.store._db.write() as connection:
            connection.execute(t.articles.update().values(story_id="s_0"))
            connection.execute(t.story_aliases.insert().values(alias="s_1", story_id="s_0"))

    def tick(self, minutes: float) -> None:
        self.clock.advance(timedelta(minutes=minutes))
        for plan in self.stage.run():
            assert isinstance(plan, Plan), plan
            assert not set(plan.planned) & set(plan.silenced)
            self.told.update((plan.digest, match) for match in plan.planned)
        assert not list(self.planner().run())  # one that remembers nothing finds nothing left to plan

    def routings(self) -> list[sa.Row[Any]]:
        with self.store._db.read() as connection:
            return list(connection.execute(sa.select(t.routings)).all())

    def check(self) -> None:
        now = self.clock.now()
        silences = self.store.silences.in_force(now, now - STILL_DISCARDS)
        waiting = {(name, one.id): one for name in NAMES for one in self.store.digests.waiting(name)}
        for one in self.routings():
            state, key = RoutingState(one.state), (one.digest, one.match_id)
            assert (state is RoutingState.SILENCED) == (one.silence is not None)
            assert (state is RoutingState.PLANNED) == (self.told[key] == 1)
            assert self.told[key] <= 1
            if state is RoutingState.PENDING and one.digest != "few":
                out = kept_out(waiting[key], one.digest, silences, now)
                assert out is not None, "told by now, or kept out by a silence"
                assert out.held


@given(steps)
@settings(max_examples=30, deadline=None)
def test_every_match_is_told_once_or_merged_or_discarded_by_a_silence_or_held(done: list[Any]) -> None:
    room = Room()
    for verb, *how in done:
        getattr(room, verb)(*how)
    room.tick(100)
    room.check()
    made = len(room.routings())
    for silence in room.store.silences.all():
        room.end(silence.id, True)
    room.tick(100)
    room.tick(100)
    left = [one for one in room.routings() if one.state not in ("planned", "merged", "too_few")]
    assert {one.digest for one in left} <= {"few"}, "everything is told once all silences are ended"
    assert {one.state for one in left} <= {"pending"}
    assert len(room.routings()) == made
