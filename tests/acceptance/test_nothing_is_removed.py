"""Each place where a text is merged, cut, held or marked: an alert waits or ends with a reason, none is lost.

The table names the place in the code; the test shows what becomes of the match there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from arrivals import (
    FEEDS,
    REST,
    THIRD_FEED,
    TORKHAM,
    arrive,
    articles_in,
    desk_watching,
    nothing_is_lost,
    told,
)
from made import MINUTE, NOON
from newsroom import DAY, HOUR, OTHER_FEED, Newsroom, answer, digest_settings, item

from monitor.model.article import DuplicateReason, Quality
from monitor.model.grouping import Regrouping
from monitor.model.ledger import RoutingState
from monitor.model.telling import Material, Merged

PLACES: dict[str, Callable[[], None]] = {}
WALL = (
    b"<html><head><title>Just a moment...</title></head><body><h1>news.example</h1>"
    b"<p>Verify you are human by completing the action below.</p>"
    b"<p>Enable JavaScript and cookies to continue.</p></body></html>"
)
CLOSED = item("one", "Torkham gate closed", f"{TORKHAM} {REST}")
MERGED, PENDING, PLANNED = RoutingState.MERGED, RoutingState.PENDING, RoutingState.PLANNED
TOO_FEW = RoutingState.TOO_FEW


def place(where: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """A row of the table: what is done to a text, and where."""

    def keep(test: Callable[[], None]) -> Callable[[], None]:
        assert where not in PLACES
        PLACES[where] = test
        return test

    return keep


def ends(room: Newsroom) -> list[tuple[RoutingState, str | None]]:
    """What became of each match, oldest first."""
    with room.store._db.read() as connection:
        rows = connection.exec_driver_sql("SELECT state, why FROM routings ORDER BY match_id").all()
    return [(RoutingState(state), why) for state, why in rows]


@place("same content → core/stories/duplicates._same_content, core/stories/material._again")
def _() -> None:
    room = desk_watching("Torkham")
    arrive(room, CLOSED)
    arrive(room, CLOSED.replace("example/one", "example/copy"), url=OTHER_FEED, after=HOUR)
    assert articles_in(room)[1].duplicate_reason is not None
    assert ends(room) == [(PLANNED, Material.NEW_STORY_FOR_RULE), (MERGED, Merged.COPY)]


@place("near copy with a paragraph of its own → core/stories/duplicates._near, core/stories/material._new_words")
def _() -> None:
    room = desk_watching("convoy OR Torkham")
    arrive(room, CLOSED)
    own = item(
        "two", "Torkham gate closed", f"{TORKHAM} {REST} A convoy was sent back.", link="https://b.example/2"
    )
    arrive(room, own, url=OTHER_FEED, after=HOUR)
    assert articles_in(room)[1].duplicate_reason is DuplicateReason.NEAR_DUPLICATE
    assert ends(room)[1] == (PLANNED, Material.CHANGED_SENTENCE)


@place("revision → pipeline/match._earlier, core/stories/material.compare")
def _() -> None:
    room = desk_watching("Torkham")
    arrive(room, CLOSED)
    for words in ("Rain fell.", "Rain fell. Torkham is shut to walkers too."):
        arrive(room, item("one", "Torkham gate closed", f"{TORKHAM} {REST} {words}"), after=HOUR)
    assert [why for _, why in ends(room)] == [
        Material.NEW_STORY_FOR_RULE,
        Merged.EARLIER_WORDING,
        Material.CHANGED_SENTENCE,
    ]


@place("one address in two feeds → core/stories/duplicates._same_url, core/stories/material._new_words")
def _() -> None:
    room = desk_watching("Torkham")
    link = "https://news.example/one"
    arrive(room, item("one", "Torkham gate closed", "Torkham is closed.", link=link))
    arrive(room, item("x", "Torkham gate closed", "Torkham is closed.", link=link), url=OTHER_FEED, after=HOUR)
    arrive(room, item("y", "Torkham gate closed", "Torkham opens soon.", link=link), url=THIRD_FEED, after=HOUR)
    assert [why for _, why in ends(room)] == [
        Material.NEW_STORY_FOR_RULE,
        Merged.COPY,
        Material.CHANGED_SENTENCE,
    ]


def _two_stories() -> Newsroom:
    room = desk_watching("Torkham OR floods")
    arrive(room, CLOSED)
    arrive(
        room, item("two", "Torkham floods", "Floods reached Torkham.", link="https://b.example/2"), url=OTHER_FEED
    )
    assert [one.story_id for one in articles_in(room)] == ["s_1", "s_2"]
    return room


def _settled(room: Newsroom, regrouping: Regrouping) -> int:
    with room.store.grouping.session() as session:
        woken = session.record_stories(regrouping)
    room.plan()
    room.deliver()
    nothing_is_lost(room)
    return woken


@place("two told stories become one → adapters/store/grouping.record_stories")
def _() -> None:
    room = _two_stories()
    assert _settled(room, Regrouping({2: "s_1"}, {"s_2": "s_1"}, frozenset({"s_2"}))) == 0
    assert [state for state, _ in ends(room)] == [PLANNED, PLANNED]
    assert len(told(room)) == 2


@place("a story is split → adapters/store/told.wake_merged")
def _() -> None:
    room = desk_watching("Torkham")
    arrive(room, CLOSED)
    arrive(room, CLOSED.replace("example/one", "example/copy"), url=OTHER_FEED, after=HOUR)
    with room.store._db.write() as connection:
        connection.exec_driver_sql("UPDATE articles SET duplicate_of = NULL, duplicate_reason = NULL WHERE id = 2")
    assert _settled(room, Regrouping({2: "s_2"}, {}, frozenset({"s_1"}))) == 1
    assert ends(room)[1] == (PLANNED, Material.NEW_STORY_FOR_RULE)


@place("min_publishers → pipeline/telling._lacking, adapters/store/told.wake_too_few")
def _() -> None:
    room = desk_watching("Torkham", digests=[digest_settings(rules=("*",), min_publishers=2)])
    arrive(room, CLOSED)
    assert ends(room) == [(PENDING, None)]
    arrive(room, after=8 * DAY)
    assert ends(room) == [(TOO_FEW, None)]
    with room.store.grouping.session() as session:
        assert session.wake_too_few(["s_1"]) == 1
    assert ends(room) == [(PENDING, None)], "its story has a new article"


@place("follow-up interval → pipeline/digest._at_its_time")
def _() -> None:
    room = desk_watching("Torkham")
    arrive(room, CLOSED)
    arrive(room, item("one", "Torkham gate closed", f"{TORKHAM} {REST} Torkham waits."), after=MINUTE)
    assert ends(room)[1] == (PENDING, None)
    arrive(room, after=15 * MINUTE)
    assert ends(room)[1] == (PLANNED, Material.CHANGED_SENTENCE)


@place("copies of copies into another day → core/stories/duplicates.copied_apart")
def _() -> None:
    room = desk_watching("Torkham")
    for number in range(3):
        again = item(f"n{number}", "Torkham gate closed", f"{TORKHAM} {REST}", published=NOON + number * 8 * HOUR)
        arrive(room, again, after=8 * HOUR if number else timedelta(0))
    assert [why for _, why in ends(room)] == [Material.NEW_STORY_FOR_RULE, Merged.COPY, Material.OTHER_DAY]


@place("one text on two hosts for three days → core/stories/material._is_anew")
def _() -> None:
    room = desk_watching("Torkham")
    for day in range(3):
        for host in ("news", "wire"):
            link, when = f"https://{host}.example/{day}", NOON + day * DAY
            again = item(f"{host}{day}", "Torkham gate closed", f"{TORKHAM} {REST}", link=link, published=when)
            arrive(
                room, again, url=f"https://{host}.example/feed", after=DAY if day and host == "news" else MINUTE
            )
    assert [state for state, _ in ends(room)] == [PLANNED, MERGED] * 3


@place("behind a wall → pipeline/page_text, core/stories/material.judge (Earlier.LESS)")
def _() -> None:
    room = desk_watching("Torkham", full_text=True)
    room.fetcher.answers["https://news.example/one"] = answer(WALL)
    arrive(room, item("one", "Torkham gate closed", "Torkham is closed."))
    assert [one.quality for one in articles_in(room)] == [Quality.STUB]
    page = "".join(f"<p>{one}</p>" for one in (TORKHAM, *REST.split(". ")))
    head = "<html><head><title>Torkham gate closed</title></head><body><article><h1>Torkham gate closed</h1>"
    room.fetcher.answers["https://news.example/one"] = answer(f"{head}{page}</article></body></html>".encode())
    arrive(room, after=30 * MINUTE)
    assert ends(room) == [(PLANNED, Material.NEW_STORY_FOR_RULE), (PLANNED, Material.CHANGED_SENTENCE)]


@place("pruning → adapters/store/needed")
def _() -> None:
    room = desk_watching("Torkham", digests=[digest_settings(rules=("*",), min_publishers=2)])
    arrive(room, CLOSED)
    room.clock.advance(3 * DAY)
    room.prune(DAY)
    assert ends(room) == [(PENDING, None)]
    assert articles_in(room)[0].text


@place("a story too large to be settled → core/stories/group._placed")
def _() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("monitor.pipeline.regroup.MOST_TOGETHER", 1)
        room = desk_watching("Torkham")
        for number, url in enumerate(FEEDS):
            report = f"{TORKHAM} The governor of district {number} spoke. {REST[: 150 + 60 * number]}"
            arrive(
                room, item(f"p{number}", f"Torkham closed: part {number}", report, link=f"{url}/{number}"), url=url
            )
    arrive(room, after=HOUR)
    assert len(ends(room)) == 3
    assert all(why for _, why in ends(room))


@place("an article that cannot be compared → pipeline/group._alone, adapters/store/grouping.stand_alone")
def _() -> None:
    def broken(*_: object) -> object:
        raise ArithmeticError("no likeness")

    room = desk_watching("Torkham")
    arrive(room, CLOSED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("monitor.pipeline.regroup.pairs_of", broken)
        arrive(room, item("two", "Torkham again", TORKHAM, link="https://b.example/2"), url=OTHER_FEED, after=HOUR)
        arrive(room, item("one", "Torkham gate closed", f"{TORKHAM} {REST} Rain."), after=HOUR)
    assert [why for _, why in ends(room)] == [
        Material.NEW_STORY_FOR_RULE,
        Material.NEW_STORY_FOR_RULE,
        Merged.EARLIER_WORDING,
    ], "an edit stands with what it edits"
    assert "no likeness" in articles_in(room)[1].duplicate_why


@place("a fingerprint that cannot be read → adapters/store/packed.fingerprint_of")
def _() -> None:
    room = desk_watching("Torkham")
    arrive(room, CLOSED)
    with room.store._db.write() as connection:
        connection.exec_driver_sql("UPDATE articles SET sketch = x'01', features = x'ffff'")
    arrive(room, CLOSED.replace("example/one", "example/copy"), url=OTHER_FEED, after=HOUR)
    assert ends(room) == [(PLANNED, Material.NEW_STORY_FOR_RULE), (MERGED, Merged.COPY)]


@pytest.mark.parametrize("where", list(PLACES))
def test_no_alert_is_lost_where(where: str) -> None:
    PLACES[where]()
