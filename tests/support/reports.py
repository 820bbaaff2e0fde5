"""Made reports of events, put into a store as the read stage does: words of their own, with a real fingerprint."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from made import NOON, new_article, new_entry
from stored import poll

from monitor.adapters.store import tables as t
from monitor.core.stories.fingerprint import content_hash
from monitor.core.stories.reading_prints import fingerprint_article
from monitor.model.feed import Feed
from monitor.ports import Store


@dataclass(frozen=True)
class Report:
    """One article: `event` gives it its words, `copy` of None its own text, else that of the copy's number."""

    id: str
    title: str
    text: str
    host: str = "news.example"
    when: datetime | None = NOON
    path: str = ""

    @property
    def url(self) -> str:
        return f"https://{self.host}/{self.path or self.id}"


def text_about(event: int, variant: int, sentences: int = 12) -> str:
    """Sentences about an event: half of their words belong to it, the others to the variant."""
    of_event = random.Random(event)
    names = [_word(of_event).capitalize() for _ in range(4)]
    topic = [_word(of_event) for _ in range(16)]
    own = random.Random(1_000 * event + variant)
    lines = []
    for _ in range(sentences):
        words = [own.choice(topic) if own.random() < 0.6 else _word(own) for _ in range(9)]
        lines.append(f"The {words[0]} of {own.choice(names)} {' '.join(words[1:])}.")
    return " ".join(lines)


def report(id: str, event: int, variant: int = 0, **more: object) -> Report:
    """A report about an event; the same event and variant give the same words."""
    topic = [_word(rng) for rng in [random.Random(event)] for _ in range(20)]
    title = f"{topic[4].capitalize()} {topic[5]} {topic[6]} in {topic[0].capitalize()}"
    return Report(id, title, text_about(event, variant), **more)  # type: ignore[arg-type]


def store_reports(store: Store, feed: Feed, reports: Iterable[Report], seen: datetime = NOON) -> None:
    """Entries and read articles, not grouped yet, in this order."""
    for one in reports:
        poll(store, feed, new_entry(one.id, one.title, link=one.url))
        (entry,) = store.articles.waiting(NOON + timedelta(days=400), 10)
        store.articles.record_read(
            new_article(
                entry.row,
                one.title,
                one.text,
                feed_id=feed.id,
                url=one.url,
                url_key=one.url,
                content_hash=content_hash(one.title, one.text, one.host),
                fingerprint=fingerprint_article(one.title, one.text, "en", ()),
                language="en",
                first_seen=seen,
                published=one.when,
            )
        )


def groups_of(store: Store, reports: Sequence[Report]) -> tuple[set[frozenset[str]], set[frozenset[str]]]:
    """Duplicate classes and stories as sets of the ids of reports."""
    a, e = t.articles.c, t.entries.c
    query = sa.select(e.entry_id, a.id, a.duplicate_of, a.story_id).join(t.entries, e.id == a.entry_row)
    classes: dict[int, set[str]] = {}
    stories: dict[str, set[str]] = {}
    wanted = {one.id for one in reports}
    with store._db.read() as connection:  # type: ignore[attr-defined]  # a SqlStore
        for row in connection.execute(query):
            if row.entry_id in wanted:
                classes.setdefault(row.duplicate_of or row.id, set()).add(row.entry_id)
                stories.setdefault(row.story_id, set()).add(row.entry_id)
    return {frozenset(one) for one in classes.values()}, {frozenset(one) for one in stories.values()}


def _word(rng: random.Random) -> str:
    syllables = ("ba", "ko", "ri", "tu", "ne", "la", "mi", "so", "da", "ve", "po", "gu", "shi", "ra", "te", "no")
    return "".join(rng.choice(syllables) for _ in range(rng.randint(3, 4)))
