"""What is different on PostgreSQL: who holds the store, servers that go away, letters it does not keep."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from made import NOON, decision, feed_settings, new_article, new_entry
from newsroom import Newsroom, fresh_postgresql_store, item
from postgres_server import PostgresServer, postgres_server
from query_plans import asked_by
from stored import LEASE, grouped, plan, poll, read_articles, record_poll

from monitor.adapters.store import tables as t
from monitor.adapters.store.holder import DatabaseHolder
from monitor.adapters.store.migrate import upgrade
from monitor.adapters.store.sql import SqlStore
from monitor.model.errors import StoreBusy, StoreMissing, StoreUnusable
from monitor.model.feed import Pause
from monitor.model.required import Word

ADDRESS = "https://news.example/e1"

pytestmark = pytest.mark.needs("postgresql")


@pytest.fixture
def url() -> str:
    return postgres_server().fresh_database()


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that may be stopped."""
    server = PostgresServer()
    yield server
    server.remove()


# ---- one daemon


def test_a_second_daemon_is_refused_with_the_pid_of_the_first(url: str) -> None:
    first = SqlStore(url, hold=4711)
    assert first.held
    assert first.holder() == 4711
    with pytest.raises(StoreBusy, match="4711"):
        SqlStore(url, hold=4712)
    first.close()
    SqlStore(url, hold=4712).close()


def test_a_store_that_nobody_holds_says_so(url: str) -> None:
    store = SqlStore(url)
    assert not store.held
    assert store.holder() is None
    store.close()


def test_questions_are_answered_beside_a_daemon(url: str) -> None:
    daemon = SqlStore(url, hold=4711)
    asking = SqlStore(url, ask_only=True)
    assert asking.holder() == 4711
    assert asking.feeds.all() == []
    asking.close()
    daemon.close()


def test_daemons_of_two_databases_of_one_server_do_not_hinder_each_other(url: str) -> None:
    first, second = SqlStore(url, hold=1), SqlStore(postgres_server().fresh_database(), hold=2)
    assert (first.holder(), second.holder()) == (1, 2)
    first.close()
    second.close()


def test_a_daemon_that_lost_its_hold_takes_it_again(
    own_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqlStore(own_server.fresh_database(), hold=4711)
    store.feeds.sync([feed_settings()], NOON)
    own_server.stop()
    monkeypatch.setattr("monitor.adapters.store.holder._ASK_AGAIN", 0.0)
    with pytest.raises(StoreUnusable):
        store.feeds.sync([], NOON)
    own_server.start()
    store.feeds.sync([feed_settings("https://other.example/feed")], NOON)
    assert store.holder() == 4711
    store.close()


def test_a_daemon_whose_store_another_has_taken_writes_no_more(
    own_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = own_server.fresh_database()
    slow = SqlStore(url, hold=4711)
    own_server.stop()
    own_server.start()
    quick = SqlStore(url, hold=4712)
    monkeypatch.setattr("monitor.adapters.store.holder._ASK_AGAIN", 0.0)
    with pytest.raises(StoreBusy, match="4712"):
        slow.feeds.sync([feed_settings()], NOON)
    assert quick.feeds.all() == []
    slow.close()
    quick.close()


# ---- servers


def test_a_server_that_is_away_is_named_in_one_line_without_the_password() -> None:
    with pytest.raises(StoreUnusable) as caught:
        SqlStore("postgresql+psycopg://desk:battery-staple@127.0.0.1:9/monitor")
    assert str(caught.value) == (
        "postgresql+psycopg://desk:***@127.0.0.1:9/monitor: nobody answers at this address; is the server running?"
    )


def test_a_database_that_is_not_there_is_named(url: str) -> None:
    with pytest.raises(StoreUnusable, match='database "nowhere" does not exist'):
        SqlStore(url.rpartition("/")[0] + "/nowhere")


def test_a_user_that_is_not_there_is_named(url: str) -> None:
    with pytest.raises(StoreUnusable, match='role "stranger" does not exist'):
        SqlStore(url.replace("monitor@", "stranger@"))


def test_the_store_works_again_when_its_server_is_back(own_server: PostgresServer) -> None:
    store = SqlStore(own_server.fresh_database())
    store.feeds.sync([feed_settings()], NOON)
    own_server.stop()
    with pytest.raises(StoreUnusable):
        store.feeds.all()
    own_server.start()
    assert len(store.feeds.all()) == 1
    store.close()


def test_an_empty_database_is_no_store_yet(url: str) -> None:
    with pytest.raises(StoreMissing, match="no store yet"):
        SqlStore(url, ask_only=True)


def test_two_processes_may_make_the_store_at_the_same_time(url: str) -> None:
    opened: list[SqlStore] = []
    threads = [threading.Thread(target=lambda: opened.append(SqlStore(url))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 4
    for store in opened:
        store.close()


# ---- what PostgreSQL knows otherwise


def test_a_character_that_postgresql_cannot_keep_does_not_lose_an_entry() -> None:
    store = fresh_postgresql_store()
    store.feeds.sync([feed_settings()], NOON)
    poll(store, store.feeds.all()[0], new_entry("e1", "Torkham\0closed", summary="a\0b"))
    (entry,) = store.articles.waiting(NOON, 10)
    assert (entry.new.parsed.title, entry.new.parsed.summary) == ("Torkham\ufffdclosed", "a\ufffdb")
    store.articles.record_read(new_article(entry.row, "Torkham\0closed", authors=("A\0B",)))
    assert read_articles(store)


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_batches_are_found_in_the_order_of_code_points_whatever_the_locale(locale: str) -> None:
    store = SqlStore(postgres_server().fresh_database(locale))
    for batch in ("s_1#1", "s_1#2", "s_10#1", "s_1$1"):
        store.digests.record_plan(plan(store, batch=batch, deliveries=0), NOON)
    assert store.digests.last_batch("morning", "s_1") == 2
    with store._db.read() as connection:
        collation = sa.text(
            "SELECT collation_name FROM information_schema.columns"
            " WHERE table_name = 'batches' AND column_name = 'batch'"
        )
        assert connection.execute(collation).scalar_one() == "C"
    store.close()


def plan_of(store: SqlStore, statement: str, values: Any) -> str:
    """How the server would answer, about tables of which it knows nothing yet.

    Once it has looked at empty ones any index is as good as another, and when it looks is its own affair.
    """
    with store._db.engine.begin() as connection:
        connection.exec_driver_sql("TRUNCATE feeds CASCADE")
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values))


def test_the_ids_of_a_span_are_looked_for_along_its_time() -> None:
    """By the ids themselves the first of a week is found behind all articles of the years before it."""
    store = fresh_postgresql_store()
    asked = asked_by(store, lambda: store.archive.candidates(Word("torkham"), NOON))
    statement, values = next(one for one in asked if "min(" in one[0])
    plan = plan_of(store, statement, values)
    assert "pk_articles" not in plan
    assert "first_seen" in plan


@pytest.mark.parametrize(
    ("ask", "said", "wanted", "unwanted"),
    [
        (
            lambda store: store.ledger.fates(ADDRESS, ADDRESS),
            "FROM entries",
            "ix_entries_url_key",
            "Filter: ((url",
        ),
        (
            lambda store: store.stories.elsewhere("s_1", ["a", "b"], ["en"], NOON, NOON),
            "AS names",
            "ix_articles_first_seen",
            "pk_articles",
        ),
        (
            lambda store: store.digests.told("morning", ["s_1"]),
            "drafted_at",
            "digest = 'morning'",
            "|| ''",  # of an expression the planner takes next to nothing, and begins there
        ),
    ],
    ids=["why", "stories elsewhere", "what was told"],
)
def test_what_pages_ask_is_looked_up_along_an_index_and_not_among_all(
    ask: Callable[[SqlStore], object], said: str, wanted: str, unwanted: str
) -> None:
    store = fresh_postgresql_store()
    statement, values = next(one for one in asked_by(store, lambda: ask(store)) if said in one[0])
    plan = plan_of(store, statement, values)
    assert wanted in plan, plan
    assert unwanted not in plan, plan


def test_feeds_are_paused_in_the_order_in_which_polls_are_recorded(url: str) -> None:
    """Two transactions that wait for each other's feeds are an error for one of them."""
    store = SqlStore(url, hold=4711)
    with store._db.write() as connection:  # as they lie, which of few is quicker
        name = connection.execute(sa.text("SELECT current_database()")).scalar_one()
        for way in ("indexscan", "bitmapscan"):
            connection.execute(sa.text(f"ALTER DATABASE {name} SET enable_{way} = off"))
    store.close()
    store = SqlStore(url, hold=4711)
    store.feeds.sync([feed_settings(f"https://{name}.example/feed") for name in "ab"], NOON)
    begin, pausing, done = threading.Barrier(2), Pause("anna", NOON), []

    def pause() -> None:
        begin.wait()
        done.extend(store.feed_book.pause([2, 1], pausing))

    with store._db.write() as connection:
        # Its row then lies behind the other.
        connection.execute(t.feeds.update().where(t.feeds.c.id == 1).values(failures=1))
    with store._db.write() as connection:
        thread = threading.Thread(target=pause)
        thread.start()
        connection.execute(t.feeds.update().where(t.feeds.c.id == 1).values(failures=2))
        begin.wait()
        assert any(connection.execute(_WAITS).scalar_one() for _ in range(100_000))
        connection.execute(t.feeds.update().where(t.feeds.c.id == 2).values(failures=2))
    thread.join()
    assert done == [1, 2]
    store.close()


_WAITS = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")


def test_two_threads_never_claim_the_same_feed(url: str) -> None:
    store = SqlStore(url)
    store.feeds.sync([feed_settings(f"https://{n}.example/feed") for n in range(200)], NOON)
    store.feeds.make_all_due(NOON)  # so many new ones are due one after the other
    claimed: list[int] = []
    start = threading.Barrier(4)

    def claim() -> None:
        start.wait()
        while found := store.feeds.claim_due(NOON, LEASE, 7):
            claimed.extend(feed.id for feed in found)

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(set(claimed))
    assert len(claimed) == 200
    store.close()


def test_the_whole_pipeline_alerts_once_on_postgresql() -> None:
    room = Newsroom(store=fresh_postgresql_store())
    room.bring_in(item(), item("e2", "طورخم بند", "Torkham closed: طورخم بند ہے۔"))
    room.plan()
    assert all(report.failure is None for report in room.deliver())
    room.bring_in(item(), item("e2", "طورخم بند", "Torkham closed: طورخم بند ہے۔"))
    assert not room.plan()
    assert len(room.alerts()) == 2
    assert [one.matches[0].match.new.rule.id for one in room.fates("e2")] == ["torkham-closed"]


def test_the_size_of_the_store_is_known(url: str) -> None:
    store = SqlStore(url)
    assert (store.size() or 0) > 1_000_000
    store.close()


def test_a_second_upgrade_finds_nothing_to_do(url: str) -> None:
    store = SqlStore(url)
    assert upgrade(store._db) == upgrade(store._db)
    store.close()


def test_a_hold_is_given_back_by_a_holder_that_could_not_take_it(url: str) -> None:
    first = SqlStore(url, hold=1)
    for _ in range(20):  # more often than the pool has connections
        with pytest.raises(StoreBusy):
            DatabaseHolder(first._db).hold(2)
    first.close()


@pytest.mark.parametrize("what", ["claimed", "given out", "taken", "recorded"])
def test_who_groups_articles_of_a_feed_holds_up_nobody_who_polls_it(what: str) -> None:
    """A row that is changed twice in a transaction has its foreign keys looked up, which holds the feed's own row:
    polls waited for that, were passed over, or waited in a circle."""
    store = fresh_postgresql_store()
    store.feeds.sync([feed_settings()], NOON)
    (feed,) = store.feeds.all()
    article = grouped(store, feed)
    store.feeds.make_all_due(NOON)
    acts: dict[str, Callable[[], object]] = {
        "claimed": lambda: store.feeds.claim_due(NOON, LEASE, 10),
        "given out": lambda: store.dispatched.dispatch(NOON, LEASE, LEASE, 10, lambda _, feeds: {feed.id}),
        "taken": lambda: store.given.take([feed.id], NOON, LEASE),
        "recorded": lambda: [record_poll(store, feed, decision(NOON), [new_entry("e2")], now=NOON)],
    }
    found: list[object] = []
    acting = threading.Thread(target=lambda: found.append(acts[what]()), daemon=True)
    with store._db.write() as connection:
        for note in ("once", "twice"):
            connection.execute(t.articles.update().values(note=note))
        acting.start()
        acting.join(10)
        assert found, "it waits"
    assert found[0], "it was passed over"
    assert article.feed_id == feed.id
