"""Empties texts where they lie: articles, the feeds' own words, what matches quote, messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.archive import unindex
from monitor.adapters.store.rows import EXPLANATION, MESSAGE, gone_text
from monitor.model.digest import Message
from monitor.model.retention import Gone
from monitor.model.rule import Explanation


def drop_texts(connection: Connection, articles: Sequence[int], gone: Gone) -> None:
    """Main text, summary and what was left out of it, and the words of the feed behind it."""
    a = t.articles.c
    unindex(connection, articles)
    values = {"text": "", "summary": "", "dropped": [], "text_gone": gone_text(gone)}
    connection.execute(t.articles.update().where(a.id.in_(articles)).values(values))
    entries = list(connection.execute(sa.select(a.entry_row).where(a.id.in_(articles))).scalars())
    drop_words(connection, t.entries.c.id, entries, gone)


def drop_words(connection: Connection, column: sa.Column[int], values: Sequence[int], gone: Gone) -> None:
    """Summary and content of entries, as the feed gave them."""
    connection.execute(
        t.entries.update().where(column.in_(values)).values(summary="", content="", text_gone=gone_text(gone))
    )


def drop_names(connection: Connection, articles: Sequence[int], **more: Any) -> None:
    """Authors, names found in the text, and the matched words; `more` are further columns of the matches.

    What a rule was, its reason on one line and the hashes of its sentences and names stay: they say whether a
    later wording is news.
    """
    a, m = t.articles.c, t.matches.c
    connection.execute(t.articles.update().where(a.id.in_(articles)).values(authors=[], entities=[]))
    entries = sa.select(a.entry_row).where(a.id.in_(articles))
    connection.execute(t.entries.update().where(t.entries.c.id.in_(entries)).values(authors=[]))
    for row in connection.execute(sa.select(m.id, m.explanation).where(m.article_id.in_(articles))).all():
        root = EXPLANATION.validate_python(row.explanation)
        short = EXPLANATION.dump_python(Explanation(root.node, root.holds), mode="json")
        gone = {"spans": [], "explanation": short, "figures": None, **more}
        connection.execute(t.matches.update().where(m.id == row.id).values(gone))


def drop_messages(
    connection: Connection, deliveries: Sequence[int], gone: Gone, subject: str | None = None
) -> None:
    """The words of messages; with `subject` that instead of their own."""
    d = t.deliveries.c
    for row in connection.execute(sa.select(d.id, d.message).where(d.id.in_(deliveries))).all():
        message = MESSAGE.validate_python(row.message)
        if message.gone is not None and message.gone.reason is gone.reason:
            continue
        kept = Message(
            format=message.format,
            subject=message.subject if subject is None else subject,
            text="",
            date=message.date,
            part=message.part,
            parts=message.parts,
            gone=gone,
        )
        connection.execute(
            t.deliveries.update().where(d.id == row.id).values(message=MESSAGE.dump_python(kept, mode="json"))
        )
