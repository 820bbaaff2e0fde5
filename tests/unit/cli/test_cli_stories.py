"""The doors of `monitor stories`: exit statuses, questions, streams, and what a wrong story does to alerts."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from doors import run
from made import NOON
from newsroom import HOUR, Newsroom, file_store, item

from monitor.adapters.store import tables as t
from monitor.model.grouping import Regrouping
from monitor.testing import FakeClock

TEXT = "The Torkham crossing was closed on Sunday, and four hundred trucks wait."


@pytest.fixture
def merged(desk: Path) -> Path:
    """Two articles of one story by mistake: the first told, the second merged because of it."""
    store = file_store(desk / "monitor.db")
    room = Newsroom(store=store, clock=FakeClock(NOON))
    room.store.articles.record_ruleset(room.ruleset.version, list(room.ruleset.sources.items()), NOON)
    room.bring_in(item())
    room.plan()
    room.clock.advance(HOUR)
    room.serve(item(), item("e2", "Floods close Torkham road", TEXT))
    room.repoll()
    room.read()
    room.group()
    with store.grouping.session() as session:
        session.record_stories(Regrouping({2: "s_1"}, {"s_2": "s_1"}, frozenset({"s_2"})))
    room.match()
    room.plan()
    with store._db.write() as connection:
        connection.execute(t.routings.update().where(t.routings.c.match_id > 1).values(state="merged", batch=None))
    store.close()
    return desk


def states(desk: Path) -> list[str]:
    with closing(sqlite3.connect(desk / "monitor.db")) as connection:
        return [state for (state,) in connection.execute("SELECT state FROM routings ORDER BY match_id")]


@pytest.mark.usefixtures("stored")
def test_stories_are_listed_as_text_and_as_json() -> None:
    done = run("stories", "list", "--since", "3650d")
    assert done.exit_code == 0
    assert "s_1 · 1 publisher · 1 article" in done.output
    assert "→ torkham-closed" in done.output
    (line,) = run("stories", "list", "--since", "3650d", "--json").output.splitlines()
    assert json.loads(line)["id"] == "s_1"
    assert "No such story" in run("stories", "list", "--since", "3650d", "--tag", "trade").output
    assert "s_1" in run("stories", "list", "--since", "3650d", "--tag", "border").output  # a tag of the rule


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["list", "--since", "soon"], 2, "--since"),
        (["list", "--rule", "torkam-closed"], 1, "did you mean"),
        (["list", "--min-articles", "0"], 2, "--min-articles"),
        (["show", "s_77"], 1, 'no story is known as "s_77"; monitor stories list'),
        (["show", "https://nowhere.example/"], 1, "monitor why URL"),
        (["show", "s_1\x1b[31m\ud83d"], 1, "no story is known as"),
        (["split", "s_1"], 1, "nothing to split"),
        (["join"], 2, "Missing argument"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_one_line_with_advice(words: list[str], status: int, said: str) -> None:
    done = run("stories", *words)
    assert done.exit_code == status
    assert said in done.output
    assert "\x1b" not in done.output


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("words", [["list"], ["show", "s_1"], ["split", "s_1"], ["join", "s_1", "s_2"]], ids=str)
def test_a_store_that_is_not_there_is_not_made(words: list[str], desk: Path) -> None:
    done = run("stories", *words)
    assert done.exit_code == 1
    assert done.output.startswith("monitor: ")
    assert not (desk / "monitor.db").exists()


@pytest.mark.usefixtures("stored")
def test_a_reader_that_has_seen_enough_makes_no_noise(stored: Path) -> None:
    line = f"{sys.executable} -m monitor stories list --since 3650d --json | head -c 1"
    done = subprocess.run(["bash", "-c", line], cwd=stored, capture_output=True, text=True, env={**os.environ})
    assert (done.stdout, done.stderr) == ("{", "")


@pytest.mark.usefixtures("merged")
def test_an_old_id_shows_the_story_it_went_into() -> None:
    shown = run("stories", "show", "s_2").output
    assert shown.startswith("Story         s_1: Torkham closed\n")
    assert "s_2 went into it" in shown


def test_what_was_merged_only_because_of_a_wrong_story_is_told_again(merged: Path) -> None:
    assert states(merged)[-1] == "merged"
    done = run("stories", "split", "s_1", "a_2", "--author", "anna", "--reason", "a flood")
    assert done.exit_code == 0, done.output
    assert "Written down: 1 pair of articles not the same story, by anna." in done.output
    assert "Told again in alerts: torkham-closed (1 match)" in done.output
    assert "To undo: monitor stories join s_1 s_2" in done.output
    assert states(merged)[-1] == "pending"
    shown = run("stories", "show", "s_1").output
    assert "Not the same" in shown
    assert "anna" in shown


def test_a_split_that_is_said_twice_changes_nothing(merged: Path) -> None:
    run("stories", "split", "s_1", "a_2")
    again = run("stories", "split", "s_1", "a_2")
    assert again.exit_code == 1
    assert "but of s_2" in again.output
    assert states(merged)[-1] == "pending"


@pytest.mark.usefixtures("merged")
def test_every_article_stands_apart_only_after_a_yes() -> None:
    asked = run("stories", "split", "s_1", input="n\n")
    assert asked.exit_code == 1
    assert "Set all 2 articles of s_1 apart from each other?" in asked.output
    assert "s_1" in run("stories", "show", "a_2").output.splitlines()[0]
    assert run("stories", "split", "s_1", "--yes").exit_code == 0
    assert run("stories", "show", "a_2").output.startswith("Story         s_2")


@pytest.mark.usefixtures("merged")
def test_a_dry_run_changes_nothing() -> None:
    fields = json.loads(run("stories", "split", "s_1", "a_2", "--dry-run", "--json").output)
    assert fields == {"story": "s_1", "pairs": 1, "apart": [["a_2"]], "together": ["a_1"]}
    assert "Not the same" not in run("stories", "show", "s_1").output


@pytest.mark.usefixtures("merged")
def test_a_join_takes_the_split_back() -> None:
    run("stories", "split", "s_1", "a_2")
    assert "Not the same" in run("stories", "show", "s_1").output
    done = run("stories", "join", "s_1", "s_2", "--json")
    assert json.loads(done.output)["pairs"] == 1
    assert "Not the same" not in run("stories", "show", "s_1").output
    assert "nothing was changed" in run("stories", "join", "s_1", "s_2").output


@pytest.mark.usefixtures("desk")
def test_documents_are_grouped_without_a_store(desk: Path) -> None:
    lines = "".join(json.dumps({"id": name, "title": "Torkham closed", "body": TEXT}) + "\n" for name in "ab")
    (desk / "lines.jsonl").write_text("nothing\n" + lines)
    done = run("stories", "group", "lines.jsonl")
    assert done.exit_code == 1
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["a", "b"]
    assert done.stderr.splitlines()[0].startswith("lines.jsonl:1: no JSON")
    assert done.stderr.splitlines()[-1].startswith("2 documents, ")
    assert run("stories", "group", input=lines).stdout == done.stdout
    assert run("stories", "group", input=lines).exit_code == 0
    assert run("stories", "group", "--window", "soon", input=lines).exit_code == 2
    assert run("stories", "group", "--window", "0", input=lines).exit_code == 2
    assert not (desk / "monitor.db").exists()
