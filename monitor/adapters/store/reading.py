"""Pages that are asked again, and what the pages of a host carried, in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from monitor.adapters.store import tables as t
from monitor.adapters.store.archive import add, index_terms
from monitor.adapters.store.database import Database
from monitor.adapters.store.grouping import take_grouping_lock
from monitor.adapters.store.identities import identity_of
from monitor.adapters.store.likeness import drop_points_of, drop_prints
from monitor.adapters.store.rows import FEED_OF_ENTRY, article_columns, entry_of
from monitor.adapters.store.shares import ALL, DatabaseShares, Undivided, ours_to_read
from monitor.adapters.store.upsert import insert_new
from monitor.model.article import NewArticle, Quality
from monitor.model.entry import Entry, Fate
from monitor.model.reading import GivenAtLast, Remembered, Reread, RereadState, Witness
from monitor.model.retention import GoneReason

MOST_WITNESSES = 20  # for one key of one host: three are enough, and some have titles that are alike
MOST_PARTS = 2_000  # rows of one host: some two hundred pages, beside what more than one of them carries
WALL = "a wall: the same text stood under other addresses of this host"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_p, _r, _a, _e = t.page_parts.c, t.rereads.c, t.articles.c, t.entries.c
_IN_FORCE = sa.select(t.rulesets.c.version).order_by(t.rulesets.c.loaded_at.desc(), t.rulesets.c.version).limit(1)
_JUDGED = sa.and_(_a.stage == "matched", _a.ruleset == _IN_FORCE.scalar_subquery())
_WITNESSES = (
    sa.select(
        _p.key,
        _p.entry_row,
        _a.url_key,
        _a.title,
        _a.quality,
        _a.first_seen,
        sa.func.coalesce(_JUDGED, sa.false()),
    )
    .join(t.articles, _a.entry_row == _p.entry_row)
    .where(
        _p.host == sa.bindparam("host"),
        _p.key.in_(sa.bindparam("keys", expanding=True)),
        _p.day >= sa.bindparam("day"),
        sa.or_(_a.text_gone.is_(None), ~_a.text_gone.startswith(GoneReason.FORGOTTEN.value, autoescape=True)),
    )
    .order_by(_p.entry_row.desc())
)
_PART = sa.and_(_p.host == sa.bindparam("of_host"), _p.key == sa.bindparam("with_key"))
_MOST = sa.select(_p.entry_row).where(_PART).order_by(_p.entry_row.desc()).offset(MOST_WITNESSES).limit(1)
_TRIM = t.page_parts.delete().where(_PART, _p.entry_row <= _MOST.scalar_subquery())
_OPEN = t.rereads.update().where(_r.entry_row == sa.bindparam("entry"), _r.state == RereadState.WAITING.value)
_ONE_MORE = _OPEN.values(tries=_r.tries + 1)
_REVISED = sa.select(_e.id).where(_e.revision_of == sa.bindparam("entry")).limit(1)


class SqlReadingMemory:
    """`ports.ReadingMemory` over `rereads` and `page_parts`."""

    def __init__(self, database: Database, shares: DatabaseShares | Undivided = ALL) -> None:
        self._db = database
        self._shares = shares

    def witnesses(self, host: int, keys: Sequence[int], since: datetime) -> Sequence[Witness]:
        """Earlier pages of the host that carried something with one of the keys, newest first."""
        with self._db.read() as connection:
            rows = connection.execute(_WITNESSES, {"host": host, "keys": list(keys), "day": _day(since)})
            return [
                Witness(key, row, url_key, title, Quality(quality), first_seen, bool(judged))
                for key, row, url_key, title, quality, first_seen, judged in rows
            ]

    def rereads(
        self, now: datetime, limit: int, besides: Collection[int] = (), besides_feeds: Collection[int] = ()
    ) -> Sequence[Entry]:
        """Entries whose page is to be asked again and whose time has come, oldest first."""
        query = (
            sa.select(t.entries, _r.tries, *FEED_OF_ENTRY)
            .join(t.rereads, _r.entry_row == _e.id)
            .join(t.feeds, t.feeds.c.id == _e.feed_id)
            .where(_r.state == RereadState.WAITING.value, _r.next_at <= now)
            .order_by(_r.next_at, _r.entry_row)
            .limit(limit)
        )
        if besides:
            query = query.where(_e.id.not_in(sorted(besides)))
        if besides_feeds:
            query = query.where(_e.feed_id.not_in(sorted(besides_feeds)))
        with self._db.read() as connection:
            return [
                replace(entry_of(row), rereads=row["tries"])
                for row in ours_to_read(connection, "again", query, self._shares, besides)
            ]

    def record_reread(self, article: NewArticle, remembered: Remembered) -> GivenAtLast | None:
        """A page that gave its text at last, as a revision of the entry that `article` names."""
        row = article.entry_row
        terms = index_terms(article.title, article.summary, article.text)
        with self._db.write() as connection:
            lock_for(connection, remembered)
            if connection.execute(_REVISED, {"entry": row}).first() is not None:
                done = connection.execute(_ONE_MORE, {"entry": row, "state": RereadState.SUPERSEDED.value})
                return GivenAtLast(RereadState.SUPERSEDED) if done.rowcount else None
            done = connection.execute(_ONE_MORE, {"entry": row, "state": RereadState.FOUND.value})
            if not done.rowcount:
                return None
            revision = _revise(connection, row, remembered.at)
            connection.execute(t.rereads.update().where(_r.entry_row == row).values(result=revision))
            new = replace(article, entry_row=revision, first_seen=remembered.at)
            made = connection.execute(t.articles.insert().values(article_columns(new)).returning(_a.id))
            article_id = made.scalar_one()
            add(connection, {article_id: terms})
            remember(connection, revision, remembered)
        return GivenAtLast(RereadState.FOUND, revision, article_id)

    def record_failed_reread(
        self, row: int, why: str, then: datetime | RereadState, remembered: Remembered | None = None
    ) -> None:
        """Counts a failed try; the page is asked again at that time, or no more."""
        now = {"state": then.value} if isinstance(then, RereadState) else {"next_at": then}
        with self._db.write() as connection:
            lock_for(connection, remembered)
            done = connection.execute(_ONE_MORE, {"entry": row, "why": why, **now})
            if done.rowcount and remembered is not None:
                remember(connection, row, remembered)


def lock_for(connection: Connection, remembered: Remembered | None) -> None:
    """Called before any row is touched: who finds a wall takes articles out of their stories."""
    if remembered is not None and remembered.walls:
        take_grouping_lock(connection)


def remember(connection: Connection, row: int, remembered: Remembered) -> None:
    """What reading the page of an entry leaves behind, within the transaction that stores its article.

    After `lock_for` in the same transaction.
    """
    parts = [
        {"host": remembered.host, "key": key, "entry_row": row, "day": _day(remembered.at)}
        for key in remembered.keys
    ]
    if insert_new(connection, t.page_parts, *parts):
        connection.execute(
            _TRIM, [{"of_host": remembered.host, "with_key": key} for key in sorted(remembered.keys)]
        )
    if remembered.reread is not None:
        _ask_again(connection, [row], remembered.reread, remembered)
    if remembered.walls:
        _ask_again(connection, remembered.walls, WALL, remembered)
        note = sa.case((_a.note.is_(None), WALL), else_=_a.note + f"; {WALL}")
        full = sa.select(_a.id).where(_a.entry_row.in_(remembered.walls), _a.quality == Quality.FULL.value)
        marked = list(connection.execute(full).scalars())
        values = {"quality": Quality.STUB.value, "note": note, "content_hash": ""}
        connection.execute(t.articles.update().where(_a.id.in_(marked)).values(values))
        # The words of a wall are nobody's: nothing is like them any more, and they stand for no story.
        drop_points_of(connection, marked)
        drop_prints(connection, marked)


def reread_of(connection: Connection, row: int) -> tuple[Reread | None, bool]:
    """What is kept of asking the page of an entry again, and whether the entry came of that."""
    found = connection.execute(sa.select(t.rereads).where(_r.entry_row == row)).mappings().first()
    came = connection.execute(sa.select(_r.entry_row).where(_r.result == row)).first() is not None
    return (_reread(found) if found is not None else None), came


def parts_to_prune(before: datetime) -> sa.Select[Any]:
    """What pages carried before then; of hosts with more than their share the oldest that stands alone.

    What two pages carried stays: it may be of the frame that every page of the host carries.
    """
    busy = sa.select(_p.host).group_by(_p.host).having(sa.func.count() > MOST_PARTS)
    rank = sa.func.row_number().over(partition_by=_p.host, order_by=_p.entry_row.desc())
    ranked = sa.select(_p.host, _p.key, _p.entry_row, rank.label("rank")).where(_p.host.in_(busy)).subquery()
    r = ranked.c
    beyond = sa.select(r.host, r.key, r.entry_row).where(r.rank > MOST_PARTS)
    other = t.page_parts.alias()
    again = sa.select(other.c.key).where(
        other.c.host == _p.host, other.c.key == _p.key, other.c.entry_row != _p.entry_row
    )
    alone = sa.and_(sa.tuple_(_p.host, _p.key, _p.entry_row).in_(beyond), ~again.correlate(t.page_parts).exists())
    return sa.select(_p.host, _p.key, _p.entry_row).where(sa.or_(_p.day < _day(before), alone))


def forget_pages(connection: Connection, entries: Sequence[int]) -> None:
    """Nothing of these pages is remembered, and none is asked again."""
    connection.execute(t.page_parts.delete().where(_p.entry_row.in_(entries)))
    connection.execute(t.rereads.update().where(_r.result.in_(entries)).values(result=None))
    connection.execute(t.rereads.delete().where(_r.entry_row.in_(entries)))


def _ask_again(connection: Connection, entries: Sequence[int], why: str, remembered: Remembered) -> None:
    assert remembered.again_at is not None, "whoever asks again says when"
    values = {
        "state": RereadState.WAITING.value,
        "why": why,
        "since": remembered.at,
        "next_at": remembered.again_at,
    }
    insert_new(connection, t.rereads, *({"entry_row": row, **values} for row in entries))


def _revise(connection: Connection, row: int, now: datetime) -> int:
    """The same entry once more, as a revision of itself."""
    before = connection.execute(sa.select(t.entries).where(_e.id == row)).mappings().one()
    values: dict[str, Any] = {name: value for name, value in before.items() if name != "id"}
    values |= {
        "identity": identity_of(before["entry_id"], before["url_key"], before["text_hash"], row),
        "revision_of": row,
        "first_seen": now,
        "fate": Fate.READ.value,
        "next_read_at": now,
    }
    made: int = connection.execute(t.entries.insert().values(values).returning(_e.id)).scalar_one()
    return made


def _reread(row: RowMapping | Mapping[str, Any]) -> Reread:
    return Reread(RereadState(row["state"]), row["why"], row["since"], row["next_at"], row["tries"], row["result"])


def _day(moment: datetime) -> int:
    return (moment - _EPOCH).days
