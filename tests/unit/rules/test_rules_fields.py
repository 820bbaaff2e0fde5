"""Fields of a query: parts of the text, what is known of the article, and names in the text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rule_samples import NAMES, ruleset_of

from monitor.core.rules import because
from monitor.core.rules.whynot import why_not
from monitor.model.article import Document, EntityMention

ARTICLE = Document(
    id="d",
    title="Torkham closed",
    body="Officials closed the crossing.\n\nMichael Jordan was not there. Jordan is a country.",
    url="https://www.dawn.com/news/1234/torkham-closed?utm_source=rss",
    publisher="Arab News",
    authors=("Jane Smith", "News Desk"),
    section="World",
    language="en-GB",
    feed="dawn-pakistan",
    tags=("border", "west asia"),
    names=(EntityMention("Michael Jordan", "person"), EntityMention("Jordan", "place")),
)


def holds(query: str, document: Document = ARTICLE) -> bool:
    return bool(ruleset_of(query).match(document))


@pytest.mark.parametrize(
    "query",
    [
        "url:dawn.com",
        "url:www.dawn.com",
        'url:"/news/"',
        "url:https://www.dawn.com/news",
        "url:torkham-closed",
        'publisher:"arab news"',
        "publisher:(Dawn OR Arab)",
        "author:Smith",
        'author:"News Desk"',
        "section:world",
        "Torkham AND language:en",
        "Torkham AND language:en-GB",
        "feed:dawn-*",
        'feed:"dawn-pakistan"',
        "tag:border",
        'tag:"west asia"',
        "lead:Officials",
        "person:Jordan",
        "place:Jordan",
        'person:"Michael Jordan"',
        "Torkham AND NOT feed:geo",
        "SENTENCE(crossing AND feed:dawn-*)",
    ],
)
def test_a_field_is_found(query):
    assert holds(query)


@pytest.mark.parametrize(
    "query",
    [
        "url:geo.tv",
        "url:dawn.com/sport",
        "publisher:Torkham",
        'author:"Smith News"',
        "section:sport",
        "Torkham AND language:ur",
        "feed:geo",
        "tag:bord",
        'tag:"border west"',
        "title:crossing",
        "org:Jordan",
        "place:Michael",
        "dawn",
        "Smith",
        "Torkham AND NOT tag:border",
        "SENTENCE(crossing AND feed:geo)",
    ],
)
def test_a_field_is_not_found(query):
    assert not holds(query)


def test_the_lead_is_the_first_hundred_words_of_the_body():
    body = " ".join(["word"] * 99 + ["edge", "beyond"])
    assert holds("lead:edge", Document(id="d", title="t", body=body))
    assert not holds("lead:beyond", Document(id="d", title="t", body=body))


def test_a_place_inside_a_longer_name_of_a_person_is_no_place():
    only_the_person = replace(ARTICLE, body="Michael Jordan was not there.")
    assert not holds("place:Jordan", only_the_person)
    assert holds("person:Jordan", only_the_person)


def test_without_a_recogniser_names_come_from_the_entity_files():
    nobody = replace(ARTICLE, names=(), body="The mayor Sadiq Khan spoke.")
    assert holds("person:Khan", nobody)
    assert not holds("place:Khan", nobody)


def test_metadata_is_said_in_the_reason_and_gives_no_spans():
    (match,) = ruleset_of('closed AND publisher:"Arab News" AND title:Torkham').match(ARTICLE)
    assert because(match.explanation) == '"closed", publisher "Arab News" and "Torkham" in the title'
    assert {span.field for span in match.spans} == {"title", "body"}


def test_metadata_that_differs_is_said_in_the_reason_for_a_no():
    explanation = ruleset_of("closed AND feed:geo").explain("r", ARTICLE)
    assert why_not(explanation) == 'feed: it is "dawn-pakistan", not geo'
    assert why_not(ruleset_of("closed AND section:x").explain("r", replace(ARTICLE, section=""))) == (
        "section: nothing is known of it"
    )


MAYOR = (
    NAMES
    + """
[entities.london]
name = "Sadiq Khan the Mayor"
aliases = ["Sadiq Aman Khan"]
need = "London OR mayor"
not = "Kabul"
"""
)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("London's Sadiq Aman Khan spoke.", True),
        ("Sadiq Aman Khan spoke.", False),
        ("London's Sadiq Aman Khan flew to Kabul.", False),
    ],
)
def test_an_entity_is_named_only_where_its_context_holds(body, named):
    ruleset = ruleset_of("@london", MAYOR)
    assert bool(ruleset.match(Document(id="d", title="", body=body))) is named
    assert ("london" in {one.id for one in ruleset.entities_in(Document(id="d", title="", body=body))}) is named


@pytest.mark.parametrize(
    ("names", "body", "note"),
    [
        ("need = 'London OR\\n mayor'", "Khan spoke.", '"Khan" is there, but not what it needs: London OR mayor'),
        ("not = 'border'", "Khan, border", '"Khan" is there, but so is what rules it out: border'),
    ],
)
def test_the_reason_for_a_no_says_which_context_is_missing(names, body, note):
    rules = ruleset_of("@khan", f"[entities.khan]\nname = 'Khan'\n{names}\n".replace("'", '"'))
    assert rules.explain("r", Document(id="d", title="", body=body)).note == note


def test_a_query_over_several_lines_is_told_on_one():
    explanation = ruleset_of('Torkham NOT (cricket\n  OR "world\n  cup")').explain("r", ARTICLE)
    assert explanation.children[1].note == 'absent: cricket OR "world cup"'


def test_another_context_is_another_version_of_the_rule():
    one, other = (
        ruleset_of("@london", MAYOR.replace("Kabul", word)).rule("r").version for word in ("Kabul", "Doha")
    )
    assert one != other


@pytest.mark.parametrize(
    ("query", "body", "reason"),
    [
        (
            "reopen* NOT NEAR/3 (waiting OR until)",
            "It reopened after all of them were waiting.",
            '"reopened" with no waiting OR until near',
        ),
        ("ATLEAST(2, torkham)", "Torkham and Torkham", '"Torkham" at least 2 times'),
        ("PARA(torkham AND kabul)", "Torkham. Kabul.", '"Torkham" and "Kabul" in one paragraph'),
        ("person:Khan", "Sadiq Khan spoke", '"Khan" as a person'),
    ],
)
def test_the_reason_reads_like_a_sentence(query, body, reason):
    (match,) = ruleset_of(query).match(Document(id="d", title="", body=body))
    assert because(match.explanation) == reason


@pytest.mark.parametrize(
    ("query", "body", "reason"),
    [
        ("reopen* NOT NEAR/3 waiting", "waiting for reopening", 'always near it: "waiting for reopening"'),
        ("reopen* NOT NEAR/3 waiting", "waiting", "absent: reopen*"),
        ("reopen* NOT NEAR/3 (waiting OR until)", "closed", "absent: reopen*"),
        ("ATLEAST(2, torkham)", "Torkham", "found once"),
        ("PARA(torkham AND kabul)", "Torkham.\nKabul.", "all of it is there, but never in one paragraph"),
        ("person:spoke", "Sadiq Khan spoke", "in the text, but in no name of a person"),
        ("(feed:a1 OR feed:b1 OR title:c1)", "Torkham", "none of feed:a1, feed:b1, title:c1"),
        ("(a1 OR (b1 OR c1))", "Torkham", "none of a1, b1, c1"),
        ("SENTENCE(a1 AND b1) OR PARA(a1 AND c1)", "c1", "absent: a1"),
        ('"a1 b1" OR (c1 AND torkham)', "Torkham", 'none of "a1 b1", AND (absent: c1)'),
        ("a1 OR torkham NEAR/1 kabul", "Torkham", "none of a1, NEAR/1 (absent: kabul)"),
        ("a1 OR $closed", "Torkham", "none of a1, $closed"),
        ("title:torkham", "Torkham", "elsewhere in the article: torkham"),
    ],
)
def test_the_reason_for_a_no_names_what_is_missing(query, body, reason):
    assert why_not(ruleset_of(query).explain("r", Document(id="d", title="x", body=body))) == reason
