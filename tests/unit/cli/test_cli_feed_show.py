"""`monitor feeds show`: where one looks at what a subscription stored."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from doors import run
from made import NOON, feed_settings
from newsroom import FEED, Newsroom, file_store, item

LONG_AGO = NOON - timedelta(days=3)


@pytest.fixture
def subscribed(desk: Path) -> Path:
    """A feed with entries of every fate; the config knows it."""
    store = file_store(desk / "monitor.db")
    room = Newsroom(store=store, feeds=(feed_settings(FEED, tags=("border",)),))
    room.bring_in(item("old", "Before you came", published=LONG_AGO))
    room.clock.advance(timedelta(hours=1))
    old = item("old", "Before you came", published=LONG_AGO)
    news = item("new", "سرحد بند Torkham closed", "The Torkham crossing was closed.", published=room.clock.now())
    dull = item("dull", "\x1b[31mRain\x1b[0m in Kabul " + "and more rain " * 10, "It rained.", published=NOON)
    room.bring_in(old, news, dull)
    store.close()
    return desk


def test_each_entry_has_its_fate_and_its_rules(subscribed: Path) -> None:
    shown = run("feeds", "show", "News")
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert lines[0] == f"News  {FEED}"
    (seen,) = (line for line in lines if line.startswith("seen before"))
    assert "Before you came" in seen
    (match,) = (number for number, line in enumerate(lines) if line.startswith("match"))
    assert "سرحد بند Torkham closed" in lines[match]
    assert lines[match + 1].strip() == "torkham-closed"
    assert any(line.startswith("no match") for line in lines)
    assert "see backfill" in shown.output
    assert "monitor why https://news.example/" in shown.output


def test_no_line_is_wider_than_a_terminal_and_nothing_steers_it(subscribed: Path) -> None:
    shown = run("feeds", "show", FEED).output
    assert [line for line in shown.splitlines() if len(line) > 80] == []
    assert "\x1b" not in shown


def test_programs_read_the_same(subscribed: Path) -> None:
    row = json.loads(run("feeds", "show", "News", "--json").output)
    assert row["stored"] == 3
    assert [entry["fate"] for entry in row["entries"]] == ["read", "read", "seen_at_subscribe"]
    assert {entry["link"]: entry["rules"] for entry in row["entries"]}["https://news.example/new"] == [
        "torkham-closed"
    ]
    assert row["declared"].startswith("config.toml:")


def test_a_limit_says_what_it_left_out(subscribed: Path) -> None:
    assert "Entries     the newest 1 of 3" in run("feeds", "show", "News", "--limit", "1").output
    assert "Entries     3" in run("feeds", "show", "News", "--limit", "0").output.splitlines()


def test_an_unknown_feed_is_one_sentence_with_what_was_meant(subscribed: Path) -> None:
    shown = run("feeds", "show", "Newz")
    assert shown.exit_code == 1
    assert 'did you mean "News"?' in shown.output


def test_a_feed_that_was_never_polled_says_so(desk: Path) -> None:
    store = file_store(desk / "monitor.db")
    store.feeds.sync([feed_settings(FEED)], NOON)
    store.close()
    lines = run("feeds", "show", "News").output.splitlines()
    assert "Polled      never" in lines
    assert "Entries     none yet" in lines
