"""weigh: term weights are learned from the archive once a week, and nothing that was found by old ones is lost."""

from __future__ import annotations

from datetime import timedelta

from made import NOON, feed_settings
from newsroom import fresh_store
from reports import groups_of, report, store_reports

from monitor.adapters.store.sql import SqlStore
from monitor.core.stories.idf import Idf
from monitor.model.feed import Feed
from monitor.pipeline.group import GroupStage
from monitor.pipeline.weigh import EVERY, LOOK_EVERY, WeighStage
from monitor.testing import FakeClock

REPORTS = [report(f"e{number}", number, 0) for number in range(6)]


def stored() -> tuple[SqlStore, Feed]:
    store = fresh_store()
    store.feeds.sync([feed_settings()], NOON)
    (feed,) = store.feeds.all()
    store_reports(store, feed, REPORTS)
    list(GroupStage(store.grouping, FakeClock(NOON)).run(lambda: False))
    return store, feed


def test_weights_are_learned_once_a_week_from_enough_articles() -> None:
    store, _ = stored()
    clock = FakeClock(NOON)
    assert WeighStage(store.grouping, clock, at_least=7).run(lambda: False) is None
    weigh = WeighStage(store.grouping, clock, at_least=5)
    made = weigh.run(lambda: False)
    assert made is not None
    assert Idf.from_bytes(store.grouping.weights_of(made.version)).version == made.version
    assert weigh.run(lambda: False) is None
    clock.advance(EVERY)
    assert weigh.run(lambda: True) is None
    assert weigh.run(lambda: False) is not None


def test_weights_of_few_articles_are_learned_anew_before_the_week_is_over() -> None:
    store, feed = stored()
    clock = FakeClock(NOON)
    weigh = WeighStage(store.grouping, clock, at_least=5, again=213)  # the shipped ones count as 200 articles
    assert weigh.run(lambda: False) is not None
    clock.advance(LOOK_EVERY)
    assert weigh.run(lambda: False) is None
    store_reports(store, feed, [report(f"more{number}", number, 2) for number in range(207)])
    clock.advance(LOOK_EVERY)
    assert weigh.run(lambda: False) is not None
    clock.advance(LOOK_EVERY)
    assert weigh.run(lambda: False) is None


def test_a_story_goes_on_over_a_change_of_weights() -> None:
    store, feed = stored()
    assert WeighStage(store.grouping, FakeClock(NOON), at_least=5).run(lambda: False) is not None
    late = [report(f"late{number}", number, 1, host="third.example") for number in range(6)]
    store_reports(store, feed, late)
    stage = GroupStage(store.grouping, FakeClock(NOON + timedelta(hours=1)))
    assert len(stage.likeness().weights) == 2
    list(stage.run(lambda: False))
    assert groups_of(store, [*REPORTS, *late])[1] == {frozenset({f"e{n}", f"late{n}"}) for n in range(6)}
