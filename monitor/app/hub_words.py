"""Hubs of feeds, in words and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from monitor.app.counting import counted, span_text
from monitor.app.times import iso_time
from monitor.core.feeds.websub import DOUBT_LASTS, trust_of
from monitor.core.text.urls import host_of
from monitor.model.feed import Feed
from monitor.model.websub import HubState, HubSubscription, HubTrust
from monitor.ports import HubSubscriptions

_FAILING_AFTER = 3  # failures in a row; one or two pass by themselves
_DOUBTS = {
    HubTrust.MISSED: "it did not announce an entry that a poll found",
    HubTrust.BAD_SIGNATURE: "it sent what its secret did not sign, which was ignored",
    HubTrust.UNREAD: "it sent what could not be read, or more than could wait",
}
_WHY_NOT = {
    **_DOUBTS,
    HubTrust.UNVERIFIED: "it has not verified the subscription",
    HubTrust.EXPIRED: "its lease has ended",
    HubTrust.UNSIGNED: "without TLS it has no secret, and what it sends is not read",
    HubTrust.UNPROVEN: "it has not brought an entry before a poll did",
}


@dataclass(frozen=True, slots=True)
class HubView:
    """The subscriptions at hubs by feed, and the address at which hubs reach us ("" = they cannot)."""

    by_feed: Mapping[int, HubSubscription] = field(default_factory=dict)
    public_url: str = ""


def hub_view(hubs: HubSubscriptions, public_url: str) -> HubView:
    """Asks the store; changes nothing."""
    live = {one.feed_id: one for one in hubs.all() if one.state is not HubState.LEAVING}
    return HubView(live, public_url)


def hub_json(feed: Feed, view: HubView, now: datetime) -> dict[str, Any] | None:
    """The hub of a feed as one object, null where it offers none; its token and secret are nobody's business."""
    one = view.by_feed.get(feed.id)
    if one is None:
        return _no_subscription(feed)
    return {
        "url": one.hub,
        "topic": one.topic,
        "state": one.state.value,
        "trust": trust_of(one, now).value,
        "lease_until": iso_time(one.lease_until),
        "last_push_at": iso_time(one.pushed_at),
        "left_to_it_until": iso_time(feed.pushed_until),
        "failures": one.failures,
        "error": one.error,
    }


def _no_subscription(feed: Feed) -> dict[str, Any] | None:
    if feed.hub is None:
        return None
    nothing = ("state", "trust", "lease_until", "last_push_at", "left_to_it_until")
    found = {"url": feed.hub.hub, "topic": feed.hub.topic, **dict.fromkeys(nothing)}
    return {**found, "failures": 0, "error": None}


def hub_words(feed: Feed, view: HubView, now: datetime) -> str:
    """The hub of a feed on one line, "" where it offers none."""
    one = view.by_feed.get(feed.id)
    if one is None:
        if feed.hub is None:
            return ""
        how = "" if view.public_url else ": set public_url in [web] to have news pushed"
        return f"{host_of(feed.hub.hub)}, not subscribed{how}"
    if one.state is not HubState.SUBSCRIBED:
        return f"{host_of(one.hub)}, {one.state.value}{f': {one.error}' if one.error else ''}"
    parts = [f"{host_of(one.hub)}, subscribed"]
    if one.pushed_at is not None:
        parts.append(f"last push {span_text(now - one.pushed_at)} ago")
    trust = trust_of(one, now)
    parts.append("relied on" if trust is HubTrust.TRUSTED else f"not relied on: {_WHY_NOT[trust]}")
    return "; ".join(parts)


def hub_trouble(one: HubSubscription, now: datetime) -> tuple[str, datetime | None] | None:
    """What is odd about a hub, and since when; None where nothing is."""
    if one.state is HubState.DENIED:
        return f"{one.error}: asked again in {span_text((one.next_try_at or now) - now)}", one.asked_at
    if one.failures >= _FAILING_AFTER:
        return f"its hub failed {one.failures:,} times in a row: {one.error}", one.asked_at
    trust = trust_of(one, now)
    if trust in _DOUBTS and one.doubted_at is not None and now - one.doubted_at < DOUBT_LASTS:
        return f"its hub is not relied on: {_DOUBTS[trust]}", one.doubted_at
    return None


def hubs_json(subscriptions: Sequence[HubSubscription], now: datetime) -> dict[str, int]:
    """How many hubs push, are relied on, and fail."""
    live = [one for one in subscriptions if one.state is not HubState.LEAVING]
    return {
        "subscriptions": len(live),
        "verified": sum(one.state is HubState.SUBSCRIBED for one in live),
        "relied_on": sum(trust_of(one, now) is HubTrust.TRUSTED for one in live),
        "failing": sum(hub_trouble(one, now) is not None for one in live),
    }


def hubs_line(subscriptions: Sequence[HubSubscription], now: datetime) -> str:
    """The same for people; "" where there are none."""
    numbers = hubs_json(subscriptions, now)
    if not numbers["subscriptions"]:
        return ""
    failing = f" · failing {numbers['failing']:,}   monitor feeds health" if numbers["failing"] else ""
    held = f"verified {numbers['verified']:,} · relied on {numbers['relied_on']:,}"
    return f"{numbers['subscriptions']:,}   {held}{failing}"


def offers_line(feeds: Sequence[Feed], view: HubView) -> str:
    """How many feeds have a hub, and how to have it push; "" where none has."""
    offering = sum(feed.hub is not None for feed in feeds)
    if not offering:
        return ""
    have = counted(offering, "feed has", "feeds have")
    if not view.public_url:
        return f"{have} a hub that would push news: set public_url in [web]"
    pushed = sum(feed.id in view.by_feed for feed in feeds)
    return f"{have} a hub, {pushed:,} subscribed to: monitor feeds show NAME"
