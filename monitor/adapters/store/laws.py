"""What must hold between the rows of a store, whatever happened: each law as the rows that break it.

Each looks through its table once, and beside each row into an index at most: seconds for a million articles.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from monitor.adapters.store import tables as t
from monitor.model.delivery import DeliveryState
from monitor.model.entry import Fate
from monitor.model.feed import FeedStatus, PollOutcome
from monitor.model.gap import GapEnd
from monitor.model.health import IncidentKind
from monitor.model.ledger import RoutingState
from monitor.model.reading import RereadState
from monitor.model.silence import SilenceMode
from monitor.model.suppression import SuppressedBy
from monitor.model.websub import HubState


@dataclass(frozen=True, slots=True)
class Law:
    """Which rows of a table break a law: `what` they are in words, and selected what they are named by."""

    what: str
    table: sa.Table
    broken: sa.Select[Any]


def laws() -> Iterator[Law]:
    """All of them, in the order of an entry's life."""
    yield from _of_entries()
    yield from _of_stories()
    yield from _of_matches()
    yield from _of_deliveries()
    yield from _of_polling()


def _of_entries() -> Iterator[Law]:
    e, a, r = t.entries.c, t.articles.c, t.rereads.c
    article = sa.exists().where(a.entry_row == e.id)
    yield _law("entries without a fate", e.id, _unknown(e.fate, Fate))
    yield _law("read entries without an article", e.id, e.fate == Fate.READ.value, ~article)
    read_unread = sa.select(a.id).join(t.entries, e.id == a.entry_row).where(e.fate == Fate.WAITING.value)
    yield Law("articles of entries that still wait to be read", t.articles, read_unread)
    yield _law("pages asked again in an unknown state", r.entry_row, _unknown(r.state, RereadState))
    found = r.state == RereadState.FOUND.value
    yield _law("pages found again without what they gave", r.entry_row, found, r.result.is_(None))


def _of_stories() -> Iterator[Law]:
    a, n, s = t.articles.c, t.story_nodes.c, t.story_aliases.c
    original, either, lives = t.articles.alias(), t.articles.alias(), t.articles.alias()
    yield _law("grouped articles without a story", a.id, a.stage != "read", a.story_id.is_(None))
    yield _law("articles in an unknown stage", a.id, a.stage.not_in(("read", "grouped", "matched")))
    yield _law("articles that copy themselves", a.id, a.duplicate_of == a.id)
    of_copy = sa.select(a.id).join(original, original.c.id == a.duplicate_of)
    yield Law("copies of copies", t.articles, of_copy.where(original.c.duplicate_of.is_not(None)))
    yield Law(
        "copies outside the story of their original", t.articles, of_copy.where(original.c.story_id != a.story_id)
    )
    standing = sa.select(n.root).join(original, original.c.id == n.root).join(either, either.c.id == n.article_id)
    foreign = sa.func.coalesce(either.c.duplicate_of, either.c.id) != n.root
    wrong = sa.or_(original.c.duplicate_of.is_not(None), foreign)
    yield Law("points among stories that stand for other articles", t.story_nodes, standing.where(wrong))
    for table in (t.story_edges, t.must_not_links):
        yield _law("pairs that are not in their order", table.c.one, table.c.one >= table.c.other)
    yield _law(
        "likenesses of what is no point among stories",
        t.story_edges.c.one,
        sa.or_(*(~sa.exists().where(n.root == end) for end in (t.story_edges.c.one, t.story_edges.c.other))),
    )
    alive = sa.exists().where(lives.c.story_id == s.story_id)
    yield _law("names of stories that lead to none", s.alias, ~alive)


def _of_matches() -> Iterator[Law]:
    a, m, r, b, q = t.articles.c, t.matches.c, t.routings.c, t.batches.c, t.silences.c
    batch = sa.exists().where(b.digest == r.digest, b.batch == r.batch)
    state = sa.exists().where(t.digest_states.c.name == r.digest)
    unmarked = sa.select(m.id).join(t.articles, a.id == m.article_id).where(a.stage != "matched")
    yield Law("matches of articles that count as not matched", t.matches, unmarked)
    yield _law("matches without a fate in their digest", r.match_id, _unknown(r.state, RoutingState))
    pending = r.state == RoutingState.PENDING.value
    yield _law("matches that wait for a digest that was never opened", r.match_id, pending, ~state)
    yield _law("matches that wait and are in a batch", r.match_id, pending, r.batch.is_not(None))
    planned = r.state == RoutingState.PLANNED.value
    yield _law("matches told in a batch that was never planned", r.match_id, planned, ~batch)
    silenced = r.state == RoutingState.SILENCED.value
    without = ~sa.exists().where(q.id == r.silence)
    yield _law("matches discarded by a silence that there is not", r.match_id, silenced, without)
    yield _law("silences of an unknown kind", q.id, _unknown(q.mode, SilenceMode))
    yield _law("silences that end before they begin", q.id, q.ends_at < q.starts_at)


def _of_deliveries() -> Iterator[Law]:
    d, b, s, i = t.deliveries.c, t.batches.c, t.sent_before.c, t.incidents.c
    batch = sa.exists().where(b.digest == d.digest, b.batch == d.batch)
    yield _law("sent deliveries without a time", d.id, d.state == DeliveryState.SENT.value, d.sent_at.is_(None))
    yield _law("deliveries in an unknown state", d.id, _unknown(d.state, DeliveryState))
    yield _law("deliveries of a batch that was never planned", d.id, ~batch)
    dead = d.state == DeliveryState.DEAD.value
    yield _law("deliveries given up without a reason", d.id, dead, d.last_error.is_(None))
    yield _law("stories kept short in a batch that was never planned", s.story, ~_real_batch(s.digest, s.batch))
    u = t.suppressions.c
    yield _law("readers who left in an unknown way", u.recipient, _unknown(u.by, SuppressedBy))
    yield _law("troubles of an unknown kind", i.id, _unknown(i.kind, IncidentKind))
    yield _law(
        "troubles whose end is told before they end", i.id, i.told_end_at.is_not(None), i.closed_at.is_(None)
    )
    yield _law("names that lead to themselves", t.renames.c.was, t.renames.c.was == t.renames.c.now)


def _of_polling() -> Iterator[Law]:
    f, g, w, p = t.feeds.c, t.gaps.c, t.websub.c, t.pushes.c
    half = f.boost_seconds.is_(None) != f.boost_until.is_(None)
    yield _law("boosts without an interval or an end", f.id, half)
    over = g.next_try_at.is_(None)
    yield _law("gaps that neither end nor go on", g.feed_id, over, g.ended.is_(None))
    yield _law("gaps that have ended and go on", g.feed_id, ~over, g.ended.is_not(None))
    yield _law("gaps that ended in an unknown way", g.feed_id, g.ended.is_not(None), _unknown(g.ended, GapEnd))
    yield _law("subscriptions at hubs in an unknown state", w.id, _unknown(w.state, HubState))
    holds = w.state == HubState.SUBSCRIBED.value
    unverified = sa.or_(w.verified_at.is_(None), w.lease_until.is_(None))
    yield _law("subscriptions at hubs that no hub verified", w.id, holds, unverified)
    other = t.websub.alias()
    live = w.state != HubState.LEAVING.value
    second = sa.exists().where(
        other.c.feed_id == w.feed_id, other.c.state != HubState.LEAVING.value, other.c.id < w.id
    )
    yield _law("second subscriptions of a feed", w.id, live, second)
    yield _law("polls that came to nothing known", t.polls.c.feed_id, _unknown(t.polls.c.outcome, PollOutcome))
    yield _law("pauses by nobody", f.id, f.status == FeedStatus.PAUSED.value, f.paused_at.is_(None))
    yield _law("pushes that are not of their size", p.id, p.size != sa.func.length(p.body))


def _law(what: str, key: sa.Column[Any], *broken: sa.ColumnElement[bool]) -> Law:
    return Law(what, key.table, sa.select(key).where(*broken))


def _unknown(column: sa.Column[Any], words: type[StrEnum]) -> sa.ColumnElement[bool]:
    return column.not_in([one.value for one in words])


def _real_batch(digest: sa.Column[Any], batch: sa.Column[Any]) -> sa.ColumnElement[bool]:
    b = t.batches.c
    return sa.exists().where(b.digest == digest, b.batch == batch, ~b.draft)
