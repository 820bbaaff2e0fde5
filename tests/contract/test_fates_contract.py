"""`Ledger.fates` and `Ledger.told_in`: a batch as it was planned, on every database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from made import NOON
from newsroom import HOUR, Newsroom, digest_settings, item
from stored import grouped, matched, plan

from monitor.adapters.store.sql import SqlStore
from monitor.core.text.urls import canonical_url
from monitor.model.digest import Every, Window
from monitor.model.feed import Feed
from monitor.ports import Store


def test_a_batch_says_its_window_its_stories_and_the_place_of_one_and_its_deliveries_which_part_they_are(
    store: SqlStore,
) -> None:
    room = Newsroom(digests=[digest_settings(schedule=Every(HOUR))], store=store)
    room.bring_in(item(), item("e2", "Trucks wait", "Hundreds of trucks wait in the rain near Chaman."))
    room.clock.set(NOON + HOUR)
    room.plan()
    places = {}
    for id_ in ("e1", "e2"):
        url = f"https://news.example/{id_}"
        (fate,) = store.ledger.fates(url, canonical_url(url))
        (routing,) = fate.matches[0].routings
        assert routing.facts is not None
        assert routing.facts.window == Window(NOON, NOON + HOUR)
        assert (routing.facts.stories, routing.facts.planned_at) == (2, NOON + timedelta(hours=1))
        (delivery,) = routing.deliveries
        assert (delivery.new.message.text, delivery.new.message.part, delivery.new.message.parts) == ("", 1, 1)
        places[id_] = routing.facts.place
    assert places == {"e1": 1, "e2": 2}  # the severe one first
    assert routing.batch is not None
    told = store.ledger.told_in("alerts", routing.batch)
    assert [one.rule for one in told] == ["torkham-closed", "trucks"]


def test_what_a_dry_run_told_is_kept_apart_from_what_a_batch_of_that_name_told(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    for entry in ("e1", "e2"):
        matched(store, grouped(store, feed, entry), "morning")
    first, second = store.digests.pending("morning")
    store.digests.record_plan(replace(plan(store), planned=(first.id,)), NOON)
    store.digests.record_plan(replace(plan(store, draft=True), planned=(second.id,)), NOON)
    assert [one.id for one in store.ledger.told_in("morning", "b1")] == [first.id]
    assert [one.id for one in store.ledger.told_in("morning", "b1", draft=True)] == [second.id]
