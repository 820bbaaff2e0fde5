"""`monitor receivers unsubscribe` and `subscribe`, and where it is seen who left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from doors import run
from newsroom import RULES, file_store

CONFIG = """
[store]
url = "sqlite:///monitor.db"
[[feeds]]
url = "https://news.example/feed"
[smtp]
host = "127.0.0.1"
port = 9
security = "none"
from = "Desk <monitor@example.org>"
[receivers.desk]
email = ["Desk@example.org", "night@example.org"]
[receivers.console]
stdout = {}
"""
DIGEST = '[[digests]]\nname = "{}"\nrules = ["*"]\nto = {}\nschedule = "immediate"\n'


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    digests = (("alerts", '["desk"]'), ("morning", '["desk", "console"]'), ("inside", '["console"]'))
    (tmp_path / "config.toml").write_text(CONFIG + "".join(DIGEST.format(*one) for one in digests))
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.toml").write_text(RULES)
    monkeypatch.chdir(tmp_path)
    file_store(tmp_path / "monitor.db").close()
    return tmp_path


def receivers(*arguments: str) -> str:
    done = run("receivers", *arguments)
    assert done.exit_code == 0, done.output
    return done.output


def test_an_address_leaves_a_digest_and_comes_back() -> None:
    done = receivers("unsubscribe", "desk@example.org", "--digest", "alerts")
    assert "desk@example.org gets no more of alerts" in done
    assert "monitor receivers subscribe desk@example.org --digest alerts" in done
    assert "had unsubscribed from alerts before" in receivers(
        "unsubscribe", "Desk@Example.org", "--digest", "alerts"
    )
    assert "desk@example.org has unsubscribed from alerts since " in receivers("list")
    (row,) = [json.loads(line) for line in receivers("list", "--json").splitlines() if '"desk"' in line]
    assert [(one["digest"], one["recipient"], one["by"]) for one in row["unsubscribed"]] == [
        ("alerts", "desk@example.org", "hand")
    ]
    assert "gets alerts again" in receivers("subscribe", "desk@example.org", "--digest", "alerts")
    assert "has unsubscribed" not in receivers("list")
    assert "had not unsubscribed from alerts" in receivers("subscribe", "desk@example.org", "--digest", "alerts")


def test_all_means_every_digest_the_address_gets() -> None:
    assert len(receivers("unsubscribe", "night@example.org", "--all").splitlines()) == 2
    assert len(receivers("subscribe", "night@example.org", "--all").splitlines()) == 2
    assert "had not unsubscribed from any digest" in receivers("subscribe", "night@example.org", "--all")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("desk@example.org",), 2, "name digests with --digest, or give --all"),
        (("desk@example.org", "--all", "--digest", "alerts"), 2, "name digests with --digest, or give --all"),
        (
            ("desk@example.org", "--digest", "evening"),
            1,
            'no digest is called "evening"; there are: alerts, morning',
        ),
        (
            ("desk@example.org", "--digest", "inside"),
            1,
            "desk@example.org is not among those who get inside: it gets",
        ),
        (("nobody@example.org", "--all"), 1, "no digest is sent to it"),
    ],
)
def test_what_cannot_be_left_is_said(arguments: tuple[str, ...], status: int, words: str) -> None:
    done = run("receivers", "unsubscribe", *arguments)
    assert done.exit_code == status
    assert words in done.output
    assert "has unsubscribed" not in receivers("list")


def test_status_says_who_left_and_warns_of_a_digest_without_readers() -> None:
    assert "unsubscribed" not in run("status").output
    receivers("unsubscribe", "desk@example.org", "--digest", "alerts", "--digest", "morning")
    done = run("status").output
    left = "Left 1 address unsubscribed, from alerts, morning monitor receivers list"
    assert left in " ".join(done.split())
    assert "WARNING" not in done
    receivers("unsubscribe", "night@example.org", "--all")
    done = run("status").output
    assert "WARNING     alerts reaches nobody any more: all its readers have unsubscribed" in done
    assert done.count("WARNING") == 1  # the console still has the morning
    found = json.loads(run("status", "--json").output)
    assert found["reaching_nobody"] == ["alerts"]
    assert len(found["unsubscribed"]) == 4


def test_the_list_needs_no_store(desk: Path) -> None:
    (desk / "monitor.db").unlink()
    assert "night@example.org" in receivers("list")
    assert not (desk / "monitor.db").exists()
