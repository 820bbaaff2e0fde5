"""What rules must find in the five sample documents: on their main text, and on what extraction makes of pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache

import pytest
from ground_truth import (
    ENTITIES,
    FAMILY_QUERIES,
    KEYS,
    NEAR_QUERIES,
    PLAIN_QUERIES,
    PUBLISHED,
    SAME_EVENT,
    SHIPPED_RULES,
    TITLES,
    Truth,
    main_text,
)
from made import NOON, feed_settings
from newsroom import fresh_store
from reports import Report, groups_of, store_reports
from shipped_rules import shipped as shipped_files

from monitor.core.articles.extract import extract_article
from monitor.core.rules import RuleFile, RuleSet, load_rules
from monitor.demo.pages import Wrapping, page_html
from monitor.demo.samples import press_samples
from monitor.demo.stories import own_stories
from monitor.model.article import Document
from monitor.model.problem import Gravity
from monitor.model.rule import Match, RuleFailure
from monitor.pipeline.group import GroupStage
from monitor.testing import FakeClock

STORIES = {story.key: story for story in press_samples() or ()}
MAIN_TEXT = "main text"
SOURCES = (MAIN_TEXT, *Wrapping)

REOPENED = "reopen* NOT NEAR/3 (waiting OR await* OR until)"
QUERIES = [*(truth.query for truth in (*PLAIN_QUERIES, *NEAR_QUERIES, *FAMILY_QUERIES)), REOPENED]


@cache
def read(key: str, source: str) -> Document:
    """A sample document as rules read it: its main text as it is, or extracted from a page."""
    if source == MAIN_TEXT:
        return Document(id=key, title=TITLES[key], body=main_text(key))
    url = f"http://127.0.0.11:8080{STORIES[key].path}"
    page = page_html(STORIES[key], url, Wrapping(source)).encode("utf-8")
    article = extract_article(page, url, "text/html; charset=utf-8")
    return Document(id=key, title=article.title, body=article.text, url=url)


@cache
def shipped() -> RuleSet:
    """The rule files that ship."""
    loaded = shipped_files()
    assert not [problem for problem in loaded.problems if problem.gravity is Gravity.ERROR]
    return loaded.ruleset


@cache
def ad_hoc() -> RuleSet:
    """All queries of the ground truth as rules, with the query as title; a broken one is left out."""
    rules = [
        f"[[rules]]\nid = 'q{n}'\ntitle = '''{query}'''\nquery = '''{query}'''\n"
        for n, query in enumerate(QUERIES)
    ]
    return load_rules([RuleFile("ad-hoc.toml", "\n".join(rules))]).ruleset


def found_by_query(query: str, source: str) -> frozenset[str]:
    """The documents a query finds. Fails where the query is no query."""
    ids = [rule.id for rule in ad_hoc().rules if rule.query == query]
    assert ids, f"not understood: {query}"
    return found_by(ad_hoc(), ids[0], source)


@cache
def answers(ruleset: RuleSet, key: str, source: str) -> tuple[Match | RuleFailure, ...]:
    return ruleset.match(read(key, source))


def found_by(ruleset: RuleSet, rule: str, source: str) -> frozenset[str]:
    return frozenset(
        key
        for key in KEYS
        if any(isinstance(one, Match) and one.rule == rule for one in answers(ruleset, key, source))
    )


@cache
def named_in(key: str, source: str) -> frozenset[str | None]:
    return frozenset(named.id for named in shipped().entities_in(read(key, source)))


def cases(truths: Iterable[Truth]) -> list[object]:
    """Every query on every source."""
    return [pytest.param(truth, source, id=f"{truth.name}-{source}") for truth in truths for source in SOURCES]


# --- queries that stand in no rule file ----------------------------------------------------------------


@pytest.mark.parametrize(("truth", "source"), cases(PLAIN_QUERIES))
def test_a_query_finds_what_the_ground_truth_says(truth, source):
    assert found_by_query(truth.query, source) == truth.found


@pytest.mark.parametrize(("truth", "source"), cases(NEAR_QUERIES))
def test_a_query_of_words_beside_words_finds_what_the_ground_truth_says(truth, source):
    assert found_by_query(truth.query, source) == truth.found


@pytest.mark.parametrize(("truth", "source"), cases(FAMILY_QUERIES))
def test_a_query_with_word_families_finds_what_the_ground_truth_says(truth, source):
    assert found_by_query(truth.query, source) == truth.found


@pytest.mark.parametrize("source", SOURCES)
def test_a_reopening_that_is_still_awaited_is_told_from_one_that_came(source):
    assert found_by_query(REOPENED, source) == {"003"}


# --- the rule files that ship ---------------------------------------------------------------------------


def shipped_cases(truths: Mapping[str, frozenset[str]]) -> list[object]:
    """Every rule or entity on every source."""
    return [
        pytest.param(name, found, source, id=f"{name}-{source}")
        for name, found in truths.items()
        for source in SOURCES
    ]


@pytest.mark.parametrize(("rule", "found", "source"), shipped_cases(SHIPPED_RULES))
def test_a_shipped_rule_finds_what_the_ground_truth_says(rule, found, source):
    assert rule in {known.id for known in shipped().rules}
    assert found_by(shipped(), rule, source) == found


@pytest.mark.parametrize(("entity", "found", "source"), shipped_cases(ENTITIES))
def test_an_entity_is_seen_where_the_ground_truth_names_it(entity, found, source):
    assert entity in {known.id for known in shipped().entities}
    assert {key for key in KEYS if entity in named_in(key, source)} == found


@pytest.mark.parametrize("source", SOURCES)
def test_no_rule_fails_on_a_sample(source):
    said = [answer for key in KEYS for answer in answers(shipped(), key, source)]
    assert said
    assert not [answer for answer in said if not isinstance(answer, Match)]


@pytest.mark.parametrize("source", SOURCES)
def test_every_span_is_cut_out_of_its_text(source):
    for key in KEYS:
        document = read(key, source)
        for match in answers(shipped(), key, source):
            assert isinstance(match, Match)
            assert match.spans
            for span in match.spans:
                assert getattr(document, span.field)[span.start : span.end] == span.text


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("torkham-closed", {"900", "901", "902"}),
        ("torkham-reopened", {"903"}),
        ("chaman-closed", set()),
        ("khawaja-asif", {"900", "901", "902", "904"}),
    ],
)
def test_the_shipped_rules_tell_our_own_stories_apart_too(rule, found):
    fired = set()
    for story in own_stories():
        page = page_html(story, f"http://127.0.0.11{story.path}", Wrapping.ONE_ARTICLE).encode("utf-8")
        article = extract_article(page, "http://127.0.0.11" + story.path, "text/html; charset=utf-8")
        document = Document(id=story.key, title=article.title, body=article.text)
        fired |= {story.key for match in shipped().match(document) if match.rule == rule}
    assert fired == found


# --- articles about one event ---------------------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES)
def test_three_reports_of_one_visit_are_one_story_and_the_others_stand_alone(source):
    store = fresh_store()
    store.feeds.sync([feed_settings()], NOON)
    (feed,) = store.feeds.all()
    reports = [
        Report(key, TITLES[key], read(key, source).body, f"{key}.example", datetime.fromisoformat(PUBLISHED[key]))
        for key in KEYS
    ]
    now = max(report.when for report in reports)
    store_reports(store, feed, reports, seen=now)
    assert len(list(GroupStage(store.grouping, FakeClock(now)).run(lambda: False))) == len(KEYS)
    classes, stories = groups_of(store, reports)
    assert stories == set(SAME_EVENT)
    assert all(len(one) == 1 for one in classes)
