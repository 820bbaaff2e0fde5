"""Killed at random, the daemon loses nothing, plans nothing twice, and repeats only with the same key."""

from __future__ import annotations

import random
import signal
import threading
import time
from contextlib import ExitStack
from itertools import cycle, islice

import pytest
from desk import Desk
from hostile_servers import rows, serve
from incidents import MAIL, World, check, settled
from local_feed import LocalFeed
from mail_server import mail_server

from monitor.demo.server import LocalSite


def kill_at_random(desk: Desk, kills: int, dice: random.Random, longest: float) -> None:
    for _ in range(kills):
        daemon = desk.start()
        threading.Event().wait(dice.uniform(0.1, longest))  # the crash itself: any moment will do
        daemon.kill()
        assert daemon.wait() == -signal.SIGKILL, "the daemon had ended by itself"


def run_with_kills(
    desk: Desk, count: int, kills: int, seed: int, pause: float, longest: float, hostile: int = 0
) -> None:
    dice = random.Random(seed)
    with ExitStack() as stack:
        mail = stack.enter_context(mail_server())
        sites = [
            stack.enter_context(LocalSite(address=f"127.{number // 250}.{number % 250 + 1}.1"))
            for number in range(2, 2 + count)
        ]
        feeds = [LocalFeed(site, f"Feed {index}") for index, site in enumerate(sites)]
        world = World(feeds, dice)
        misbehaving = serve(stack, [row.behaviour for row in islice(cycle(rows()), hostile)], 66)
        urls = [feed.url for feed in feeds] + [server.url() for server in misbehaving]
        desk.write(dice.sample(urls, len(urls)), receivers=MAIL.format(port=mail.port))
        begun = time.monotonic()
        for number in range(1, count + 1):
            world.publish(number)
        with world.publishing(count + 1, pause):
            kill_at_random(desk, kills, dice, longest)
        with desk.running():
            desk.within("4m", lambda: settled(desk, world), "the last delivery")
        messages, repeats = check(desk, world, mail)
        print(
            f"\n{count} feeds, {hostile} hostile ones, {len(world.matching) + len(world.others)} entries, "
            f"{len(world.matching)} matching, {kills} kills: {messages} messages, 0 lost, 0 planned twice, "
            f"{repeats} repeated on the wire with their key, {time.monotonic() - begun:.0f} s"
        )


@pytest.mark.timeout(400)
def test_ten_random_kills_lose_nothing_and_plan_nothing_twice(desk: Desk) -> None:
    run_with_kills(desk, count=8, kills=10, seed=20230222, pause=0.15, longest=2.0)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_hundred_feeds_and_forty_kills_lose_nothing(desk: Desk) -> None:
    run_with_kills(desk, count=200, kills=40, seed=7, pause=0.05, longest=4.0)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_forty_kills_among_three_hundred_feeds_of_which_a_third_is_hostile_lose_nothing(desk: Desk) -> None:
    run_with_kills(desk, count=200, kills=40, seed=11, pause=0.1, longest=6.0, hostile=100)
