from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from digest_samples import END, SENTENCE, SETTINGS, WINDOW, article, matched, rule

from monitor.core.digests.build import MatchedArticle, build_digest
from monitor.model.article import Article, DuplicateReason, EntityMention, Quality
from monitor.model.digest import Badge, Coverage, Digest, Immediate
from monitor.model.rule import Severity


def build(*items: MatchedArticle, members: tuple[Article, ...] = (), **changes: object) -> Digest:
    settings = replace(SETTINGS, **changes)  # type: ignore[arg-type]  # any field of DigestSettings
    stories: dict[str, list[Article]] = {}
    for member in members:
        stories.setdefault(member.story_id or "", []).append(member)
    subscribed = {1: END - timedelta(days=30)}
    return build_digest(settings, "b", WINDOW, items, stories, Coverage(), late=False, subscribed_at=subscribed)


def test_a_story_is_one_block_with_all_the_rules_that_match_it():
    low, high = rule("a-low", severity=Severity.LOW), rule("z-high", severity=Severity.HIGH)
    digest = build(matched(article(1), "Torkham", by=low), matched(article(2), "closed", by=high))
    (story,) = digest.stories
    assert [hit.id for hit in story.rules] == ["z-high", "a-low"]
    assert story.rules[0].because == "because of closed"
    assert story.severity is Severity.HIGH


def test_the_earliest_full_text_that_is_no_copy_speaks_for_the_story():
    copy = article(1, "Copy", duplicate_of=3)
    title_only = article(2, "Title only", quality=Quality.TITLE)
    full = article(3, "Full")
    later = article(4, "Later full")
    digest = build(matched(title_only, "closed"), members=(later, copy, full))
    assert digest.stories[0].headline == "Full"
    assert digest.stories[0].url == full.url
    assert [a.id for a in digest.stories[0].articles] == [1, 2, 3, 4]
    assert [a.copy for a in digest.stories[0].articles] == [True, False, False, False]


def test_the_passage_is_the_matched_sentence_with_spans_inside_it():
    text = f"A first sentence stands here. {SENTENCE} A third follows."
    (passage,) = build(matched(article(1, text=text), "Torkham", "closed")).stories[0].matched
    assert passage.text == SENTENCE
    assert [passage.text[a:b] for a, b in passage.spans] == ["closed", "Torkham"]


def test_the_body_is_quoted_before_the_title():
    of = article(1, title="Torkham closed again")
    both = matched(of, "Torkham")
    title = matched(of, "Torkham", field="title").match.spans
    both = replace(both, match=replace(both.match, spans=(*title, *both.match.spans)))
    assert build(both).stories[0].matched[0].text == SENTENCE
    only_title = matched(of, "Torkham", field="title")
    assert build(only_title).stories[0].matched[0].text == "Torkham closed again"


def test_the_sentence_with_the_most_different_words_is_quoted_and_one_that_adds_to_it():
    text = "Trucks wait and trucks wait. The Torkham crossing closed on Sunday. Asif spoke."
    passages = build(matched(article(1, text=text), "rucks", "Torkham", "closed", "Asif")).stories[0].matched
    assert len(passages) == 2
    assert passages[0].text == "Trucks wait and trucks wait."
    assert passages[1].text == "The Torkham crossing closed on Sunday."


def test_a_long_sentence_is_cut_round_its_matched_words():
    text = "word " * 200 + "Torkham crossing closed " + "tail " * 200
    (passage,) = build(matched(article(1, text=text), "Torkham", "closed")).stories[0].matched
    assert len(passage.text) <= 302
    assert passage.text.startswith("…")
    assert passage.text.endswith("…")
    assert [passage.text[a:b] for a, b in passage.spans] == ["Torkham", "closed"]


def test_words_too_far_apart_for_one_cut_still_give_true_spans():
    text = "Torkham " + "word " * 400 + "closed"
    (passage,) = build(matched(article(1, text=text), "Torkham", "closed")).stories[0].matched
    assert [passage.text[a:b] for a, b in passage.spans] == ["Torkham"]


def test_control_characters_never_reach_a_digest():
    text = "The \x1b[31mTorkham\x07 crossing \ud800closed."
    story = build(matched(article(1, "Red\x1b[31m\u202eherring\n", text=text), "Torkham", "closed")).stories[0]
    assert story.headline == "Red [31m herring"
    assert story.matched[0].text == "The  [31mTorkham  crossing \ufffdclosed."
    assert [story.matched[0].text[a:b] for a, b in story.matched[0].spans] == ["Torkham", "closed"]


def test_spans_that_lie_outside_the_text_are_left_out():
    item = matched(article(1), "Torkham")
    gone = replace(item, article=article(1, text="short"))
    assert build(gone).stories[0].matched == ()


def test_two_rules_on_one_sentence_share_its_quote():
    digest = build(
        matched(article(1), "Torkham", by=rule("a")), matched(article(1), "closed", "Torkham", by=rule("b"))
    )
    (passage,) = digest.stories[0].matched
    assert [passage.text[a:b] for a, b in passage.spans] == ["closed", "Torkham"]


def test_stories_stand_by_severity_then_newest():
    high = rule("high", severity=Severity.HIGH)
    digest = build(
        matched(article(1, story_id="old"), "closed"),
        matched(article(9, story_id="new"), "closed"),
        matched(article(2, story_id="urgent"), "closed", by=high),
    )
    assert [story.id for story in digest.stories] == ["urgent", "new", "old"]


def test_badges_say_what_to_expect_of_a_story():
    old = article(1, quality=Quality.TITLE, published=END - timedelta(days=40))
    assert build(matched(old, "closed")).stories[0].badges == (
        Badge.TITLE_ONLY,
        Badge.OLD,
        Badge.BEFORE_SUBSCRIBED,
    )
    assert build(matched(old, "closed"), matched(article(2), "closed")).stories[0].badges == ()


def test_a_story_of_stubs_says_that_it_is_a_title_only() -> None:
    digest = build(matched(article(1, quality=Quality.STUB), "closed"))
    assert digest.stories[0].badges == (Badge.TITLE_ONLY,)


def test_entities_are_named_once_and_at_most_eight():
    names = tuple(EntityMention(f"Person {i}", "person") for i in range(12))
    twice = (EntityMention("Asif", "person", "asif"), EntityMention("Khawaja Asif", "person", "asif"))
    story = build(matched(article(1, entities=twice + names), "closed")).stories[0]
    assert [e.name for e in story.entities] == ["Asif", *(f"Person {i}" for i in range(7))]


def test_an_article_without_a_story_is_one_of_its_own():
    assert [s.id for s in build(matched(article(7, story_id=None), "closed")).stories] == ["a_7"]


def test_an_immediate_digest_knows_that_it_is_one():
    assert build(matched(article(1), "closed"), schedule=Immediate()).immediate
    assert not build(matched(article(1), "closed")).immediate


def test_a_revision_stands_for_what_it_revises_and_is_no_second_article():
    first = article(1, "Before", url_key="dawn.example/x")
    revision = article(
        2, "After", url_key="dawn.example/x", duplicate_of=1, duplicate_reason=DuplicateReason.REVISION
    )
    (story,) = build(matched(revision, "closed"), members=(first, revision)).stories
    assert [(shown.title, shown.copy) for shown in story.articles] == [("After", False)]
    assert (story.headline, story.first_seen, story.last_updated) == (
        "After",
        first.first_seen,
        revision.first_seen,
    )


def test_what_was_corrected_before_it_was_told_is_quoted_no_more() -> None:
    page = {"url_key": "dawn.example/x"}
    first = article(1, "Closed", text="The crossing closed, two soldiers dead.", **page)
    revised = {"duplicate_of": 1, "duplicate_reason": DuplicateReason.REVISION}
    second = article(2, "CORRECTION: Closed", text="The crossing closed, three soldiers dead.", **page, **revised)
    for items in ((first, second), (second, first)):
        (story,) = build(*(matched(one, "closed") for one in items), members=(first, second)).stories
        assert [passage.text for passage in story.matched] == ["The crossing closed, three soldiers dead."]
        assert story.told == (1, 2)


def test_a_wording_that_no_rule_finds_any_more_is_still_told() -> None:
    page = {"url_key": "dawn.example/x"}
    first = article(1, "Closed", text="The crossing closed, two soldiers dead.", **page)
    revised = {"duplicate_of": 1, "duplicate_reason": DuplicateReason.REVISION}
    second = article(2, "Open again", text="The crossing is open.", **page, **revised)
    opened = matched(second, "open", by=rule("opened"))
    (story,) = build(matched(first, "closed"), opened, members=(first, second)).stories
    assert [passage.text for passage in story.matched] == [second.text, first.text]
    assert len(story.rules) == 2


def test_a_revised_copy_is_still_a_copy():
    full = article(1, "Full")
    copy = article(2, "Copy", duplicate_of=1, duplicate_reason=DuplicateReason.SAME_URL, url_key="dawn.example/x")
    revision = article(
        3, "Copy edited", url_key="dawn.example/x", duplicate_of=1, duplicate_reason=DuplicateReason.REVISION
    )
    (story,) = build(matched(revision, "closed"), members=(full, copy, revision)).stories
    assert [(shown.title, shown.copy) for shown in story.articles] == [("Full", False), ("Copy edited", True)]


def test_a_story_knows_which_of_its_articles_are_told_now() -> None:
    known = article(1)
    told = matched(article(2, "Trucks wait"), "closed")
    (story,) = build(told, members=(known, told.article)).stories
    assert ([one.id for one in story.articles], story.told) == ([1, 2], (2,))
