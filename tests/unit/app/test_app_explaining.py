"""`rules explain`: what is explained, and how the answer is drawn."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made import NOON, feed_settings
from newsroom import DAY, FEED, HOUR, Newsroom, item
from rule_samples import NAMES, load, ruleset_of

from monitor.app.explain_words import explained_json, explained_lines
from monitor.app.explaining import (
    LONGEST_TEXT,
    Explained,
    NotExplainable,
    Question,
    Subject,
    answers,
    explain,
    stored_subject,
    text_subjects,
    the_rule,
    title_subject,
)
from monitor.app.why import NoSuchRule
from monitor.core.rules import RuleSet, match_to_json
from monitor.core.text.columns import display_width
from monitor.model.article import Document
from monitor.model.errors import ConfigInvalid
from monitor.model.problem import Problem
from monitor.model.rule import Match

STORY = "On Sunday the Taliban closed a busy border crossing, Torkham. In Kabul Mr. Asif spoke of trade."
NOTHING = io.BytesIO()


def explained(query: str, body: str = STORY, title: str = "", about: str = "the text of story.txt") -> Explained:
    ruleset = ruleset_of(query)
    subject = Subject(Document(id="d", title=title, body=body), about)
    return explain(ruleset, ruleset.rule("r"), subject)


def drawn(query: str, body: str = STORY, title: str = "") -> list[str]:
    """The tree and the passages, without the answer above them."""
    lines = explained_lines(explained(query, body, title))
    return lines[lines.index("") + 1 :]


# ---- the picture


def test_a_match_is_drawn_operand_by_operand_with_what_was_found() -> None:
    answer = explained("SENTENCE(@torkham AND $closed)")
    assert explained_lines(answer) == [
        f"r {answer.rule.version} · MATCH · the text of story.txt",
        '  "Torkham" and "closed" in one sentence',
        "",
        'SENTENCE  "On Sunday the Taliban closed a busy border crossing, Torkham"',
        '├─ @torkham                               yes    1×  "Torkham"',
        "└─ $closed = OR                           yes    1×",
        '   ├─ closed                              yes    1×  "closed"',
        "   └─ closure* shut بند                    no",
        "",
        "On Sunday the Taliban [closed] a busy border crossing, [Torkham].",
    ]


def test_a_no_shows_what_is_missing_and_what_is_there() -> None:
    answer = explained("SENTENCE(@torkham AND $closed)", "Torkham is busy. Nothing else.")
    assert explained_lines(answer) == [
        f"r {answer.rule.version} · NO MATCH · the text of story.txt",
        "  absent: $closed",
        "",
        "SENTENCE",
        '├─ @torkham                               yes    1×  "Torkham"',
        "└─ $closed = OR                            no",
        "   └─ closed closure* shut بند             no",
        "",
        "[Torkham] is busy.",
    ]


def test_operands_that_stand_in_different_sentences_say_so() -> None:
    lines = explained_lines(explained("SENTENCE(torkham AND trade)"))
    assert lines[1:6] == [
        "  all of it is there, but never in one sentence",
        "",
        "SENTENCE",
        '├─ torkham                                yes    1×  "Torkham"',
        '└─ trade                                  yes    1×  "trade"',
    ]


def test_words_too_far_apart_say_how_far() -> None:
    assert drawn("(taliban NEAR/2 crossing) OR khan")[0:4] == [
        "OR",
        "├─ khan                                    no",
        "└─ NEAR/2                                  no        closest: 4 words between",
        '   ├─ taliban                             yes    1×  "Taliban"',
    ]


def test_what_must_be_absent_is_marked_where_it_stands_in_the_way() -> None:
    lines = drawn("torkham AND NOT (trade OR cricket)")
    assert lines == [
        "AND",
        '├─ torkham                                yes    1×  "Torkham"',
        "└─ NOT OR                                  no    1×",
        '   ├─ trade                               yes    1×  "trade"',
        "   └─ cricket                              no",
        "",
        "On Sunday the Taliban closed a busy border crossing, [Torkham].",
        "In Kabul Mr. Asif spoke of [trade].",
    ]


def test_a_not_that_holds_is_one_line_whatever_is_in_it() -> None:
    assert "└─ NOT $closed = OR                       yes" in drawn("torkham AND NOT $closed", "Torkham is busy.")


def test_a_field_is_named_with_what_it_asks_for() -> None:
    lines = drawn("title:torkham AND title:(closed OR shut)", title="Torkham shut")
    assert lines[1:3] == [
        '├─ title:torkham                          yes    1×  "Torkham"',
        "└─ title: OR                              yes    1×",
    ]
    assert lines[-1] == "title: [Torkham] [shut]"


def test_a_query_of_one_word_is_one_line() -> None:
    assert drawn("torkham")[0] == 'torkham                                   yes    1×  "Torkham"'
    assert drawn("khan") == ["khan                                       no"]


def test_each_spelling_found_is_shown_once() -> None:
    line = drawn("@torkham", "Torkham, TORKHAM, Torkham and طورخم")[0]
    assert line.endswith('4×  "Torkham" "TORKHAM" "طورخم"')


def test_text_of_other_scripts_stays_as_it_is() -> None:
    lines = drawn("SENTENCE(@torkham AND $closed)", "طورخم بارڈر دوسرے روز بھی بند ہے۔ 塔利班关闭边境。")
    assert lines[-1] == "[طورخم] بارڈر دوسرے روز بھی [بند] ہے۔"
    assert any(line.endswith('"طورخم"') for line in lines)


def test_wide_letters_are_counted_as_a_terminal_shows_them() -> None:
    (line, *_) = drawn("塔利班 AND torkham", "塔利班 Torkham")[1:]
    assert display_width(line.split("yes")[0]) == 42


# ---- folding


def test_alternatives_that_found_nothing_take_three_lines_at_most() -> None:
    many = " OR ".join(f"word{n}" for n in range(100))
    lines = drawn(f"torkham AND (closed OR {many})")
    tree = lines[: lines.index("")]
    assert len(tree) == 8
    assert tree[-1].strip() == "… 85 more"


def test_many_alternatives_that_hold_are_counted_beyond_six() -> None:
    words = STORY.replace(",", "").replace(".", "").lower().split()[:12]
    lines = drawn(" OR ".join(words))
    tree = lines[: lines.index("")]
    assert len(tree) == 8
    assert tree[-1].startswith("└─ … ")


def test_a_tree_of_hundreds_of_lines_is_cut_and_says_so() -> None:
    lines = drawn(" AND ".join(f"(word{n} OR (torkham AND x{n}))" for n in range(80)))
    tree = lines[: lines.index("")]
    assert len(tree) == 60
    assert tree[-1].endswith("more lines: --json has all of it")


def test_a_long_phrase_is_cut_not_wrapped_into_the_verdict() -> None:
    phrase = '"' + " ".join(["very"] * 30) + '"'
    for line in drawn(f"torkham AND {phrase}"):
        assert display_width(line) <= 80
    assert any("…" in line and line.rstrip().endswith("no") for line in drawn(f"torkham AND {phrase}"))


# ---- JSON


def test_json_is_the_match_line_of_the_offline_command_with_all_alternatives() -> None:
    answer = explained("SENTENCE(@torkham AND $closed)")
    found = explained_json(answer)
    (match,) = ruleset_of("SENTENCE(@torkham AND $closed)").match(answer.subject.document)
    assert isinstance(match, Match)
    line = match_to_json(match)
    assert set(found) == set(line)
    assert {key: found[key] for key in ("document", "rule", "rule_version", "spans")} == {
        key: line[key] for key in ("document", "rule", "rule_version", "spans")
    }
    assert "closure*" in json.dumps(found["explanation"])


def test_json_of_a_no_holds_nothing_and_says_why() -> None:
    found = explained_json(explained("khan"))
    assert (found["spans"], found["explanation"]["holds"]) == ([], False)
    assert found["explanation"]["note"] == "absent: khan"


# ---- which rule


def test_a_query_may_use_the_entities_and_terms_of_the_rules() -> None:
    ruleset, rule, warnings = the_rule(ruleset_of("torkham"), None, "@torkham AND $closed")
    assert explain(ruleset, rule, title_subject("Torkham shut")).explanation.holds
    assert (rule.id, warnings) == ("query", ())


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("torkham AND (", '--query: query: this "(" is never closed'),
        ("@torkam", "--query: query: unknown entity @torkam; did you mean @torkham?"),
        ("NOT torkham", "only says what must be absent"),
        ("", "--query: query: "),
    ],
)
def test_a_query_that_does_not_hold_is_shown_with_its_trouble(query: str, message: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        the_rule(ruleset_of("torkham"), None, query)
    assert message in str(caught.value)
    assert "^" in str(caught.value)


def test_a_query_that_may_mean_something_else_is_warned_of() -> None:
    _, _, warnings = the_rule(ruleset_of("torkham"), None, "torkham closed")
    assert "two terms side by side mean AND" in str(warnings[0])


def test_an_unknown_rule_is_answered_with_a_near_one() -> None:
    with pytest.raises(NoSuchRule, match=r'no rule is called "torkam-closed"; did you mean "torkham-closed"\?'):
        the_rule(load(RULES).ruleset, "torkam-closed", None)


RULES = NAMES + "[[rules]]\nid = 'torkham-closed'\nquery = '@torkham AND $closed'\n"


def test_a_rule_that_breaks_on_a_text_gets_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: RuleSet, rule_id: str, document: Document) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(RuleSet, "explain", broken)
    with pytest.raises(NotExplainable, match='rule "r" failed: RecursionError: too deep'):
        explained("torkham")


# ---- which text


def subjects(content: bytes, title: str | None = None) -> list[Subject | Problem]:
    return list(text_subjects("-", io.BytesIO(content), title))


def documents(content: bytes) -> list[Document]:
    return [one.document for one in subjects(content) if isinstance(one, Subject)]


def test_a_plain_text_is_the_body_and_may_have_a_title() -> None:
    (one,) = subjects(STORY.encode(), "Torkham shut")
    assert isinstance(one, Subject)
    assert one.document == Document(id="-", title="Torkham shut", body=STORY)
    assert one.about == 'the text of standard input, title "Torkham shut"'


def test_documents_are_explained_one_by_one_and_a_bad_line_is_named() -> None:
    lines = (
        b'{"id": "1", "title": "x", "body": ""}\n\nnonsense\n{"id": "2", "title": "y", "body": ""}\n{"title": 3}\n'
    )
    first, wrong, second, worse = subjects(lines)
    assert isinstance(first, Subject)
    assert isinstance(second, Subject)
    assert [first.document.id, second.document.id] == ["1", "2"]
    assert str(wrong) == "standard input:3: no JSON object"
    assert str(worse).startswith('standard input:5: "id" is missing')


def test_one_document_over_several_lines_is_one_document() -> None:
    assert [one.id for one in documents(b'{"id": "1",\n "title": "x",\n "body": "y"}\n')] == ["1"]


def test_a_line_separator_inside_a_document_does_not_end_it() -> None:
    assert documents('{"id": "1", "title": "a\u2028b"}'.encode())[0].title == "a\u2028b"


@pytest.mark.parametrize("content", [b"", b"{not json", b"[1]", b"3", b'"text"', b"{" * 100_000])
def test_what_is_no_object_is_plain_text(content: bytes) -> None:
    assert documents(content)[0].body == content.decode()


def test_a_title_beside_documents_is_refused() -> None:
    with pytest.raises(NotExplainable, match="--title is for plain text"):
        subjects(b'{"id": "1"}', "Torkham")


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"\xff\xfe", "standard input: is not UTF-8"), (b"x" * (LONGEST_TEXT + 1), "larger than 10 MB")],
)
def test_a_text_that_cannot_be_read_gets_one_sentence(content: bytes, why: str) -> None:
    with pytest.raises(NotExplainable, match=why):
        subjects(content)


# ---- a stored article


def newsroom(**more: Any) -> Newsroom:
    return Newsroom(**more)


URL = "https://news.example/e1"


def test_a_stored_article_is_explained_as_the_rules_read_it() -> None:
    room = newsroom()
    room.bring_in(item())
    found = stored_subject(room.store, URL)
    assert (found.document.title, found.document.publisher) == ("Torkham closed", "News")
    assert found.about == 'article "Torkham closed" (News, 22 Feb 2023)'
    assert found.notes == ()
    ruleset = room.ruleset
    assert explain(ruleset, ruleset.rule("torkham-closed"), found).explanation.holds


def test_the_newest_revision_is_taken_and_named() -> None:
    room = newsroom()
    room.bring_in(item(title="Border busy", summary="Torkham is busy."))
    room.clock.advance(HOUR)
    room.bring_in(item(title="Border busy", summary="Torkham was closed."))
    found = stored_subject(room.store, URL)
    assert "closed" in found.document.body
    assert found.notes == ("the newest that was read of 2 entries with this URL",)


def test_an_entry_that_was_never_read_is_explained_with_the_feeds_words() -> None:
    room = newsroom(feeds=[feed_settings(FEED, backfill=30 * DAY)])
    room.bring_in(item(published=NOON - 20 * DAY))
    found = stored_subject(room.store, URL)
    assert found.document.body == "The Torkham crossing was closed on Sunday."
    assert found.notes == ("not an article (too old): these are the feed's own words",)


def test_an_url_never_seen_gets_one_sentence() -> None:
    with pytest.raises(NotExplainable, match="was never seen in a feed; monitor why URL says"):
        stored_subject(newsroom().store, "https://news.example/never")


def test_a_rule_that_said_something_else_at_the_time_says_so() -> None:
    room = newsroom()
    room.bring_in(item())
    found = stored_subject(room.store, URL)
    changed = load("[[rules]]\nid = 'torkham-closed'\nquery = 'avalanche'\n").ruleset
    answer = explain(changed, changed.rule("torkham-closed"), found)
    (note,) = answer.subject.notes
    assert note.startswith("when it was read the rule matched: monitor why URL --rule torkham-closed")
    assert f"({note})" in " ".join(" ".join(explained_lines(answer)).split())
    same = room.ruleset
    assert explain(same, same.rule("torkham-closed"), found).subject.notes == ()
    query, rule, _ = the_rule(same, None, "avalanche")
    assert explain(query, rule, found).subject.notes == ()  # a query that was typed has no past


# ---- questions as a whole


def test_a_question_about_a_text_needs_no_config(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULES)
    question = Question(tmp_path / "nowhere.toml", tmp_path, rule="torkham-closed", title="Torkham shut")
    (answer,) = answers(question, {}, NOTHING)
    assert isinstance(answer, Explained)
    assert answer.explanation.holds
    with pytest.raises(ConfigInvalid, match="no such file"):
        list(answers(replace(question, directory=None), {}, NOTHING))


def test_an_unknown_rule_is_told_before_the_text_is_read(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULES)
    question = Question(tmp_path / "nowhere.toml", tmp_path, rule="nope", file="nowhere.txt")
    with pytest.raises(NoSuchRule):
        list(answers(question, {}, NOTHING))


def test_a_text_is_explained_in_the_language_that_it_is_in(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text("[[rules]]\nid = 'r'\nquery = 'Torkham AND language:en'\n")
    (tmp_path / "story.txt").write_text(STORY)
    question = Question(tmp_path / "no.toml", tmp_path, rule="r", file=str(tmp_path / "story.txt"))
    (answer,) = answers(question, {}, NOTHING)
    assert isinstance(answer, Explained)
    assert answer.explanation.holds


def test_a_stored_article_is_explained_in_the_language_that_it_was_read_in() -> None:
    room = Newsroom(feeds=[feed_settings(FEED, backfill=DAY)])
    room.bring_in(item(title="Imran Khan", summary=""))
    assert stored_subject(room.store, "https://news.example/e1").document.language == ""
