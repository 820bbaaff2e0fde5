"""The archive over every kind of store: its index names candidates, and never hides an article."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from made import NOON, feed_settings, new_article, new_entry
from newsroom import fresh_postgresql_store
from rule_samples import ruleset_of
from stored import grouped, poll, read_articles
from waiting import index_what_waits, unindexed

from monitor.adapters.store import archive as module
from monitor.adapters.store import tables as t
from monitor.adapters.store.archive import indexed_articles, unindex
from monitor.adapters.store.rows import gone_text
from monitor.adapters.store.sql import SqlStore
from monitor.core.rules.required import DEEPEST, MOST_TERMS
from monitor.model.article import Article
from monitor.model.feed import Feed
from monitor.model.required import AllOf, AnyOf, Prefix, Required, Word
from monitor.model.retention import Gone, GoneReason
from monitor.model.rule import Match
from monitor.pipeline.index import index_all
from monitor.pipeline.match import document_of

HOUR = timedelta(hours=1)
DROPPED = gone_text(Gone(GoneReason.RETENTION, NOON))


@pytest.fixture
def put(store: SqlStore, feed: Feed) -> Callable[..., Article]:
    """Stores an article as the stages do."""
    number = 0

    def store_one(text: str = "The crossing.", title: str = "", **more: object) -> Article:
        nonlocal number
        number += 1
        return grouped(store, feed, f"e{number}", title=title, text=text, **more)

    return store_one


def found(store: SqlStore, required: Required | None, **more: object) -> list[int]:
    return list(store.archive.candidates(required, **more))  # type: ignore[arg-type]  # since and until


def forget_index(store: SqlStore) -> None:
    """Leaves the store as one whose articles are older than the index."""
    with store._db.write() as connection:
        module.clear(connection)


def outdate(store: SqlStore) -> None:
    """Lets the index be that of another analyser."""
    with store._db.write() as connection:
        connection.execute(indexed_articles.update().values(analyser="0/9.0.0"))


def drop(store: SqlStore, *rows: int) -> None:
    """Empties texts, as retention does."""
    with store._db.write() as connection:
        unindex(connection, rows)
        connection.execute(t.articles.update().where(t.articles.c.id.in_(rows)).values(text="", text_gone=DROPPED))


# ---- candidates


def test_an_article_is_a_candidate_for_the_words_of_its_title_summary_and_text_at_once(store, put):
    one = put("The crossing.", title="Torkham closed", summary="Trucks wait.")
    put("Rain in Kabul.")
    for word in ("torkham", "closed", "trucks", "crossing"):
        assert found(store, Word(word)) == [one.id]
    assert found(store, Word("cros")) == []
    assert found(store, Prefix("cros")) == [one.id]
    assert found(store, Word("nowhere")) == []


@pytest.mark.parametrize(
    "text",
    [
        "طورخم",
        "پاکستانی",
        "पाकिस्तान",
        "塔利班",
        "ตาลีบัน",
        "3.5",
        "o'neill",
        "6,000",
        "a_b",
        "⒈",
        "(⑴)",
        "ـ",
        "½",
        "ⅷ",
        "'",
    ],
)
def test_words_of_every_script_and_sign_are_found_as_the_rules_read_them(store, put, text):
    one = put(f"before {text} behind")
    put("before and behind")
    for term in module.terms_of([text]):
        assert found(store, Word(term)) == [one.id], term
        if len(term) > 2:
            assert found(store, Prefix(term[:3])) == [one.id], term


def test_all_and_any_are_asked_together(store, put):
    one, two, three = put("a b"), put("b c"), put("c d")
    assert found(store, AllOf((Word("b"), Word("c")))) == [two.id]
    assert found(store, AnyOf((Word("a"), Word("d")))) == [three.id, one.id]
    assert found(store, AllOf((Word("c"), AnyOf((Word("b"), Prefix("dxx")))))) == [two.id]
    assert found(store, AnyOf(())) == []


def test_without_required_terms_all_are_candidates_newest_first(store, put):
    old = put("a", first_seen=NOON - HOUR)
    new, same = put("a", first_seen=NOON + HOUR), put("a", first_seen=NOON + HOUR)
    middle = put("a", first_seen=NOON)
    assert found(store, None) == [same.id, new.id, middle.id, old.id]
    assert found(store, Word("a")) == [same.id, new.id, middle.id, old.id]
    assert store.archive.count() == 4


def test_since_counts_and_until_does_not(store, put):
    first, second, third = (put("a", first_seen=NOON + hours * HOUR) for hours in (0, 1, 2))
    for required in (None, Word("a")):
        assert found(store, required, since=NOON + HOUR) == [third.id, second.id]
        assert found(store, required, until=NOON + HOUR) == [first.id]
        assert found(store, required, since=NOON + HOUR, until=NOON + 2 * HOUR) == [second.id]
    assert store.archive.count(NOON + HOUR) == 2
    assert store.archive.count(None, NOON + HOUR) == 1


def test_a_span_is_searched_whole_though_what_was_read_late_has_a_higher_id(store, put):
    newest, old, late = (put(text="Torkham", first_seen=NOON + hours * HOUR) for hours in (5, 1, 4))
    other = put(text="Karachi", first_seen=NOON + 4 * HOUR)
    index_what_waits(store.archive)
    assert found(store, Word("torkham"), since=NOON + 4 * HOUR) == [newest.id, late.id]
    assert found(store, Word("torkham"), since=NOON, until=NOON + 2 * HOUR) == [old.id]
    assert found(store, Word("torkham"), since=NOON + 9 * HOUR) == []
    forget_index(store)
    assert found(store, Word("torkham"), since=NOON + 4 * HOUR) == [newest.id, other.id, late.id]


def test_the_largest_filters_are_understood(store, put):
    one = put("needle")
    wide = AnyOf((*(Word(f"word{number}") for number in range(MOST_TERMS - 1)), Word("needle")))
    assert found(store, wide) == [one.id]
    deep: Required = Word("needle")
    for level in range(DEEPEST):
        deep = AllOf((deep, Prefix("need"))) if level % 2 else AnyOf((Word("x"), deep))
    assert found(store, deep) == [one.id]


def test_a_word_of_any_length_is_found(store, put):
    long = "\ufdfa" * 100  # one letter of Unicode that the analyser writes as eighteen
    (term,) = module.terms_of([long])
    assert len(term) > 1000
    one = put(f"{long} {'b' * 500}")
    assert found(store, Word(term)) == [one.id]
    assert found(store, Prefix("b" * 90)) == [one.id]


WORDS = [
    "torkham",
    "Kabul",
    "cease-fire",
    "ceasefire",
    "TTP",
    "طورخم",
    "塔利班",
    "closed",
    "closure",
    "U.S.",
    "defence",
]
QUERIES = [
    "torkham", "clos*", "cease-fire", "=TTP", "塔利班", "@torkham AND NOT Kabul", "SENTENCE(@torkham AND $closed)",
    "torkham NEAR/2 closed", '"Kabul torkham"', "title:Kabul", "defense", "=U.S. OR @ttp", "cease-fir* kabul",
]  # fmt: skip


def test_every_article_that_matches_is_a_candidate(store, put):
    dice = random.Random(4)
    every = [
        put(
            ". ".join(" ".join(dice.choices(WORDS, k=3)) for _ in range(dice.randrange(4))),
            title=" ".join(dice.choices(WORDS, k=2)),
        )
        for _ in range(60)
    ]
    narrowed = 0
    for query in QUERIES:
        ruleset = ruleset_of(query)
        candidates = found(store, ruleset.required_terms("r"))
        matching = [one.id for one in every if any(isinstance(a, Match) for a in ruleset.match(document_of(one)))]
        assert set(matching) <= set(candidates), query
        assert matching, query
        narrowed += len(candidates) < len(every)
    assert narrowed == len(QUERIES)


# ---- an index that is behind


def test_what_is_not_indexed_is_a_candidate_of_every_query_until_it_is(store, put):
    one, two = put("Torkham", first_seen=NOON), put("Kabul", first_seen=NOON + HOUR)
    assert unindexed(store.archive) == []
    forget_index(store)
    three = put("Chaman", first_seen=NOON - HOUR)
    assert unindexed(store.archive) == [two.id, one.id]
    assert found(store, Word("torkham")) == [two.id, one.id]
    assert found(store, Word("chaman")) == [two.id, one.id, three.id]
    store.archive.index([two.id])
    assert unindexed(store.archive) == [one.id]
    assert found(store, Word("chaman")) == [one.id, three.id]
    store.archive.index([one.id, two.id, three.id, 777])
    assert unindexed(store.archive) == []
    assert found(store, Word("torkham")) == [one.id]
    assert found(store, Word("chaman")) == [three.id]


def test_indexing_twice_changes_nothing(store, put):
    one = put("Torkham")
    store.archive.index([one.id])
    store.archive.index([one.id])
    with store._db.write() as connection:
        unindex(connection, [one.id])
    assert found(store, Word("torkham")) == []


def test_an_index_of_another_analyser_is_made_anew(store, put):
    one, two, gone = put("Torkham"), put("Kabul"), put("Chaman")
    drop(store, gone.id)
    outdate(store)
    three = put("Ghulam Khan")
    assert set(unindexed(store.archive)) == {one.id, two.id}
    assert set(found(store, Word("torkham"))) == {one.id, two.id}
    assert store.archive.index([two.id]) == 1
    # SQLite's index was emptied: what this analyser had put in waits again, and is a candidate meanwhile
    emptied = store._db.sqlite
    assert set(unindexed(store.archive)) == {one.id, *([three.id] if emptied else [])}
    assert set(found(store, Word("torkham"))) == {one.id, *([three.id] if emptied else [])}
    assert set(found(store, Word("kabul"))) == {one.id, two.id, *([three.id] if emptied else [])}
    index_what_waits(store.archive)
    assert found(store, Word("torkham")) == [one.id]
    assert found(store, Word("ghulam")) == [three.id]
    assert found(store, Word("chaman")) == []
    assert unindexed(store.archive) == []


def test_an_article_with_too_many_words_is_a_candidate_of_every_query(store, put, monkeypatch):
    monkeypatch.setattr(module.full_text, "MOST_BYTES", 40)
    long = put("one two three four five six seven eight nine ten eleven")
    short = put("one two")
    assert found(store, Word("two")) == [short.id, long.id]
    assert found(store, Word("nowhere")) == [long.id]
    assert unindexed(store.archive) == []
    drop(store, long.id)
    assert found(store, Word("nowhere")) == []


def test_the_most_words_that_an_article_may_have_are_taken(store, put):
    many = " ".join(f"{number:05}{'x' * 18}" for number in range(20_000))
    one = put(many)
    other = put(f"{many} y".replace("x", "xyz"))  # beyond the limit
    assert found(store, Word(f"{7:05}{'x' * 18}")) == [other.id, one.id]
    assert found(store, Word("nowhere")) == [other.id]


def test_an_article_that_the_analyser_breaks_on_is_stored_and_searched_all_the_same(store, put, monkeypatch):
    def breaks(texts: object) -> frozenset[str]:
        raise ValueError("an analyser that fails")

    monkeypatch.setattr(module, "terms_of", breaks)
    one = put("Torkham")
    assert found(store, Word("nowhere")) == [one.id]


def test_a_damaged_index_keeps_no_article_from_being_stored(store, feed, put):
    one = put("Torkham")
    forget_index(store)
    with store._db.write() as connection:
        connection.execute(sa.text("ALTER TABLE article_index RENAME TO lost"))
    try:
        poll(store, feed, new_entry("other"))
        entry = store.articles.waiting(NOON, 10)[0]
        store.articles.record_read(new_article(entry.row, feed_id=feed.id))
        (other,) = read_articles(store)
        assert unindexed(store.archive) == [other.id, one.id]
    finally:
        with store._db.write() as connection:
            connection.execute(sa.text("ALTER TABLE lost RENAME TO article_index"))
    index_what_waits(store.archive)
    assert found(store, Word("torkham")) == [other.id, one.id]
    assert unindexed(store.archive) == []


# ---- texts that go


def test_an_article_taken_out_is_found_no_more_and_does_not_wait(store, put):
    one, two = put("Torkham"), put("Torkham")
    drop(store, one.id, 777)
    drop(store, one.id)
    for required in (None, Word("torkham")):
        assert found(store, required) == [two.id]
    assert store.archive.count() == 1
    assert unindexed(store.archive) == []
    store.archive.index([one.id])
    assert found(store, Word("torkham")) == [two.id]


def test_one_is_taken_out_of_an_index_of_another_analyser(store, put):
    one, two = put("Torkham"), put("Kabul")
    outdate(store)
    drop(store, one.id)
    assert unindexed(store.archive) == [two.id]
    assert found(store, Word("torkham")) == [two.id]
    store.archive.index([two.id])
    assert found(store, Word("torkham")) == []


def test_a_text_that_went_without_a_word_is_not_handed_out(store, put):
    one, two = put("Torkham"), put("Torkham")
    with store._db.write() as connection:
        connection.execute(t.articles.update().where(t.articles.c.id == one.id).values(text="", text_gone=DROPPED))
    assert [article.id for article in store.archive.articles(found(store, Word("torkham")))] == [two.id]
    forget_index(store)
    index_what_waits(store.archive)
    assert found(store, None) == [two.id]
    assert unindexed(store.archive) == []


def test_an_article_that_is_deleted_leaves_nothing_that_hides_another(store, put):
    one = put("Torkham")
    with store._db.write() as connection:
        connection.execute(t.articles.delete().where(t.articles.c.id == one.id))
    other = put("Kabul")  # on SQLite of the same id
    assert found(store, Word("kabul")) == [other.id]
    assert [article.id for article in store.archive.articles([one.id, other.id, 777])] == [other.id] * (
        2 if one.id == other.id else 1
    )


def test_articles_come_in_the_order_asked_for(store, put):
    ids = [put(f"text {number}").id for number in range(5)]
    wanted = [ids[3], ids[0], 777, ids[4]]
    assert [article.text for article in store.archive.articles(wanted)] == ["text 3", "text 0", "text 4"]
    assert store.archive.articles([]) == []


def test_two_searches_may_index_the_same_articles_at_the_same_time(store, put):
    ids = [put(f"Torkham {number}").id for number in range(20)]
    forget_index(store)
    start = threading.Barrier(2)
    failures: list[Exception] = []

    def index() -> None:
        start.wait()
        try:
            for one in ids:
                store.archive.index([one])
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=index) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert unindexed(store.archive) == []
    assert found(store, Word("7")) == [ids[7]]


def test_two_daemons_and_one_that_drops_texts_do_not_hinder_each_other(store, put):
    """Each in pieces, from the newest on, as the daemons do; texts go meanwhile in an order of their own."""
    ids = [put(f"Torkham {number}").id for number in range(60)]
    outdate(store)
    start = threading.Barrier(3)
    failures: list[Exception] = []

    def at_once(work: Callable[[], object]) -> threading.Thread:
        def run() -> None:
            start.wait()
            try:
                work()
            except Exception as error:
                failures.append(error)

        return threading.Thread(target=run)

    def index() -> None:
        for _ in index_all(store.archive, 4, lambda: False):
            pass

    gone = ids[::3]
    threads = [at_once(index), at_once(index), at_once(lambda: [drop(store, one) for one in gone])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    index_what_waits(store.archive)
    assert unindexed(store.archive) == []
    assert set(found(store, Word("torkham"))) == set(ids) - set(gone)
    assert found(store, Word("7")) == [ids[7]]
    assert found(store, Word("6")) == []


@pytest.mark.needs("postgresql")
def test_what_another_process_holds_is_left_for_the_next_look():
    """Two that wait for each other's rows would wait for ever; SQLite has one writer at a time."""
    store = fresh_postgresql_store()
    store.feeds.sync([feed_settings()], NOON)
    one, two = (grouped(store, store.feeds.all()[0], name) for name in ("e1", "e2"))
    forget_index(store)
    with store._db.write() as holder:
        holder.execute(t.articles.update().where(t.articles.c.id == two.id).values(story_id=None))
        assert store.archive.index([one.id, two.id]) == 1
    assert unindexed(store.archive) == [two.id]
    assert store.archive.index([one.id, two.id]) == 1
