"""What people are told of the hubs of feeds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from made import NOON, feed_settings

from monitor.app.hub_words import HubView, hub_json, hub_trouble, hub_words, hubs_json, hubs_line, offers_line
from monitor.model.cadence import HubOffer
from monitor.model.feed import Feed
from monitor.model.secret import Secret
from monitor.model.websub import HubState, HubSubscription, HubTrust

HOUR = timedelta(hours=1)
PUBLIC = "https://desk.example"
FEED = Feed(
    1,
    feed_settings(),
    "https://news.example/feed",
    "News",
    NOON,
    NOON,
    hub=HubOffer("https://hub.example/a", "topic"),
)
ONE = HubSubscription(
    id=1,
    feed_id=1,
    hub="https://hub.example/a",
    topic="topic",
    token="hidden-token",
    public_url=PUBLIC,
    secret=Secret("hidden-secret"),
    state=HubState.SUBSCRIBED,
    made_at=NOON,
    asked_at=NOON,
    verified_at=NOON,
    lease_until=NOON + 240 * HOUR,
    pushed_at=NOON - HOUR,
    proven_at=NOON,
    next_try_at=NOON + 3 * HOUR,
)


def words(public_url: str = PUBLIC, feed: Feed = FEED, **change: Any) -> str:
    return hub_words(feed, HubView({1: replace(ONE, **change)}, public_url), NOON)


def test_a_hub_is_named_with_how_it_does() -> None:
    assert words() == "hub.example, subscribed; last push 1 h ago; relied on"
    assert words(pushed_at=None, proven_at=None) == (
        "hub.example, subscribed; not relied on: it has not brought an entry before a poll did"
    )
    assert words(proven_at=None, doubt=HubTrust.MISSED).endswith("it did not announce an entry that a poll found")
    assert words(state=HubState.DENIED, error="the hub said no") == "hub.example, denied: the hub said no"
    assert words(state=HubState.ASKED) == "hub.example, asked"


def test_without_a_subscription_it_says_how_to_have_one() -> None:
    assert hub_words(FEED, HubView({}, ""), NOON) == (
        "hub.example, not subscribed: set public_url in [web] to have news pushed"
    )
    assert hub_words(FEED, HubView({}, PUBLIC), NOON) == "hub.example, not subscribed"
    assert hub_words(replace(FEED, hub=None), HubView({}, ""), NOON) == ""
    assert (
        offers_line([FEED, FEED], HubView()) == "2 feeds have a hub that would push news: set public_url in [web]"
    )
    assert offers_line([FEED], HubView({1: ONE}, PUBLIC)) == (
        "1 feed has a hub, 1 subscribed to: monitor feeds show NAME"
    )
    assert offers_line([replace(FEED, hub=None)], HubView()) == ""


def test_json_has_the_same_keys_with_and_without_a_subscription_and_no_secret() -> None:
    with_one = hub_json(FEED, HubView({1: ONE}, PUBLIC), NOON)
    without = hub_json(FEED, HubView(), NOON)
    assert with_one is not None
    assert without is not None
    assert set(with_one) == set(without)
    assert (with_one["state"], with_one["trust"]) == ("subscribed", "trusted")
    assert "hidden" not in str(with_one) + words() + repr(ONE)
    assert hub_json(replace(FEED, hub=None), HubView(), NOON) is None


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        ({}, None),
        ({"state": HubState.ASKED, "failures": 2, "error": "x"}, None),
        ({"failures": 3, "error": "answered 503"}, "its hub failed 3 times in a row: answered 503"),
        ({"state": HubState.DENIED, "error": "the hub said no"}, "the hub said no: asked again in 3 h"),
        ({"proven_at": None}, None),
        (
            {"proven_at": None, "doubt": HubTrust.UNREAD, "doubted_at": NOON - HOUR},
            "its hub is not relied on: it sent what could not be read, or more than could wait",
        ),
        ({"proven_at": None, "doubt": HubTrust.UNREAD, "doubted_at": NOON - 24 * HOUR}, None),
    ],
)
def test_what_is_odd_about_a_hub_is_said_and_a_hiccup_is_not(change: dict[str, Any], trouble: str | None) -> None:
    found = hub_trouble(replace(ONE, **change), NOON)
    assert (found[0] if found else None) == trouble


def test_the_status_counts_hubs() -> None:
    leaving = replace(ONE, state=HubState.LEAVING)
    failing = replace(ONE, state=HubState.ASKED, failures=5, error="answered 503")
    assert hubs_json([ONE, leaving, failing], NOON) == {
        "subscriptions": 2,
        "verified": 1,
        "relied_on": 1,
        "failing": 1,
    }
    assert hubs_line([ONE, failing], NOON) == "2   verified 1 · relied on 1 · failing 1   monitor feeds health"
    assert hubs_line([leaving], NOON) == ""
