"""The feeds, one with its newest entries, and to have it paused, resumed, polled at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from monitor.app.feed_list import FeedList, list_json
from monitor.app.feed_view import poll_json, view_json, view_of
from monitor.app.hub_words import hub_view
from monitor.app.known_feeds import KnownFeeds, place_of
from monitor.core.text.urls import feed_key
from monitor.model.feed import Feed, Listing, Pause
from monitor.model.feed_book import AskNow, FeedQuery, FeedSort
from monitor.model.measure import FeedState
from monitor.web.api.asking import Answer, Asked, Name, Paged, Question, number_of, page_of
from monitor.web.api.problems import Reason, Refused


class FeedsQuestion(Paged):
    """Which feeds."""

    state: FeedState | None = None
    tag: Name | None = None
    find: Name | None = Field(None, description="In the name or the address")


def all_feeds(asked: Asked) -> Answer:
    """Those in use and those that are paused, as `monitor feeds list --json`, in the order of subscription."""
    query, house = asked.query, asked.house
    wanted = FeedQuery(
        query.state,
        query.tag or "",
        query.find or "",
        in_queries=asked.visitor.acts,
        sort=FeedSort.SUBSCRIBED,
        after=number_of(query.cursor) or 0,
        most=query.limit + 1,
    )
    feeds = [row.feed for row in house.store.feed_book.table(wanted, asked.now).rows]
    listings = {one.id: Listing(one.lists) for one in feeds if one.lists is not None}
    declared = {feed_key(one.settings.url): place for one in feeds if (place := _place(asked, one))}
    hubs = hub_view(house.store.hubs, house.settings.public_url)
    known = KnownFeeds(tuple(feeds), declared)
    rows = list_json(FeedList(known.feeds, len(feeds), listings, known, asked.now, hubs))
    return page_of(rows, query.limit, lambda row: _told(asked, row), lambda row: row["id"])


class Entries(Question):
    """How much of a feed."""

    entries: int = Field(50, ge=0, le=200, description="At most so many of its entries, the newest")


def one_feed(asked: Asked) -> Answer:
    """As `monitor feeds show --json`."""
    house, feed = asked.house, feed_of(asked)
    place, public_url = _place(asked, feed), house.settings.public_url
    return _told(asked, view_json(view_of(house.store, feed, place, asked.query.entries, asked.now, public_url)))


def past_polls(asked: Asked) -> Answer:
    """Its last fifty polls, the newest first, what each came to and why the next one was when it was; and what it
    said last instead of a feed, which is for operators: a server may say again what the address holds."""
    feed, book = feed_of(asked), asked.house.store.feed_book
    told = [poll_json(one) for one in book.polls(feed.id)]
    said = book.said(feed.id) if asked.visitor.acts else None
    return {
        "items": [one | {"error": asked.error(one["error"])} for one in told],
        "next": None,
        "said_instead": None
        if said is None
        else {"at": said.at.isoformat(), "status": said.status, "text": said.text},
    }


def pause(asked: Asked) -> Answer:
    """As `monitor feeds pause`: it is not polled until somebody resumes it. `changed` is false where it was not
    polled before."""
    feed = feed_of(asked)
    changed = asked.house.store.feed_book.pause([feed.id], Pause(asked.visitor.name, asked.now))
    return standing(asked, bool(changed))


def resume(asked: Asked) -> Answer:
    """As `monitor feeds resume`; `changed` is false where it was not paused."""
    return standing(asked, bool(asked.house.store.feed_book.resume([feed_of(asked).id], asked.now)))


def poll(asked: Asked) -> Answer:
    """Has it polled at once, as far as its server and its host allow."""
    answer = asked.house.store.feed_book.ask_now(feed_of(asked).id, asked.now)
    if answer is not AskNow.DUE:
        raise Refused(Reason.NOT_ASKED, _NOT_ASKED[answer], answer=answer.value)
    return {"answer": answer.value}


_NOT_ASKED = {
    AskNow.AT_WORK: "it is being asked already, or waits until its host may be asked again",
    AskNow.JUST_ASKED: "it was asked less than a minute ago",
    AskNow.RESTS: "its server, or its host, said when to come back",
    AskNow.NOT_POLLED: "it is not polled: it is paused, gone or removed",
}


def standing(asked: Asked, changed: bool) -> Answer:
    """What a feed is now, and whether that was otherwise before."""
    feed = feed_of(asked)
    return {"id": feed.id, "name": feed.name, "status": feed.status.value, "changed": changed}


def feed_of(asked: Asked) -> Feed:
    """The feed that the path names. Raises Refused."""
    feed = asked.house.store.feed_book.one(asked.path["feed"])
    if feed is None:
        raise Refused(Reason.NO_SUCH_FEED, "no feed has this id")
    return feed


def _place(asked: Asked, feed: Feed) -> str | None:
    return place_of(feed, asked.house.settings, asked.open_house.config)


def _told(asked: Asked, row: Mapping[str, Any]) -> Answer:
    told = {**row, "url": asked.url(row["url"]), "address": asked.url(row["address"])}
    hub = row["hub"]
    if hub is not None:
        addresses = {"url": asked.url(hub["url"]), "topic": asked.url(hub["topic"])}
        hub = {**hub, **addresses, "error": asked.error(hub["error"])}
    return {**told, "error": asked.error(row["error"]), "hub": hub}
