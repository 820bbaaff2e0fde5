"""What every store promises, over each implementation: SQLite in a file, and in memory (for fast tests)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from made import MINUTE, NOON, decision, feed_settings, match_of, message, new_article, new_entry, rule
from newsroom import fresh_store

from monitor.adapters.store.sql import SqlStore
from monitor.model.article import Article, DuplicateReason, EntityMention, Grouping
from monitor.model.delivery import ChannelKind, DeliveryState, NewDelivery, Receipt, RetryDecision, RetryReason
from monitor.model.digest import Window
from monitor.model.entry import Fate, NewEntry
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.feed import Feed, FeedStatus, PollOutcome, Validators
from monitor.model.ledger import Alerted, NewMatch, Plan, RoutingState
from monitor.model.rule import RuleFailure
from monitor.ports import Store

LEASE = timedelta(minutes=5)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file to copy: migrating one for every test would take longer than the tests."""
    file = tmp_path_factory.mktemp("store") / "monitor.db"
    SqlStore(f"sqlite:///{file}").close()
    return file


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path, migrated: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield fresh_store()
        return
    shutil.copy(migrated, tmp_path / "monitor.db")
    opened = SqlStore(f"sqlite:///{tmp_path / 'monitor.db'}")
    yield opened
    opened.close()


@pytest.fixture
def feed(store: Store) -> Feed:
    store.feeds.sync([feed_settings()], NOON)
    return store.feeds.all()[0]


def poll(store: Store, feed: Feed, *entries: NewEntry, **more: object) -> int:
    values = {"title": "News of the day", "body_hash": "body", "now": NOON, **more}
    return store.feeds.record_poll(feed, decision(), entries, **values)  # type: ignore[arg-type]


def grouped(store: Store, feed: Feed, id: str = "e1", story: str | None = None, **more: object) -> Article:
    """An article of an entry of that id, grouped into the story (its own by default)."""
    poll(store, feed, new_entry(id))
    entry = store.articles.waiting(NOON, 10)[0]
    store.articles.record_read(new_article(entry.row, feed_id=feed.id, **more))
    found = store.articles.ungrouped(NOON, 10)[0]
    store.articles.record_grouping(found.id, Grouping(story or f"s_{found.id:x}"))
    return next(one for one in store.articles.unmatched(NOON, 10) if one.id == found.id)


def matched(store: Store, article: Article, *digests: str, rule_id: str = "torkham-closed") -> None:
    new = NewMatch(match_of(rule_id), rule(rule_id), "because", digests, ("sentence",))
    store.articles.record_matches(article, "rules-1", [new], [], [], NOON)


def plan(store: Store, *, batch: str = "b1", draft: bool = False, deliveries: int = 1) -> Plan:
    waiting = store.digests.pending("morning", draft=draft)
    rows = tuple(
        NewDelivery(
            f"{'draft-' if draft else ''}key-{batch}-{n}",
            "morning",
            batch,
            "desk",
            ChannelKind.STDOUT,
            "",
            message(),
        )
        for n in range(deliveries)
    )
    return Plan(
        digest="morning",
        batch=batch,
        window=Window(NOON - timedelta(hours=1), NOON + timedelta(hours=1)),
        planned=tuple(one.id for one in waiting),
        merged=(),
        alerted=tuple(Alerted(one.new.rule.id, one.article.story_id or "", one.new.sentences) for one in waiting),
        deliveries=rows,
        stories=len(waiting),
        closes_window=True,
        draft=draft,
    )


# ---- feeds


def test_a_declared_feed_is_due_at_once(store: Store, feed: Feed) -> None:
    assert [one.id for one in store.feeds.claim_due(NOON, LEASE, 10)] == [feed.id]


def test_a_claimed_feed_is_not_claimed_again_until_its_lease_ends(store: Store, feed: Feed) -> None:
    store.feeds.claim_due(NOON, LEASE, 10)
    assert not store.feeds.claim_due(NOON + MINUTE, LEASE, 10)
    assert store.feeds.claim_due(NOON + LEASE, LEASE, 10)


def test_released_leases_make_feeds_due_again(store: Store, feed: Feed) -> None:
    store.feeds.claim_due(NOON, LEASE, 10)
    store.feeds.release_leases()
    assert store.feeds.claim_due(NOON, LEASE, 10)


def test_at_most_the_limit_is_claimed(store: Store) -> None:
    store.feeds.sync([feed_settings(f"https://{n}.example/feed") for n in range(5)], NOON)
    assert len(store.feeds.claim_due(NOON, LEASE, 3)) == 3
    assert len(store.feeds.claim_due(NOON, LEASE, 3)) == 2


def test_a_polled_feed_is_due_at_its_next_time(store: Store, feed: Feed) -> None:
    poll(store, feed)
    assert not store.feeds.claim_due(NOON + 14 * MINUTE, LEASE, 10)
    assert store.feeds.claim_due(NOON + 15 * MINUTE, LEASE, 10)


def test_what_a_poll_learned_is_kept(store: Store, feed: Feed) -> None:
    poll(store, feed)
    kept = store.feeds.all()[0]
    assert kept.validators == Validators('"etag"', None)
    assert (kept.body_hash, kept.first_success_at, kept.last_outcome) == ("body", NOON, PollOutcome.OK)


def test_a_failed_poll_keeps_the_body_hash_and_counts(store: Store, feed: Feed) -> None:
    poll(store, feed)
    failed = decision(outcome=PollOutcome.TIMEOUT, failures=1, error="no answer")
    store.feeds.record_poll(feed, failed, [], title=None, body_hash=None, now=NOON)
    kept = store.feeds.all()[0]
    assert (kept.body_hash, kept.failures, kept.last_error) == ("body", 1, "no answer")


def test_a_feed_without_a_name_takes_its_title(store: Store) -> None:
    store.feeds.sync([feed_settings(name=None)], NOON)
    poll(store, store.feeds.all()[0])
    assert store.feeds.all()[0].name == "News of the day"


def test_a_name_of_the_config_wins_over_the_title(store: Store, feed: Feed) -> None:
    poll(store, feed)
    assert store.feeds.all()[0].name == "News"


def test_a_feed_no_longer_declared_is_kept_but_not_polled(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry())
    store.feeds.sync([], NOON)
    assert store.feeds.all()[0].status is FeedStatus.REMOVED
    assert not store.feeds.claim_due(NOON + timedelta(days=1), LEASE, 10)
    assert store.articles.waiting(NOON, 10)


def test_a_feed_declared_again_goes_on_where_it_was(store: Store, feed: Feed) -> None:
    poll(store, feed)
    store.feeds.sync([], NOON)
    store.feeds.sync([feed_settings()], NOON)
    again = store.feeds.all()[0]
    assert (again.id, again.status, again.first_success_at) == (feed.id, FeedStatus.ACTIVE, NOON)


def test_a_gone_feed_is_asked_once_more_when_the_config_is_read_again(store: Store, feed: Feed) -> None:
    gone = decision(outcome=PollOutcome.GONE, status=FeedStatus.GONE)
    store.feeds.record_poll(feed, gone, [], title=None, body_hash=None, now=NOON)
    assert store.feeds.all()[0].status is FeedStatus.GONE
    assert not store.feeds.claim_due(NOON + timedelta(days=2), LEASE, 10)
    store.feeds.sync([feed_settings()], NOON)
    assert store.feeds.all()[0].status is FeedStatus.ACTIVE


def test_all_active_feeds_can_be_made_due(store: Store, feed: Feed) -> None:
    poll(store, feed)
    assert store.feeds.make_all_due(NOON) == 1
    assert store.feeds.claim_due(NOON, LEASE, 10)


# ---- entries


def test_an_entry_is_stored_once(store: Store, feed: Feed) -> None:
    assert poll(store, feed, new_entry()) == 1
    assert poll(store, feed, new_entry()) == 0


def test_known_entries_are_found_by_id_and_by_url(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry("e1"), new_entry("e2"), new_entry("e3"))
    found = store.feeds.known_entries(feed.id, ["e1"], ["https://news.example/e2", ""])
    assert [one.id for one in found] == ["e1", "e2"]


def test_entries_of_other_feeds_are_not_known(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry("e1"))
    assert not store.feeds.known_entries(feed.id + 1, ["e1"], ["https://news.example/e1"])


def test_a_thousand_known_entries_are_found(store: Store, feed: Feed) -> None:
    ids = [f"e{n}" for n in range(1000)]
    poll(store, feed, *(new_entry(one) for one in ids))
    assert len(store.feeds.known_entries(feed.id, ids, [])) == 1000


def test_an_id_of_any_length_and_letters_is_kept(store: Store, feed: Feed) -> None:
    long = "طورخم\x00" * 10_000
    poll(store, feed, new_entry(long.replace("\x00", "")))
    assert store.feeds.known_entries(feed.id, [long.replace("\x00", "")], [])


def test_only_waiting_entries_wait(store: Store, feed: Feed) -> None:
    poll(
        store,
        feed,
        new_entry("e1"),
        new_entry("e2", fate=Fate.SEEN_AT_SUBSCRIBE),
        new_entry("e3", fate=Fate.TOO_OLD),
    )
    assert [entry.new.parsed.id for entry in store.articles.waiting(NOON, 10)] == ["e1"]


def test_a_waiting_entry_brings_what_reading_needs(store: Store) -> None:
    store.feeds.sync([feed_settings(full_text=True, tags=("border",))], NOON)
    poll(store, store.feeds.all()[0], new_entry(authors=("Riaz Khan",)))
    entry = store.articles.waiting(NOON, 10)[0]
    assert (entry.full_text, entry.feed_tags, entry.feed_name) == (True, ("border",), "News")
    assert entry.new.parsed.authors == ("Riaz Khan",)


def test_a_postponed_entry_waits_until_its_time(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry())
    store.articles.postpone_read(store.articles.waiting(NOON, 1)[0].row, NOON + MINUTE)
    assert not store.articles.waiting(NOON, 10)
    assert store.articles.waiting(NOON + MINUTE, 10)[0].read_attempts == 1


# ---- articles


def test_a_read_entry_waits_no_more_and_reading_twice_makes_one_article(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry())
    article = new_article(store.articles.waiting(NOON, 10)[0].row, feed_id=feed.id)
    store.articles.record_read(article)
    store.articles.record_read(article)
    assert not store.articles.waiting(NOON, 10)
    assert len(store.articles.ungrouped(NOON, 10)) == 1


def test_an_article_comes_back_as_it_was_stored(store: Store, feed: Feed) -> None:
    mention = EntityMention("Khawaja Asif", "person", "khawaja_asif")
    article = grouped(store, feed, text="د طورخم دروازه", entities=(mention,), note="why")
    assert (article.text, article.entities, article.note) == ("د طورخم دروازه", (mention,), "why")


def test_a_grouping_is_recorded_once(store: Store, feed: Feed) -> None:
    article = grouped(store, feed, story="s_1")
    store.articles.record_grouping(article.id, Grouping("s_2"))
    assert store.articles.unmatched(NOON, 10)[0].story_id == "s_1"


def test_twins_share_the_url_key_or_recent_content(store: Store, feed: Feed) -> None:
    by_url = grouped(store, feed, "e1", url_key="https://news.example/x", content_hash="a")
    by_words = grouped(store, feed, "e2", url_key="https://news.example/y", content_hash="b")
    grouped(store, feed, "e3", url_key="https://news.example/z", content_hash="c")
    probe = grouped(store, feed, "e4", url_key="https://news.example/x", content_hash="b")
    assert [one.id for one in store.articles.twins(probe, NOON - MINUTE)] == [by_url.id, by_words.id]
    assert [one.id for one in store.articles.twins(probe, NOON + MINUTE)] == [by_url.id]


def test_articles_without_a_url_key_are_not_twins_for_having_none(store: Store, feed: Feed) -> None:
    grouped(store, feed, "e1", url_key="", content_hash="a")
    probe = grouped(store, feed, "e2", url_key="", content_hash="b")
    assert not store.articles.twins(probe, NOON - MINUTE)


def test_the_article_that_a_revision_revises_is_found(store: Store, feed: Feed) -> None:
    first = grouped(store, feed, "e1")
    poll(store, feed, new_entry("e1", text_hash="other", revision_of=first.entry_row))
    entry = store.articles.waiting(NOON, 10)[0]
    store.articles.record_read(new_article(entry.row, feed_id=feed.id))
    revision = store.articles.ungrouped(NOON, 10)[0]
    found = store.articles.revised_article(revision)
    assert found is not None
    assert found.id == first.id
    assert store.articles.revised_article(first) is None


def test_matching_twice_changes_nothing(store: Store, feed: Feed) -> None:
    article = grouped(store, feed)
    matched(store, article, "morning")
    matched(store, article, "morning")
    assert len(store.digests.pending("morning")) == 1
    assert not store.articles.unmatched(NOON, 10)


def test_matches_come_back_with_rule_spans_and_explanation(store: Store, feed: Feed) -> None:
    matched(store, grouped(store, feed), "morning")
    found = store.digests.pending("morning")[0]
    assert (found.new.rule, found.new.because, found.new.sentences) == (rule(), "because", ("sentence",))
    assert found.new.match.explanation == match_of().explanation


def test_a_rule_that_failed_is_kept_with_its_reason(store: Store, feed: Feed) -> None:
    article = grouped(store, feed)
    store.articles.record_matches(article, "rules-1", [], [RuleFailure("1", "broken", "too deep")], [], NOON)
    fate = store.ledger.fates("", "https://news.example/e1")[0]
    assert fate.failures == (("broken", "too deep"),)


def test_a_rule_set_keeps_its_text(store: Store) -> None:
    store.articles.record_ruleset("v1", [("border.toml", "[[rules]]")], NOON)
    store.articles.record_ruleset("v1", [("border.toml", "[[rules]]")], NOON)
    assert store.articles.ruleset_files("v1") == [("border.toml", "[[rules]]")]
    assert store.articles.ruleset_files("v2") is None


# ---- digests


def test_a_new_digest_looks_forward(store: Store) -> None:
    assert store.digests.open_digest("morning", NOON).last_end == NOON
    assert store.digests.open_digest("morning", NOON + MINUTE).last_end == NOON


def test_a_planned_match_is_pending_no_more(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning", "other")
    store.digests.record_plan(plan(store), NOON)
    assert not store.digests.pending("morning")
    assert len(store.digests.pending("other")) == 1
    assert store.digests.open_digest("morning", NOON).last_end == NOON + timedelta(hours=1)


def test_planning_a_batch_twice_makes_its_deliveries_once(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning")
    made = plan(store)
    store.digests.record_plan(made, NOON)
    store.digests.record_plan(made, NOON)
    assert len(store.ledger.deliveries()) == 1


def test_what_was_alerted_is_remembered_with_its_sentences(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed, "e1", story="s_1"), "morning")
    store.digests.record_plan(plan(store), NOON)
    second = grouped(store, feed, "e2", story="s_1")
    new = NewMatch(match_of(), rule(), "because", ("morning",), ("another",))
    store.articles.record_matches(second, "rules-1", [new], [], [], NOON)
    store.digests.record_plan(plan(store, batch="b2"), NOON)
    assert store.digests.alerted("morning", ["s_1"]) == [Alerted("torkham-closed", "s_1", ("another", "sentence"))]
    assert not store.digests.alerted("other", ["s_1"])


def test_a_dry_run_leaves_everything_for_the_real_one(store: Store, feed: Feed) -> None:
    state = store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning")
    store.digests.record_plan(plan(store, draft=True), NOON)
    assert not store.digests.pending("morning", draft=True)
    assert len(store.digests.pending("morning")) == 1
    assert not store.digests.alerted("morning", ["s_1"])
    assert store.digests.alerted("morning", ["s_1"], draft=True)
    assert store.digests.open_digest("morning", NOON).last_end == state.last_end
    assert [one.state for one in store.ledger.deliveries()] == [DeliveryState.DRAFT]
    assert not store.outbox.claim(NOON + timedelta(days=1), LEASE, 10)


def test_batches_are_counted_by_prefix(store: Store) -> None:
    for batch in ("s_1#1", "s_1#2", "s_10#1", "s%1#1"):
        store.digests.record_plan(plan(store, batch=batch, deliveries=0), NOON)
    assert store.digests.batches("morning", "s_1#") == 2


def test_the_articles_of_a_story_come_together(store: Store, feed: Feed) -> None:
    first, second = grouped(store, feed, "e1", story="s_1"), grouped(store, feed, "e2", story="s_1")
    found = store.digests.story_articles(["s_1", "s_unknown"])
    assert [one.id for one in found["s_1"]] == [first.id, second.id]


# ---- outbox


@pytest.fixture
def waiting(store: Store, feed: Feed) -> Store:
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning")
    store.digests.record_plan(plan(store), NOON)
    return store


def test_a_delivery_is_claimed_by_one_sender(waiting: Store) -> None:
    claimed = waiting.outbox.claim(NOON, LEASE, 10)
    assert [one.new.message for one in claimed] == [message()]
    assert not waiting.outbox.claim(NOON, LEASE, 10)
    assert waiting.outbox.claim(NOON + LEASE, LEASE, 10)


def test_a_claim_passes_over_busy_receivers(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning")
    made = plan(store, deliveries=3)
    first, second, third = made.deliveries
    rows = (first, replace(second, channel=ChannelKind.FILE), replace(third, receiver="night"))
    store.digests.record_plan(replace(made, deliveries=rows), NOON)
    busy = [("desk", ChannelKind.STDOUT), ("night", ChannelKind.FILE)]
    assert [one.new.key for one in store.outbox.claim(NOON, LEASE, 1, busy)] == [second.key]
    assert [one.new.key for one in store.outbox.claim(NOON, LEASE, 10, busy)] == [third.key]
    assert not store.outbox.claim(
        NOON + LEASE, LEASE, 10, [("desk", "stdout"), ("desk", "file"), ("night", "stdout")]
    )
    assert [one.new.key for one in store.outbox.claim(NOON, LEASE, 10)] == [first.key]


def test_a_sent_delivery_is_not_sent_again(waiting: Store) -> None:
    waiting.outbox.record_sent(waiting.outbox.claim(NOON, LEASE, 1)[0], Receipt("250 ok"), NOON)
    assert not waiting.outbox.claim(NOON + timedelta(days=9), LEASE, 10)
    sent = waiting.ledger.deliveries()[0]
    assert (sent.state, sent.receipt, sent.attempts) == (DeliveryState.SENT, "250 ok", 1)


def test_a_failed_delivery_waits_for_its_next_attempt(waiting: Store) -> None:
    failure = DeliveryFailed(DeliveryFault.TEMPORARY, "451 later")
    again = RetryDecision(NOON + MINUTE, RetryReason.BACK_OFF)
    waiting.outbox.record_failure(waiting.outbox.claim(NOON, LEASE, 1)[0], failure, again, NOON)
    assert not waiting.outbox.claim(NOON, LEASE, 10)
    retried = waiting.outbox.claim(NOON + MINUTE, LEASE, 10)[0]
    assert (retried.attempts, retried.last_error) == (1, "temporary: 451 later")


def test_a_delivery_that_is_given_up_is_kept_as_dead(waiting: Store) -> None:
    failure = DeliveryFailed(DeliveryFault.REFUSED, "550 no such user")
    waiting.outbox.record_failure(
        waiting.outbox.claim(NOON, LEASE, 1)[0], failure, RetryDecision(None, RetryReason.REFUSED), NOON
    )
    assert not waiting.outbox.claim(NOON + timedelta(days=9), LEASE, 10)
    assert [one.state for one in waiting.ledger.deliveries(state=DeliveryState.DEAD)] == [DeliveryState.DEAD]


# ---- ledger


def test_the_ledger_tells_the_fate_of_an_entry(waiting: Store) -> None:
    fate = waiting.ledger.fates("", "https://news.example/e1")[0]
    routing = fate.matches[0].routings[0]
    assert fate.article is not None
    assert (routing.digest, routing.state, routing.batch) == ("morning", RoutingState.PLANNED, "b1")
    assert [one.state for one in routing.deliveries] == [DeliveryState.WAITING]


def test_a_merged_match_names_the_batch_that_carried_its_story(waiting: Store, feed: Feed) -> None:
    second = grouped(waiting, feed, "e2", story="s_1")
    matched(waiting, second, "morning")
    pending = waiting.digests.pending("morning")[0]
    merged = Plan("morning", "b2", Window(NOON, NOON + MINUTE), (), (pending.id,), (), (), 0, False)
    waiting.digests.record_plan(merged, NOON)
    routing = waiting.ledger.fates("", "https://news.example/e2")[0].matches[0].routings[0]
    assert (routing.state, routing.batch, len(routing.deliveries)) == (RoutingState.MERGED, "b1", 1)


def test_an_entry_without_a_url_key_is_found_by_its_link(store: Store, feed: Feed) -> None:
    assert not store.ledger.fates("https://nowhere.example/", "")


def test_a_copy_names_its_original(store: Store, feed: Feed) -> None:
    first = grouped(store, feed, "e1")
    poll(store, feed, new_entry("e2"))
    entry = store.articles.waiting(NOON, 10)[0]
    store.articles.record_read(new_article(entry.row, feed_id=feed.id))
    copy = store.articles.ungrouped(NOON, 10)[0]
    store.articles.record_grouping(copy.id, Grouping("s_1", first.id, DuplicateReason.SAME_CONTENT))
    fate = store.ledger.fates("", "https://news.example/e2")[0]
    assert fate.original is not None
    assert fate.original.id == first.id


def test_counts_speak_of_the_last_hour(waiting: Store) -> None:
    counts = waiting.ledger.counts(NOON + MINUTE)
    assert (counts.entries, counts.matches, counts.stories) == (1, 1, 1)
    assert counts.polls == {"ok": 1}
    assert counts.deliveries == {"waiting": 1}
    later = waiting.ledger.counts(NOON + timedelta(hours=2))
    assert (later.entries, later.matches, later.polls) == (0, 0, {})


# ---- a clock that was set


def test_what_a_wrong_clock_put_far_ahead_is_pulled_back(waiting: Store, feed: Feed) -> None:
    year = timedelta(days=365)
    ahead = decision(NOON + year)
    waiting.feeds.record_poll(feed, ahead, [], title=None, body_hash=None, now=NOON + year)
    waiting.outbox.claim(NOON + year, LEASE, 10)
    waiting.digests.record_plan(
        Plan("morning", "b9", Window(NOON, NOON + year), (), (), (), (), 0, closes_window=True), NOON
    )
    assert waiting.set_right(NOON) >= 3
    assert waiting.feeds.claim_due(NOON, LEASE, 10)
    assert waiting.outbox.claim(NOON, LEASE, 10)
    state = waiting.digests.state_of("morning")
    assert state is not None
    assert state.last_end == NOON


def test_a_right_clock_moves_nothing(waiting: Store, feed: Feed) -> None:
    poll(waiting, feed)
    assert waiting.set_right(NOON + timedelta(hours=2)) == 0


def test_a_feed_that_is_asked_weekly_keeps_its_week(store: Store) -> None:
    store.feeds.sync([feed_settings(interval=timedelta(days=7))], NOON)
    weekly = store.feeds.all()[0]
    store.feeds.record_poll(
        weekly, decision(NOON, next_poll_at=NOON + timedelta(days=7)), [], title=None, body_hash=None, now=NOON
    )
    assert store.set_right(NOON) == 0
