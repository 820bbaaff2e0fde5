"""Is a store sound? What the database says of itself, and what must hold between the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.model.delivery import DeliveryState
from monitor.model.entry import Fate
from monitor.model.ledger import RoutingState

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold: how many rows of which table, and the first of their ids."""

    what: str
    table: str = ""
    rows: int = 0
    first: tuple[str, ...] = ()

    def as_row(self) -> dict[str, object]:
        """The finding for programs."""
        return {"what": self.what, "table": self.table or None, "rows": self.rows, "first": list(self.first)}


def _laws() -> Mapping[str, tuple[str, sa.Select[int]]]:
    """What must hold between rows, by what is wrong when it does not: the table, and the ids that break it."""
    e, a, m, r, d, b = (one.c for one in (t.entries, t.articles, t.matches, t.routings, t.deliveries, t.batches))
    article = sa.exists().where(a.entry_row == e.id)
    batch = sa.exists().where(b.digest == r.digest, b.batch == r.batch)
    read_unread = sa.select(a.id).join(t.entries, e.id == a.entry_row).where(e.fate == Fate.WAITING.value)
    unmarked = sa.select(m.id).join(t.articles, a.id == m.article_id).where(a.stage != "matched")
    unplanned = sa.select(r.match_id).where(r.state == RoutingState.PLANNED.value, ~batch)
    unsent = sa.select(d.id).where(d.state == DeliveryState.SENT.value, d.sent_at.is_(None))
    states = [state.value for state in DeliveryState]
    return {
        "read entries without an article": (
            "entries",
            sa.select(e.id).where(e.fate == Fate.READ.value, ~article),
        ),
        "articles of entries that still wait to be read": ("articles", read_unread),
        "grouped articles without a story": (
            "articles",
            sa.select(a.id).where(a.stage != "read", a.story_id.is_(None)),
        ),
        "articles in an unknown stage": (
            "articles",
            sa.select(a.id).where(a.stage.not_in(("read", "grouped", "matched"))),
        ),
        "articles that copy themselves": ("articles", sa.select(a.id).where(a.duplicate_of == a.id)),
        "matches of articles that count as not matched": ("matches", unmarked),
        "matches told in a batch that was never planned": ("routings", unplanned),
        "sent deliveries without a time": ("deliveries", unsent),
        "deliveries in an unknown state": ("deliveries", sa.select(d.id).where(d.state.not_in(states))),
    }


def check_store(database: Database) -> Iterator[tuple[str, tuple[Finding, ...]]]:
    """What each look at the store found, as it is made: its name, and nothing when all is well.

    SQLite reads every page and every reference, which takes minutes for many gigabytes; PostgreSQL watches over
    both by itself. Raises StoreUnusable when the store cannot even be read.
    """
    with database.read() as connection:
        if database.sqlite:
            yield "pages and indexes", tuple(_pages(connection))
            yield "references", tuple(broken_references(connection))
        else:
            yield "indexes", tuple(_invalid_indexes(connection))
        for what, (table, broken) in _laws().items():
            yield f"no {what}", tuple(_broken(connection, what, table, broken))


def _pages(connection: Connection) -> Iterator[Finding]:
    for (said,) in connection.execute(sa.text(f"PRAGMA integrity_check({_MOST_NAMED})")):
        if said != "ok":
            yield Finding(str(said).replace("\n", " "))


def broken_references(connection: Connection) -> Iterator[Finding]:
    """Rows of a SQLite store that refer to rows that are not there."""
    broken: dict[tuple[str, str], list[str]] = {}
    for table, row, parent, _ in connection.execute(sa.text("PRAGMA foreign_key_check")):
        broken.setdefault((table, parent), []).append(str(row))
    for (table, parent), ids in broken.items():
        yield Finding(
            f"rows that refer to {parent} which are not there", table, len(ids), tuple(ids[:_MOST_NAMED])
        )


def _invalid_indexes(connection: Connection) -> Iterator[Finding]:
    query = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
    for (name,) in connection.execute(sa.text(query)):
        yield Finding(f"the index {name} is invalid: REINDEX makes it anew")


def _broken(connection: Connection, what: str, table: str, broken: sa.Select[int]) -> Iterator[Finding]:
    count = connection.execute(sa.select(sa.func.count()).select_from(broken.subquery())).scalar_one()
    if count:
        first = connection.execute(broken.limit(_MOST_NAMED)).scalars()
        yield Finding(what, table, int(count), tuple(str(one) for one in first))
