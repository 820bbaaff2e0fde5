"""What every store promises of subscribing by hand, of passive feeds, and of what feeds list."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from made import MINUTE, NOON, decision, feed_settings, new_entry
from stored import LEASE, poll, record_poll

from monitor.model.entry import EntryFlag, Fate
from monitor.model.feed import (
    Feed,
    FeedOrigin,
    FeedSettings,
    FeedStatus,
    Listing,
    PollOutcome,
    Subscription,
)
from monitor.ports import Store

DAY = timedelta(days=1)


def added(url: str = "https://added.example/feed", **more: object) -> FeedSettings:
    return feed_settings(url, origin=FeedOrigin.STORE, **more)


def subscribe(store: Store, *wanted: FeedSettings, **more: timedelta) -> list[Feed]:
    return list(store.feeds.subscribe([Subscription(one, NOON) for one in wanted], NOON, **more))


# ---- subscribing


def test_a_feed_that_was_added_is_due_at_its_first_time_and_lives_in_the_store(store: Store) -> None:
    (made,) = store.feeds.subscribe([Subscription(added(), NOON + 10 * MINUTE)], NOON)
    assert (made.settings, made.status, made.subscribed_at) == (added(), FeedStatus.ACTIVE, NOON)
    assert not store.feeds.claim_due(NOON + 9 * MINUTE, LEASE, 10)
    assert store.feeds.claim_due(NOON + 10 * MINUTE, LEASE, 10)


def test_with_a_lease_nobody_claims_it_until_the_lease_ends(store: Store) -> None:
    subscribe(store, added(), lease=LEASE)
    assert not store.feeds.claim_due(NOON + MINUTE, LEASE, 10)
    assert store.feeds.claim_due(NOON + LEASE, LEASE, 10)


def test_what_is_subscribed_to_already_is_left_as_it_is(store: Store, feed: Feed) -> None:
    other = replace(feed.settings, name="Other", origin=FeedOrigin.STORE)
    assert [one.settings for one in subscribe(store, other, added())] == [added()]
    assert store.feeds.all()[0] == feed


def test_a_feed_that_was_removed_goes_on_where_it_was_with_its_new_settings(store: Store) -> None:
    (first,) = subscribe(store, added(name=None))
    poll(store, first, new_entry())
    store.feeds.unsubscribe(first.id)
    assert store.feeds.all()[0].status is FeedStatus.REMOVED
    assert not store.feeds.claim_due(NOON + DAY, LEASE, 10)
    (again,) = subscribe(store, added(name="Mine", tags=("border",)))
    assert (again.id, again.name, again.settings.tags) == (first.id, "Mine", ("border",))
    assert (again.first_success_at, again.body_hash, again.status) == (NOON, "body", FeedStatus.ACTIVE)


def test_a_gone_feed_can_be_subscribed_to_again(store: Store) -> None:
    (first,) = subscribe(store, added())
    gone = decision(outcome=PollOutcome.GONE, status=FeedStatus.GONE)
    record_poll(store, first, gone, [], now=NOON)
    assert [one.id for one in subscribe(store, added())] == [first.id]
    assert store.feeds.claim_due(NOON, LEASE, 10)


def test_reading_a_config_leaves_feeds_that_were_added_alone(store: Store) -> None:
    subscribe(store, added())
    store.feeds.sync([feed_settings()], NOON)
    store.feeds.sync([], NOON)
    assert [(one.settings.origin, one.status) for one in store.feeds.all()] == [
        (FeedOrigin.STORE, FeedStatus.ACTIVE),
        (FeedOrigin.CONFIG, FeedStatus.REMOVED),
    ]


def test_a_thousand_feeds_are_added_at_once_each_once(store: Store) -> None:
    many = [added(f"https://{n}.example/feed") for n in range(1000)]
    assert [one.settings.url for one in subscribe(store, *many)] == [one.url for one in many]
    assert not subscribe(store, *many)
    assert len(store.feeds.all()) == 1000


# ---- passive feeds


def test_a_publisher_has_one_passive_feed(store: Store) -> None:
    feed = store.feeds.passive_feed("Stringer", NOON)
    assert store.feeds.passive_feed("Stringer", NOON + DAY) == feed
    assert (feed.status, feed.settings.origin, feed.name) == (FeedStatus.PASSIVE, FeedOrigin.INGEST, "Stringer")
    assert store.feeds.passive_feed("Wire", NOON).id != feed.id


def test_a_passive_feed_is_never_due_and_no_config_removes_it(store: Store) -> None:
    store.feeds.passive_feed("Stringer", NOON)
    store.feeds.sync([], NOON)
    assert store.feeds.make_all_due(NOON) == 0
    assert not store.feeds.claim_due(NOON + DAY, LEASE, 10)
    assert store.feeds.all()[0].status is FeedStatus.PASSIVE


def test_a_document_is_stored_once_with_its_language_section_and_tags_and_waits(store: Store) -> None:
    feed = store.feeds.passive_feed("Stringer", NOON)
    entry = new_entry("m1", language="ur", section="World", tags=("border", "سرحد"))
    assert store.feeds.record_documents(feed.id, [entry], NOON) == 1
    assert store.feeds.record_documents(feed.id, [entry], NOON) == 0
    (waiting,) = store.articles.waiting(NOON, 10)
    assert waiting.new.parsed == entry.parsed
    assert (waiting.feed_name, waiting.feed_tags, waiting.full_text) == ("Stringer", (), False)


def test_a_document_that_is_handed_over_again_is_listed_anew(store: Store) -> None:
    feed = store.feeds.passive_feed("Stringer", NOON)
    store.feeds.record_documents(feed.id, [new_entry("m1"), new_entry("m2")], NOON)
    (known,) = store.feeds.known_entries(feed.id, ["m1"], [])
    store.feeds.record_documents(feed.id, [], NOON + 2 * DAY, listed=[known.row])
    times = {one.id: one.listed_at for one in store.feeds.known_entries(feed.id, ["m1", "m2"], [])}
    assert times == {"m1": NOON + 2 * DAY, "m2": NOON}


# ---- what feeds list


def test_a_listing_counts_what_was_listed_last_and_what_is_odd_about_it(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry("old", published=NOON - 9 * DAY), now=NOON - 8 * DAY)
    odd = {"published": None, "flags": (EntryFlag.NO_DATE,), "text_hash": "same words"}
    entries = [new_entry("e1"), new_entry("e2", **odd), new_entry("e3", **odd), new_entry("e4", **odd)]
    poll(store, store.feeds.all()[0], *entries, now=NOON)
    assert store.feeds.listings() == {feed.id: Listing(4, undated=3, repeated=2, newest=NOON)}


def test_a_listing_counts_the_ids_that_stand_for_several_entries_and_no_wordings_of_one(
    store: Store, feed: Feed
) -> None:
    same = [new_entry("feed", f"Number {n}", link=f"https://news.example/{n}") for n in range(3)]
    poll(store, feed, *same, new_entry("e1"), now=NOON)
    (first,) = store.feeds.known_entries(feed.id, ["e1"], [])
    poll(store, store.feeds.all()[0], new_entry("e1", "Edited", revision_of=first.row), now=NOON)
    assert store.feeds.listings()[feed.id].reused == 2


def test_nothing_is_said_of_feeds_without_a_body_removed_or_passive(store: Store, feed: Feed) -> None:
    passive = store.feeds.passive_feed("Stringer", NOON)
    store.feeds.record_documents(passive.id, [new_entry()], NOON)
    assert not store.feeds.listings()
    poll(store, feed, new_entry())
    assert set(store.feeds.listings()) == {feed.id}
    store.feeds.unsubscribe(feed.id)
    assert not store.feeds.listings()


def test_entries_arrive_when_published_or_when_first_seen_where_that_says_more(store: Store, feed: Feed) -> None:
    first = [
        new_entry("before", published=NOON - 5 * DAY),
        new_entry("undated", published=None),
        new_entry("future", published=NOON + DAY),
    ]
    poll(store, feed, *first, now=NOON, listed=[])
    later = [
        new_entry("late", published=NOON + DAY),
        new_entry("backdated", published=NOON - 700 * DAY),
    ]
    rows = [one.row for one in store.feeds.known_entries(feed.id, ["before", "undated", "future"], [])]
    poll(store, store.feeds.all()[0], *later, now=NOON + 2 * DAY, listed=rows)
    assert store.feeds.arrivals([feed.id, 999]) == {
        feed.id: [NOON - 5 * DAY, NOON, NOON, NOON + DAY, NOON + 2 * DAY],
        999: [],
    }
    assert store.feeds.listings()[feed.id].newest == NOON + 2 * DAY


def test_a_waiting_document_is_read_like_any_entry(store: Store) -> None:
    feed = store.feeds.passive_feed("Stringer", NOON)
    store.feeds.record_documents(feed.id, [new_entry("m1")], NOON)
    fate = store.ledger.fates("https://news.example/m1", "https://news.example/m1")[0]
    assert (fate.entry.fate, fate.feed.settings.origin) == (Fate.WAITING, FeedOrigin.INGEST)
