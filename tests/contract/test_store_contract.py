"""What every store promises of feeds, entries, articles and digests: SQLite in a file, and in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from made import MINUTE, NOON, decision, feed_settings, match_of, new_article, new_entry, rule
from stored import LEASE, grouped, matched, plan, poll, read_articles, record_poll

from monitor.adapters.store import tables as t
from monitor.adapters.store.sql import SqlStore
from monitor.model.article import EntityMention
from monitor.model.delivery import DeliveryState
from monitor.model.feed import Feed, FeedStatus, PollOutcome, Validators
from monitor.model.ledger import KeptRuleset, NewMatch
from monitor.model.rule import RuleFailure, Severity
from monitor.ports import Store

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


def test_the_leases_of_some_feeds_are_released_and_those_of_others_stay(store: Store) -> None:
    store.feeds.sync([feed_settings(f"https://{n}.example/feed") for n in range(3)], NOON)
    one, _, other = (feed.id for feed in store.feeds.claim_due(NOON, LEASE, 10))
    store.feeds.release_leases([])
    assert not store.feeds.claim_due(NOON, LEASE, 10)
    store.feeds.release_leases([one, other])
    assert [feed.id for feed in store.feeds.claim_due(NOON, LEASE, 10)] == [one, other]


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
    record_poll(store, feed, failed, [], now=NOON)
    kept = store.feeds.all()[0]
    assert (kept.body_hash, kept.failures, kept.last_error) == ("body", 1, "no answer")


def test_a_feed_without_a_name_takes_its_title(store: Store) -> None:
    store.feeds.sync([feed_settings(name=None)], NOON)
    poll(store, store.feeds.all()[0])
    assert store.feeds.all()[0].name == "News of the day"


def test_a_feed_that_told_no_title_yet_is_named_without_the_token_in_its_address(store: Store) -> None:
    store.feeds.sync([feed_settings("https://me:word@news.example/feed?token=f00", name=None)], NOON)
    assert store.feeds.all()[0].name == "https://news.example/feed"


def test_a_feed_that_an_older_version_named_by_its_address_loses_the_token(
    store: SqlStore,
) -> None:
    settings = feed_settings("https://news.example/feed?token=f00", name=None)
    store.feeds.sync([settings], NOON)
    with store._db.write() as connection:
        connection.execute(t.feeds.update().values(name=settings.url))
    store.feeds.sync([settings], NOON)
    assert store.feeds.all()[0].name == "https://news.example/feed"


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
    record_poll(store, feed, gone, [], now=NOON)
    assert store.feeds.all()[0].status is FeedStatus.GONE
    assert not store.feeds.claim_due(NOON + timedelta(days=2), LEASE, 10)
    store.feeds.sync([feed_settings()], NOON)
    assert store.feeds.all()[0].status is FeedStatus.ACTIVE


def test_a_feed_removed_while_it_was_asked_stays_removed_whatever_it_answers(store: Store, feed: Feed) -> None:
    store.feeds.sync([], NOON)
    gone = decision(outcome=PollOutcome.GONE, status=FeedStatus.GONE)
    record_poll(store, feed, gone, [], now=NOON)
    assert store.feeds.all()[0].status is FeedStatus.REMOVED


def test_a_name_given_while_the_feed_was_asked_wins_over_its_title(store: Store) -> None:
    store.feeds.sync([feed_settings(name=None)], NOON)
    asked = store.feeds.all()[0]
    store.feeds.sync([feed_settings(name="Wire")], NOON)
    poll(store, asked)
    assert store.feeds.all()[0].name == "Wire"


def test_declaring_the_same_again_leaves_every_feed_as_it_is(store: Store, feed: Feed) -> None:
    poll(store, feed)
    store.feeds.claim_due(NOON + timedelta(days=1), LEASE, 10)
    before = store.feeds.all()
    store.feeds.sync([feed_settings()], NOON + timedelta(days=1))
    assert store.feeds.all() == before
    assert not store.feeds.claim_due(NOON + timedelta(days=1), LEASE, 10)  # leased, as before


def test_all_active_feeds_can_be_made_due(store: Store, feed: Feed) -> None:
    poll(store, feed)
    assert store.feeds.make_all_due(NOON) == 1
    assert store.feeds.claim_due(NOON, LEASE, 10)


# ---- articles


def test_a_read_entry_waits_no_more_and_reading_twice_makes_one_article(store: Store, feed: Feed) -> None:
    poll(store, feed, new_entry())
    article = new_article(store.articles.waiting(NOON, 10)[0].row, feed_id=feed.id)
    store.articles.record_read(article)
    store.articles.record_read(article)
    assert not store.articles.waiting(NOON, 10)
    assert len(read_articles(store)) == 1


def test_an_article_comes_back_as_it_was_stored(store: Store, feed: Feed) -> None:
    mention = EntityMention("Khawaja Asif", "person", "khawaja_asif")
    article = grouped(store, feed, text="د طورخم دروازه", entities=(mention,), note="why")
    assert (article.text, article.entities, article.note) == ("د طورخم دروازه", (mention,), "why")


def test_an_article_keeps_its_section_its_language_and_how_surely_it_was_told(store: Store, feed: Feed) -> None:
    told = grouped(store, feed, "e1", language="ur", language_confidence=0.97, section="دنیا")
    assert (told.language, told.language_confidence, told.section) == ("ur", 0.97, "دنیا")
    stated = grouped(store, feed, "e2", language="en")
    assert (stated.language, stated.language_confidence, stated.section) == ("en", None, "")


def test_a_match_keeps_the_analyser_that_it_was_found_with(store: Store, feed: Feed) -> None:
    article = grouped(store, feed)
    new = [
        NewMatch(match_of("a"), rule("a"), "because", ("morning",), analyser_version="1/15.1.0"),
        NewMatch(match_of("b"), rule("b"), "because", ("morning",)),
    ]
    store.articles.record_matches(article, "rules-1", new, [], [], NOON)
    kept = {one.new.rule.id: one.new.analyser_version for one in store.digests.pending("morning")}
    listed = {one.rule: one.analyser_version for one in store.ledger.matches(NOON)}
    assert kept == listed == {"a": "1/15.1.0", "b": None}


def test_the_article_that_a_revision_revises_is_found(store: Store, feed: Feed) -> None:
    first = grouped(store, feed, "e1")
    poll(store, feed, new_entry("e1", text_hash="other", revision_of=first.entry_row))
    entry = store.articles.waiting(NOON, 10)[0]
    store.articles.record_read(new_article(entry.row, feed_id=feed.id))
    revision = read_articles(store)[0]
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


def test_the_rule_set_loaded_last_is_the_last_one_however_old_it_is(store: Store) -> None:
    assert store.articles.last_ruleset() is None
    old, new = (("border.toml", "[[rules]]"),), (("border.toml", "[[rules]] # new"), ("trade.toml", ""))
    store.articles.record_ruleset("v1", old, NOON)
    store.articles.record_ruleset("v2", new, NOON + MINUTE)
    assert store.articles.last_ruleset() == KeptRuleset("v2", new, NOON + MINUTE)
    store.articles.record_ruleset("v1", old, NOON + 2 * MINUTE)
    assert store.articles.last_ruleset() == KeptRuleset("v1", old, NOON + 2 * MINUTE)


def test_of_one_version_the_newest_text_is_kept_since_titles_and_tags_are_no_part_of_it(store: Store) -> None:
    store.articles.record_ruleset("v1", [("border.toml", "tags = ['a']")], NOON)
    store.articles.record_ruleset("v1", [("border.toml", "tags = ['b']")], NOON)
    assert store.articles.ruleset_files("v1") == [("border.toml", "tags = ['b']")]


def test_a_rule_set_loaded_while_the_clock_was_ahead_does_not_stay_the_last_one(store: Store) -> None:
    store.articles.record_ruleset("v1", [], NOON + timedelta(days=400))
    store.set_right(NOON)
    store.articles.record_ruleset("v2", [], NOON + MINUTE)
    last = store.articles.last_ruleset()
    assert last is not None
    assert last.version == "v2"


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


def test_what_was_told_is_what_was_planned_with_its_sentences(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed, "e1", story="s_1"), "morning")
    store.digests.record_plan(plan(store), NOON)
    second = grouped(store, feed, "e2", story="s_1")
    new = NewMatch(match_of(), rule(), "because", ("morning",), ("another",))
    store.articles.record_matches(second, "rules-1", [new], [], [], NOON)
    store.digests.record_plan(plan(store, batch="b2"), NOON)
    told = store.digests.told("morning", ["s_1"])
    assert [(one.rule, one.story, one.article, one.sentences, one.at) for one in told] == [
        ("torkham-closed", "s_1", 1, ("sentence",), NOON),
        ("torkham-closed", "s_1", second.id, ("another",), NOON),
    ]
    assert not store.digests.told("other", ["s_1"])


def test_what_was_told_goes_with_its_article_into_another_story(store: SqlStore, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    told = grouped(store, feed, "e1", story="s_1")
    matched(store, told, "morning")
    store.digests.record_plan(plan(store), NOON)
    with store._db.write() as connection:  # as regrouping does
        connection.execute(t.articles.update().values(story_id="s_9"))
    assert not store.digests.told("morning", ["s_1"])
    assert [(one.story, one.at) for one in store.digests.told("morning", ["s_1", "s_9"])] == [("s_9", NOON)]
    assert [one.article for one in store.digests.members(["s_9"])["s_9"]] == [told.id]


def test_a_match_is_merged_only_where_its_rule_was_told_on_its_story(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed, "e1", story="s_1"), "morning")
    store.digests.record_plan(plan(store), NOON)
    same, other = "torkham-closed", "x"
    for entry, story, rule_id in (("e2", "s_1", same), ("e3", "s_2", same), ("e4", "s_1", other)):
        matched(store, grouped(store, feed, entry, story=story), "morning", rule_id=rule_id)
    assert store.digests.pending_stories("morning") == ["s_1", "s_2"]
    assert len(store.digests.pending("morning", stories=["s_2"])) == 1
    merging = plan(store, batch="b2", deliveries=0)
    store.digests.record_plan(replace(merging, planned=(), merged=merging.planned), NOON)
    waiting = store.digests.pending("morning")
    assert [(one.article.story_id, one.new.rule.id) for one in waiting] == [
        ("s_2", same),
        ("s_1", other),
    ]


def test_the_stories_of_severe_matches_are_known_apart(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    for entry, story, severity in (
        ("e1", "s_1", Severity.HIGH),
        ("e2", "s_2", Severity.NORMAL),
        ("e3", "s_3", "low"),
    ):
        new = NewMatch(
            match_of("x"), rule("x", severity=Severity(severity)), "because", ("morning",), ("sentence",)
        )
        article = grouped(store, feed, entry, story=story)
        store.articles.record_matches(article, "rules-1", [new], [], [], NOON)
    asked = {least: store.digests.pending_stories("morning", at_least=least) for least in Severity}
    assert asked == {
        Severity.LOW: ["s_1", "s_2", "s_3"],
        Severity.NORMAL: ["s_1", "s_2"],
        Severity.HIGH: ["s_1"],
    }


def test_what_was_given_up_waits_again_while_its_text_is_there(store: SqlStore, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    for entry in ("e1", "e2"):
        matched(store, grouped(store, feed, entry, story="s_1"), "morning")
    giving_up = plan(store, deliveries=0)
    store.digests.record_plan(replace(giving_up, planned=(), too_few=dict.fromkeys(giving_up.planned, 2)), NOON)
    assert not store.digests.pending("morning")
    with store._db.write() as connection:
        connection.execute(t.articles.update().where(t.articles.c.id == 2).values(text_gone="retention", text=""))
    with store.grouping.session() as session:
        assert (session.wake_too_few(["s_2"]), session.wake_too_few(["s_1"])) == (0, 1)
    assert [one.article.id for one in store.digests.pending("morning")] == [1]


def test_likeness_to_what_was_told_is_that_of_the_classes(store: SqlStore, feed: Feed) -> None:
    for entry in ("e1", "e2", "e3"):
        grouped(store, feed, entry, story="s_1")
    assert store.digests.likeness(1, [2]) is None, "nobody knows"
    with store._db.write() as connection:
        for root in (1, 2, 3):
            own = {"root": root, "article_id": root, "seen": NOON, "language": "", "content_order": ""}
            connection.execute(t.story_nodes.insert().values(title_only=False, **own))
        connection.execute(t.story_edges.insert().values(one=1, other=2, weight=0.4))
    assert (store.digests.likeness(2, [1, 3]), store.digests.likeness(3, [1, 2])) == (0.4, 0.0)
    assert store.digests.likeness(1, [1, 3]) == 1.0


def test_a_dry_run_leaves_everything_for_the_real_one(store: Store, feed: Feed) -> None:
    state = store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning")
    store.digests.record_plan(plan(store, draft=True), NOON)
    assert not store.digests.pending("morning", draft=True)
    assert len(store.digests.pending("morning")) == 1
    assert not store.digests.told("morning", ["s_1"])
    assert store.digests.told("morning", ["s_1"], draft=True)
    assert store.digests.open_digest("morning", NOON).last_end == state.last_end
    assert [one.state for one in store.ledger.deliveries()] == [DeliveryState.DRAFT]
    assert not store.outbox.claim(NOON + timedelta(days=1), LEASE, 10)


def test_what_another_process_planned_meanwhile_is_not_planned_again(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed), "morning")
    late = plan(store, batch="b2")
    store.digests.record_plan(plan(store), NOON)
    store.digests.record_plan(late, NOON)
    assert [one.new.batch for one in store.ledger.deliveries()] == ["b1"]


def test_what_was_forgotten_while_it_was_planned_is_not_told_and_the_rest_waits(store: Store, feed: Feed) -> None:
    store.digests.open_digest("morning", NOON)
    matched(store, grouped(store, feed, "e1"), "morning")
    kept = grouped(store, feed, "e2", url="https://example.org/kept", url_key="https://example.org/kept")
    matched(store, kept, "morning")
    made = plan(store)
    assert len(made.planned) == 2
    link = new_entry("e1").parsed.link or ""
    with store._db.write() as connection:  # type: ignore[attr-defined]  # a SqlStore
        one = t.entries.update().where(t.entries.c.id == kept.entry_row)
        connection.execute(one.values(link=kept.url, url_key=kept.url_key))
    store.retention.forget(link, "", NOON, even_unsent=True)
    store.digests.record_plan(made, NOON)
    assert not store.ledger.deliveries()
    assert [one.article.id for one in store.digests.pending("morning")] == [kept.id]
    again = plan(store)
    store.digests.record_plan(again, NOON)
    assert (len(again.planned), len(store.ledger.deliveries())) == (1, 1)


def test_the_batches_of_a_story_are_numbered_on(store: Store) -> None:
    assert store.digests.last_batch("morning", "s_1") == 0
    for batch in ("s_1#2", "s_1#11", "s_10#30", "s%1#40", "s_1#x"):
        store.digests.record_plan(plan(store, batch=batch, deliveries=0), NOON)
    assert store.digests.last_batch("morning", "s_1") == 11


def test_the_articles_of_a_story_come_together(store: Store, feed: Feed) -> None:
    first, second = grouped(store, feed, "e1", story="s_1"), grouped(store, feed, "e2", story="s_1")
    found = store.digests.story_articles(["s_1", "s_unknown"])
    assert [one.id for one in found["s_1"]] == [first.id, second.id]
    told = ("feed_id", "feed_name", "url", "url_key", "title", "publisher", "quality", "first_seen", "published")
    told += ("language", "wire", "story_id", "duplicate_of", "duplicate_reason")
    whole = store.archive.articles([first.id, second.id])
    for name in told:
        assert [getattr(one, name) for one in found["s_1"]] == [getattr(one, name) for one in whole]


@pytest.mark.parametrize(
    ("outcome", "due"),
    [
        (PollOutcome.AUTH_ERROR, True),
        (PollOutcome.TLS_ERROR, True),
        (PollOutcome.UNREACHABLE, True),
        (PollOutcome.RATE_LIMITED, False),
        (PollOutcome.OK, False),
    ],
)
def test_a_feed_that_failed_for_how_it_is_reached_can_be_made_due(
    store: Store, feed: Feed, outcome: PollOutcome, due: bool
) -> None:
    record_poll(store, feed, decision(outcome=outcome, next_poll_at=NOON + 100 * MINUTE), [], now=NOON)
    assert store.feeds.try_now([feed.settings.url, "https://elsewhere.example/"], NOON) == due
    assert store.feeds.try_now([], NOON) == 0
    assert bool(store.feeds.claim_due(NOON, MINUTE, 10)) is due
