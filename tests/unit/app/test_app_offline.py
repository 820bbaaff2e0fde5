"""`rules match` without a store: documents as lines in, matches as lines out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from newsroom import RULES, ruleset_of

from monitor.app.offline import MatchedLine, match_lines, rules_from
from monitor.model.errors import ConfigInvalid

CLOSED = {"id": "1", "title": "Torkham closed", "body": "Thousands of trucks wait."}


def matched(*lines: str | dict[str, Any]) -> list[MatchedLine]:
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    return list(match_lines(ruleset_of(RULES), texts))


def test_each_match_is_an_object_with_spans_of_its_field() -> None:
    first, second = [one.match or {} for one in matched(CLOSED)]
    assert (first["document"], first["rule"], second["rule"]) == ("1", "torkham-closed", "trucks")
    assert set(first) == {"document", "rule", "rule_version", "spans", "explanation"}
    assert [CLOSED[span["field"]][span["start"] : span["end"]] for span in first["spans"]] == ["Torkham", "closed"]
    assert [span["text"] for span in second["spans"]] == ["trucks"]


def test_offsets_are_code_points() -> None:
    (line,) = matched({"id": "1", "title": "", "body": "😀 🚚 trucks"})
    (span,) = (line.match or {})["spans"]
    assert (span["start"], span["end"]) == (4, 10)


def test_a_document_that_no_rule_wants_gives_no_line() -> None:
    assert matched({"id": "1", "title": "Weather", "body": "Sunny."}) == []


def test_empty_lines_are_passed_over_and_count() -> None:
    (line,) = matched("", "  \n", "{")
    assert (line.problem or "").startswith("3: ")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "1: no JSON"),
        ("not json", "1: no JSON"),
        ("[]", "1: "),
        ("3", "1: "),
        ("null", "1: "),
        ('{"title": "x", "body": "y"}', "id"),
        ('{"id": ["1"], "title": "x", "body": "y"}', "id"),
        ('{"id": "1", "title": {}, "body": "y"}', "title"),
        ('{"id": "1", "title": "x", "body": "y", "published": "yesterday"}', "published"),
        ("[" * 100_000, "nested too deep"),
        ('{"id": "1", "title": "x", "body": "' + "y" * 10 + '", "authors": [1]}', "authors"),
    ],
)
def test_a_line_that_is_no_document_is_named_and_the_others_go_on(line: str, words: str) -> None:
    wrong, *good = matched(line, CLOSED)
    assert wrong.match is None
    assert words in (wrong.problem or "")
    assert (wrong.problem or "").startswith("1: ")
    assert "\n" not in (wrong.problem or "")
    assert len(good) == 2


def test_a_number_that_python_will_not_read_is_a_problem_of_its_line() -> None:
    wrong, *good = matched('{"id": "1", "title": "x", "body": "y", "n": ' + "9" * 5000 + "}", CLOSED)
    assert (wrong.problem or "").startswith("1: ")
    assert len(good) == 2


# ---- which rules


def test_rules_of_a_folder_and_of_one_file(tmp_path: Path) -> None:
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "border.toml").write_text(RULES)
    for place in (tmp_path, tmp_path / "deeper" / "border.toml"):
        assert len(rules_from(place, Path("nowhere.toml"), {}).rules) == 3


def test_rules_of_the_config_when_no_folder_is_given(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "border.toml").write_text(RULES)
    config = tmp_path / "config.toml"
    config.write_text(
        "[[feeds]]\nurl = 'https://example.org/feed'\n[receivers.console]\nstdout = {}\n"
        "[[digests]]\nname = 'all'\nrules = ['*']\nto = ['console']\nschedule = 'immediate'\n"
    )
    assert len(rules_from(None, config, {}).rules) == 3


def test_every_problem_of_every_rule_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[[rules]]\nid = 'a'\nquery = '('\n")
    (tmp_path / "b.toml").write_text("nonsense")
    (tmp_path / "c.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigInvalid) as caught:
        rules_from(tmp_path, Path("nowhere.toml"), {})
    assert {Path(problem.file).name for problem in caught.value.problems} == {"a.toml", "b.toml", "c.toml"}


@pytest.mark.parametrize("place", ["empty", "missing"])
def test_a_place_without_rules_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigInvalid, match=place):
        rules_from(tmp_path / place, Path("nowhere.toml"), {})


URDU = {
    "id": "u",
    "title": "طورخم",
    "body": "طورخم بارڈر فائرنگ کے بعد بند کر دیا گیا، سینکڑوں ٹرک قطار میں کھڑے ہیں۔",
}


def rules_of(query: str, *lines: dict[str, Any]) -> list[str]:
    ruleset = ruleset_of(f"[[rules]]\nid = 'r'\nquery = '''{query}'''\n")
    found = match_lines(ruleset, [json.dumps(line) for line in lines])
    return [one.match["document"] for one in found if one.match]


def test_a_document_that_names_no_language_is_heard_and_one_that_does_is_taken_at_its_word() -> None:
    english = {"id": "e", "title": "طورخم", "body": "The crossing was closed on Sunday, officials said."}
    assert rules_of("طورخم AND language:ur", URDU, english) == ["u"]
    assert rules_of("طورخم AND language:en", URDU, english) == ["e"]
    assert rules_of("طورخم AND language:ps", URDU, {**URDU, "id": "said", "language": "ps"}) == ["said"]
