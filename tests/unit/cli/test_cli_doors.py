"""The doors: help that shows how, exit statuses that scripts can trust, JSON lines that parse."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from doors import CONFIG, run
from newsroom import file_store

from monitor import __version__
from monitor.adapters.clock import SystemClock
from monitor.cli.main import cli
from monitor.model.feed import FeedSettings


def every_command(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command that is no group."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from every_command(command, (*path, name))
        else:
            yield (*path, name)


def every_group(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every group, those of the program itself being none."""
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from every_group(command, (*path, name))


# ---- help


def test_a_list_of_commands_is_cut_off_nowhere_on_a_terminal_of_80_columns() -> None:
    for words in every_group():
        shown = CliRunner().invoke(cli, [*words, "--help"], terminal_width=80)
        assert shown.exit_code == 0
        cut = [line for line in shown.output.splitlines() if line.startswith("  ") and line.endswith("...")]
        assert cut == [], words


@pytest.mark.parametrize("words", list(every_command()), ids=" ".join)
def test_the_help_of_every_command_says_what_it_does_and_shows_it(words: tuple[str, ...]) -> None:
    shown = run(*words, "--help")
    assert shown.exit_code == 0
    assert f"\n    monitor {' '.join(words)}" in shown.output.replace("\n      ", "\n    ")
    assert "Example" in shown.output
    assert run(*words, "-h").output == shown.output


def test_the_first_help_names_every_command_and_the_first_steps() -> None:
    shown = run("--help").output
    listed = {line.split()[0] for line in shown.splitlines() if line.startswith("  ") and line.strip()}
    assert {words[0] for words in every_command()} <= listed
    assert "First steps" in shown


def test_every_option_and_argument_is_explained() -> None:
    for words in every_command():
        command: click.Command = cli
        for word in words:
            assert isinstance(command, click.Group)
            command = command.commands[word]
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{words}: {parameter.name}"


def test_the_version_is_the_packages() -> None:
    assert run("--version").output == f"monitor, version {__version__}\n"


# ---- exit statuses


def test_an_unknown_command_or_option_is_a_usage_error() -> None:
    assert run("pol").exit_code == 2
    assert run("status", "--jsn").exit_code == 2
    assert run("digest", "preview", "alerts", "--as", "pdf").exit_code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("status",),
        ("why", "https://x.example/"),
        ("digest", "preview", "alerts"),
        ("run", "--once"),
        ("run",),
    ],
    ids=" ".join,
)
def test_without_a_config_every_command_says_so_with_two(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    assert done.exit_code == 2
    assert "config.toml: no such file" in done.output
    assert "monitor init" in done.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words", [("status",), ("why", "https://x.example/"), ("digest", "preview", "alerts")], ids=" ".join
)
def test_before_the_first_run_there_is_nothing_to_ask_and_asking_makes_nothing(
    words: tuple[str, ...], desk: Path
) -> None:
    done = run(*words)
    assert done.exit_code == 1
    assert "no store yet; monitor run makes it" in done.output
    assert not (desk / "monitor.db").exists()


def test_check_is_0_or_2(desk: Path) -> None:
    assert run("check").exit_code == 0
    (desk / "config.toml").write_text(CONFIG.replace("immediate", "sometimes"))
    done = run("check")
    assert done.exit_code == 2
    assert "config.toml:" in done.output


def test_why_is_0_for_what_was_seen_and_1_for_what_was_not(stored: Path) -> None:
    seen = run("why", "https://news.example/e1")
    assert seen.exit_code == 0
    assert "torkham-closed" in seen.output
    assert run("why", "https://news.example/never").exit_code == 1


def test_why_answers_with_rules_that_do_not_hold(stored: Path) -> None:
    (stored / "rules" / "border.toml").write_text("[[rules]]\nid = 'x'\nquery = '('\n")
    done = run("why", "https://news.example/e1")
    assert done.exit_code == 0
    assert "torkham-closed" in done.output


def test_a_preview_prints_the_digest_and_sends_nothing(stored: Path) -> None:
    done = run("digest", "preview", "alerts")
    assert done.exit_code == 0
    assert "Torkham" in done.output
    assert not (stored / "digests").exists()


def test_a_preview_names_the_failing_feeds_of_its_rules_first_as_the_digest_will(stored: Path) -> None:
    feeds = [FeedSettings(f"https://news.example/{n}", f"Feed {n}", ("border",) * (n == 6)) for n in range(7)]
    store = file_store(stored / "monitor.db")
    store.feeds.sync(feeds, SystemClock().now())
    store.close()
    with closing(sqlite3.connect(stored / "monitor.db")) as connection:
        connection.execute("UPDATE feeds SET failures = 1")
        connection.commit()
    assert "Failing: Feed 6, " in run("digest", "preview", "alerts").output


def test_a_preview_can_be_had_in_every_form(stored: Path) -> None:
    assert "<html" in run("digest", "preview", "alerts", "--as", "html").output
    assert json.loads(run("digest", "preview", "alerts", "--as", "json").output)["digest"] == "alerts"
    assert "text" in json.loads(run("digest", "preview", "alerts", "--as", "slack").output)


def test_an_unknown_digest_names_those_there_are(stored: Path) -> None:
    done = run("digest", "preview", "alert")
    assert done.exit_code == 1
    assert done.output.strip() == 'monitor: no digest is called "alert"; there are: alerts'


def test_init_never_overwrites(tmp_path: Path) -> None:
    assert run("init", str(tmp_path / "desk")).exit_code == 0
    config = tmp_path / "desk" / "config.toml"
    config.write_text("mine")
    assert run("init", str(tmp_path / "desk")).exit_code in (0, 1)
    assert config.read_text() == "mine"


# ---- JSON lines


@pytest.mark.parametrize(
    "words", [("status",), ("why", "https://news.example/e1"), ("why", "https://news.example/never")], ids=" ".join
)
def test_json_is_lines_that_parse_alone(words: tuple[str, ...], stored: Path) -> None:
    done = run(*words, "--json")
    lines = done.output.splitlines()
    assert lines
    assert all(isinstance(json.loads(line), dict) for line in lines)


def test_check_as_json_names_file_line_and_message(desk: Path) -> None:
    assert run("check", "--json").output == ""
    (desk / "config.toml").write_text(CONFIG.replace("[[digests]]", "[[digests]]\nquite_hours = 'x'"))
    problems = [json.loads(line) for line in run("check", "--json").output.splitlines()]
    assert {"file", "line", "gravity", "message"} <= set(problems[0])
    assert any("quite_hours" in problem["message"] and problem["line"] for problem in problems)


# ---- rules match


def line(**more: str) -> str:
    return json.dumps({"id": "1", "title": "Torkham closed", "body": "", **more}) + "\n"


def test_documents_come_from_a_file_or_from_standard_input(desk: Path) -> None:
    (desk / "documents.jsonl").write_text(line())
    from_file = run("rules", "match", "--rules", "rules", "documents.jsonl")
    from_pipe = run("rules", "match", "--rules", "rules", input=line())
    assert from_file.exit_code == from_pipe.exit_code == 0
    assert from_file.output == from_pipe.output
    assert json.loads(from_file.output)["rule"] == "torkham-closed"


def test_without_a_rules_option_the_rules_of_the_config_are_used(desk: Path) -> None:
    assert json.loads(run("rules", "match", input=line()).output)["rule"] == "torkham-closed"


def test_a_wrong_line_is_named_on_standard_error_and_the_status_is_1(desk: Path) -> None:
    done = run("rules", "match", "--rules", "rules", input="nonsense\n" + line())
    assert done.exit_code == 1
    assert "standard input:1: no JSON" in done.stderr
    assert json.loads(done.stdout)["document"] == "1"


@pytest.mark.parametrize("name", ["nowhere.jsonl", "rules"])
def test_documents_that_cannot_be_opened_get_one_sentence(name: str, desk: Path) -> None:
    done = run("rules", "match", "--rules", "rules", name)
    assert done.exit_code in (1, 2)
    assert isinstance(done.exception, SystemExit)
    assert name in done.stderr
    assert "Traceback" not in done.output


def test_a_folder_without_rules_is_named_with_2(desk: Path) -> None:
    (desk / "empty").mkdir()
    done = run("rules", "match", "--rules", "empty", input=line())
    assert done.exit_code == 2
    assert "empty" in done.stderr


def test_half_a_character_in_a_document_breaks_no_terminal(desk: Path) -> None:
    half = '{"id": "\\ud83d", "title": "Torkham closed \\udc00", "body": ""}\n'
    done = run("rules", "match", "--rules", "rules", input=half + line())
    assert isinstance(done.exception, SystemExit | None)
    assert json.loads(done.stdout.splitlines()[-1])["document"] == "1"


def test_half_a_character_in_an_url_breaks_no_terminal(stored: Path) -> None:
    done = run("why", "https://news.example/\udcff")
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code == 1


def test_a_reader_that_has_seen_enough_gets_no_traceback(desk: Path) -> None:
    (desk / "documents.jsonl").write_text(line() * 5_000)
    command = [sys.executable, "-m", "monitor", "rules", "match", "--rules", "rules", "documents.jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=desk) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert json.loads(running.stdout.readline())["rule"] == "torkham-closed"
        running.stdout.close()
        said = running.stderr.read()
        running.wait(30)
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


def test_the_config_option_works_from_anywhere(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(os.sep)
    done = run("status", "--json", "-c", str(stored / "config.toml"))
    assert json.loads(done.output)["feeds"]["total"] == 1


def test_a_config_that_does_not_hold_starts_nothing(desk: Path) -> None:
    (desk / "config.toml").write_text(CONFIG.replace('to = ["desk"]', 'to = ["nobody"]'))
    done = run("run", "--once")
    assert done.exit_code == 2
    assert "nobody" in done.stderr
    assert "Nothing was started." in done.stderr
    assert not (desk / "monitor.db").exists()
    asked = run("status")
    assert asked.exit_code == 2
    assert "nobody" in asked.stderr
    assert asked.stderr.endswith("\nA daemon that runs goes on with the config that it has.\n")
