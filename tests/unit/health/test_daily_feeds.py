"""The health digest carries everything that can be wrong or odd with a feed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from made import NOON, feed_settings

from monitor.core.feeds.health import Finding, HealthReason
from monitor.core.health.daily import Facts, daily_notice
from monitor.model.digest import Window
from monitor.model.feed import Feed, Pause
from monitor.model.gap import Gap, GapEnd

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
GAP = Gap(
    1,
    "https://news.example/feed?page=2",
    found_at=NOON - HOUR,
    joins_before=NOON - HOUR,
    read_until=NOON - DAY,
    pages=2,
    entries=14,
    ended=GapEnd.LAST_PAGE,
)
FILLED = Gap(1, GAP.url, GAP.found_at, GAP.joins_before, GAP.read_until, pages=2, entries=14, ended=GapEnd.JOINED)
SAID = {
    HealthReason.GONE: "News: gone for good, says the server (410), for 1 h",
    HealthReason.NEVER_WORKED: "News: has never worked, for 1 h: HTTP 500",
    HealthReason.DEAD: "News: dead for 1 h: HTTP 500",
    HealthReason.NOT_A_FEED: "News: gives a page instead of a feed, for 1 h",
    HealthReason.REFUSED: "News: does not let us in, for 1 h: HTTP 500",
    HealthReason.FAILING: "News: failing for 1 h: HTTP 500",
    HealthReason.OVERDUE: "News: should have been polled 1 h ago",
    HealthReason.LEFT_ALONE: "said when to come back",
    HealthReason.SILENT: "News: nothing new for 1 h; usually an entry every 5 min",
    HealthReason.MAY_HAVE_LOST: "2 older pages brought 14 entries, the feed names no further one",
    HealthReason.GAP_FILLED: "filled from 2 older pages: 14 entries",
    HealthReason.IDS_CHANGE: "1 feed with odd ids or without dates",
    HealthReason.IDS_REUSED: "1 feed with odd ids or without dates",
    HealthReason.UNDATED: "1 feed with odd ids or without dates",
    HealthReason.MOVED: "1 feed moved for good; asked at the new address",
}


# A feed that its hub forgets is polled like any other: nothing that a day's digest need tell.
@pytest.mark.parametrize("reason", [reason for reason in HealthReason if reason is not HealthReason.HUB])
def test_each_reason_is_said(reason: HealthReason) -> None:
    feed = Feed(
        1, feed_settings(), "https://news.example/feed", "News", NOON - 30 * DAY, NOON, last_error="HTTP 500"
    )
    gap = FILLED if reason is HealthReason.GAP_FILLED else GAP
    finding = Finding(reason, NOON - HOUR, timedelta(minutes=5), HOUR, gap)
    window = Window(NOON - DAY, NOON)
    notice = daily_notice(Facts(window, window, feeds=1, ill=[(feed, (finding,))]), NOON, "UTC")
    lines = [line for section in notice.sections for line in section.lines]
    assert any(SAID[reason] in line for line in lines), lines


def test_what_is_paused_is_named_each_day_and_needs_nobody() -> None:
    paused = Pause("anna", NOON - DAY)
    feed = Feed(1, feed_settings(), "https://news.example/feed", "News", NOON, NOON, pause=paused)
    notice = daily_notice(Facts(Window(NOON - HOUR, NOON), Window(NOON - DAY, NOON), paused=[feed]), NOON, "UTC")
    lines = [line for section in notice.sections for line in section.lines]
    assert any(line.startswith("News, since ") for line in lines), lines
    assert notice.title == "Monitor health: all well"
