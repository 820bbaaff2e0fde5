"""What the columns of all tables are made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """Aware datetimes in UTC; SQLite, which has no time zones, keeps them naive and sortable as text."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; refuses naive values, whose meaning nobody knows."""
        return None if value is None else _in_utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Back to an aware datetime in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """On SQLite one step instead of three: a first poll writes a hundred times."""
        return _sqlite_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Back in one step as well: a page reads thousands."""
        return _sqlite_moment if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a naive datetime cannot be stored")
    return value.astimezone(UTC)


@lru_cache(256)
def _sqlite_text(value: datetime | None) -> str | None:
    """As SQLAlchemy itself writes a naive datetime into SQLite; most of a transaction are one time, its own."""
    return None if value is None else _in_utc(value).replace(tzinfo=None).isoformat(" ", "microseconds")


def _sqlite_moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


# On PostgreSQL an Integer ends at 2³¹, which a large desk reaches in some years; on SQLite it has 64 bits.
RowId = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
# A signed 64-bit hash.
Hash = sa.BigInteger()
# Compared by range: the order of code points, which a database made with another locale does not keep by itself.
Ordered = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


class _WithoutNul(sa.types.TypeDecorator[str]):
    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """PostgreSQL keeps no NUL in a text: it becomes U+FFFD."""
        return None if value is None else value.replace("\0", "\ufffd")


# Text that may hold what strangers sent.
AnyText = sa.Text().with_variant(_WithoutNul(), "postgresql")


def row_id() -> sa.Column[int]:
    """The primary key of a table whose rows are numbered."""
    return sa.Column("id", RowId, primary_key=True, autoincrement=True)


def only(condition: str) -> dict[str, Any]:
    """For an index over the rows alone for which this SQL holds."""
    where = sa.text(condition)
    return {"sqlite_where": where, "postgresql_where": where}
