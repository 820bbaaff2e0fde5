"""What holds of every explanation that is drawn, whatever the query and the text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rule_samples import CONTEXTS, ruleset_of
from test_rules_properties import queries, texts

from monitor.app.explain_words import explained_json, explained_lines
from monitor.app.explaining import Subject, explain
from monitor.core.text.columns import cut_to, display_width, padded
from monitor.model.article import Document

letters = st.text(st.sampled_from("ab é塔e\u0301\u200cط"), max_size=30)


@given(queries, texts, texts)
def test_the_answer_agrees_with_the_engine_and_fits_the_screen(query, title, body):
    ruleset = ruleset_of(query, CONTEXTS)
    answer = explain(ruleset, ruleset.rule("r"), Subject(Document(id="d", title=title, body=body), "a text"))
    lines = explained_lines(answer)
    holds = bool(ruleset.match(answer.subject.document))
    assert ("NO MATCH" in lines[0]) is not holds
    assert all(display_width(line) <= 80 for line in lines)
    found = explained_json(answer)
    assert bool(found["spans"]) is holds


@given(letters, st.integers(1, 12))
def test_a_text_cut_fits_and_one_that_fits_is_not_cut(text, columns):
    shown = cut_to(text, columns)
    assert display_width(shown) <= columns
    assert shown == text or (shown.endswith("…") and text.startswith(shown[:-1]) and display_width(text) > columns)


@given(letters, st.integers(1, 40))
def test_a_padded_text_is_as_wide_as_asked_or_as_wide_as_it_is(text, columns):
    assert display_width(padded(text, columns)) == max(columns, display_width(text))
