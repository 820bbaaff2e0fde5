"""What first visitors would wait for is made ready when the door opens."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from newsroom import Newsroom, item
from query_plans import asked_by
from structlog.testing import capture_logs

from monitor.app.open_house import OpenHouse
from monitor.model.errors import StoreUnusable
from monitor.model.web import ListenAddress
from monitor.web import WebDoor, listen
from monitor.web.site import warming
from monitor.web.site.rendering import _environment
from monitor.web.site.warming import warm


def made_ready(open_house: OpenHouse) -> list[Any]:
    with capture_logs() as logs:
        warm(open_house, threading.Event(), first=0, rest=0)
    return logs


def test_every_page_is_asked_once_and_none_breaks(
    newsroom: Newsroom, open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom.bring_in(item("e1", "Torkham closed", "Torkham is closed."))
    newsroom.bring_in(item("e2", "Torkham floods", "Water."))
    asked: list[str] = []
    whole = warming._ask
    monkeypatch.setattr(warming, "_ask", lambda house, path: (asked.append(path), whole(house, path)))
    assert made_ready(open_house) == []
    assert {"/", "/stories", "/rules", "/digests", "/feeds", "/digests/alerts"} <= set(asked)
    assert any(path.startswith("/stories/s_") for path in asked)
    assert len(asked) == len(set(asked))


def test_templates_are_compiled_and_days_that_are_over_counted_before_anybody_comes(open_house: OpenHouse) -> None:
    made_ready(open_house)
    environment = _environment()
    assert environment.cache is not None
    assert len(environment.cache) == len(environment.list_templates())
    facts, now = open_house.store.facts, open_house.clock.now()
    assert len(asked_by(open_house.store, lambda: open_house.rule_days.of(facts, now, 14))) < 14


def test_who_ends_the_daemon_meanwhile_does_not_wait(open_house: OpenHouse) -> None:
    ending = threading.Event()
    ending.set()
    assert asked_by(open_house.store, lambda: warm(open_house, ending)) == []


def test_a_store_that_fails_is_logged_and_no_more(open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise StoreUnusable("monitor.db", "the disk is gone")

    monkeypatch.setattr(warming, "_ask", broken)
    (line,) = made_ready(open_house)
    assert (line["event"], line["why"]) == ("pages not made ready", "StoreUnusable")


def test_a_door_makes_ready_beside_its_answers_and_waits_for_that_when_it_is_shut() -> None:
    begun, ended = threading.Event(), threading.Event()

    def work(ending: threading.Event) -> None:
        begun.set()
        ending.wait(60)
        ended.set()

    async def nothing(scope: object, receive: object, send: object) -> None:
        """No page."""

    door = WebDoor(nothing, listen(ListenAddress("127.0.0.1", 0)), work)
    door.start()
    assert begun.wait(60)
    assert door.stop(60)
    assert ended.is_set()
