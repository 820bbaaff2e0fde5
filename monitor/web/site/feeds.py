"""The feeds and how they are doing; one of them with its polls and its newest entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from monitor.app.feed_view import view_of
from monitor.app.known_feeds import place_of
from monitor.app.open_house import OpenHouse
from monitor.app.pausing import pause_words
from monitor.app.status import state_of
from monitor.core.feeds.why_next import why_next
from monitor.core.text.shown_url import without_query
from monitor.model.feed import KEPT, Feed
from monitor.model.feed_book import FeedQuery, FeedSort
from monitor.model.measure import FeedState
from monitor.web.site.rendering import page, told_to, visitor_of

SHOWN = 100  # feeds on a page
ENTRIES = 50
DAYS = 30
_LONGEST = 200  # characters of a filter
_WORST = (FeedState.GONE, FeedState.FAILING, FeedState.LATE, FeedState.PAUSED, FeedState.OK)
_DAY = timedelta(days=1)
COLUMNS = (
    (FeedSort.NAME, "Feed"),
    (FeedSort.STATE, "State"),
    (FeedSort.LAST, "Last poll"),
    (FeedSort.NEXT, "Next"),
    (FeedSort.ENTRIES, "Entries"),
)


def feeds_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /feeds?state=failing&tag=border&find=dawn&sort=-name&page=2"""
    now, book = open_house.clock.now(), open_house.store.feed_book
    asked = {name: request.query_params.get(name, "")[:_LONGEST] for name in ("state", "tag", "find", "sort")}
    query = query_of(asked, in_queries=visitor_of(request).acts)
    sort, down, state = query.sort, query.down, query.state
    number = _page_number(request.query_params.get("page", ""))
    table = book.table(replace(query, start=(number - 1) * SHOWN, most=SHOWN), now)
    last = max(1, -(-table.found(state) // SHOWN))
    if number > last:
        number = last
        table = book.table(replace(query, start=(number - 1) * SHOWN, most=SHOWN), now)
    kept = {name: value for name, value in asked.items() if value}
    return page(
        request,
        "feeds.html",
        rows=table.rows,
        found=table.found(state),
        total=table.total,
        all_states=sum(table.states.values()),
        states={one.value: table.states.get(one, 0) for one in _WORST},
        asked=asked | {"sort": f"{'-' if down else ''}{sort.value}"},
        columns=[_column(one, words, sort, down, kept) for one, words in COLUMNS],
        orders=ORDERS,
        tags=table.tags,
        back=f"/feeds?{urlencode(kept | {'page': number})}",
        number=number,
        more=number < last,
        now=now,
        told=told_to(request),
    )


def query_of(asked: Mapping[str, str], *, in_queries: bool) -> FeedQuery:
    """What a filter asks for; words that are no state and no order are none."""
    sort, down = _sort_of(asked.get("sort", ""))
    state = _state_of(asked.get("state", ""))
    tag, find = (asked.get(name, "")[:_LONGEST] for name in ("tag", "find"))
    return FeedQuery(state, tag, find, in_queries, sort, down)


def feed_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /feeds/12"""
    house, now = open_house.house, open_house.clock.now()
    feed = feed_of(open_house, request)
    book = house.store.feed_book
    place = place_of(feed, house.settings, open_house.config)
    acts = visitor_of(request).acts
    return page(
        request,
        "feed.html",
        view=view_of(house.store, feed, place, ENTRIES, now, house.settings.public_url),
        feed=feed,
        state=state_of(feed, now) if feed.status in KEPT else None,
        why_next=why_next(feed),
        paused=pause_words(feed.pause, now) if feed.pause else "",
        polls=book.polls(feed.id),
        said=book.said(feed.id) if acts else None,  # a server may say again what the address holds
        days=_last_days(book.entries_a_day(feed.id, _first_day(now)), now),
        now=now,
        address=str if acts else without_query,
        told=told_to(request),
    )


def feed_of(open_house: OpenHouse, request: Request) -> Feed:
    """The feed that the path names. Raises HTTPException."""
    feed = open_house.store.feed_book.one(request.path_params["feed"])
    if feed is None:
        raise HTTPException(404, "There is no such feed.")
    return feed


ORDERS = (
    ("state", "the ill first"),
    ("name", "name"),
    ("next", "next poll"),
    ("-last", "last poll"),
    ("-entries", "entries"),
)


def _column(
    sort: FeedSort, words: str, chosen: FeedSort, down: bool, kept: Mapping[str, str]
) -> dict[str, object]:
    """A head of the table: its link sorts by it, and once it does, the other way round."""
    is_chosen = sort is chosen
    turned = "" if (is_chosen and down) else "-" if is_chosen else ""
    return {
        "name": sort.value,
        "words": words,
        "link": f"/feeds?{urlencode(dict(kept) | {'sort': turned + sort.value})}",
        "sorted": ("descending" if down else "ascending") if is_chosen else "",
    }


def _sort_of(text: str) -> tuple[FeedSort, bool]:
    down = text.startswith("-")
    try:
        return FeedSort(text.removeprefix("-")), down
    except ValueError:
        return FeedSort.STATE, False


def _state_of(text: str) -> FeedState | None:
    try:
        return FeedState(text)
    except ValueError:
        return None


def _first_day(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(UTC).date() - (DAYS - 1) * _DAY, time(), UTC)


def _last_days(counts: Mapping[date, int], now: datetime) -> list[tuple[date, int]]:
    first = _first_day(now).date()
    return [(day := first + number * _DAY, counts.get(day, 0)) for number in range(DAYS)]


def _page_number(text: str) -> int:
    return min(max(int(text), 1), 10_000) if text.isdecimal() and text.isascii() and len(text) < 6 else 1
