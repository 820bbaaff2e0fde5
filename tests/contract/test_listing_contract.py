"""What every store promises of "the feed listed it until then"."""

from __future__ import annotations

from datetime import datetime, timedelta

from made import MINUTE, NOON, decision, new_entry
from stored import poll, record_poll

from monitor.model.feed import Feed, PollOutcome
from monitor.ports import Store

DAY = timedelta(days=1)


def listed(store: Store, feed: Feed) -> dict[str, datetime | None]:
    """When each entry was last listed, by its id."""
    return {one.id: one.listed_at for one in store.feeds.known_entries(feed.id, ["e1", "e2", "e3"], [])}


def row(store: Store, feed: Feed, id: str) -> int:
    return store.feeds.known_entries(feed.id, [id], [])[0].row


def unchanged(store: Store, now: datetime) -> None:
    """The feed says 304."""
    said = decision(outcome=PollOutcome.NOT_MODIFIED)
    record_poll(store, store.feeds.all()[0], said, [], now=now)


def test_a_new_entry_is_listed_when_its_body_was_read(store: Store, feed: Feed) -> None:
    assert feed.listed_at is None
    poll(store, feed, new_entry())
    assert store.feeds.all()[0].listed_at == NOON
    assert listed(store, feed) == {"e1": NOON}


def test_an_answer_without_a_body_lists_nothing(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry())
    for outcome in (PollOutcome.NOT_MODIFIED, PollOutcome.UNCHANGED, PollOutcome.TIMEOUT, PollOutcome.NOT_A_FEED):
        said = decision(outcome=outcome)
        record_poll(store, feed, said, [], now=NOON + DAY)
    assert store.feeds.all()[0].listed_at == NOON
    assert listed(store, feed) == {"e1": NOON}


def test_entries_that_are_still_listed_are_renewed_and_the_others_keep_their_time(
    store: Store, feed: Feed
) -> None:
    poll(store, feed, new_entry("e1"), new_entry("e2"))
    poll(store, store.feeds.all()[0], new_entry("e3"), now=NOON + 2 * DAY, listed=[row(store, feed, "e1")])
    assert listed(store, feed) == {"e1": NOON + 2 * DAY, "e2": NOON, "e3": NOON + 2 * DAY}


def test_a_thousand_entries_are_renewed_at_once(store: Store, feed: Feed) -> None:
    ids = [f"e{n}" for n in range(1000)]
    poll(store, feed, *(new_entry(one) for one in ids))
    rows = [one.row for one in store.feeds.known_entries(feed.id, ids, [])]
    poll(store, feed, now=NOON + 2 * DAY, listed=rows)
    assert {one.listed_at for one in store.feeds.known_entries(feed.id, ids, [])} == {NOON + 2 * DAY}


def test_what_a_feed_listed_unchanged_for_weeks_was_listed_until_it_last_said_so(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry("e1"), now=NOON - 3 * DAY)
    poll(store, store.feeds.all()[0], new_entry("e2"), now=NOON)  # e1 left the feed on the way
    unchanged(store, NOON + 20 * DAY)
    assert listed(store, feed)["e2"] == NOON
    poll(store, store.feeds.all()[0], new_entry("e3"), now=NOON + 20 * DAY + MINUTE)
    assert listed(store, feed) == {
        "e1": NOON - 3 * DAY,
        "e2": NOON + 20 * DAY,
        "e3": NOON + 20 * DAY + MINUTE,
    }


def test_the_last_listing_of_one_feed_is_no_business_of_another(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry("e1"))
    unchanged(store, NOON + 20 * DAY)
    other = store.feeds.all()[0]
    store.feeds.sync([feed.settings, type(feed.settings)("https://wire.example/feed", "Wire")], NOON)
    wire = store.feeds.all()[1]
    poll(store, wire, new_entry("e1"), now=NOON)
    poll(store, other, now=NOON + 21 * DAY)
    assert listed(store, wire) == {"e1": NOON}
