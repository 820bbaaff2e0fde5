"""Texts and queries made to be slow, against each other: every answer comes, and none is late."""

from __future__ import annotations

import time

import pytest
from rule_samples import NAMES, load

from monitor.app.shipped import shipped_rule_files
from monitor.core.rules import RuleFile, RuleSet, load_rules
from monitor.core.rules.lexer import MAX_QUERY
from monitor.model.article import Document, EntityMention

SIZE = 1_000_000  # characters
LIGHT = 250_000  # of these outside the soak: as many words as are read, or nearly
UNITS = {
    "two words": "a b ",
    "two words a sentence": "a b. ",
    "two words a line": "a b\n",
    "one word a paragraph": "a\n\nb\n\n",
    "compounds": "a-b ",
    "capitals": "A B ",
    "the words of shipped rules": "Torkham. Closed. ",
    "names": "Sadiq Khan Torkham TTP ",
    "no end of a sentence": "torkham closed a b ",
    "letters of one word": "aaa",
    "letters without spaces": "塔利班",
    "accents": "e\u0301\u0316",
}
TEXTS = {name: unit * (SIZE // len(unit)) for name, unit in UNITS.items()}
TEXTS["as many words as are read"] = " ".join(f"aaa{number}" for number in range(20_000))


def filled(part: str, join: str) -> str:
    """As many parts as a query may have."""
    return join.join([part] * (MAX_QUERY // (len(part) + len(join)) - 1))


QUERIES = {
    "phrase": '"' + "a " * 100 + '"',
    "phrase of prefixes": '"' + "aaa* " * 100 + '"',
    "chain": " NEAR/100 ".join(["a", "b"] * 24),
    "ordered chain": " ONEAR/100 ".join(["a", "b"] * 24),
    "nest": "(" * 24 + "a" + " NEAR/100 b)" * 24,
    "nest of alternatives": "(" * 24 + "a" + " OR b) NEAR/9 (a OR closed)" * 24,
    "many nears": " OR ".join(f"a NEAR/{n % 100} zzz{n} NEAR b" for n in range(300)),
    "many nears that hold": " AND ".join(f"a NEAR/{n % 100} b" for n in range(500)),
    "not near": "a NOT NEAR/100 zzz NOT NEAR/50 (a OR c)",
    "many words": filled("a", " AND "),
    "many alternatives": filled("zzz", " OR ") + " OR a",
    "sentences": "SENTENCE(a AND b AND NOT c)",
    "sentences without": "SENTENCE(torkham AND NOT a AND NOT (c NEAR b))",
    "nested sentences": "SENTENCE(" * 24 + "a" + " AND b)" * 24,
    "nested paragraphs": "PARA(" * 12 + "SENTENCE(" * 12 + "a" + " AND b)" * 24,
    "counting": "ATLEAST(1000, a NEAR/100 b)",
    "counting alternatives": "ATLEAST(1000, " + filled("a", " OR ")[:4_000] + "a)",
    "prefixes": "aaa* NEAR/100 aaa*",
    "family": "~close NEAR/100 ~torkham",
    "exact": "=A NEAR/100 =b",
    "names": "person:Khan NEAR/100 (@mayor OR @torkham OR @ttp)",
}
LATE = 4.0  # seconds of CPU; half a second to one on a quiet machine, and minutes before work was bounded


def document(text: str) -> Document:
    return Document(id="d", title="a b closed torkham", body=text, names=(EntityMention("Sadiq", "person"),))


def late(ruleset: RuleSet, one: Document) -> list[str]:
    """What took too long."""
    found = []
    for what, ask in (
        ("match", lambda: ruleset.match(one)),
        ("explain", lambda: ruleset.explain(ruleset.rules[0].id, one)),
        ("entities", lambda: ruleset.entities_in(one)),
    ):
        begun = time.process_time()
        ask()
        if (taken := time.process_time() - begun) > LATE:
            found.append(f"{what} {taken:.1f} s")
    return found


def ruleset_of_one(query: str) -> RuleSet:
    ruleset = load(f"{NAMES}[[rules]]\nid = 'r'\nquery = '''{query}'''\n").ruleset
    assert ruleset.rules
    return ruleset


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("chain", "two words a sentence"),
        ("phrase of prefixes", "as many words as are read"),
    ],
)
def test_the_worst_queries_on_the_worst_texts_are_not_late(query: str, text: str):
    assert late(ruleset_of_one(QUERIES[query]), document(TEXTS[text][:LIGHT])) == []


def test_a_long_text_of_the_words_of_shipped_rules_is_not_late():
    shipped = load_rules([RuleFile(name, text) for name, text in shipped_rule_files()]).ruleset
    assert late(shipped, document(TEXTS["the words of shipped rules"][:LIGHT])) == []


@pytest.mark.soak
@pytest.mark.parametrize("query", QUERIES)
def test_no_query_is_late_on_any_text(query: str):
    ruleset = ruleset_of_one(QUERIES[query])
    slow = {name: found for name, text in TEXTS.items() if (found := late(ruleset, document(text)))}
    assert slow == {}


@pytest.mark.soak
@pytest.mark.parametrize("field", ["title", "summary", "url", "publisher", "authors", "section", "feed", "tags"])
def test_no_field_is_late(field: str):
    shipped = [RuleFile(name, text) for name, text in shipped_rule_files()]
    fields = "feed:a* OR tag:a* OR url:a OR author:a OR section:a OR publisher:(a NEAR/9 b)"
    ruleset = load_rules([*shipped, RuleFile("f.toml", f"[[rules]]\nid='f'\nquery='{fields}'\n")]).ruleset
    for text in TEXTS.values():
        value = (text,) if field in ("authors", "tags") else text
        assert late(ruleset, Document(**{"id": "d", "title": "Torkham", "body": "closed", field: value})) == []
