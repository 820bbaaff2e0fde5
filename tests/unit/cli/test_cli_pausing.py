"""`monitor feeds pause` and `resume` at the door."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from desk import Desk
from newsroom import file_store

from monitor.cli.main import cli
from monitor.model.feed import FeedStatus

DAWN = "http://127.0.0.1:1/dawn.xml"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A config with one feed, which the store knows."""
    made = Desk(tmp_path)
    made.write([DAWN], feed_lines='name = "Dawn"')
    monkeypatch.chdir(tmp_path)
    assert run("feeds", "add", "http://127.0.0.1:1/other.xml", "--name", "Other", "--no-poll").exit_code == 0
    return made


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(cli, arguments, prog_name="monitor")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def statuses(desk: Desk) -> dict[str, FeedStatus]:
    with closing(file_store(desk.store)) as store:
        return {feed.name: feed.status for feed in store.feeds.all()}


def test_a_feed_is_paused_and_resumed_by_its_name(desk: Desk) -> None:
    said = " ".join(run("feeds", "pause", "Other").stdout.split())
    assert said.startswith("1 feed paused: Other.")
    assert statuses(desk)["Other"] is FeedStatus.PAUSED
    assert "Nothing to pause" in run("feeds", "pause", "Other").stdout
    assert "not polled until somebody resumes it" in " ".join(run("feeds", "show", "Other").stdout.split())
    assert run("feeds", "resume", "Other").stdout == "1 feed resumed: Other.\n"
    assert "Nothing to resume" in run("feeds", "resume", "Other").stdout
    assert statuses(desk)["Other"] is FeedStatus.ACTIVE


def test_a_paused_feed_is_listed_exported_and_not_added_again(desk: Desk) -> None:
    run("feeds", "pause", "Other")
    assert "paused" in run("feeds", "list").stdout
    (listed,) = [json.loads(line) for line in run("feeds", "list", "--json").stdout.splitlines()]
    assert listed["status"] == "paused"
    assert "other.xml" in run("feeds", "export").stdout
    assert "1 feed paused" in run("feeds", "health").stdout
    again = run("feeds", "add", "http://127.0.0.1:1/other.xml", "--no-poll")
    assert again.exit_code == 1
    assert "and paused" in again.stderr
    boosted = run("feeds", "boost", "--feed", "Other", "--interval", "5m", "--for", "1h")
    assert "is paused and polled no more" in boosted.stderr


def test_a_name_that_no_feed_has_is_said_so(desk: Desk) -> None:
    refused = run("feeds", "pause", "Othr")
    assert refused.exit_code == 1
    assert "no feed has the URL or name" in refused.stderr
