"""`monitor rules backtest` at the door, over a store on SQLite and one on PostgreSQL."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import Result
from doors import CONFIG, run
from made import NOON
from newsroom import DAY, RULES, Newsroom, file_store, fresh_postgresql_store, item

from monitor.adapters.store import archive
from monitor.adapters.store import tables as t
from monitor.adapters.store.archive import SqlArchive
from monitor.adapters.store.digests import SqlDigestStore
from monitor.adapters.store.sql import SqlStore
from monitor.core.text.columns import display_width
from monitor.testing import FakeClock

SPAN = ("--since", "2023-02-19", "--until", "2023-02-22")
EDITED = RULES.replace("Torkham AND (closed OR closure)", "Torkham AND (closed OR shut)")


BOTH = pytest.mark.parametrize(
    "room", ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))], indirect=True
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store to copy: filling one for every test would take longer than the tests."""
    file = tmp_path_factory.mktemp("store") / "monitor.db"
    store = file_store(file)
    fill(store)
    store.close()
    return file


@pytest.fixture
def room(
    request: pytest.FixtureRequest, tmp_path: Path, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Newsroom]:
    """Three articles on two days, read by the rules of the config's files, in the current directory."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "border.toml").write_text(RULES)
    monkeypatch.chdir(tmp_path)
    if getattr(request, "param", "sqlite") == "sqlite":
        (tmp_path / "config.toml").write_text(CONFIG)
        shutil.copy(filled, tmp_path / "monitor.db")
        store = file_store(tmp_path / "monitor.db")
        yield Newsroom(store=store)
        store.close()
    else:
        (tmp_path / "config.toml").write_text(CONFIG.replace("sqlite:///monitor.db", "env:DATABASE_URL"))
        store = fresh_postgresql_store()
        monkeypatch.setenv("DATABASE_URL", store._db.engine.url.render_as_string(hide_password=False))
        fill(store)
        yield Newsroom(store=store)


def fill(store: SqlStore) -> None:
    """Three articles on two days, read by the rules."""
    room = Newsroom(store=store, clock=FakeClock(NOON - 2 * DAY))
    store.articles.record_ruleset(room.ruleset.version, list(room.ruleset.sources.items()), room.clock.now())
    room.bring_in(item("e1", "Torkham closed", "The Torkham crossing was closed.", published=NOON - 2 * DAY))
    room.clock.advance(2 * DAY)
    room.bring_in(
        item("e2", "Torkham shut", "The Torkham crossing is shut."),
        item("e3", "Torkham closure", "The closure of Torkham ends."),
    )


def edit(text: str = EDITED) -> None:
    """Writes the rule file anew."""
    Path("rules/border.toml").write_text(text)


def backtest(*arguments: str) -> Result:
    return run("rules", "backtest", *SPAN, *arguments)


def said(*arguments: str) -> str:
    """What a person reads; the command must be content."""
    done = backtest(*arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def rows(*arguments: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The lines of articles for programs, and the last line."""
    lines = [json.loads(line) for line in said(*arguments, "--json").splitlines()]
    return lines[:-1], lines[-1]


@BOTH
def test_a_draft_shows_days_feeds_and_matches_with_sentence_and_reason(room: Newsroom) -> None:
    text = said("--query", "SENTENCE(torkham AND (closed OR shut))")
    assert "2 of 2 candidates match, among 3 articles first seen since 19 Feb 2023" in text
    assert (
        "First seen (UTC)\n"
        "  Mon 20 Feb  1  █\n"
        "  Tue 21 Feb  0\n"
        "  Wed 22 Feb  1  █\n"
        "\n"
        "Feeds\n"
        "  2  News\n"
        "\n"
        "Wed 22 Feb 2023\n"
        "12:00  Torkham shut\n"
        "       News\n"
        "       https://news.example/e2\n"
        "       The [Torkham] crossing is [shut].\n"
        '       because "Torkham" and "shut" in one sentence\n'
        "\n"
        "Mon 20 Feb 2023\n"
    ) in text
    assert "Against" not in text
    assert all(display_width(line) <= 80 for line in text.splitlines())


@BOTH
def test_a_changed_rule_is_compared_with_the_version_in_force_and_with_the_record(room: Newsroom) -> None:
    edit()
    text = said("--rule", "torkham-closed", "--limit", "1")
    assert ", of the rule files\n  Torkham AND (closed OR shut)\n" in text
    before = room.ruleset.rule("torkham-closed").version
    assert text[text.index("Against") :].splitlines() == [
        f"Against {before}, in force since 2023-02-20 12:00 UTC: 1 the same, 1 gained, 1",
        "lost.",
        "+ 22 Feb 12:00  Torkham shut",
        "       https://news.example/e2",
        '       "Torkham" and "shut"',
        "- 22 Feb 12:00  Torkham closure",
        "       https://news.example/e3",
        "       none of closed, shut",
        "",
        "Against what was recorded of torkham-closed: 1 the same, 1 gained, 1 lost.",
        "  The same articles as above.",
    ]


def test_a_rule_that_was_not_changed_differs_in_nothing(room: Newsroom) -> None:
    text = said("--rule", "torkham-closed", "--limit", "0")
    assert "Against the version in force since 2023-02-20 12:00 UTC: it is the same.\n" in text
    assert "Against what was recorded of torkham-closed: 2 the same, 0 gained, 0 lost.\n" in text


def test_a_new_rule_has_no_version_in_force_and_gains_all_that_it_matches(room: Newsroom) -> None:
    edit(f"{RULES}\n[[rules]]\nid = 'shut'\nquery = 'shut'\n")
    text = said("--rule", "shut")
    assert "Against the version in force: there is none of shut." in text
    assert "Against what was recorded of shut: 0 the same, 1 gained, 0 lost.\n+ 22 Feb" in text


@BOTH
def test_a_draft_of_a_rule_is_compared_with_the_rule_of_the_files(room: Newsroom) -> None:
    edit(RULES.replace("(closed OR closure)", "closure"))
    articles, summary = rows("--rule", "torkham-closed", "--query", "Torkham AND shut")
    assert {one["title"]: (one["matches"], one["current"], one["recorded"]) for one in articles} == {
        "Torkham shut": (True, False, False),
        "Torkham closure": (False, True, True),
        "Torkham closed": (False, False, True),
    }
    assert summary["current"]["of"] == "of the rule files"
    assert (summary["current"]["gained"], summary["current"]["lost"], summary["current"]["same"]) == (1, 1, 0)
    assert (summary["recorded"]["gained"], summary["recorded"]["lost"]) == (1, 2)


def test_rules_of_another_folder_are_compared_with_those_of_the_config(room: Newsroom) -> None:
    Path("drafts").mkdir()
    Path("drafts/border.toml").write_text(EDITED)
    _, summary = rows("--rule", "torkham-closed", "--rules", "drafts")
    assert summary["current"] == {
        "version": room.ruleset.rule("torkham-closed").version,
        "of": "of the rule files",
        "same": 1,
        "gained": 1,
        "lost": 1,
        "unknown": 0,
    }


def test_json_lines_hold_an_object_per_article_and_a_last_one_with_the_sum(room: Newsroom) -> None:
    edit()
    articles, summary = rows("--rule", "torkham-closed")
    assert [one["title"] for one in articles] == ["Torkham shut", "Torkham closed", "Torkham closure"]
    assert list(articles[0])[:6] == ["kind", "matches", "current", "recorded", "why_not", "article"]
    assert articles[0]["matched"][0]["text"] == "The Torkham crossing is shut."
    assert articles[0]["because"] == '"Torkham" and "shut"'
    assert (articles[2]["matches"], articles[2]["because"]) == (False, "")
    assert articles[2]["why_not"] == "none of closed, shut"
    assert list(summary) == [
        "kind", "rule", "version", "query", "since", "until", "timezone", "complete", "articles", "texts_gone",
        "candidates", "read", "matches", "failures", "days", "feeds", "current", "recorded",
        "sending",
    ]  # fmt: skip
    assert (summary["articles"], summary["candidates"], summary["read"], summary["matches"]) == (3, 3, 3, 2)
    assert summary["days"] == [
        {"day": "2023-02-20", "matches": 1},
        {"day": "2023-02-21", "matches": 0},
        {"day": "2023-02-22", "matches": 1},
    ]
    assert summary["feeds"] == [{"feed": "News", "matches": 2}]
    assert len(rows("--rule", "torkham-closed", "--limit", "1")[0]) == 1


def test_days_are_those_of_the_digests_zone(room: Newsroom) -> None:
    config, name = Path("config.toml"), 'name = "alerts"'
    config.write_text(config.read_text().replace(name, f'{name}\ntimezone = "Pacific/Auckland"'))
    text = run("rules", "backtest", "--query", "shut", "--since", "2023-02-20", "--until", "2023-02-23").stdout
    assert "First seen (Pacific/Auckland)\n  Tue 21 Feb  0\n  Wed 22 Feb  0\n  Thu 23 Feb  1  █\n" in text
    done = run("rules", "backtest", "--query", "shut", "--since", "2023-02-23", "--until", "2023-02-23", "--json")
    assert json.loads(done.stdout.splitlines()[-1])["since"] == "2023-02-22T11:00:00+00:00"


@BOTH
def test_only_candidates_are_read_and_the_index_hides_nothing(room: Newsroom) -> None:
    assert rows("--query", "nowhere")[1]["read"] == 0
    with room.store._db.write() as connection:
        archive.clear(connection)
    _, summary = rows("--query", "SENTENCE(torkham AND closure)")
    assert (summary["read"], summary["matches"]) == (1, 1)  # indexed by this command first


@BOTH
def test_texts_that_are_gone_are_counted_not_guessed(room: Newsroom) -> None:
    room.plan()
    room.deliver()
    room.prune(store_full_text=False)
    text = said("--rule", "torkham-closed")
    assert "3 more articles could not be read: the texts are no longer kept.\n" in text
    _, summary = rows("--rule", "torkham-closed")
    assert (summary["texts_gone"], summary["matches"]) == (3, 0)
    assert summary["recorded"] == {"same": 0, "gained": 0, "lost": 0, "unknown": 2}


def test_a_span_of_many_days_is_counted_by_weeks(room: Newsroom) -> None:
    text = run("rules", "backtest", "--query", "torkham", "--since", "2022-01-01").stdout
    assert "First seen (UTC)\n  week of 20 Feb 2023  3  ███\n  week of 27 Feb 2023  0\n" in text


def test_a_query_that_does_not_hold_is_exit_2_with_a_caret(room: Newsroom) -> None:
    for arguments in ([], ["--rule", "torkham-closed"]):
        done = backtest(*arguments, "--query", "Torkham AND (closed OR )")
        assert done.exit_code == 2
        assert done.stdout == ""
        shown = ["    Torkham AND (closed OR )", "                           ^ column 24"]
        assert done.stderr.splitlines()[-2:] == shown


def test_a_query_warns_and_goes_on(room: Newsroom) -> None:
    done = backtest("--query", "Torkham shut")
    assert done.exit_code == 0
    assert "two terms side by side mean AND" in done.stderr


def test_what_is_asked_wrongly_is_refused(room: Newsroom) -> None:
    for arguments, words in (
        ([], "Name a --rule, or write a --query"),
        (["--rule", "torkham-close"], 'did you mean "torkham-closed"?'),
        (["--query", "x", "--since", "soon"], "--since"),
    ):
        done = run("rules", "backtest", *arguments)
        assert done.exit_code in (1, 2), arguments
        assert words in done.stderr


def test_rules_that_do_not_hold_are_told_but_words_are_tried_all_the_same(room: Newsroom) -> None:
    edit("[[rules]]\nid = 'a'\nquery = '('\n")
    assert backtest("--query", "shut").exit_code == 0
    done = backtest("--rule", "a")
    assert done.exit_code == 2
    assert "rules/border.toml:" in done.stderr


@BOTH
def test_it_changes_nothing_in_the_store(room: Newsroom) -> None:
    edit()
    before = room.dump()
    said("--rule", "torkham-closed")
    assert room.dump() == before


# ---- sending


def send(*arguments: str, input: str | None = None) -> Result:
    """Sends what the edited rule finds to the digest of the config."""
    line = ("rules", "backtest", *SPAN, "--rule", "torkham-closed", "--limit", "0", "--send", "alerts")
    return run(*line, *arguments, input=input)


@pytest.fixture
def told(room: Newsroom) -> Newsroom:
    """The same after its digests were sent, and with the rule edited since."""
    room.plan()
    room.deliver()
    edit()
    return room


@BOTH
def test_what_was_found_is_sent_once_and_what_the_digest_told_is_not_told_again(told: Newsroom) -> None:
    before = told.alerts()
    done = send("--yes")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-3:] == [
        "In the outbox: 1 story (1 article) to desk, as digest alerts.",
        "Not again: 1 article that the digest has told, or has before it.",
        "No monitor is running on this store: what is due is sent when one runs.",
    ]
    assert told.alerts() == [*before, ("alerts", "torkham-closed", "Torkham shut")]
    again = send("--yes")
    assert again.exit_code == 0
    assert "Nothing to send: digest alerts has told all that was found.\n" in again.stdout
    assert len(told.alerts()) == len(before) + 1


def test_the_message_says_that_it_looks_back(told: Newsroom) -> None:
    send("--yes")
    payload = told.payloads()[-1]
    assert payload["looks_back"] is True
    assert payload["batch"].startswith("backtest/torkham-closed@")
    assert [one["looks_back"] for one in told.payloads()[:-1]] == [False, False]
    subject = told.store.ledger.deliveries(limit=1)[0].new.message.subject
    assert subject == "Alerts, looking back: Torkham crossing closed"


@BOTH
def test_the_outbox_is_emptied_and_nothing_is_planned_again(told: Newsroom) -> None:
    send("--yes")
    told.clock.advance(4_000 * DAY)  # the command had the real time
    assert told.plan() == []
    assert [one.failure for one in told.deliver()] == [None]
    assert told.plan(close_all=True) == []


@BOTH
def test_why_tells_that_a_backtest_found_it(told: Newsroom) -> None:
    send("--yes")
    text = run("why", "https://news.example/e2").stdout
    assert "torkham-closed" in text
    assert "digest alerts, found by a backtest → " in " ".join(text.split())
    (fate,) = told.fates("e2")
    (match,) = fate.matches
    assert match.match.new.rule.query == "Torkham AND (closed OR shut)"
    assert match.match.new.because == '"Torkham" and "shut"'


@BOTH
def test_a_story_that_the_digest_has_told_by_this_rule_is_merged(told: Newsroom) -> None:
    with told.store._db.write() as connection:
        story = told.article("e3").story_id
        connection.execute(t.articles.update().where(t.articles.c.title == "Torkham shut").values(story_id=story))
        # As like each other as reports of one event mostly are.
        rows = sorted(
            connection.execute(sa.select(t.articles.c.id).where(t.articles.c.story_id == story)).scalars()
        )
        for one, other in combinations(rows, 2):
            connection.execute(
                t.story_edges.delete().where(t.story_edges.c.one == one, t.story_edges.c.other == other)
            )
            connection.execute(t.story_edges.insert().values(one=one, other=other, weight=0.9))
    done = send("--yes")
    assert "Nothing to send" in done.stdout
    assert "Not again: 2 articles" in done.stdout


def test_a_dry_run_shows_the_message_and_changes_nothing(told: Newsroom) -> None:
    before = told.dump()
    done = send("--dry-run")
    assert done.exit_code == 0, done.output
    assert "LOOKING BACK: found by a backtest among stored articles\n" in done.stdout
    assert "The [Torkham] crossing is [shut]." in done.stdout
    assert "Would send 1 story (1 article) to desk, as digest alerts.\n" in done.stdout
    assert told.dump() == before


def test_it_asks_before_it_sends(told: Newsroom) -> None:
    before = told.dump()
    for answer in ("n\n", ""):
        done = send(input=answer)
        assert done.exit_code == 1
        assert "Send 1 story (1 article) to desk? [y/N]" in done.stderr
        assert told.dump() == before
    assert send(input="y\n").exit_code == 0
    assert told.dump() != before


def test_programs_read_what_was_sent(told: Newsroom) -> None:
    sending = [
        json.loads(send(one, "--json").stdout.splitlines()[-1])["sending"] for one in ("--dry-run", "--yes")
    ]
    assert sending[1] == {
        "digest": "alerts",
        "batch": sending[0]["batch"],
        "sent": True,
        "stories": 1,
        "articles": 1,
        "deliveries": 1,
        "told_before": 1,
        "waiting": 0,
    }
    assert sending[0]["sent"] is False
    assert rows("--query", "shut")[1]["sending"] is None


def test_a_draft_is_sent_under_a_name_of_its_own(told: Newsroom) -> None:
    done = run("rules", "backtest", *SPAN, "--query", "ends OR shut", "--send", "alerts", "--yes")
    assert done.exit_code == 0, done.output
    (_, first, _), (_, second, _) = told.alerts()[-2:]
    assert first == second
    assert first.startswith("query-")
    assert f"{first}" in run("why", "https://news.example/e3").stdout


@BOTH
def test_a_match_that_no_digest_took_is_sent(told: Newsroom) -> None:
    with told.store._db.write() as connection:
        connection.execute(t.routings.delete())
    assert "2 stories (2 articles)" in send("--yes").stdout
    assert told.number("SELECT count(*) FROM matches WHERE rule_id = 'torkham-closed'") == 3


def test_what_waits_for_the_rules_is_left_to_the_monitor(told: Newsroom) -> None:
    with told.store._db.write() as connection:
        connection.execute(
            t.articles.update().where(t.articles.c.title == "Torkham shut").values(ruleset=None, stage="grouped")
        )
    done = send("--yes")
    assert "Not yet: 1 article that waits for the rules; the monitor reads it first." in done.stdout
    assert "Nothing to send" in done.stdout


@BOTH
def test_nothing_is_sent_of_a_text_that_went_meanwhile(told: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    real = SqlDigestStore.record_look_back

    def after_forgetting(self: SqlDigestStore, *arguments: Any) -> Any:
        told.prune(store_full_text=False)
        return real(self, *arguments)

    monkeypatch.setattr(SqlDigestStore, "record_look_back", after_forgetting)
    before = told.number("SELECT count(*) FROM deliveries")
    done = send("--yes")
    assert done.exit_code == 1
    assert "nothing was sent; run it again" in done.stderr
    assert told.number("SELECT count(*) FROM deliveries") == before


def test_a_digest_that_is_not_there_is_refused_before_anything_is_read(room: Newsroom) -> None:
    done = backtest("--query", "shut", "--send", "morning")
    assert done.exit_code == 1
    assert 'no digest is called "morning"; there are: alerts' in done.stderr
    assert backtest("--query", "shut", "--yes").exit_code == 2


def test_ctrl_c_ends_with_what_there_is_and_sends_nothing(told: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.app.search.READ", 1)
    real, calls = SqlArchive.articles, iter([False, True])

    def interrupted(self: SqlArchive, ids: Any) -> Any:
        if next(calls):
            raise KeyboardInterrupt
        return real(self, ids)

    monkeypatch.setattr(SqlArchive, "articles", interrupted)
    before = told.number("SELECT count(*) FROM deliveries")
    done = send("--yes")
    assert done.exit_code == 130
    assert "Stopped after 1 of 3 candidates: 1 match so far" in done.stdout
    assert "outbox" not in done.stdout
    assert told.number("SELECT count(*) FROM deliveries") == before


def test_a_text_that_is_forgotten_takes_a_waiting_message_with_it(told: Newsroom) -> None:
    run("rules", "backtest", *SPAN, "--query", "ends OR shut", "--send", "alerts", "--yes")
    done = run("forget", "https://news.example/e2", "--even-unsent", "--yes")
    assert done.exit_code == 0, done.output
    told.clock.advance(4_000 * DAY)
    assert [plan.planned for plan in told.plan()] != []  # what else the message told is planned again
    assert [story for _, rule, story in told.alerts() if rule.startswith("query-")] == ["Torkham closure"]
