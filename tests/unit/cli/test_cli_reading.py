"""The doors of the offline commands and of the lists: exit statuses, usage errors, what goes to which stream."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from doors import run
from newsroom import item, rss

from monitor.core.text.columns import display_width

PAGE = "<html><body><article>" + "".join(
    f"<p>Paragraph {n}: the Torkham crossing was closed by the Taliban on Sunday, officials said there.</p>"
    for n in range(6)
)


# ---- feeds parse, articles extract


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "feed.xml").write_bytes(rss(item()))
    (tmp_path / "none.xml").write_bytes(rss())
    (tmp_path / "page.html").write_text(PAGE)
    (tmp_path / "login.html").write_text("<html>Please log in</html>")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_feed_is_read_without_a_config(files: Path) -> None:
    done = run("feeds", "parse", "feed.xml")
    assert done.exit_code == 0
    assert json.loads(done.output)["entry"]["id"] == "e1"
    assert run("feeds", "parse", "-", input=(files / "feed.xml").read_text()).output == done.output.replace(
        '"feed.xml"', '"-"'
    )


def test_a_page_is_read_without_a_config(files: Path) -> None:
    done = run("articles", "extract", "page.html")
    assert done.exit_code == 0
    assert json.loads(done.output)["quality"] == "full"


def test_a_page_is_shown_to_people_at_80_columns_with_what_was_left_out(files: Path) -> None:
    wall = "<html><title>Just a moment...</title><p>Enable JavaScript and cookies to continue</p></html>"
    (files / "wall.html").write_text(wall)
    (files / "more.html").write_text(f"{PAGE}<p>SEE ALSO: https://news.example/{'x' * 90}</p></article>")
    done = run("articles", "extract", "--text", "more.html", "wall.html", "login.html")
    assert done.exit_code == 1
    assert all(display_width(line) <= 80 for line in done.output.splitlines())
    assert "Text          90 words, found by trafilatura" in done.output
    assert "Left out, 3 words: see_also (a line that points elsewhere)" in done.output
    assert "Quality       stub: a bot check: rules read the feed's own words" in done.output
    assert "\nlogin.html: no main text" in done.output


@pytest.mark.parametrize(
    "words", [("feeds", "parse", "feed.xml"), ("articles", "extract", "page.html")], ids=" ".join
)
def test_a_bad_file_makes_the_status_1_and_the_others_go_on(words: tuple[str, ...], files: Path) -> None:
    *command, good = words
    done = run(*command, "login.html", "nowhere", good)
    assert done.exit_code == 1
    assert [set(json.loads(line)) == {"file", "error"} for line in done.stdout.splitlines()] == [True, True, False]
    assert "Traceback" not in done.output


def test_a_feed_without_entries_is_said_on_standard_error(files: Path) -> None:
    done = run("feeds", "parse", "none.xml")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "none.xml: a feed without entries\n"


@pytest.mark.parametrize("words", [("feeds", "parse"), ("articles", "extract")], ids=" ".join)
def test_without_a_file_the_usage_is_shown(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


def test_a_file_name_that_is_no_text_breaks_nothing(files: Path) -> None:
    name = os.fsdecode(b"\xff.xml")
    Path(name).write_bytes(rss(item()))
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "feeds", "parse", name], capture_output=True, cwd=files, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["file"] == name


# ---- rules explain


def test_a_rule_is_explained_on_a_text_of_standard_input(desk: Path) -> None:
    done = run("rules", "explain", "torkham-closed", "--text", "-", input="Torkham was closed.")
    assert done.exit_code == 0
    assert "· MATCH ·" in done.output
    assert "[Torkham] was [closed]." in done.output


def test_a_no_is_an_answer_and_no_failure(desk: Path) -> None:
    done = run("rules", "explain", "torkham-closed", "--title", "Rain in Kabul")
    assert done.exit_code == 0
    assert "· NO MATCH ·" in done.output


def test_a_query_is_explained_with_its_warnings_on_standard_error(desk: Path) -> None:
    done = run("rules", "explain", "--query", "torkham closed", "--title", "Torkham closed", "--rules", "rules")
    assert done.exit_code == 0
    assert "· MATCH ·" in done.stdout
    assert "--query: warning: query: two terms side by side mean AND" in done.stderr


def test_a_query_that_does_not_hold_is_a_wrong_command_line(desk: Path) -> None:
    done = run("rules", "explain", "--query", "torkham AND (", "--title", "x")
    assert done.exit_code == 2
    assert 'this "(" is never closed' in done.stderr


def test_a_stored_article_is_explained_by_its_url(stored: Path) -> None:
    done = run("rules", "explain", "torkham-closed", "--url", "https://news.example/e1")
    assert done.exit_code == 0
    assert 'MATCH · article "Torkham closed" (News, 22 Feb 2023)' in done.output


def test_an_url_never_seen_is_1(stored: Path) -> None:
    done = run("rules", "explain", "torkham-closed", "--url", "https://news.example/\udcff")
    assert done.exit_code == 1
    assert "was never seen in a feed" in done.stderr


def test_several_documents_are_explained_and_a_bad_line_makes_the_status_1(desk: Path) -> None:
    lines = '{"id": "1", "title": "Torkham closed"}\n{"id": "2", "title": "Rain"}\n{"title": "x"}\n'
    done = run("rules", "explain", "torkham-closed", "--text", "-", "--json", input=lines)
    assert done.exit_code == 1
    assert [json.loads(line)["explanation"]["holds"] for line in done.stdout.splitlines()] == [True, False]
    assert done.stderr == 'standard input:3: "id" is missing\n'


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Name a RULE"),
        (("torkham-closed", "--query", "x"), "Name a RULE"),
        (("torkham-closed",), "--text FILE"),
        (("torkham-closed", "--url", "https://x.example/", "--text", "-"), "leave --text"),
        (("torkham-closed", "--url", "https://x.example/", "--title", "x"), "leave --text"),
    ],
)
def test_a_question_that_is_none_is_a_usage_error(words: tuple[str, ...], message: str, desk: Path) -> None:
    done = run("rules", "explain", *words)
    assert done.exit_code == 2
    assert message in done.stderr


# ---- matches list, why --rule


def test_matches_are_listed_in_three_forms(stored: Path) -> None:
    text = run("matches", "list", "--since", "3650d")
    assert text.exit_code == 0
    assert "HIGH torkham-closed: Torkham closed" in text.output
    assert all(display_width(line) <= 80 for line in text.output.splitlines())
    (line,) = run("matches", "list", "--since", "3650d", "--json").output.splitlines()
    assert json.loads(line)["digests"] == [
        {"digest": "alerts", "state": "pending", "batch": None, "silence": None}
    ]
    table = run("matches", "list", "--since", "3650d", "--csv")
    assert len(list(csv.reader(io.StringIO(table.stdout_bytes.decode(), newline="")))) == 2
    assert table.stdout_bytes.count(b"\r\n") == 2


def test_csv_is_utf_8_whatever_the_terminal_speaks(stored: Path) -> None:
    with closing(sqlite3.connect(stored / "monitor.db")) as connection:
        connection.execute("UPDATE articles SET title = 'سرحد بند'")
        connection.commit()
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "matches", "list", "--since", "3650d", "--csv"],
        capture_output=True,
        cwd=stored,
        env={**os.environ, "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"},
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert "سرحد بند" in done.stdout.decode("utf-8")


def test_nothing_found_is_an_answer(stored: Path) -> None:
    done = run("matches", "list", "--rule", "floods", "--since", "3650d")
    assert (done.exit_code, done.output) == (
        0,
        "No match of floods in the last 3650d. Further back: --since 30d\n",
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--rule", "flods"), 'no rule is called "flods"; did you mean "floods"?'),
        (("--digest", "alert"), 'no digest is called "alert"; there are: alerts'),
    ],
)
def test_a_name_that_nothing_has_is_1(words: tuple[str, ...], message: str, stored: Path) -> None:
    done = run("matches", "list", *words)
    assert done.exit_code == 1
    assert message in done.stderr


def test_a_rule_over_a_span_is_told_in_words_and_as_json(stored: Path) -> None:
    text = run("why", "--rule", "torkham-closed", "--since", "3650d")
    assert text.exit_code == 0
    assert "1 pending: to be told in digest alerts" in text.output
    (line,) = run("why", "--rule", "torkham-closed", "--since", "3650d", "--json").output.splitlines()
    assert json.loads(line)["matches"] == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("why",), "Name the URL of an entry, or a rule"),
        (("why", "https://news.example/e1", "--since", "7d"), "--since goes with --rule alone"),
        (("why", "--rule", "x", "--since", "tomorrow"), '"tomorrow" is no duration'),
        (("matches", "list", "--since", "7x"), '"7x" is no duration'),
        (("matches", "list", "--limit", "0"), "0 is not in the range"),
        (("matches", "list", "--csv", "--json"), "--csv or --json, not both"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_wrong_command_line_is_2_and_says_what_is_wrong(
    words: tuple[str, ...], message: str, stored: Path
) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert message in done.stderr


@pytest.mark.parametrize("words", [("matches", "list"), ("why", "--rule", "torkham-closed")], ids=" ".join)
def test_before_the_first_run_there_is_nothing_to_list(words: tuple[str, ...], desk: Path) -> None:
    done = run(*words)
    assert done.exit_code == 1
    assert "no store yet" in done.output
    assert not (desk / "monitor.db").exists()


# ---- progress


def in_a_terminal(folder: Path, *words: str) -> tuple[str, str]:
    """Standard output, and what a terminal on standard error showed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "monitor", *words], cwd=folder, stdout=subprocess.PIPE, stderr=theirs
    ) as running:
        os.close(theirs)
        assert running.stdout is not None
        printed = running.stdout.read().decode()
        shown = b""
        try:
            while some := os.read(ours, 65536):
                shown += some
        except OSError:  # the other end is closed
            pass
        os.close(ours)
        running.wait(60)
    return printed, shown.decode()


def test_a_large_file_shows_how_much_of_it_is_matched(desk: Path) -> None:
    line = json.dumps({"id": "1", "title": "Rain", "body": "It rained. " * 2_000}) + "\n"
    (desk / "large.jsonl").write_text(line * 250 + '{"id": "2", "title": "Torkham closed"}\n')
    (desk / "small.jsonl").write_text(line)
    printed, shown = in_a_terminal(desk, "rules", "match", "--rules", "rules", "large.jsonl")
    assert json.loads(printed)["document"] == "2"
    assert "large.jsonl" in shown
    assert "100%" in shown
    assert in_a_terminal(desk, "rules", "match", "--rules", "rules", "small.jsonl") == ("", "")
