"""Hundreds of kill -9 under load, three kinds of receivers, both kinds of digests, stories that go on."""

from __future__ import annotations

import email
import json
import random
import re
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import AbstractContextManager, ExitStack
from email import policy

import pytest
from background import repeated
from desk import Desk, eventually
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
SETTLE = 1_200.0  # seconds: what a kill left half read is tried again after a quarter of an hour
_STAGES = {  # by what the daemon logs with -v as it takes a step
    "first poll": "poll",
    "new entries": "poll",
    "nothing new": "poll",
    "read": "read",
    "duplicate": "match",
    "match": "match",
    "planned": "plan",
    "delivered": "deliver",
}
_STARTS = "start"
_EVENT = re.compile(rb'"event": "([a-z ]+)"')
_TOLD = re.compile(r"incident ([0-9]+)x, ([0-9]+)th day")
_Said = set[tuple[int, int]]  # incidents, each with its day


class Incidents:
    """Feeds that bring incidents; some become others: their ordinal changes, which no digest lets wait."""

    def __init__(self, feeds: list[LocalFeed], dice: random.Random) -> None:
        self.feeds = feeds
        self.titles: dict[int, str] = {}  # the newest of each
        self._links: dict[int, tuple[LocalFeed, str]] = {}
        self._dice = dice

    def publish(self) -> None:
        if self.titles and self._dice.random() < 0.25:
            number = self._dice.choice(list(self.titles))
            feed, link = self._links[number]
            day = int(self.titles[number].split()[-2].removesuffix("th")) + 1
            feed.drop(link)
        else:
            number, day, link = len(self.titles) + 1, 1, None
            feed = self._dice.choice(self.feeds)
        title = f"Torkham closed, incident {number}x, {day}th day"
        text = f"Torkham was closed, said witness {number} of {number}; {number * 7 + day * 40} trucks wait."
        self._links[number] = feed, feed.add(title, text, link=link)
        self.titles[number] = title

    def publishing(self, pause: float) -> AbstractContextManager[None]:
        """Publishes in the background until the block ends."""
        return repeated(self.publish, pause)


def settled(desk: Desk, incidents: Incidents) -> bool:
    """Every newest title is stored, and nothing is left to be matched, planned or sent."""
    return (
        not desk.number("SELECT count(*) FROM articles WHERE stage <> 'matched'")
        and not desk.number("SELECT count(*) FROM routings WHERE state = 'pending'")
        and not desk.number("SELECT count(*) FROM deliveries WHERE state <> 'sent'")
        and {title for (title,) in desk.ask("SELECT title FROM articles")} >= set(incidents.titles.values())
    )


def planned(desk: Desk) -> dict[tuple[str, str], _Said]:
    """What the store says of each batch."""
    told: dict[tuple[str, str], _Said] = defaultdict(set)
    query = (
        "SELECT r.digest, r.batch, a.title FROM routings r JOIN matches m ON m.id = r.match_id "
        "JOIN articles a ON a.id = m.article_id WHERE r.state = 'planned'"
    )
    for digest, batch, title in desk.ask(query):
        told[digest, batch] |= said_in(title)
    return told


def said_in(text: str) -> _Said:
    return {(int(number), int(day)) for number, day in _TOLD.findall(text)}


def stories_of(said: Iterable[tuple[int, int]]) -> set[int]:
    return {number for number, _ in said}


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
    return " ".join(str(part.get_content()).split())  # lines are wrapped within titles, too


def check(desk: Desk, incidents: Incidents, mail: MailServer, hook: Sink) -> str:
    """Each match planned once and told to everybody in that batch and in no other; returns the figure."""
    by_key, repeats = on_the_wire(desk, mail, hook)
    differing = {key: sorted(map(len, bodies)) for key, bodies in by_key.items() if len(bodies) > 1}
    assert not differing, "a repeat differs from the first"
    rows = desk.ask("SELECT key, digest, batch, channel, recipient FROM deliveries")
    assert {key for key, *_ in rows} == set(by_key), "a message without a row, or a row without a message"
    told: dict[tuple[str, str], dict[tuple[str, str], _Said]] = defaultdict(lambda: defaultdict(set))
    for key, digest, batch, channel, recipient in rows:
        (body,) = by_key[key]
        told[digest, batch][channel, recipient] |= said_in(text_of(body))
    plans = planned(desk)
    assert set(told) == set(plans)
    for batch, said in plans.items():
        assert len(told[batch]) == 4, "two addresses, a file and a webhook"
        for one in told[batch].values():
            assert stories_of(one) == stories_of(said), batch
            # The headline is the story's newest, though that is a match of the next batch.
            assert all(any(number == other and day <= shown for other, shown in one) for number, day in said), (
                batch
            )
    matches = desk.number("SELECT count(*) FROM matches")
    for digest in DIGESTS:
        of_digest = [one for (name, _), said in plans.items() if name == digest for one in said]
        assert len(of_digest) == len(set(of_digest)) == matches, "a match in no batch, or in two"
        assert stories_of(of_digest) == set(incidents.titles)
    assert desk.number("SELECT count(*) FROM routings") == matches * len(DIGESTS)
    return (
        f"{desk.number('SELECT count(*) FROM articles')} entries, {matches} matches of {len(incidents.titles)} "
        f"stories in {len(DIGESTS)} digests, {len(by_key)} messages to 4 receivers, 0 lost, 0 planned twice, "
        f"{repeats} repeated on the wire with their key and bytes"
    )


def wait_for_a_moment(desk: Desk, dice: random.Random, begun: int, longest: float) -> None:
    """Some moment of the daemon's start, or one just after a step of the stage that the dice choose.

    `begun` is the size of the log when the daemon was started; the step is awaited for so many seconds from when
    it says that it runs.
    """
    aim = dice.choice([_STARTS, *dict.fromkeys(_STAGES.values())])
    if aim != _STARTS:
        eventually(lambda: size_of_log(desk) > begun, "the daemon to run")
        steps, deadline = dice.randint(1, 4), time.monotonic() + longest
        while time.monotonic() < deadline and steps_since(desk, begun).count(aim) < steps:
            threading.Event().wait(0.01)
    # The crash itself: any moment will do.
    threading.Event().wait(dice.uniform(0.0, 1.0 if aim == _STARTS else 0.05))


def steps_since(desk: Desk, begun: int) -> list[str]:
    """The stage of each step that the daemon has logged from that byte of its log on."""
    log = desk.folder / "daemon.log"
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(begun)
        said = [_EVENT.search(line) for line in file]
    return [_STAGES[found[1].decode()] for found in said if found and found[1].decode() in _STAGES]


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
        killed_at: Counter[str] = Counter()
        with incidents.publishing(pause):
            for _ in range(kills):
                start = size_of_log(desk)
                daemon = desk.start("-v")
                wait_for_a_moment(desk, dice, start, longest)
                daemon.kill()
                assert daemon.wait() == -signal.SIGKILL, "the daemon had ended by itself"
                killed_at[next(reversed(steps_since(desk, start)), _STARTS)] += 1
        killing = time.monotonic() - begun
        with desk.running() as daemon:
            eventually(lambda: settled(desk, incidents) or daemon.poll() is not None, "the last delivery", SETTLE)
        figure = check(desk, incidents, mail, hook)
        after = ", ".join(f"{stage} {count}" for stage, count in killed_at.most_common())
        print(f"\n{kills} kills in {killing:.0f} s ({after}), {time.monotonic() - begun:.0f} s in all: {figure}")
        assert set(killed_at) == {_STARTS, *_STAGES.values()}, "no kill at one of the stages"


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_three_hundred_kills_lose_nothing_by_mail_webhook_and_file(desk: Desk) -> None:
    run_with_kills(desk, feeds=6, kills=300, seed=20261127, pause=0.4, longest=1.5)
