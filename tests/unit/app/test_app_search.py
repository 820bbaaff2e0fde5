"""`monitor search`: what is found among the stored articles, and what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from made import NOON, feed_settings
from newsroom import fresh_store, ruleset_of
from rule_samples import NAMES
from stored import grouped
from waiting import unindexed

from monitor.adapters.store import archive as module
from monitor.adapters.store.sql import SqlStore
from monitor.app.moments import NoMoment, beginning, end
from monitor.app.search import Asked, Found, Search, catch_up
from monitor.app.search_words import day_of, found_json, found_lines, tally_lines
from monitor.core.rules import RuleSet
from monitor.core.text.columns import display_width
from monitor.model.article import Article, DuplicateReason, Grouping
from monitor.model.errors import ConfigInvalid, StoreUnusable
from monitor.model.rule import RuleFailure

DAY = timedelta(days=1)
RULES = ruleset_of(f"{NAMES}\n[[rules]]\nid = 'r'\nquery = 'x'\n")


@pytest.fixture
def store() -> SqlStore:
    opened = fresh_store()
    opened.feeds.sync([feed_settings()], NOON)
    return opened


def put(store: SqlStore, text: str, number: int = 1, **more: object) -> Article:
    """One stored article; the numbers of a store differ."""
    return grouped(store, store.feeds.all()[0], f"e{number}", text=text, **{"title": f"Story {number}", **more})


def quiet(done: int, of: int) -> None:
    """Nobody watches."""


def search(store: SqlStore, query: str, **more: object) -> tuple[list[Found], Search]:
    asking = Search(store.archive, Asked(query, **more), RULES)  # type: ignore[arg-type]  # since, until, limit
    return list(asking.run(quiet)), asking


def said(store: SqlStore, query: str, **more: object) -> str:
    """What a person reads."""
    found, asking = search(store, query, **more)
    lines, day = [], ""
    for one in found:
        lines += found_lines(one, day)
        day = day_of(one)
    return "\n".join([*lines, *tally_lines(asking.asked, asking.tally, 0.25)])


# ---- found


def test_the_newest_comes_first_and_every_match_is_counted(store):
    for number in range(5):
        put(store, "Torkham is closed.", number, first_seen=NOON + number * DAY)
    put(store, "Torkham is open.", 7)
    put(store, "Rain in Kabul.", 8)
    found, asking = search(store, "SENTENCE(@torkham AND $closed)", limit=2)
    assert [one.article.title for one in found] == ["Story 4", "Story 3"]
    tally = asking.tally
    assert (tally.articles, tally.candidates, tally.read) == (7, 5, 5)
    assert (tally.matches, tally.shown) == (5, 2)


def test_the_index_only_names_candidates_and_the_rule_engine_answers(store):
    put(store, "Closed for years. Trucks pass through Torkham.")
    found, asking = search(store, "SENTENCE(@torkham AND $closed)")
    assert found == []
    assert (asking.tally.candidates, asking.tally.matches) == (1, 0)


def test_a_search_of_a_span_of_time_knows_no_other_articles(store):
    for number in range(3):
        put(store, "Torkham", number, first_seen=NOON + number * DAY)
    found, asking = search(store, "torkham", since=NOON + DAY, until=NOON + 2 * DAY)
    assert [one.article.title for one in found] == ["Story 1"]
    assert asking.tally.articles == 1


def test_a_search_goes_on_behind_an_article_that_has_been_ruled_out_since(store):
    put(store, "Torkham", 1, first_seen=NOON + 2 * DAY)
    stopped = put(store, "Rain.", 2, first_seen=NOON + DAY)
    put(store, "Torkham", 3, first_seen=NOON + DAY)
    put(store, "Torkham", 4, first_seen=NOON)  # read late: its row is newer than its time
    found, _ = search(store, "torkham", after=stopped.id, since=NOON)
    assert [one.article.title for one in found] == ["Story 4"]
    found, _ = search(store, "torkham", after=stopped.id + 1, since=NOON)
    assert [one.article.title for one in found] == ["Story 4"]
    assert search(store, "torkham", after=stopped.id, since=NOON + 2 * DAY)[0] == []


def test_a_search_goes_on_behind_an_article_that_is_gone(store):
    for number in range(3):
        put(store, "Torkham", number, first_seen=NOON + number * DAY)
    found, _ = search(store, "torkham", after=2**40)
    assert len(found) == 3


def test_articles_are_handed_out_before_the_rest_is_read(store, monkeypatch):
    monkeypatch.setattr("monitor.app.search.READ", 4)
    for number in range(6):
        put(store, "Torkham", number)
    asking = Search(store.archive, Asked("torkham"), RULES)
    told: list[tuple[int, int]] = []
    answers = asking.run(lambda done, of: told.append((done, of)))
    next(answers)
    assert (told, asking.tally.matches) == ([], 1)
    assert len(list(answers)) == 5
    assert told == [(read, 6) for read in range(1, 7)]


def test_an_article_that_cannot_be_evaluated_is_counted_and_the_others_are_found(store, monkeypatch):
    bad, good = put(store, "Torkham", 1), put(store, "Torkham", 2)
    real = RuleSet.match

    def breaks(self, document):
        failure = RuleFailure(document.id, "query", "ValueError: no")
        return (failure,) if document.id == str(bad.id) else real(self, document)

    monkeypatch.setattr(RuleSet, "match", breaks)
    found, asking = search(store, "torkham")
    assert [one.article.id for one in found] == [good.id]
    assert asking.tally.failures == 1
    assert "1 article could not be evaluated, the first: https://news.example/" in "\n".join(
        tally_lines(asking.asked, asking.tally, 1)
    )


# ---- queries


def test_a_query_that_does_not_hold_is_refused_with_a_caret(store):
    with pytest.raises(ConfigInvalid) as caught:
        Search(store.archive, Asked("Torkham AND (closed OR )"), RULES)
    assert str(caught.value).splitlines() == [
        'QUERY: query: expected a term, found ")"',
        "    Torkham AND (closed OR )",
        "                           ^ column 24",
    ]


def test_without_rules_that_hold_names_are_refused_with_the_reason_and_words_are_searched(store):
    put(store, "Torkham")
    with pytest.raises(ConfigInvalid) as caught:
        Search(store.archive, Asked("@torkham"), None)
    assert "unknown entity @torkham" in str(caught.value)
    assert "the rule files do not hold" in str(caught.value)
    assert len(list(Search(store.archive, Asked("torkham"), None).run(quiet))) == 1


def test_what_a_query_may_not_mean_is_said(store):
    (warning,) = Search(store.archive, Asked("WHO"), RULES).warnings
    assert "write =WHO" in warning.message


# ---- catching up


def test_catching_up_indexes_what_is_older_than_the_index(store):
    for number in range(3):
        put(store, "Torkham", number)
    with store._db.write() as connection:
        module.clear(connection)
    told: list[tuple[int, int]] = []
    catch_up(store.archive, lambda done, of: told.append((done, of)))
    assert unindexed(store.archive) == []
    assert told == [(0, 3), (3, 3)]
    catch_up(store.archive, lambda done, of: told.append((done, of)))
    assert told == [(0, 3), (3, 3)]


def test_a_store_that_takes_no_writes_is_searched_as_it_is(store):
    put(store, "Torkham", 1)
    put(store, "Kabul", 2)
    with store._db.write() as connection:
        module.clear(connection)

    def refuses() -> None:
        raise StoreUnusable("the store", "read-only")

    store._db.guard_writes(refuses)
    try:
        catch_up(store.archive, quiet)
        found, asking = search(store, "torkham")
    finally:
        store._db.guard_writes(lambda: None)
    assert [one.article.title for one in found] == ["Story 1"]
    assert asking.tally.candidates == 2


# ---- said


def test_an_article_is_shown_with_day_publisher_address_and_the_matched_words(store):
    put(store, "Rain. The Torkham crossing was closed on Sunday. More rain.", published=NOON - 2 * DAY)
    lines = said(store, "@torkham AND $closed").splitlines()
    seen = NOON.astimezone()
    assert lines[:5] == [
        f"{seen:%a %d %b %Y}",
        f"{seen:%H:%M}  Story 1",
        f"       News · published {(seen - 2 * DAY):%d %b %Y}",
        "       https://news.example/1",
        "       The [Torkham] crossing was [closed] on Sunday.",
    ]


def test_articles_of_one_day_stand_under_one_heading(store):
    put(store, "Torkham", 1, first_seen=NOON)
    put(store, "Torkham", 2, first_seen=NOON + timedelta(minutes=1))
    put(store, "Torkham", 3, first_seen=NOON - 3 * DAY)
    text = said(store, "torkham")
    assert text.count(f"{NOON.astimezone():%a %d %b %Y}\n") == 1
    assert f"\n\n{(NOON - 3 * DAY).astimezone():%a %d %b %Y}\n" in text


def test_copies_and_edits_are_marked(store):
    first = put(store, "Torkham", 1)
    put(store, "Torkham", 2)
    put(store, "Torkham", 3)
    with store._db.write() as connection:
        articles = module.t.articles
        for number, reason in ((2, DuplicateReason.SAME_CONTENT), (3, DuplicateReason.REVISION)):
            grouping = Grouping("s_1", first.id, reason)
            connection.execute(
                articles.update()
                .where(articles.c.id == number)
                .values(duplicate_of=grouping.duplicate_of, duplicate_reason=reason.value)
            )
    text = said(store, "torkham")
    assert "News · a copy" in text
    assert "News · edited" in text


def test_the_last_lines_say_how_many_of_how_many_and_what_the_limit_left_out(store):
    for number in range(3):
        put(store, "Torkham", number)
    put(store, "Kabul", 9)
    assert said(store, "torkham", limit=2).splitlines()[-2:] == [
        "3 of 3 candidates match, among 4 articles; 0.25 s.",
        "Shown: the newest 2. All of them: --limit 3",
    ]
    assert said(store, "torkham", limit=0).splitlines() == [
        "3 of 3 candidates match, among 4 articles; 0.25 s.",
        "All of them: --limit 3",
    ]
    assert said(store, "torkham").splitlines()[-1] == "3 of 3 candidates match, among 4 articles; 0.25 s."
    assert said(store, "kabul").splitlines()[-1] == "1 of 1 candidate matches, among 4 articles; 0.25 s."
    assert said(store, "nowhere") == "Nothing matches: 0 candidates among 4 articles; 0.25 s."


def test_a_search_that_was_stopped_says_how_far_it_came(store):
    for number in range(3):
        put(store, "Torkham", number)
    asking = Search(store.archive, Asked("torkham", limit=1), RULES)
    answers = asking.run(quiet)
    next(answers)
    answers.close()
    (first, *_) = tally_lines(asking.asked, asking.tally, 12.34, stopped=True)
    assert first == ("Stopped after 1 of 3 candidates: 1 match so far, among 3 articles; 12.3 s.")


def test_a_query_without_required_terms_says_that_it_reads_everything(store):
    put(store, "Torkham")
    asking = Search(store.archive, Asked("torkham"), RULES)
    asking.required = None
    assert len(list(asking.run(quiet))) == 1
    assert next(tally_lines(asking.asked, asking.tally, 1)).startswith("No word must be there")


def test_what_strangers_wrote_keeps_to_eighty_columns_and_one_line(store):
    put(
        store,
        "Torkham " + "塔利班" * 60 + "\x1b[2J" + " word" * 60,
        title="T\n\x1b[31m" + "塔" * 60,
        publisher="P" * 200,
    )
    for line in said(store, "torkham").splitlines():
        assert display_width(line) <= 80 or line.startswith("       https://")


def test_json_has_the_same_words_in_stable_keys(store):
    article = put(store, "The Torkham crossing was closed.")
    (found,), _ = search(store, "@torkham AND $closed")
    row = found_json(found)
    assert list(row) == [
        "article", "first_seen", "published", "title", "publisher", "url", "feed", "language", "story",
        "duplicate_of", "because", "spans", "matched",
    ]  # fmt: skip
    assert row["article"] == article.id
    assert row["first_seen"] == "2023-02-22T12:00:00+00:00"
    assert row["spans"] == [
        {"field": "body", "start": 4, "end": 11, "text": "Torkham"},
        {"field": "body", "start": 25, "end": 31, "text": "closed"},
    ]
    assert row["matched"][0]["spans"] == [{"start": 4, "end": 11}, {"start": 25, "end": 31}]


# ---- times


def test_times_are_spans_days_of_this_machine_or_moments_with_an_offset():
    assert abs(beginning("30d") - (datetime.now(UTC) - 30 * DAY)) < timedelta(minutes=1)
    assert abs(end("2h") - (datetime.now(UTC) - timedelta(hours=2))) < timedelta(minutes=1)
    assert beginning("2023-02-22") == datetime(2023, 2, 22).astimezone()
    assert end("2023-02-22") == datetime(2023, 2, 23).astimezone()
    for moment in (beginning, end):
        assert moment("2023-02-22T15:00:00+04:30") == datetime(2023, 2, 22, 10, 30, tzinfo=UTC)
        assert moment("2023-02-22T15:00Z") == datetime(2023, 2, 22, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2023-02-30", "2023-02-22T15:00", "9999-12-31", "2023-2-2", "-5d", "5000d"],
)
def test_what_is_no_time_is_refused_with_what_would_be(text: str):
    with pytest.raises(NoMoment, match="write 30d, 2023-02-22 or"):
        end(text)
