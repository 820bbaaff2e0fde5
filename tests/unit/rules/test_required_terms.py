"""What a query requires of a document: the filter of the archive search."""

from __future__ import annotations

import pytest
from rule_samples import ruleset_of

from monitor.core.rules import load_rules
from monitor.core.rules.parser import parse
from monitor.core.rules.required import DEEPEST, MOST_TERMS, required_terms, satisfied
from monitor.core.text.families import shipped_families
from monitor.core.text.terms import terms_of
from monitor.core.text.tokens import analyse
from monitor.demo.stories import own_stories
from monitor.model.required import AllOf, AnyOf, Prefix, Required, Word


def required(query: str) -> Required | None:
    return ruleset_of(query).required_terms("r")


def said(one: Required | None) -> str:
    """The requirement on one line: `a & (b | c*)`."""
    match one:
        case None:
            return "nothing"
        case Word(term):
            return term
        case Prefix(start):
            return f"{start}*"
        case AllOf(parts):
            return " & ".join(f"({said(part)})" if isinstance(part, AnyOf) else said(part) for part in parts)
        case AnyOf(parts):
            return " | ".join(f"({said(part)})" if isinstance(part, AllOf) else said(part) for part in parts)


TABLE = {
    "Torkham": "torkham",
    "Café": "cafe",
    "defence": "defense",
    "clos*": "clos*",
    "6,000": "6000",
    "U.S.": "us",
    "=US": "us",
    "=IS OR =ISKP": "is | iskp",
    '"trade fire"': "trade & fire",
    '"border guard*"': "border & guard*",
    "cease-fire": "(cease & fire) | ceasefire",
    "cease-fir*": "(cease & fir*) | ceasefir*",
    '"a cease-fire line"': "a & line & ((cease & fire) | ceasefire)",
    "塔利班": "塔 & 利 & 班",
    "Torkham AND closed": "torkham & closed",
    "Torkham closed": "torkham & closed",
    "Torkham OR Chaman": "torkham | chaman",
    "Torkham AND NOT cricket": "torkham",
    "Torkham AND (closed OR shut*)": "torkham & (closed | shut*)",
    "(a OR b) OR (c AND d)": "a | b | (c & d)",
    "Pakistan NEAR/5 Taliban": "pakistan & taliban",
    "Pakistan ONEAR/5 (Taliban OR Kabul)": "pakistan & (taliban | kabul)",
    "SENTENCE(Torkham AND closed)": "torkham & closed",
    "title:Kabul": "kabul",
    "body:(Kabul OR Torkham)": "kabul | torkham",
    "@torkham": "torkham | طورخم",
    "@ttp": "(pakistan & ((tehreek & e & taliban) | tehreeketaliban)) | ttp",
    "$closed": "closed | closure* | shut | بند",
    "SENTENCE(@torkham AND $closed)": "(torkham | طورخم) & (closed | closure* | shut | بند)",
    "Kabul AND Kabul": "kabul",
}


@pytest.mark.parametrize("query", TABLE)
def test_a_query_requires(query: str):
    assert said(required(query)) == TABLE[query]


def test_a_document_with_the_terms_is_a_candidate_though_the_query_may_not_hold():
    one = required('"trade fire" AND (Torkham OR Chaman)')
    assert one is not None
    assert satisfied(one, sorted(terms_of(["", "", "Fire halts the trade through Torkham."])))
    assert not satisfied(one, sorted(terms_of(["", "", "Fire halts the trade through Kabul."])))
    assert not satisfied(one, [])


def test_a_prefix_is_found_at_the_end_of_the_terms_too():
    assert satisfied(Prefix("zo"), ["abc", "zone"])
    assert not satisfied(Prefix("zo"), ["abc", "zulu"])
    assert not satisfied(Prefix("zz"), ["abc", "zulu"])


def test_an_entity_nobody_can_name_requires_what_no_document_has():
    assert not satisfied(AnyOf(()), ["a"])


def test_of_a_huge_and_the_cheap_operands_are_kept():
    many = " OR ".join(f"word{number}" for number in range(900))
    more = " OR ".join(f"name{number}" for number in range(900))
    rest = " OR ".join(f"town{number}" for number in range(900))
    terms = f"[terms.a]\nquery = '{many}'\n[terms.b]\nquery = '{more}'\n[terms.c]\nquery = '{rest}'\n"
    kept = ruleset_of("$a AND $b AND $c AND Kabul", terms).required_terms("r")
    assert isinstance(kept, AllOf)
    assert kept.parts[0] == Word("kabul")
    assert sum(len(part.parts) for part in kept.parts[1:] if isinstance(part, AnyOf)) <= MOST_TERMS
    assert ruleset_of("$a OR $b OR $c", terms).required_terms("r") is None


def test_what_is_nested_too_deep_is_left_out_and_the_rest_is_kept():
    query = "deepest"
    for level in range(DEEPEST + 4):
        query = f"(w{level} AND {query})" if level % 2 else f"(w{level} OR {query})"
    kept = required(f"Kabul AND {query}")
    assert isinstance(kept, AllOf | Word)
    assert "deepest" not in said(kept)
    assert said(kept).startswith("kabul")


def test_every_word_a_family_reaches_begins_like_its_stem_or_is_listed():
    families = shipped_families()
    words = {word for family in families for word in (*family.members, *family.unlike)}
    words.update(
        [
            "happily",
            "hoping",
            "hopping",
            "sensibility",
            "skies",
            "dying",
            "lying",
            "vying",
            "relational",
            "early",
            "idly",
            "ugly",
        ]
    )
    words |= {token.term for story in own_stories() for token in analyse(story.body).tokens}
    reached = 0
    lexicon = load_rules([]).ruleset.lexicon
    answering: dict[str, set[str]] = {}
    for word in words:
        for key in families.keys_of_text(word):
            answering.setdefault(key, set()).add(word)
    for query in sorted(words)[::11]:
        required = required_terms(parse(f"~{query}"), lexicon) if query.isalpha() else None
        found = set().union(*(answering.get(key, ()) for key in families.keys_of_query(query)))
        for word in found if required else ():
            reached += 1
            assert satisfied(required, [word]), (query, word)
    assert reached > 1_000
