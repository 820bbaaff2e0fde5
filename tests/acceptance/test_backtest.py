"""A backtest that sends, beside the real daemon."""

from __future__ import annotations

import json

from desk import RULES, Desk, eventually
from local_feed import LocalFeed

SEND = ("rules", "backtest", "--rule", "torkham-closed", "--limit", "0", "--send", "alerts", "--yes")


def test_the_running_daemon_sends_what_a_backtest_found_once(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    link = feed.add("Torkham shut", "The Torkham crossing is shut.")
    with desk.running() as daemon:
        eventually(lambda: desk.number("SELECT count(*) FROM articles WHERE stage = 'matched'"), "the article")
        desk.rules(RULES.replace("closure)", "closure OR shut)"))
        done = desk.command(*SEND)
        assert done.returncode == 0, done.stderr
        assert f"The monitor that is running (pid {daemon.pid}) sends what is due." in done.stdout
        eventually(lambda: desk.sent() == 1, "the message")
        again = desk.command(*SEND)
        assert "Nothing to send" in again.stdout
        assert desk.reload(daemon)["event"] == "reloaded"
        feed.add("Torkham closed again", "The Torkham crossing was closed, closed for good.")
        eventually(lambda: desk.sent() == 2, "the next alert")
    (path, _) = sorted((desk.folder / "digests").glob("*.json"), key=lambda one: one.stat().st_mtime)
    digest = json.loads(path.read_text(encoding="utf-8"))
    assert digest["looks_back"] is True
    assert [story["url"] for story in digest["stories"]] == [link]
    assert desk.number("SELECT count(*) FROM routings WHERE state = 'pending'") == 0
    assert desk.events("stage failed", "stage broke") == []
