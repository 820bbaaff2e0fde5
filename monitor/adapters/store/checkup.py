"""Is a store sound? What the database says of itself, and what must hold between the rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store.database import Database
from monitor.adapters.store.laws import Law, laws

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
        for law in laws():
            yield f"no {law.what}", tuple(_broken(connection, law))


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


def _broken(connection: Connection, law: Law) -> Iterator[Finding]:
    count = connection.execute(sa.select(sa.func.count()).select_from(law.broken.subquery())).scalar_one()
    if count:
        first = connection.execute(law.broken.limit(_MOST_NAMED)).scalars()
        yield Finding(law.what, law.table.name, int(count), tuple(str(one) for one in first))
