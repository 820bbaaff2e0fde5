"""One rule of a file is changed, and nothing else of it: neither a comment nor a letter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli
from documents import ROOT
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.rules.editing import (
    NotWritable,
    appended,
    changed,
    glimpsed_rule,
    replaced,
    rule_toml,
    written_rule,
    written_rules,
)

FILE = """# Crossings. طورخم
[terms.closed]
query = 'closed OR shut'  # both

[[rules]]  # the first
id = "torkham-closed"
# why this query: see the minutes
query = 'Torkham AND $closed'  # tail
tags = ["border", "trade"] # two
must_match = [
  "Torkham closed",  # of Dawn
  # an Urdu one
  "طورخم بارڈر بند ہے۔",
]

# about trucks
[[rules]]
id = "trucks"
query = \'\'\'
trucks
[[rules]]
\'\'\'
[rules.each]
# places
x = ["a", "b"]

# the end
"""


def rules_of(text: str) -> Any:
    return tomli.loads(text)["rules"]


def test_a_changed_query_leaves_every_other_line_as_it_was() -> None:
    text = changed(FILE, 0, {"query": "Torkham AND shut"})
    assert text == FILE.replace("'Torkham AND $closed'", '"Torkham AND shut"')


def test_a_new_key_stands_with_the_rule_and_not_below_the_comment_of_the_next() -> None:
    text = changed(FILE, 0, {"severity": "high"})
    assert 'severity = "high"\n\n# about trucks' in text
    assert rules_of(text)[0]["severity"] == "high"


def test_examples_come_and_go_and_their_comments_stay() -> None:
    example = {"title": 'He said "no"', "body": "one\ntwo \u202e\u2028 three"}
    text = changed(FILE, 0, {"must_match": ["طورخم بارڈر بند ہے۔", example]})
    assert "# an Urdu one" in text
    assert rules_of(text)[0]["must_match"] == ["طورخم بارڈر بند ہے۔", example]
    assert text.replace(text[text.index("must_match") :], "") == FILE[: FILE.index("must_match")]


def test_a_key_that_is_set_to_nothing_goes() -> None:
    text = changed(FILE, 0, {"tags": None})
    assert "tags" not in rules_of(text)[0]


def test_what_looks_like_a_header_inside_a_text_is_none() -> None:
    text = changed(FILE, 1, {"query": "lorries"})
    assert rules_of(text)[1] == {"id": "trucks", "query": "lorries", "each": {"x": ["a", "b"]}}
    assert text.startswith(FILE[: FILE.index('[[rules]]\nid = "trucks"')])
    assert text.endswith("\n# the end\n")


def test_a_file_with_windows_line_ends_keeps_them() -> None:
    text = changed(FILE.replace("\n", "\r\n"), 0, {"query": "a\nb\n", "title": "T"})
    assert text.count("\n") == text.count("\r\n")
    assert rules_of(text)[0]["query"] == "a\nb\n"


def test_a_query_of_several_lines_is_written_on_several_lines() -> None:
    text = changed(FILE, 0, {"query": 'Torkham\nAND "closed"\n'})
    assert "query = '''\nTorkham\nAND \"closed\"\n'''  # tail" in text


@pytest.mark.parametrize(
    "text",
    [
        'rules = [{ id = "a", query = "b" }]\n',  # no header
        "[[rules]]\nid = 'a'\nquery = 'b'\n[terms.x]\nquery = 'y'\n[rules.each]\nk = ['v']\n",  # in two pieces
        '[["rules"]]\nid = "a"\nquery = "b\n',  # no TOML
    ],
)
def test_what_is_not_written_in_one_piece_is_not_touched(text: str) -> None:
    with pytest.raises((NotWritable, IndexError)):
        changed(text, 0, {"query": "c"})


@pytest.mark.parametrize(
    "written",
    ['must_match = [\n  "x"\n  # the last\n]\n', '[[rules.must_match]]\nbody = "x"\n'],
    ids=["a comment instead of the last comma", "a text beside tables"],
)
def test_what_cannot_be_written_is_said_in_words_for_people(written: str) -> None:
    text = f'[[rules]]\nid = "a"\nquery = "x"\n{written}'
    examples = written_rules(text)[0]["must_match"]
    with pytest.raises(NotWritable, match=r"the file is written there in a way that the monitor does not change$"):
        changed(text, 0, {"must_match": [*examples, "more"]})


def test_a_file_that_is_no_toml_takes_no_rule_and_says_where_it_is_none() -> None:
    with pytest.raises(NotWritable, match=r"the file is no TOML: .*line 2"):
        appended('[[rules]]\nid = "a\n', {"id": "b"})


def test_a_quoted_header_is_a_header() -> None:
    assert rules_of(changed('[["rules"]]\nid = "a"\nquery = "b"\n', 0, {"query": "c"}))[0]["query"] == "c"


def test_a_new_rule_stands_at_the_end_whatever_the_file_ends_with() -> None:
    values = {"id": "new", "query": 'a "b"'}
    for text in ("", "\n", FILE, FILE.rstrip("\n"), "# only a comment"):
        new = appended(text, values)
        assert new.startswith(text)
        assert rules_of(new)[-1] == values


def test_a_table_goes_back_to_what_it_was() -> None:
    before = written_rule(FILE, 0).table
    text = changed(FILE, 0, {"query": "x", "must_match": None, "tags": ["new"]})
    assert replaced(text, 0, before) == FILE
    assert [one["id"] for one in written_rules(replaced(FILE, 0, ""))] == ["trucks"]


def test_a_table_of_tables_takes_a_table_more() -> None:
    text = (
        '[[rules]]\nid = "a"\nquery = "b"\n[[rules.must_match]]\nbody = "x"\n\n[[rules]]\nid = "c"\nquery = "d"\n'
    )
    wanted = [{"body": "x"}, {"title": "t", "body": "y"}]
    assert rules_of(changed(text, 0, {"must_match": wanted}))[0]["must_match"] == wanted


@pytest.mark.parametrize("path", sorted((ROOT / "rules").rglob("*.toml")), ids=lambda path: path.name)
def test_the_rules_that_ship_are_told_apart_and_changed_one_by_one(path: Path) -> None:
    text = path.read_text("utf-8")
    rules = written_rules(text)
    for index, rule in enumerate(rules):
        glimpsed = glimpsed_rule(text, index, len(rules))
        assert glimpsed == written_rule(text, index)
        assert glimpsed.values == rule
        new = changed(text, index, {"severity": "low", "must_not_match": [*rule.get("must_not_match", []), "new"]})
        assert [line for line in text.split("\n") if "#" in line] == [
            line for line in new.split("\n") if "#" in line
        ]
        assert replaced(new, index, glimpsed.table) == text


def test_a_glimpse_is_none_where_a_header_stands_inside_a_text() -> None:
    assert glimpsed_rule(FILE, 0, 2) is None
    assert glimpsed_rule(FILE.replace("\n[[rules]]\n'''", "\n'''"), 1, 2) is not None


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)


@given(
    TEXT,
    st.lists(st.one_of(TEXT, st.dictionaries(st.sampled_from(["title", "body"]), TEXT, min_size=1)), max_size=4),
)
def test_whatever_is_written_is_read_again_to_the_letter(query: str, examples: list[Any]) -> None:
    wanted = {"query": query, "must_match": examples, "title": query}
    text = changed(FILE, 0, wanted)
    assert {key: rules_of(text)[0][key] for key in wanted} == wanted
    assert rules_of(text)[1] == rules_of(FILE)[1]
    assert all(line in text for line in FILE.split("\n") if line.startswith("#"))
    assert tomli.loads(rule_toml({"id": "a", **wanted}))["rules"] == [{"id": "a", **wanted}]
