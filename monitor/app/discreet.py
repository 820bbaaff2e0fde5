"""What is told to who only reads: of feeds no query of an address, where paid ones have their token.

Stories are told as they are: the address of an article is for everybody.
"""

from __future__ import annotations

from dataclasses import replace

from monitor.app.why import Why
from monitor.core.text.shown_url import without_any_query, without_queries, without_query
from monitor.model.delivery import Delivery
from monitor.model.feed import Feed
from monitor.model.health import HEALTH
from monitor.model.notice import Notice, Section


def discreet_feed(feed: Feed) -> Feed:
    """A feed with no query in its address and its error."""
    error = feed.last_error
    return replace(feed, url=without_query(feed.url), last_error=None if error is None else without_queries(error))


def discreet_why(answer: Why) -> Why:
    """An answer with the feeds that cover its host like that."""
    return replace(answer, covering=tuple(map(discreet_feed, answer.covering)))


def discreet_notice(notice: Notice) -> Notice:
    """What the monitor says of itself: of feeds that fail, of a config that does not hold."""
    sections = (
        Section(one.heading, tuple(map(without_queries, one.lines)), one.command) for one in notice.sections
    )
    return replace(notice, lead=without_queries(notice.lead), sections=tuple(sections))


def discreet_delivery(one: Delivery) -> Delivery:
    """A delivery; only what it says of the monitor itself is changed."""
    if one.new.digest != HEALTH:
        return one
    said = one.new.message
    message = replace(
        said,
        text=without_queries(said.text),
        html=said.html and without_queries(said.html),
        payload=without_any_query(said.payload),
    )
    return replace(one, new=replace(one.new, message=message))
