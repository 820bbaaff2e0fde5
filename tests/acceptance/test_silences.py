"""A silence beside the real daemon: what it holds comes when it ends, what it discards when it is asked for."""

from __future__ import annotations

import json

import pytest
from desk import Desk, eventually
from local_feed import LocalFeed


@pytest.mark.soak
def test_a_story_is_silenced_and_let_go_while_the_daemon_runs(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    link = feed.add("Torkham closed", "The Torkham crossing was closed on Sunday.", id="one")
    waiting = "SELECT count(*) FROM routings WHERE state = ?"
    with desk.running():
        eventually(lambda: desk.sent() == 1, "the first alert")
        ((story,),) = desk.ask("SELECT story_id FROM articles")
        added = desk.command("silence", "add", "--story", story, "--for", "12h", "--reason", "we are on it")
        assert (added.returncode, added.stderr) == (0, "")
        assert added.stdout.splitlines()[-1] == "To undo: monitor silence end 1"
        # Another rule matches on the same story: news, that would be told at once.
        feed.clear()
        feed.add("Torkham closed", "The Torkham crossing was closed. A flood came.", id="one", link=link)
        eventually(lambda: desk.number(waiting, "pending"), "a match that is held")
        feed.add("Floods in Sindh", "The flood came at night.", id="two")
        eventually(lambda: desk.sent() == 2, "an alert on another story, which is not silenced")
        assert desk.number(waiting, "pending")
        assert "held in digest alerts by silence 1" in " ".join(desk.command("why", link).stdout.split())
        (row,) = map(json.loads, desk.command("silence", "list", "--json").stdout.splitlines())
        assert row["held"]["stories"] == 1
        assert desk.command("silence", "end", "1").returncode == 0
        eventually(lambda: desk.sent() == 3, "the held alert")
        assert desk.command(
            "silence", "add", "--rule", "floods", "--for", "1h", "--reason", "x", "--discard"
        ).stdout
        feed.add("Floods in Punjab", "Another flood in the hills.", id="three")
        eventually(lambda: desk.number(waiting, "silenced"), "a match that is discarded")
        assert desk.sent() == 3
        assert "Brought back in alerts: 1 match." in desk.command("silence", "end", "2", "--tell").stdout
        eventually(lambda: desk.sent() == 4, "the alert that was brought back")
    assert desk.number(waiting, "pending") == 0
