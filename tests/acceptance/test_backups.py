"""A store copied beside the real daemon, and put back."""

from __future__ import annotations

from desk import Desk, eventually
from local_feed import LocalFeed


def _all_told(desk: Desk, matches: int) -> bool:
    """Whether so many matches were told, and received: many at once are one message."""
    told = desk.number("SELECT count(*) FROM routings WHERE state = 'planned'")
    return told == matches and not desk.number("SELECT count(*) FROM deliveries WHERE state <> 'sent'")


def test_the_store_is_backed_up_while_the_daemon_writes_and_put_back(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    for one in range(30):
        feed.add(f"Torkham closed {one}", f"The Torkham crossing was closed, report {one}.")
    with desk.running():
        eventually(lambda: desk.number("SELECT count(*) FROM entries"), "entries")
        done = desk.command("db", "backup", "copy.db")
        assert done.returncode == 0, done.stderr
        eventually(lambda: _all_told(desk, 30), "every alert")
        assert desk.command("db", "restore", "copy.db", "--yes").returncode == 1  # the daemon holds it
        assert desk.command("db", "check").stdout.startswith("All is well")
    restored = desk.command("db", "restore", "copy.db", "--yes")
    assert restored.returncode == 0, restored.stderr
    feed.add("Floods in Sindh", "The flood came at night.")
    with desk.running():
        eventually(lambda: _all_told(desk, 31), "what the backup did not know, and the news")
    assert desk.number("SELECT count(*) FROM entries") == 31
