"""What the operands of a query stand for."""

from __future__ import annotations

import pytest
from rule_samples import load

from monitor.core.rules import load_query
from monitor.core.rules.expansions import (
    EntityOf,
    Expansion,
    FamilyOf,
    Form,
    PrefixOf,
    TermOf,
    expansions,
    forms_among,
    shipped_forms,
)
from monitor.core.text.families import shipped_families
from monitor.model.problem import Gravity

FAMILIES = shipped_families()
BESIDE = load(
    "[entities.ttp]\nname = 'Tehrik'\nacronyms = ['TTP']\n"
    "[terms.shut]\nquery = 'shut* OR sealed'\n"
    "[terms.closed]\nquery = '~close OR $shut OR ($shut NEAR/3 gate)'\n"
).ruleset


def expanded(query: str) -> tuple[Expansion, ...]:
    loaded = load_query(query, BESIDE)
    assert not [problem for problem in loaded.problems if problem.gravity is Gravity.ERROR]
    return expansions(loaded.ruleset.node("query"), loaded.ruleset.lexicon)


def words(query: str) -> list[Form]:
    (one,) = expanded(query)
    assert isinstance(one, FamilyOf | PrefixOf)
    return list(shipped_forms(one, FAMILIES))


def test_a_family_stands_for_its_words_the_asked_one_first():
    assert [form.word for form in words("~closure")][:3] == ["closure", "close", "closes"]
    assert all(form.is_listed and not form.is_surprise for form in words("~closure"))


def test_a_prefix_stands_for_the_words_that_begin_so_the_surprising_last():
    found = words("shut*")
    assert [form.word for form in found if form.is_surprise] == ["shuttle", "shuttled", "shuttles", "shuttling"]
    assert {"shut", "shutdown"} <= {form.word for form in found if not form.is_surprise}
    assert [form.is_surprise for form in found] == sorted(form.is_surprise for form in found)


def test_a_prefix_that_is_no_word_means_the_family_most_of_its_words_are_of():
    (one,) = expanded("negotiat*")
    assert one == PrefixOf("negotiat*", "negotiat", "negotiate")
    assert not any(form.is_surprise for form in words("negotiat*"))


def test_words_of_an_archive_are_surprising_to_a_prefix_unless_they_are_forms_of_it():
    (one,) = expanded("afghan*")
    assert isinstance(one, PrefixOf)
    found = list(forms_among(one, ["afghans", "afghanistan", "kabul"], FAMILIES))
    assert found == [Form("afghans", is_listed=False), Form("afghanistan", is_listed=False, is_surprise=True)]


def test_words_of_an_archive_that_no_family_lists_are_reached_by_their_stem():
    (one,) = expanded("~close")
    assert isinstance(one, FamilyOf)
    found = list(forms_among(one, ["closures", "closured", "closely", "closet"], FAMILIES))
    assert found == [Form("closures"), Form("closured", is_listed=False)]


@pytest.mark.parametrize(
    ("query", "families", "is_exact", "is_by_stem"),
    [
        ("~close", ["close"], False, True),
        ("~bombardment", ["bombard", "bomb"], False, True),
        ("~closured", ["close"], False, True),  # listed nowhere: the family that its stem reaches
        ("~blorp", [], False, True),
        ("~بند", [], True, False),
    ],
)
def test_a_family_operand_says_how_it_is_reached(query, families, is_exact, is_by_stem):
    (one,) = expanded(query)
    assert isinstance(one, FamilyOf)
    assert [family.head for family in one.families] == families
    assert (one.is_exact, one.is_by_stem) == (is_exact, is_by_stem)


def test_a_term_stands_for_its_query_with_inner_terms_written_out_and_its_operands_follow_once():
    found = expanded('@ttp AND $closed AND "~close of"')
    assert [one.source for one in found] == ["@ttp", "$closed", "~close", "$shut", "shut*"]
    entity, closed = found[:2]
    assert isinstance(entity, EntityOf)
    assert entity.entity.acronyms == ("TTP",)
    assert closed == TermOf("$closed", "~close OR (shut* OR sealed) OR ((shut* OR sealed) NEAR/3 gate)")


def test_words_and_exact_words_stand_for_themselves():
    assert expanded('closed AND =US AND "trade fire"') == ()


def test_operands_inside_phrases_and_fields_are_expanded():
    assert [one.source for one in expanded('"~close of bord*" AND title:~shut')] == ["~close", "bord*", "~shut"]
