"""Real processes with roles on one PostgreSQL database: a dispatcher gives polls out, workers take them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from desk import eventually
from pair import Pair, a_pair

pytestmark = pytest.mark.needs("postgresql", "a SQLite store")
ENGINE = '\n[jobs]\nengine = "procrastinate"\n'
NAMES = ("dispatcher", "one", "other")


def at_work(pair: Pair) -> None:
    said = [desk.folder / "daemon.log" for desk in pair.desks]
    eventually(lambda: [pair.shares(desk) for desk in pair.desks] == [0, 32, 32], f"a half each: {said}")


def test_workers_poll_what_a_dispatcher_gives_out_and_the_rest_when_one_is_killed(tmp_path: Path) -> None:
    with a_pair(tmp_path, feeds=30, feed_lines='interval = "1s"', names=NAMES, more=ENGINE) as pair:
        dispatcher, one, other = pair.desks
        giver = dispatcher.start("-v", "--role", "dispatch")
        survivor, victim = one.start("-v", "--role", "work"), other.start("-v", "--role", "work")
        at_work(pair)
        for feed in pair.feeds:
            pair.publish(feed)
        eventually(pair.all_told, "every alert")
        assert dispatcher.events("dispatched"), "it gave nothing out"
        assert not dispatcher.events("first poll", "new entries", "nothing new", "read", "match", "delivered")
        for desk in (one, other):
            assert desk.events("first poll", "new entries", "nothing new"), "it polled nothing"
        for _ in range(10):  # who is free takes the next part: of a few articles one worker may have all
            if one.events("match") and other.events("match"):
                break
            for feed in pair.feeds:
                pair.publish(feed)
            eventually(pair.all_told, "every alert")
        assert one.events("match"), "it matched nothing"
        assert other.events("match"), "it matched nothing"
        shown = json.loads(one.command("status", "--json").stdout)
        roles = {one["pid"]: one["role"] for one in shown["daemons"]}
        assert sorted(roles.values()) == ["dispatch", "work", "work"]
        assert roles[survivor.pid] == "work"
        assert shown["missing"] == []
        assert shown["queue"].keys() == {"waiting", "by_stage", "oldest_s", "taken"}
        victim.kill()
        victim.wait()
        begun = time.monotonic()
        for feed in pair.feeds:
            pair.publish(feed)
        eventually(lambda: all(feed.site.requests[-1].at > begun for feed in pair.feeds), "a poll of each feed")
        print(f"\nafter the kill all feeds polled within {time.monotonic() - begun:.1f} s")
        assert time.monotonic() - begun < 25
        eventually(pair.all_told, "everything without the other")
        assert set(pair.most_at_once()) == {1}, "a feed was asked by two at once"
        pair.check_once()
        assert not one.events("stage failed", "stage broke"), one.log()[-3000:]
        giver.kill()
        giver.wait()
        said = "No dispatcher is at work, nobody gives out what is due"
        eventually(lambda: said in " ".join(one.command("status").stdout.split()), "who is missing")


def test_an_upgrade_makes_the_queue_too_and_again_changes_nothing(tmp_path: Path) -> None:
    with a_pair(tmp_path, feeds=1, names=("desk",), more=ENGINE) as pair:
        (desk,) = pair.desks
        for _ in range(2):
            row = json.loads(desk.command("db", "upgrade", "--json").stdout)
            assert row["queue"].startswith("procrastinate 3.10.")
            assert desk.number("SELECT count(*) FROM procrastinate_jobs") == 0
        assert "Its queue is up to date (procrastinate 3.10." in desk.command("db", "upgrade").stdout


# A worker whose next turn of polling never ends once there is such a file; that counts as hanging after 3 s.
HANGING = """
import threading
from datetime import timedelta
from pathlib import Path
from monitor.core.health import progress
from monitor.pipeline.poll import PollStage
progress.HUNG_AFTER = timedelta(seconds=3)
run = PollStage.run
def hanging(*arguments, **named):
    if Path({flag!r}).exists():
        threading.Event().wait()
    return run(*arguments, **named)
PollStage.run = hanging
"""


@pytest.mark.soak
def test_a_worker_whose_polling_hangs_gives_back_its_feeds_and_takes_no_more(tmp_path: Path) -> None:
    """It lives and gives signs of life: nobody else would ever be given its hosts."""
    flag = tmp_path / "hang"
    (tmp_path / "sitecustomize.py").write_text(HANGING.format(flag=str(flag)), encoding="utf-8")
    with a_pair(tmp_path, feeds=30, feed_lines='interval = "1s"', names=NAMES, more=ENGINE) as pair:
        dispatcher, one, other = pair.desks
        dispatcher.start("-v", "--role", "dispatch")
        one.start("-v", "--role", "work")
        environment = {**os.environ, **other.environment}
        environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
        line = [sys.executable, "-m", "monitor", "run", "-v", "--role", "work", "-c", str(other.config)]
        with (other.folder / "daemon.log").open("wb") as log:
            hangs = subprocess.Popen(line, env=environment, stdout=subprocess.DEVNULL, stderr=log)
        try:
            at_work(pair)
            eventually(lambda: other.events("first poll", "new entries", "nothing new"), "its polls")
            flag.touch()
            eventually(
                lambda: other.events("hangs, and leaves its part to other daemons, if there are any"),
                "that it hangs",
            )
            begun = time.monotonic()
            for feed in pair.feeds:
                pair.publish(feed)
            eventually(
                lambda: all(feed.site.requests[-1].at > begun for feed in pair.feeds), "a poll of each feed"
            )
            print(f"\nonce it hung all feeds polled within {time.monotonic() - begun:.1f} s")
            eventually(pair.all_told, "every alert")
            queued = json.loads(one.command("status", "--json").stdout)["queue"]
            assert queued["oldest_s"] is None or queued["oldest_s"] < 10
            assert hangs.poll() is None
            pair.check_once()
        finally:
            hangs.kill()
            hangs.wait()
