"""`monitor rules expand`: what operands reach in the families and in the archive, and how it is said."""

from __future__ import annotations

import pytest
from made import NOON, feed_settings
from newsroom import fresh_store, ruleset_of
from rule_samples import NAMES
from stored import grouped

from monitor.adapters.store.sql import SqlStore
from monitor.app import expanding
from monitor.app.expand_words import answer_json, answer_lines
from monitor.app.expanding import Answer, expand
from monitor.core.text.columns import display_width
from monitor.model.errors import ConfigInvalid

RULES = ruleset_of(f"{NAMES}\n[[rules]]\nid = 'r'\nquery = 'x'\n")


@pytest.fixture
def store() -> SqlStore:
    opened = fresh_store()
    opened.feeds.sync([feed_settings()], NOON)
    return opened


def put(store: SqlStore, *texts: str) -> None:
    for number, text in enumerate(texts):
        grouped(store, store.feeds.all()[0], f"e{number}", text=text, title=f"Story {number}")


def counts(answer: Answer, operand: int = 0) -> list[tuple[str, int | None]]:
    return [(each.form.word, each.articles) for each in answer.operands[operand].reached if each.articles]


def said(answer: Answer) -> str:
    lines = list(answer_lines(answer))
    assert max(map(display_width, lines), default=0) <= 80
    return "\n".join(lines)


def test_the_forms_of_the_archive_are_counted_most_frequent_first(store):
    put(
        store,
        "They closed it. It is closed.",
        "Closed: the closure.",
        "A closured gate, closely watched.",
        "Opened.",
    )
    answer = expand("~close OR clos*", RULES, store.archive)
    assert counts(answer) == [("closed", 2), ("closure", 1), ("closured", 1)]
    assert (answer.read, answer.found) == (3, 3)
    assert "  closed 2, closure 1, close, " in said(answer)
    assert "  by their stem: closured 1" in said(answer)
    assert "SURPRISE, not of the family close: closely 1" in said(answer)


def test_a_british_spelling_counts_once_as_its_american_twin(store):
    put(store, "They organised it.", "They organized it.")
    answer = expand("~organise OR organi*", RULES, store.archive)
    assert counts(answer) == [("organized", 2)]
    assert counts(answer, 1) == [("organized", 2)]


def test_a_word_that_a_prefix_reaches_beside_its_family_is_a_surprise(store):
    put(store, "A shutterbug on the shuttle.", "Shut.")
    answer = expand("shut*", RULES, store.archive)
    assert "SURPRISE, not of the family shut: shuttle 1, shutterbug 1, shuttled" in said(answer).replace(
        "\n    ", " "
    )
    assert "  shut 1, shutdown, " in said(answer)


def test_of_many_articles_the_newest_are_read_and_the_answer_says_so(store, monkeypatch):
    monkeypatch.setattr(expanding, "MOST_READ", 2)
    put(store, "Closed.", "Closed.", "Closed.")
    answer = expand("~close", RULES, store.archive)
    assert counts(answer) == [("closed", 2)]
    assert "the newest 2 of 3 articles" in said(answer)


def test_without_an_archive_the_listed_forms_are_shown_without_numbers():
    answer = expand("~reopen OR zzzy* OR ~بند", RULES)
    assert answer.found is None
    assert said(answer).splitlines() == [
        "~reopen · the family reopen; words listed nowhere are reached by their stem",
        "  reopen, reopens, reopened, reopening, reopenings",
        "",
        "zzzy* · words that begin with zzzy",
        "  no word that a family lists; no archive was asked",
        "",
        "~بند · the word itself: no family lists it, and its script has no stemmer",
    ]


def test_names_and_terms_are_shown_with_what_they_stand_for():
    ruleset = ruleset_of(
        "[entities.ttp]\nname = 'Tehrik'\ntype = 'org'\naliases = ['TTP Pakistan']\nacronyms = ['TTP']\n"
        "need = 'Pakistan'\nnot = 'cricket'\n[terms.shut]\nquery = 'shut OR sealed'\n"
    )
    assert said(expand("@ttp AND $shut", ruleset)).splitlines() == [
        "@ttp · org, Tehrik",
        "  aliases: TTP Pakistan",
        "  acronyms, in exact case: TTP",
        "  only where this holds: Pakistan",
        "  not where this holds: cricket",
        "",
        "$shut · shut OR sealed",
    ]


def test_a_query_without_any_operand_to_expand_says_so():
    assert "stands for itself" in said(expand("closed", RULES))


def test_a_query_that_does_not_hold_is_an_error_with_a_caret():
    with pytest.raises(ConfigInvalid, match=r"(?s)unknown entity @nope.*\^\^\^\^\^"):
        expand("@nope", RULES)


def test_programs_get_an_object_an_operand(store):
    put(store, "Shut.")
    family, prefix, entity = answer_json(expand("~reopen OR shut* OR @torkham", RULES, store.archive))
    assert family["kind"] == "family"
    assert family["families"][0] == {
        "head": "reopen", "words": ["reopens", "reopened", "reopening", "reopenings"], "not": [],
    }  # fmt: skip
    assert (family["exact"], family["by_stem"]) == (False, True)
    assert (prefix["operand"], prefix["kind"], prefix["family"]) == ("shut*", "prefix", "shut")
    assert prefix["words"][0] == {"word": "shut", "listed": True, "surprise": False, "articles": 1}
    assert {"word": "shuttle", "listed": True, "surprise": True, "articles": 0} in prefix["words"]
    assert (entity["operand"], entity["kind"], entity["name"]) == ("@torkham", "entity", "Torkham")


def test_an_entity_shows_spellings_that_count_where_variants_are_asked_for():
    entity = "[entities.asif]\nname = 'Khawaja Asif'\ntype = 'person'\naliases = ['خواجہ آصف']\n"
    rule = "[[rules]]\nid = 'r'\nquery = 'x'\n"
    plain, any_spelling = (
        expand("@asif", ruleset_of(f"{entity}{more}{rule}")) for more in ("", "variants = true\n")
    )
    assert "\n  variants, such as: Khawaja Mohammad Asif; Khwaja Asif; " in said(any_spelling)
    assert "variants" not in said(plain)
    assert "Khwaja Asif" in next(answer_json(any_spelling))["variants"]
    assert next(answer_json(plain))["variants"] == []
