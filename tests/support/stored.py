"""Puts things into a store the way the stages do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from made import NOON, decision, match_of, message, new_article, new_entry, rule

from monitor.adapters.store import tables as t
from monitor.model.article import Article, Grouping
from monitor.model.delivery import ChannelKind, NewDelivery
from monitor.model.digest import Window
from monitor.model.entry import NewEntry
from monitor.model.feed import NOTHING_READ, Feed, PollDecision, Polled, Reading
from monitor.model.ledger import NewMatch, Plan
from monitor.ports import Store

LEASE = timedelta(minutes=5)


def poll(store: Store, feed: Feed, *entries: NewEntry, now: datetime = NOON, **more: object) -> int:
    """A poll that went well; `more` is what it read."""
    reading = Reading(**{"title": "News of the day", "body_hash": "body", **more})  # type: ignore[arg-type]
    return record_poll(store, feed, decision(), entries, now=now, reading=reading)


def record_poll(
    store: Store,
    feed: Feed,
    decided: PollDecision,
    entries: Sequence[NewEntry] = (),
    *,
    now: datetime,
    reading: Reading = NOTHING_READ,
) -> int:
    """One poll; how many entries it stored."""
    return store.feeds.record_polls([Polled(feed, decided, now, entries, reading)])


def read_articles(store: Store, now: datetime = NOON) -> list[Article]:
    """Articles that wait for a story, oldest first."""
    found = [store.grouping.article(row) for row in store.grouping.ungrouped(now, 1_000)]
    return [one for one in found if one is not None]


def put_into(store: Store, article_id: int, grouping: Grouping) -> None:
    """Puts an article into a story of that name, whatever it says: the stage names stories itself."""
    values = {
        "stage": "grouped",
        "story_id": grouping.story_id,
        "duplicate_of": grouping.duplicate_of,
        "duplicate_reason": grouping.reason.value if grouping.reason else None,
        "duplicate_why": grouping.why or None,
    }
    with store._db.write() as connection:  # type: ignore[attr-defined]
        connection.execute(t.articles.update().where(t.articles.c.id == article_id).values(**values))


def grouped(store: Store, feed: Feed, id: str = "e1", story: str | None = None, **more: object) -> Article:
    """An article of an entry of that id, grouped into the story (its own by default)."""
    poll(store, feed, new_entry(id))
    entry = store.articles.waiting(NOON, 10)[0]
    store.articles.record_read(new_article(entry.row, feed_id=feed.id, **more))
    found = read_articles(store)[0]
    put_into(store, found.id, Grouping(story or f"s_{found.id:x}"))
    return next(one for one in store.articles.unmatched(NOON, 1000) if one.id == found.id)


def matched(store: Store, article: Article, *digests: str, rule_id: str = "torkham-closed") -> None:
    new = NewMatch(match_of(rule_id), rule(rule_id), "because", digests, ("sentence",))
    store.articles.record_matches(article, "rules-1", [new], [], [], NOON)


def plan(store: Store, *, batch: str = "b1", draft: bool = False, deliveries: int = 1) -> Plan:
    waiting = store.digests.pending("morning", draft=draft)
    rows = tuple(
        NewDelivery(
            f"{'draft-' if draft else ''}key-{batch}-{n}",
            "morning",
            batch,
            "desk",
            ChannelKind.STDOUT,
            "",
            message(),
        )
        for n in range(deliveries)
    )
    return Plan(
        digest="morning",
        batch=batch,
        window=Window(NOON - timedelta(hours=1), NOON + timedelta(hours=1)),
        planned=tuple(one.id for one in waiting),
        merged=(),
        deliveries=rows,
        stories=len(waiting),
        closes_window=True,
        draft=draft,
    )
