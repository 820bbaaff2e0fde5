"""The feeds and how they are doing; one of them with its newest entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from monitor.app.feed_list import list_feeds
from monitor.app.feed_view import view_of
from monitor.app.open_house import OpenHouse
from monitor.app.status import state_of
from monitor.core.feeds.why_next import why_next
from monitor.model.feed import SUBSCRIBED, Feed
from monitor.model.measure import FeedState
from monitor.web.site.rendering import page

SHOWN = 200  # feeds on a page
ENTRIES = 50

_WORST = (FeedState.GONE, FeedState.FAILING, FeedState.LATE, FeedState.OK)


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A line of the table."""

    feed: Feed
    state: FeedState
    entries: int


def feeds_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /feeds?state=failing&tag=border&find=dawn&sort=name&page=2"""
    asked = request.query_params
    house, now = open_house.house, open_house.clock.now()
    found = list_feeds(house.store.feeds, open_house.known_feeds(), now, tag=asked.get("tag") or None)
    rows = [
        FeedRow(feed, state_of(feed, now), listing.entries if (listing := found.listings.get(feed.id)) else 0)
        for feed in found.feeds
    ]
    wanted = _chosen(rows, asked.get("state", ""), asked.get("find", ""))
    sort = asked.get("sort", "state")
    wanted.sort(key=_ORDERS.get(sort, _ORDERS["state"]))
    number = _page_number(asked.get("page", ""))
    start = (number - 1) * SHOWN
    return page(
        request,
        "feeds.html",
        rows=wanted[start : start + SHOWN],
        found=len(wanted),
        total=found.total,
        states={state.value: sum(row.state is state for row in rows) for state in _WORST},
        asked={name: asked.get(name, "") for name in ("state", "tag", "find")} | {"sort": sort},
        tags=sorted({tag for row in rows for tag in row.feed.settings.tags}),
        number=number,
        more=len(wanted) > start + SHOWN,
        now=now,
    )


def feed_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /feeds/12"""
    house, now = open_house.house, open_house.clock.now()
    known = open_house.known_feeds()
    feed = next((one for one in known.feeds if one.id == request.path_params["feed"]), None)
    if feed is None:
        raise HTTPException(404, "There is no such feed.")
    view = view_of(house.store, known, feed, ENTRIES, now, house.settings.public_url)
    state = state_of(feed, now) if feed.status in SUBSCRIBED else None
    return page(request, "feed.html", view=view, feed=feed, state=state, why_next=why_next(feed), now=now)


def _chosen(rows: Sequence[FeedRow], state: str, find: str) -> list[FeedRow]:
    words = find.casefold()
    return [
        row
        for row in rows
        if state in ("", row.state.value)
        and (not words or words in row.feed.name.casefold() or words in row.feed.settings.url.casefold())
    ]


_ORDERS: dict[str, Callable[[FeedRow], Any]] = {
    "state": lambda row: (_WORST.index(row.state), row.feed.name.casefold()),
    "name": lambda row: row.feed.name.casefold(),
    "entries": lambda row: (-row.entries, row.feed.name.casefold()),
    "next": lambda row: row.feed.next_poll_at,
}


def _page_number(text: str) -> int:
    return min(max(int(text), 1), 10_000) if text.isdecimal() and text.isascii() and len(text) < 6 else 1
