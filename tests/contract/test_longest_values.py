"""A feed that gives everything at its longest is stored by every store: PostgreSQL's indexes take 2,704 bytes."""

from __future__ import annotations

import random
import string

from newsroom import FEED, Newsroom, item, rss

from monitor.adapters.store.sql import SqlStore
from monitor.core.text.urls import MAX_URL
from monitor.model.feed import PollOutcome


def long(dice: random.Random, length: int = MAX_URL - 100) -> str:
    """Letters that no index can make shorter."""
    return "".join(dice.choices(string.ascii_letters + string.digits, k=length))


def test_a_feed_with_the_longest_addresses_and_ids_is_polled_and_read(store: SqlStore) -> None:
    dice = random.Random(1)
    room = Newsroom(store=store)
    links = "".join(
        f'<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="{rel}" href="https://hub.example/{long(dice)}"/>'
        for rel in ("hub", "self", "prev-archive")
    )
    listed = item(long(dice, 50_000), "Torkham closed", link=f"https://news.example/{long(dice)}")
    room.fetcher.answers[FEED] = rss(listed, title=long(dice), more=links)
    room.store.feeds.make_all_due(room.clock.now())
    (report,) = room.poll()
    assert report.decision.outcome is PollOutcome.OK
    room.read()
    room.group()
    room.match()
    room.plan()
    room.deliver()
    assert room.states() == ["sent"]
