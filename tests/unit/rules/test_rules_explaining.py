"""Why a rule holds or not, its examples, and the JSON lines."""

from __future__ import annotations

import json

import pytest
from rule_samples import NAMES, found, load, ruleset_of

from monitor.core.rules import (
    DocumentInvalid,
    because,
    document_from_json,
    match_to_json,
    run_examples,
    untried,
)
from monitor.model.article import Document
from monitor.model.rule import Explanation

TEXT = "On Sunday the Taliban closed a busy border crossing, Torkham. In Kabul Asif spoke."


def explained(query: str, body: str = TEXT, title: str = "") -> Explanation:
    return ruleset_of(query).explain("r", Document(id="d", title=title, body=body))


def outline(one: Explanation) -> object:
    """node, yes or no, note, children: the tree without its spans."""
    return (one.node, one.holds, one.note, [outline(child) for child in one.children])


def test_a_yes_shows_each_operand_with_what_it_found():
    tree = explained("SENTENCE(@torkham AND $closed)")
    sentence = "On Sunday the Taliban closed a busy border crossing, Torkham"
    assert outline(tree) == (
        "SENTENCE", True, f'in "{sentence}"', [
            ("AND", True, "", [
                ("@torkham", True, "", []),
                ("$closed", True, "", [
                    ("OR", True, "", [
                        ("closed", True, "", []),
                        ("closure*", False, "absent: closure*", []),
                        ("shut", False, "absent: shut", []),
                        ("بند", False, "absent: بند", []),
                    ]),
                ]),
            ]),
        ],
    )  # fmt: skip
    assert [span.text for span in tree.spans] == ["closed", "Torkham"]


def test_a_match_leaves_out_alternatives_that_found_nothing():
    match = found("$closed", TEXT)
    assert match is not None
    assert outline(match.explanation) == ("$closed", True, "", [("OR", True, "", [("closed", True, "", [])])])


def test_a_no_says_what_is_absent():
    tree = explained('Torkham AND "Imran Khan"')
    assert outline(tree) == (
        "AND", False, "", [("Torkham", True, "", []), ('"Imran Khan"', False, 'absent: "Imran Khan"', [])]
    )  # fmt: skip


def test_a_not_says_what_was_absent_or_present():
    assert explained("Torkham NOT cricket").children[1].note == "absent: cricket"
    assert explained("Torkham NOT Kabul").children[1].note == "present: Kabul"


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("closed NEAR/5 Torkham", 'in "closed a busy border crossing, Torkham"'),
        ("closed NEAR/3 Torkham", "closest: 4 words between"),
        ("Torkham ONEAR/5 closed", "only the other way round: closed before Torkham"),
        ("closed NEAR/3 cricket", ""),
        ("SENTENCE(Torkham AND Kabul)", "all of it is there, but never in one sentence"),
        ("SENTENCE(Torkham AND cricket)", ""),
    ],
)
def test_near_and_sentence_say_how_far_it_was(query, note):
    assert explained(query).note == note


def test_an_exact_word_found_only_in_capitals_says_so():
    assert explained("=US", "They spoke.", "TELL US MORE").note == "only where everything is in capitals"


@pytest.mark.parametrize(
    ("query", "body", "line"),
    [
        ("SENTENCE(@torkham AND $closed)", TEXT, '"Torkham" and "closed" in one sentence'),
        ("@torkham AND $closed", "طورخم بند ہے", '@torkham by its spelling "طورخم" and $closed by "بند"'),
        ("@torkham", "Torkham’s traders", '"Torkham"'),
        ("@ttp", "the TTP", '@ttp by its spelling "TTP"'),
        ("closed NEAR/5 Torkham", TEXT, '"closed" within 5 words of "Torkham"'),
        ("closed ONEAR/5 Torkham", TEXT, '"closed" within 5 words before "Torkham"'),
        ("cricket OR clos*", TEXT, '"closed"'),
        ("Torkham NOT cricket", TEXT, '"Torkham"'),
        ("body:Torkham AND Sunday AND Kabul", TEXT, '"Torkham" in the body, "Sunday" and "Kabul"'),
        ("cricket", TEXT, ""),
    ],
)
def test_the_reason_is_one_line(query, body, line):
    assert because(explained(query, body)) == line


@pytest.mark.parametrize(
    ("term", "body", "line"),
    [
        ("halt* NEAR/5 traffic", "Traffic at Torkham was halted.", '"Torkham" and "Traffic … halted"'),
        ("cricket OR (closed NEAR/4 (gate OR road))", "The closed Torkham road", '"Torkham" and "closed … road"'),
        ("trade AND stop*", "Trade at Torkham stopped.", '"Torkham" and "Trade … stopped"'),
        ("closed NOT NEAR/1 door", "A closed gate at Torkham, no open door", '"Torkham" and "closed"'),
        ("بند NEAR/3 سڑک", "Torkham سڑک آج بند ہے", '"Torkham" and $t by "سڑک … بند"'),
    ],
)
def test_a_term_is_told_by_the_words_of_all_its_sides(term, body, line):
    rules = ruleset_of("@torkham AND $t", f"{NAMES}\n[terms.t]\nquery = '{term}'\n")
    assert because(rules.explain("r", Document(id="d", title="", body=body))) == line


def test_the_reason_is_never_long():
    query = " AND ".join(f'"{i} {"word " * 30}"' for i in range(20))
    body = ". ".join(f"{i} {'word ' * 30}" for i in range(20))
    assert len(because(explained(query, body))) == 200


def example(query: str, **examples: list[str]) -> str:
    lists = "".join(f"{key} = {json.dumps(value)}\n" for key, value in examples.items())
    return f"{NAMES}[[rules]]\nid = 'r'\nquery = '{query}'\n{lists}"


def no_file(name: str) -> str:
    raise FileNotFoundError(2, "No such file or directory", name)


def test_examples_that_hold_are_silent():
    text = example("Torkham AND closed", must_match=["Torkham closed"], must_not_match=["Chaman closed"])
    assert run_examples(load(text).ruleset, no_file) == ()


def test_a_wrong_match_says_because():
    text = example("harvest OR yield", must_not_match=["fine", "Apricot harvest best in years"])
    (problem,) = run_examples(load(text).ruleset, no_file)
    assert problem.message == ('rule "r": its example must not match, but does: "Apricot harvest best in years"')
    assert problem.context == ('    because "harvest"',)
    assert problem.line == len(text.splitlines())


def test_a_missing_match_says_what_was_absent():
    text = example("@torkham AND $closed AND fire", must_match=["Torkham on fire"])
    (problem,) = run_examples(load(text).ruleset, no_file)
    assert problem.message == 'rule "r": its example must match, but does not: "Torkham on fire"'
    assert problem.context == ("    absent: $closed",)


def test_an_example_file_is_read_beside_the_rule_file():
    asked: list[str] = []

    def read(name: str) -> str:
        asked.append(name)
        return "Torkham closed"

    text = example("Torkham", must_match=["file:examples/closure.txt"])
    assert run_examples(load(text, "rules/border.toml").ruleset, read) == ()
    assert asked == ["rules/examples/closure.txt"]
    (problem,) = run_examples(load(text, "rules/border.toml").ruleset, no_file)
    assert problem.message == (
        'rule "r": its example file "examples/closure.txt" cannot be read: No such file or directory'
    )


# ---- which examples a reload tries

TWO = """
[[rules]]
id = "plain"
query = 'flood*'
must_match = ["flooded"]
[[rules]]
id = "named"
query = '@mayor AND $closed'
must_match = ["Sadiq Khan: closed"]
"""


@pytest.mark.parametrize(
    ("old", "new", "ids"),
    [
        ("", "", set()),
        ("[terms", "# a comment\n[terms", set()),
        ("flood*", "floods", {"plain"}),
        ('"flooded"', '"flooding"', {"plain"}),
        ('"flooded"', '"file:a.txt"', {"plain"}),
        ("shut", "sealed", {"named"}),
        # A longer name that hides the mayor's: his rule's version is the same, its answer is not.
        ("Mohammad Sadiq Khan", "Sadiq Khan closed", {"named"}),
        ('id = "plain"', 'id = "plain-2"', {"plain-2"}),
    ],
)
def test_only_examples_that_may_answer_otherwise_are_tried_again(old: str, new: str, ids: set[str]):
    text = NAMES + TWO
    before, after = load(text).ruleset, load(text.replace(old, new) if old else text).ruleset
    assert untried(after, before.compiled) == ids


def test_an_example_in_a_file_is_tried_every_time():
    ruleset = load(example("Torkham", must_match=["file:a.txt"])).ruleset
    assert untried(ruleset, ruleset.compiled) == {"r"}


def test_examples_that_are_not_asked_for_are_not_tried():
    ruleset = load(NAMES + TWO.replace('"flooded"', '"dry"')).ruleset
    assert run_examples(ruleset, no_file, {"named"}) == ()
    assert len(run_examples(ruleset, no_file, {"plain"})) == 1


def test_a_document_line_becomes_a_document():
    line = {
        "id": "a", "title": "T", "body": "B", "summary": "S", "url": "u", "publisher": "P", "authors": ["x"],
        "section": "s", "language": "en", "published": "2023-02-22T15:00:00+05:00", "other": 1, "feed": None,
    }  # fmt: skip
    document = document_from_json(line)
    assert (document.id, document.title, document.body, document.summary) == ("a", "T", "B", "S")
    assert document.authors == ("x",)
    assert document.published is not None
    assert document.published.isoformat() == "2023-02-22T10:00:00+00:00"
    assert document_from_json({"id": 7}).id == "7"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ([], "a document is an object"),
        ({}, '"id" is missing'),
        ({"id": ""}, '"id" must be a string'),
        ({"id": True}, '"id" must be a string'),
        ({"id": "a", "title": 3}, '"title" must be a string'),
        ({"id": "a", "body": ["x"]}, '"body" must be a string'),
        ({"id": "a", "authors": "x"}, '"authors" must be a list of strings'),
        ({"id": "a", "authors": [1]}, '"authors" must be a list of strings'),
        ({"id": "a", "published": 5}, '"published" must be a string'),
        ({"id": "a", "published": "yesterday"}, '"published" is no RFC 3339 time'),
        ({"id": "a", "published": "2023-02-22T15:00:00"}, '"published" names no offset'),
        ({"id": "a", "published": "0001-01-01T00:00:00+23:00"}, '"published" is no RFC 3339 time'),
    ],
)
def test_a_line_that_is_no_document_says_why(line, message):
    with pytest.raises(DocumentInvalid, match=message):
        document_from_json(line)


def test_a_match_becomes_a_line_with_stable_keys():
    match = found("SENTENCE(Torkham AND closed)", "Torkham closed.")
    assert match is not None
    span = {"field": "body", "start": 0, "end": 7, "text": "Torkham"}
    line = json.loads(json.dumps(match_to_json(match)))
    assert list(line) == ["document", "rule", "rule_version", "spans", "explanation"]
    assert line["spans"][0] == span
    assert line["explanation"]["node"] == "SENTENCE"
    assert line["explanation"]["children"][0]["children"][0] == {
        "node": "Torkham", "holds": True, "spans": [span], "children": [],
    }  # fmt: skip
