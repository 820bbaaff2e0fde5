"""What is grouped, merged or cannot be grouped at all is told all the same."""

from __future__ import annotations

import pytest
from arrivals import (
    FEEDS,
    REST,
    TORKHAM,
    arrive,
    desk_watching,
    labelled_item,
    start,
    stories_by_url,
    told,
    told_stories,
)
from newsroom import HOUR, OTHER_FEED, digest_settings, item

WEEK = (
    ("kharlachi-mon-1", "kharlachi-mon-2", "kharlachi-mon-4"),
    ("kharlachi-wed-1", "kharlachi-wed-2"),
    ("kharlachi-fri-1", "kharlachi-fri-2"),
)


def test_closed_reopened_and_closed_again_within_a_week_is_told_each_time() -> None:
    room = desk_watching("Kharlachi")
    for event in WEEK:
        for number, name in enumerate(event):
            start(room, name)
            arrive(room, labelled_item(name), url=FEEDS[number % 3])
    firsts = {f"https://frontierwire.example/{event[0]}" for event in WEEK}
    assert len(stories_by_url(room, firsts)) == 3
    assert firsts <= {article["url"] for story in told_stories(room) for article in story["articles"]}


def test_an_article_that_cannot_be_compared_is_matched_and_told_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> float:
        raise ArithmeticError("a likeness that cannot be reckoned")

    room = desk_watching("Kharlachi")
    start(room, WEEK[0][0])
    arrive(room, labelled_item(WEEK[0][0]))
    monkeypatch.setattr("monitor.pipeline.regroup.edge_weight", broken)
    start(room, WEEK[0][2])
    arrive(room, labelled_item(WEEK[0][2]), url=OTHER_FEED)
    for _ in range(8):
        arrive(room, after=HOUR)
    assert room.number("SELECT count(*) FROM articles WHERE stage <> 'matched'") == 0, "held for ever"
    assert len(told(room)) == 2


def test_a_digest_that_takes_a_rule_since_the_first_wording_is_told_by_the_next() -> None:
    room = desk_watching("Torkham", digests=[digest_settings(rules=("!*",))])
    arrive(room, item("c", "Border notes", f"{TORKHAM} {REST}"))
    room.digests = [digest_settings()]
    arrive(room, item("c", "Border notes", f"{TORKHAM} {REST} The road is wet."), after=HOUR)
    assert told(room) == ["Border notes"], "the earlier wording was no news of this digest"
