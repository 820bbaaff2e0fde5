"""Any order, any batching, any interleaving of the same articles gives the same copies and the same stories."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from made import NOON, feed_settings
from newsroom import fresh_store
from reports import Report, groups_of, report, store_reports

from monitor.adapters.store.sql import SqlStore
from monitor.pipeline.group import GroupStage
from monitor.testing import FakeClock

HOUR = timedelta(hours=1)

listed = st.builds(
    lambda event, variant, host, hours, path: (event, variant, host, hours, path),
    event=st.integers(1, 3),
    variant=st.integers(0, 2),
    host=st.sampled_from(("a.example", "b.example", "c.example")),
    hours=st.sampled_from((0, 1, 20, 60, 100, 250)),
    path=st.sampled_from(("", "", "live")),
)
Cut = tuple[Sequence[Report], Sequence[Sequence[Report]], int]


@st.composite
def deals(draw: st.DrawFn) -> Cut:
    """Reports; the same in another order and in pieces; and how many are grouped in one transaction."""
    drawn = draw(st.lists(listed, min_size=2, max_size=9, unique=True))
    world = [
        report(f"e{number}", event, variant, host=host, when=NOON - hours * HOUR, path=path)
        for number, (event, variant, host, hours, path) in enumerate(drawn)
    ]
    shuffled = draw(st.permutations(world))
    cuts = sorted(draw(st.sets(st.integers(1, len(world) - 1), max_size=4)))
    pieces = [shuffled[start:end] for start, end in pairwise([0, *cuts, len(world)])]
    return world, pieces, draw(st.sampled_from((1, 2, 100)))


def grouped(pieces: Sequence[Sequence[Report]], batch: int) -> SqlStore:
    """A store that got the pieces one after the other."""
    store = fresh_store()
    store.feeds.sync([feed_settings()], NOON)
    (feed,) = store.feeds.all()
    stage = GroupStage(store.grouping, FakeClock(NOON), batch=batch)
    for piece in pieces:
        store_reports(store, feed, piece)
        list(stage.run(lambda: False))
    return store


@given(deals())
@settings(max_examples=25, deadline=None)
def test_any_order_and_any_batching_give_the_same_copies_and_stories(deal: Cut) -> None:
    world, pieces, batch = deal
    together = groups_of(grouped([world], 100), world)
    assert groups_of(grouped(pieces, batch), world) == together
