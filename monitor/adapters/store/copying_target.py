"""The database that a store is copied to, from its beginning to its end."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from monitor.adapters.store import archive
from monitor.adapters.store.checkup import broken_references
from monitor.adapters.store.database import Database
from monitor.adapters.store.migrate import UNFINISHED, expect_current, make_file, migrate, noted_version
from monitor.adapters.store.tables import SCHEMA, metadata
from monitor.model.errors import StoreUnusable

_SOURCE, _SCHEMA = "the source", "the schema"  # in the progress, beside the names of tables

_notes = sa.MetaData()
progress = sa.Table(
    "copy_progress",
    _notes,
    sa.Column("part", sa.Text, primary_key=True),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("last", sa.Text, nullable=False),
)
_version = sa.table("alembic_version", sa.column("version_num", sa.Text))


def begin(source: Database, target: Database) -> bool:
    """Makes the target ready and marks it as unfinished, in one transaction; says whether it was already.

    Raises StoreUnusable for a target that holds anything else.
    """
    make_file(target)
    found = noted_version(target)
    if found == UNFINISHED:
        _expect_copy_of(source, target)
        return True
    if found is not None:
        expect_current(target)
    with target.write() as connection:
        _expect_utf8(target, connection)
        if found is None:
            migrate(connection)
        _expect_empty(target, connection)
        for constraint in _foreign_keys(connection):
            connection.execute(sa.schema.DropConstraint(constraint))
        progress.create(connection)
        note(connection, _SOURCE, 0, source.name)
        note(connection, _SCHEMA, 0, SCHEMA)
        connection.execute(_version.update().values(version_num=UNFINISHED))
    return False


def _expect_copy_of(source: Database, target: Database) -> None:
    with target.read() as connection:
        noted = {row.part: row.last for row in connection.execute(sa.select(progress))}
    if noted[_SOURCE] != source.name:
        other = noted[_SOURCE]
        why = f"holds an unfinished copy of another store, {other}; finish that one, or name an empty database"
        raise StoreUnusable(target.name, why)
    if noted[_SCHEMA] != SCHEMA:
        why = f"holds a copy that another version began (schema {noted[_SCHEMA]}); name an empty database"
        raise StoreUnusable(target.name, why)


def _expect_utf8(target: Database, connection: Connection) -> None:
    if target.sqlite:
        return
    encoding = connection.execute(sa.text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        why = f"keeps its texts in {encoding}, not UTF-8: createdb --encoding UTF8 makes another"
        raise StoreUnusable(target.name, why)


def _expect_empty(target: Database, connection: Connection) -> None:
    held = [
        table.name
        for table in metadata.sorted_tables
        if connection.execute(sa.select(sa.select(sa.literal(1)).select_from(table).exists())).scalar_one()
    ]
    if held:
        named = ", ".join(held[:3]) + (" …" if len(held) > 3 else "")
        why = f"is not empty, it has rows in {named}; copying needs a database without a store in it"
        raise StoreUnusable(target.name, why)


def begin_anew(target: Database) -> None:
    """Empties a copy that is not finished."""
    with target.write() as connection:
        archive.clear(connection)
        for table in (*archive.index_metadata.sorted_tables, *reversed(metadata.sorted_tables)):
            connection.execute(table.delete())
        connection.execute(progress.delete().where(progress.c.part.not_in((_SOURCE, _SCHEMA))))


def finish(target: Database) -> None:
    """References hold, numbers go on after the copied ones, and the target is a store like any other."""
    try:
        with target.write() as connection:
            if target.sqlite:
                if found := next(broken_references(connection), None):
                    raise StoreUnusable(target.name, f"{found.table} has {found.what}")
            else:
                for constraint in _foreign_keys(connection):
                    connection.execute(sa.schema.AddConstraint(constraint, isolate_from_table=False))
                _set_sequences(connection)
            progress.drop(connection)
            connection.execute(_version.update().values(version_num=SCHEMA))
            connection.execute(sa.text("ANALYZE"))  # else the first questions are planned for empty tables
    except IntegrityError as error:
        raise StoreUnusable(target.name, f"the references do not hold: {first_line(error)}") from error


def _foreign_keys(connection: Connection) -> Iterator[sa.ForeignKeyConstraint]:
    """Those of all tables, where they can be dropped and added."""
    if connection.dialect.name == "postgresql":
        for table in metadata.sorted_tables:
            yield from table.foreign_key_constraints


def _set_sequences(connection: Connection) -> None:
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        name = f"pg_get_serial_sequence('\"{table.name}\"', '{column.name}')" if column is not None else ""
        if column is not None and connection.execute(sa.text(f"SELECT {name}")).scalar() is not None:
            highest = sa.select(sa.func.max(column)).scalar_subquery()
            query = sa.select(sa.func.setval(sa.text(name), highest)).where(highest.is_not(None))
            connection.execute(query)


def note(connection: Connection, part: str, rows: int, last: str) -> None:
    """Notes how far a table is: its rows that were copied, and the key of the last."""
    connection.execute(progress.delete().where(progress.c.part == part))
    connection.execute(progress.insert().values(part=part, rows=rows, last=last))


def first_line(error: IntegrityError) -> str:
    """What the database said, without the row."""
    return str(error.orig).splitlines()[0]
