"""match: what the rules say of each article, and which digests take it."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from datetime import timedelta

import pytest
from made import NOON, feed_settings
from newsroom import DAY, FEED, HOUR, RULES, Newsroom, after, digest_settings, item, rss, ruleset_of
from stored import read_articles

from monitor.app.languages import settled
from monitor.core.rules import Patience, RuleSet
from monitor.core.rules.compiled import CompiledRule
from monitor.core.rules.evaluate import Evaluation
from monitor.core.rules.explain import Explainer
from monitor.core.rules.patience import ENDLESS
from monitor.core.text.terms import TERMS_VERSION
from monitor.model.article import Article, Document, DuplicateReason, EntityMention
from monitor.model.errors import StoreUnusable
from monitor.model.jobs import PARTS, Job
from monitor.model.rule import Match, RuleFailure
from monitor.pipeline import match
from monitor.pipeline.isolation import TRY_AGAIN
from monitor.pipeline.match import (
    LAST_PATIENCE,
    PATIENCE,
    MatchReport,
    MatchStage,
    analyser_version,
    document_of,
    document_of_words,
)
from monitor.pipeline.parts import JobParts
from monitor.testing import StaticRecognizer

ENTITIES = (
    RULES
    + """
[entities.torkham]
name = "Torkham"
type = "place"
aliases = ["Tor Kham"]

[[rules]]
id = "named"
title = "Torkham named"
query = '@torkham'
"""
)


def rules_of(report: MatchReport) -> list[str]:
    return [match.rule.id for match in report.matches]


def test_every_rule_that_holds_matches_with_its_reason() -> None:
    room = Newsroom()
    (report,) = room.bring_in(item(summary="6,000 trucks wait since Torkham was closed."))
    assert rules_of(report) == ["torkham-closed", "trucks"]
    assert report.matches[0].because == '"Torkham" and "closed"'
    assert report.failures == ()


def test_an_article_that_no_rule_wants_is_matched_too_and_not_again() -> None:
    room = Newsroom()
    (report,) = room.bring_in(item(title="Weather", summary="Sunny."))
    assert report.matches == ()
    assert room.article().ruleset == room.ruleset.version
    assert not room.match()


def test_rules_read_title_summary_text_and_the_fields_of_the_feed() -> None:
    room = Newsroom(feeds=[feed_settings(FEED, name="Dawn", tags=("border",), backfill=DAY)])
    room.bring_in(item(title="Trucks", summary="Torkham was closed."))
    document = document_of(room.article())
    assert (document.title, document.body) == ("Trucks", "Torkham was closed.")
    assert (document.feed, document.publisher, document.tags) == ("Dawn", "Dawn", ("border",))
    assert (document.url, document.published, document.id) == ("https://news.example/e1", NOON, "1")


# ---- routing


def test_each_digest_takes_what_its_selectors_say() -> None:
    room = Newsroom(
        digests=[
            digest_settings("all", rules=("*",)),
            digest_settings("border", rules=("tag:border",)),
            digest_settings("no-high", rules=("*", "!severity:high")),
        ]
    )
    (report,) = room.bring_in(item(summary="6,000 trucks wait since Torkham was closed."))
    routed = {match.rule.id: match.digests for match in report.matches}
    assert routed == {"torkham-closed": ("all", "border"), "trucks": ("all", "no-high")}
    assert [len(room.store.digests.pending(name)) for name in ("all", "border", "no-high")] == [2, 1, 1]


def test_a_match_that_no_digest_takes_is_kept() -> None:
    room = Newsroom(digests=[digest_settings(rules=("floods",))])
    (report,) = room.bring_in(item())
    assert [match.digests for match in report.matches] == [()]
    (fate,) = room.fates()
    assert [match.routings for match in fate.matches] == [()]
    assert not room.plan(close_all=True)


# ---- copies and revisions


def test_a_copy_is_matched_too_and_merges_only_when_it_is_planned() -> None:
    room = Newsroom()
    room.bring_in(item())
    assert [plan.stories for plan in room.plan() if not hasattr(plan, "why")] == [1]
    room.clock.advance(HOUR)
    reports = room.bring_in(item(), item("copy", link="https://news.example/copy"))
    assert [rules_of(report) for report in reports] == [["torkham-closed"]]
    assert room.article("copy").duplicate_of == 1
    (plan,) = room.plan()
    assert (len(plan.planned), len(plan.merged), len(plan.deliveries)) == (0, 1, 0)  # type: ignore[union-attr]  # a Plan
    assert len(room.alerts()) == 1


def test_new_text_in_a_copy_is_not_hidden_from_the_rules() -> None:
    room = Newsroom()
    room.bring_in(item(summary="Torkham was busy.", title="At the border"))
    (report,) = room.bring_in(
        item(summary="Torkham was busy.", title="At the border"),
        item("copy", "At the border", "6,000 trucks wait.", link="https://news.example/e1"),
    )
    assert room.fates()[0].article is not None
    assert report.article.duplicate_reason in (DuplicateReason.SAME_URL, DuplicateReason.REVISION)
    assert rules_of(report) == ["trucks"]


def test_a_revision_is_matched_as_a_whole() -> None:
    room = Newsroom()
    assert rules_of(room.bring_in(item(title="Border", summary="Torkham was busy."))[0]) == []
    (report,) = room.bring_in(item(title="Border", summary="Torkham was busy. Then it was closed."))
    assert rules_of(report) == ["torkham-closed"]


# ---- entities


def test_the_rules_own_entities_come_first_and_the_recognisers_others_after() -> None:
    room = Newsroom(rules=ENTITIES, recognizer=StaticRecognizer({"torkham": "org", "Taliban": "org"}))
    room.bring_in(item(summary="The Taliban said that torkham, or Tor Kham, was closed."))
    assert room.article().named == (
        EntityMention("Torkham", "place", "torkham"),
        EntityMention("Taliban", "org"),
    )


def test_rules_that_read_an_article_again_read_the_same_names() -> None:
    room = Newsroom(rules=ENTITIES, recognizer=StaticRecognizer({"torkham": "org", "Taliban": "org"}))
    room.serve(item(summary="The Taliban said that torkham, or Tor Kham, was closed."))
    for stage in (room.poll, room.read, room.group):
        stage()
    before = document_of(room.article())
    room.match()
    assert document_of(room.article()) == before
    assert before.names == (EntityMention("Taliban", "org"), EntityMention("torkham", "org"))


def test_a_match_is_kept_with_the_analyser_that_cut_its_words() -> None:
    room = Newsroom()
    room.bring_in(item())
    (listed,) = room.store.ledger.matches(NOON - DAY)
    assert listed.analyser_version == analyser_version(room.ruleset)
    assert listed.analyser_version.startswith(TERMS_VERSION)
    assert room.fates()[0].matches[0].match.new.analyser_version == listed.analyser_version


# ---- failures


class Breaking(RuleSet):
    """A rule set one of whose rules cannot be evaluated."""

    def _match(self, one: CompiledRule, evaluation: Evaluation, explainer: Explainer) -> Match | None:
        if one.rule.id == "trucks":
            raise RecursionError("maximum recursion depth exceeded")
        return super()._match(one, evaluation, explainer)


def breaking() -> RuleSet:
    good = ruleset_of(RULES)
    return Breaking(good.compiled, good.lexicon)


def test_a_rule_that_raises_is_a_failure_value_and_the_others_match() -> None:
    room = Newsroom(rules=breaking())
    (report,) = room.bring_in(item(summary="6,000 trucks wait since Torkham was closed."))
    assert rules_of(report) == ["torkham-closed"]
    assert [(failure.rule, failure.why.split(":")[0]) for failure in report.failures] == [
        ("trucks", "RecursionError")
    ]
    assert isinstance(report.failures[0], RuleFailure)
    assert [rule for rule, _ in room.fates()[0].failures] == ["trucks"]


def test_an_article_that_breaks_the_stage_is_tried_again_and_the_others_go_on() -> None:
    room = Newsroom()
    record = room.store.articles.record_matches

    def breaks(article: Article, *rest: object) -> None:
        if article.id == 1:
            raise ZeroDivisionError("a fault nobody foresaw")
        record(article, *rest)  # type: ignore[arg-type]  # as it was called

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room.store.articles, "record_matches", breaks)
        first, second = room.bring_in(item(), item("e2", "Floods in Sindh", "Floods."))
    assert "ZeroDivisionError" in (first.why or "")
    assert rules_of(second) == ["floods"]
    assert not room.match()
    room.clock.advance(TRY_AGAIN)
    assert [rules_of(report) for report in room.match()] == [["torkham-closed"]]


def test_an_article_that_once_broke_a_stage_keeps_the_note_about_its_page() -> None:
    room = Newsroom(feeds=[feed_settings(FEED, full_text=True, backfill=DAY)])
    room.serve(item())
    room.poll()
    for _ in range(4):
        room.read()
        room.clock.advance(HOUR)
    room.group()
    assert room.article().note == "no such host"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room.store.articles, "record_matches", lambda *_: 1 // 0)
        room.match()
    room.clock.advance(TRY_AGAIN)
    room.match()
    assert room.article().note == "no such host"


def test_a_store_in_trouble_is_no_articles_fault() -> None:
    def full(*_: object) -> None:
        raise StoreUnusable("monitor.db", "the disk is full")

    room = Newsroom()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room.store.articles, "record_matches", full)  # a disk cannot be filled here
        with pytest.raises(StoreUnusable):
            room.bring_in(item())
    assert len(room.match()) == 1


# ---- again and again


def test_matching_twice_changes_nothing() -> None:
    room = Newsroom()
    room.bring_in(item(), item("e2", "Floods in Sindh"))
    before = room.dump()
    assert not room.match()
    assert room.dump() == before


def test_stopping_leaves_the_rest_to_be_matched() -> None:
    room = Newsroom()
    room.serve(item(), item("e2", "Floods in Sindh", "Rain."), item("e3", "Trucks", "Many."))
    room.poll()
    room.read()
    room.group()
    assert len(room.match(after(1))) == 1
    assert len(room.match()) == 2


def test_a_match_carries_the_time_it_was_made() -> None:
    room = Newsroom()
    room.serve(item())
    room.poll()
    room.read()
    room.group()
    room.clock.advance(timedelta(minutes=7))
    room.match()
    (pending,) = room.store.digests.pending("alerts")
    assert pending.matched_at == NOON + timedelta(minutes=7)


def test_what_add_says_of_an_entry_is_said_of_the_words_that_the_rules_will_read() -> None:
    asks = "\n[[rules]]\nid = 'english'\nquery = 'language:en AND Torkham'\n"
    room = Newsroom(feeds=[feed_settings(FEED, backfill=DAY, tags=("pk",))], rules=RULES + asks)
    room.fetcher.answers[FEED] = rss(item(summary="Torkham was closed."), more="<language>fa-AF</language>")
    room.poll()
    (entry,) = room.store.articles.waiting(room.clock.now(), 10)
    room.read()
    words = document_of_words(entry.new.parsed, entry.feed_name, entry.feed_tags)
    words = settled(room.ruleset)(words)
    article = read_articles(room.store, room.clock.now())[0]
    assert replace(document_of(article), id=words.id) == words


# ---- rules that take too long


class SlowRules(RuleSet):
    """Finishes the rule "trucks" at the second asking only, or never."""

    def __init__(self, rules: RuleSet, ever: bool) -> None:
        super().__init__(rules.compiled, rules.lexicon)
        self.ever = ever
        self.asked: list[tuple[timedelta, Set[str] | None]] = []

    def match(
        self, document: Document, patience: Patience = ENDLESS, only: Set[str] | None = None
    ) -> tuple[Match | RuleFailure, ...]:
        self.asked.append((patience.limit, only))
        return tuple(
            RuleFailure(document.id, "trucks", "not finished", unfinished=True)
            if answer.rule == "trucks" and (only is None or not self.ever)
            else answer
            for answer in super().match(document, only=only)
        )


@pytest.mark.parametrize("ever", [True, False])
def test_a_rule_that_was_not_finished_is_asked_once_more_and_then_reported(ever: bool) -> None:
    slow = SlowRules(ruleset_of(RULES), ever)
    room = Newsroom(rules=slow)
    (report,) = room.bring_in(item(summary="6,000 trucks wait since Torkham was closed."))
    assert slow.asked == [(PATIENCE, None), (LAST_PATIENCE, {"trucks"})]
    assert rules_of(report) == (["torkham-closed", "trucks"] if ever else ["torkham-closed"])
    assert [failure.rule for failure in report.failures] == ([] if ever else ["trucks"])
    assert room.article().ruleset == slow.version


# ---- parts, where a queue gives them out


def test_a_part_is_matched_and_nothing_else_and_then_its_job_ends() -> None:
    urls = [f"https://f{n}.example/feed" for n in range(3)]
    room = Newsroom(feeds=[feed_settings(url, backfill=DAY) for url in urls])
    for number, url in enumerate(urls):
        room.serve(item(id=f"e{number}", summary="Trucks wait."), url=url)
    room.poll()
    room.read()
    room.group()
    (first, second, third) = room.store.articles.unmatched(room.clock.now(), 10)
    given, done = JobParts(), list[int]()
    stage = MatchStage(room.store.articles, room.ruleset, room.digests, room.clock, given.turns)
    assert not list(stage.run(lambda: False))  # nothing was given
    for one in (third, first):
        part = one.feed_id % PARTS
        given.give(Job.of_part("match", part), lambda part=part: done.append(part))  # type: ignore[misc]
    assert [report.article.id for report in stage.run(lambda: False)] == [third.id, first.id]
    assert done == [third.feed_id % PARTS, first.feed_id % PARTS]
    assert [one.id for one in room.store.articles.unmatched(room.clock.now(), 10)] == [second.id]


def test_a_part_with_much_to_read_gives_way_to_the_next_after_its_turn() -> None:
    """What is left of it is found by who looks for parts in which something waits."""
    room = Newsroom(feeds=[feed_settings(FEED, backfill=DAY)])
    number = match.BATCH + 5
    room.serve(*(item(id=f"e{n}", title=f"Flood {n}") for n in range(number)))
    room.poll()
    room.read()
    room.group()
    (article, *_) = room.store.articles.unmatched(room.clock.now(), 1)
    given = JobParts()
    stage = MatchStage(room.store.articles, room.ruleset, room.digests, room.clock, given.turns)
    given.give(Job.of_part("match", article.feed_id % PARTS), lambda: None)
    matched = 0
    for _ in stage.run(lambda: False):
        matched += 1
        room.clock.advance(match.TURN / match.BATCH)
    assert matched == match.BATCH
    assert len(room.store.articles.unmatched(room.clock.now(), number)) == 5
