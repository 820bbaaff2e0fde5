"""A full disk, or a damaged full-text index: no article is lost, and no search misses one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from made import NOON, feed_settings, new_article, new_entry
from newsroom import file_store
from stored import poll
from waiting import index_what_waits, unindexed

from monitor.adapters.store.archive import unindex
from monitor.adapters.store.sql import SqlStore
from monitor.app.search import catch_up
from monitor.model.entry import Entry
from monitor.model.errors import StoreUnusable
from monitor.model.required import Word

LONG = " ".join(f"word{number}" for number in range(4_000))


def pages(store: SqlStore, most: int | None = None) -> int:
    """How many pages the file has; with `most` it may have no more from now on."""
    with store._db.write() as connection:
        if most is not None:
            connection.execute(sa.text(f"PRAGMA max_page_count = {most}"))
        return int(connection.execute(sa.text("PRAGMA page_count")).scalar_one())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """A store of sixty entries that wait to be read."""
    opened = file_store(tmp_path / "monitor.db")
    opened.feeds.sync([feed_settings()], NOON)
    poll(opened, opened.feeds.all()[0], *(new_entry(f"e{number}") for number in range(60)))
    yield opened
    opened.close()


def read(store: SqlStore, entry: Entry, text: str) -> None:
    store.articles.record_read(new_article(entry.row, feed_id=entry.feed_id, text=text))


def test_on_a_full_disk_no_entry_counts_as_read_without_its_article(store: SqlStore) -> None:
    refused = stored = 0
    lost = (
        "SELECT count(*) FROM entries WHERE fate = 'read' AND id NOT IN (SELECT entry_row FROM articles)"
        " UNION ALL SELECT count(*) FROM articles JOIN entries e ON e.id = entry_row WHERE e.fate != 'read'"
    )
    for room, entry in enumerate(store.articles.waiting(NOON, 30)):
        pages(store, pages(store) + room)
        try:
            read(store, entry, LONG)
            stored += 1
        except StoreUnusable as error:
            refused += "disk is full" in str(error)
        with store._db.read() as connection:
            assert [row[0] for row in connection.execute(sa.text(lost))] == [0, 0], f"{room} pages of room"
    assert refused + stored == 30
    assert refused > 5
    assert stored > 1
    pages(store, 1_000_000)
    index_what_waits(store.archive)
    assert len(store.archive.candidates(None)) == stored
    assert unindexed(store.archive) == []


@pytest.mark.parametrize("pages_hit", ["id = 10", "id > 10"], ids=["the list of segments", "the segments"])
def test_a_damaged_index_takes_nothing_keeps_nothing_back_and_is_mended(store: SqlStore, pages_hit: str) -> None:
    def text(entry: Entry) -> str:
        return " ".join(f"word{number}" for number in range(entry.row, entry.row + 500))

    entries = store.articles.waiting(NOON, 60)
    for entry in entries[:20]:
        read(store, entry, text(entry))
    with store._db.write() as connection:
        statement = f"UPDATE article_index_data SET block = x'ffffffffffffffffffff' WHERE {pages_hit}"
        assert connection.execute(sa.text(statement)).rowcount
    for entry in entries[20:]:  # enough of them to let FTS5 merge segments
        read(store, entry, text(entry))
    assert store.articles.waiting(NOON, 60) == []
    assert store.archive.count() == 60
    lone = Word(f"word{entries[0].row}")
    assert len(store.archive.candidates(lone)) == 60
    catch_up(store.archive, lambda done, of: None)
    assert unindexed(store.archive) == []
    assert len(store.archive.candidates(lone)) == 1


def test_catching_up_mends_a_damaged_index_before_it_is_asked(store: SqlStore) -> None:
    first, second, *_ = store.articles.waiting(NOON, 60)
    read(store, first, "Torkham")
    with store._db.write() as connection:
        connection.execute(sa.text("UPDATE article_index_data SET block = x'ff' WHERE id = 10"))
    read(store, second, "Kabul")
    assert store.archive.waiting() == 1
    catch_up(store.archive, lambda done, of: None)
    assert unindexed(store.archive) == []
    assert len(store.archive.candidates(Word("kabul"))) == 1


def test_a_text_goes_though_the_index_is_damaged(store: SqlStore) -> None:
    first, second, *_ = store.articles.waiting(NOON, 60)
    read(store, first, "Torkham")
    read(store, second, "Torkham")
    gone, kept = sorted(store.archive.candidates(None))
    with store._db.write() as connection:
        connection.execute(sa.text("UPDATE article_index_data SET block = x'ff' WHERE id = 10"))
    store.close()
    again = SqlStore(store.name)  # FTS5 remembers the list as long as it is connected
    with again._db.write() as connection:
        unindex(connection, [gone])
    assert unindexed(again.archive) == [kept]
    assert list(again.archive.candidates(Word("torkham"))) == [kept]
    again.close()
