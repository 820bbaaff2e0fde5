"""Addresses in words, told without what may be a token."""

from __future__ import annotations

import pytest

from monitor.core.text.shown_url import without_any_query, without_queries


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("403 for https://paid.example/rss?token=s3cret today", "403 for https://paid.example/rss today"),
        ('"https://paid.example/?a=b" is there twice', '"https://paid.example/ is there twice'),
        ("HTTPS://paid.example#s3cret", "HTTPS://paid.example"),
        ("no page /rss?token=s3cret here", "no page /rss here"),
        ("rss?user=a&token=s3cret", "rss"),
        ("<td>https://paid.example/rss?a=b</td>", "<td>https://paid.example/rss</td>"),
        ("really? a=b", "really? a=b"),
        ("https://news.example/a: answered 404", "https://news.example/a: answered 404"),
    ],
)
def test_the_query_of_an_address_is_left_out_of_a_text(said: str, told: str) -> None:
    assert without_queries(said) == told


def test_and_out_of_every_text_in_json() -> None:
    said = {"blocks": [{"text": "https://a.example/?t=1", "n": 1}, None, ["b?t=1", True]]}
    assert without_any_query(said) == {"blocks": [{"text": "https://a.example/", "n": 1}, None, ["b", True]]}
