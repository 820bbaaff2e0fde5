"""Real processes with roles on one PostgreSQL database: a dispatcher gives polls out, workers take them."""

from __future__ import annotations

import json
import random
import signal
import threading
import time
from pathlib import Path

import pytest
from desk import eventually
from pair import RECEIVERS, Pair, a_pair
from postgres_server import postgres_server

pytestmark = pytest.mark.needs("postgresql", "a SQLite store")
ENGINE = '\n[jobs]\nengine = "procrastinate"\n'
NAMES = ("dispatcher", "one", "other")


def at_work(pair: Pair) -> None:
    said = [desk.folder / "daemon.log" for desk in pair.desks]
    eventually(lambda: [pair.shares(desk) for desk in pair.desks] == [0, 32, 32], f"a half each: {said}")


def test_workers_poll_what_a_dispatcher_gives_out_and_the_rest_when_one_is_killed(tmp_path: Path) -> None:
    with a_pair(tmp_path, feeds=30, feed_lines='interval = "1s"', names=NAMES, more=ENGINE) as pair:
        dispatcher, one, other = pair.desks
        dispatcher.start("-v", "--role", "dispatch")
        survivor, victim = one.start("-v", "--role", "work"), other.start("-v", "--role", "work")
        at_work(pair)
        for feed in pair.feeds:
            pair.publish(feed)
        eventually(pair.all_told, "every alert")
        assert dispatcher.events("dispatched"), "it gave nothing out"
        assert not dispatcher.events("first poll", "new entries", "nothing new", "read", "match", "delivered")
        for desk in (one, other):
            assert desk.events("first poll", "new entries", "nothing new"), "it polled nothing"
            assert desk.events("match", "no match"), "it matched nothing"
        shown = json.loads(one.command("status", "--json").stdout)
        roles = {one["pid"]: one["role"] for one in shown["daemons"]}
        assert sorted(roles.values()) == ["dispatch", "work", "work"]
        assert roles[survivor.pid] == "work"
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


def test_an_upgrade_makes_the_queue_too_and_again_changes_nothing(tmp_path: Path) -> None:
    with a_pair(tmp_path, feeds=1, names=("desk",), more=ENGINE) as pair:
        (desk,) = pair.desks
        for _ in range(2):
            row = json.loads(desk.command("db", "upgrade", "--json").stdout)
            assert row["queue"].startswith("procrastinate 3.10.")
            assert desk.number("SELECT count(*) FROM procrastinate_jobs") == 0
        assert "Its queue is up to date (procrastinate 3.10." in desk.command("db", "upgrade").stdout


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_cluster_under_kills_a_stop_and_a_restart_tells_what_one_process_tells(tmp_path: Path) -> None:
    """The world: 2,000 entries of 100 feeds. One process tells each to each receiver once, and so must these."""
    dice, wait = random.Random(20261128), threading.Event().wait
    entries, kills = 2000, 50
    names = ("dispatcher", "one", "two", "three")
    with a_pair(tmp_path, feeds=100, feed_lines='interval = "2s"', names=names, more=ENGINE) as pair:
        roles = {
            desk.folder.name: "dispatch" if desk.folder.name == "dispatcher" else "work" for desk in pair.desks
        }
        by_name = {desk.folder.name: desk for desk in pair.desks}
        running = {name: by_name[name].start("-v", "--role", role) for name, role in roles.items()}
        published, begun = threading.Event(), time.monotonic()

        def publish() -> None:
            for number in range(entries):
                pair.publish(pair.feeds[number % len(pair.feeds)])
                wait(0.08)
            published.set()

        writer = threading.Thread(target=publish)
        writer.start()
        for number in range(kills):
            wait(dice.uniform(0.2, 4.0))
            name = dice.choice(sorted(running))
            running[name].kill()
            assert running[name].wait() == -signal.SIGKILL, by_name[name].log()[-3000:]
            wait(dice.choice([0.0, 0.5, 4.0]))
            running[name] = by_name[name].start("-v", "--role", roles[name])
            if number == kills // 3:
                wait(10)
                running["two"].send_signal(signal.SIGSTOP)
                wait(45)
                running["two"].send_signal(signal.SIGCONT)
            if number == 2 * kills // 3:
                server = postgres_server()
                wait(10)  # who starts without a server ends at once
                server.stop()
                wait(20)
                server.start()
                wait(15)
                assert all(one.poll() is None for one in running.values()), "one ended with the server"
        assert published.wait(600)
        writer.join()
        eventually(pair.all_told, "the last alert", 900)
        pair.check_once()
        desk = pair.desks[1]
        assert desk.number("SELECT count(*) FROM articles") == entries, "an entry read twice"
        assert desk.number("SELECT count(*) FROM matches") == entries
        eventually(
            lambda: desk.number("SELECT count(*) FROM deliveries WHERE state <> 'sent'") == 0, "all sent", 300
        )
        left = desk.number("SELECT count(*) FROM procrastinate_jobs WHERE status NOT IN ('todo', 'doing')")
        assert left == 0, "jobs that are done stay"
        polled = [len(one.events("new entries", "nothing new", "first poll")) for one in pair.desks]
        print(
            f"\n{kills} kills, a stop of 45 s, 20 s without a server, {time.monotonic() - begun:.0f} s: {entries} "
            f"entries of {len(pair.feeds)} feeds told to {len(RECEIVERS)} receivers, {len(pair.hook.requests)} "
            f"messages, 0 lost, 0 planned twice, {pair.repeats()} repeated on the wire with their key and bytes; "
            f"feeds by how many asked at once: {dict(pair.most_at_once())}; polls by process: {polled}"
        )
