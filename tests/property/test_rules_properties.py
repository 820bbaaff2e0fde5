"""What holds for every query and every text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st
from rule_samples import CONTEXTS, ruleset_of

from monitor.core.rules import RuleFile, load_rules
from monitor.core.rules.errors import QueryInvalid
from monitor.core.rules.nodes import render
from monitor.core.rules.parser import parse, parse_with_lints
from monitor.core.text.sentences import sentence_at, sentences
from monitor.core.text.tokens import analyse
from monitor.model.article import Document, EntityMention
from monitor.model.rule import Match

WORDS = [
    "torkham", "Kabul", "café", "cease-fire", "TTP", "طورخم", "塔利班", "border", "closed", "U.S.", "closure",
    "reopened", "waiting", "Sadiq Khan", "Pakistan's",
]  # fmt: skip
SEPARATORS = [" ", ", ", ". ", "\n", "\n\n", " — "]

texts = st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SEPARATORS)), max_size=25).map(
    lambda parts: "".join(word + separator for word, separator in parts)
)
_FOUND = [
    *WORDS, '"border closed"', '"~close border"', "=TTP", "=U.S.", "clos*", "~close", "~reopening", "@torkham",
    "@khan", "$closed", "$open", "person:Khan", "place:Kabul", "org:TTP",
]  # fmt: skip
_FOUND = [f'"{one}"' if " " in one and '"' not in one else one for one in _FOUND]
leaves = st.sampled_from(
    [*_FOUND, "title:Kabul", "lead:border", "(border AND feed:dawn*)", "(closed AND publisher:Arab)", "$both",
     "(TTP AND NOT tag:sport)", "(Kabul AND language:en)", "(closed AND author:Smith)"]
)  # fmt: skip
placed = st.sampled_from(
    [*_FOUND, "(border OR Kabul)", "(Kabul NOT NEAR/2 TTP)", "(border ONEAR/3 closed)", "title:(Kabul OR TTP)"]
)
signs = [
    "(",
    ")",
    "AND",
    "OR",
    "NOT",
    "-",
    "NEAR/3",
    "ONEAR",
    '"',
    "*",
    "title:",
    "SENTENCE(",
    "PARA(",
    "ATLEAST(2,",
    "NOT NEAR/2",
    "url:",
    "person:",
    "@",
    "$closed",
    "=",
    "~x",
]
fragments = st.sampled_from([*WORDS, *signs])
pieces = st.lists(fragments, max_size=15)


def composed(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    some = st.lists(inner, min_size=2, max_size=3)
    return (
        some.map(lambda parts: "(" + " AND ".join(parts) + ")")
        | some.map(lambda parts: "(" + " OR ".join(parts) + ")")
        | st.tuples(inner, inner).map(lambda pair: f"({pair[0]} AND NOT {pair[1]})")
        | inner.map(lambda part: f"SENTENCE({part})")
        | inner.map(lambda part: f"PARA({part})")
        | st.tuples(placed, st.integers(0, 4), placed).map(lambda x: f"({x[0]} NOT NEAR/{x[1]} {x[2]})")
        | st.tuples(st.integers(1, 3), placed).map(lambda x: f"ATLEAST({x[0]}, {x[1]})")
        | st.tuples(placed, st.integers(0, 4), placed).map(lambda x: f"({x[0]} NEAR/{x[1]} {x[2]})")
        | placed.map(lambda part: f"body:({part})" if "title:" not in part else part)
    )


queries = st.recursive(leaves, composed, max_leaves=6)


def document_of(title: str, body: str) -> Document:
    """An article with all that a rule can ask for."""
    return Document(
        id="d",
        title=title,
        body=body,
        summary=title[::-1],
        publisher="Arab News",
        authors=("Jane Smith",),
        language="en-GB",
        feed="dawn-pakistan",
        tags=("border",),
        names=(EntityMention("Kabul border", "org"), EntityMention("Kabul", "place"), EntityMention("TTP", "org")),
    )


def answer(query: str, document: Document) -> Match | None:
    (found, *_) = (*ruleset_of(query, CONTEXTS).match(document), None)
    assert found is None or isinstance(found, Match), found
    return found


def holds(query: str, title: str, body: str) -> bool:
    return answer(query, document_of(title, body)) is not None


@given(
    st.text(max_size=60)
    | st.lists(fragments, max_size=15).map(" ".join)
    | st.lists(fragments, max_size=15).map("".join)
)
@settings(max_examples=400)
def test_the_parser_raises_nothing_but_its_own_error(query):
    refused = None
    try:
        parse_with_lints(query)
    except QueryInvalid as error:
        refused = error
    if refused:
        assert 0 <= refused.start <= len(query)
        assert len(refused.context) == 2
        assert refused.message


@given(st.text(max_size=200) | pieces.map(lambda parts: f"[[rules]]\nid='r'\nquery='''{' '.join(parts)}'''"))
def test_loading_never_raises(text):
    load_rules([RuleFile("x.toml", text)])


@given(queries, texts, texts)
def test_a_match_and_its_explanation_agree_and_spans_cut_out_their_text(query, title, body):
    document = document_of(title, body)
    ruleset = ruleset_of(query, CONTEXTS)
    found = answer(query, document)
    assert ruleset.explain("r", document).holds is (found is not None)
    if found:
        assert found.explanation.holds
        assert found.spans
        fields = {"title": title, "body": body, "summary": document.summary}
        assert all(fields[span.field][span.start : span.end] == span.text for span in found.spans)


@given(st.lists(queries, min_size=2, max_size=4), texts, texts, st.randoms(use_true_random=False))
def test_the_order_of_operands_changes_nothing(parts, title, body, dice):
    shuffled = list(parts)
    dice.shuffle(shuffled)
    for operator in (" AND ", " OR "):
        one, other = (answer(operator.join(order), document_of(title, body)) for order in (parts, shuffled))
        assert (one and one.spans) == (other and other.spans)


@given(queries, leaves, texts, texts)
def test_one_more_alternative_never_loses_a_match(query, alternative, title, body):
    assert not holds(query, title, body) or holds(f"({query}) OR {alternative}", title, body)


AROUND = [
    "{}",
    "{} NEAR/3 border",
    "border ONEAR/1 {}",
    "({} NEAR/2 Kabul) ONEAR/3 border",
    "{} NOT NEAR/2 closed",
    "SENTENCE({} AND NOT TTP)",
    "PARA(closed AND {})",
    "ATLEAST(2, {})",
    "SENTENCE(ATLEAST(2, {}) OR border)",
    "PARA({} NOT NEAR/3 waiting)",
]
"""What may stand around an operand, such that a find more never loses a match."""


@given(placed, placed, st.sampled_from(AROUND), texts)
def test_one_more_alternative_never_loses_a_match_wherever_it_stands(operand, alternative, around, body):
    if holds(around.format(operand), "", body):
        assert holds(around.format(f"({operand} OR {alternative})"), "", body)


@given(placed, placed, st.integers(0, 12), st.sampled_from(AROUND), texts)
def test_a_wider_near_finds_all_that_a_narrower_one_does(left, right, distance, around, body):
    def found(operator: str, n: int) -> bool:
        return holds(around.format(f"({left} {operator}/{n} {right})"), "", body)

    if found("NEAR", distance):
        assert found("NEAR", distance + 1)
    if found("ONEAR", distance):
        assert found("NEAR", distance)
        assert found("ONEAR", distance + 1)


chains = st.recursive(
    leaves,
    lambda inner: (
        st.tuples(
            inner, st.sampled_from(["NEAR/2", "ONEAR", "NOT NEAR/3", "AND", "OR", "", "AND NOT"]), inner
        ).map(" ".join)
        | inner.map(lambda part: f"({part})")
        | st.tuples(st.sampled_from(["title:", "person:", "ATLEAST(2, ", "PARA("]), inner).map(
            lambda pair: f"{pair[0]}{pair[1]})" if pair[0].endswith(("(", " ")) else f"{pair[0]}({pair[1]})"
        )
    ),
    max_leaves=6,
)


@given(queries | chains)
@settings(max_examples=300)
def test_a_query_that_is_written_out_is_read_as_the_same_tree(query):
    try:
        tree = parse(query)
    except QueryInvalid:  # NOT inside NEAR
        return
    assert parse(render(tree)) == tree


@given(placed, placed, st.integers(0, 12), texts)
def test_what_is_not_near_is_alone_or_beyond_the_distance(left, right, distance, body):
    alone = holds(f"{left} NOT NEAR/{distance} {right}", "", body)
    assert alone or holds(f"{left} NEAR/{distance} {right}", "", body) or not holds(left, "", body)
    assert holds(left, "", body) or not alone
    if holds(f"{left} NOT NEAR/{distance + 1} {right}", "", body):
        assert alone


@given(st.integers(1, 4), placed, texts)
def test_more_finds_are_also_fewer_finds(count, operand, body):
    if holds(f"ATLEAST({count + 1}, {operand})", "", body):
        assert holds(f"ATLEAST({count}, {operand})", "", body)
    assert holds(f"ATLEAST(1, {operand})", "", body) is holds(operand, "", body)


@given(placed, placed, texts)
def test_what_stands_in_one_sentence_stands_in_one_paragraph(left, right, body):
    if holds(f"SENTENCE({left} AND {right})", "", body):
        assert holds(f"PARA({left} AND {right})", "", body)


@given(placed, placed, st.integers(0, 12), texts)
def test_near_does_not_mind_which_side_is_which(left, right, distance, body):
    assert holds(f"{left} NEAR/{distance} {right}", "", body) is holds(f"{right} NEAR/{distance} {left}", "", body)


@given(st.sampled_from(WORDS), st.sampled_from(WORDS), st.integers(0, 8), texts)
def test_near_agrees_with_counting(left, right, distance, body):
    tokens = analyse(body).tokens
    one, other = analyse(left).tokens, analyse(right).tokens
    if len(one) != 1 or len(other) != 1:
        return
    places = [[t.position for t in tokens if t.term == side[0].term] for side in (one, other)]
    expected = any(a != b and abs(a - b) - 1 <= distance for a in places[0] for b in places[1])
    assert holds(f"{left} NEAR/{distance} {right}", "", body) is expected


WRITINGS: list[Callable[[str], str]] = [
    partial(unicodedata.normalize, "NFD"),
    partial(unicodedata.normalize, "NFC"),
    lambda text: text.replace("-", "\u2011"),
    lambda text: text.replace("-", "\u2013"),
    lambda text: text.replace("'", "’"),
    lambda text: re.sub(r"([a-z]{2})(?=[a-z])", "\\1\u00ad", text),  # soft hyphens
    lambda text: re.sub(r"(طو)", "\\1\u0640\u064e", text),  # tatweel and a vowel sign
    lambda text: re.sub(r"(\w)(?=[ ,\n]|$)", "\\1\u200f", text),  # bidi marks behind words
    lambda text: re.sub(r"[a-z]", lambda found: chr(ord(found.group()) + 0xFEE0), text),  # full width
]


@given(queries, texts, texts, st.sampled_from(WRITINGS))
def test_other_writings_of_the_same_text_give_the_same_answer(query, title, body, writing):
    expected = holds(query, title, body)
    assert holds(query, writing(title), writing(body)) is expected
    assert holds(unicodedata.normalize("NFD", query), title, body) is expected
    curly = query.replace(' "', " “").replace('"', "”")
    assert holds(curly, title, body) is expected


@given(st.text(max_size=300))
def test_any_text_is_cut_into_words_and_sentences_in_order(text):
    analysed = analyse(text)
    ends = [0]
    for token in analysed.tokens:
        assert ends[-1] <= token.start < token.end <= len(text)
        ends.append(token.end)
    positions = [token.position for token in analysed.tokens]
    assert positions == sorted(set(positions))
    assert all(position < analysed.next_position for position in positions)
    last = 0
    for start, end in sentences(text):
        assert last <= start < end <= len(text)
        assert text[start:end].strip() == text[start:end]
        assert sentence_at(text, start, end) == (start, end)
        last = end
