"""Any sequence of articles, regroupings and plans: every match ends with a fate, and what is merged was told."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from made import NOON, feed_settings, match_of, new_article, new_entry, rule
from newsroom import DAY, FEED, JSON_FILE, digest_settings, fresh_store
from stored import poll, put_into, read_articles

from monitor.adapters.store import tables as t
from monitor.adapters.store.sql import SqlStore
from monitor.model.article import DuplicateReason, Grouping
from monitor.model.digest import Every
from monitor.model.ledger import NewMatch, Plan, RoutingState
from monitor.model.telling import Material, Merged, Updates, why_of
from monitor.pipeline.digest import DigestStage
from monitor.testing import FakeClock

DIGESTS = (
    digest_settings("now"),
    digest_settings("off", updates=Updates.NONE, schedule=Every(timedelta(minutes=30))),
    digest_settings("few", min_publishers=2),
)
NAMES = tuple(one.name for one in DIGESTS)
RULES = ("closed", "dead")
small = st.integers(0, 3)
arrivals = st.tuples(
    st.just("article"),
    st.integers(0, 1),  # its story
    st.sampled_from(["Dawn", "AVA", "Arab News"]),
    st.sampled_from([RULES[:1], RULES[1:], RULES]),
    small,  # its matched sentence
    st.sampled_from(["", "", "", "Torkham", "Chaman"]),
    st.sampled_from([None, None, None, DuplicateReason.NEAR_DUPLICATE]),
    st.sampled_from([False] * 5 + [True]),  # whether an earlier wording matched in the same sentences
)
moves = st.tuples(st.just("move"), small, small)
plans = st.tuples(st.just("plan"), st.sampled_from([0, 0, 0, 2]))
# A rhythm that brings what is rare by chance: something is told, something comes after it, then one moves away.
rounds = st.tuples(arrivals, plans, arrivals, plans, moves)
steps = st.lists(st.one_of(rounds, rounds, st.tuples(arrivals), st.tuples(moves)), min_size=2, max_size=4)


class Room:
    """A store with one feed, into which articles come matched."""

    def __init__(self) -> None:
        self.store: SqlStore = fresh_store()
        self.clock = FakeClock()
        self.store.feeds.sync([feed_settings(FEED)], NOON)
        (self.feed,) = self.store.feeds.all()
        self.stage = DigestStage(
            self.store.digests, self.store.feeds, DIGESTS, {JSON_FILE.name: JSON_FILE}, self.clock
        )
        self.batches: list[tuple[str, str]] = []
        self.count = 0

    def article(self, story, publisher, rules, sentence, name, reason, edited) -> None:  # type: ignore[no-untyped-def]
        self.count += 1
        poll(self.store, self.feed, new_entry(f"e{self.count}"), now=self.clock.now())
        (entry,) = self.store.articles.waiting(self.clock.now(), 10)
        more = {"feed_id": self.feed.id, "publisher": publisher, "first_seen": self.clock.now()}
        self.store.articles.record_read(new_article(entry.row, f"Title {sentence}", **more))
        (read,) = read_articles(self.store, self.clock.now())
        put_into(self.store, read.id, Grouping(f"s_{story}", None, reason))
        (grouped,) = self.store.articles.unmatched(self.clock.now(), 10)
        found = [
            NewMatch(
                match_of(one), rule(one), "", NAMES, (f"{sentence}",), not edited, None, (name,) if name else ()
            )
            for one in sorted(rules)
        ]
        self.store.articles.record_matches(grouped, "rules-1", found, [], [], self.clock.now())

    def move(self, which: int, story: int) -> None:
        """Regrouping: an article changes its story, and what was merged and stands alone now waits again."""
        with self.store._db.write() as connection:
            ids = list(connection.execute(sa.select(t.articles.c.id).order_by(t.articles.c.id)).scalars())
            if ids:
                moved = t.articles.update().where(t.articles.c.id == ids[which % len(ids)])
                connection.execute(moved.values(story_id=f"s_{story}"))
        alone = [one for one in self.routings() if one.state == "merged" and self.is_alone(one)]
        with self.store._db.write() as connection:
            r = t.routings.c
            for one in alone:
                this = t.routings.update().where(r.match_id == one.match_id, r.digest == one.digest)
                connection.execute(this.values(state="pending", batch=None, why=None))

    def plan(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=7 * hours, minutes=1))
        for plan in self.stage.run():
            assert isinstance(plan, Plan), plan
            self.batches.append((plan.digest, plan.batch))

    def routings(self) -> list[sa.Row]:  # type: ignore[type-arg]
        query = (
            sa.select(t.routings, t.matches.c.rule_id, t.matches.c.news, t.articles.c.story_id)
            .join(t.matches, t.matches.c.id == t.routings.c.match_id)
            .join(t.articles, t.articles.c.id == t.matches.c.article_id)
        )
        with self.store._db.read() as connection:
            return list(connection.execute(query).all())

    def is_alone(self, one: sa.Row) -> bool:  # type: ignore[type-arg]
        told = {(other.rule, other.story) for other in self.store.digests.told(one.digest, [one.story_id])}
        return (one.rule_id, one.story_id) not in told


@given(steps)
@settings(max_examples=15, deadline=None)
def test_every_match_ends_with_a_fate_and_what_is_merged_was_told(done: list[tuple]) -> None:  # type: ignore[type-arg]
    room = Room()
    for verb, *how in [*(step for some in done for step in some), ("plan", 3), ("plan", 3)]:
        getattr(room, verb)(*how)
    for one in room.routings():
        state, why = RoutingState(one.state), why_of(one.why)
        if state is RoutingState.PLANNED:
            assert isinstance(why, Material)
        elif state is RoutingState.MERGED:
            assert isinstance(why, Merged)
            assert (why is Merged.EARLIER_WORDING) is not one.news
            assert not one.news or not room.is_alone(one)
        else:
            assert (state, one.digest) == (RoutingState.PENDING, "few"), "held back"
    room.clock.advance(9 * DAY)
    room.plan(0)
    assert not [one for one in room.routings() if one.state == "pending"]
    assert len(set(room.batches)) == len(room.batches)
    keys = [one.new.key for one in room.store.ledger.deliveries(limit=10_000)]
    assert len(set(keys)) == len(keys)
    assert len(keys) == sum(_has_stories(room, *one) for one in room.batches)
    before = room.routings()
    room.plan(0)
    assert room.routings() == before


def _has_stories(room: Room, digest: str, batch: str) -> bool:
    b = t.batches.c
    with room.store._db.read() as connection:
        found = sa.select(b.stories).where(b.digest == digest, b.batch == batch)
        return bool(connection.execute(found).scalar_one())
