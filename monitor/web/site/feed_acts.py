"""What an operator does with feeds: pause, resume, poll at once, remove, subscribe again."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from monitor.app.open_house import OpenHouse
from monitor.app.subscribing import NotAdded, NotRemoved, bring_back, remove_feed
from monitor.model.feed import Pause
from monitor.model.feed_book import AskNow
from monitor.web.site.feeds import feed_of, query_of
from monitor.web.site.forms import Fields, see
from monitor.web.site.rendering import visitor_of

log = structlog.get_logger("monitor.web")

_NAMED = 500  # in one line of the log
TICKED = "feed-"  # and the number of a feed: the name of its box
_NOT_ASKED = {
    AskNow.AT_WORK: "It is being asked already, or waits until its host may be asked again.",
    AskNow.JUST_ASKED: "It was asked less than a minute ago.",
    AskNow.RESTS: "Its server, or its host, said when to come back: it is asked then, and not before.",
    AskNow.NOT_POLLED: "It is not polled: it is paused, gone or removed.",
}


def pause_some(open_house: OpenHouse, request: Request, fields: Fields) -> Response:
    """POST /feeds/pause: the feeds whose boxes are ticked, or with all=yes those that the filter finds."""
    pause = Pause(visitor_of(request).name, open_house.clock.now())
    _told(request, "paused", open_house.store.feed_book.pause(_meant(open_house, fields), pause))
    return _back(fields)


def resume_some(open_house: OpenHouse, request: Request, fields: Fields) -> Response:
    """POST /feeds/resume"""
    now = open_house.clock.now()
    _told(request, "resumed", open_house.store.feed_book.resume(_meant(open_house, fields), now))
    return _back(fields)


def pause_one(open_house: OpenHouse, request: Request, _: Fields) -> Response:
    """POST /feeds/12/pause"""
    feed = feed_of(open_house, request)
    pause = Pause(visitor_of(request).name, open_house.clock.now())
    open_house.store.feed_book.pause([feed.id], pause)
    return see(f"/feeds/{feed.id}")


def resume_one(open_house: OpenHouse, request: Request, _: Fields) -> Response:
    """POST /feeds/12/resume"""
    feed = feed_of(open_house, request)
    open_house.store.feed_book.resume([feed.id], open_house.clock.now())
    return see(f"/feeds/{feed.id}")


def poll_now(open_house: OpenHouse, request: Request, _: Fields) -> Response:
    """POST /feeds/12/poll: the daemon asks it at its next look, as soon as its host allows."""
    feed = feed_of(open_house, request)
    answer = open_house.store.feed_book.ask_now(feed.id, open_house.clock.now())
    if answer is not AskNow.DUE:
        raise HTTPException(409, _NOT_ASKED[answer])
    return see(f"/feeds/{feed.id}#polls")


def remove_one(open_house: OpenHouse, request: Request, _: Fields) -> Response:
    """POST /feeds/12/remove"""
    feed = feed_of(open_house, request)
    try:
        remove_feed(open_house.desk(), feed)
    except NotRemoved as error:
        raise HTTPException(409, f"Not removed: {error}.") from error
    return see(f"/feeds/{feed.id}")


def back_again(open_house: OpenHouse, request: Request, _: Fields) -> Response:
    """POST /feeds/12/again: what was removed, or is gone, goes on where it was."""
    feed = feed_of(open_house, request)
    try:
        bring_back(open_house.desk(), feed)
    except NotAdded as error:
        raise HTTPException(409, f"Not subscribed again: {error.why}.") from error
    return see(f"/feeds/{feed.id}")


def _meant(open_house: OpenHouse, fields: Fields) -> Sequence[int]:
    if fields.get("all") == "yes":
        return open_house.store.feed_book.found(query_of(fields, in_queries=True), open_house.clock.now())
    numbers = [name.removeprefix(TICKED) for name in fields if name.startswith(TICKED)]
    return [int(one) for one in numbers if one.isascii() and one.isdecimal() and len(one) <= 18]


def _told(request: Request, what: str, feeds: Sequence[int]) -> None:
    log.info(f"feeds {what}", feeds=len(feeds), feed_ids=list(feeds[:_NAMED]), by=visitor_of(request).name)


def _back(fields: Fields) -> Response:
    """To the table as it was."""
    address = fields.get("back", "")
    return see(address if address.startswith("/feeds?") and address.isprintable() else "/feeds")
