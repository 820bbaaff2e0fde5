"""The whole hostile table at once before one real daemon: healthy feeds beside it lose nothing and hardly wait."""

from __future__ import annotations

import json
import re
import socket
import time
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path

import pytest
from background import repeated
from desk import Desk, eventually
from hostile_servers import HUBS, OLDER, TRAP, TRICKS, Broken, Row, offers, rows, serve
from http_server import LoopbackServer, reply
from local_feed import LocalFeed

from monitor.demo.server import LocalSite

LONG = 150.0  # seconds for all of them: 36 on a quiet machine, and others test at the same time
HEALTHY = 12
# Seconds from publication to the receiver's file, poll interval and all, on a machine that has other work too. Of
# what was published before the start, the first poll of all the hostile feeds is part.
USUALLY, HELD_UP = 10.0, 20.0
MEMORY = 400.0  # MB of the daemon: a few dozen bodies of up to 10 MB are in hand at once


class Presses:
    """Healthy feeds that publish all the time; each entry is one alert."""

    def __init__(self, feeds: list[LocalFeed]) -> None:
        self.feeds = feeds
        self.published: dict[str, float] = {}

    def publish(self) -> None:
        number = len(self.published) + 1
        title = f"Torkham closed, incident {number}x"
        self.published[title] = time.time()
        self.feeds[number % len(self.feeds)].add(
            title, f"Torkham was closed, said witness {number}; {number * 7} trucks wait in camp {number}."
        )

    def publishing(self, pause: float) -> AbstractContextManager[None]:
        """Publishes in the background until the block ends."""
        return repeated(self.publish, pause)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def arrived(desk: Desk) -> list[tuple[str, float]]:
    """The headlines that the receiver has, each as often as it came, and when."""
    return [
        (story["headline"], path.stat().st_mtime)
        for path in sorted((desk.folder / "digests").glob("*.json"))
        for story in json.loads(path.read_text())["stories"]
    ]


def configure(desk: Desk, hostile: list[str], healthy: list[LocalFeed]) -> None:
    port = free_port()
    web = f'[web]\nlisten = "127.0.0.1:{port}"\npublic_url = "http://127.0.0.1:{port}/monitor"\n'
    promised = "".join(f'[[feeds]]\nurl = "{feed.url}"\ninterval = "1s"\nbackfill = "24h"\n' for feed in healthy)
    desk.write(hostile, more=web + promised)


def most_memory(pid: int) -> float:
    """The most megabytes that a process ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1000


def polled(desk: Desk, urls: list[str]) -> dict[str, tuple[str, str | None]]:
    """Outcome and error of those that were polled."""
    found = desk.ask("SELECT declared_url, last_outcome, last_error FROM feeds WHERE last_outcome IS NOT NULL")
    return {url: (outcome, error) for url, outcome, error in found if url in urls}


def complaint(desk: Desk, row: Row, url: str, outcome: str, error: str | None) -> str | None:
    """What the store says of a hostile feed that it must not say."""
    titles = [
        title
        for (title,) in desk.ask(
            "SELECT title FROM entries JOIN feeds ON feeds.id = feed_id WHERE declared_url = ?", url
        )
    ]
    expected = len(titles) if row.titles is None else row.titles
    sound = (
        outcome in row.outcomes
        and row.why in (error or "")
        and (len(titles) == expected if isinstance(expected, int) else titles == list(expected))
        and all(title.isprintable() and len(title) <= 1_000 for title in titles)
    )
    return None if sound else f"{row.name}: {outcome}, {error}, {len(titles)} entries {titles[:2]!r:.200}"


def ends_of_gaps(desk: Desk) -> dict[str, str]:
    """By the feed."""
    return dict(desk.ask("SELECT declared_url, ended FROM gaps JOIN feeds ON feeds.id = feed_id"))


def hubs_that_failed(desk: Desk) -> set[str]:
    return {hub for (hub,) in desk.ask("SELECT hub FROM websub WHERE failures > 0 AND error IS NOT NULL")}


@pytest.mark.needs("linux")
@pytest.mark.timeout(300)
def test_all_hostile_feeds_at_once_hold_up_no_healthy_one(desk: Desk) -> None:
    with ExitStack() as stack:
        sites = [stack.enter_context(LocalSite(address=f"127.67.{number}.1")) for number in range(1, HEALTHY + 1)]
        presses = Presses([LocalFeed(site, f"Press {number}") for number, site in enumerate(sites)])
        hubs = [server.url() for server in serve(stack, HUBS.values(), 65)]
        trap = stack.enter_context(LoopbackServer(reply(b"secret"), "127.64.1.1"))
        table = rows(trap.url()) + [Row("a hostile hub", offers(hub), titles=1) for hub in hubs]
        urls = [server.url() for server in serve(stack, [row.behaviour for row in table], 66)]
        broken = [
            server.url()
            for server in serve(stack, [Broken(older.replace(TRAP, trap.url())) for older in OLDER], 68)
        ]
        tricky = [server.url() for server in serve(stack, [behaviour for behaviour, _ in TRICKS.values()], 69)]
        for _ in range(HEALTHY):
            presses.publish()
        configure(desk, urls + broken + tricky, presses.feeds)
        gaps = {url: end for url, end in zip(broken, OLDER.values(), strict=True) if end}
        tricks = {f"Torkham closed, incident {number}x" for _, numbers in TRICKS.values() for number in numbers}
        begun = time.monotonic()
        with desk.running() as daemon:
            started = time.time()
            with presses.publishing(0.3):
                eventually(lambda: len(polled(desk, urls)) == len(urls), "a poll of each hostile feed", LONG)
                eventually(lambda: ends_of_gaps(desk) == gaps, f"the end of each gap: {gaps}", LONG)
                eventually(lambda: hubs_that_failed(desk) == set(hubs), "each hub to fail", LONG)
            hostile = time.monotonic() - begun
            eventually(lambda: len(arrived(desk)) >= len(presses.published) + len(tricks), "the last alert")
            memory = most_memory(daemon.pid)
            stored = polled(desk, urls)
        came = arrived(desk)
        waits = sorted(at - max(presses.published[title], started) for title, at in came if title not in tricks)
        print(
            f"\n{len(urls + broken + tricky)} hostile feeds and {len(hubs)} hostile hubs asked within "
            f"{hostile:.1f} s beside {HEALTHY} healthy feeds; {len(came)} alerts, the slowest {waits[-1]:.1f} s "
            f"after publication, half within {waits[len(waits) // 2]:.1f} s; {memory:.0f} MB"
        )
        said = [complaint(desk, row, url, *stored[url]) for row, url in zip(table, urls, strict=True)]
        assert [one for one in said if one] == []
        assert sorted(title for title, _ in came) == sorted([*presses.published, *tricks])
        assert trap.asked == []
        assert waits[len(waits) // 2] < USUALLY
        assert waits[-1] < HELD_UP
        assert memory < MEMORY
        assert "Traceback" not in desk.log()
        assert desk.events("stage failed", "stage broke") == []
