"""What a log line names: the same ids in each, no more of them than a line can hold, no address with a secret."""

from __future__ import annotations

from dataclasses import replace

import pytest
import structlog
from made import NOON
from newsroom import DAY, FEED, Newsroom, answer, failing, feed_settings, item
from structlog.testing import capture_logs

from monitor.app import reports
from monitor.core.text.shown_url import without_query
from monitor.model.article import ReadOutcome
from monitor.model.digest import Window
from monitor.model.feed import PollOutcome
from monitor.model.ledger import Plan
from monitor.pipeline.page_text import REREAD_AFTER

log = structlog.get_logger("test")
PLAN = Plan("alerts", "s_1#1", Window(NOON, NOON), (), (), (), 0, closes_window=False)
PAGE = (
    b"<html lang='en'><head><title>At the border</title></head><body><article><h1>At the border</h1>"
    b"<p>On Sunday Taliban forces closed the Torkham crossing.</p>"
    + b"".join(b"<p>Paragraph %d tells at length what traders at the crossing said.</p>" % n for n in range(8))
    + b"</article></body></html>"
)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://news.example/a/b.html", "https://news.example/a/b.html"),
        ("https://news.example/a?token=staple#part", "https://news.example/a"),
        ("https://news.example?token=staple", "https://news.example"),
        ("https://news.example#staple", "https://news.example"),
        ("https://desk:staple@news.example:8443/a@b", "https://news.example:8443/a@b"),
        ("https://desk:sta/ple@news.example/a", "https://desk:sta/ple@news.example/a"),  # its host is "desk"
        ("//news.example/a?staple", "//news.example/a"),
        ("news.example/a?staple", "news.example/a"),
        ("desk:staple@news.example", "news.example"),
        ("urn:isbn:1?staple", "urn:isbn:1"),
        ("", ""),
    ],
)
def test_an_address_is_told_without_login_query_and_fragment(url: str, shown: str) -> None:
    assert without_query(url) == shown


def test_a_feed_that_has_no_name_yet_is_told_without_its_token() -> None:
    room = Newsroom(feeds=(feed_settings("https://desk:staple@news.example/feed?key=staple", name=None),))
    with capture_logs() as lines:
        for report in room.poll():
            reports.say_poll(log, report)
    assert lines[0]["feed"] == "https://news.example/feed"
    assert "staple" not in str(lines)


def test_a_plan_names_the_matches_that_it_tells_and_those_that_it_does_not() -> None:
    plan = replace(PLAN, planned=(3, 4), merged=(5,), too_few={6: 1}, silenced={7: 1})
    with capture_logs() as lines:
        reports.say_plan(log, plan)
    ids = {name: value for name, value in lines[0].items() if name.endswith("matches")}
    assert ids == {
        "matches": [3, 4],
        "merged_matches": [5],
        "too_few_matches": [6],
        "silenced_matches": [7],
    }


def test_a_plan_of_very_many_matches_is_one_line_of_bounded_length() -> None:
    with capture_logs() as lines:
        reports.say_plan(log, replace(PLAN, planned=tuple(range(10_000))))
    assert len(lines[0]["matches"]) == reports.MOST_IDS
    assert lines[0]["matches_in_all"] == 10_000
    assert len(str(lines[0])) < 48_000


def test_a_page_that_gives_its_text_at_last_names_the_entry_that_this_made() -> None:
    room = Newsroom(feeds=(feed_settings(FEED, full_text=True, backfill=DAY),))
    room.serve(item(title="At the border", summary="Traders met officials."))
    room.fetcher.answers["https://news.example/e1"] = failing(
        PollOutcome.RATE_LIMITED, 429, "answered 429", retry_after="3600"
    )
    room.turn()
    room.fetcher.answers["https://news.example/e1"] = answer(PAGE)
    room.clock.advance(REREAD_AFTER[0])
    (report,) = room.read()
    assert report.outcome is ReadOutcome.REREAD
    with capture_logs() as lines:
        reports.say_read(log, report)
        for group in room.group():
            reports.say_group(log, group)
        for match in room.match():
            reports.say_match(log, match)
    read, *others = lines
    assert read["revision"] != read["entry"]
    assert "match" in others[-1]
    assert {line["entry"] for line in others if line["article"] == read["article"]} == {read["revision"]}
