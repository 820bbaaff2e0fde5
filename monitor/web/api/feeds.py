"""The feeds, and one with its newest entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field

from monitor.app.feed_list import list_feeds, list_json
from monitor.app.feed_view import view_json, view_of
from monitor.app.hub_words import hub_view
from monitor.app.status import state_of
from monitor.model.feed import Feed
from monitor.model.measure import FeedState
from monitor.web.api.asking import Answer, Asked, Name, Paged, Question, number_of, page_of
from monitor.web.api.problems import Reason, Refused


class FeedsQuestion(Paged):
    """Which feeds."""

    state: FeedState | None = None
    tag: Name | None = None
    find: Name | None = Field(None, description="In the name or the address")


def all_feeds(asked: Asked) -> Answer:
    """Those in use, as `monitor feeds list --json`, in the order of subscription."""
    query, house = asked.query, asked.house
    after = number_of(query.cursor) or 0
    hubs = hub_view(house.store.hubs, house.settings.public_url)
    found = list_feeds(house.store.feeds, asked.open_house.known_feeds(), asked.now, tag=query.tag, hubs=hubs)
    wanted = sorted((one for one in found.feeds if one.id > after and _fits(asked, one)), key=lambda one: one.id)
    some = replace(found, feeds=tuple(wanted[: query.limit + 1]))
    rows = zip(some.feeds, list_json(some), strict=True)
    return page_of(rows, query.limit, lambda row: _told(asked, row[1]), lambda row: row[0].id)


class EntriesQuestion(Question):
    """How much of a feed."""

    entries: int = Field(50, ge=0, le=200, description="At most so many of its entries, the newest")


def one_feed(asked: Asked) -> Answer:
    """As `monitor feeds show --json`."""
    house, known = asked.house, asked.open_house.known_feeds()
    feed = next((one for one in known.feeds if one.id == asked.path["feed"]), None)
    if feed is None:
        raise Refused(Reason.NO_SUCH_FEED, "no feed has this id")
    view = view_of(house.store, known, feed, asked.query.entries, asked.now, house.settings.public_url)
    return _told(asked, view_json(view))


def _fits(asked: Asked, feed: Feed) -> bool:
    query = asked.query
    words = (query.find or "").casefold()
    texts = (feed.name, asked.url(feed.settings.url))
    return (query.state is None or state_of(feed, asked.now) is query.state) and any(
        words in text.casefold() for text in texts
    )


def _told(asked: Asked, row: Mapping[str, Any]) -> Answer:
    told = {**row, "url": asked.url(row["url"]), "address": asked.url(row["address"])}
    hub = row["hub"]
    if hub is not None:
        addresses = {"url": asked.url(hub["url"]), "topic": asked.url(hub["topic"])}
        hub = {**hub, **addresses, "error": asked.error(hub["error"])}
    return {**told, "error": asked.error(row["error"]), "hub": hub}
