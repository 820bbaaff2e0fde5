"""What is believed of a hub, how far it is relied on, and when it is asked again."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import NOON, feed_settings

from monitor.core.feeds import websub as w
from monitor.model.cadence import Boost
from monitor.model.feed import Feed, PollSettings
from monitor.model.secret import Secret
from monitor.model.websub import HubState, HubSubscription, HubTrust

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SETTINGS = PollSettings(max_interval=HOUR)
TOPIC = "https://news.example/feed"
SUBSCRIBED = HubSubscription(
    id=1,
    feed_id=1,
    hub="https://hub.example/",
    topic=TOPIC,
    token="token",
    public_url="https://desk.example/monitor",
    secret=Secret("sesame"),
    state=HubState.SUBSCRIBED,
    made_at=NOON - HOUR,
    asked_at=NOON - HOUR,
    verified_at=NOON - HOUR,
    lease_until=NOON + 240 * HOUR,
    proven_at=NOON - MINUTE,
)


def feed(**more: Any) -> Feed:
    return Feed(1, feed_settings(**more), TOPIC, "News", NOON - HOUR, NOON + HOUR)


def changed(**more: Any) -> HubSubscription:
    return replace(SUBSCRIBED, **more)


# ---- signatures


@given(
    st.binary(max_size=200),
    st.text(min_size=1, max_size=40),
    st.sampled_from(["sha1", "sha256", "sha384", "sha512"]),
)
def test_what_the_secret_signed_holds_by_every_method(body: bytes, secret: str, method: str) -> None:
    signed = hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()
    assert w.signature_holds(secret, f"{method}={signed}", body)
    assert w.signature_holds(secret, f" {method.upper()}={signed.upper()} ", body)
    assert not w.signature_holds(secret, f"{method}={signed}", body + b"x")
    assert not w.signature_holds(secret + "x", f"{method}={signed}", body)
    assert not w.signature_holds("", f"{method}={hmac.new(b'', body, method).hexdigest()}", body)


@given(st.one_of(st.none(), st.text(max_size=100)))
def test_nothing_else_is_a_signature_and_nothing_breaks(header: str | None) -> None:
    assert not w.signature_holds("sesame", header, b"body")


@pytest.mark.parametrize("method", ["md5", "shake_128", "sha3_256", "blake2b", ""])
def test_methods_that_the_standard_does_not_name_hold_nothing(method: str) -> None:
    digest = hmac.new(b"sesame", b"body", "sha256").hexdigest()
    assert not w.signature_holds("sesame", f"{method}={digest}", b"body")


# ---- requests and verifications


def test_a_secret_goes_over_tls_only() -> None:
    assert w.may_have_secret("https://hub.example/", allow_private_addresses=False)
    assert not w.may_have_secret("http://hub.example/", allow_private_addresses=False)
    assert w.may_have_secret("http://hub.example/", allow_private_addresses=True)


def test_a_request_says_what_the_standard_asks_for() -> None:
    assert dict(w.request_form(SUBSCRIBED)) == {
        "hub.callback": "https://desk.example/monitor/websub/token",
        "hub.mode": "subscribe",
        "hub.topic": TOPIC,
        "hub.lease_seconds": "864000",
        "hub.secret": "sesame",
    }
    assert "hub.secret" not in dict(w.request_form(changed(secret=Secret(""))))
    leaving = dict(w.request_form(changed(state=HubState.LEAVING)))
    assert leaving["hub.mode"] == "unsubscribe"
    assert "hub.secret" not in leaving


@pytest.mark.parametrize(
    ("state", "mode", "wanted"),
    [
        (HubState.WANTED, "subscribe", False),
        (HubState.ASKED, "subscribe", True),
        (HubState.SUBSCRIBED, "subscribe", True),
        (HubState.DENIED, "subscribe", False),
        (HubState.LEAVING, "subscribe", False),
        (HubState.LEAVING, "unsubscribe", True),
        (HubState.SUBSCRIBED, "unsubscribe", False),
        (HubState.SUBSCRIBED, "publish", False),
    ],
)
def test_only_what_was_asked_for_is_verified(state: HubState, mode: str, wanted: bool) -> None:
    assert w.is_wanted(changed(state=state), mode, TOPIC) is wanted
    assert not w.is_wanted(changed(state=state), mode, TOPIC + "x")
    assert not w.is_wanted(changed(state=state, asked_at=None), mode, TOPIC)


@given(st.one_of(st.none(), st.text(max_size=40), st.integers().map(str)))
def test_a_lease_is_never_shorter_than_a_second_nor_longer_than_a_month(written: str | None) -> None:
    assert timedelta(seconds=1) <= w.lease_of(written) <= w.LONGEST_LEASE


def test_a_lease_is_as_long_as_the_hub_says() -> None:
    assert w.lease_of("3600") == HOUR
    assert w.lease_of(None) == w.lease_of("soon") == w.lease_of("-5") == w.LEASE


@given(st.timedeltas(timedelta(seconds=1), w.LONGEST_LEASE), st.floats(0, 1, exclude_max=True))
def test_a_renewal_leaves_a_third_of_the_lease_for_another_try(lease: timedelta, dice: float) -> None:
    wait = w.renew_at(NOON, lease, timedelta(0), dice) - NOON
    assert lease / 2 < wait <= lease * 2 / 3 + timedelta(microseconds=1)


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_a_hub_that_fails_is_asked_ever_less_but_about_once_a_day(failures: int, dice: float) -> None:
    wait = w.retry_at(NOON, failures, timedelta(minutes=15), dice) - NOON
    assert timedelta(minutes=13) < wait <= timedelta(hours=26, minutes=30)


# ---- trust


@pytest.mark.parametrize(
    ("change", "trust"),
    [
        ({}, HubTrust.TRUSTED),
        ({"state": HubState.ASKED}, HubTrust.UNVERIFIED),
        ({"state": HubState.LEAVING}, HubTrust.UNVERIFIED),
        ({"lease_until": NOON}, HubTrust.EXPIRED),
        ({"secret": Secret("")}, HubTrust.UNSIGNED),
        ({"proven_at": None}, HubTrust.UNPROVEN),
        ({"proven_at": None, "doubt": HubTrust.MISSED}, HubTrust.MISSED),
        ({"proven_at": NOON, "doubt": HubTrust.MISSED}, HubTrust.TRUSTED),
    ],
)
def test_a_hub_is_trusted_once_it_was_first_with_news(change: dict[str, Any], trust: HubTrust) -> None:
    subscription = changed(**change)
    assert w.trust_of(subscription, NOON) is trust
    until = w.pushed_until(feed(), subscription, NOON, SETTINGS)
    assert until == (NOON + HOUR if trust is HubTrust.TRUSTED else None)


def test_a_feed_is_left_to_its_hub_no_longer_than_the_lease() -> None:
    short = changed(lease_until=NOON + MINUTE)
    assert w.pushed_until(feed(), short, NOON, SETTINGS) == NOON + MINUTE


def test_a_promised_interval_is_kept_whatever_the_hub() -> None:
    assert w.pushed_until(feed(interval=MINUTE), SUBSCRIBED, NOON, SETTINGS) is None
    boosted = replace(feed(), boost=Boost(MINUTE, NOON + HOUR))
    assert w.pushed_until(boosted, SUBSCRIBED, NOON, SETTINGS) is None
    assert w.pushed_until(boosted, SUBSCRIBED, NOON + HOUR, SETTINGS) is not None


def test_what_a_poll_finds_is_a_miss_unless_the_hub_could_not_know() -> None:
    def missed(*dates: timedelta | None, **change: Any) -> bool:
        return w.has_missed(changed(**change), [None if one is None else NOON - one for one in dates], NOON)

    assert missed(30 * MINUTE)
    assert missed(None)
    assert missed(timedelta(0), 30 * MINUTE)
    assert not missed()
    assert not missed(5 * MINUTE)  # its push may be on the way
    assert not missed(2 * HOUR)  # before the subscription held
    assert not missed(30 * MINUTE, state=HubState.ASKED)
    assert not missed(30 * MINUTE, verified_at=None)


def test_on_the_day_after_a_miss_nothing_is_proven() -> None:
    assert w.may_prove(SUBSCRIBED, NOON)
    assert not w.may_prove(changed(doubted_at=NOON - HOUR), NOON)
    assert w.may_prove(changed(doubted_at=NOON - 24 * HOUR), NOON)
