"""The analyser: which forms are one word, and that offsets stay those of the original."""

from __future__ import annotations

import time
import unicodedata

import pytest

from monitor.core.text.letters import is_spaceless, letters
from monitor.core.text.normalize import exact_key, normalize
from monitor.core.text.paragraphs import paragraphs
from monitor.core.text.tokens import MAX_TOKENS, analyse, forms_of, words_of


def terms(text: str) -> list[str]:
    return [token.term for token in analyse(text).tokens]


def positions(text: str) -> list[int]:
    return [token.position for token in analyse(text).tokens]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("café", "cafe"),
        ("cafe\u0301", "cafe"),
        ("oﬃce", "office"),
        ("Ｔａｌｉｂａｎ", "taliban"),
        ("İstanbul", "istanbul"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("پاكستاني", "پاکستانی"),
        ("مُحَمَّد", "محمد"),
        ("محـــمد", "محمد"),
        ("می‌خواهد", "میخواهد"),
        ("Tali\u00adban", "taliban"),
        ("Tali\u200bban", "taliban"),
        ("Tali\u200eban", "taliban"),
        ("حملہ", "حمله"),
        ("أحمد", "احمد"),
        ("Pakistan’s", "pakistan"),
        ("Pakistan's", "pakistan"),
        ("PAKISTAN’S", "pakistan"),
        ("U.S.", "us"),
        ("U.S.’s", "us"),
        ("N.A.T.O.", "nato"),
        ("O’Brien", "o'brien"),
        ("6,000", "6000"),
        ("6\u00a0000", "6000"),
        ("1,00,000", "100000"),
        ("۶۰۰۰", "6000"),
        ("3.5", "3.5"),
        ("पाकिस्तान", normalize("पाकिस्तान")),
        ("b\u200c", "b"),
    ],
)
def test_one_written_word_is_one_word_in_its_plain_form(written, plain):
    assert terms(f"x {written} y") == ["x", plain, "y"]


def test_hindi_keeps_its_vowel_signs():
    assert normalize("पाकिस्तान") == "पाकिस्तान"
    assert normalize("कि") != normalize("का")


@pytest.mark.parametrize("text", ["ministers' talks", "ministers’ talks", "'ministers' talks"])
def test_an_apostrophe_at_the_edge_of_a_word_is_no_part_of_it(text):
    assert terms(text) == ["ministers", "talks"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("塔利班", ["塔", "利", "班"]),
        ("ตาลีบัน", ["ต", "า", "ลี", "บั", "น"]),
        ("탈레반", ["탈", "레", "반"]),
        ("\u1110\u1161\u11af\u1105\u1166\u1107\u1161\u11ab", ["탈", "레", "반"]),  # decomposed
        ("ﾀﾘﾊﾞﾝ", ["タ", "リ", "バ", "ン"]),
    ],
)
def test_scripts_without_spaces_are_cut_by_character(text, expected):
    assert terms(text) == expected


@pytest.mark.parametrize("hyphen", ["-", "\u2010", "\u2011", "\u2013"])
def test_a_hyphenated_word_has_its_parts_and_its_joined_form_at_the_first_position(hyphen):
    analysed = analyse(f"a cease{hyphen}fire deal")
    assert [token.term for token in analysed.tokens] == ["a", "cease", "fire", "deal"]
    assert analysed.compounds == [("ceasefire", 1, 2)]


def test_a_chain_of_many_hyphens_has_no_joined_form():
    assert analyse("a-b-c-d-e-f-g").compounds == []
    assert analyse("a - b").compounds == []


def test_links_and_mail_addresses_are_not_text_and_keep_neighbours_apart():
    text = "see https://example.org/taliban-border?x=kabul or mail desk.kabul@example.org now www.kabul.org/a end"
    assert terms(text) == ["see", "or", "mail", "now", "end"]
    assert positions(text) == [0, 2, 3, 5, 7]


def test_a_mention_is_no_mail_address():
    assert terms("as @KabulNow said") == ["as", "kabulnow", "said"]


def test_a_blank_line_ends_a_paragraph_and_costs_one_position():
    assert positions("a b\nc\n\nd") == [0, 1, 2, 4]


def test_where_no_line_is_blank_each_line_break_ends_a_paragraph():
    assert positions("a b\nc\nd") == [0, 1, 3, 5]
    assert positions("\n\na b\nc\n\n") == [0, 1, 3]


@pytest.mark.parametrize("text", ["a\r\n\r\nb\r\nc", "a\n \t\nb\nc", "a\u2029b\nc"])
def test_blank_lines_are_seen_in_every_spelling(text):
    assert [text[start:end].replace("\r", "") for start, end in paragraphs(text)] == ["a", "b\nc"]


def test_every_token_cuts_its_surface_out_of_the_text():
    text = "“Pakistan’s U.S. cease-fire” — \u202bطورخم\u202c 6,000 cafe\u0301\u200b!"
    surfaces = [text[token.start : token.end] for token in analyse(text).tokens]
    assert surfaces == ["Pakistan’s", "U.S.", "cease", "fire", "طورخم", "6,000", "cafe\u0301"]


def test_words_behind_the_limit_are_not_read():
    assert len(analyse("word " * (MAX_TOKENS + 5)).tokens) == MAX_TOKENS
    assert len(analyse("a b c", limit=2).tokens) == 2


@pytest.mark.parametrize(
    ("surface", "key"),
    [("US", "US"), ("U.S.", "US"), ("US’s", "US"), ("us", "us"), ("ISIS-K", "ISISK"), ("Torkham", "Torkham")],
)
def test_the_exact_key_keeps_case_and_drops_dots_and_possessive(surface, key):
    assert exact_key(surface) == key


@pytest.mark.parametrize(
    "unit",
    ["a", "a.", "\u0301\u0323", "a@", "1,", "1,000,", "a'", "a-", "\n ", "www.", " ", '."', ".", "\u200b",
     "\u1100", "塔", "1\u00a0", "http://", "\u00ad'", "@a.", "i\u0307"],
)  # fmt: skip
def test_long_runs_of_anything_are_read_in_linear_time(unit):
    def seconds(size: int) -> float:
        text = "a" + unit * (size // len(unit))
        start = time.process_time()
        analyse(text)
        return time.process_time() - start

    assert seconds(200_000) < 2  # a quadratic step takes minutes


def test_words_are_made_of_what_unicode_calls_letters_digits_and_marks():
    classes = {kind: members(body) for kind, body in letters()._asdict().items()}
    for code in range(0x10000):
        character = chr(code)
        mark = unicodedata.category(character).startswith("M") or character in "\uff9e\uff9f"
        alnum = character.isalnum() and not mark and not 0x1100 <= code <= 0x11FF
        single = alnum and character.isalpha() and is_spaceless(character)
        expected = {"alnum": alnum and not single, "mark": mark, "single": single}
        assert {kind: code in found for kind, found in classes.items()} == expected, hex(code)


def members(body: str) -> set[int]:
    """The code points of a class body made of ranges alone."""
    bounds = body.replace("-", "")
    assert len(bounds) % 2 == 0
    return {
        code
        for low, high in zip(bounds[::2], bounds[1::2], strict=True)
        for code in range(ord(low), ord(high) + 1)
    }


def test_columns_and_words_say_the_same():
    text = "The cease-fire at Tor\u200bkham\u200d holds.\n\n6,000 trucks wait, see https://example.org/x now"
    analysed = analyse(text)
    assert [text[token.start : token.end] for token in analysed.tokens] == list(analysed.surfaces)
    assert [token.term for token in analysed.tokens] == list(analysed.terms)
    assert "Tor\u200bkham" in analysed.surfaces
    assert "x" not in analysed.terms


def test_words_and_forms_without_positions_are_those_of_the_analyser() -> None:
    text = "A cease-fire at www.x.example/a-b, “Torkham’s” 6,000 trucks: ﬁve-year U.S. plan.\n\n塔利班 up-to-date"
    for limit in (0, 1, 5, 100):
        analysed = analyse(text, limit=limit)
        assert words_of(text, limit) == (list(analysed.terms), list(analysed.surfaces), list(analysed.starts))
        assert forms_of(text, limit) == (list(analysed.terms), [one.term for one in analysed.compounds])
