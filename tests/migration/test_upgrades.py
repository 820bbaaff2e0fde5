"""Stores of every earlier schema, with what real daemons put in, are upgraded and go on where they were."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from newsroom import Newsroom, digest_settings, item, rss
from schema_differences import schema_differences
from waiting import unindexed

from monitor.adapters.store.full_text import INDEX
from monitor.adapters.store.migrate import current
from monitor.adapters.store.sql import SqlStore
from monitor.adapters.store.tables import SCHEMA
from monitor.core.text.urls import canonical_url
from monitor.model.delivery import ChannelKind, DeliveryState, EmailEndpoint, FileEndpoint, Receiver
from monitor.model.digest import Cron, MessageFormat
from monitor.model.entry import Fate
from monitor.model.errors import StoreOlder
from monitor.model.feed import FeedSettings
from monitor.model.required import Word
from monitor.testing import FakeClock, RecordingChannel

DUMPS = sorted((Path(__file__).parents[1] / "data" / "stores").glob("*.sql"))
FEED = "http://127.0.0.1:18099/feed.xml"
LATER = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
RULES = """
[entities.torkham]
name = "Torkham"
type = "place"
aliases = ["طورخم"]

[[rules]]
id = "torkham-closed"
title = "Torkham crossing closed"
query = 'SENTENCE(@torkham AND (closed OR closure OR بند))'
tags = ["border"]
severity = "high"

[[rules]]
id = "floods"
title = "Floods"
query = 'flood*'
"""


@pytest.fixture(params=DUMPS, ids=lambda path: path.stem)
def dump(request: pytest.FixtureRequest) -> Path:
    """What an earlier version left."""
    assert isinstance(request.param, Path)
    return request.param


def laid(dump: Path, file: Path) -> Path:
    """The file, with what the dump says."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # as the daemon left it; a dump does not say
        connection.executescript(dump.read_text(encoding="utf-8"))
    return file


@cache
def upgraded(dump: Path) -> bytes:
    """The file of the dump after its upgrade, which takes longer than most tests."""
    with TemporaryDirectory() as folder:
        file = laid(dump, Path(folder, "monitor.db"))
        SqlStore(f"sqlite:///{file}").close()
        return file.read_bytes()


@pytest.fixture
def old(dump: Path, tmp_path: Path) -> Path:
    """A database file as an earlier version left it."""
    return laid(dump, tmp_path / "monitor.db")


@pytest.fixture
def store(dump: Path, tmp_path: Path) -> Iterator[SqlStore]:
    """The same, upgraded."""
    file = tmp_path / "monitor.db"
    file.write_bytes(upgraded(dump))
    opened = SqlStore(f"sqlite:///{file}")
    yield opened
    opened.close()


@pytest.fixture
def room(store: SqlStore) -> Newsroom:
    """The desk that the old daemon worked for, some days later."""
    return Newsroom(
        store=store,
        clock=FakeClock(LATER),
        rules=RULES,
        feeds=(FeedSettings(FEED, tags=("border",)),),
        digests=(
            digest_settings("alerts", to=("archive", "desk")),
            digest_settings("morning", to=("archive",), schedule=Cron("0 8 1 1 *"), timezone="Asia/Kabul"),
        ),
        receivers=(
            Receiver("archive", (FileEndpoint("digests", MessageFormat.JSON),)),
            Receiver("desk", (EmailEndpoint(("desk@example.org",)),)),
        ),
    )


def rows(file: Path) -> dict[str, int]:
    with closing(sqlite3.connect(file)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in names
            if name != INDEX  # cannot be gone through
        }


def named(url: str) -> tuple[str, str]:
    """An address as `monitor why` asks for it: by the key that this version makes of it."""
    return url, canonical_url(url)


def as_it_was_listed() -> bytes:
    """The feed as the old daemon last read it."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(DUMPS[-1].read_text(encoding="utf-8"))
        words = connection.execute(
            "SELECT entry_id, title, summary, link, published FROM entries"
            " WHERE id NOT IN (SELECT revision_of FROM entries WHERE revision_of IS NOT NULL) ORDER BY id"
        ).fetchall()
    items = (
        item(name, title, summary, link=link, published=datetime.fromisoformat(published).replace(tzinfo=UTC))
        for name, title, summary, link, published in words
    )
    return rss(*items, title="Border news")


def test_there_is_a_store_of_every_form_a_released_schema_had() -> None:
    assert [path.stem for path in DUMPS] == ["0001-a", "0001-b", "0001-c", "0001-d"]


def test_a_question_does_not_change_an_old_store_and_says_how_to_upgrade_it(old: Path) -> None:
    before = old.read_bytes()
    with pytest.raises(StoreOlder, match="monitor db upgrade"):
        SqlStore(f"sqlite:///{old}", ask_only=True)
    assert old.read_bytes() == before


def test_an_upgraded_store_has_todays_schema_and_every_row(old: Path) -> None:
    before = rows(old)
    store = SqlStore(f"sqlite:///{old}")
    assert current(store._db) == SCHEMA
    assert schema_differences(store._db, defaults=False) == []
    store.close()
    after = rows(old)
    before.pop("alerted")  # what it said follows from the other tables
    assert {name: after[name] for name in before} == before
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_what_an_upgraded_store_knows_does_not_alert_again(room: Newsroom) -> None:
    room.fetcher.answers[FEED] = as_it_was_listed()
    before = room.number("SELECT count(*) FROM entries")
    room.store.feeds.make_all_due(room.clock.now())
    (report,) = room.poll()
    assert (report.entries, report.waiting, report.revised) == (5, 0, 0)
    assert room.number("SELECT count(*) FROM entries") == before
    assert not room.read()
    assert not [plan for plan in room.plan() if plan.digest == "alerts"]


def test_matches_that_waited_before_the_upgrade_are_told(room: Newsroom) -> None:
    (plan,) = (plan for plan in room.plan(close_all=True) if plan.digest == "morning")
    rules = sorted(rule for digest, rule, _ in room.alerts() if digest == "morning")
    assert rules == ["floods", "torkham-closed", "torkham-closed", "torkham-closed"]
    assert len(plan.planned) == 4  # type: ignore[union-attr]  # a Plan, since nothing failed


def test_messages_that_waited_before_the_upgrade_are_delivered_unchanged(room: Newsroom) -> None:
    waiting = {one.new.key: one.new.message for one in room.store.ledger.deliveries(state=DeliveryState.WAITING)}
    assert waiting
    assert all(report.failure is None for report in room.deliver())
    mail = room.channels["desk", ChannelKind.EMAIL]
    assert isinstance(mail, RecordingChannel)
    assert {key: message for message, _, key in mail.sent} == waiting


def test_the_ledger_of_an_upgraded_store_still_says_why(room: Newsroom) -> None:
    (fate,) = room.store.ledger.fates("http://127.0.0.1:18099/closed.html", "https://127.0.0.1:18099/closed.html")
    assert fate.matches[0].match.new.because == '"Torkham" and "closed" in one sentence'
    assert {one.digest for one in fate.matches[0].routings} == {"alerts", "morning"}
    (old,) = room.store.ledger.fates(*named("http://127.0.0.1:18099/old-1.html"))
    assert old.entry.fate is Fate.SEEN_AT_SUBSCRIBE


def test_the_articles_of_an_upgraded_store_are_found_before_and_after_they_are_indexed(store: SqlStore) -> None:
    def titles() -> list[str]:
        found = store.archive.articles(store.archive.candidates(Word("torkham")))
        return sorted(one.title for one in found if "Torkham" in f"{one.title} {one.text}")

    waiting = unindexed(store.archive)
    before = titles()
    assert before
    assert len(waiting) == len(store.archive.candidates(Word("nowhere"))) == store.archive.count()
    store.archive.index(waiting)
    assert titles() == before
    assert store.archive.waiting() == 0
    assert not store.archive.candidates(Word("nowhere"))


def test_a_new_sentence_in_an_entry_that_the_old_version_knew_alerts(room: Newsroom) -> None:
    listed = as_it_was_listed().replace(b"It rained all night.", b"Flood water rose at noon. It rained all night.")
    room.fetcher.answers[FEED] = listed
    room.store.feeds.make_all_due(room.clock.now())
    room.poll()
    room.read()
    room.group()
    room.match()
    room.plan()
    assert [rule for digest, rule, _ in room.alerts() if digest == "alerts"][-1] == "floods"


def test_what_an_upgraded_store_reads_from_now_on_has_a_detected_language(room: Newsroom) -> None:
    summary = "طورخم بارڈر فائرنگ کے بعد بند کر دیا گیا۔ سینکڑوں ٹرک قطار میں کھڑے ہیں۔"
    new = item("new", "طورخم بارڈر بند", summary, link="http://127.0.0.1:18099/new.html", published=LATER)
    room.fetcher.answers[FEED] = rss(new, title="Border news", more="<language>en</language>")
    room.store.feeds.make_all_due(room.clock.now())
    room.poll()
    room.read()
    (fate,) = room.store.ledger.fates(*named("http://127.0.0.1:18099/new.html"))
    assert fate.article is not None
    assert fate.article.language == "ur"
    assert (fate.article.language_confidence or 0) > 0.9


def test_whoever_opens_an_old_store_is_told_before_the_migration_and_of_a_new_or_current_one_nothing(
    old: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    for file in (old, old, tmp_path / "new.db"):
        SqlStore(f"sqlite:///{file}", upgrading=lambda: told.append("it may take a while")).close()
    assert len(told) == 1
