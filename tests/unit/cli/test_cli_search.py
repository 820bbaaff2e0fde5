"""`monitor search` at the door: exit statuses, where what is printed, progress, and an end by Ctrl-C."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from made import NOON, feed_settings, new_article, new_entry
from newsroom import file_store
from stored import grouped
from waiting import unindexed

from monitor.adapters.store import archive
from monitor.adapters.store import tables as t
from monitor.adapters.store.rows import article_columns, entry_columns
from monitor.cli.main import cli

CONFIG = """
[store]
url = "sqlite:///monitor.db"
[[feeds]]
url = "https://news.example/feed"
name = "News"
[rules]
files = ["rules/*.toml"]
[receivers.desk]
stdout = {}
[[digests]]
name = "alerts"
rules = ["*"]
to = ["desk"]
schedule = "immediate"
"""
RULES = """
[entities.torkham]
name = "Torkham"
[[rules]]
id = "torkham"
query = '@torkham'
"""
MANY = 3_000


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["search", *arguments], prog_name="monitor")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config, its rules and a store of two articles, in the current directory."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "border.toml").write_text(RULES)
    (tmp_path / "config.toml").write_text(CONFIG)
    store = file_store(tmp_path / "monitor.db")
    store.feeds.sync([feed_settings()], NOON)
    (feed,) = store.feeds.all()
    for number in (1, 2):
        grouped(store, feed, f"e{number}", title=f"Story {number}", text="Torkham is closed.")
    store.close()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def crowded(desk: Path) -> Path:
    """The same with so many long articles that a search takes a while."""
    store = file_store(desk / "monitor.db")
    text = "Torkham is closed. " + "word " * 1_500
    numbers = range(10, 10 + MANY)
    entries = [
        {"id": one, "feed_id": 1, **entry_columns(new_entry(f"e{one}"), f"{one}", f"{one}", NOON)}
        for one in numbers
    ]
    articles = [{"id": one, **article_columns(new_article(one, text=text))} for one in numbers]
    with store._db.write() as connection:
        connection.execute(t.entries.insert(), entries)
        connection.execute(t.articles.insert(), articles)
        archive.add(connection, dict.fromkeys(numbers, frozenset({"torkham", "is", "closed", "word"})))
    store.close()
    return desk


def test_articles_go_to_standard_output_and_the_exit_status_is_0(desk: Path) -> None:
    done = run("@torkham AND closed")
    assert done.exit_code == 0
    assert done.stdout.count("[Torkham] is [closed].") == 2
    assert "\n\n2 of 2 candidates match, among 2 articles; 0." in done.stdout
    assert done.stderr == ""
    assert run("nowhere").exit_code == 0


def test_json_lines_hold_the_articles_and_standard_error_the_sum(desk: Path) -> None:
    done = run("closed", "--json", "--limit", "1")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["title"] for row in rows] == ["Story 2"]
    assert "2 of 2 candidates match" in done.stderr
    assert "--limit 2" in done.stderr
    assert len(run("closed", "--json").stdout.splitlines()) == 2


def test_text_shows_twenty_unless_told_otherwise(desk: Path) -> None:
    store = file_store(desk / "monitor.db")
    (feed,) = store.feeds.all()
    for number in range(3, 24):
        grouped(store, feed, f"e{number}", text="Chaman")
    store.close()
    assert run("chaman").stdout.count("[Chaman]") == 20
    assert run("chaman", "--limit", "21").stdout.count("[Chaman]") == 21
    assert len(run("chaman", "--json").stdout.splitlines()) == 21
    assert run("chaman", "--limit", "0").stdout.startswith("21 of 21 candidates match")


def test_a_query_that_does_not_hold_is_exit_2_with_a_caret(desk: Path) -> None:
    done = run("Torkham AND (closed OR )")
    assert done.exit_code == 2
    assert done.stdout == ""
    shown = ["    Torkham AND (closed OR )", "                           ^ column 24"]
    assert done.stderr.splitlines()[1:] == shown


def test_a_warning_about_the_query_does_not_stop_it(desk: Path) -> None:
    done = run("Torkham closed")
    assert done.exit_code == 0
    assert "two terms side by side mean AND" in done.stderr


@pytest.mark.parametrize("rules", ["[[rules]]\nid = 'a'\nquery = '('\n", "no toml"])
def test_words_are_searched_though_the_rule_files_do_not_hold(desk: Path, rules: str) -> None:
    (desk / "rules" / "border.toml").write_text(rules)
    assert run("closed").exit_code == 0
    done = run("@torkham")
    assert done.exit_code == 2
    assert "the rule files do not hold" in done.stderr


def test_times_that_are_none_or_end_before_they_begin_are_usage_errors(desk: Path) -> None:
    for arguments in (["--since", "soon"], ["--until", "2023-13-01"], ["--since", "2d", "--until", "3d"]):
        done = run("closed", *arguments)
        assert done.exit_code == 2, arguments
        assert arguments[-2] in done.stderr
    assert run("closed", "--since", "2023-02-22", "--until", "2023-02-22").exit_code == 0


def test_without_a_store_it_says_so_and_makes_none(desk: Path) -> None:
    (desk / "monitor.db").unlink()
    done = run("closed")
    assert done.exit_code == 1
    assert len(done.stderr.splitlines()) == 1
    assert not (desk / "monitor.db").exists()


def test_what_is_older_than_the_index_is_indexed_by_the_first_search(desk: Path) -> None:
    store = file_store(desk / "monitor.db")
    with store._db.write() as connection:
        archive.clear(connection)
    assert store.archive.waiting() == 2
    assert run("closed").exit_code == 0
    assert unindexed(store.archive) == []
    store.close()


def chunks(terminal: int) -> Iterator[str]:
    """What is written on a terminal, as it comes."""
    while True:
        try:
            yield os.read(terminal, 4096).decode("utf-8", "replace")
        except OSError:  # how Linux says that the other side is closed
            return


@pytest.mark.needs("linux")
def test_a_terminal_sees_the_progress_and_ctrl_c_ends_with_what_there_is(crowded: Path) -> None:
    ours, theirs = pty.openpty()
    # It gives way to us: on a busy machine it would be done before we had read that it is at work. Tests that run
    # in the background of a shell hear no Ctrl-C, nor would what they start.
    heard = ["env", "--default-signal=INT", "nice", "-n", "19"]
    process = subprocess.Popen(
        [*heard, sys.executable, "-m", "monitor", "search", "closed", "--limit", "1"],
        stdout=subprocess.PIPE, stderr=theirs, text=True,
    )  # fmt: skip
    os.close(theirs)
    seen = ""
    for chunk in chunks(ours):
        seen += chunk
        if "candidates read" in seen:
            process.send_signal(signal.SIGINT)
            break
    seen += "".join(chunks(ours))
    output, _ = process.communicate(timeout=60)
    os.close(ours)
    assert f" of {MANY + 2:,} candidates read" in seen
    assert seen.endswith("\r\x1b[K")
    assert process.returncode == 130
    assert output.count("[closed]") == 1
    assert f" of {MANY + 2:,} candidates: " in output
    assert "Traceback" not in seen + output
