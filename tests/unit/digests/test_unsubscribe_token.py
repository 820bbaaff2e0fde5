"""Unsubscribe tokens: made for one reader of one digest, and by nobody else."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.digests.unsubscribe_token import LONGEST_TOKEN, read_token, token_of

KEY = b"k" * 32
TOKEN = token_of(KEY, "border-morning", "night@example.org")


def test_a_token_says_who_reads_what() -> None:
    assert read_token(KEY, TOKEN) == ("border-morning", "night@example.org")


def test_a_token_stands_in_a_url_as_it_is() -> None:
    assert TOKEN.replace("-", "").replace("_", "").isalnum()
    assert len(token_of(KEY, "口" * 64, "x" * 254)) <= LONGEST_TOKEN


@pytest.mark.parametrize(
    "token",
    [
        "",
        "A",
        TOKEN[:-1],
        TOKEN[1:],
        TOKEN + "A",
        TOKEN + "=",
        TOKEN + "\n",
        "!" + TOKEN,
        TOKEN.lower(),
        token_of(b"another key", "border-morning", "night@example.org"),
        base64.urlsafe_b64encode(b"\0" * 32 + b"border-morning\0night@example.org").decode().rstrip("="),
        base64.urlsafe_b64encode(b"\0" * 32 + b"\xff").decode().rstrip("="),
        "口" * 80,
        "A" * 100_000,
    ],
)
def test_any_other_text_is_nobodys(token: str) -> None:
    assert read_token(KEY, token) is None


@given(
    st.integers(0, len(TOKEN) - 1),
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
)
def test_no_letter_of_a_token_can_be_changed(at: int, letter: str) -> None:
    changed = TOKEN[:at] + letter + TOKEN[at + 1 :]
    assert (read_token(KEY, changed) is None) == (changed != TOKEN)
