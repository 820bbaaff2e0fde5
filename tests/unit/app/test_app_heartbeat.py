"""The ping itself, and what becomes of one that nobody takes."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from made import NOON
from newsroom import Newsroom
from scripted import held_back, redirect
from steady import Steady
from structlog.testing import capture_logs

from monitor.adapters.heartbeat import HeartbeatFailed, send_heartbeat
from monitor.app.heartbeat import SAY_AGAIN, Heartbeat, Progress, Unplanned
from monitor.core.health.progress import Standstill
from monitor.demo.server import Answer, LocalSite
from monitor.model.errors import StoreUnusable
from monitor.model.health import HealthSettings
from monitor.model.secret import Secret

URL = Secret("https://beat.example/s3cret", "env:BEAT")
SETTINGS = HealthSettings(heartbeat_url=URL)


class Watcher:
    """Takes heartbeats; refuses while told to."""

    def __init__(self) -> None:
        self.taken = 0
        self.refuses = False

    def __call__(self, url: Secret, version: str) -> None:
        if self.refuses:
            raise HeartbeatFailed("nobody answers")
        self.taken += 1


def heart(watcher: Watcher, steady: Steady) -> tuple[Heartbeat, Progress, Unplanned]:
    progress, unplanned = Progress(steady), Unplanned()
    progress.begin(["poll", "digest"])
    return Heartbeat(progress, unplanned, watcher, steady), progress, unplanned


def test_it_beats_while_every_stage_has_its_turns() -> None:
    watcher, steady, facts = Watcher(), Steady(), Newsroom(feeds=()).store.facts
    heartbeat, progress, _ = heart(watcher, steady)
    heartbeat.beat(SETTINGS, facts, NOON)
    steady.now += 121
    progress.turned("poll")
    heartbeat.beat(SETTINGS, facts, NOON)
    assert watcher.taken == 1
    assert heartbeat.held is not None
    assert heartbeat.held.reason is Standstill.STAGE_STUCK
    assert "digest stands still" in heartbeat.held.detail
    progress.turned("digest")
    heartbeat.beat(SETTINGS, facts, NOON)
    assert (watcher.taken, heartbeat.held) == (2, None)


def test_without_an_address_nothing_is_asked() -> None:
    heartbeat, *_ = heart(Watcher(), Steady())
    heartbeat.beat(HealthSettings(), None, NOON)  # type: ignore[arg-type]  # no store is asked


def test_a_store_that_cannot_be_asked_withholds_it_without_its_name() -> None:
    class Facts:
        def oldest_due(self, now: object) -> object:
            raise StoreUnusable("sqlite:////home/ann/monitor.db", "the disk is full")

    watcher = Watcher()
    heartbeat, *_ = heart(watcher, Steady())
    heartbeat.beat(SETTINGS, Facts(), NOON)  # type: ignore[arg-type]  # all that is asked of it
    assert heartbeat.held is not None
    assert (heartbeat.held.reason, heartbeat.held.detail) == (Standstill.STORE_UNUSABLE, "StoreUnusable")
    assert not watcher.taken


def test_a_digest_that_fails_at_every_turn_is_remembered_from_its_first() -> None:
    unplanned = Unplanned()
    unplanned.turn({"morning": "one", "evening": "x"}, NOON)
    unplanned.turn({"morning": "two"}, NOON + timedelta(minutes=1))
    assert unplanned.failing == {"morning": (NOON, "two")}
    unplanned.turn({}, NOON)
    assert not unplanned.failing


def test_that_nobody_takes_it_is_said_once_an_hour_and_when_it_is_over() -> None:
    watcher, steady, facts = Watcher(), Steady(), Newsroom(feeds=()).store.facts
    heartbeat, progress, _ = heart(watcher, steady)
    watcher.refuses = True
    with capture_logs() as lines:
        for _ in range(65):
            steady.now += 60
            progress.turned("poll")
            progress.turned("digest")
            heartbeat.beat(SETTINGS, facts, NOON)
    assert SAY_AGAIN < 65 * 60
    assert [line["event"] for line in lines] == ["heartbeat not taken"] * 2
    watcher.refuses = False
    with capture_logs() as lines:
        heartbeat.beat(SETTINGS, facts, NOON)
    assert [line["event"] for line in lines] == ["heartbeat taken again"]
    assert "s3cret" not in str(lines)


# ---- the ping


def test_a_ping_is_one_get_that_is_answered() -> None:
    with LocalSite() as site:
        send_heartbeat(Secret(site.route("/beat", Answer(b"OK", "text/plain")), "env:BEAT"), "1.2.3")
        assert [request.path for request in site.requests] == ["/beat"]


def test_a_redirect_is_not_followed_and_no_failure_names_the_address() -> None:
    with LocalSite() as site:
        there = site.route("/there", Answer(b"OK", "text/plain"))
        url = Secret(site.route("/s3cret", redirect("/there", 302)), "env:BEAT")
        with pytest.raises(HeartbeatFailed, match="HTTP 302; redirects are not followed") as caught:
            send_heartbeat(url, "1.2.3")
        assert [request.path for request in site.requests] == ["/s3cret"]
        assert there
    assert "s3cret" not in str(caught.value)
    with pytest.raises(HeartbeatFailed, match="nobody answers") as caught:
        send_heartbeat(Secret("http://127.0.0.1:9/s3cret", "env:BEAT"), "1.2.3")
    assert "s3cret" not in repr(caught.value)
    with pytest.raises(HeartbeatFailed, match="no http"):
        send_heartbeat(Secret("gopher://s3cret", "env:BEAT"), "1.2.3")
    with pytest.raises(HeartbeatFailed, match=r"^heartbeat_url: internal error: ExceptionGroup$"):
        send_heartbeat(Secret("http://127.0.0.1:99999/s3cret", "env:BEAT"), "1.2.3")


def test_a_server_that_never_ends_its_answer_costs_the_deadline_and_no_more() -> None:
    let_go = threading.Event()
    with LocalSite() as site:
        url = Secret(site.route("/slow", held_back(Answer(b"OK"), let_go, timedelta(seconds=20))), "env:BEAT")
        began = time.monotonic()
        with pytest.raises(HeartbeatFailed):
            send_heartbeat(url, "1.2.3", deadline=0.3)
        assert time.monotonic() - began < 10
        let_go.set()
