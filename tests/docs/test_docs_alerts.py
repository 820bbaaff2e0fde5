"""The alert rules of deploy/: they ask for what there is, say what to type, and Prometheus takes them."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import cache

import click
import pytest
from documents import ROOT, code, document, rows
from metered import families_of, meter_of

from monitor.cli.main import cli

ALERTS, TESTS = ROOT / "deploy" / "alerts.yml", ROOT / "deploy" / "alerts_test.yml"
PAGE = document("docs/how-to/watch-with-prometheus.md")


@dataclass(frozen=True)
class Alert:
    """One rule, as far as these tests look at it."""

    name: str
    expression: str
    after: str  # as in "10m"; "" for at once
    summary: str
    description: str
    severity: str


@cache
def alerts() -> dict[str, Alert]:
    """The rules by name. Our own file in our own form: no reader of YAML is wanted for it."""
    found = {}
    for part in re.split(r"^      - alert: ", ALERTS.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        name, rest = part.split("\n", 1)
        values = dict(re.findall(r"^ +(\w+): (?:>-\n)?((?:.|\n)*?)\n?(?=^ +\w+:(?: |$)|\Z)", rest, re.MULTILINE))
        words = {key: " ".join(value.split()) for key, value in values.items()}
        found[name] = Alert(
            name,
            words["expr"],
            words.get("for", ""),
            words["summary"],
            words["description"],
            words["severity"],
        )
    return found


NAMES = re.findall(r"^      - alert: (\w+)$", ALERTS.read_text(encoding="utf-8"), re.MULTILINE)


def test_there_are_alerts_and_no_two_have_one_name() -> None:
    assert len(NAMES) >= 10
    assert sorted(NAMES) == sorted(set(NAMES)) == sorted(alerts())


@pytest.mark.parametrize("name", NAMES)
def test_an_alert_asks_for_metrics_labels_and_values_that_are_there(name: str) -> None:
    families = families_of(meter_of())
    asked = re.findall(r"(media_monitor_\w+)(?:\{(\w+)(?:=~?|!=)\"([^\"]+)\"\})?", alerts()[name].expression)
    assert asked or alerts()[name].expression.startswith("up{")
    for metric, label, values in asked:
        assert metric in families
        if label:
            there = {sample.labels[label] for sample in families[metric].samples if label in sample.labels}
            assert set(values.split("|")) <= there


@pytest.mark.parametrize("name", NAMES)
def test_an_alert_says_what_is_wrong_and_which_command_comes_next(name: str) -> None:
    alert = alerts()[name]
    assert alert.severity in ("critical", "warning")
    assert alert.summary
    assert re.findall(r"`([^`]+)`", alert.description)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_of_ours_that_an_alert_names_is_real(name: str) -> None:
    for typed in re.findall(r"`(monitor [^`]+)`", alerts()[name].description):
        command: click.Command = cli
        words = typed.split()[1:]
        while isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        options = {option for one in command.params for option in one.opts}
        assert {word for word in words if word.startswith("--")} <= options


def test_the_page_lists_every_alert_with_its_patience() -> None:
    table = {code(cells[0]): cells[1] for cells in rows(PAGE.sections["Be told"])}
    assert list(table) == NAMES
    for name, patience in table.items():
        said = "" if patience == "at once" else patience.replace(" min", "m").replace(" h", "h")
        assert said == alerts()[name].after


def test_every_alert_is_seen_to_fire_by_a_test_of_its_own() -> None:
    text = TESTS.read_text(encoding="utf-8")
    assert set(re.findall(r'alertname="(\w+)"', text)) == set(NAMES)


# ---- by Prometheus' own tool


def promtool(*arguments: str, text: bytes = b"") -> str:
    """What it says; fails when it finds anything wrong."""
    done = subprocess.run(["promtool", *arguments], input=text, capture_output=True, timeout=60)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


@pytest.mark.needs("promtool")
def test_prometheus_takes_the_alerts() -> None:
    assert f"{len(NAMES)} rules found" in promtool("check", "rules", str(ALERTS))


@pytest.mark.needs("promtool")
def test_the_alerts_fire_when_they_should_and_no_other_does() -> None:
    assert "SUCCESS" in promtool("test", "rules", str(TESTS))


@pytest.mark.needs("promtool")
def test_prometheus_finds_no_fault_in_the_names_of_the_metrics() -> None:
    assert promtool("check", "metrics", text=meter_of().exposition()) == ""
