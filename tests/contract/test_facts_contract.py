"""What the store says of how the monitor is doing: the same on every store, and by index."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from made import MINUTE, NOON, decision, feed_settings, new_entry
from newsroom import file_store
from query_plans import plans_of
from stored import grouped, matched, plan, poll, record_poll

from monitor.adapters.store import tables as t
from monitor.model.delivery import ChannelKind, Receipt, RetryDecision, RetryReason
from monitor.model.digest import Window
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.feed import Feed, PollOutcome, Reading
from monitor.model.health import FeedsAlive, IncidentKind, Lags, OldestDue, RuleRate, Totals, Trouble
from monitor.ports import HealthFacts, Store

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = Window(NOON - HOUR, NOON + HOUR)
BEFORE = Window(NOON - DAY, NOON)
NO = DeliveryFailed(DeliveryFault.REFUSED, "550 no such user")


def put(store: Store, table: sa.Table, **values: object) -> None:
    with store._db.write() as connection:  # type: ignore[attr-defined]
        connection.execute(table.insert().values(**values))


def matched_at(store: Store, feed: Feed, rule: str, *moments: datetime) -> None:
    for number, moment in enumerate(moments):
        article = grouped(store, feed, f"{rule}-{number}")
        matched(store, article, rule_id=rule)
        with store._db.write() as connection:  # type: ignore[attr-defined]
            connection.execute(
                t.matches.update().where(t.matches.c.article_id == article.id).values(matched_at=moment)
            )


def give_up(store: Store, at: datetime) -> None:
    (row,) = store.outbox.claim(NOON, HOUR, 1)
    store.outbox.record_failure(row, NO, RetryDecision(None, RetryReason.REFUSED), at)


def test_a_quiet_house_has_nothing_to_say(store: Store) -> None:
    facts = store.facts
    assert facts.totals(NOW) == Totals()
    assert facts.lags(NOON - DAY) == Lags()
    assert facts.oldest_due(NOON) == OldestDue()
    assert facts.feeds_alive(NOON - DAY) == FeedsAlive()
    assert not facts.broken_receivers()
    assert not facts.given_up()
    assert not facts.unsubscribed()
    assert not facts.busy_rules(NOW, 1, NOON - DAY)
    assert not facts.silent_rules(NOON)
    assert not facts.failing_rules(NOW)
    assert not facts.last_batches(["morning"])


def test_totals_count_what_came_within_the_window_its_end_excluded(waiting: Store) -> None:
    (row,) = waiting.outbox.claim(NOON, HOUR, 10)
    waiting.outbox.record_sent(row, Receipt("ok"), NOON)
    assert waiting.facts.totals(NOW) == Totals(entries=1, matches=1, stories=1, messages=1)
    assert waiting.facts.totals(BEFORE) == Totals()


def test_a_message_that_was_retried_for_days_counts_when_it_arrives(waiting: Store) -> None:
    (row,) = waiting.outbox.claim(NOON, HOUR, 10)
    waiting.outbox.record_sent(row, Receipt("ok"), NOON + 2 * DAY)
    assert waiting.facts.totals(Window(NOON + DAY, NOON + 3 * DAY)).messages == 1
    assert waiting.facts.totals(NOW).messages == 0


def test_dead_letters_are_counted_by_receiver_from_when_they_were_given_up(waiting: Store) -> None:
    give_up(waiting, NOON + 2 * DAY)  # an attempt that came late
    found = {("desk", "stdout"): (1, "refused: 550 no such user")}
    assert waiting.facts.given_up() == found
    assert waiting.facts.given_up(NOON + 2 * DAY) == found
    assert not waiting.facts.given_up(NOON + 2 * DAY + MINUTE)


def test_broken_receivers_are_troubles(store: Store) -> None:
    put(store, t.broken_receivers, receiver="desk", channel="slack", since=NOON, error="403\nno", next_try_at=NOON)
    assert store.facts.broken_receivers() == [Trouble(IncidentKind.RECEIVER_BROKEN, "desk/slack", "403 no")]


def test_busy_rules_come_with_what_they_matched_before(store: Store, feed: Feed) -> None:
    before = [NOON - 20 * DAY, NOON - 3 * DAY, NOON - DAY - MINUTE]
    matched_at(store, feed, "loud", *before, NOON - HOUR, NOON - 2 * HOUR)
    matched_at(store, feed, "low", NOON - HOUR)
    matched_at(store, feed, "new", NOON - HOUR, NOON - HOUR)
    found = store.facts.busy_rules(BEFORE, 2, NOON - 10 * DAY)
    assert found == [RuleRate("loud", 2, 2, NOON - 3 * DAY), RuleRate("new", 2)]


def test_silent_rules_are_those_that_had_matches_once(store: Store, feed: Feed) -> None:
    matched_at(store, feed, "old", NOON - 90 * DAY, NOON - 80 * DAY)
    matched_at(store, feed, "alive", NOON - 90 * DAY, NOON - DAY)
    assert store.facts.silent_rules(NOON - 10 * DAY) == {"old": NOON - 80 * DAY}


def test_failing_rules_come_with_the_last_reason(store: Store, feed: Feed) -> None:
    for number, moment in enumerate([NOON, NOON - MINUTE, NOON - DAY]):
        article = grouped(store, feed, f"e{number}")
        put(store, t.rule_failures, article_id=article.id, rule_id="slow", why=f"why {number}", failed_at=moment)
    assert store.facts.failing_rules(NOW) == {"slow": (2, "why 0")}


def test_the_last_batch_is_the_newest_that_told_something(waiting: Store) -> None:
    waiting.digests.record_plan(plan(waiting, batch="empty", deliveries=0), NOON + HOUR)
    (row,) = waiting.outbox.claim(NOON, HOUR, 10)
    waiting.outbox.record_sent(row, Receipt("ok"), NOON)
    found = waiting.facts.last_batches(["morning", "other"])
    assert list(found) == ["morning"]
    assert (found["morning"].planned_at, found["morning"].stories) == (NOON, 1)
    assert found["morning"].deliveries == {"sent": 1}


def test_feeds_that_worked_of_late_are_counted_with_those_of_them_that_fail(store: Store) -> None:
    store.feeds.sync([feed_settings(f"https://f{n}.example/", name=f"F{n}") for n in range(4)], NOON)
    feeds = store.feeds.all()
    for feed in feeds[:3]:
        poll(store, feed)
    failed = decision(outcome=PollOutcome.UNREACHABLE, failures=1, error="no such host")
    record_poll(store, feeds[0], failed, [], now=NOON + HOUR)
    record_poll(store, feeds[3], failed, [], now=NOON + 2 * HOUR)
    assert store.facts.feeds_alive(NOON) == FeedsAlive(3, 1, "F0: no such host")


def test_lags_leave_out_what_a_first_poll_found(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry("first", published=NOON - 7 * DAY))
    again = store.feeds.all()[0]
    later = NOON + HOUR
    entries = [new_entry(f"e{n}", f"Title {n}", published=later - n * MINUTE) for n in (1, 3, 30)]
    record_poll(store, again, decision(), entries, now=later, reading=Reading(body_hash="b"))
    assert store.facts.lags(NOON - DAY) == Lags(published_to_seen=3 * MINUTE)
    assert store.facts.lags(later + MINUTE) == Lags()


def test_the_lag_to_the_receipt_is_that_of_immediate_digests(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    for number, batch in enumerate(["s_1#1", "window"]):
        matched(store, grouped(store, feed, f"e{number}", f"s_{number}"), "morning")
        store.digests.record_plan(plan(store, batch=batch), NOON)
        (row,) = store.outbox.claim(NOON, HOUR, 10)
        store.outbox.record_sent(row, Receipt("ok"), NOON + (number + 1) * MINUTE)
    assert store.facts.lags(NOON - DAY).seen_to_delivered == MINUTE


def test_the_oldest_work_that_could_be_done_is_named(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning")
    store.digests.record_plan(plan(store), NOON)
    grouped(store, feed, "e2")
    poll(store, feed, new_entry("e3"))
    due = store.facts.oldest_due(NOON + DAY)
    assert due == OldestDue(poll=NOON + 15 * MINUTE, read=NOON, match=NOON, deliver=NOON)
    store.feeds.claim_due(NOON + DAY, HOUR, 10)
    store.outbox.claim(NOON + DAY, HOUR, 10)
    leased = store.facts.oldest_due(NOON + DAY)
    assert (leased.poll, leased.deliver) == (None, None)


def test_what_waits_for_a_broken_receiver_is_not_due(waiting: Store) -> None:
    assert waiting.facts.oldest_due(NOON).deliver == NOON
    put(waiting, t.broken_receivers, receiver="desk", channel="stdout", since=NOON, error="403", next_try_at=NOON)
    assert waiting.facts.oldest_due(NOON).deliver is None


def test_a_reply_in_slack_is_not_due_while_its_parent_is_tried_again_later(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning")
    made = plan(store, deliveries=2)
    first, reply = (replace(one, channel=ChannelKind.SLACK) for one in made.deliveries)
    store.digests.record_plan(replace(made, deliveries=(first, replace(reply, thread=first.key))), NOON)
    (parent,) = store.outbox.claim(NOON, HOUR, 10)
    later = RetryDecision(NOON + HOUR, RetryReason.BACK_OFF)
    store.outbox.record_failure(parent, DeliveryFailed(DeliveryFault.TEMPORARY, "later"), later, NOON)
    assert store.facts.oldest_due(NOON + 30 * MINUTE).deliver is None
    assert store.facts.oldest_due(NOON + HOUR).deliver == NOON + HOUR


def test_no_question_of_the_health_walks_over_a_table_of_any_size(tmp_path: Path) -> None:
    """The words of SQLite's planner; feeds are few, and silences, suppressions and broken receivers fewer."""
    with closing(file_store(tmp_path / "monitor.db")) as store:
        steps = plans_of(store, lambda: _everything(store.facts))
    scans = [step for step in steps if step.startswith("SCAN") and "USING COVERING INDEX" not in step]
    assert {step.split()[1] for step in scans} <= {"anon_1", "each", "sent", "broken_receivers"}, scans


def test_lags_are_found_among_the_newest_entries_alone(tmp_path: Path) -> None:
    """SQLite takes "is no revision" for an index as good as any, and reads all entries that there are."""
    with closing(file_store(tmp_path / "monitor.db")) as store:
        steps = plans_of(store, lambda: store.facts.lags(NOON))
    assert [step for step in steps if " entries " in step] == [
        "SEARCH entries USING INDEX ix_entries_first_seen (first_seen>?)"
    ]


def _everything(facts: HealthFacts) -> None:
    facts.given_up(NOON)
    facts.totals(NOW)
    facts.busy_rules(NOW, 1, NOON - DAY)
    facts.silent_rules(NOON)
    facts.recent_matches(["r"], 5)
    facts.failing_rules(NOW)
    facts.last_batches(["morning"])
    facts.lags(NOON)
    facts.oldest_due(NOON)


def test_the_newest_matches_of_a_rule_come_with_what_became_of_them(waiting: Store, feed: Feed) -> None:
    store = waiting
    matched_at(store, feed, "many", *(NOON + MINUTE * number for number in range(5)))
    with store._db.write() as connection:  # type: ignore[attr-defined]
        ids = connection.execute(sa.select(t.matches.c.id).where(t.matches.c.rule_id == "many")).scalars().all()
        newest = sorted(ids)[-3:]
        for id_, states in zip(
            newest, (("silenced", "merged"), ("planned", "silenced"), ("pending",)), strict=True
        ):
            for place, state in enumerate(states):
                connection.execute(t.routings.insert().values(match_id=id_, digest=f"d{place}", state=state))
    found = store.facts.recent_matches(["many", "never"], 4)
    assert found.keys() == {"many"}
    recent = found["many"]
    assert recent.last == NOON + 4 * MINUTE
    assert sum(recent.states.values()) + recent.unrouted == 4
    assert (recent.decided, recent.untold) == (2, 1)
