"""Signatures as the reference library of Standard Webhooks makes and takes them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from monitor.core.signing import key_of, signature_headers

NOON = datetime(2023, 2, 22, 12, 0, 0, 999_999, tzinfo=UTC)
KEYS = st.binary(min_size=24, max_size=64)


def secret_of(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


@given(KEYS, st.text("0123456789abcdef", min_size=1, max_size=40), st.text(st.characters(codec="utf-8")))
def test_a_signature_is_the_reference_librarys(key: bytes, message_id: str, body: str):
    headers = signature_headers(key, message_id, NOON, body.encode())
    assert headers["webhook-signature"] == Webhook(secret_of(key)).sign(message_id, NOON, body)
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == (message_id, "1677067200")


def test_the_timestamp_is_the_same_moment_in_any_zone():
    kabul = NOON.astimezone(timezone(timedelta(hours=4, minutes=30)))
    assert signature_headers(b"k" * 24, "m", kabul, b"") == signature_headers(b"k" * 24, "m", NOON, b"")


@given(KEYS)
def test_a_key_comes_out_of_its_secret_with_and_without_padding(key: bytes):
    assert key_of(secret_of(key)) == key == key_of(secret_of(key).rstrip("="))


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("", 'does not begin with "whsec_"'),
        ("correct horse battery staple", 'does not begin with "whsec_"'),
        (secret_of(b"k" * 32).removeprefix("whsec_"), 'does not begin with "whsec_"'),
        ("WHSEC_" + "A" * 32, 'does not begin with "whsec_"'),
        ("whsk_" + "A" * 32, 'does not begin with "whsec_"'),
        ("whsec_correct horse battery staple", "is no base64"),
        ("whsec_" + "A" * 33, "is no base64"),
        ("whsec_" + "-_" * 20, "is no base64"),  # the libraries would drop these letters
        ("whsec_" + "A" * 40 + "\n", "is no base64"),
        ("whsec_" + "é" * 40, "is no base64"),
        ("whsec_", "its key has 0 bytes, 24 to 64 are possible"),
        (secret_of(b"k" * 23), "its key has 23 bytes"),
        (secret_of(b"k" * 65), "its key has 65 bytes"),
    ],
)
def test_a_malformed_secret_is_refused_and_never_repeated(secret: str, why: str):
    with pytest.raises(ValueError, match="is no signing secret") as caught:
        key_of(secret)
    assert why in str(caught.value)
    assert secret[6:12] not in str(caught.value) or len(secret) <= 6
    assert caught.value.__cause__ is None
