"""Desks on one PostgreSQL database, feeds that count who asks, and a server that keeps what it is told."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from desk import Desk
from desk_store import PostgresqlStore
from http_sink import Sink, http_sink
from local_feed import LocalFeed

from monitor.demo.server import Answer, LocalSite, SeenRequest

# So many that both have some of them, whichever shares each has: all fall to one in one start of 512.
RECEIVERS = ("desk", "night", "ops", "press", "east", "west", "north", "south", "field", "radio")
TOLD = re.compile(r"incident ([0-9]+)x")


class WatchedSite(LocalSite):
    """Notes how many asked it at one moment; takes so many seconds for an answer: two at once would be seen."""

    def __init__(self, address: str, takes: float = 0.02) -> None:
        super().__init__(address=address)
        self._takes = takes
        self.most = 0
        self._at_once = 0
        self._gate = threading.Lock()

    def answer(self, request: SeenRequest) -> Answer:
        with self._gate:
            self._at_once += 1
            self.most = max(self.most, self._at_once)
        time.sleep(self._takes)
        try:
            return super().answer(request)
        finally:
            with self._gate:
                self._at_once -= 1


class Pair:
    """Desks with one config and one store; `desks` have a folder and a log each."""

    def __init__(
        self,
        folder: Path,
        feeds: list[LocalFeed],
        hook: Sink,
        store: PostgresqlStore,
        *,
        feed_lines: str,
        names: tuple[str, ...],
        more: str,
    ) -> None:
        self.feeds, self.hook, self._feed_lines, self._more = feeds, hook, feed_lines, more
        self.titles: dict[int, str] = {}
        self.desks = [desk_on(store, folder / name, hook) for name in names]
        for desk in self.desks:
            self.write(desk)

    def write(self, desk: Desk, more: str = "") -> None:
        """Its config, which is the same for both but for `more`."""
        urls = [feed.url for feed in self.feeds]
        more = MINUTES + self._more + more
        desk.write(urls, receivers=HOOKS, to=json.dumps(RECEIVERS), more=more, feed_lines=self._feed_lines)

    def publish(self, feed: LocalFeed) -> int:
        """A new incident in that feed; its number."""
        number = len(self.titles) + 1
        self.titles[number] = f"Torkham closed, incident {number}x, 1th day"
        feed.add(self.titles[number], f"Torkham was closed, said witness {number}; {number * 7} trucks wait.")
        return number

    def told(self, receiver: str = RECEIVERS[0]) -> dict[int, set[tuple[str, str]]]:
        """By incident the digests that told it to the receiver, each with the key of its message."""
        found: dict[int, set[tuple[str, str]]] = defaultdict(set)
        for path, headers, body in list(self.hook.requests):
            if path == f"/{receiver}":
                digest = json.loads(body)
                for number in set(TOLD.findall(body.decode())):
                    found[int(number)].add((digest["digest"], headers["webhook-id"]))
        return found

    def all_told(self, digest: str = "alerts", receivers: tuple[str, ...] = RECEIVERS) -> bool:
        """Whether the digest has told every incident to each of these."""
        wanted = set(self.titles)
        return all(
            wanted <= {number for number, said in self.told(name).items() if any(one == digest for one, _ in said)}
            for name in receivers
        )

    def check_once(self) -> None:
        """No digest has told an incident to anybody in two messages."""
        for name in RECEIVERS:
            for number, said in self.told(name).items():
                digests = sorted(digest for digest, _ in said)
                assert len(set(digests)) == len(digests), f"incident {number} to {name}: {said}"

    def repeats(self) -> int:
        """How many messages came more than once; each time with the same key and bytes."""
        return repeats(self.hook)

    def shares(self, desk: Desk) -> int:
        """How many it said last that it has."""
        return next((int(one["shares"]) for one in reversed(desk.events("shares of the work"))), 0)

    def most_at_once(self) -> Counter[int]:
        """How many feeds were asked by so many at one moment."""
        return Counter(feed.site.most for feed in self.feeds)  # type: ignore[attr-defined]  # each has its WatchedSite


HOOKS = "".join(
    f'[receivers.{name}]\nwebhook = {{ url = "env:HOOK_{name.upper()}", secret = "env:HOOK_SECRET" }}\n'
    for name in RECEIVERS
)
MINUTES = """
[[digests]]
name = "minutes"
rules = ["*"]
to = ["desk"]
schedule = "* * * * *"
timezone = "UTC"
send_when_empty = false
max_stories = 500
[[digests]]
name = "often"
rules = ["*"]
to = ["night"]
schedule = "every 5m"
timezone = "UTC"
send_when_empty = false
max_stories = 500
"""


def desk_on(store: PostgresqlStore | None, folder: Path, hook: Sink) -> Desk:
    """A desk in a new folder that knows where the receivers are; in that store, or in one of its own."""
    folder.mkdir(parents=True)
    desk = Desk(folder)
    if store is not None:
        desk.kept = store  # type: ignore[assignment]  # the one of all
        desk.environment |= store.environment
    desk.environment["HOOK_SECRET"] = "whsec_" + "c2VjcmV0IGtleSBmb3IgYSB0ZXN0IG9m"
    desk.environment |= {f"HOOK_{name.upper()}": f"{hook.url}/{name}" for name in RECEIVERS}
    return desk


def repeats(hook: Sink) -> int:
    """How many messages came more than once; each time with the same key and bytes."""
    bodies: dict[str, set[bytes]] = defaultdict(set)
    for _, headers, body in hook.requests:
        bodies[headers["webhook-id"]].add(body)
    assert all(len(one) == 1 for one in bodies.values()), "a repeat differs from the first"
    return len(hook.requests) - len(bodies)


@contextmanager
def a_pair(
    folder: Path, feeds: int, feed_lines: str = "", names: tuple[str, ...] = ("one", "other"), more: str = ""
) -> Iterator[Pair]:
    """Desks that nobody works at yet, and so many feeds, each on a host of its own."""
    with ExitStack() as stack:
        hook = stack.enter_context(http_sink())
        sites = [stack.enter_context(WatchedSite(f"127.3.{n // 250}.{n % 250 + 1}")) for n in range(feeds)]
        store = PostgresqlStore()
        all_feeds = [LocalFeed(site, f"Feed {n}") for n, site in enumerate(sites)]
        made = Pair(folder, all_feeds, hook, store, feed_lines=feed_lines, names=names, more=more)
        try:
            yield made
        finally:
            for desk in made.desks:
                desk.clear()
