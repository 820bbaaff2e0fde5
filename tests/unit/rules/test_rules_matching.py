"""What queries find: the trap table of the rule language, row by row."""

from __future__ import annotations

import time

import pytest
from rule_samples import NAMES, found, load, matches, ruleset_of, texts

from monitor.core.rules import RuleFile, load_rules
from monitor.core.rules.near import near
from monitor.core.rules.reading import Hit
from monitor.core.text.tokens import MAX_TOKENS
from monitor.model.article import Document, EntityMention
from monitor.model.rule import Explanation, Match, RuleFailure


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("cafe", "the café closed"),
        ("café", "the cafe closed"),
        ("office", "the oﬃce"),
        ("Taliban", "the Ｔａｌｉｂａｎ"),
        ("Istanbul", "in İstanbul"),
        ("पाकिस्तान", "यह पाकिस्तान है"),
        ("پاكستاني", "یک پاکستانی"),
        ("محمد", "مُحَمَّد"),
        ("می‌خواهد", "او میخواهد"),
        ("Taliban", "Tali\u00adban"),
        ('"Tehreek e Taliban"', "the Tehreek\u2011e\u2011Taliban group"),
        ('"Tehreek e Taliban"', "the Tehreek–e–Taliban group"),
        ("Tehreek-e-Taliban", "the Tehreek e Taliban group"),
        ("Pakistan", "Pakistan’s army"),
        ("ministers", "the ministers' talks"),
        ('"Pakistan defense minister"', "Pakistan’s Defense Minister spoke"),
        ("defence", "the defense minister"),
        ('"defense minister"', "the defence minister"),
        ("organiz*", "they organise"),
        ("organis*", "they organise"),
        ("Pakistan", "Pakistan-Afghanistan border"),
        ("Afghanistan", "Pakistan-Afghanistan border"),
        ("ceasefire", "a cease-fire deal"),
        ("cease-fire", "a ceasefire deal"),
        ("cease-fire", "a cease fire deal"),
        ('"cease-fire deal"', "a ceasefire deal"),
        ('"ceasefire deal"', "a cease-fire deal"),
        ("F16", "an F-16 jet"),
        ("F-16", "an F16 jet"),
        ("re-open*", "it reopened"),
        ("re-open*", "it re-opened"),
        ("=US", "in the US today"),
        ("=US", "in the U.S. today"),
        ("=US", "the US’s troops"),
        ("=US", "U.S.-led troops"),
        ("=U.S.", "the US today"),
        ("=ISIS-K", "said ISIS-K did"),
        ("塔利班", "阿富汗塔利班发言人"),
        ("ตาลีบัน", "กลุ่มตาลีบันใน"),
        ("6,000", "some 6000 trucks"),
        ("6000", "some 6,000 trucks"),
        ("6000", "some 6\u00a0000 trucks"),
        ("3.5", "3.5 percent"),
        ("bomb*", "the bombing"),
        ('"border cross*"', "the border crossings"),
        ("Torkham Border", "#Torkham_Border"),
    ],
)
def test_these_are_found(query, text):
    assert matches(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("Mali", "in Somalia"),
        ("Niger", "in Nigeria"),
        ("us", "the virus"),
        ("=US", "he told us"),
        ("=us", "in the US"),
        ("35", "3.5 percent"),
        ("3", "3.5 percent"),
        ("6", "6,000 trucks"),
        ("close", "it closed"),
        ("taliban", "https://example.org/taliban and a.taliban@example.org"),
        ("ceasefire", "cease fire"),
        ('"border crossing"', "the crossing border"),
        ('"border crossing"', "the border is crossing"),
    ],
)
def test_these_are_not_found(query, text):
    assert not matches(query, text)


def test_an_all_capitals_headline_says_nothing_about_case_unless_the_body_confirms():
    assert not matches("=US", "They spoke.", title="TELL US MORE")
    assert matches("=US", "Troops of the US left.", title="US TROOPS LEAVE")
    assert matches("us", "They spoke.", title="TELL US MORE")


def test_not_speaks_of_the_whole_article_title_included():
    assert not matches("Torkham NOT cricket", "Torkham is shut.\n\nFar below: cricket.")
    assert not matches("Torkham NOT cricket", "Torkham is shut.", title="Cricket news")
    assert matches("Torkham NOT title:cricket", "Torkham is shut. Cricket.", title="News")
    assert not matches("Torkham NOT title:cricket", "Torkham is shut.", title="Cricket")


def test_inside_a_sentence_not_speaks_of_that_sentence():
    query = "SENTENCE(Torkham AND closed AND NOT previously)"
    assert matches(query, "Torkham was closed on Sunday. It was previously open.")
    assert not matches(query, "Torkham, previously closed, is open.")


def test_operands_of_near_share_no_word():
    assert not matches('"khawaja asif" NEAR/5 asif', "Khawaja Asif spoke")
    assert matches('"khawaja asif" NEAR/5 asif', "Khawaja Asif spoke; Asif left")
    assert not matches("asif NEAR asif", "Asif")


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("taliban NEAR/1 border", False),
        ("taliban NEAR/2 border", True),
        ("border NEAR/2 taliban", True),
        ("border ONEAR/5 taliban", False),
        ("taliban ONEAR/2 border", True),
        ("taliban NEAR/0 closed", True),
        ("(taliban OR army) NEAR/2 (frontier OR border)", True),
        ('"taliban closed" NEAR/1 border', True),
        ("(taliban NEAR/0 closed) NEAR/1 border", True),
        ("(taliban NEAR/5 border) NEAR/0 closed", True),
        ("title:taliban NEAR/2 border", False),
    ],
)
def test_near_counts_the_words_between(query, holds):
    assert matches(query, "Taliban closed the border") is holds


def test_nothing_reaches_from_the_title_into_the_body():
    assert not matches('"border closed"', "closed today", title="Torkham border")
    assert not matches("border NEAR/100 closed", "closed today", title="Torkham border")
    assert not matches("border NEAR/100 closed", "closed", summary="border")
    assert not matches("SENTENCE(border AND closed)", "closed today", title="Torkham border")
    assert matches("border AND closed", "closed today", title="Torkham border")


def test_a_phrase_does_not_cross_paragraphs_and_near_pays_one_for_it():
    text = "the border\n\nclosed today"
    assert not matches('"border closed"', text)
    assert not matches("border NEAR/0 closed", text)
    assert matches("border NEAR/1 closed", text)


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("SENTENCE(Torkham AND closed)", True),
        ("SENTENCE(Kabul AND closed)", False),
        ("SENTENCE(Torkham AND (open OR closed))", True),
        ("SENTENCE(Torkham NEAR/3 closed)", True),
        ("SENTENCE(Torkham) AND SENTENCE(Kabul)", True),
        ("SENTENCE(@torkham AND $closed)", True),
        ("title:SENTENCE(Torkham AND closed)", False),
        ("NOT SENTENCE(Kabul AND closed) AND Kabul", True),
    ],
)
def test_a_sentence_holds_all_of_its_operands(query, holds):
    assert matches(query, "They closed busy Torkham. In Kabul Lt. Gen. Anjum spoke.") is holds


def test_inside_a_sentence_not_near_speaks_of_that_sentence():
    text = "They were waiting. Reopened today."
    assert matches("SENTENCE(reopen* NOT NEAR/3 waiting)", text)
    assert matches("SENTENCE(today NEAR/3 (reopen* NOT NEAR/3 waiting))", text)
    assert not matches("reopen* NOT NEAR/3 waiting", text)
    assert not matches("PARA(reopen* NOT NEAR/3 waiting)", text)


def test_fields_limit_a_query():
    document = {"title": "Kabul visit", "body": "Torkham is shut.", "summary": "Talks held"}
    assert matches("title:Kabul body:Torkham summary:Talks", **document)
    assert not matches("title:Torkham", **document)
    assert not matches("body:Kabul", **document)
    assert matches("title:(Kabul AND NOT Torkham)", **document)


def test_every_span_cuts_its_text_out_of_its_field():
    title, body = "Taliban close Torkham", "“Torkham’s” cafe\u0301 shut.\n\n\u202bطورخم\u202c بند"
    match = found("@torkham OR shut OR cafe", body, title)
    assert match is not None
    fields = {"title": title, "body": body}
    assert [fields[s.field][s.start : s.end] for s in match.spans] == [s.text for s in match.spans]
    assert [s.text for s in match.spans] == ["Torkham", "Torkham’s", "cafe\u0301", "shut", "طورخم"]


def test_spans_are_what_the_yes_rests_on():
    text = "They closed Torkham. Torkham is busy. A school closed."
    assert texts(found("SENTENCE(Torkham AND closed)", text)) == ["closed", "Torkham"]
    assert texts(found("Torkham NEAR/1 busy", text)) == ["Torkham", "busy"]
    assert texts(found('Torkham NOT "Spin Boldak"', "Torkham is shut")) == ["Torkham"]


def test_spans_are_capped():
    match = found("a", "a " * 1_000)
    assert match is not None
    assert len(match.spans) == 200


def test_only_the_first_words_of_a_document_are_read():
    assert not matches("late", "word " * MAX_TOKENS + "late")
    assert matches("early", "word " * MAX_TOKENS, title="early")


def test_an_acronym_counts_in_its_own_case_only():
    assert matches("@ttp", "the TTP said")
    assert matches("@ttp", "the T.T.P. said")
    assert not matches("@ttp", "the ttp protocol")
    assert matches("@ttp", "TEHREEK-E-TALIBAN PAKISTAN")


def test_the_longest_entity_wins():
    assert matches("@envoy", "Mohammad Sadiq Khan in Kabul")
    assert not matches("@mayor", "Mohammad Sadiq Khan in Kabul")
    assert matches("@mayor", "Sadiq Khan of London met Mohammad Sadiq Khan")
    assert not matches("@envoy", "Sadiq Khan of London")


def test_the_entities_of_a_document_are_listed_in_order_of_appearance():
    ruleset = ruleset_of("x")
    document = Document(id="d", title="TTP and more", body="Mohammad Sadiq Khan at طورخم. The TTP said so.")
    assert ruleset.entities_in(document) == (
        EntityMention("Tehreek-e-Taliban Pakistan", "org", "ttp"),
        EntityMention("Mohammad Sadiq Khan", "person", "envoy"),
        EntityMention("Torkham", "other", "torkham"),
    )


def test_a_rule_that_breaks_is_a_value_and_the_others_still_answer(monkeypatch):
    ruleset = load(f"{NAMES}\n[[rules]]\nid='a'\nquery='@ttp'\n[[rules]]\nid='b'\nquery='said'\n").ruleset
    from monitor.core.rules.naming import Naming

    def broken(self, name):
        raise ValueError("boom")

    monkeypatch.setattr(Naming, "entity", broken)
    answers = ruleset.match(Document(id="d", title="the TTP said"))
    assert answers[0] == RuleFailure("d", "a", "ValueError: boom")
    assert isinstance(answers[1], Match)


def test_near_over_many_repeats_takes_bounded_time():
    left = [Hit(i * 2, i * 2 + 1) for i in range(20_000)]
    right = [Hit(i * 2 + 1, i * 2 + 2) for i in range(20_000)]
    start = time.process_time()
    pairs = near(left, right, 100, False)
    assert time.process_time() - start < 5  # a tenth on a quiet machine; every pair takes minutes
    assert len(pairs) <= 4 * 20_000


@pytest.mark.parametrize(
    "query",
    [
        "a NEAR/100 b",
        "a NEAR/100 b NEAR/100 a NEAR/100 b",
        "SENTENCE(a AND b AND NOT c)",
        '"a b a b a b"',
        "aaa* NEAR b",
    ],
)
@pytest.mark.parametrize("unit", ["a b ", "a b. ", "aaa b\n\n"])
def test_a_document_full_of_repeats_takes_bounded_time(query, unit):
    ruleset = ruleset_of(query)
    start = time.process_time()
    ruleset.match(Document(id="d", title="", body=unit * 5_000))
    assert time.process_time() - start < 5


REPEATED = Document(id="d", title="", body="a b. " * 2_000)


def test_a_rule_that_would_take_too_long_on_a_document_is_a_failure_and_the_others_still_answer():
    chain = " NEAR/100 ".join(["a", "b"] * 24)
    ruleset = load(f"[[rules]]\nid='r'\nquery='{chain}'\n[[rules]]\nid='s'\nquery='a NEAR b'\n").ruleset
    failure, match = ruleset.match(REPEATED)
    why = "stopped after 500,000 steps: the text repeats the words of the rule too often"
    assert failure == RuleFailure("d", "r", why)
    assert isinstance(match, Match)
    assert ruleset.explain("r", REPEATED).note == why
    assert ruleset.explain("r", Document(id="e", title="a b" * 20)).note == ""


def test_what_holds_is_a_match_also_where_its_explanation_would_take_too_long():
    (match,) = ruleset_of(" AND ".join(["a"] * 1_400)).match(REPEATED)
    assert isinstance(match, Match)
    assert match.explanation.holds
    assert "stopped after" in match.explanation.note


def test_the_tree_of_a_match_stays_small_whatever_the_document():
    (match,) = ruleset_of(" AND ".join(f"(a AND b AND a NEAR/{n} b)" for n in range(8))).match(REPEATED)

    def spans(one: Explanation) -> int:
        return len(one.spans) + sum(map(spans, one.children))

    assert isinstance(match, Match)
    assert len(match.spans) == 200
    assert spans(match.explanation) < 2_500


def test_one_hot_story_may_fire_hundreds_of_rules():
    rules = "\n".join(f"[[rules]]\nid='r{i}'\nquery='Torkham AND (closed OR word{i})'" for i in range(500))
    ruleset = load_rules([RuleFile("many.toml", rules)]).ruleset
    start = time.process_time()
    answers = ruleset.match(Document(id="d", title="Torkham closed", body="Torkham closed. " * 50))
    assert len(answers) == 500
    assert time.process_time() - start < 5
