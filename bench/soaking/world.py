"""Feeds that bring news all the time: reports, copies, second reports and revisions of invented events.

The world knows what it published, and which of it a server has handed over whole. What the ledger must hold
follows from that.
"""

from __future__ import annotations

import random
import re
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from itertools import count

from soaking.pages import Page, page_for
from soaking.rules import RULES, Rule
from soaking.words import LATIN, URDU, Language

LISTED = 15  # entries of a feed
OLD_STOCK = 3  # entries of each feed before the first poll
OLD_WORLD = timedelta(days=2)  # of the world's time pass in one run, for feeds that look back
MATCHING = 0.25  # share of the events that some rule finds
MARK = re.compile(r"case ([0-9]+)x")
_RECENT = 400  # events that are still reported on


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: its names and words are in every report of it, its number in every headline."""

    number: int
    rule: Rule | None
    language: Language
    names: tuple[str, ...]
    topic: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as a feed lists it; a revision has the same `id` and another title.

    `text` are paragraphs. With a `page` they are behind the link, and the feed has only a summary, which says what
    the rule must find only where the page will never be had.
    """

    id: int
    day: int
    event: Event
    title: str
    text: tuple[str, ...]
    summary: str
    at: datetime | None
    page: Page | None
    stock: bool  # there before the first poll
    said: str = ""  # what its rule finds
    copied: bool = False


@dataclass(slots=True)
class Feed:
    """A feed, its entries newest first, and what of them was handed over."""

    index: int
    host: str
    language: Language
    atom: bool
    full_text: bool
    looks_back: bool
    without_ids: bool
    listed: deque[tuple[Entry, str]]
    version: int = 0
    body: bytes = b""
    built: int = -1
    gone: bool = False
    served: dict[tuple[int, int], Entry] = field(default_factory=dict)
    served_version: int = -1


class World:
    """All feeds; `publish` brings one more entry. Not safe for two threads: the server's loop is the only one."""

    def __init__(
        self,
        feeds: int,
        hosts: list[str],
        port: int,
        seed: int,
        begun: datetime,
        lasts: timedelta,
        *,
        listed: int = LISTED,
        matching: float = MATCHING,
    ) -> None:
        self.dice = random.Random(seed)
        self._listed, self._matching = listed, matching
        self.begun, self.lasts, self.now, self.port = begun, lasts, begun, port
        self.hosts = hosts
        self.feeds = [self._feed(index) for index in range(feeds)]
        self.pages: dict[int, Entry] = {}
        self.published = 0
        self._ids, self._events = count(1), count(1)
        self._recent: deque[tuple[Event, Entry, Feed]] = deque(maxlen=_RECENT)
        for feed in self.feeds:
            for age in range(OLD_STOCK, 0, -1):
                self._list(feed, self._new(feed, self._event(feed), begun - age * timedelta(hours=5), stock=True))

    def url(self, feed: Feed) -> str:
        """Where it is declared."""
        return f"http://{feed.host}:{self.port}/feed/{feed.index}"

    def link(self, feed: Feed, entry: Entry) -> str:
        """Where its page is."""
        return f"http://{feed.host}:{self.port}/page/{entry.id}"

    def publish(self, now: datetime) -> Entry:
        """One more entry of some feed."""
        self.published += 1
        self.now = now
        feed = self.dice.choice(self.feeds)
        chance = self.dice.random()
        if chance < 0.1 and feed.listed:
            return self._revise(feed)
        at = self._date(feed, now)
        if chance < 0.45 and self._recent:
            event, entry, other = self.dice.choice(self._recent)
            # The pages of one host that repeat each other's paragraphs are no copies: they are furniture.
            if other.host != feed.host and event.language is feed.language:
                if chance < 0.25:
                    return self._list(feed, self._new(feed, event, at))
                return self._list(feed, self._copy(feed, entry, at))
        entry = self._new(feed, self._event(feed), at)
        self._recent.append((entry.event, entry, feed))
        return self._list(feed, entry)

    def body(self, feed: Feed) -> bytes:
        """What it says now; built only when it changed."""
        if feed.built != feed.version:
            feed.body = _atom(feed, self.url(feed)) if feed.atom else _rss(feed)
            feed.built = feed.version
        return feed.body

    def handed_over(self, feed: Feed, listed: tuple[Entry, ...], version: int) -> None:
        """A body with these entries arrived whole."""
        if version > feed.served_version:
            feed.served_version = version
            for entry in listed:
                feed.served.setdefault((entry.id, entry.day), entry)

    def _feed(self, index: int) -> Feed:
        return Feed(
            index=index,
            host=self.hosts[index % len(self.hosts)],
            language=URDU if index % 5 == 4 else LATIN,
            atom=index % 2 == 1,
            full_text=index % 5 == 0,
            looks_back=index % 10 < 7,
            without_ids=index % 17 == 3,
            listed=deque(maxlen=self._listed),
        )

    def _date(self, feed: Feed, now: datetime) -> datetime | None:
        if not feed.looks_back:
            return now + timedelta(seconds=1)  # dates have no fractions: not before the subscription
        if self.dice.random() < 0.03:
            return None
        return now - OLD_WORLD * max(0.0, 1 - (now - self.begun) / self.lasts)

    def _event(self, feed: Feed) -> Event:
        language, dice = feed.language, self.dice
        rule = dice.choice(RULES) if dice.random() < self._matching else None
        names = language.rare(dice, 5)
        if not language.urdu:
            names = [name.capitalize() for name in names]
        return Event(next(self._events), rule, language, tuple(names), tuple(language.rare(dice, 20)))

    def _new(self, feed: Feed, event: Event, at: datetime | None, *, stock: bool = False) -> Entry:
        dice, language = self.dice, event.language
        number = next(self._ids)
        title = [*dice.sample(event.names, 2), *dice.sample(event.topic, 3), *language.common(dice, 3)]
        paragraphs = [self._paragraph(event) for _ in range(dice.choice((3, 4, 5, 6)))]
        if dice.random() < 0.02:  # a long read
            paragraphs += [self._paragraph(event) for _ in range(60)]
        hit = event.rule.says.format(dice.randint(2, 9_999)) if event.rule else ""
        page = self._page(feed)
        said = hit if page is None or page.never else ""
        summary = f"{said} {language.sentence(language.common(dice, 12))}".strip()
        paragraphs[0] = f"{hit} {paragraphs[0]}".strip()
        title = f"{' '.join(title)}, case {event.number}x"
        return Entry(number, 1, event, title, tuple(paragraphs), summary, at, page, stock, hit)

    def _page(self, feed: Feed) -> Page | None:
        if not feed.full_text:
            return None
        return page_for(self.dice, self.closed_to_robots(feed.host), self.begun + self.lasts - self.now)

    def closed_to_robots(self, host: str) -> bool:
        """Whether its robots.txt forbids the pages."""
        return self.hosts.index(host) % 20 == 10

    def _paragraph(self, event: Event) -> str:
        dice, language = self.dice, event.language
        words = [*dice.sample(event.topic, 8), *dice.sample(event.names, 2), *language.common(dice, 24)]
        dice.shuffle(words)
        return " ".join(language.sentence(words[start : start + 17]) for start in (0, 17))

    def _copy(self, feed: Feed, entry: Entry, at: datetime | None) -> Entry:
        """The same words at another place: all of them, or all but a paragraph."""
        text = entry.text
        if self.dice.random() < 0.4:
            text = (*text[:-1], self._paragraph(entry.event))
        # A summary with all in it: the copy may be where the page cannot be had.
        summary = f"{entry.said} {entry.summary}".strip() if entry.said not in entry.summary else entry.summary
        return replace(
            entry, id=next(self._ids), day=1, at=at, text=text, summary=summary, page=self._page(feed), copied=True
        )

    def _revise(self, feed: Feed) -> Entry:
        entry = self._edited(self.dice.choice(feed.listed)[0])
        self.replace(feed, entry)
        return entry

    def _edited(self, old: Entry) -> Entry:
        day = old.day + 1
        title = f"{re.sub(r', [0-9]+th day$', '', old.title)}, {day}th day"
        return replace(old, day=day, title=title, text=(*old.text[:-1], self._paragraph(old.event)))

    def replace(self, feed: Feed, entry: Entry) -> None:
        """Lists it in the place of its earlier wording."""
        place = next(place for place, (one, _) in enumerate(feed.listed) if one.id == entry.id)
        feed.listed[place] = entry, self._item(feed, entry)
        feed.version += 1
        self._keep_page(entry)

    def _list(self, feed: Feed, entry: Entry) -> Entry:
        feed.listed.appendleft((entry, self._item(feed, entry)))
        feed.version += 1
        self._keep_page(entry)
        return entry

    def _keep_page(self, entry: Entry) -> None:
        if entry.page:
            self.pages[entry.id] = entry

    def _item(self, feed: Feed, entry: Entry) -> str:
        words = "" if entry.page else "".join(f"<p>{escape(one, quote=False)}</p>" for one in entry.text)
        write = _atom_entry if feed.atom else _rss_item
        return write(entry, self.link(feed, entry), None if feed.without_ids else f"urn:soak:{entry.id}", words)


def _rss_item(entry: Entry, link: str, name: str | None, words: str) -> str:
    return (
        f"<item><title>{escape(entry.title)}</title><link>{link}</link>"
        + (f"<guid isPermaLink='false'>{name}</guid>" if name else "")
        + (f"<pubDate>{format_datetime(entry.at.astimezone(UTC))}</pubDate>" if entry.at else "")
        + f"<description>{escape(entry.summary)}</description>"
        + (f"<content:encoded><![CDATA[{words}]]></content:encoded>" if words else "")
        + "</item>\n"
    )


def _atom_entry(entry: Entry, link: str, name: str | None, words: str) -> str:
    at = f"{entry.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if entry.at else ""
    return (
        f"<entry><title>{escape(entry.title)}</title><link href='{link}'/>"
        + (f"<id>{name}</id>" if name else "")
        + (f"<published>{at}</published><updated>{at}</updated>" if at else "")
        + f"<summary>{escape(entry.summary)}</summary>"
        + (f"<content type='html'>{escape(words, quote=False)}</content>" if words else "")
        + "</entry>\n"
    )


def _rss(feed: Feed) -> bytes:
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n<rss version='2.0' "
        "xmlns:content='http://purl.org/rss/1.0/modules/content/'><channel>"
        f"<title>Paper {feed.index}</title><link>http://{feed.host}/</link><description>d</description>"
        f"{''.join(item for _, item in feed.listed)}</channel></rss>"
    ).encode()


def _atom(feed: Feed, url: str) -> bytes:
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n<feed xmlns='http://www.w3.org/2005/Atom'>"
        f"<title>Paper {feed.index}</title><id>{url}</id><updated>2026-01-01T00:00:00Z</updated>"
        f"{''.join(item for _, item in feed.listed)}</feed>"
    ).encode()
