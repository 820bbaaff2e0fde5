"""Shells complete our words: by click's script, run by a real bash."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from doors import CONFIG, run

from monitor.app.completions import digest_names, receiver_names, rule_ids
from monitor.cli.completion import complete_receivers

BASH = pytest.mark.needs("bash")


@pytest.fixture
def monitor(tmp_path: Path) -> Path:
    """A folder for PATH with the command `monitor` in it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "monitor"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m monitor "$@"\n')
    program.chmod(0o755)
    return folder


def completed(typed: str, program: Path, folder: Path) -> list[str]:
    """What bash offers for the last word of a line, by the script that it evaluates as our help says."""
    words = " ".join(shlex.quote(word) for word in typed.split(" "))
    script = f"""
        eval "$(monitor completion bash)"
        COMP_WORDS=({words})
        COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
        _monitor_completion monitor
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=folder,
        env={**os.environ, "PATH": f"{program}:{os.environ['PATH']}"},
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return [line for line in done.stdout.splitlines() if line]


@BASH
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("monitor fe", ["feeds"]),
        ("monitor feeds pa", ["parse", "pause"]),
        ("monitor run --dr", ["--dry-run"]),
        ("monitor matches list --cs", ["--csv"]),
        ("monitor completion z", ["zsh"]),
        ("monitor rules explain ", ["torkham-closed", "trucks", "floods"]),
        ("monitor why --rule t", ["torkham-closed", "trucks"]),
        ("monitor matches list --rule fl", ["floods"]),
        ("monitor matches list --digest ", ["alerts"]),
        ("monitor digest preview a", ["alerts"]),
        ("monitor digest preview x", []),
        ("monitor receivers test d", ["desk"]),
        ("monitor deliveries list --receiver ", ["desk"]),
    ],
)
def test_bash_offers_commands_options_and_the_names_of_the_config(
    typed: str, offered: list[str], monitor: Path, desk: Path
) -> None:
    assert completed(typed, monitor, desk) == offered


@BASH
def test_the_config_named_on_the_line_is_the_one_that_is_read(monitor: Path, desk: Path) -> None:
    (desk / "other.toml").write_text(CONFIG.replace('"alerts"', '"evening"'))
    assert completed("monitor matches list -c other.toml --digest ", monitor, desk) == ["evening"]


@BASH
def test_without_a_config_nothing_is_offered_and_nothing_is_said(monitor: Path, tmp_path: Path) -> None:
    assert completed("monitor why --rule ", monitor, tmp_path) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_is_printed(shell: str) -> None:
    done = run("completion", shell)
    assert done.exit_code == 0
    assert f"_MONITOR_COMPLETE={shell}_complete" in done.output
    assert "monitor" in done.output


def test_a_shell_that_is_not_known_is_a_usage_error_that_names_those_that_are() -> None:
    done = run("completion", "tcsh")
    assert done.exit_code == 2
    assert all(shell in done.stderr for shell in ("bash", "zsh", "fish"))


# ---- names out of a config


def test_names_are_read_from_the_config_and_its_rule_files(desk: Path) -> None:
    config = desk / "config.toml"
    assert rule_ids(config) == ["torkham-closed", "trucks", "floods"]
    assert digest_names(config) == ["alerts"]
    assert receiver_names(config) == ["desk"]


def test_a_broken_rule_file_hides_only_its_own_rules(desk: Path) -> None:
    (desk / "rules" / "a.toml").write_text("[[rules]")
    (desk / "rules" / "b.toml").write_bytes(b"\xff")
    (desk / "rules" / "c.toml").write_text("rules = 3")
    (desk / "rules" / "d.toml").write_text("[[rules]]\nid = 3\n[[rules]]\nid = 'extra'\n")
    assert rule_ids(desk / "config.toml") == ["torkham-closed", "trucks", "floods", "extra"]


@pytest.mark.parametrize(
    "config",
    [
        "",
        "nonsense",
        "digests = 3\nreceivers = 3\nrules = 3",
        "[rules]\nfiles = [3, '[', '\\u0000']",
        "[[digests]]\nx = 1",
    ],
)
def test_whatever_stands_in_a_config_there_is_an_answer(config: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(config)
    parameter = click.Option(["--to"])
    context = click.Context(click.Command("x"))
    context.params["config"] = file
    assert complete_receivers(context, parameter, "") == []
    assert digest_names(file) == []
    assert receiver_names(file) == []


def test_rule_files_of_a_size_that_would_be_felt_are_not_read(desk: Path) -> None:
    (desk / "rules" / "a.toml").write_text("#" * 4_000_000)
    assert rule_ids(desk / "config.toml") == []
