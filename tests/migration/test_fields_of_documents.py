"""0005: stores of the schema before go on, and what nobody noted then is not made up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from made import NOON
from postgres_server import postgres_server
from schema_differences import schema_differences

from monitor.adapters.store.database import Database
from monitor.adapters.store.migrate import alembic_config, current
from monitor.adapters.store.sql import SqlStore
from monitor.adapters.store.tables import SCHEMA, metadata
from monitor.model.ledger import EntryFate
from monitor.pipeline.match import document_of

LINK = "https://news.example/e1"
_FEED = {
    "declared_url": "https://news.example/feed", "url": "https://news.example/feed", "name": "News",
    "tags": ["border"], "full_text": False, "backfill_seconds": 0.0, "origin": "config", "status": "active",
    "subscribed_at": NOON, "next_poll_at": NOON,
}  # fmt: skip
_ENTRY = {
    "identity": "i", "entry_id": "e1", "id_hash": "h", "url_key": LINK, "link": LINK, "title": "Torkham closed",
    "summary": "It was closed.", "content": "", "authors": ["Riaz Khan"], "language": "en", "flags": [],
    "text_hash": "t", "words_only": False, "first_seen": NOON, "fate": "read", "next_read_at": NOON,
}  # fmt: skip
_ARTICLE = {
    "feed_name": "News", "feed_tags": ["border"], "url": LINK, "url_key": LINK, "title": "Torkham closed",
    "text": "It was closed.", "summary": "", "publisher": "News", "quality": "feed", "content_hash": "c",
    "first_seen": NOON, "language": "en", "authors": [], "dropped": [], "page_key": "", "stage": "matched",
    "entities": [{"name": "Torkham", "type": "place", "id": "torkham"}, {"name": "AP", "type": "org", "id": None}],
    "story_id": "s_1", "ruleset": "v1",
}  # fmt: skip
_EXPLANATION = {"node": "torkham", "holds": True, "spans": [], "children": [], "note": ""}
_MATCH = {
    "rule_id": "torkham-closed", "rule_version": "abcd1234", "spans": [], "explanation": _EXPLANATION,
    "because": '"Torkham"', "sentences": [], "news": True, "matched_at": NOON,
    "rule": {"id": "torkham-closed", "title": "Torkham", "query": "torkham", "version": "abcd1234",
             "severity": "high"},
}  # fmt: skip


def bring_to(database: Database, version: str) -> None:
    config = alembic_config()
    with database.write() as connection:
        config.attributes.update(connection=connection, metadata=metadata)
        command.upgrade(config, version)


def insert(connection: sa.Connection, table: str, **values: Any) -> int:
    """A row of only those columns that the table had then."""
    columns = [column for column in metadata.tables[table].columns if column.name in values]
    then = sa.table(table, *(sa.column(column.name, column.type) for column in columns))
    connection.execute(then.insert().values(**values))
    return int(connection.execute(sa.text(f"SELECT max(id) FROM {table}")).scalar_one())


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    """A store that the version before wrote an article and its match into, upgraded."""
    url = f"sqlite:///{tmp_path / 'm.db'}" if request.param == "sqlite" else postgres_server().fresh_database()
    database = Database(url)
    bring_to(database, "0004")
    with database.write() as connection:
        feed = insert(connection, "feeds", **_FEED)
        entry = insert(connection, "entries", feed_id=feed, **_ENTRY)
        article = insert(connection, "articles", entry_row=entry, feed_id=feed, **_ARTICLE)
        insert(connection, "matches", article_id=article, **_MATCH)
    assert current(database) == "0004"
    database.close()
    opened = SqlStore(url)
    yield opened
    opened.close()


def the_fate(store: SqlStore) -> EntryFate:
    (fate,) = store.ledger.fates(LINK, LINK)
    return fate


def test_an_upgraded_store_has_todays_schema(store: SqlStore) -> None:
    assert current(store._db) == SCHEMA
    assert schema_differences(store._db) == []


def test_an_article_of_before_is_in_the_language_that_was_stated_and_in_no_section(store: SqlStore) -> None:
    article = the_fate(store).article
    assert article is not None
    assert (article.language, article.language_confidence, article.section) == ("en", None, "")
    document = document_of(article)
    assert (document.language, document.section, document.tags) == ("en", "", ("border",))
    assert [mention.name for mention in document.names] == ["AP"]


def test_an_entry_of_before_has_no_section_and_no_tags(store: SqlStore) -> None:
    parsed = the_fate(store).entry.parsed
    assert (parsed.language, parsed.section, parsed.tags) == ("en", "", ())


def test_a_match_of_before_does_not_say_which_analyser_it_was_found_with(store: SqlStore) -> None:
    (kept,) = the_fate(store).matches
    assert kept.match.new.analyser_version is None
    (listed,) = store.ledger.matches(NOON)
    assert (listed.rule_version, listed.analyser_version) == ("abcd1234", None)
