"""`monitor forget` at the door: what it asks, what it answers, and that the bytes are gone from the file."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from newsroom import FEED, RULES, Newsroom, file_store, item

from monitor.cli.main import cli
from monitor.model.retention import PruneLimits, PruneStep

URL = "https://news.example/e1"
CONFIG = f"""
[[feeds]]
url = "{FEED}"
backfill = "24h"
[receivers.desk]
file = {{ directory = "digests" }}
[[digests]]
name = "alerts"
rules = ["*"]
to = ["desk"]
schedule = "immediate"
"""
WORD = b"irzada"  # of Wazirzada; an index leaves out the first letters of a word that the one before has too
LONG = "Colonel Wazirzada said that Torkham was closed. " * 400  # more than a page: it lies in pages of its own


def run(*arguments: str, input: str | None = None) -> Result:
    return CliRunner().invoke(cli, arguments, input=input, prog_name="monitor")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store in which one long text was told."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.toml").write_text(RULES)
    (tmp_path / "config.toml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    tell(tmp_path)
    return tmp_path


def tell(folder: Path, *, send: bool = True) -> None:
    store = file_store(folder / "monitor.db")
    room = Newsroom(store=store)
    room.bring_in(item(summary=LONG))
    if send:
        room.plan()
        room.deliver()
    store.close()


def files_with_the_word(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.glob("monitor.db*") if WORD in file.read_bytes().lower())


def test_it_asks_before_it_removes_and_a_no_changes_nothing(desk: Path) -> None:
    done = run("forget", URL, input="n\n")
    assert done.exit_code == 1
    assert "Would remove the text behind" in done.stderr
    assert "for good? [y/N]" in done.stderr
    assert files_with_the_word(desk)
    done = run("forget", URL, input="y\n")
    assert done.exit_code == 0
    assert done.stdout.startswith("Removed the text behind")


def test_no_byte_of_the_text_is_left_in_the_files_of_the_store(desk: Path) -> None:
    assert files_with_the_word(desk)
    assert run("forget", URL, "--yes").exit_code == 0
    assert files_with_the_word(desk) == []


def test_what_a_reader_keeps_alive_is_said(desk: Path) -> None:
    with closing(sqlite3.connect(desk / "monitor.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM feeds").fetchone()
        done = run("forget", URL, "--yes", "--json")
    assert done.exit_code == 0
    assert "-wal" in json.loads(done.stdout)["leftovers"]


def test_a_dry_run_says_what_would_go_and_changes_nothing(desk: Path) -> None:
    done = run("forget", URL, "--dry-run", "--json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert (found["removed"], found["entries"], found["messages"]) == (False, 1, 1)
    assert files_with_the_word(desk)


def test_an_unknown_address_exits_with_1_and_asks_nothing(desk: Path) -> None:
    done = run("forget", "https://news.example/other")
    assert done.exit_code == 1
    assert done.stdout == "https://news.example/other: nothing of it is in the store.\n"


def test_what_a_digest_waits_for_is_refused_in_one_sentence_without_a_question(desk: Path) -> None:
    (desk / "monitor.db").unlink()
    tell(desk, send=False)
    done = run("forget", URL)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"monitor: {URL}: digest alerts has not sent it yet. Nothing was removed.")
    assert run("forget", URL, "--even-unsent", "--yes").exit_code == 0
    assert files_with_the_word(desk) == []


@pytest.mark.parametrize("url", ["", "\ud83d", "x" * 5000])
def test_whatever_is_typed_gets_an_answer(desk: Path, url: str) -> None:
    done = run("forget", url)
    assert done.exit_code == 1
    assert "Traceback" not in done.output


def test_no_word_of_it_is_left_in_the_index_of_a_large_archive(desk: Path) -> None:
    store = file_store(desk / "monitor.db")
    room = Newsroom(store=store)
    room.bring_in(*(item(f"q{n}", f"Quiet day {n}", f"Nothing but word{n} happened.") for n in range(60)))
    store.close()
    assert files_with_the_word(desk)
    assert run("forget", URL, "--yes").exit_code == 0
    assert files_with_the_word(desk) == []
    assert "Quiet day 7" in run("search", "word7").output


def test_pruning_takes_its_words_out_of_the_index_too(desk: Path) -> None:
    store = file_store(desk / "monitor.db")
    room = Newsroom(store=store)
    room.bring_in(*(item(f"q{n}", f"Quiet day {n}", f"Nothing but word{n} happened.") for n in range(60)))
    room.prune(store_full_text=False)
    while store.retention.prune(PruneStep.INDEX, PruneLimits(*[room.clock.now()] * 5, ruleset=""), 1):
        pass
    store.close()
    with closing(sqlite3.connect(desk / "monitor.db")) as connection:
        blocks = [bytes(block) for (block,) in connection.execute("SELECT block FROM article_index_data")]
    assert not [block for block in blocks if WORD in block]
