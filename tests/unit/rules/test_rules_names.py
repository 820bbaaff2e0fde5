"""Entities are found by variants of their names and by parts of them, and every match says by which."""

from __future__ import annotations

from functools import cache

import pytest
from ground_truth import KEYS, TITLES, main_text
from rule_samples import load, ruleset_of

from monitor.core.rules import RuleSet
from monitor.core.rules.because import because
from monitor.model.article import Document
from monitor.model.rule import Explanation, Match

ASIF = '[entities.asif]\nname = "Khawaja Asif"\ntype = "person"\nvariants = true\n'
SADIQS = """
[entities.envoy]
name = "Mohammad Sadiq Khan"
aliases = ["Mohammad Sadiq"]
type = "person"
variants = true
[entities.mayor]
name = "Sadiq Khan"
type = "person"
variants = true
"""


def match(ruleset: RuleSet, body: str, title: str = "") -> Match | None:
    answers = ruleset.match(Document(id="d", title=title, body=body))
    assert all(isinstance(answer, Match) for answer in answers), answers
    return answers[0] if answers else None  # type: ignore[return-value]  # the line above has looked


def texts(found: Match | None) -> list[str]:
    return [span.text for span in found.spans] if found else []


def note(explanation: Explanation) -> str:
    return explanation.note or next((said for child in explanation.children if (said := note(child))), "")


@cache
def seeds(query: str, names: str) -> dict[str, list[str]]:
    """What a query finds in the main texts of the five sample documents, by the key of each that it holds on."""
    ruleset = ruleset_of(query, names)
    found = {key: match(ruleset, main_text(key), TITLES[key]) for key in KEYS}
    return {key: texts(one) for key, one in found.items() if one}


# ---- the sample documents


def test_one_spelling_of_khawaja_asif_finds_all_of_them_and_the_short_forms():
    found = seeds("@asif", ASIF)
    assert found.keys() == {"000", "001", "002", "004"}
    assert "Khawaja Mohammed Asif" in found["001"]
    assert {"Khawaja Asif’s", "Khawaja Muhammad Asif"} <= set(found["002"])
    assert found["004"][0] == "Khawaja Muhammad Asif"
    assert found["004"].count("Asif") == 4  # Minister Asif, and three times Mr. Asif


def test_the_envoy_is_in_one_document_and_the_mayor_of_london_in_none():
    assert {"Mohammad Sadiq Khan", "Mohammad Sadiq’s", "Mohammad Sadiq's"} == set(seeds("@envoy", SADIQS)["003"])
    assert seeds("@envoy", SADIQS).keys() == {"003"}
    assert seeds("@mayor", SADIQS) == {}


@pytest.mark.parametrize(
    ("name", "type_", "keys"),
    [
        ("Zabiullah Mujahed", "person", {"001", "002", "004"}),
        ("Tehrik-i-Taliban Pakistan", "org", {"001", "002", "003", "004"}),
        ("Turkham", "place", {"000", "001", "002", "003"}),
        ("Mullah Abdulghani Berader", "person", {"001", "002"}),
    ],
)
def test_a_spelling_that_no_sample_has_finds_those_that_they_have(name, type_, keys):
    names = f'[entities.x]\nname = "{name}"\ntype = "{type_}"\nvariants = true\n'
    assert seeds("@x", names).keys() >= keys


# ---- variants


def test_without_variants_only_listed_spellings_count():
    assert match(ruleset_of("@asif", ASIF.replace("true", "false")), "said Khwaja Asif") is None
    assert match(ruleset_of("@asif", ASIF), "said Khwaja Asif")


def test_latin_aliases_have_variants_acronyms_and_other_scripts_have_none():
    names = """
[entities.ttp]
name = "Pakistani Taliban"
aliases = ["Tehreek-e-Taliban Pakistan", "تحریک طالبان"]
acronyms = ["TTP"]
type = "org"
variants = true
"""
    ruleset = ruleset_of("@ttp", names)
    assert texts(match(ruleset, "the Tehrik-i-Taliban Pakistan said")) == ["Tehrik-i-Taliban Pakistan"]
    assert texts(match(ruleset, "the Pakistanee Taliban said")) == ["Pakistanee Taliban"]
    assert match(ruleset, "تحریک طالبان نے کہا")
    assert match(ruleset, "the ttp said") is None


def test_an_id_is_no_spelling_and_has_no_variants():
    ruleset = ruleset_of("@torkham", '[entities.torkham]\naliases = ["طورخم"]\nvariants = true\n')
    assert match(ruleset, "closed at Turkham") is None


def test_variants_are_an_addition_and_lose_no_listed_spelling():
    plain = ruleset_of("@mayor", '[entities.mayor]\nname = "Sadiq Khan"\ntype = "person"\n')
    with_variants = ruleset_of(
        "@mayor", '[entities.mayor]\nname = "Sadiq Khan"\ntype = "person"\nvariants = true\n'
    )
    for body in ("Mohammad Sadiq Khan came.", "sadiq khan came", "Sadiq Khan came."):
        assert match(plain, body)
        assert match(with_variants, body)


def test_a_variant_inside_a_longer_name_of_another_entity_is_not_counted():
    names = ASIF + '[entities.road]\nname = "Khwaja Asif Road"\ntype = "place"\n'
    assert match(ruleset_of("@asif", names), "a blast on Khwaja Asif Road") is None


def test_need_and_not_hold_for_variants_too():
    names = ASIF + 'not = "cricket"\n'
    assert match(ruleset_of("@asif", names), "said Khwaja Asif")
    assert match(ruleset_of("@asif", names), "said Khwaja Asif on cricket") is None


def test_a_variant_stands_where_operators_look():
    ruleset = ruleset_of("SENTENCE(@asif AND Kabul)", ASIF)
    assert match(ruleset, "Khwaja Asif went to Kabul.")
    assert match(ruleset, "Khwaja Asif left. Kabul is far.") is None
    assert match(ruleset_of("title:@asif", ASIF), "", "Khwaja Aasif in Kabul")
    assert match(ruleset_of("person:Asif", ASIF), "said Khwaja Asif")


def test_variants_warn_of_nothing():
    assert load(ASIF + "[[rules]]\nid = 'r'\nquery = '@asif'\n").problems == ()


def test_a_rules_version_covers_variants_and_whether_names_have_parts():
    def version(text: str) -> str:
        return ruleset_of("@asif", text).rules[0].version

    assert (
        len({version(ASIF), version(ASIF.replace("true", "false")), version(ASIF.replace("person", "org"))}) == 3
    )


# ---- parts


def test_a_part_holds_where_the_full_name_does_not_stand():
    ruleset = ruleset_of("SENTENCE(@asif AND Kabul)", ASIF)
    assert match(ruleset, "Khawaja Asif spoke. Mr. Asif left for Kabul.")
    assert match(ruleset, "Mr. Asif left for Kabul.") is None


def test_a_part_in_the_title_counts_when_the_body_has_the_full_name():
    ruleset = ruleset_of("title:@asif", ASIF)
    assert match(ruleset, "Khwaja Asif spoke.", "Asif visits Kabul")
    assert match(ruleset, "He spoke.", "Asif visits Kabul") is None


def test_a_person_without_variants_has_parts_and_an_organisation_has_none():
    plain = ASIF.replace("variants = true", "")
    assert texts(match(ruleset_of("@asif", plain), "Khawaja Asif spoke. Mr. Asif left.")) == [
        "Khawaja Asif",
        "Asif",
    ]
    org = plain.replace("person", "org")
    assert texts(match(ruleset_of("@asif", org), "Khawaja Asif spoke. Mr. Asif left.")) == ["Khawaja Asif"]


def test_the_longer_name_of_a_stranger_holds_no_part():
    body = "Khawaja Asif spoke. President Asif Ali Zardari left."
    assert texts(match(ruleset_of("@asif", ASIF), body)) == ["Khawaja Asif"]


# ---- what fired


@pytest.mark.parametrize(
    ("body", "title", "said"),
    [
        ("said Khawaja Asif", "", ""),
        ("said Khwaja Asif’s aide", "", 'by its variant "Khwaja Asif" of "Khawaja Asif"'),
        ("said Khwaja Asif", "Asif leaves", 'by its variant "Khwaja Asif" of "Khawaja Asif"'),
    ],
)
def test_a_match_says_which_variant_fired(body, title, said):
    found = match(ruleset_of("@asif", ASIF), body, title)
    assert found is not None
    assert note(found.explanation) == said
    assert because(found.explanation) == ("@asif " + said if said else '"Khawaja Asif"')


def test_a_match_says_which_part_of_which_name_fired():
    found = match(ruleset_of("SENTENCE(@asif AND Kabul)", ASIF), "Khwaja Asif spoke. Mr. Asif left for Kabul.")
    assert found is not None
    assert 'by "Asif", part of its name "Khawaja Asif"' in because(found.explanation)


def test_the_entities_of_an_article_count_variants():
    ruleset = ruleset_of("@asif", ASIF)
    named = ruleset.entities_in(Document(id="d", title="", body="said Khwaja Asif"))
    assert [mention.name for mention in named] == ["Khawaja Asif"]


def test_an_entity_with_variants_requires_no_word_of_a_document_and_one_without_does():
    assert ruleset_of("@asif", ASIF).required_terms("r") is None
    assert ruleset_of("@asif", ASIF.replace("true", "false")).required_terms("r") is not None
    assert ruleset_of("@asif AND Kabul", ASIF).required_terms("r") is not None
