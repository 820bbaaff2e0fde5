"""The rule files that ship: they load clean, keep their examples, and find what they should in the samples."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from ground_truth import ENTITIES, KEYS, TITLES, main_text
from shipped_rules import named_in, rules_found, shipped

from monitor.core.rules import run_examples
from monitor.core.text.normalize import normalize
from monitor.model.article import Document
from monitor.model.rule import Severity

needs_samples = pytest.mark.needs("the press samples")  # they come with a checkout only


@cache
def found_in(key: str) -> tuple[frozenset[str], frozenset[str | None]]:
    document = Document(id=key, title=TITLES[key], body=main_text(key))
    return rules_found(document), named_in(document)


def named(text: str) -> frozenset[str | None]:
    return named_in(Document(id="d", title="", body=text))


def test_they_load_without_error_or_warning():
    assert shipped().problems == ()
    assert len(shipped().ruleset.rules) >= 20


def test_every_rule_keeps_its_examples():
    assert run_examples(shipped().ruleset, lambda name: Path(name).read_text("utf-8")) == ()


def test_every_rule_has_examples_of_both_kinds_a_title_and_a_tag():
    for rule in shipped().ruleset.rules:
        assert rule.must_match or "smaller-crossing" in rule.tags, rule.id  # those share a table and its examples
        assert rule.must_not_match, rule.id
        assert rule.title != rule.id
        assert rule.tags, rule.id
    assert {rule.severity for rule in shipped().ruleset.rules} == set(Severity)


def test_nearly_every_rule_has_examples_in_several_scripts():
    scripts = {
        rule.id: {any("؀" < letter < "ۿ" for letter in one.title + one.body) for one in rule.must_match}
        for rule in shipped().ruleset.rules
        if "smaller-crossing" not in rule.tags
    }
    assert [rule for rule, found in scripts.items() if found != {True, False}] == []


def test_the_world_of_the_samples_is_there():
    kinds = Counter(entity.type for entity in shipped().ruleset.entities)
    assert all(kinds[kind] >= 40 for kind in ("person", "org", "place")), kinds


def test_every_spelling_finds_its_entity_and_no_other():
    for entity in shipped().ruleset.entities:
        needs = " border customs London Kabul Tbilisi logistics =UN Sindh Pakistan Taliban".replace("=", "")
        for spelling in {entity.name, *entity.aliases, *entity.acronyms}:
            # need and not are tried below
            assert entity.id in named(f"{spelling}.{needs} rapporteur"), (entity.id, spelling)


def test_no_spelling_is_two_entities():
    owners: dict[str, set[str]] = {}
    for entity in shipped().ruleset.entities:
        for spelling in {entity.name, *entity.aliases}:
            key = " ".join(normalize(word) for word in spelling.replace("-", " ").split())
            owners.setdefault(key, set()).add(entity.id)
    assert [(key, who) for key, who in owners.items() if len(who) > 1] == []


@pytest.mark.parametrize(
    ("text", "entity", "expected"),
    [
        ("London's mayor Sadiq Khan opened the market.", "sadiq_khan_mayor", True),
        ("Mohammad Sadiq Khan, the envoy, landed in Kabul.", "sadiq_khan_mayor", False),
        ("Mohammad Sadiq Khan, the envoy, landed in Kabul.", "sadiq_khan_envoy", True),
        ("Muhammad Sadiq, a baker in Leeds, won a prize.", "sadiq_khan_envoy", False),
        ("بارش کے بعد باغ کا چمن پھولوں سے بھر گیا۔", "chaman", False),
        ("چمن بارڈر پر فائرنگ ہوئی۔", "chaman", True),
        ("چمن ورزشگاه کابل تازه کشت شد.", "chaman", False),
        ("Ghulam Khan sells shoes in Lahore.", "ghulam_khan", False),
        ("Lorries crossed at Ghulam Khan.", "ghulam_khan", True),
        ("Michael Jordan visited Amman.", "jordan", False),
        ("Michael Jordan visited Amman.", "michael_jordan", True),
        ("Jordan sent aid to Kabul.", "jordan", True),
        ("Georgia votes on Tuesday, Atlanta officials say.", "georgia", False),
        ("Georgia's president spoke in Tbilisi.", "georgia", True),
        ("The PTI called a protest in Pakistan.", "pti", True),
        ("NEW DELHI, May 3 (PTI) Rain is expected.", "pti", False),
        ("Measured in PPP dollars the economy grew.", "ppp", False),
        ("The PPP of Bilawal Bhutto won.", "ppp", True),
        ("The RSF shelled Khartoum, the Rapid Support Forces said.", "rsf", False),
        ("RSF asks the Taliban to free a reporter.", "rsf", True),
        ("The WHO says so.", "who", True),
        ("Nobody knows who said so.", "who", False),
        ("Floods hit Swat.", "swat", True),
        ("He tried to swat a fly.", "swat", False),
        ("Pakistan Tehreek-e-Insaf", "ttp", False),
        ("The Pakistani Taliban", "afghan_taliban", False),
        ("Asif Ali Zardari", "khawaja_asif", False),
        ("Khwaja Mohammed Aasif landed.", "khawaja_asif", True),
        ("Zabiholla Mojahed said so.", "zabihullah_mujahid", True),
        ("Ahmad Shah Massoud fell in 2001.", "ahmad_massoud", False),
        ("Umar Khan played well.", "imran_khan", False),
        ("Hibatullah is a boy of ten.", "hibatullah_akhundzada", False),
    ],
)
def test_homonyms_are_told_apart(text, entity, expected):
    assert (entity in named(text)) is expected


@needs_samples
@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("torkham-closed", {"000", "001", "002"}),
        ("torkham-reopened", {"003"}),
        ("chaman-closed", set()),
        ("chaman-reopened", set()),
        ("kharlachi-closed", set()),
        ("ghulam_khan-reopened", set()),
        ("border-clash", {"000", "001", "002", "003"}),
        ("ttp", {"001", "002", "003", "004"}),
        ("ttp-attack", {"001", "002", "003"}),
        ("attack-in-pakistan", {"004"}),
        ("journalists-arrested", set()),
        ("khorasan-al-qaeda", set()),
        ("khawaja-asif", {"000", "001", "002", "004"}),
        ("islamabad-kabul-talks", {"000", "001", "002", "003"}),
        ("taliban-spokesman", {"001", "002", "004"}),
        ("ceasefire", {"001"}),
        ("sanctions-taliban", set()),
        ("afghans-sent-back", set()),
        ("flood-or-quake", set()),
        ("aid-agencies", set()),
        ("trucks-stranded", {"000"}),
        ("border-trade", {"000", "001"}),
        ("smuggling", set()),
        ("cpec", {"003"}),
    ],
)
def test_a_rule_finds_in_the_samples_what_it_should(rule, expected):
    assert {key for key in KEYS if rule in found_in(key)[0]} == expected


@needs_samples
@pytest.mark.parametrize(
    ("entity", "expected"),
    [
        *ENTITIES.items(),
        ("mohammad_yaqoob", {"001", "002"}),
        ("nadeem_anjum", {"001", "002"}),
        ("bilawal_bhutto", {"002"}),
        ("sherali_mirzo", {"004"}),
        ("spin_boldak", {"000", "001", "002"}),
        ("durand_line", {"003"}),
        ("isi", {"001"}),
        ("afghan_voice_agency", {"003"}),
        ("michael_jordan", set()),
    ],
)
def test_an_entity_is_found_where_it_is_named(entity, expected):
    assert {key for key in KEYS if entity in found_in(key)[1]} == expected
