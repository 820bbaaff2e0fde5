"""`run --once` says of every feed what became of it."""

from __future__ import annotations

from made import NOON, feed_settings
from newsroom import FEED, HOUR, OTHER_FEED, Newsroom, item, rss
from test_app_generations import monitor_of

from monitor.app.one_pass import Pass, run_pass
from monitor.cli.running import pass_lines
from monitor.model.feed import HostPause


def once(room: Newsroom) -> Pass:
    return run_pass(monitor_of(room), lambda: False, on_plan=lambda plan: None, sends=False, say=lambda line: None)


def test_a_feed_that_is_not_asked_since_its_host_is_paused_is_counted_and_said() -> None:
    room = Newsroom(feeds=[feed_settings(FEED), feed_settings(OTHER_FEED)])
    room.fetcher.answers = {url: rss(item(url)) for url in (FEED, OTHER_FEED)}
    room.store.feeds.pause_host(HostPause("news.example", NOON + HOUR), NOON)
    done = once(room)
    assert (done.feeds, done.polled, done.failing, done.not_asked) == (2, 1, [], 1)
    assert "  1 feed was not asked: its host asked to be left alone for now" in pass_lines(done, False)


def test_where_all_feeds_are_asked_nothing_is_said_of_that() -> None:
    room = Newsroom(feeds=[feed_settings(FEED)])
    done = once(room)
    assert (done.not_asked, len(done.failing)) == (0, 1)
    assert not [line for line in pass_lines(done, False) if "not asked" in line]
