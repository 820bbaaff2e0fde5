"""`monitor feeds discover`: the feeds of a site, each asked once and read before it is named."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from monitor.app.counting import counted, span_text
from monitor.app.known_feeds import KnownFeeds
from monitor.core.feeds.discovery import (
    MOST_OFFERED,
    Offer,
    Page,
    Via,
    about_comments,
    guesses,
    newest_of,
    offers_of,
    same_feed,
)
from monitor.core.text.columns import wrap
from monitor.core.text.urls import absolute_http_url, feed_key, without_feed_scheme
from monitor.model.access import PLAIN_ACCESS, FeedAccess
from monitor.model.entry import ParsedEntry, ParsedFeed
from monitor.model.errors import ConfigInvalid, MonitorError, SandboxFailed
from monitor.model.feed import PollOutcome, PollSettings
from monitor.model.fetch import FetchRequest, FetchResponse, Purpose
from monitor.model.problem import Gravity
from monitor.pipeline.listing import read_body
from monitor.ports import Clock, Fetcher, Sandbox

_SCHEME = re.compile(r"[a-z][a-z+-]*:(?!\d)", re.I)  # not the host of news.example:8080 or localhost:8080
# What a server says of one address only; after anything else it is not asked for others.
_OF_THE_PAGE = frozenset({PollOutcome.HTTP_ERROR, PollOutcome.AUTH_ERROR, PollOutcome.GONE})
_GO_ON = _OF_THE_PAGE | {
    PollOutcome.OK,
    PollOutcome.DISALLOWED,
    PollOutcome.ROBOTS_UNREADABLE,
    PollOutcome.TOO_LARGE,
    PollOutcome.BAD_REDIRECT,
}


class NothingAnswered(MonitorError):
    """A site that could not be asked, and why, on one line."""


@dataclass(frozen=True, slots=True)
class FoundFeed:
    """A feed that was asked and read. `also` are other addresses with the same entries."""

    url: str
    title: str
    via: Via
    engine: str
    entries: int
    newest: datetime | None
    comments: bool
    also: tuple[str, ...] = ()
    subscribed: bool = False
    listed: Sequence[ParsedEntry] = field(default=(), repr=False)


@dataclass(slots=True)
class Discovery:
    """What was found at an address, feeds of comments last. `broken` are feeds that it offers but that are none,
    and why; `guessed` says that addresses where feeds usually are were asked, too, and `unasked` that some were
    not asked any more, since the time was over."""

    url: str
    title: str = ""
    feeds: list[FoundFeed] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)
    guessed: bool = False
    unasked: bool = False


def page_address(text: str) -> str:
    """The address a person means: "dawn.com" is https://dawn.com. Raises ValueError."""
    text = without_feed_scheme(text)
    url = absolute_http_url(text if _SCHEME.match(text) else f"https://{text}")
    if url is None:
        raise ValueError(f'"{text}" is no http or https address')
    return url


def discover(
    url: str,
    settings: PollSettings,
    clock: Clock,
    known: KnownFeeds,
    *,
    guess: bool = False,
    asking: Callable[[str], None] = lambda url: None,
    access: Callable[[str], FeedAccess] = lambda url: PLAIN_ACCESS,
    is_over: Callable[[], bool] = lambda: False,
) -> Discovery:
    """The feeds of the page at `url`; with `guess` also those that it does not name. `access` is how an address is
    reached, or raises ConfigInvalid; `asking` hears each address. Once `is_over`, no further one is asked.

    Without `guess` usual addresses are asked only where the page names no feed that works. Raises NothingAnswered.
    """
    from monitor import __version__
    from monitor.adapters.fetch import HttpFetcher
    from monitor.app.children import parsing_sandbox

    with closing(HttpFetcher(settings, __version__)) as fetcher, closing(parsing_sandbox()) as sandbox:
        search = Search(fetcher, sandbox, clock, asking, access, is_over)
        found = search.run(url, guess=guess)
    subscribed = {*known.subscribed(), *known.declared}
    found.feeds = [
        replace(one, subscribed=not subscribed.isdisjoint(map(feed_key, (one.url, *one.also))))
        for one in found.feeds
    ]
    return found


@dataclass(slots=True)
class Search:
    """One search: one request after the other, each address once."""

    fetcher: Fetcher
    sandbox: Sandbox
    clock: Clock
    asking: Callable[[str], None] = lambda url: None
    access: Callable[[str], FeedAccess] = lambda url: PLAIN_ACCESS
    is_over: Callable[[], bool] = lambda: False
    _read: list[tuple[FoundFeed, Sequence[ParsedEntry]]] = field(default_factory=list)
    _asked: set[str] = field(default_factory=set)

    def run(self, url: str, *, guess: bool) -> Discovery:
        """As `discover`, with what is outside as arguments."""
        found = Discovery(url)
        response = self._ask(Offer(url, via=Via.ADDRESS))
        if response.outcome is PollOutcome.OK:
            page = self._page(response)
            found.title = page.title
            for offer in (*page.offers, *page.linked)[:MOST_OFFERED]:
                self._try(offer, found)
        elif response.outcome in _OF_THE_PAGE:
            found.broken.append((url, _why(response)))
        else:
            raise NothingAnswered(f"{url}: {_why(response)}")
        if guess or all(feed.comments for feed, _ in self._read):
            found.guessed = True
            self._guess(response.url or url, found)
        found.feeds = sorted((feed for feed, _ in self._read), key=lambda one: one.comments)
        return found

    def _page(self, response: FetchResponse) -> Page:
        parsed = read_body(self.sandbox, response, self.clock.now()).parsed
        if parsed is not None:
            self._keep(Offer(response.request.url, via=Via.ADDRESS), response, parsed)
            return Page(parsed.title)
        return page_of(response, self.sandbox)

    def _try(self, offer: Offer, found: Discovery) -> None:
        if feed_key(offer.url) in self._asked:
            return
        if self.is_over():
            found.unasked = True
            return
        response = self._ask(offer)
        why = _why(response)
        if response.outcome is PollOutcome.OK:
            body = read_body(self.sandbox, response, self.clock.now())
            if body.parsed is not None:
                self._keep(offer, response, body.parsed)
                return
            why = body.problem or why
        if offer.via is not Via.ANCHOR:  # the page does not say that it is one
            found.broken.append((offer.url, why))

    def _guess(self, url: str, found: Discovery) -> None:
        """Asks usual addresses until one is a feed, or the server has had enough."""
        for offer in guesses(url):
            if feed_key(offer.url) in self._asked:
                continue
            if self.is_over():
                found.unasked = True
                return
            response = self._ask(offer)
            if response.outcome not in _GO_ON:
                return
            if response.outcome is not PollOutcome.OK:
                continue
            parsed = read_body(self.sandbox, response, self.clock.now()).parsed
            if parsed is not None and self._keep(offer, response, parsed):
                return

    def _ask(self, offer: Offer) -> FetchResponse:
        self._asked.add(feed_key(offer.url))
        # What a page names as a feed it wants to be read; what we take for one is for robots.txt to allow.
        purpose = Purpose.PAGE if offer.via in (Via.GUESS, Via.ANCHOR) else Purpose.FEED
        request = FetchRequest(1, offer.url, purpose)
        try:
            request = replace(request, access=self.access(offer.url))
        except ConfigInvalid as error:  # a login that is not at hand here
            return FetchResponse(request, PollOutcome.AUTH_ERROR, error=first_error(error))
        self.asking(offer.url)
        answers = list(self.fetcher.fetch_many(iter([request])))
        return answers[0] if answers else FetchResponse(request, PollOutcome.UNREACHABLE, error="no answer")

    def _keep(self, offer: Offer, response: FetchResponse, parsed: ParsedFeed) -> bool:
        """Whether it is a feed that was not found before under another address."""
        url = response.permanent_url or offer.url
        for place, (one, entries) in enumerate(self._read):
            if feed_key(one.url) == feed_key(url) or same_feed(entries, parsed.entries):
                if url not in (one.url, *one.also):
                    self._read[place] = (replace(one, also=(*one.also, url)), entries)
                return False
        title = parsed.title or offer.title
        feed = FoundFeed(
            url=url,
            title=title,
            via=offer.via,
            engine=parsed.engine,
            entries=len(parsed.entries),
            newest=newest_of(parsed.entries),
            comments=offer.comments or about_comments(url, title),
            listed=parsed.entries,
        )
        self._read.append((feed, parsed.entries))
        return True


def page_of(response: FetchResponse, sandbox: Sandbox) -> Page:
    """What the page in an answer offers, read in a child; nothing where that fails."""
    try:
        return sandbox.run(
            offers_of,
            response.body,
            response.headers.get("content-type"),
            response.headers.get("link", ""),
            response.url or response.request.url,
        )
    except SandboxFailed:
        return Page()


def first_error(error: ConfigInvalid) -> str:
    """The first problem that is no warning, on one line."""
    return next(str(one) for one in error.problems if one.gravity is Gravity.ERROR)


def _why(response: FetchResponse) -> str:
    return response.error or (
        f"HTTP {response.status}" if response.status else response.outcome.value.replace("_", " ")
    )


def discovery_lines(found: Discovery, now: datetime) -> Iterator[str]:
    """What was found, for people: the answer first, each feed, how to add one."""
    where = found.url + (f' ("{found.title}")' if found.title else "")
    if not found.feeds:
        yield from wrap(f"No feed found at {where}.")
    else:
        yield from wrap(f"{counted(len(found.feeds), 'feed')} at {where}:")
    for feed in found.feeds:
        yield ""
        yield from wrap(feed.title or feed.url, "  ")
        yield f"    {feed.url}"
        yield from wrap(_said(feed, now), "    ")
        for also in feed.also:
            yield f"    the same entries: {also}"
    if found.broken:
        yield ""
        for url, why in found.broken:
            yield from wrap(f"No feed: {url}: {why}", then="  ")
    new = next((one for one in found.feeds if not one.subscribed), None)
    if new is not None:
        yield ""
        yield f"Add one: monitor feeds add {shlex.quote(new.url)}"


def _said(feed: FoundFeed, now: datetime) -> str:
    parts = [counted(feed.entries, "entry", "entries")]
    parts += [f"the newest {span_text(now - feed.newest)} ago"] if feed.newest else []
    parts += [f"read by {feed.engine}"]
    parts += ["comments of readers"] if feed.comments else []
    parts += ["not named by the page"] if feed.via is Via.GUESS else []
    parts += ["subscribed already"] if feed.subscribed else []
    return ", ".join(parts)


def discovery_json(found: Discovery) -> dict[str, Any]:
    """The same as one object."""
    return {
        "url": found.url,
        "title": found.title or None,
        "feeds": [
            {
                "url": one.url,
                "title": one.title,
                "via": one.via.value,
                "engine": one.engine,
                "entries": one.entries,
                "newest": one.newest.isoformat() if one.newest else None,
                "comments": one.comments,
                "same": list(one.also),
                "subscribed": one.subscribed,
            }
            for one in found.feeds
        ],
        "broken": [{"url": url, "why": why} for url, why in found.broken],
        "guessed": found.guessed,
    }


def offer_words(url: str, offers: Sequence[Offer]) -> str:
    """Which of the feeds that the page at `url` names is to be added, as a part of an error line."""
    search = f"monitor feeds discover {shlex.quote(url)}"
    if not offers:
        return f"It names no feed; to look for one: {search}"
    first = offers[0]
    named = f' ("{first.title}")' if first.title else ""
    others = f"; all {len(offers)}: {search}" if len(offers) > 1 else ""
    return f"It offers a feed; add this one: monitor feeds add {shlex.quote(first.url)}{named}{others}"
