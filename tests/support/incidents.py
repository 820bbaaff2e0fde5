"""Feeds that bring entries all the time, and the count at the end: nothing lost, nothing planned twice."""

from __future__ import annotations

import email
import random
import re
from collections import Counter
from contextlib import AbstractContextManager
from email import policy
from itertools import count

from background import repeated
from desk import Desk
from local_feed import LocalFeed
from mail_server import MailServer

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

    def publishing(self, first: int, pause: float) -> AbstractContextManager[None]:
        """Publishes in the background until the block ends."""
        numbers = count(first)
        return repeated(lambda: self.publish(next(numbers)), pause)


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
    assert desk.number("SELECT count(*) FROM routings WHERE state = 'planned'") == len(world.matching)
    assert desk.number("SELECT count(*) FROM routings") == len(world.matching)
    return len(by_key), len(mail.received) - len(by_key)
