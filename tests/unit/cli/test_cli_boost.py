"""`monitor feeds boost` at the door: what it does to the store, and what people read of it."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from doors import run
from made import decision, feed_settings
from stored import record_poll

from monitor.adapters.store.sql import SqlStore
from monitor.model.feed import Feed, FeedStatus, PollOutcome, PollReason

CONFIG = '[store]\nurl = "sqlite:///monitor.db"\n'
BORDER, WIRE, SPORT = (f"https://{name}.example/feed" for name in ("border", "wire", "sport"))
SIX_HOURS = ("--interval", "2m", "--for", "6h")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three feeds that are due in an hour, two of them of the border."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG)
    settings = [
        feed_settings(BORDER, name="Border", tags=("border",)),
        feed_settings(WIRE, name="Wire", tags=("border", "wire"), interval=timedelta(minutes=1)),
        feed_settings(SPORT, name="Sport", tags=("sport",)),
    ]
    with closing(SqlStore("sqlite:///monitor.db")) as store:
        store.feeds.sync(settings, datetime.now(UTC) + timedelta(hours=1))
    return tmp_path


def feeds() -> dict[str, Feed]:
    with closing(SqlStore("sqlite:///monitor.db")) as store:
        return {feed.name: feed for feed in store.feeds.all()}


def test_feeds_with_a_tag_are_asked_at_the_interval_and_are_due_within_it(desk: Path) -> None:
    done = run("feeds", "boost", "--tag", "border", *SIX_HOURS)
    assert done.exit_code == 0, done.output
    assert "2 feeds boosted to every 2m for 6 h, until " in done.stdout
    assert "1 of them have an interval of their own that is as short" in done.stdout
    now, kept = datetime.now(UTC), feeds()
    for name in ("Border", "Wire"):
        boost = kept[name].boost
        assert boost is not None
        assert boost.interval == timedelta(minutes=2)
        assert timedelta(hours=5, minutes=59) < boost.until - now <= timedelta(hours=6)
        assert kept[name].next_poll_at <= now + boost.interval
    assert kept["Sport"].boost is None


def test_one_feed_is_named_by_url_or_name(desk: Path) -> None:
    run("feeds", "boost", "--feed", "sport", "--feed", BORDER, *SIX_HOURS)
    assert [name for name, feed in feeds().items() if feed.boost] == ["Border", "Sport"]


def test_it_is_seen_in_the_list_and_in_status_and_can_be_ended(desk: Path) -> None:
    run("feeds", "boost", "--tag", "border", *SIX_HOURS)
    assert "Border" in run("feeds", "boost", "--list").stdout
    assert "2 feeds boosted until" in run("feeds", "list").stdout
    (border, *_) = [json.loads(line) for line in run("feeds", "list", "--json").stdout.splitlines()]
    assert border["boost"]["interval"] == "2m"
    assert run("feeds", "boost", "--end", "--feed", "Wire").stdout == "1 boost ended.\n"
    (left,) = [json.loads(line) for line in run("feeds", "boost", "--list", "--json").stdout.splitlines()]
    assert left["name"] == "Border"
    run("feeds", "boost", "--end")
    assert run("feeds", "boost", "--end").stdout == "No boost was in force.\n"
    assert run("feeds", "boost", "--list").stdout == "No feed is boosted.\n"
    assert "boosted" not in run("feeds", "list").stdout


def test_where_boosts_end_at_different_times_the_last_end_is_called_that(desk: Path) -> None:
    run("feeds", "boost", "--tag", "border", *SIX_HOURS)
    assert "2 feeds boosted until " in run("feeds", "list").stdout
    run("feeds", "boost", "--feed", "Border", "--interval", "2m", "--for", "3h")
    assert "2 feeds boosted, the last one until " in run("feeds", "list").stdout


def test_a_feed_whose_server_said_when_to_come_back_is_not_asked_sooner_and_that_is_said(desk: Path) -> None:
    with closing(SqlStore("sqlite:///monitor.db")) as store:
        feed = store.feeds.all()[0]
        store.feeds.put_off({feed.id: feed.next_poll_at})
    done = run("feeds", "boost", "--tag", "border", *SIX_HOURS)
    assert "1 of them wait as long as their servers asked for" in done.stdout
    assert feeds()["Border"].next_poll_at == feed.next_poll_at


def test_a_feed_that_is_gone_is_not_boosted_and_that_is_said(desk: Path) -> None:
    with closing(SqlStore("sqlite:///monitor.db")) as store:
        feed = store.feeds.all()[0]
        gone = decision(
            outcome=PollOutcome.GONE, reason=PollReason.GONE, status=FeedStatus.GONE, failures=1, url=BORDER
        )
        record_poll(store, feed, gone, [], now=datetime.now(UTC))
    done = run("feeds", "boost", "--feed", "Border", *SIX_HOURS)
    assert done.exit_code == 1
    assert '"Border" is gone (410) and polled no more' in done.stderr
    assert "1 feed boosted" in run("feeds", "boost", "--tag", "border", *SIX_HOURS).stdout


@pytest.mark.parametrize(
    ("line", "said", "code"),
    [
        (("--tag", "border"), "how often (--interval)", 2),
        (SIX_HOURS, "say which feeds", 2),
        (("--list", "--end"), "one of them", 2),
        (("--list", "--interval", "2m"), "not with --list", 2),
        (("--tag", "border", "--interval", "2s", "--for", "6h"), "--interval: ", 2),
        (("--tag", "border", "--interval", "soon", "--for", "6h"), "--interval: ", 2),
        (("--tag", "border", "--interval", "2m", "--for", "2m"), "not longer than the interval", 2),
        (("--tag", "border", "--interval", "2m", "--for", "8d"), "longer than 7d", 2),
        (("--tag", "boarder", *SIX_HOURS), 'did you mean "border"?', 1),
        (("--feed", "Nobody", *SIX_HOURS), "no feed has the URL or name", 1),
    ],
)
def test_what_does_not_hold_together_changes_nothing(
    desk: Path, line: tuple[str, ...], said: str, code: int
) -> None:
    done = run("feeds", "boost", *line)
    assert done.exit_code == code
    assert said in done.stderr
    assert not any(feed.boost for feed in feeds().values())


def test_why_a_feed_is_asked_when_it_is_asked_is_said_in_one_sentence(desk: Path) -> None:
    with closing(SqlStore("sqlite:///monitor.db")) as store:
        feed = store.feeds.all()[0]
        store.feeds.put_off({feed.id: feed.next_poll_at})
    (border, *_) = [json.loads(line) for line in run("feeds", "list", "--json").stdout.splitlines()]
    assert (border["reason"], border["rhythm"]) == ("host_paused", None)
    assert "when to come back" in border["why"]
    assert "Next poll   its host said to another request" in run("feeds", "show", "Border").stdout
