"""Where sentences end."""

from __future__ import annotations

import time

import pytest

from monitor.core.text.sentences import sentence_at, sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Lt. Gen. Nadeem Anjum met Mr. Asif.",
        "The U.S. Army left.",
        "He said “why?” and left.",
        "It grew by 3.5 percent.",
        "J. K. Rowling wrote.",
        "No. 5 is open.",
        "On Feb. 22 they met.",
        "the issues and … work quickly on this.",
        "Dr. Khan of Acme Co. Ltd. spoke.",
        "Visit example.org now.",
    ],
)
def test_these_are_one_sentence(text):
    assert cut(text) == [text]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Torkham is shut.", "Trucks wait."),
        ("“Torkham is shut.”", "Trucks wait."),
        ("Is it shut?", "Yes."),
        ("They left the U.S.", "The Taliban came."),
        ("طورخم بند ہے۔", "ٹرک کھڑے ہیں۔"),
        ("آیا بسته است؟", "بلی."),
        ("He arrived at 5 p.m.", "The talks began."),
        ("In 2021.", "50,000 fled."),
    ],
)
def test_these_are_two_sentences(first, second):
    assert cut(f"{first} {second}") == [first, second]


def test_chinese_needs_no_space_behind_its_full_stop():
    assert cut("塔利班关闭口岸。卡车等待。") == ["塔利班关闭口岸。", "卡车等待。"]


def test_a_sentence_never_crosses_a_paragraph():
    assert cut("no full stop here\n\nnext paragraph") == ["no full stop here", "next paragraph"]
    assert cut("no full stop here\nnext line") == ["no full stop here", "next line"]
    assert cut("wrapped\nline.\n\nnext") == ["wrapped\nline.", "next"]


def test_a_bullet_begins_a_sentence():
    assert cut("intro\n\n• first thing\n• second thing") == ["intro", "• first thing", "• second thing"]


def test_the_sentence_around_a_span_is_given_with_its_bounds():
    text = "One is here. Torkham was closed by them. Three.\n\nFour."
    at = text.index("closed")
    start, end = sentence_at(text, at, at + 6)
    assert text[start:end] == "Torkham was closed by them."


def test_a_span_over_two_sentences_gives_both():
    text = "One. Two is it. Three."
    start, end = sentence_at(text, text.index("Two"), text.index("Three") + 2)
    assert text[start:end] == "Two is it. Three."


@pytest.mark.parametrize(("start", "end"), [(-5, -1), (0, 0), (100, 200), (3, 3), (4, 2)])
def test_odd_spans_never_fail(start, end):
    low, high = sentence_at("One.  Two.", start, end)
    assert 0 <= low <= high <= 10


@pytest.mark.parametrize(
    "unit", [".", '."', ". ", "a. ", "Mr. ", "\n", "\n\n", "•\n", "۔", "A.", ". \u201d", "?!"]
)
def test_long_runs_of_anything_are_cut_in_linear_time(unit):
    text = unit * (200_000 // len(unit))
    start = time.process_time()
    for _ in sentences(text):
        pass
    assert time.process_time() - start < 3
