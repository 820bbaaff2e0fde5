"""What every kind of store promises of silences."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from made import NOON
from stored import grouped, matched, plan

from monitor.adapters.store import tables as t
from monitor.adapters.store.discards import wake_discarded
from monitor.adapters.store.rows import gone_text
from monitor.model.feed import Feed
from monitor.model.grouping import Regrouping
from monitor.model.ledger import Plan, RoutingState
from monitor.model.retention import Gone, GoneReason
from monitor.model.silence import DiscardCount, NewSilence, Silence, SilenceMode, WaitingMatch
from monitor.ports import Store

HOUR = timedelta(hours=1)


def new(*, discard: bool = False, starts: int = 0, ends: int = 12, **more: Any) -> NewSilence:
    mode = SilenceMode.DISCARD if discard else SilenceMode.HOLD
    values: dict[str, Any] = {"rules": ("torkham-*",), **more}
    return NewSilence(mode, NOON + starts * HOUR, NOON + ends * HOUR, "Sara", "planned works", **values)


@pytest.fixture
def discarding(store: Store, feed: Feed) -> Silence:
    """A silence that discarded the match e1 of s_1 in the digest "morning"; e2 waits."""
    made = store.silences.add(new(discard=True, rules=(), story="s_1"), NOON)
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed, "e1", "s_1"), "morning")
    store.digests.record_plan(discard(store, made.id), NOON)
    matched(store, grouped(store, feed, "e2", "s_2"), "morning")
    return made


def discard(store: Store, silence: int, **more: Any) -> Plan:
    """A batch without a message that ends all that waits."""
    ids = [one.id for one in store.digests.waiting("morning")]
    empty = replace(plan(store, deliveries=0), planned=(), stories=0, closes_window=False)
    return replace(empty, silenced=dict.fromkeys(ids, silence), **more)


def states(store: Store) -> dict[str, tuple[RoutingState, int | None]]:
    """How the match of the first, second, … entry stands."""
    found = store.ledger.matches(NOON - 24 * HOUR)
    return {"e" + one.url.rpartition("/")[2]: (one.routings[0].state, one.routings[0].silence) for one in found}


def set_story(store: Store, entry: str, story: str) -> None:
    with store._db.write() as connection:  # type: ignore[attr-defined]
        connection.execute(t.articles.update().where(t.articles.c.url.endswith(entry[1:])).values(story_id=story))


def test_a_silence_is_given_back_as_it_was_written(store: Store) -> None:
    written = new(discard=True, rules=("a*", "b"), tags=("border",), story="s_1", digests=("morning",))
    made = store.silences.add(written, NOON)
    assert made == Silence(
        made.id, SilenceMode.DISCARD, NOON, NOON + 12 * HOUR, "Sara", "planned works", NOON,
        ("a*", "b"), ("border",), "s_1", ("morning",),
    )  # fmt: skip
    assert store.silences.called(made.id) == made
    assert store.silences.all() == [made]
    assert store.silences.called(made.id + 1) is None
    assert store.silences.called(2**70) is None


def test_in_force_are_those_that_began_and_were_not_ended_by_hand(store: Store) -> None:
    old, later, running, ended = (
        store.silences.add(one, NOON) for one in (new(starts=-9, ends=-5), new(starts=2), new(), new())
    )
    store.silences.end(ended.id, NOON)
    assert store.silences.in_force(NOON + HOUR, NOON) == [running]
    assert store.silences.in_force(NOON + HOUR, NOON - 6 * HOUR) == [old, running]
    assert store.silences.in_force(NOON + 2 * HOUR, NOON) == [later, running]
    assert store.silences.all(ending_after=NOON) == [running, later]
    assert [one.id for one in store.silences.all()] == [ended.id, running.id, later.id, old.id]


def test_silences_are_read_page_by_page(store: Store) -> None:
    made = [store.silences.add(new(), NOON).id for _ in range(4)]
    newest = [one.id for one in store.silences.all(limit=3)]
    assert newest == [*reversed(made[1:])]
    assert [one.id for one in store.silences.all(before=newest[-1], limit=3)] == made[:1]
    assert [one.id for one in store.silences.all(ending_after=NOON, before=made[2])] == [made[1], made[0]]


def test_a_silence_says_into_which_story_its_own_went(store: Store) -> None:
    made = store.silences.add(new(rules=(), story="s_9"), NOON)
    with store._db.write() as connection:  # type: ignore[attr-defined]
        connection.execute(t.story_aliases.insert().values(alias="s_9", story_id="s_1"))
    assert store.silences.in_force(NOON, NOON) == [replace(made, gone_into="s_1")]


def test_what_waits_is_read_without_texts_and_by_its_id(store: Store, feed: Feed) -> None:
    for entry in ("e1", "e2"):
        matched(store, grouped(store, feed, entry), "morning")
    first, second = store.digests.waiting("morning")
    assert first == WaitingMatch(first.id, "torkham-closed", first.tags, "s_1", NOON)
    assert [one.id for one in store.digests.pending("morning", matches=[second.id])] == [second.id]
    assert store.digests.pending("morning", matches=[]) == []
    assert store.digests.waiting("other") == []
    assert store.digests.waiting("morning", story=second.story) == [
        one for one in (first, second) if one.story == second.story
    ]
    assert store.digests.waiting("morning", story="s_unknown") == []
    assert first.tags == store.digests.pending("morning")[0].new.rule.tags


def test_a_discarded_match_is_kept_with_its_silence_and_told_nowhere(store: Store, discarding: Silence) -> None:
    assert states(store) == {"e1": (RoutingState.SILENCED, discarding.id), "e2": (RoutingState.PENDING, None)}
    assert store.digests.told("morning", ["s_1"]) == []
    assert store.silences.discarded() == {discarding.id: DiscardCount(1, 1)}
    assert store.silences.discarded([discarding.id]) == store.silences.discarded()
    assert store.silences.discarded([]) == {}
    assert store.silences.discarded_of("s_1") == {discarding.id: 1}
    assert store.silences.discarded_of("s_2") == {}


def test_a_dry_run_discards_beside_the_real_state(store: Store, feed: Feed) -> None:
    made = store.silences.add(new(discard=True), NOON)
    matched(store, grouped(store, feed), "morning")
    store.digests.record_plan(discard(store, made.id, draft=True), NOON)
    assert store.digests.waiting("morning", draft=True) == []
    assert store.digests.told("morning", ["s_1"], draft=True) == []
    assert states(store) == {"e1": (RoutingState.PENDING, None)}


def test_nothing_is_discarded_by_a_silence_that_was_ended_since_it_was_decided(store: Store, feed: Feed) -> None:
    made = store.silences.add(new(discard=True), NOON)
    matched(store, grouped(store, feed), "morning")
    decided = discard(store, made.id)
    store.silences.end(made.id, NOON)
    store.digests.record_plan(decided, NOON)
    assert states(store) == {"e1": (RoutingState.PENDING, None)}


def test_nothing_is_discarded_that_left_the_silenced_story_since_it_was_decided(store: Store, feed: Feed) -> None:
    made = store.silences.add(new(discard=True, rules=(), story="s_1"), NOON)
    for entry in ("e1", "e2"):
        matched(store, grouped(store, feed, entry, "s_1"), "morning")
    decided = discard(store, made.id)
    with store.grouping.session() as session:
        assert session.record_stories(Regrouping({1: "s_7"}, {}, frozenset({"s_1"}))) == 0  # nothing to wake yet
    store.digests.record_plan(decided, NOON)
    assert states(store) == {"e1": (RoutingState.PENDING, None), "e2": (RoutingState.SILENCED, made.id)}


def test_an_end_without_telling_leaves_what_was_discarded(store: Store, discarding: Silence) -> None:
    ended = store.silences.end(discarding.id, NOON + HOUR)
    assert ended is not None
    assert (ended.silence.ended_at, ended.before, dict(ended.told), ended.gone) == (NOON + HOUR, None, {}, 0)
    assert states(store)["e1"] == (RoutingState.SILENCED, discarding.id)
    assert store.silences.end(discarding.id + 1, NOON) is None


def test_what_was_discarded_waits_again_when_asked_and_only_once(store: Store, discarding: Silence) -> None:
    store.silences.end(discarding.id, NOON + HOUR)
    again = store.silences.end(discarding.id, NOON + 2 * HOUR, tell=True)
    assert again is not None
    assert (again.silence.ended_at, again.before, dict(again.told)) == (NOON + HOUR, NOON + HOUR, {"morning": 1})
    assert states(store)["e1"] == (RoutingState.PENDING, None)
    assert store.silences.discarded() == {}
    third = store.silences.end(discarding.id, NOON, tell=True)
    assert third is not None
    assert dict(third.told) == {}


def test_a_forgotten_text_is_not_brought_back_and_a_pruned_one_is(store: Store, discarding: Silence) -> None:
    def gone(reason: GoneReason) -> None:
        with store._db.write() as connection:  # type: ignore[attr-defined]
            mark = gone_text(Gone(reason, NOON))
            connection.execute(t.articles.update().where(t.articles.c.story_id == "s_1").values(text_gone=mark))

    gone(GoneReason.FORGOTTEN)
    ended = store.silences.end(discarding.id, NOON, tell=True)
    assert ended is not None
    assert (dict(ended.told), ended.gone) == ({}, 1)
    gone(GoneReason.RETENTION)
    ended = store.silences.end(discarding.id, NOON, tell=True)
    assert ended is not None
    assert dict(ended.told) == {"morning": 1}


def test_an_article_that_leaves_the_silenced_story_waits_again(store: Store, discarding: Silence) -> None:
    with store._db.write() as connection:  # type: ignore[attr-defined]
        assert wake_discarded(connection, ["s_1"]) == 0  # it stands where the silence said
    set_story(store, "e1", "s_7")
    with store._db.write() as connection:  # type: ignore[attr-defined]
        connection.execute(t.story_aliases.insert().values(alias="s_1", story_id="s_7"))
        assert wake_discarded(connection, ["s_7"]) == 0  # the whole story went there
        connection.execute(t.story_aliases.delete())
        assert wake_discarded(connection, ["s_7"]) == 1
    assert states(store)["e1"] == (RoutingState.PENDING, None)


def test_a_split_of_the_silenced_story_wakes_what_leaves_it(store: Store, discarding: Silence) -> None:
    with store.grouping.session() as session:
        assert session.record_stories(Regrouping({1: "s_7"}, {}, frozenset({"s_1"}))) == 1
    assert states(store)["e1"] == (RoutingState.PENDING, None)


def test_a_merge_of_the_silenced_story_leaves_what_was_discarded(store: Store, discarding: Silence) -> None:
    with store.grouping.session() as session:
        assert session.record_stories(Regrouping({1: "s_2"}, {"s_1": "s_2"}, frozenset({"s_1"}))) == 0
    assert states(store)["e1"] == (RoutingState.SILENCED, discarding.id)
    assert store.silences.called(discarding.id) == replace(discarding, gone_into="s_2")
