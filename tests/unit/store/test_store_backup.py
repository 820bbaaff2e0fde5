"""Backups: the state of one moment while a daemon writes, whole or not there, checked before they are put back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from made import NOON, feed_settings, new_entry
from postgres_server import postgres_server, with_programs
from stored import grouped, matched, poll

from monitor.adapters.store.backup import back_up, restore
from monitor.adapters.store.sql import SqlStore
from monitor.model.errors import StoreBusy, StoreMissing, StoreNewer, StoreUnusable

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))]


def quiet(_done: int, _total: int) -> None:
    """No progress is shown."""


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    kind = getattr(request, "param", "sqlite")
    return f"sqlite:///{tmp_path / 'monitor.db'}" if kind == "sqlite" else postgres_server().fresh_database()


both = pytest.mark.parametrize("url", KINDS, indirect=True)


def filled(url: str, *ids: str) -> SqlStore:
    """An open store with a match for each id."""
    store = SqlStore(url)
    store.feeds.sync([feed_settings()], NOON)
    for one in ids:
        matched(store, grouped(store, store.feeds.all()[0], one), "morning")
    return store


def titles(url: str) -> list[str]:
    store = SqlStore(url)
    try:
        return [match.article.url_key for match in store.digests.pending("morning")]
    finally:
        store.close()


def put_back(url: str, copy: Path, tmp_path: Path) -> str:
    return restore(url, copy, tmp_path / "aside.db", pid=os.getpid(), progress=quiet, environment=with_programs())


@both
def test_a_backup_put_back_is_the_store_as_it_was(url: str, tmp_path: Path) -> None:
    filled(url, "e1", "e2").close()
    before = titles(url)
    size = back_up(url, tmp_path / "copy", quiet, with_programs())
    assert size == (tmp_path / "copy").stat().st_size > 0
    store = SqlStore(url)
    matched(store, grouped(store, store.feeds.all()[0], "e3"), "morning")
    store.close()
    assert len(titles(url)) == 3
    put_back(url, tmp_path / "copy", tmp_path)
    assert titles(url) == before


@both
def test_a_backup_while_another_process_writes_is_the_state_of_one_moment(url: str, tmp_path: Path) -> None:
    store = filled(url, *(f"e{n}" for n in range(40)))
    feed = store.feeds.all()[0]
    stopping, written = threading.Event(), [0]

    def write() -> None:
        # Two rows in one transaction: a copy has both or none.
        while not stopping.is_set():
            number = written[0]
            poll(store, feed, new_entry(f"a{number}"), new_entry(f"b{number}"))
            written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    copies = [tmp_path / f"copy-{n}" for n in range(3)]
    for copy in copies:
        back_up(url, copy, quiet, with_programs())
    stopping.set()
    writer.join()
    assert written[0]
    store.close()
    for copy in copies:
        put_back(url, copy, tmp_path)
        found = SqlStore(url)
        with found._db.read() as connection:
            count = "SELECT count(*) FROM entries WHERE entry_id LIKE '{}%'"
            firsts, seconds = (connection.execute(sa.text(count.format(letter))).scalar_one() for letter in "ab")
        found.close()
        assert firsts == seconds


def test_progress_counts_up_to_the_whole(url: str, tmp_path: Path) -> None:
    filled(url, "e1").close()
    said: list[tuple[int, int]] = []
    back_up(url, tmp_path / "copy", lambda done, total: said.append((done, total)), with_programs())
    assert said[-1][0] == said[-1][1] > 0


def test_a_file_that_is_there_is_never_overwritten(url: str, tmp_path: Path) -> None:
    filled(url, "e1").close()
    (tmp_path / "copy").write_text("precious")
    with pytest.raises(StoreUnusable, match="is there already"):
        back_up(url, tmp_path / "copy", quiet, with_programs())
    assert (tmp_path / "copy").read_text() == "precious"
    assert not list(tmp_path.glob(".copy*"))


def test_a_folder_that_is_not_there_is_named(url: str, tmp_path: Path) -> None:
    filled(url, "e1").close()
    with pytest.raises(StoreUnusable, match="nowhere"):
        back_up(url, tmp_path / "nowhere" / "copy", quiet, with_programs())


def test_what_was_there_is_moved_aside_with_all_that_was_only_in_its_log(url: str, tmp_path: Path) -> None:
    filled(url, "e1").close()
    back_up(url, tmp_path / "copy", quiet, with_programs())
    lived_on = SqlStore(url)
    matched(lived_on, grouped(lived_on, lived_on.feeds.all()[0], "e2"), "morning")
    # As after kill -9: the last write is in the log beside the file only.
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for file in tmp_path.glob("monitor.db*"):
        shutil.copy(file, crashed / file.name)
    lived_on.close()
    assert (crashed / "monitor.db-wal").stat().st_size
    put_back(f"sqlite:///{crashed / 'monitor.db'}", tmp_path / "copy", tmp_path)
    assert len(titles(f"sqlite:///{crashed / 'monitor.db'}")) == 1
    assert len(titles(f"sqlite:///{tmp_path / 'aside.db'}")) == 2


@both
def test_a_store_that_a_daemon_holds_is_not_replaced(url: str, tmp_path: Path) -> None:
    filled(url, "e1").close()
    back_up(url, tmp_path / "copy", quiet, with_programs())
    daemon = SqlStore(url, hold=4711)
    with pytest.raises(StoreBusy, match="4711"):
        put_back(url, tmp_path / "copy", tmp_path)
    daemon.close()


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def scribbled(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[8192:12288] = b"\xff" * 4096
    file.write_bytes(content)


def of_another_program(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")


def of_text(file: Path) -> None:
    file.write_text("Dear diary, this is no database at all, and has never been one.\n" * 50)


def of_the_future(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


@pytest.mark.parametrize("harm", [cut, scribbled, of_another_program, of_text, of_the_future])
def test_a_file_that_is_no_sound_backup_is_refused_before_anything_is_touched(
    url: str, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    filled(url, "e1", "e2").close()
    back_up(url, tmp_path / "copy", quiet, with_programs())
    harm(tmp_path / "copy")
    before = (tmp_path / "monitor.db").read_bytes()
    with pytest.raises((StoreUnusable, StoreNewer), match="copy: "):
        put_back(url, tmp_path / "copy", tmp_path)
    assert (tmp_path / "monitor.db").read_bytes() == before
    assert not (tmp_path / "aside.db").exists()


@pytest.mark.needs("postgresql")
def test_a_file_that_is_no_dump_leaves_a_postgresql_store_as_it_is(tmp_path: Path) -> None:
    url = postgres_server().fresh_database()
    filled(url, "e1").close()
    of_text(tmp_path / "copy")
    with pytest.raises(StoreUnusable):
        put_back(url, tmp_path / "copy", tmp_path)
    assert len(titles(url)) == 1


def test_a_backup_that_is_not_there_is_named(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match="nothing-here"):
        put_back(url, tmp_path / "nothing-here", tmp_path)


def test_a_backup_can_be_restored_where_there_was_no_store(url: str, tmp_path: Path) -> None:
    filled(url, "e1").close()
    back_up(url, tmp_path / "copy", quiet, with_programs())
    (tmp_path / "elsewhere").mkdir()
    other = f"sqlite:///{tmp_path / 'elsewhere' / 'monitor.db'}"
    put_back(other, tmp_path / "copy", tmp_path)
    assert titles(other) == titles(url)


@pytest.mark.needs("postgresql")
def test_the_password_of_a_postgresql_store_is_no_argument_of_a_program(tmp_path: Path) -> None:
    url = postgres_server().fresh_database().replace("monitor@", "monitor:battery-staple@")
    filled(url, "e1").close()
    shown = tmp_path / "arguments"
    (tmp_path / "bin").mkdir()
    spy = tmp_path / "bin" / "pg_dump"
    spy.write_text(f'#!/bin/sh\necho "$@" > {shown}\necho "$PGPASSWORD" >> {shown}.environment\nexit 1\n')
    spy.chmod(0o755)
    with pytest.raises(StoreUnusable) as caught:
        back_up(url, tmp_path / "copy", quiet, {"PATH": str(tmp_path / "bin")})
    assert "battery-staple" not in shown.read_text() + str(caught.value)
    assert (tmp_path / "arguments.environment").read_text().strip() == "battery-staple"


@pytest.mark.parametrize("old", [0o600, 0o640])
def test_store_and_backup_are_read_by_their_owner_alone(tmp_path: Path, old: int) -> None:
    """They hold addresses of readers, and the key that signs their links."""
    url = f"sqlite:///{tmp_path / 'monitor.db'}"
    umask = os.umask(0o022)
    try:
        store = filled(url, "a")
        made = [one for one in tmp_path.iterdir() if one.name.startswith("monitor.db")]
        assert {one.name for one in made} >= {"monitor.db", "monitor.db-wal"}
        assert {one.stat().st_mode & 0o777 for one in made} == {0o600}
        back_up(url, tmp_path / "copy.db", quiet, {})
        assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
        store.close()
        (tmp_path / "monitor.db").chmod(old)  # somebody's own choice
        restore(url, tmp_path / "copy.db", tmp_path / "aside.db", pid=1, progress=quiet, environment={})
        assert (tmp_path / "monitor.db").stat().st_mode & 0o777 == old
    finally:
        os.umask(umask)
