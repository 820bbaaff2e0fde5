"""The grammar: what is read how, and what is refused where."""

from __future__ import annotations

import pytest

from monitor.core.rules.errors import QueryInvalid, caret
from monitor.core.rules.lexer import MAX_QUERY
from monitor.core.rules.nodes import render
from monitor.core.rules.parser import MAX_DEPTH, parse, parse_with_lints

GOOD = [
    ("Torkham", "Torkham"),
    ("a b", "a AND b"),
    ("a AND b OR c", "(a AND b) OR c"),
    ("a OR b AND c", "a OR (b AND c)"),
    ("(a OR b) AND c", "(a OR b) AND c"),
    ("a NOT b", "a AND NOT b"),
    ("a AND NOT b", "a AND NOT b"),
    ("a -b", "a AND NOT b"),
    ("a - b", "a AND NOT b"),
    ("a NEAR b", "a NEAR/10 b"),
    ("a NEAR/0 b", "a NEAR/0 b"),
    ("a NEAR/5 b NEAR/3 c", "a NEAR/5 b NEAR/3 c"),
    ("a ONEAR/2 b", "a ONEAR/2 b"),
    ("title:Kabul", "title:Kabul"),
    ("title:(Kabul OR Afghan*) x", "title:(Kabul OR Afghan*) AND x"),
    ("“border crossing”", "“border crossing”"),
    ("„border crossing“", "„border crossing“"),
    ("SENTENCE(@torkham AND $closed)", "SENTENCE(@torkham AND $closed)"),
    ("=US OR =ISIS-K", "=US OR =ISIS-K"),
    ("and", "and"),
    ("near", "near"),
    ("SENTENCE", "SENTENCE"),
    ("12:30", "12:30"),
    ("塔利班", "塔利班"),
    ("塔利班*", "塔利班*"),
    ("طورخم OR تړل*", "طورخم OR تړل*"),
    ('"border cross*"', '"border cross*"'),
    ("a\nOR\tb", "a OR b"),
    ("NOT NOT a b", "NOT NOT a AND b"),
    ("a ~close", "a AND ~close"),
    ("~re-open", "~re-open"),
    ('"the ~close border"', '"the ~close border"'),
    ("a NOT NEAR b", "a NOT NEAR/10 b"),
    ("a NOT NEAR/3 (b OR c)", "a NOT NEAR/3 (b OR c)"),
    ("a NOT NEAR/3 b NEAR/5 c", "a NOT NEAR/3 b NEAR/5 c"),
    ("PARA(a AND b)", "PARA(a AND b)"),
    ("ATLEAST( 2 , a OR b)", "ATLEAST(2, a OR b)"),
    ("ATLEAST(2,a)", "ATLEAST(2, a)"),
    ("language:en a", "language:en AND a"),
    ("url:https://dawn.com/news a", "url:https://dawn.com/news AND a"),
    ('publisher:("Arab News" OR Dawn)', 'publisher:("Arab News" OR Dawn)'),
]


@pytest.mark.parametrize(("query", "reading"), GOOD)
def test_a_query_is_read_as(query, reading):
    assert render(parse(query)) == reading


BAD = [
    ("", 1, "the query is empty"),
    ("  \n ", 1, "the query is empty"),
    ('""', 1, "the quotes hold no word"),
    ('"—"', 1, "the quotes hold no word"),
    ("()", 2, 'expected a term, found ")"'),
    ("AND AND", 1, "expected a term, found AND"),
    ("a AND", 6, "expected a term, found the end of the query"),
    ("a OR OR b", 6, "expected a term, found OR"),
    ("SENTENCE(@torkham AND ($closed OR ))", 35, 'expected a term, found ")"'),
    ("NEAR b", 1, "expected a term, found NEAR"),
    ("a NEAR", 7, "expected a term, found the end of the query"),
    ("(a", 1, 'this "(" is never closed'),
    ("SENTENCE(a", 9, 'this "(" is never closed'),
    ("(", 1, 'this "(" is never closed'),
    ("a)", 2, 'this ")" closes nothing'),
    ('x "abc', 3, "this quote is never closed"),
    ("ta*", 1, '"ta*" is too short'),
    ("x ta*", 3, '"ta*" is too short'),
    ("*stan", 1, "no leading wildcard"),
    ("pak*stan", 1, '"*" can only end a word'),
    ('"a *"', 1, 'a lone "*"'),
    ("-", 2, "expected a term, found the end of the query"),
    ("NOT", 4, "expected a term, found the end of the query"),
    ("&", 1, '"&" holds no word'),
    ("a NEAR/101 b", 3, "at most 100 words"),
    ("a NEAR/x b", 3, "needs a number"),
    ("a NEAR/٣ b", 3, "needs a number"),
    ("a NEAR NOT b", 8, "NOT cannot stand inside NEAR"),
    ("titel:x", 1, 'unknown field "titel"; did you mean "title"?'),
    ("https://example.org", 1, 'unknown field "https"'),
    ("title:", 7, "expected a term after title:"),
    ("title:NOT x", 7, "expected a term after title:, found NOT"),
    ("@", 1, "expected a name after @"),
    ("$", 1, "expected a name after $"),
    ("=", 1, "holds no word"),
    ("=US*", 1, "do not go together"),
    ("a ~", 3, "expected a word after ~"),
    ("~clos*", 1, "~word and * do not go together"),
    ("~=close", 1, "~word and = do not go together"),
    ("~border-crossing-point-of-the-town", 1, "~ takes one word"),
    ('"the ~clos* border"', 1, "~word and * do not go together"),
    ("=~close", 1, "=Word takes one word"),
    ("~5", 1, "~ takes a word, not a number; words near each other are a NEAR/5 b"),
    ("a & b", 3, '"&" holds no word; the operator is AND'),
    ("a || b", 3, '"||" holds no word; the operator is OR'),
    ("https://example.org", 1, "words of an address are looked for with url:"),
    ("NOT NEAR/3 b", 1, "NOT NEAR needs a term on its left"),
    ("a NOT NEAR/3", 13, "expected a term, found the end of the query"),
    ("a NOT ONEAR/3 b", 7, "NOT ONEAR is no operator"),
    ("a NOT NEAR/3 NOT b", 14, "NOT cannot stand inside NEAR"),
    ("PARA(a", 5, 'this "(" is never closed'),
    ("ATLEAST(a, b)", 1, "ATLEAST needs a number and a comma first"),
    ("ATLEAST(0, b)", 9, "ATLEAST counts from 1 to 1000"),
    ("ATLEAST(2, )", 12, 'expected a term, found ")"'),
    ("url:", 5, "expected a term after url:, found the end of the query"),
    ("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1), MAX_DEPTH + 1, "nested more than 50 deep"),
    ("NOT " * (MAX_DEPTH + 1) + "a", 4 * MAX_DEPTH + 1, "nested more than 50 deep"),
    ("a" + " NEAR a" * (MAX_DEPTH + 1), None, "nested more than 50 deep"),
    ('x "' + "a " * 101 + '"', 3, "a phrase has at most 100 words, this one has 101"),
    ("a" * (MAX_QUERY + 1), MAX_QUERY + 1, "10,001 characters, at most 10,000"),
]


@pytest.mark.parametrize(("query", "column", "message"), BAD)
def test_a_query_is_refused_with_its_column(query, column, message):
    with pytest.raises(QueryInvalid) as refused:
        parse(query)
    assert message in refused.value.message
    assert column is None or refused.value.column == column


def test_the_caret_stands_under_the_trouble():
    with pytest.raises(QueryInvalid) as refused:
        parse("SENTENCE(@torkham AND ($closed OR ))")
    assert refused.value.context == (
        "    SENTENCE(@torkham AND ($closed OR ))",
        "                                      ^ column 35",
    )


def test_only_the_line_of_the_trouble_is_shown():
    with pytest.raises(QueryInvalid) as refused:
        parse("Torkham AND\n  (closed OR\n   ta*)")
    assert refused.value.context == ("       ta*)", "       ^^^ column 4")


@pytest.mark.parametrize(
    ("query", "start", "end", "under"),
    [
        ("塔利班 ta*", 4, 7, "           ^^^ column 5"),
        ("塔利班", 1, 3, "      ^^^^ column 2"),
        ("cafe\u0301 ta*", 6, 9, "         ^^^ column 7"),
        ("👨\u200d👩 x", 4, 5, "         ^ column 5"),
        ("می\u200cخواهد x", 9, 10, "            ^ column 10"),
        ("\ta\tta*", 3, 6, "       ^^^ column 4"),
        ("a", 1, 2, "     ^ column 2"),
    ],
)
def test_the_caret_counts_columns_as_a_terminal_shows_them(query, start, end, under):
    assert caret(query, start, end)[1] == under


def test_what_turns_the_reading_order_is_not_sent_to_the_terminal():
    assert caret("a\u202eb\x1b\ud800 ta*", 6, 9) == ("    a\ufffdb\ufffd\ufffd ta*", "          ^^^ column 7")


def test_a_long_line_is_cut_around_the_caret():
    line, under = caret("x" * 300 + "!" + "y" * 300, 300, 301)
    assert len(line) < 90
    assert line[under.index("^")] == "!"


@pytest.mark.parametrize(
    ("query", "lint"),
    [
        ("a AND b OR c", "it reads as: (a AND b) OR c"),
        ("a OR b c", "it reads as: a OR (b AND c)"),
        ("a b", "side by side mean AND"),
        ("Kabul and Torkham AND x", '"and" is read as a word; the operator is AND'),
        ("Kabul Not x", '"Not" is read as a word; the operator is NOT'),
        ("Kabul near/5 x", '"near/5" is read as a word; the operator is NEAR/5'),
        ("Kabul NEAR5 x", '"NEAR5" is read as a word; the operator is NEAR/5'),
        ("Kabul NEAR /5 x", '"/5" is read as a word; the operator is NEAR/5'),
        ("Kabul w/5 x", '"w/5" is read as a word; the operator is NEAR/5'),
        ("Kabul near x", '"near" is read as a word; the operator is NEAR/n'),
        ("sentence(a AND b)", '"sentence" is read as a word; the functions are SENTENCE(…)'),
        ("PARAGRAPH(a AND b)", '"PARAGRAPH" is read as a word; the functions are SENTENCE(…)'),
        ("a AND !b", '"!b" is read as the word b; to exclude it write NOT b'),
        ("tor?ham", '"?" means nothing here; it is read as "tor ham"'),
        ("torkham~2", '"~" means nothing here; it is read as "torkham 2"'),
        ("torkham^4", '"^" means nothing here; it is read as "torkham 4"'),
        ("（a OR b）", '"（" means nothing here; it is read as "a"'),
        ("a AND 'border crossing'", "single quotes make no phrase"),
        ('"a OR b"', '"OR" in quotes is read as a word of the phrase'),
        ("a ~close", "side by side mean AND"),
        ("Kabul AND (x OR not)", '"not" is read as a word'),
        ("WHO", '"WHO" matches the word who; write =WHO for the organisation'),
        ("AID OR help", '"AID" matches the word aid'),
        ("title:IS", '"IS" matches the word is'),
        ("US NEAR/3 troops", '"US" matches the word us'),
    ],
)
def test_a_doubtful_query_is_read_with_a_warning(query, lint):
    _, lints = parse_with_lints(query)
    assert any(lint in one.message for one in lints), [one.message for one in lints]


@pytest.mark.parametrize(
    "query",
    [
        "(a AND b) OR c",
        "=WHO",
        "TTP OR NATO",
        '"WHO says"',
        "a NOT b",
        "a -b",
        "who",
        "a NEAR/3 b",
        "title:a",
        "O'Brien",
        "'Ndrangheta",
        "AK-47",
        "Pakistan/India",
        "url:https://x.org/?a=b&c",
        "language:en AND a",
        "a AND (b)",
        '"AT&T"',
        "12:30",
    ],
)
def test_a_plain_query_has_no_warning(query):
    assert parse_with_lints(query)[1] == ()
