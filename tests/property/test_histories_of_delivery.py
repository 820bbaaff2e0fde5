"""Any history of news, nights, silences, forgetting, regrouping and clocks: no match is lost or told to nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import event, given, settings
from hypothesis import strategies as st
from made import NOON, feed_settings, match_of, new_article, new_entry, rule
from newsroom import DAY, FEED, HOUR, JSON_FILE, digest_settings, fresh_store
from stored import LEASE, poll, put_into, read_articles

from monitor.adapters.store import tables as t
from monitor.adapters.store.discards import wake_discarded
from monitor.adapters.store.sql import SqlStore
from monitor.adapters.store.told import wake_merged, wake_too_few
from monitor.model.article import DuplicateReason, Grouping
from monitor.model.delivery import (
    Delivery,
    DeliveryState,
    EmailEndpoint,
    Receipt,
    Receiver,
    RetryDecision,
    RetryReason,
)
from monitor.model.digest import AlreadySent, Cron, DigestSettings, Every, Immediate, QuietSettings, Window
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.ledger import NewMatch, Plan, RoutingState
from monitor.model.rule import Severity
from monitor.model.silence import NewSilence, SilenceMode
from monitor.model.suppression import SuppressedBy, Suppression
from monitor.pipeline.digest import DigestStage
from monitor.pipeline.prune import PruneStage
from monitor.testing import FakeClock

READER = "reader@example.org"
RECEIVERS = {
    "desk": JSON_FILE,
    "reader": Receiver("reader", (EmailEndpoint((f"Reader <{READER}>",)),)),
    "again": Receiver("again", (EmailEndpoint((READER,)),)),
}
NIGHT = QuietSettings((time(22), time(6)), override=Severity.HIGH)
BOTH = {"to": ("desk", "reader", "again"), "max_stories": 2}
DIGESTS = (
    digest_settings("now", quiet=NIGHT, schedule=Immediate(timedelta(seconds=30)), **BOTH),
    digest_settings("hourly", schedule=Every(HOUR), quiet=NIGHT, already_sent=AlreadySent.SKIP, **BOTH),
    digest_settings("morning", schedule=Cron("0 8 * * *"), already_sent=AlreadySent.BRIEF, **BOTH),
    digest_settings("few", min_publishers=2, already_sent=AlreadySent.SKIP, **BOTH),
)
NAMES = tuple(one.name for one in DIGESTS)
LOUD = frozenset({"closed"})
RULES = ("closed", "dead")

which = st.integers(0, 7)
article = st.tuples(
    st.just("article"),
    st.integers(0, 2),
    st.sampled_from([RULES[:1], RULES[1:], RULES, ()]),
    st.integers(0, 2),  # its matched sentence
    st.sampled_from([None, None, DuplicateReason.NEAR_DUPLICATE]),
)
silence = st.tuples(
    st.just("silence"),
    st.booleans(),
    st.sampled_from([1, 12, 80]),
    st.sampled_from([{"rules": ("*",)}, {"rules": ("dead",)}, {"story": "s_0"}]),
)
steps = st.lists(
    st.one_of(
        article,
        article,
        st.tuples(st.just("crowd")),
        silence,
        st.tuples(st.just("pass_time"), st.sampled_from([1, 1, 20, 60, 300, 600, 2_000])),
        st.tuples(st.just("pass_time"), st.sampled_from([1, 60, 600])),
        st.tuples(st.just("set_clock"), st.sampled_from([-3_000, -90, 3_000])),
        st.tuples(st.just("deliver"), st.lists(st.sampled_from(["sent", "sent", "dead", "wait"]), min_size=1)),
        st.tuples(st.just("end"), st.integers(1, 2), st.booleans()),
        st.tuples(st.just("move"), which, st.integers(0, 2)),
        st.tuples(st.just("forget"), which),
        st.tuples(st.just("prune")),
        st.tuples(st.just("by_hand"), st.booleans()),
        st.tuples(st.just("reload"), st.booleans()),
        st.tuples(st.just("leave"), st.sampled_from(NAMES)),
    ),
    min_size=6,
    max_size=16,
)


class House:
    """Four digests for a desk and a reader; articles come matched."""

    def __init__(self) -> None:
        self.store: SqlStore = fresh_store()
        self.clock = FakeClock()
        self.store.feeds.sync([feed_settings(FEED)], NOON)
        (self.feed,) = self.store.feeds.all()
        for name in NAMES:
            self.store.digests.open_digest(name, NOON)
        self.digests: tuple[DigestSettings, ...] = DIGESTS
        self.count = 0

    # ---- what happens

    def article(self, story: int, rules: tuple[str, ...], sentence: int, reason: DuplicateReason | None) -> None:
        self.count += 1
        now = self.clock.now()
        url = f"https://news.example/{self.count}"
        poll(self.store, self.feed, new_entry(f"e{self.count}", link=url), now=now)
        (entry,) = self.store.articles.waiting(now, 10)
        more = {"feed_id": self.feed.id, "first_seen": now, "publisher": f"P{self.count % 3}", "url": url}
        self.store.articles.record_read(new_article(entry.row, f"Title{self.count}.", **more))
        (read,) = read_articles(self.store, now)
        put_into(self.store, read.id, Grouping(f"s_{story}", None, reason))
        (grouped,) = self.store.articles.unmatched(now, 10)
        found = [
            NewMatch(
                match_of(one),
                rule(one, severity=Severity.HIGH if one in LOUD else Severity.NORMAL),
                "",
                NAMES,
                (f"{sentence}",),
            )
            for one in rules
        ]
        self.store.articles.record_matches(grouped, "rules-1", found, [], [], now)
        self.wake(f"s_{story}")

    def crowd(self) -> None:
        for number in range(11):
            self.article(10 + number, RULES[1:], 0, None)

    def silence(self, discard: bool, hours: float, what: dict[str, Any]) -> None:
        now, mode = self.clock.now(), SilenceMode.DISCARD if discard else SilenceMode.HOLD
        self.store.silences.add(NewSilence(mode, now, now + hours * HOUR, "Sara", "works", **what), now)

    def end(self, number: int, tell: bool) -> None:
        self.store.silences.end(number, self.clock.now(), tell=tell)

    def pass_time(self, minutes: int) -> None:
        self.clock.advance(timedelta(minutes=minutes))
        self.plan()

    def set_clock(self, minutes: int) -> None:
        self.clock.advance(timedelta(minutes=minutes))
        self.store.set_right(self.clock.now())
        self.plan()

    def by_hand(self, draft: bool) -> None:
        self.clock.advance(timedelta(seconds=1))  # nobody closes two windows in one microsecond
        self.plan(draft=draft, close_all=True)

    def reload(self, quiet: bool) -> None:
        other = {"quiet": QuietSettings(), "already_sent": AlreadySent.FULL}
        self.digests = DIGESTS if quiet else tuple(replace(one, **other) for one in DIGESTS)

    def leave(self, digest: str) -> None:
        self.store.suppressions.add(Suppression(digest, READER, self.clock.now(), SuppressedBy.LINK))

    def move(self, number: int, story: int) -> None:
        with self.store._db.read() as connection:
            rows = connection.execute(sa.select(t.articles.c.id, t.articles.c.story_id)).all()
        if rows:
            one = rows[number % len(rows)]
            with self.store._db.write() as connection:
                here = t.articles.c.id == one.id
                connection.execute(t.articles.update().where(here).values(story_id=f"s_{story}"))
            self.wake(one.story_id, f"s_{story}")

    def wake(self, *stories: str) -> None:
        """As grouping does."""
        with self.store._db.write() as connection:
            wake_merged(connection, stories)
            wake_discarded(connection, stories)
            wake_too_few(connection, stories)

    def forget(self, number: int) -> None:
        url = f"https://news.example/{number % self.count + 1}" if self.count else "https://news.example/"
        self.store.retention.forget(url, url, self.clock.now(), even_unsent=True)

    def prune(self) -> None:
        stage = PruneStage(self.store.retention, self.clock, 30 * DAY, False, DAY, "rules-1")
        assert list(stage.run_all(lambda: False)) is not None

    def deliver(self, outcomes: list[str]) -> None:
        now = self.clock.advance(timedelta(minutes=1))
        while claimed := self.store.outbox.claim(now, LEASE, 100):
            for one, outcome in zip(claimed, outcomes * len(claimed), strict=False):
                if outcome == "sent":
                    self.store.outbox.record_sent(one, Receipt("taken"), now)
                else:
                    retry_at = None if outcome == "dead" else now + HOUR
                    failure = DeliveryFailed(DeliveryFault.UNREACHABLE, "no")
                    self.store.outbox.record_failure(
                        one, failure, RetryDecision(retry_at, RetryReason.BACK_OFF), now
                    )

    # ---- what must hold

    def plan(self, *, draft: bool = False, close_all: bool = False) -> None:
        stage = DigestStage(
            self.store.digests,
            self.store.feeds,
            self.digests,
            RECEIVERS,
            self.clock,
            draft,
            silences=self.store.silences,
            suppressed=self.store.suppressions.suppressed,
        )
        for plan in stage.run(close_all=close_all):
            assert isinstance(plan, Plan), plan
            if not draft:
                self.expect_told(plan)

    def expect_told(self, plan: Plan) -> None:
        """Each planned match stands in a message to each recipient, or it is on record why not."""
        rows = [one for one in self.deliveries() if (one.new.digest, one.new.batch) == (plan.digest, plan.batch)]
        for match, (story, titles) in self.told(plan.planned).items():
            assert self.state_of(plan.digest, match) is RoutingState.PLANNED, "recorded"
            assert any(self.shows(one, story, titles) for one in rows if one.new.receiver == "desk") or (
                self.left_out(plan, match, "desk")
            )
            if plan.suppressed:
                assert not [one for one in rows if one.new.receiver != "desk"]
            else:
                mails = [one for one in rows if one.new.receiver == "reader"]
                assert any(self.shows(one, story, titles) for one in mails) or self.left_out(plan, match, "reader")

    @staticmethod
    def shows(one: Delivery, story: str, titles: frozenset[str]) -> bool:
        message = one.new.message
        if message.payload is not None:
            return any(shown["id"] == story for shown in message.payload["stories"])
        text = message.text.replace("[", "").replace("]", "")  # around matched words
        return any(title in text for title in titles)

    @staticmethod
    def left_out(plan: Plan, match: int, receiver: str) -> bool:
        return any(
            match in one.matches and one.receiver == receiver and one.shown is AlreadySent.SKIP
            for one in plan.sent_before
        )

    def told(self, matches: tuple[int, ...]) -> dict[int, tuple[str, frozenset[str]]]:
        m, a = t.matches.c, t.articles.c
        with self.store._db.read() as connection:
            query = sa.select(m.id, a.story_id).join(t.articles, a.id == m.article_id).where(m.id.in_(matches))
            story_of = {row.id: row.story_id for row in connection.execute(query)}
            titles: dict[str, set[str]] = {}
            for row in connection.execute(sa.select(a.story_id, a.title)):
                titles.setdefault(row.story_id, set()).add(row.title)
        return {match: (story, frozenset(titles[story])) for match, story in story_of.items()}

    def deliveries(self) -> list[Delivery]:
        return list(self.store.ledger.deliveries(limit=100_000))

    def routings(self) -> list[sa.Row[Any]]:
        with self.store._db.read() as connection:
            return list(connection.execute(sa.select(t.routings)).all())

    def state_of(self, digest: str, match: int) -> RoutingState:
        (state,) = (one.state for one in self.routings() if (one.digest, one.match_id) == (digest, match))
        return RoutingState(state)

    def check_at_the_end(self) -> None:
        """All silences are over, all windows closed: nothing waits, and no message that counts is lost."""
        for hours in (480, 25, 9, 9):  # at one of them it is not quiet
            self.clock.advance(hours * HOUR)
            self.plan()
        rows = self.deliveries()
        spoiled = {
            (one.new.digest, one.new.batch)
            for one in rows
            if one.state is DeliveryState.DEAD and (one.last_error or "").startswith("forgotten")
        }
        for one in self.routings():
            state = RoutingState(one.state)
            assert state is not RoutingState.PENDING, one
            by_silence = one.silence is not None
            assert by_silence or state is not RoutingState.SILENCED
            assert not by_silence or state in (RoutingState.SILENCED, RoutingState.FORGOTTEN)
            if state is RoutingState.PLANNED:
                assert (one.digest, one.batch) not in spoiled, "it waits again, and is told in another message"


def live(history: list[tuple[Any, ...]]) -> House:
    house = House()
    for verb, *how in history:
        getattr(house, verb)(*how)
    house.check_at_the_end()
    return house


@pytest.mark.soak
@given(steps)
@settings(max_examples=100, deadline=None)
def test_every_match_is_told_to_everybody_or_it_is_on_record_why_not(history: list[tuple[Any, ...]]) -> None:
    house = live(history)
    event(f"states: {sorted({one.state for one in house.routings()})}")


def test_a_history_with_a_little_of_everything_loses_nothing() -> None:
    house = live(
        [
            ("article", 0, RULES, 0, None),
            ("pass_time", 1),
            ("deliver", ["sent"]),
            ("article", 0, RULES[1:], 0, DuplicateReason.NEAR_DUPLICATE),
            ("silence", True, 1, {"story": "s_1"}),
            ("article", 1, RULES[1:], 1, None),
            ("pass_time", 600),  # into the night
            ("crowd",),
            ("pass_time", 300),
            ("forget", 3),
            ("set_clock", -90),
            ("pass_time", 300),
            ("prune",),
            ("move", 5, 2),
            ("reload", False),
            ("pass_time", 60),
        ]
    )
    states = {one.state for one in house.routings()}
    assert states == {one.value for one in RoutingState if one is not RoutingState.PENDING}


def test_the_law_would_see_matches_that_nobody_is_told() -> None:
    house = House()
    house.article(0, RULES, 0, None)
    house.pass_time(1)
    with house.store._db.write() as connection:
        connection.execute(t.deliveries.delete().where(t.deliveries.c.receiver == "reader"))
    m = sa.select(t.routings.c.batch, t.routings.c.match_id).where(t.routings.c.digest == "now")
    with house.store._db.read() as connection:
        rows = connection.execute(m).all()
    window = Window(NOON, house.clock.now())
    plan = Plan("now", rows[0].batch, window, tuple(one.match_id for one in rows), (), (), 1, closes_window=False)
    with pytest.raises(AssertionError):
        house.expect_told(plan)
