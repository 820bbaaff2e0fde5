"""A feed, an answer to it, and what the schedule decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.core.feeds.schedule import decide_next_poll
from monitor.model.cadence import Cadence
from monitor.model.feed import Feed, FeedSettings, PollDecision, PollOutcome, PollSettings, Validators
from monitor.model.fetch import FetchRequest, FetchResponse

NOW = datetime(2023, 2, 22, 12, tzinfo=UTC)
URL = "https://example.org/feed"
OLD = Validators('"old"', "Tue, 21 Feb 2023 12:00:00 GMT")
FEED = Feed(
    id=1,
    settings=FeedSettings(URL),
    url=URL,
    name="F",
    subscribed_at=NOW - timedelta(days=1),
    next_poll_at=NOW,
    validators=OLD,
)
PROMISED = replace(FEED, settings=FeedSettings(URL, interval=timedelta(minutes=5)))
BASE = timedelta(minutes=15)


def decide(feed: Feed = FEED, outcome: PollOutcome = PollOutcome.OK, **given: Any) -> PollDecision:
    response = FetchResponse(
        FetchRequest(1, URL),
        outcome,
        status=given.pop("status", 200),
        permanent_url=given.pop("permanent_url", None),
        headers=given.pop("headers", {}),
        error=given.pop("error", None),
    )
    defaults: dict[str, Any] = {
        "cadence": Cadence(),
        "unchanged": False,
        "problem": None,
        "parse_outcome": None,
        "dice": 0.5,
    }
    settings = given.pop("settings", None) or PollSettings()
    if "ttl" in given:
        given["cadence"] = Cadence(ttl=given.pop("ttl"))
    return decide_next_poll(feed, settings, response, now=NOW, **(defaults | given))


def wait(decision: PollDecision) -> timedelta:
    return decision.next_poll_at - NOW
