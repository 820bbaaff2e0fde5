"""Two real daemons on one PostgreSQL database: each does a part, and either does it all when the other is gone."""

from __future__ import annotations

import json
import random
import signal
import threading
import time
from pathlib import Path

import pytest
from background import repeated
from desk import eventually
from pair import Pair, a_pair
from postgres_server import postgres_server
from warm import WarmProcess

pytestmark = pytest.mark.needs("postgresql", "a SQLite store")


def both_at_work(pair: Pair) -> None:
    said = [desk.folder / "daemon.log" for desk in pair.desks]
    eventually(lambda: [pair.shares(desk) for desk in pair.desks] == [32, 32], f"a half each: {said}")


def test_two_daemons_share_the_work_and_one_does_it_all_when_the_other_is_killed(tmp_path: Path) -> None:
    with a_pair(tmp_path, feeds=30, feed_lines='interval = "1s"') as pair:
        first, second = pair.desks
        survivor = first.start("-v")
        # What is in hand is not given away: later feeds, or the other one gets what has none.
        eventually(lambda: len(first.events("first poll")) == len(pair.feeds), "every first poll")
        victim = second.start("-v")
        both_at_work(pair)
        for feed in pair.feeds:
            pair.publish(feed)
        eventually(pair.all_told, "every alert")
        for desk in pair.desks:
            assert desk.events("new entries"), "it polled nothing"
            assert desk.events("read"), "it read nothing"
            assert desk.events("delivered"), "it delivered nothing"
        shown = json.loads(first.command("status", "--json").stdout)
        assert {(one["pid"], one["shares"]) for one in shown["daemons"]} == {(survivor.pid, 32), (victim.pid, 32)}
        asked, told = takeover(pair, victim)
        print(f"\nafter the kill all feeds polled within {asked:.1f} s, all told within {told:.1f} s")
        assert asked < 20
        assert set(pair.most_at_once()) == {1}, "a feed was asked by two at once"
        pair.check_once()


def takeover(pair: Pair, daemon: WarmProcess) -> tuple[float, float]:
    """Kills one of two for good; the seconds until every feed was asked, and all that it brought told."""
    daemon.kill()
    daemon.wait()
    begun = time.monotonic()
    for feed in pair.feeds:
        pair.publish(feed)
    eventually(lambda: all(feed.site.requests[-1].at > begun for feed in pair.feeds), "a poll of each feed", 300)
    asked = time.monotonic() - begun
    eventually(pair.all_told, "everything without the other", 300)
    return asked, time.monotonic() - begun


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_kills_a_stop_and_a_restart_of_the_server_lose_nothing_and_plan_nothing_twice(tmp_path: Path) -> None:
    dice = random.Random(20261128)
    wait = threading.Event().wait
    kills = 36
    with a_pair(tmp_path, feeds=110, feed_lines='interval = "5s"') as pair:
        running = {desk.folder.name: desk.start("-v") for desk in pair.desks}
        by_name = {desk.folder.name: desk for desk in pair.desks}
        both_at_work(pair)
        begun = time.monotonic()
        with repeated(lambda: pair.publish(dice.choice(pair.feeds)), 0.4):
            for number in range(kills):
                name = dice.choice(sorted(running))
                wait(dice.uniform(0.2, 4.0))
                running[name].kill()
                assert running[name].wait() == -signal.SIGKILL, by_name[name].log()[-3000:]
                wait(dice.choice([0.0, 0.5, 4.0]))
                running[name] = by_name[name].start("-v")
                if number == kills // 3:
                    wait(15)
                    stopped = running["one"]
                    stopped.send_signal(signal.SIGSTOP)
                    at_stop = len(pair.titles)
                    wait(45)
                    during = {n for n, said in pair.told().items() if any(d == "alerts" for d, _ in said)}
                    stopped.send_signal(signal.SIGCONT)
                    waited = sum(n not in during for n in range(1, at_stop + 1))
                    print(f"\nwhile one was stopped for 45 s, {waited} of {at_stop} from before waited to its end")
                    assert not waited
                    wait(10)
                if number == 2 * kills // 3:
                    server = postgres_server()
                    wait(10)
                    server.stop()
                    wait(3)
                    server.start()
                    wait(15)
                    assert all(one.poll() is None for one in running.values()), "one ended with the server"
        eventually(pair.all_told, "the last alert", 600)
        asked, told = takeover(pair, running["other"])
        running["other"] = by_name["other"].start("-v")
        eventually(lambda: pair.all_told("minutes", ("desk",)), "the digest of the minute", 300)
        eventually(lambda: pair.all_told("often", ("night",)), "the digest of every five minutes", 600)
        pair.check_once()
        desk = pair.desks[0]
        matches = desk.number("SELECT count(*) FROM matches")
        assert matches == len(pair.titles)
        assert desk.number("SELECT count(*) FROM articles") == len(pair.titles), "an entry read twice"
        assert desk.number("SELECT count(*) FROM routings WHERE state <> 'planned'") == 0
        assert desk.number("SELECT count(*) FROM deliveries WHERE state <> 'sent'") == 0
        assert {key for _, h, _ in pair.hook.requests for key in [h["webhook-id"]]} == {
            key for (key,) in desk.ask("SELECT key FROM deliveries")
        }
        repeats, messages = pair.repeats(), len(pair.hook.requests)
        print(
            f"{kills} kills, a stop of 45 s, a restart of the server, {time.monotonic() - begun:.0f} s: "
            f"{len(pair.titles)} entries of {len(pair.feeds)} feeds, {matches} matches in 3 digests, "
            f"{messages} messages to 4 receivers, 0 lost, 0 planned twice, {repeats} repeated on the wire with "
            f"their key and bytes; feeds by how many asked at once: {dict(pair.most_at_once())}; "
            f"after a kill all feeds polled within {asked:.1f} s and all told within {told:.1f} s; "
            f"polled by {[len(one.events('new entries', 'nothing new', 'first poll')) for one in pair.desks]}"
        )
