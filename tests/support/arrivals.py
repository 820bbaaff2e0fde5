"""Articles that arrive in a newsroom one after the other, and what its desk is told of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from labelled_stories import Labelled, labelled
from made import feed_settings
from newsroom import DAY, FEED, OTHER_FEED, Newsroom, item

from monitor.adapters.store.tables import entries
from monitor.model.article import Article
from monitor.model.delivery import ChannelKind
from monitor.pipeline.ingest import IngestStage

THIRD_FEED = "https://third.example/feed"
FEEDS = (FEED, OTHER_FEED, THIRD_FEED)
TORKHAM = "The Torkham crossing was closed by border guards on Sunday after a quarrel about travel papers."
REST = (
    "Truck drivers wait on both sides of the road with fruit and cement, traders told reporters in Landi Kotal. "
    "A delegation of elders will meet the officers of both countries in the town hall tomorrow morning. "
    "Hotels are full, water is sold from tankers, and the price of a night under a roof has doubled. "
    "The chamber of commerce asked both governments to keep the road out of their politics. "
    "Patients who were on their way to hospitals in Peshawar were carried back on stretchers."
)


def watching(*queries: str) -> str:
    """A rule file with these queries; their ids are r0, r1, …"""
    return "\n".join(f"[[rules]]\nid = 'r{number}'\nquery = '{query}'" for number, query in enumerate(queries))


def desk_watching(*queries: str, full_text: bool = False, **more: Any) -> Newsroom:
    """A newsroom with three feeds, these rules and one immediate digest."""
    feeds = [
        feed_settings(url, name=name, backfill=DAY, full_text=full_text)
        for url, name in zip(FEEDS, ("News", "Wire", "Third"), strict=True)
    ]
    return Newsroom(feeds=feeds, rules=watching(*queries), **more)


def arrive(room: Newsroom, *items: str, url: str = FEED, after: timedelta = timedelta(0)) -> None:
    """The feed lists these items a while later and every stage has its turn; nothing may be lost by it."""
    room.clock.advance(after)
    room.bring_in(*items, url=url)
    room.plan()
    room.deliver()
    nothing_is_lost(room)


_ALERTED_NOWHERE = """
SELECT count(*) FROM routings r JOIN matches m ON m.id = r.match_id JOIN articles a ON a.id = m.article_id
WHERE r.state = 'merged' AND NOT EXISTS (
  SELECT 1 FROM routings r2 JOIN matches m2 ON m2.id = r2.match_id JOIN articles a2 ON a2.id = m2.article_id
  WHERE r2.state = 'planned' AND r2.digest = r.digest AND m2.rule_id = m.rule_id AND a2.story_id = a.story_id)
"""


def nothing_is_lost(room: Newsroom) -> None:
    """Fails when a match was merged into a story in which its digest has told its rule of nothing."""
    assert room.number(_ALERTED_NOWHERE) == 0, "a merged match whose story nobody was told of"


def told(room: Newsroom, rule: str = "r0") -> list[str]:
    """The headlines of what reached the desk for a rule, one a message that names it, oldest first."""
    return [story["headline"] for story in told_stories(room) if any(one["id"] == rule for one in story["rules"])]


def told_stories(room: Newsroom) -> list[Mapping[str, Any]]:
    """The stories of every message that reached the desk, oldest first."""
    sent = room.channels["desk", ChannelKind.FILE].sent  # type: ignore[attr-defined]
    return [story for message, _, _ in sent for story in (message.payload or {"stories": ()})["stories"]]


def articles_in(room: Newsroom) -> list[Article]:
    """Every article of the store, oldest first."""
    ids = room.store.archive.candidates(None)
    return sorted(room.store.archive.articles(ids), key=lambda one: one.id)


def stories_in(room: Newsroom) -> list[str | None]:
    """The story of every article, oldest first."""
    return [one.story_id for one in articles_in(room)]


def by_document(room: Newsroom) -> dict[str, Article]:
    """Every article by the id of the document or item it was made of."""
    by_row = {one.entry_row: one for one in articles_in(room)}
    with room.store._db.read() as connection:
        rows = connection.execute(sa.select(entries.c.id, entries.c.entry_id)).all()
    return {name: by_row[row] for row, name in rows if row in by_row}


@cache
def _by_id() -> Mapping[str, Labelled]:
    return {one.document.id: one for one in labelled("dev")}


def labelled_item(id: str, *, link: str = "", **more: Any) -> str:
    """The RSS item of an article of the labelled set."""
    document = _by_id()[id].document
    link = link or document.url
    return item(id, document.title, document.body, link=link, **{"published": document.published, **more})


def start(room: Newsroom, id: str) -> None:
    """Sets the clock to when an article of the labelled set arrives."""
    room.clock.set(_by_id()[id].seen)


def take_in(room: Newsroom, articles: Iterable[Labelled]) -> None:
    """Hands over labelled articles one by one, each at its own time, and groups each before the next comes."""
    for one in articles:
        room.clock.set(one.seen)
        IngestStage(room.store.feeds, room.clock).take([one.document])
        room.read()
        room.group()


def stories_by_url(room: Newsroom, urls: Collection[str] = ()) -> frozenset[frozenset[str]]:
    """The stories as sets of addresses: what does not depend on the order of arrival."""
    stories: dict[str | None, set[str]] = {}
    for one in articles_in(room):
        if not urls or one.url in urls:
            stories.setdefault(one.story_id, set()).add(one.url)
    return frozenset(frozenset(some) for some in stories.values())


def originals_by_url(room: Newsroom) -> frozenset[frozenset[str]]:
    """The classes of duplicates as sets of addresses; who stands alone is left out."""
    articles = articles_in(room)
    classes: dict[int, set[str]] = {one.id: {one.url} for one in articles if one.duplicate_of is None}
    for one in articles:
        if one.duplicate_of is not None:
            classes[one.duplicate_of].add(one.url)
    return frozenset(frozenset(some) for some in classes.values() if len(some) > 1)
