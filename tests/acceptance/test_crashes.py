"""Killed at random, the daemon loses nothing, plans nothing twice, and repeats only with the same key."""

from __future__ import annotations

import email
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from email import policy

import pytest
from desk import Desk, eventually
from local_feed import LocalFeed
from mail_server import MailServer, mail_server

from monitor.demo.server import LocalSite

MAIL = """
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
from = "Border desk <monitor@example.org>"
[receivers.desk]
email = ["desk@example.org", "night@example.org"]
"""
_NUMBER = re.compile(r"incident ([0-9]+)x")


class World:
    """Feeds that bring entries one after the other; every second entry matches."""

    def __init__(self, feeds: list[LocalFeed], dice: random.Random) -> None:
        self.feeds = feeds
        self.matching: set[int] = set()
        self.others: set[int] = set()
        self._dice = dice

    def publish(self, number: int) -> None:
        feed = self._dice.choice(self.feeds)
        if number % 2:
            # Every text is another: what looks alike would rightly be one story.
            feed.add(
                f"Torkham closed, incident {number}x", f"Torkham was closed, said witness {number} of {number}."
            )
            self.matching.add(number)
        else:
            feed.add(f"Apricot harvest {number}x", f"It was good in orchard {number}.")
            self.others.add(number)

    @contextmanager
    def publishing(self, first: int, pause: float) -> Iterator[None]:
        """Publishes in the background until the block ends."""
        done = threading.Event()

        def work() -> None:
            number = first
            while not done.wait(pause):
                self.publish(number)
                number += 1

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def numbers_in(mail: MailServer) -> tuple[Counter[tuple[int, str]], dict[str, set[bytes]]]:
    """Distinct messages that carried each incident to each address, and the bytes under each Message-ID."""
    carried: Counter[tuple[int, str]] = Counter()
    by_key: dict[str, set[bytes]] = {}
    for envelope in mail.received:
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        key = message["Message-ID"]
        if key not in by_key:
            part = message.get_body(("plain",))
            assert part is not None
            for number in {int(found) for found in _NUMBER.findall(part.get_content())}:
                carried[number, envelope.rcpt_tos[0]] += 1
        by_key.setdefault(key, set()).add(envelope.content)
    return carried, by_key


def settled(desk: Desk, world: World) -> bool:
    """Nothing is left to do: every matching entry is stored and matched, nothing pends, nothing waits."""
    return (
        desk.number("SELECT count(*) FROM matches") == len(world.matching)
        and not desk.number("SELECT count(*) FROM articles WHERE stage <> 'matched'")
        and not desk.number("SELECT count(*) FROM routings WHERE state = 'pending'")
        and not desk.number("SELECT count(*) FROM deliveries WHERE state <> 'sent'")
    )


def check(desk: Desk, world: World, mail: MailServer) -> tuple[int, int]:
    """Every matching entry reached every address in one message; returns (messages, repeats on the wire)."""
    carried, by_key = numbers_in(mail)
    addresses = ("desk@example.org", "night@example.org")
    expected = {(number, address): 1 for number in world.matching for address in addresses}
    assert carried == expected
    assert all(len(bodies) == 1 for bodies in by_key.values()), "a repeat differs from the first"
    assert desk.number("SELECT count(*) FROM deliveries") == len(by_key)
    assert desk.number("SELECT count(*) FROM alerted") == len(world.matching)
    assert desk.number("SELECT count(*) FROM routings") == len(world.matching)
    return len(by_key), len(mail.received) - len(by_key)


def kill_at_random(desk: Desk, kills: int, dice: random.Random, longest: float) -> None:
    for _ in range(kills):
        daemon = desk.start()
        threading.Event().wait(dice.uniform(0.3, longest))  # the crash itself: any moment will do
        daemon.kill()
        daemon.wait()


def run_with_kills(desk: Desk, count: int, kills: int, seed: int, pause: float, longest: float) -> None:
    dice = random.Random(seed)
    with ExitStack() as stack:
        mail = stack.enter_context(mail_server())
        sites = [
            stack.enter_context(LocalSite(address=f"127.{number // 250}.{number % 250 + 1}.1"))
            for number in range(2, 2 + count)
        ]
        feeds = [LocalFeed(site, f"Feed {index}") for index, site in enumerate(sites)]
        world = World(feeds, dice)
        desk.write([feed.url for feed in feeds], receivers=MAIL.format(port=mail.port))
        begun = time.monotonic()
        for number in range(1, count + 1):
            world.publish(number)
        with world.publishing(count + 1, pause):
            kill_at_random(desk, kills, dice, longest)
        with desk.running():
            eventually(lambda: settled(desk, world), "the last delivery", 240)
        messages, repeats = check(desk, world, mail)
        print(
            f"\n{count} feeds, {len(world.matching) + len(world.others)} entries, {len(world.matching)} matching, "
            f"{kills} kills: {messages} messages, 0 lost, 0 planned twice, {repeats} repeated on the wire with "
            f"their key, {time.monotonic() - begun:.0f} s"
        )


@pytest.mark.timeout(400)
def test_ten_random_kills_lose_nothing_and_plan_nothing_twice(desk: Desk) -> None:
    run_with_kills(desk, count=8, kills=10, seed=20230222, pause=0.15, longest=4.0)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_hundred_feeds_and_forty_kills_lose_nothing(desk: Desk) -> None:
    run_with_kills(desk, count=200, kills=40, seed=7, pause=0.05, longest=6.0)
