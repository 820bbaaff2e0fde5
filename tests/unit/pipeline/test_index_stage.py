"""index: what waits goes into the full-text index in pieces, newest first, and then all rests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from archived import fill, index_as_older
from made import NOON
from newsroom import fresh_store
from query_plans import plans_of
from watched import Watched

from monitor.adapters.store import archive as module
from monitor.adapters.store.sql import SqlStore
from monitor.model.ledger import ArchivePlace
from monitor.model.required import Word
from monitor.pipeline.index import LOOK_EVERY, PIECE, IndexStage
from monitor.testing import FakeClock

MANY = 2 * PIECE + 5


def behind(articles: int = MANY) -> SqlStore:
    store = fresh_store()
    fill(store, articles)
    return store


def never() -> bool:
    return False


def run(stage: IndexStage) -> list[tuple[int, int]]:
    return [(report.articles, report.left) for report in stage.run(never)]


def test_what_waits_is_counted_and_then_indexed_in_pieces() -> None:
    store = behind()
    assert run(IndexStage(store.archive, FakeClock(NOON))) == [
        (0, MANY),
        (PIECE, MANY - PIECE),
        (PIECE, 5),
        (5, 0),
    ]
    assert store.archive.waiting() == 0
    assert len(store.archive.candidates(Word("needle"))) == 1


def test_the_newest_come_first() -> None:
    store = behind()
    taken: list[Sequence[int]] = []

    def index(ids: Sequence[int]) -> int:
        taken.append(ids)
        return store.archive.index(ids)

    run(IndexStage(Watched(store.archive, index=index), FakeClock(NOON)))
    ids = [one for piece in taken for one in piece]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == MANY


def test_an_index_of_another_analyser_is_emptied_once_and_what_was_added_since_waits_again() -> None:
    store = behind()
    index_as_older(store)
    store.archive.index([])
    assert [report for report in run(IndexStage(store.archive, FakeClock(NOON))) if report[0] == 0] == [(0, MANY)]
    assert store.archive.waiting() == 0


def test_a_run_that_has_to_stop_ends_after_its_piece_and_the_next_goes_on() -> None:
    store = behind()
    stage = IndexStage(store.archive, FakeClock(NOON))
    reports = []
    for report in stage.run(lambda: len(reports) == 2):
        reports.append(report.articles)
    assert reports == [0, PIECE]
    assert store.archive.waiting() == MANY - PIECE
    run(stage)
    assert store.archive.waiting() == 0


def test_once_all_is_indexed_nothing_is_asked_for_ten_minutes() -> None:
    store = behind(3)
    clock = FakeClock(NOON)
    counted = 0

    def waiting() -> int:
        nonlocal counted
        counted += 1
        return store.archive.waiting()

    stage = IndexStage(Watched(store.archive, waiting=waiting), clock)
    run(stage)
    asked = counted
    clock.advance(LOOK_EVERY - timedelta(seconds=1))
    assert run(stage) == []
    assert counted == asked
    with store._db.write() as connection:
        module.clear(connection)
    clock.advance(timedelta(seconds=1))
    assert run(stage) == [(0, 3), (3, 0)]


def test_what_cannot_be_indexed_is_tried_once_a_look() -> None:
    store = behind(3)
    tried = 0

    def index(ids: Sequence[int]) -> int:
        nonlocal tried
        tried += 1
        return 0

    stage = IndexStage(Watched(store.archive, index=index), FakeClock(NOON))
    assert run(stage) == [(0, 3), (0, 3)]
    assert run(stage) == []
    assert tried == 1


def test_pages_of_many_articles_of_one_moment_leave_none_out(monkeypatch) -> None:
    monkeypatch.setattr(module, "_LOOKED", 7)
    store = behind()
    with store._db.write() as connection:
        connection.execute(module.t.articles.update().values(first_seen=NOON))
    run(IndexStage(store.archive, FakeClock(NOON)))
    assert store.archive.waiting() == 0


def test_a_look_goes_along_the_index_by_time_and_reads_no_article() -> None:
    """The words of SQLite's planner: at a million articles anything else would be felt."""
    store = behind()
    place = ArchivePlace(NOON, 5)
    steps = plans_of(store, lambda: (store.archive.unindexed(place), store.archive.waiting()))
    articles = [step for step in steps if "articles" in step and "indexed_articles" not in step]
    assert len(articles) == 2
    assert all("USING COVERING INDEX ix_articles_first_seen" in step for step in articles)
    assert any(step.startswith("SEARCH articles") and "first_seen<?" in step for step in articles)
