"""What every store promises of pruning: texts go, keys and fates stay as long as anything needs them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from made import NOON, feed_settings
from newsroom import DAY, FEED, HOUR, OTHER_FEED, Newsroom, answer, digest_settings, failing, item, rss

from monitor.adapters.store.checkup import check_store
from monitor.adapters.store.sql import SqlStore
from monitor.model.article import Document, DuplicateReason
from monitor.model.delivery import Delivery, DeliveryState, RetryAnswer
from monitor.model.digest import Every
from monitor.model.entry import Fate
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.feed import PollOutcome
from monitor.model.ledger import RoutingState
from monitor.model.retention import GoneReason, PruneLimits, PruneStep
from monitor.model.telling import Merged
from monitor.pipeline.ingest import IngestStage
from monitor.testing import RecordingChannel

MONTH = 30 * DAY
SUNDAY = "The Torkham crossing was closed on Sunday."
MARKER = ("marker", "A quiet day", "Nothing happened.")


@pytest.fixture
def room(store: SqlStore) -> Newsroom:
    return Newsroom(store=store)


def bring(room: Newsroom, *items: str) -> None:
    """The feed lists these, and every stage takes its turn."""
    room.serve(*items)
    room.store.feeds.make_all_due(room.clock.now())
    room.turn()


def later(room: Newsroom, by: timedelta, *items: str) -> None:
    """The same, so much later."""
    room.clock.advance(by)
    bring(room, *items)


def marker(name: str = "m") -> str:
    """An item whose rows carry the highest ids from now on: it matches, so that its match and delivery do, too."""
    return item(name, "Floods", f"The flood {name} came at night.", published=None)


def told(room: Newsroom, rule: str = "torkham-closed") -> list[str]:
    """The headlines that were sent because of a rule, oldest first: the store need not know them any more."""
    (channel,) = room.channels.values()
    assert isinstance(channel, RecordingChannel)
    return [
        story["headline"]
        for message, _, _ in channel.sent
        for story in (message.payload or {})["stories"]
        if rule in {one["id"] for one in story["rules"]}
    ]


def all_rows(room: Newsroom, *tables: str) -> int:
    return sum(room.number(f"SELECT count(*) FROM {table}") for table in tables)


def sound(room: Newsroom) -> bool:
    """Whether `monitor db check` would find nothing."""
    return not [found for _, some in check_store(room.store._db) for found in some]


# ---- texts


def test_an_old_text_goes_and_what_tells_of_it_stays(room: Newsroom) -> None:
    bring(room, item())
    later(room, MONTH + HOUR, item())
    room.prune(MONTH)
    (fate,) = room.fates()
    article = fate.article
    assert article is not None
    assert (article.text, article.summary, article.dropped, article.entities) == ("", "", (), ())
    assert (fate.entry.parsed.summary, fate.entry.parsed.content) == ("", "")
    assert fate.text_gone == article.text_gone
    assert article.text_gone is not None
    assert (article.text_gone.reason, article.text_gone.at) == (GoneReason.RETENTION, room.clock.now())
    assert (article.title, article.url, article.published) == ("Torkham closed", "https://news.example/e1", NOON)
    (match,) = fate.matches
    assert match.match.new.because
    assert match.match.new.sentences
    assert match.match.new.match.spans == ()
    assert (match.match.new.match.explanation.holds, match.match.new.match.explanation.children) == (True, ())
    assert [routing.deliveries[0].state for routing in match.routings] == [DeliveryState.SENT]


def test_a_text_within_the_retention_time_stays(room: Newsroom) -> None:
    bring(room, item())
    room.clock.advance(MONTH - HOUR)
    assert {report.step for report in room.prune(MONTH)} <= {PruneStep.POINTS, PruneStep.PRINTS}
    assert SUNDAY in room.article().text


def test_a_text_that_a_digest_waits_for_stays_however_old(store: SqlStore) -> None:
    room = Newsroom(store=store, digests=[digest_settings("weekly", schedule=Every(timedelta(days=7)))])
    bring(room, item())
    room.clock.advance(2 * MONTH)
    room.prune(MONTH, store_full_text=False)
    assert SUNDAY in room.article().text
    room.plan()
    room.prune(MONTH)
    assert room.article().text == ""
    assert "was closed on Sunday" in room.payloads()[0]["stories"][0]["matched"][0]["text"]


def test_a_text_that_is_not_matched_yet_stays(room: Newsroom) -> None:
    room.serve(item())
    for stage in (room.poll, room.read, room.group):
        stage()
    room.clock.advance(2 * MONTH)
    room.prune(MONTH, store_full_text=False)
    assert SUNDAY in room.article().text


def test_without_full_texts_a_text_goes_once_it_is_planned_and_names_and_words_found_stay(room: Newsroom) -> None:
    room.bring_in(item())
    room.prune(store_full_text=False)
    assert SUNDAY in room.article().text
    room.plan()
    room.prune(store_full_text=False)
    article = room.article()
    assert (article.text, article.summary) == ("", "")
    assert article.text_gone is not None
    assert article.text_gone.reason is GoneReason.NOT_KEPT
    assert room.fates()[0].matches[0].match.new.match.spans != ()
    later(room, MONTH + HOUR, item())
    room.prune(store_full_text=False)
    assert room.fates()[0].matches[0].match.new.match.spans == ()


def test_without_full_texts_a_text_that_nothing_matched_goes_at_once(room: Newsroom) -> None:
    room.bring_in(item("e1", "A quiet day", "Nothing happened."))
    room.prune(store_full_text=False)
    assert room.article().text == ""


def test_with_full_texts_nothing_goes_before_its_time(room: Newsroom) -> None:
    bring(room, item(), item("e2", *MARKER[1:]))
    assert room.prune() == []


def test_words_that_were_never_read_stay_while_the_feed_lists_them(room: Newsroom) -> None:
    old = item("old", "Torkham closed", SUNDAY, published=NOON - 3 * DAY)
    bring(room, old)
    assert room.fate("old") is Fate.SEEN_AT_SUBSCRIBE
    later(room, 2 * MONTH, old)
    room.prune(store_full_text=False)
    assert room.fates("old")[0].entry.parsed.summary == SUNDAY
    later(room, DAY, marker())
    room.prune(store_full_text=False)
    assert room.fates("old")[0].entry.parsed.summary == SUNDAY  # it may come back tomorrow
    later(room, 8 * DAY, marker("m2"))
    room.prune(store_full_text=False)
    gone = room.fates("old")[0]
    assert (gone.entry.parsed.summary, gone.text_gone and gone.text_gone.reason) == ("", GoneReason.NOT_KEPT)


# ---- rows


def test_an_entry_goes_with_all_that_hangs_on_it_after_its_feed_has_not_listed_it_for_so_long(
    room: Newsroom,
) -> None:
    bring(room, item())
    later(room, 10 * DAY, marker())
    later(room, MONTH, marker("m2"))
    room.prune(MONTH)
    assert room.fates() == []
    for table in ("entries", "articles", "matches", "routings", "deliveries"):
        assert all_rows(room, table) == 2, table
    assert sound(room)


def test_an_entry_that_its_feed_lists_stays_however_old(room: Newsroom) -> None:
    bring(room, item())
    for _ in range(14):
        later(room, 10 * DAY, item(), marker())
        room.prune(MONTH)
    assert len(room.fates()) == 1
    assert (len(told(room)), len(told(room, "floods"))) == (1, 1)


def test_an_entry_of_a_feed_that_is_silent_stays(room: Newsroom) -> None:
    """A feed that is gone, or fails, or says 304: nobody has seen it without its entries."""
    bring(room, item())
    later(room, HOUR, item(), marker())
    for route in (answer(outcome=PollOutcome.NOT_MODIFIED, status=304), failing(PollOutcome.TIMEOUT)):
        room.fetcher.answers[FEED] = route
        room.store.feeds.make_all_due(room.clock.advance(2 * MONTH))
        room.turn()
        room.prune(MONTH)
    assert room.article().text == ""
    assert len(room.fates()) == 1


def test_a_document_that_was_ingested_goes_by_its_age_since_nobody_lists_it(room: Newsroom) -> None:
    ingest = IngestStage(room.store.feeds, room.clock)
    ingest.take([Document("m1", "Torkham closed", body=SUNDAY, publisher="Stringer")])
    room.turn()
    room.clock.advance(2 * MONTH)
    ingest.take([Document("m2", "Floods", body="The flood came.", publisher="Another")])
    room.turn()
    assert all_rows(room, "entries") == 2
    room.prune(MONTH)
    assert all_rows(room, "entries") == 1
    assert (told(room), told(room, "floods")) == (["Torkham closed"], ["Floods"])


def test_an_entry_is_known_until_it_would_count_as_too_old(room: Newsroom) -> None:
    room.settings = type(room.settings)(max_entry_age=90 * DAY)
    bring(room, item())
    later(room, HOUR, marker())
    later(room, 60 * DAY, marker("m2"))
    room.prune(MONTH)
    later(room, HOUR, item(), marker("m2"))
    assert [fate.entry.fate for fate in room.fates()] == [Fate.READ]
    assert room.article().text == ""


def test_entries_of_a_feed_that_is_being_polled_are_left_alone(room: Newsroom) -> None:
    bring(room, item())
    later(room, HOUR, marker())
    later(room, 2 * MONTH, marker("m2"))
    room.store.feeds.make_all_due(room.clock.now())
    room.store.feeds.claim_due(room.clock.now(), 5 * HOUR, 10)
    room.prune(MONTH)
    assert len(room.fates()) == 1
    room.clock.advance(6 * HOUR)
    room.prune(MONTH)
    assert room.fates() == []


def highest_ids(room: Newsroom) -> list[int]:
    tables = ("entries", "articles", "matches", "deliveries")
    return [room.number(f"SELECT max(id) FROM {table}") for table in tables]


def test_the_newest_row_of_each_kind_stays_so_that_no_id_comes_twice(room: Newsroom) -> None:
    bring(room, item())  # the newest match and delivery
    later(room, HOUR, item("e2", "A quiet day", "Nothing happened.", published=None))  # the newest article
    later(room, HOUR, item("e3", "Long ago", "Nothing.", published=NOON - 99 * DAY))  # the newest entry
    before = highest_ids(room)
    room.store.feeds.make_all_due(room.clock.advance(2 * MONTH))
    room.fetcher.answers[FEED] = rss()
    room.turn()
    with room.store._db.write() as connection:  # a feed that lists nothing at all is no feed: as if it listed more
        connection.exec_driver_sql("UPDATE feeds SET listed_at = '2023-04-23 12:00:00'")
    room.prune(MONTH)
    assert highest_ids(room) == before
    assert (all_rows(room, "entries"), all_rows(room, "articles")) == (3, 2)
    later(room, HOUR, marker())
    later(room, 2 * MONTH, marker("m2"))
    room.prune(MONTH)
    assert (all_rows(room, "entries"), all_rows(room, "articles")) == (1, 1)


def test_a_story_is_never_named_like_an_old_one(room: Newsroom) -> None:
    bring(room)
    seen = set()
    for number in range(6):
        later(room, 2 * MONTH, item(f"e{number}", "Torkham closed", SUNDAY, published=None))
        room.prune(MONTH)
        seen.add(room.article(f"e{number}").story_id)
    assert len(seen) == len(told(room)) == 6
    assert room.number("SELECT count(*) FROM articles") <= 2


def test_an_entry_whose_message_is_not_delivered_yet_stays(room: Newsroom) -> None:
    (channel,) = room.channels.values()
    assert isinstance(channel, RecordingChannel)
    channel.failures = [DeliveryFailed(DeliveryFault.TEMPORARY, "later")]
    bring(room, item())
    with room.store._db.write() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET next_attempt_at = '2030-01-01 00:00:00'")
    later(room, HOUR, marker())
    later(room, 2 * MONTH, marker("m2"))
    room.prune(MONTH)
    (fate,) = room.fates()
    delivery = in_the_outbox(room, fate.matches[0].routings[0].deliveries[0])
    assert delivery.state is DeliveryState.WAITING
    assert delivery.new.message.gone is None
    assert delivery.new.message.payload


def test_what_a_new_wording_has_to_be_compared_with_stays_until_it_was(room: Newsroom) -> None:
    bring(room, item("e1", "At the border", "Torkham was closed. Rain fell."))
    later(room, HOUR, marker())
    edited = item("e1", "At the border", "Torkham was closed. Snow fell.")
    room.clock.advance(2 * MONTH)
    room.serve(edited, marker("m2"))
    room.store.feeds.make_all_due(room.clock.now())
    room.poll()
    room.prune(MONTH)
    room.turn()
    assert len(room.fates()) == 2
    assert len(told(room)) == 1
    assert sound(room)


def test_a_copy_stays_without_what_it_copies_and_its_edits_are_still_compared(store: SqlStore) -> None:
    room = Newsroom(
        store=store,
        feeds=[feed_settings(FEED, backfill=DAY), feed_settings(OTHER_FEED, name="Wire", backfill=DAY)],
    )
    copy = item("copy", "Torkham closed", SUNDAY, link="https://news.example/e1")
    room.serve(copy, url=OTHER_FEED)
    bring(room, item())
    for day in range(9):
        room.serve(copy, marker(f"w{day}"), url=OTHER_FEED)
        later(room, 10 * DAY, marker(f"m{day}"))
        room.prune(MONTH)
    (left,) = room.fates()
    assert left.article is not None
    assert (left.article.duplicate_of, left.article.duplicate_reason) == (None, DuplicateReason.SAME_CONTENT)
    assert len(told(room)) == 1
    room.serve(
        item("copy", "Torkham closed", f"{SUNDAY} Rain fell.", link="https://news.example/e1"), url=OTHER_FEED
    )
    later(room, HOUR, marker("m8"))
    assert len(told(room)) == 1
    assert sound(room)


# ---- what hangs on them


def in_the_outbox(room: Newsroom, listed: Delivery) -> Delivery:
    """The same delivery with its message, which the ledger leaves out."""
    (found,) = room.store.ledger.deliveries_called(listed.new.key)
    return found


def test_a_message_loses_its_words_in_time_and_its_delivery_is_shown_as_long_as_its_matches(
    room: Newsroom,
) -> None:
    bring(room, item())
    later(room, MONTH + HOUR, item(), marker())
    room.prune(MONTH)
    (listed,) = room.fates()[0].matches[0].routings[0].deliveries
    delivery = in_the_outbox(room, listed)
    assert delivery.state is DeliveryState.SENT
    assert delivery.receipt
    assert (delivery.new.message.text, delivery.new.message.payload) == ("", None)
    assert delivery.new.message.gone is not None
    assert delivery.new.message.subject
    fresh = in_the_outbox(room, room.fates("m")[0].matches[0].routings[0].deliveries[0])
    assert fresh.new.message.payload


def test_a_dead_delivery_is_kept_as_long_as_its_matches(room: Newsroom) -> None:
    (channel,) = room.channels.values()
    assert isinstance(channel, RecordingChannel)
    channel.failures = [DeliveryFailed(DeliveryFault.REFUSED, "550 no such user")]
    bring(room, item())
    later(room, MONTH + HOUR, item(), marker())
    room.prune(MONTH)
    (delivery,) = room.fates()[0].matches[0].routings[0].deliveries
    assert (delivery.state, delivery.last_error) == (DeliveryState.DEAD, "refused: 550 no such user")
    assert room.store.outbox.retry(delivery.id, room.clock.now()) is RetryAnswer.TEXT_GONE
    assert room.store.outbox.retry_dead(room.clock.now()) == {}
    later(room, HOUR, marker())
    later(room, MONTH + DAY, marker("m2"))
    room.prune(MONTH)
    assert room.store.ledger.deliveries(state=DeliveryState.DEAD) == []
    assert room.number("SELECT count(*) FROM attempts") == room.number("SELECT count(*) FROM deliveries")


def test_what_was_told_stays_as_long_as_a_match_that_was_not_because_of_it(room: Newsroom) -> None:
    edit = item("e1", "Torkham closed", f"{SUNDAY} Rain fell.")
    bring(room, item())
    later(room, 2 * DAY, edit, marker())
    later(room, 2 * MONTH, edit, marker())
    later(room, HOUR, edit, marker("m2"))
    room.prune(MONTH)
    kept, told_first = sorted(room.fates(), key=lambda one: one.entry.revision_of is None)
    (merged,), (planned,) = (one.matches[0].routings for one in (kept, told_first))
    assert (merged.state, merged.why) == (RoutingState.MERGED, Merged.EARLIER_WORDING)
    assert planned.state is RoutingState.PLANNED
    later(room, 2 * MONTH, marker("m2"))
    later(room, HOUR, item("e2", "Torkham closed", "Torkham was closed elsewhere."), marker("m3"))
    room.prune(MONTH)
    assert room.fates("e1") == []
    assert sound(room)


def test_the_next_message_about_an_old_story_gets_a_number_of_its_own(room: Newsroom) -> None:
    bring(room, item("e1", "At the border", "Torkham was closed."))
    later(room, 2 * MONTH, item("e1", "At the border", "Torkham was closed."), marker())
    room.prune(MONTH)
    later(room, HOUR, item("e1", "At the border", "Torkham was closed. Torkham was closed again."), marker())
    room.prune(MONTH)
    batches = [one.new.batch for one in room.store.ledger.deliveries() if "#" in one.new.batch]
    assert sum(batch.endswith("#2") for batch in batches) == 1
    assert len(told(room)) == 2


def test_messages_about_a_story_whose_first_wording_is_gone_are_numbered_on(room: Newsroom) -> None:
    wordings = ["Torkham was closed.", "Torkham was closed. Closed is Torkham.", "Torkham, closed, is quiet."]
    bring(room, item("e1", "At the border", wordings[0]))
    for wording in wordings:
        later(room, 2 * MONTH, item("e1", "At the border", wording), marker())
        later(room, 2 * DAY, item("e1", "At the border", wording), marker(), marker("m2"))
        room.prune(MONTH)
    (channel,) = room.channels.values()
    assert isinstance(channel, RecordingChannel)
    keys = [key for message, _, key in channel.sent if "Torkham" in message.text]
    assert len(set(keys)) == len(keys) == 3
    (left,) = room.fates()
    assert left.entry.revision_of is None
    assert left.article is not None
    assert left.article.duplicate_reason is DuplicateReason.REVISION
    assert room.store.digests.last_batch("alerts", str(room.article().story_id)) == 3


def test_drafts_go_by_age_alone(room: Newsroom) -> None:
    room.bring_in(item())
    room.plan(draft=True)
    later(room, 2 * MONTH, item(), marker())
    room.prune(MONTH)
    assert room.store.ledger.deliveries(state=DeliveryState.DRAFT) == []
    later(room, 2 * MONTH, marker("m2"))
    room.prune(MONTH)
    assert room.number("SELECT count(*) FROM batches WHERE draft") == 0
    assert sound(room)


def test_the_newest_delivery_stays_even_a_draft(room: Newsroom) -> None:
    bring(room, item())
    room.bring_in(marker())
    room.plan(draft=True)
    newest = highest_ids(room)[-1]
    room.clock.advance(2 * MONTH)
    room.prune(MONTH)
    assert [one.id for one in room.store.ledger.deliveries(state=DeliveryState.DRAFT)] == [newest]


def test_empty_batches_and_poll_counts_go_after_five_weeks(store: SqlStore) -> None:
    room = Newsroom(store=store, digests=[digest_settings("hourly", schedule=Every(HOUR))])
    bring(room, item())
    for _ in range(5):
        room.clock.advance(HOUR)
        room.plan()
    assert (all_rows(room, "batches"), all_rows(room, "poll_counts")) == (5, 1)
    room.clock.advance(36 * DAY)
    room.prune(400 * DAY)
    assert (all_rows(room, "batches"), all_rows(room, "poll_counts")) == (1, 0)
    assert sound(room)


def test_a_rule_set_goes_when_no_article_refers_to_it_and_it_is_not_in_force(room: Newsroom) -> None:
    keep = room.store.articles.record_ruleset
    keep(room.ruleset.version, [("rules.toml", "in force")], NOON)
    keep("unused", [("rules.toml", "unused")], NOON)
    keep("newest", [("rules.toml", "newest")], NOON + HOUR)
    bring(room, item())
    with room.store._db.write() as connection:
        connection.exec_driver_sql("UPDATE articles SET ruleset = 'used'")
    keep("used", [("rules.toml", "used")], NOON)
    room.clock.advance(36 * DAY)
    room.prune(400 * DAY)
    left = {
        version
        for version in ("used", "unused", "newest", room.ruleset.version)
        if room.store.articles.ruleset_files(version)
    }
    assert left == {"used", "newest", room.ruleset.version}


# ---- how


def limits(now: datetime, back: timedelta = MONTH) -> PruneLimits:
    return PruneLimits(now, now - back, now - back, now - back, now - back, "rules-1")


def test_a_piece_is_no_larger_than_asked(room: Newsroom) -> None:
    bring(room, *(item(f"e{n}", f"Torkham closed {n}", f"Torkham was closed {n} times.") for n in range(5)))
    now = room.clock.advance(2 * MONTH)
    taken = [room.store.retention.prune(PruneStep.OLD_TEXTS, limits(now), 2) for _ in range(4)]
    assert taken == [2, 2, 1, 0]


def test_more_than_a_statement_takes_goes_at_once(store: SqlStore) -> None:
    room = Newsroom(store=store, feeds=[feed_settings(FEED)])
    room.serve(*(item(f"e{n}", f"A quiet day {n}", "Nothing happened.", published=None) for n in range(450)))
    room.poll()
    assert room.fate("e1") is Fate.SEEN_AT_SUBSCRIBE
    later(room, 2 * DAY, marker())
    later(room, 2 * MONTH, marker())
    later(room, HOUR, marker(), marker("m2"))
    assert room.store.retention.prune(PruneStep.ENTRIES, limits(room.clock.now()), 5000) == 450


def test_a_second_round_changes_nothing(room: Newsroom) -> None:
    bring(room, item(), item("e2", "A quiet day", "Nothing happened."))
    later(room, HOUR, item(), marker())
    later(room, 2 * MONTH, item(), marker("m2"))
    assert room.prune(MONTH)
    before = room.dump()
    assert room.prune(MONTH) == []
    assert room.dump() == before


def test_an_empty_store_has_nothing_to_prune(room: Newsroom) -> None:
    assert room.prune(7 * DAY, store_full_text=False) == []
