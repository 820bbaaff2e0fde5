"""What the tables of a PostgreSQL store take, and whether that stays within what they hold.

PostgreSQL leaves the old version of each row that is changed or deleted behind, for autovacuum to take away. What
comes and goes all the time, as jobs do, must take no more room with the hours; what grows must take no more room a
row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk_store import PostgresqlStore

if TYPE_CHECKING:
    from soaking.house import House
    from soaking.samples import Sample

MB = 1_048_576
QUEUE = "procrastinate_"  # its tables hold what waits and what is being done, which is no more after an hour
MOST_GROWTH = 1.5
"""Of a table of the queue, and of the bytes a row of any other. What leaks at a steady rate has grown by 2.5
between the minutes 12 and 30."""
ROOM = 1.0  # MB that no growth is seen in: eight kB pages of a table with three rows
# What autovacuum leaves, as PostgreSQL is installed: autovacuum_vacuum_threshold, autovacuum_vacuum_scale_factor
# and autovacuum_naptime in https://www.postgresql.org/docs/15/runtime-config-autovacuum.html
_THRESHOLD, _SCALE, _NAPTIME = 50, 0.2, 60.0
_NAPS = 3.0  # one to come round, one to be done on a busy machine, and one as our looks fall
_SHOWN = 1.0  # MB: smaller ones are not shown, but for those that are always
ALWAYS = ("feeds", "deliveries")
_ALL = """
    SELECT relname, n_live_tup, n_dead_tup, n_tup_upd, n_tup_hot_upd, n_tup_upd + n_tup_del, vacuums,
        heap / 1048576.0, indexes / 1048576.0
    FROM (SELECT *, autovacuum_count vacuums, pg_table_size(relid) heap, pg_indexes_size(relid) indexes
        FROM pg_stat_user_tables) each_one
"""
_EXACTLY = """
    SELECT tuple_len / 1048576.0, dead_tuple_len / 1048576.0, free_space / 1048576.0 FROM pgstattuple(?)
"""


@dataclass(frozen=True, slots=True)
class Table:
    """One look at a table: rows and dead ones as the server counts them, sizes in MB. `left` are row versions that
    updates and deletions left behind so far, `hot` the updates that touched no index, `vacuums` those by
    autovacuum."""

    rows: int
    dead: int
    updates: int
    hot: int
    left: int
    vacuums: int
    heap: float
    indexes: float

    @property
    def size(self) -> float:
        """With its indexes, and with its long values."""
        return self.heap + self.indexes


def tables_of(house: House) -> dict[str, Table]:
    """All tables by name; none of a SQLite store."""
    if not isinstance(house.kept, PostgresqlStore):
        return {}
    return {name: Table(*map(int, counts[:6]), *map(float, counts[6:])) for name, *counts in house.ask(_ALL)}


def within(house: House, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """What stands in these tables by reading them whole, in MB: rows, dead ones, free room. Needs pgstattuple."""
    import psycopg  # not every machine has it

    found = {}
    with suppress(psycopg.Error):  # a server without the extension, or a user who may not
        house.write_store("CREATE EXTENSION IF NOT EXISTS pgstattuple")
        for name in names:
            rows, dead, free = map(float, house.ask(_EXACTLY, name)[0])
            found[name] = {"rows": rows, "dead": dead, "free": free}
    return found


def shown(last: Mapping[str, Table]) -> list[str]:
    """The tables worth a line: the largest first, behind those of the queue."""
    names = [name for name, one in last.items() if name.startswith(QUEUE) or name in ALWAYS or one.size >= _SHOWN]
    return sorted(names, key=lambda name: (not name.startswith(QUEUE), -last[name].size))


def table_complaints(looks: Sequence[Sample]) -> Iterator[str]:
    """Where a table takes more room with the time than what it holds explains; `looks` are those after warm-up."""
    first, last = looks[0], looks[-1]
    for name, now in last.tables.items():
        before = first.tables.get(name)
        if before is None:
            continue
        most = MOST_GROWTH * _expected(name, before, now) + ROOM
        if now.size > most:
            sizes = f"from {before.size:.1f} to {now.size:.1f} MB"
            yield f"table {name} went {sizes}; {most:.1f} MB at most is bounded"
        left = (now.left - before.left) / max(1.0, last.at - first.at)
        allowed = _THRESHOLD + _SCALE * now.rows + _NAPS * _NAPTIME * left
        dead = max(one.tables[name].dead for one in looks if name in one.tables)
        if dead > allowed:
            yield f"table {name} had {dead:,} dead rows; autovacuum should leave {allowed:,.0f} at most"


def _expected(name: str, before: Table, now: Table) -> float:
    """MB with nothing more behind than before: as many a row, and of the queue just as many."""
    if name.startswith(QUEUE):
        return before.size
    return before.size * max(1.0, now.rows / max(1, before.rows))
