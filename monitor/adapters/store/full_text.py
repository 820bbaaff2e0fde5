"""The full-text index, where SQLite (FTS5) and PostgreSQL (tsvector) differ: which articles hold which terms.

It knows terms and article ids only, neither positions nor texts: what it finds is read and evaluated exactly. Made
by the migrations, and in no `MetaData`: who copies tables leaves it behind, and a copy is indexed anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from itertools import filterfalse

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection

from monitor.adapters.store.prepared import Prepared
from monitor.model.required import AllOf, AnyOf, Prefix, Required, Word

INDEX = "article_index"
"""The index: a virtual table on SQLite (with shadow tables `article_index_…`), a table on PostgreSQL."""

MOST_BYTES = 500_000
"""Terms of one article, together. PostgreSQL takes 1 MB; 20,000 words that people wrote never come near."""

_PIECE = 500  # pages merged in one transaction: 2 MB, so that no writer waits long
_LONGEST = 100  # characters of a term that count: PostgreSQL takes 2,046 bytes
# Whatever FTS5's tokenizer would cut at becomes a character of the private use area; so does no character at all.
_SPELLING = {code: 0xE000 + code for code in range(0x80) if not chr(code).isalnum()}
_NOTHING = "\ue0ff"

_FTS5 = sa.table(
    INDEX,
    sa.column("rowid", sa.Integer),
    sa.column("tokens", sa.Text),
    sa.column(INDEX, sa.Text),  # takes commands and queries
    sa.column("rank", sa.Integer),  # takes the numbers of commands
)
_TSVECTORS = sa.table(INDEX, sa.column("id", sa.BigInteger), sa.column("tokens", postgresql.TSVECTOR))
_TERMS = sa.bindparam("terms", type_=postgresql.ARRAY(sa.Text))
_FTS5_ROW = Prepared(sa.insert(_FTS5))


def spelled(term: str) -> str:
    """A term as it stands in the index and in what is asked of it: one piece for every tokenizer, and bounded."""
    if term.isalnum() and len(term) <= _LONGEST:
        return term
    return term[:_LONGEST].translate(_SPELLING) or _NOTHING


def _all_spelled(terms: Collection[str]) -> list[str]:
    """Each as it is `spelled`, sorted; nearly all are as they are."""
    if max(map(len, terms), default=0) > _LONGEST:
        return sorted(map(spelled, terms))
    return sorted([*filter(str.isalnum, terms), *map(spelled, filterfalse(str.isalnum, terms))])


def add(connection: Connection, terms: Mapping[int, Collection[str]]) -> None:
    """Adds articles, by id. On SQLite one that is there already is then found by its old terms, too."""
    if not terms:
        return
    if _is_postgresql(connection):
        rows = [{"id": one, "terms": _all_spelled(found)} for one, found in terms.items()]
        connection.execute(_tsvector_row(), rows)
    else:
        _FTS5_ROW.each(connection, [{"rowid": one, "tokens": line} for one, line in _lines(terms)])


@cache
def _tsvector_row() -> sa.Insert:
    insert = postgresql.insert(_TSVECTORS)
    statement = insert.values(id=sa.bindparam("id"), tokens=sa.func.array_to_tsvector(_TERMS))
    # Another search may have indexed it a moment ago.
    return statement.on_conflict_do_update(index_elements=["id"], set_={"tokens": insert.excluded.tokens})


def remove(connection: Connection, terms: Mapping[int, Collection[str]]) -> None:
    """Takes articles out; FTS5 must be told the very terms that were added."""
    if not terms:
        return
    if _is_postgresql(connection):
        connection.execute(_TSVECTORS.delete().where(_TSVECTORS.c.id.in_(sorted(terms))))
    else:
        rows = [{INDEX: "delete", "rowid": one, "tokens": line} for one, line in _lines(terms)]
        connection.execute(_FTS5.insert(), rows)


def clear(connection: Connection) -> None:
    """Empties the index at once."""
    if _is_postgresql(connection):
        connection.execute(_TSVECTORS.delete())
    else:
        connection.execute(_FTS5.insert().values({INDEX: "delete-all"}))


def merge(connection: Connection, *, begin: bool) -> bool:
    """Writes a piece of the index anew, without what was taken out; says whether there is more to do.

    Until then FTS5 keeps the terms of what was taken out, beside the note that they are void. `begin` with the
    first piece. PostgreSQL keeps none.
    """
    if _is_postgresql(connection):
        return False
    raw = connection.connection.dbapi_connection
    before = getattr(raw, "total_changes", 0)
    pages = -_PIECE if begin else _PIECE
    connection.execute(_FTS5.insert().values({INDEX: "merge", "rank": pages}))
    # The FTS5 manual, "The 'merge' Command": fewer than two changes mean that nothing was left to merge.
    return int(getattr(raw, "total_changes", 0)) - int(before) >= 2


def holding(connection: Connection, required: Required, within: tuple[int, int] | None = None) -> sa.Select[int]:
    """The ids of the indexed articles that hold what is required, those from the first to the second id."""
    if required == AnyOf(()):
        return sa.select(sa.literal(0)).where(sa.false())
    if _is_postgresql(connection):
        asked = sa.cast(sa.literal(_tsquery(required), sa.Text), postgresql.TSQUERY)
        id_, holds = _TSVECTORS.c.id, _TSVECTORS.c.tokens.bool_op("@@")(asked)
    else:
        id_, holds = _FTS5.c.rowid, _FTS5.c[INDEX].bool_op("MATCH")(_fts5(required))
    return sa.select(id_).where(holds, *([] if within is None else [id_.between(*within)]))


def _is_postgresql(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def _lines(terms: Mapping[int, Collection[str]]) -> Iterator[tuple[int, str]]:
    """What FTS5 is told of each article. It begins a new segment whenever ids do not ascend."""
    for one in sorted(terms):
        yield one, " ".join(_all_spelled(terms[one]))


def _fts5(required: Required) -> str:
    match required:
        case Word(term):
            return f'"{spelled(term)}"'
        case Prefix(start):
            return f'"{spelled(start)}" *'
        case AllOf(parts):
            return "(" + " AND ".join(map(_fts5, parts)) + ")"
        case AnyOf(parts):
            return "(" + " OR ".join(map(_fts5, parts)) + ")"


def _tsquery(required: Required) -> str:
    match required:
        case Word(term):
            return f"'{spelled(term)}'"
        case Prefix(start):
            return f"'{spelled(start)}':*"
        case AllOf(parts):
            return "(" + " & ".join(map(_tsquery, parts)) + ")"
        case AnyOf(parts):
            return "(" + " | ".join(map(_tsquery, parts)) + ")"
