"""History goes with its name: what a store makes of a digest, receiver or rule that is called otherwise."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from made import NOON, match_of, message, rule
from newsroom import fresh_postgresql_store
from stored import LEASE, grouped, matched, plan

from monitor.adapters.store import tables as t
from monitor.adapters.store.renaming import HOLDS
from monitor.adapters.store.sql import SqlStore
from monitor.adapters.store.tables import metadata
from monitor.model.addressing import ShownBefore
from monitor.model.delivery import BrokenReceiver, ChannelKind, DeliveryState, NewDelivery
from monitor.model.digest import AlreadySent, Window
from monitor.model.errors import BatchTaken, RenameRefused
from monitor.model.feed import Feed
from monitor.model.health import Change, IncidentKind, Trouble
from monitor.model.ledger import LookBack, NewMatch, Plan, RoutingState
from monitor.model.renaming import Carried, Named, Rename
from monitor.model.rule import RuleFailure
from monitor.model.silence import NewSilence, SilenceMode
from monitor.model.suppression import SuppressedBy, Suppression

HOUR = timedelta(hours=1)
DIGEST = Rename(Named.DIGEST, "morning", "border")
RECEIVER = Rename(Named.RECEIVER, "desk", "newsroom")
RULE = Rename(Named.RULE, "torkham-closed", "torkham-shut")
ALL = (DIGEST, RECEIVER, RULE)
NOBODY: dict[Named, tuple[str, ...]] = {}

# Every other column that could hold a name, and why it holds none, or keeps it as it was.
WITHOUT_NAMES = {
    # What strangers and people wrote, and what was learned of it.
    "feeds": (
        "declared_url url declared_name name tags origin status etag last_modified body_hash "
        "last_outcome last_error last_reason cadence rhythm hub_url hub_topic paused_by"
    ),
    "poll_counts": "outcome",
    "polls": "outcome reason error",
    "said_instead": "text",
    "entries": (
        "identity entry_id id_hash url_key link title summary content authors language section tags "
        "flags text_hash text_gone fate"
    ),
    "rereads": "state why",
    "articles": (
        "feed_name feed_tags url url_key title text summary publisher quality content_hash language "
        "authors section entities dropped note page_key wire stage stage_error story_id duplicate_reason "
        "duplicate_why ruleset text_gone"
    ),
    "story_aliases": "alias story_id",
    "story_nodes": "language content_order",
    "must_not_links": "author reason",
    "idf_snapshots": "version",
    "signing_keys": "name",
    "ended_sessions": "session",
    "host_pauses": "host",
    "gaps": "url error ended",
    "websub": "hub topic token public_url secret state doubt error",
    "pushes": "content_type",
    # The record of it, and words that were said.
    "renames": "kind was now",
    "attempts": "outcome detail",
    "daemon": "reload_problem",
    "rulesets": "version files",
    # `rule` keeps the id as it was; names of batches, keys and messages stay as the other side knows them.
    "matches": (
        "rule_version analyser_version rule spans explanation because sentences names figures bare earlier"
    ),
    "rule_failures": "why",
    "routings": "state batch draft_batch why draft_why",
    "batches": "batch suppressed",
    "deliveries": "key batch channel recipient message state last_error receipt thread reference",
    "silences": "mode author reason tags story",
    "sent_before": "batch story channel recipient shown by_batch matches",
    "broken_receivers": "channel error",
    "suppressions": "recipient by",
    "incidents": "kind detail",
}


def test_every_column_that_may_hold_a_name_is_known_to_hold_one_or_not() -> None:
    """A new one fails here until it is in HOLDS, or named above with its reason."""
    known = {(one.table.name, one.name) for columns in HOLDS.values() for one in columns}
    known |= {(table, name) for table, names in WITHOUT_NAMES.items() for name in names.split()}
    there = {
        (table.name, one.name)
        for table in metadata.sorted_tables
        for one in table.c
        if isinstance(one.type, sa.Text | sa.JSON)
    }
    assert there == known


def fill(store: SqlStore, feed: Feed) -> None:
    """Everything that can stand under a name, once."""
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed, "told", "s_1"), "morning")
    told = plan(store, batch="s_1#1")
    delivery = replace(
        told.deliveries[0], channel=ChannelKind.EMAIL, recipient="a@example.org", also=("desk", "x")
    )
    short = ShownBefore(
        "s_1", "desk", ChannelKind.EMAIL, "b@example.org", AlreadySent.BRIEF, "morning", "s_1#1", NOON, (1,)
    )
    told = replace(told, deliveries=(delivery,), sent_before=(short,), closes_window=False)
    store.digests.record_plan(told, NOON)
    waiting = grouped(store, feed, "waits", "s_2")
    new = NewMatch(match_of(), rule(), "because", ("morning",), ("sentence",))
    store.articles.record_matches(waiting, "rules-1", [new], [RuleFailure("1", "floods", "broke")], [], NOON)
    broken = grouped(store, feed, "broken")
    store.articles.record_matches(broken, "rules-1", [], [RuleFailure("1", "torkham-closed", "broke")], [], NOON)
    store.suppressions.add(Suppression("morning", "night@example.org", NOON, SuppressedBy.LINK))
    store.silences.add(
        NewSilence(
            SilenceMode.HOLD, NOON, NOON + HOUR, "Ann", "why", ("torkham-closed", "x"), (), None, ("morning",)
        ),
        NOON,
    )
    store.receivers.open(BrokenReceiver("desk", ChannelKind.EMAIL, NOON, "no", NOON + HOUR))
    troubles = (
        Trouble(IncidentKind.DIGEST_UNPLANNED, "morning", "cannot be planned"),
        Trouble(IncidentKind.RECEIVER_BROKEN, "desk/email", "no"),
        Trouble(IncidentKind.RELOAD_FAILED, "morning", "morning"),
    )
    store.incidents.apply(Change(opened=troubles), NOON)


def values_of(store: SqlStore) -> dict[str, list[str]]:
    """All texts and lists of the columns that hold names."""
    found: dict[str, list[str]] = {}
    with store._db.read() as connection:
        for column in {one for columns in HOLDS.values() for one in columns}:
            key = f"{column.table.name}.{column.name}"
            found[key] = sorted(json.dumps(one) for one in connection.execute(sa.select(column)).scalars())
    return found


def carry(store: SqlStore, *renames: Rename) -> list[Carried]:
    return list(store.renames.carry_over(renames, NOBODY, NOON + HOUR))


def test_all_history_goes_to_the_new_names(store: SqlStore, feed: Feed) -> None:
    fill(store, feed)
    before = values_of(store)
    done = carry(store, *ALL)
    after = values_of(store)
    names = {f'"{one.was}"': f'"{one.now}"' for one in ALL}
    for key, values in before.items():
        expected = []
        for value in values:
            if key == "incidents.subject":
                value = {'"desk/email"': '"newsroom/email"'}.get(value, value)
            for was, now in names.items() if key != "incidents.subject" else ():
                value = value.replace(was, now)
            expected.append(value)
        if key == "incidents.subject":
            expected[expected.index('"morning"')] = '"border"'  # of the two the digest's, not the reload's
        assert after[key] == sorted(expected), key
    assert [one.rename for one in done] == list(ALL)
    assert done[0].rows == {
        "routings": 2, "digest_states": 1, "batches": 1, "deliveries": 1, "sent_before": 2, "suppressions": 1,
        "silences": 1, "incidents": 1,
    }  # fmt: skip
    assert done[1].rows == {"deliveries": 2, "sent_before": 1, "broken_receivers": 1, "incidents": 1}
    assert done[2].rows == {"matches": 2, "rule_failures": 1, "silences": 1}


def test_a_second_start_changes_nothing_and_a_rename_back_brings_all_back(store: SqlStore, feed: Feed) -> None:
    fill(store, feed)
    before = values_of(store)
    carry(store, *ALL)
    after = values_of(store)
    assert carry(store, *ALL) == []
    assert store.renames.to_come(ALL) == []
    assert values_of(store) == after
    back = [Rename(one.kind, one.now, one.was) for one in ALL]
    assert len(carry(store, *back)) == 3
    assert values_of(store) == before
    assert len(carry(store, *ALL)) == 3
    assert values_of(store) == after


def test_what_waits_is_told_and_sent_once_under_the_new_names(store: SqlStore, feed: Feed) -> None:
    fill(store, feed)
    carry(store, *ALL)
    assert store.digests.pending("morning") == []
    (pending,) = store.digests.pending("border")
    assert pending.new.rule.id == pending.new.match.rule == "torkham-shut"
    assert pending.new.called == "torkham-closed"
    (told,) = store.digests.told("border", ["s_1"])
    assert told.rule == "torkham-shut"
    assert store.digests.last_batch("border", "s_1") == 1
    (claimed,) = store.outbox.claim(NOON + 2 * HOUR, LEASE, 10)
    assert (claimed.new.key, claimed.new.receiver, claimed.new.digest) == ("key-s_1#1-0", "newsroom", "border")
    assert claimed.new.also == ("newsroom", "x")


def test_nothing_is_said_of_names_that_nobody_had(store: SqlStore, feed: Feed) -> None:
    assert store.renames.to_come(ALL) == []
    assert carry(store, *ALL) == []


def test_what_comes_is_said_before_it_is_done(store: SqlStore, feed: Feed) -> None:
    fill(store, feed)
    before = values_of(store)
    assert store.renames.to_come(ALL) == list(ALL)
    assert values_of(store) == before


def test_several_old_names_and_names_of_names_lead_to_the_last(store: SqlStore, feed: Feed) -> None:
    fill(store, feed)
    carry(store, DIGEST)
    again = (Rename(Named.DIGEST, "morning", "pass"), Rename(Named.DIGEST, "border", "pass"))
    (done,) = carry(store, *again)
    assert done.rename.was == "border"
    assert carry(store, *again) == []
    assert store.renames.name_now(Named.DIGEST, "morning") == "pass"
    assert store.renames.name_now(Named.DIGEST, "border") == "pass"
    assert store.renames.name_now(Named.DIGEST, "pass") == "pass"
    assert store.renames.name_now(Named.DIGEST, "other") == "other"


def message_to(store: SqlStore, digest: str, batch: str, key: str, receiver: str = "desk") -> Plan:
    waiting = tuple(one.id for one in store.digests.pending(digest))
    row = NewDelivery(key, digest, batch, receiver, ChannelKind.STDOUT, "stdout", message())
    return Plan(digest, batch, Window(NOON - HOUR, NOON), waiting, (), (row,), 1, closes_window=False)


def test_a_digest_that_was_in_use_before_its_old_name_was_said_has_both_histories(store, feed) -> None:
    """The config was saved without `renamed_from` first: the new name began anew, with numbers of its own."""
    fill(store, feed)
    store.digests.open_digest("border", NOON + 2 * HOUR)
    matched(store, grouped(store, feed, "later", "s_1"), "border")
    store.digests.record_plan(message_to(store, "border", "s_1#1", "key-of-border"), NOON)
    (done,) = carry(store, DIGEST)
    assert done.apart == 1
    assert {(one.new.batch, one.new.key) for one in store.ledger.deliveries(digest="border")} == {
        ("s_1#1", "key-of-border"),
        ("s_1#1 (morning)", "key-s_1#1-0"),
    }
    assert len(store.digests.told("border", ["s_1"])) == 2
    assert len(store.digests.pending("border")) == 1
    state = store.digests.state_of("border")
    assert state is not None
    assert (state.since, state.last_end) == (NOON, NOON)  # what waits is due as it was
    assert store.digests.last_batch("border", "s_1") == 1
    fates = [
        routing
        for match in store.ledger.fates("https://news.example/told", "https://news.example/told")[0].matches
        for routing in match.routings
    ]
    assert [(one.state, one.batch, len(one.deliveries)) for one in fates] == [
        (RoutingState.PLANNED, "s_1#1 (morning)", 1)
    ]


def test_two_digests_that_were_in_use_at_the_same_time_are_not_one(store: SqlStore, feed: Feed) -> None:
    fill(store, feed)
    matched(store, grouped(store, feed, "both"), "morning", "border")
    before = values_of(store)
    with pytest.raises(RenameRefused) as refused:
        carry(store, RULE, DIGEST)
    assert str(refused.value) == (
        'digest "border" was not "morning": they were in use at the same time (matches that went to both: 1). '
        'Take renamed_from = "morning" away: each keeps the history that it has; what waits for morning (2) goes '
        "out once that is in the config again"
    )
    with pytest.raises(RenameRefused):
        store.renames.to_come([DIGEST])
    assert values_of(store) == before


def test_two_receivers_and_two_rules_are_not_one(store: SqlStore, feed: Feed) -> None:
    matched(store, grouped(store, feed, "e1"), "morning")
    article = grouped(store, feed, "e2")
    both = [NewMatch(match_of(one), rule(one), "because", ("morning",)) for one in ("floods", "torkham-closed")]
    store.articles.record_matches(article, "rules-1", both, [], [], NOON)
    with pytest.raises(RenameRefused, match="articles that both matched: 1"):
        carry(store, Rename(Named.RULE, "floods", "torkham-closed"))
    first = message_to(store, "morning", "b", "key-1")
    second = replace(first.deliveries[0], receiver="newsroom", key="key-2")
    store.digests.record_plan(replace(first, deliveries=(first.deliveries[0], second)), NOON)
    with pytest.raises(RenameRefused, match=r"messages that went to both: 1.*what waits for desk \(1\)"):
        carry(store, RECEIVER)


def test_what_a_dry_run_wrote_for_the_new_receiver_is_no_message_to_both(store: SqlStore, feed: Feed) -> None:
    matched(store, grouped(store, feed, "e1"), "morning")
    first = message_to(store, "morning", "s_1#1", "key-1")
    rehearsed = replace(first.deliveries[0], receiver="newsroom", key="draft-key-1")
    store.digests.record_plan(replace(first, deliveries=(rehearsed,), draft=True), NOON)
    store.digests.record_plan(first, NOON)
    (done,) = carry(store, RECEIVER)
    assert done.rows["deliveries"] == 1


def test_an_old_name_that_is_taken_up_again_takes_no_key_of_before(store: SqlStore, feed: Feed) -> None:
    fill(store, feed)
    carry(store, DIGEST)
    assert store.digests.last_batch("morning", "s_1") == 1  # its key was made of the name "morning"
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed, "anew", "s_1"), "morning")
    with pytest.raises(BatchTaken):  # and what has a key that is taken is never dropped in silence
        store.digests.record_plan(message_to(store, "morning", "other", "key-s_1#1-0"), NOON)
    assert len(store.digests.pending("morning")) == 1
    assert store.renames.name_now(Named.DIGEST, "morning") == "morning"
    # The next rename is one like the first.
    (done,) = carry(store, Rename(Named.DIGEST, "morning", "evening"))
    assert done.rows["routings"] == 1
    assert store.digests.last_batch("evening", "s_1") == 0
    assert store.digests.last_batch("morning", "s_1") == 1


def test_a_look_back_that_was_sent_before_the_rename_is_known(store: SqlStore, feed: Feed) -> None:
    fill(store, feed)
    before = values_of(store)
    back = message_to(store, "morning", "backtest/x@1/2", "key-back")
    assert before
    store.digests.record_plan(back, NOON)
    carry(store, DIGEST)
    found = store.digests.pending("border")
    again = replace(back, planned=(), deliveries=())
    del found
    article = grouped(store, feed, "more")
    store.articles.record_matches(article, "rules-1", [], [], [], NOON)
    from monitor.model.ledger import StoredMatch

    one = StoredMatch(article.id, NewMatch(match_of("x"), rule("x"), "because", ("border",)), article, NOON)
    assert store.digests.record_look_back(replace(again, digest="border"), [one], NOON) is LookBack.KNOWN
    assert store.digests.record_look_back(again, [one], NOON) is LookBack.KNOWN


def test_a_receiver_and_a_rule_that_are_taken_up_again_are_renamed_anew(store: SqlStore, feed: Feed) -> None:
    fill(store, feed)
    carry(store, *ALL)
    store.renames.carry_over((), {Named.RECEIVER: ["desk"], Named.RULE: ["torkham-closed"]}, NOON)
    store.receivers.open(BrokenReceiver("desk", ChannelKind.SLACK, NOON, "no", NOON + HOUR))
    (done,) = carry(store, RECEIVER, RULE)
    assert done.rename == RECEIVER
    assert {one.receiver for one in store.receivers.broken()} == {"newsroom"}


def test_what_an_old_generation_still_wrote_under_the_old_name_follows(store: SqlStore, feed: Feed) -> None:
    fill(store, feed)
    carry(store, *ALL)
    matched(store, grouped(store, feed, "late"), "morning")
    store.digests.open_digest("morning", NOON)
    assert {one.rename for one in carry(store, *ALL)} == {DIGEST, RULE}
    assert len(store.digests.pending("border")) == 2
    assert store.digests.state_of("morning") is None


def test_who_left_by_the_old_name_in_the_second_of_the_rename_has_left(store: SqlStore, feed: Feed) -> None:
    fill(store, feed)
    carry(store, *ALL)
    store.suppressions.add(Suppression("morning", "late@example.org", NOON, SuppressedBy.LINK))
    assert {one.rename for one in carry(store, *ALL)} == {DIGEST}
    assert store.suppressions.holds("border", "late@example.org")


def test_of_many_renames_that_were_done_only_those_are_looked_at_that_are_asked_for(store: SqlStore) -> None:
    looks: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        looks.append(" ".join(statement.split()))

    sa.event.listen(store._db.engine, "before_cursor_execute", note)
    assert store.renames.to_come([RULE]) == []
    of_renames = [one for one in looks if "FROM renames" in one]
    assert of_renames
    assert all("renames.was IN" in one for one in of_renames), of_renames


@pytest.mark.needs("postgresql")
def test_a_receiver_that_answers_again_and_its_rename_do_not_wait_for_each_other() -> None:
    store = fresh_postgresql_store()
    store.digests.open_digest("morning", NOON)
    store.digests.record_plan(message_to(store, "morning", "b", "key-1"), NOON)
    store.receivers.open(BrokenReceiver("desk", ChannelKind.EMAIL, NOON, "no", NOON + HOUR))
    failed: list[Exception] = []

    def rename() -> None:
        try:
            carry(store, RECEIVER)
        except Exception as error:  # the thread's; it is looked at below
            failed.append(error)

    thread = threading.Thread(target=rename)
    with store._db.write() as connection:  # as `Receivers.close`
        connection.execute(t.broken_receivers.delete())
        thread.start()
        while thread.is_alive():
            with store._db.read() as beside:
                waits = beside.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar_one()
            if waits:
                break
        connection.execute(t.deliveries.update().values(next_attempt_at=NOON))
    thread.join()
    assert not failed
    assert [one.new.receiver for one in store.ledger.deliveries()] == ["newsroom"]


def test_a_window_of_the_old_name_is_not_closed_once_it_has_gone(store: SqlStore, feed: Feed) -> None:
    fill(store, feed)
    carry(store, DIGEST)
    empty = Plan("morning", "w", Window(NOON - HOUR, NOON), (), (), (), 0, closes_window=True)
    store.digests.record_plan(empty, NOON)
    with store._db.read() as connection:
        assert connection.execute(sa.select(t.batches.c.batch)).scalars().all() == ["s_1#1"]


def test_what_silenced_the_old_rule_by_a_pattern_silences_the_new_one(store: SqlStore) -> None:
    def silence(*rules: str) -> int:
        return store.silences.add(
            NewSilence(SilenceMode.HOLD, NOON, NOON + HOUR, "Ann", "why", rules, (), None, ()), NOON
        ).id

    ids = [silence("torkham-*"), silence("*closed"), silence(), silence("floods")]
    carry(store, RULE)
    found = {one.id: one.rules for one in store.silences.all()}
    assert [found[one] for one in ids] == [("torkham-*",), ("*closed", "torkham-shut"), (), ("floods",)]


def test_the_states_of_deliveries_and_their_times_are_as_they_were(store: SqlStore, feed: Feed) -> None:
    fill(store, feed)
    (before,) = store.ledger.deliveries()
    carry(store, *ALL)
    (after,) = store.ledger.deliveries()
    assert replace(after, new=before.new) == before
    assert after.new.message == before.new.message
    assert after.state is DeliveryState.WAITING
