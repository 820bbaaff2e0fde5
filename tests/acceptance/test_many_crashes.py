"""Hundreds of kill -9 under load, three kinds of receivers, both kinds of digests, stories that go on."""

from __future__ import annotations

import email
import json
import random
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from email import policy

import pytest
from desk import Desk, eventually
from forked_daemon import ForkedDaemons
from http_sink import Sink, http_sink
from local_feed import LocalFeed
from mail_server import MailServer, mail_server

from monitor.demo.server import LocalSite

RECEIVERS = """
[smtp]
host = "127.0.0.1"
port = {port}
security = "none"
from = "Border desk <monitor@example.org>"
[receivers.desk]
email = ["desk@example.org", "night@example.org"]
file = {{ directory = "digests", format = "json" }}
webhook = {{ url = "env:HOOK", secret = "env:HOOK_SECRET" }}
[[digests]]
name = "minutes"
rules = ["*"]
to = ["desk"]
schedule = "* * * * *"
timezone = "UTC"
send_when_empty = false
max_stories = 100
"""
DIGESTS = ("alerts", "minutes")
SETTLE = 1_500.0  # seconds: what is new of a story waits a quarter of an hour for its turn
_MOST_LOGGED = 10_000  # bytes between two kills: some forty steps of the pipeline
_NUMBER = re.compile(r"incident ([0-9]+)x")
_Told = Mapping[tuple[str, str], set[int]]  # the incidents told in each (digest, batch)


class Incidents:
    """Feeds that bring incidents; of some the figure in the sentence that matches is changed later."""

    def __init__(self, feeds: list[LocalFeed], dice: random.Random) -> None:
        self.feeds = feeds
        self.titles: dict[int, str] = {}  # the newest of each
        self._links: dict[int, tuple[LocalFeed, str]] = {}
        self._dice = dice

    def publish(self) -> None:
        if self.titles and self._dice.random() < 0.25:
            number = self._dice.choice(list(self.titles))
            feed, link = self._links[number]
            day = int(self.titles[number].rpartition(" ")[2]) + 1
            feed.drop(link)
        else:
            number, day, link = len(self.titles) + 1, 1, None
            feed = self._dice.choice(self.feeds)
        title = f"Torkham closed, incident {number}x, day {day}"
        text = f"Torkham was closed, said witness {number} of {number}; {number * 7 + day * 40} trucks wait."
        self._links[number] = feed, feed.add(title, text, link=link)
        self.titles[number] = title

    @contextmanager
    def publishing(self, pause: float) -> Iterator[None]:
        """Publishes in the background until the block ends."""
        done = threading.Event()

        def work() -> None:
            while not done.wait(pause):
                self.publish()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def settled(desk: Desk, incidents: Incidents) -> bool:
    """Every newest title is stored, and nothing is left to be matched, planned or sent."""
    return (
        not desk.number("SELECT count(*) FROM articles WHERE stage <> 'matched'")
        and not desk.number("SELECT count(*) FROM routings WHERE state = 'pending'")
        and not desk.number("SELECT count(*) FROM deliveries WHERE state <> 'sent'")
        and {title for (title,) in desk.ask("SELECT title FROM articles")} >= set(incidents.titles.values())
    )


def planned(desk: Desk) -> dict[tuple[str, str], set[int]]:
    """What the store says of each batch."""
    told: dict[tuple[str, str], set[int]] = defaultdict(set)
    query = (
        "SELECT r.digest, r.batch, a.title FROM routings r JOIN matches m ON m.id = r.match_id "
        "JOIN articles a ON a.id = m.article_id WHERE r.state = 'planned'"
    )
    for digest, batch, title in desk.ask(query):
        told[digest, batch].add(numbers_in(title).pop())
    return told


def numbers_in(text: str) -> set[int]:
    return {int(found) for found in _NUMBER.findall(text)}


def on_the_wire(desk: Desk, mail: MailServer, hook: Sink) -> tuple[dict[str, set[bytes]], int]:
    """The bytes under each key, and how many messages came more than once."""
    by_key: dict[str, set[bytes]] = defaultdict(set)
    messages = 0
    for envelope in mail.received:
        key = email.message_from_bytes(envelope.content, policy=policy.default)["Message-ID"]
        by_key[key.strip("<>").partition("@")[0]].add(envelope.content)
        messages += 1
    for _, headers, body in hook.requests:
        by_key[headers["webhook-id"]].add(body)
        messages += 1
    repeats = messages - len(by_key)
    for path in (desk.folder / "digests").glob("*.json"):
        body = path.read_bytes()
        by_key[json.loads(body)["key"]].add(body)
    return by_key, repeats


def text_of(body: bytes) -> str:
    """What a message says, of any channel."""
    if body.startswith(b"{"):
        return body.decode()
    part = email.message_from_bytes(body, policy=policy.default).get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def check(desk: Desk, incidents: Incidents, mail: MailServer, hook: Sink) -> str:
    """Each match planned once and told to everybody in that batch and in no other; returns the figure."""
    by_key, repeats = on_the_wire(desk, mail, hook)
    assert all(len(bodies) == 1 for bodies in by_key.values()), "a repeat differs from the first"
    rows = desk.ask("SELECT key, digest, batch, channel, recipient FROM deliveries")
    assert {key for key, *_ in rows} == set(by_key), "a message without a row, or a row without a message"
    told: dict[tuple[str, str], dict[tuple[str, str], set[int]]] = defaultdict(lambda: defaultdict(set))
    for key, digest, batch, channel, recipient in rows:
        (body,) = by_key[key]
        told[digest, batch][channel, recipient] |= numbers_in(text_of(body))
    plans = planned(desk)
    assert set(told) == set(plans)
    for batch, numbers in plans.items():
        assert len(told[batch]) == 4, "two addresses, a file and a webhook"
        assert all(one == numbers for one in told[batch].values()), batch
    for digest in DIGESTS:
        of_digest = [numbers for (name, _), numbers in plans.items() if name == digest]
        assert set().union(*of_digest) == set(incidents.titles)
    matches = desk.number("SELECT count(*) FROM matches")
    assert desk.number("SELECT count(*) FROM routings") == matches * len(DIGESTS)
    again = desk.number("SELECT count(*) FROM routings WHERE state = 'planned'") - 2 * len(incidents.titles)
    return (
        f"{len(incidents.titles)} incidents, {matches} matches, {again} of them told as updates, {len(by_key)} "
        f"messages, 0 lost, 0 planned twice, {repeats} repeated on the wire with their key"
    )


def wait_for_any_moment(desk: Desk, dice: random.Random, longest: float) -> None:
    """A moment of the daemon's start, one time in five; else of its work: when it has logged so much more since it
    said that it runs, or so long has passed."""
    if dice.random() < 0.2:
        threading.Event().wait(dice.uniform(0.0, 1.0))
        return
    begun = size_of_log(desk)
    eventually(lambda: size_of_log(desk) > begun, "the daemon to run")
    enough, deadline = (
        size_of_log(desk) + dice.randrange(_MOST_LOGGED),
        time.monotonic() + dice.uniform(0.0, longest),
    )
    while time.monotonic() < deadline and size_of_log(desk) < enough:
        threading.Event().wait(0.01)


def size_of_log(desk: Desk) -> int:
    log = desk.folder / "daemon.log"
    return log.stat().st_size if log.exists() else 0


def run_with_kills(desk: Desk, *, feeds: int, kills: int, seed: int, pause: float, longest: float) -> None:
    dice = random.Random(seed)
    with ExitStack() as stack:
        mail, hook = stack.enter_context(mail_server()), stack.enter_context(http_sink())
        sites = [stack.enter_context(LocalSite(address=f"127.2.{number}.1")) for number in range(1, feeds + 1)]
        incidents = Incidents([LocalFeed(site, f"Feed {index}") for index, site in enumerate(sites)], dice)
        receivers = RECEIVERS.format(port=mail.port)
        desk.environment |= {"HOOK": hook.url, "HOOK_SECRET": "whsec_" + "c2VjcmV0IGtleSBmb3IgYSB0ZXN0IG9m"}
        # Not every second: a digest by cron waits until no feed is due.
        every = 'interval = "5s"'
        desk.write([feed.url for feed in incidents.feeds], receivers=receivers, feed_lines=every)
        begun = time.monotonic()
        with incidents.publishing(pause), ForkedDaemons(desk) as daemons:
            for _ in range(kills):
                daemons.start()
                wait_for_any_moment(desk, dice, longest)
                daemons.kill()
        killing = time.monotonic() - begun
        with desk.running() as daemon:
            eventually(lambda: settled(desk, incidents) or daemon.poll() is not None, "the last delivery", SETTLE)
        figure = check(desk, incidents, mail, hook)
        print(f"\n{kills} kills in {killing:.0f} s, {time.monotonic() - begun:.0f} s in all: {figure}")


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_three_hundred_kills_lose_nothing_by_mail_webhook_and_file(desk: Desk) -> None:
    run_with_kills(desk, feeds=6, kills=300, seed=20261127, pause=0.6, longest=3.0)
