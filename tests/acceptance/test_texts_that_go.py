"""Texts that are not kept, with the real daemon: gone from the bytes of the store, and nothing alerts twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from desk import Desk, eventually
from local_feed import LocalFeed

UNQUOTED = "Colonel Wazirzada spoke"  # stands only in what no digest quotes
NEWS = "The Torkham crossing was closed on Sunday."
LONG = f"{NEWS} " + f"{UNQUOTED} of trade. " * 400


def keep(desk: Desk, line: str) -> None:
    """Adds a line to `[store]`."""
    text = desk.config.read_text(encoding="utf-8")
    desk.config.write_text(text.replace("[store]\n", f"[store]\n{line}\n"), encoding="utf-8")


def files_with(desk: Desk, words: str) -> list[str]:
    """The files of the store in whose bytes the words stand."""
    return sorted(
        file.name
        for file in desk.folder.glob("monitor.db*")
        if words.lower().encode() in file.read_bytes().lower()
    )


def test_without_full_texts_an_alert_goes_out_and_then_the_text_is_in_no_byte(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    keep(desk, "store_full_text = false")
    link = feed.add("Border shut", LONG, id="one")
    with desk.running():
        eventually(desk.sent, "the alert")
        eventually(lambda: desk.number("SELECT count(*) FROM articles WHERE text_gone IS NOT NULL"), "the pruning")
    assert files_with(desk, UNQUOTED) == []
    assert desk.ask("SELECT title, text FROM articles") == [("Border shut", "")]
    why = desk.command("why", link).stdout
    assert "not kept (store_full_text = false): dropped" in why
    assert "torkham-closed" in why
    assert ": sent" in why
    assert "floods: why cannot be said any more" in why
    # an hour later, so that an update need not wait for its turn
    an_hour_ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=1)
    desk.write_store("UPDATE batches SET planned_at = ?", an_hour_ago.isoformat(" ", "microseconds"))
    # it is known by its keys: only what is new in it alerts
    feed.clear()
    feed.add("Border shut", f"{LONG} Rain fell.", id="one", link=link)
    with desk.running():
        eventually(lambda: desk.number("SELECT count(*) FROM routings WHERE state = 'merged'"), "the edit")
        feed.clear()
        feed.add("Border shut", f"{LONG} Then Torkham was closed to trucks.", id="one", link=link)
        eventually(lambda: desk.sent() == 2, "the alert on the added words")
        gone = "SELECT count(*) FROM articles WHERE text <> ''"
        eventually(lambda: desk.number(gone) == 0, "the pruning of all wordings")
    assert files_with(desk, UNQUOTED) == []


def test_a_pass_ends_with_pruning_and_says_nothing_twice(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    keep(desk, 'retention = "7d"')
    link = feed.add("Border shut", LONG)
    assert desk.command("run", "--once").returncode == 0
    assert desk.sent() == 1
    assert desk.number("SELECT count(*) FROM articles WHERE text <> ''") == 1
    desk.write_store("UPDATE articles SET first_seen = '2020-01-01 00:00:00'")
    assert desk.command("run", "--once").returncode == 0
    assert desk.number("SELECT count(*) FROM articles WHERE text <> ''") == 0
    assert desk.sent() == 1
    assert "older than the retention time: dropped" in desk.command("why", link).stdout
    assert files_with(desk, UNQUOTED) == []


def test_a_text_forgotten_beside_the_daemon_does_not_come_back(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    link = feed.add("Border shut", LONG)
    with desk.running():
        eventually(desk.sent, "the alert")
        done = desk.command("forget", link, "--yes")
        assert (done.returncode, done.stderr) == (0, "")
        assert "Removed the text behind" in done.stdout
        feed.add("Floods in Sindh", "The flood came at night.")
        eventually(lambda: desk.sent() == 2, "the next alert of the same feed")
        assert desk.number("SELECT count(*) FROM entries WHERE link = ?", link) == 1
    # An index leaves out the first letters of a word that the one before has, too: hence not all of "Wazirzada".
    for words in (UNQUOTED, "irzada", "Border shut", NEWS):
        assert files_with(desk, words) == []
    why = desk.command("why", link)
    assert why.returncode == 0
    assert "removed by monitor forget" in why.stdout
