"""What a terminal is shown of a foreign text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.text.terminal import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("\x1b[2J\x07", r"\x1b[2J\x07"),
        ("\x00\t\r\x7f", r"\x00\x09\x0d\x7f"),
        ("\x85\x9b31m", r"\x85\x9b31m"),
        ("a\u202eb\u2066c\u2069", r"a\u202eb\u2066c\u2069"),
        ("a\u2028b\u2029c", r"a\u2028b\u2029c"),
        ("half \ud83d a face", r"half \ud83d a face"),
        ("می\u200cخواهد\u200f", "می\u200cخواهد\u200f"),
        ("क्\u200dष e\u0301 \u200e😀", "क्\u200dष e\u0301 \u200e😀"),
        (r"C:\new", r"C:\new"),
    ],
)
def test_what_steers_a_terminal_is_shown_and_words_stay(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_line_feeds_stay_only_when_asked_for() -> None:
    assert printable("a\nb") == r"a\x0ab"
    assert printable("a\nb\r\x1b", keep_newlines=True) == "a\nb" + r"\x0d\x1b"


@given(st.text(st.characters(codec=None, exclude_categories=())))
def test_what_is_printable_can_be_written_and_stays_the_same(text: str) -> None:
    shown = printable(text)
    shown.encode()
    assert shown == printable(shown)
    assert all(character >= " " for character in shown)
