"""Desks on hosts of their own, the database on another one, feeds and receivers that a cut does not touch."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from desk import Desk
from desk_store import PostgresqlStore
from hosts import Hosts, hosts
from http_sink import http_sink
from local_feed import LocalFeed
from pair import RECEIVERS, TOLD, Pair, WatchedSite
from postgres_server import FAST, PostgresServer

DATABASE = "database"
TAKES = 2.0  # seconds for each answer of a feed: some are always under way, also when the network goes
# Run by each process before all else: warm_server.py and Python itself see to that.
_ENTER = "from hosts import enter\nenter({path!r})\n"


class Timed(list[tuple[str, dict[str, str], bytes]]):
    """Requests of a sink, and when each came (seconds since 1970, as the database's clock, which is the same)."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[float] = []
        self._lock = threading.Lock()

    def append(self, request: tuple[str, dict[str, str], bytes]) -> None:
        with self._lock:
            self.at.append(time.time())
            super().append(request)


class Apart(Pair):
    """Desks by the names of their hosts, between each of which and the database the network can be cut."""

    hosts: Hosts
    came: Timed  # what was told, and when
    published: dict[int, float]  # when each incident was

    def publish(self, feed: LocalFeed) -> int:
        """A new incident in that feed; its number."""
        at = time.time()
        number = super().publish(feed)
        self.published[number] = at
        return number

    def told_after(self, since: float, until: float) -> float:
        """The longest time between an incident of these moments and its alert to some receiver: seconds."""
        told: dict[tuple[str, int], float] = {}
        for at, (path, _, body) in list(zip(self.came.at, self.came, strict=False)):
            if json.loads(body)["digest"] == "alerts":
                for number in set(TOLD.findall(body.decode())):
                    told.setdefault((path, int(number)), at)
        of_then = [(number, at) for number, at in self.published.items() if since <= at <= until]
        assert of_then, "nothing was published then"
        return max(told[f"/{name}", number] - at for number, at in of_then for name in RECEIVERS)

    def desk(self, name: str) -> Desk:
        """That of a host."""
        return next(one for one in self.desks if one.folder.name == name)

    def cut(self, *names: str) -> None:
        """Nothing comes through any more between these and the database; feeds and receivers they still reach."""
        for name in names:
            self.hosts.cut(name, DATABASE)

    def mend(self, *names: str) -> None:
        """It does again."""
        for name in names:
            self.hosts.mend(name, DATABASE)


@contextmanager
def server_apart(net: Hosts) -> Iterator[PostgresServer]:
    """A PostgreSQL server on the host of that name."""
    there = net[DATABASE]
    with there.inside():
        # Of many that come back at one moment the connections of before are there, too, until they are noticed.
        server = PostgresServer((*FAST, "max_connections=200"), there.address)
    try:
        yield server
    finally:
        server.remove()


@contextmanager
def far_apart(folder: Path, feeds: int, names: tuple[str, ...], feed_lines: str, more: str) -> Iterator[Apart]:
    """Desks that nobody works at yet, and so many feeds, each on a host of its own."""
    with ExitStack() as stack:
        net = stack.enter_context(hosts(DATABASE, *names))
        with net.router.inside():
            sites = [
                stack.enter_context(WatchedSite(f"10.78.{n // 250}.{n % 250 + 1}", TAKES)) for n in range(feeds)
            ]
        assert all(site.host.startswith("10.78.") for site in sites)
        store = PostgresqlStore(stack.enter_context(server_apart(net)))
        # A receiver's address must be https or loopback: each host has it on its own.
        hook = stack.enter_context(http_sink())
        hook.requests = came = Timed()
        port = int(hook.url.rpartition(":")[2])
        for name in names:
            with net[name].inside():
                stack.enter_context(http_sink(port)).requests = hook.requests
        all_feeds = [LocalFeed(site, f"Feed {n}") for n, site in enumerate(sites)]
        made = Apart(folder, all_feeds, hook, store, feed_lines=feed_lines, names=names, more=more)
        made.hosts, made.came, made.published = net, came, {}
        for desk in made.desks:
            first = desk.folder / "first"
            first.mkdir()
            (first / "sitecustomize.py").write_text(_ENTER.format(path=net[desk.folder.name].path))
            desk.environment["PYTHONPATH"] = str(first)
            stack.callback(desk.clear)
        yield made
