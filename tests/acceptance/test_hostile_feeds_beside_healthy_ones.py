"""The whole hostile table at once before one real daemon: healthy feeds beside it lose nothing and hardly wait."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from desk import Desk, eventually
from hostile_servers import Row, rows, serve
from local_feed import LocalFeed

from monitor.demo.server import LocalSite

HEALTHY = 12
HELD_UP = 10.0  # seconds from publication to the receiver's file, poll interval and all


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

    @contextmanager
    def publishing(self, pause: float) -> Iterator[None]:
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


def arrived(desk: Desk) -> list[tuple[str, float]]:
    """The headlines that the receiver has, each as often as it came, and when."""
    return [
        (story["headline"], path.stat().st_mtime)
        for path in sorted((desk.folder / "digests").glob("*.json"))
        for story in json.loads(path.read_text())["stories"]
    ]


def configure(desk: Desk, hostile: list[str], healthy: list[LocalFeed]) -> None:
    promised = "".join(f'[[feeds]]\nurl = "{feed.url}"\ninterval = "1s"\nbackfill = "24h"\n' for feed in healthy)
    desk.write(hostile, more=promised)


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


@pytest.mark.needs("linux")
def test_all_hostile_feeds_at_once_hold_up_no_healthy_one(desk: Desk) -> None:
    with ExitStack() as stack:
        table = rows()
        urls = [server.url() for server in serve(stack, [row.behaviour for row in table], 66)]
        sites = [stack.enter_context(LocalSite(address=f"127.67.{number}.1")) for number in range(1, HEALTHY + 1)]
        presses = Presses([LocalFeed(site, f"Press {number}") for number, site in enumerate(sites)])
        for _ in range(HEALTHY):
            presses.publish()
        configure(desk, urls, presses.feeds)
        begun = time.monotonic()
        with desk.running() as daemon:
            started = time.time()
            with presses.publishing(0.3):
                eventually(lambda: len(polled(desk, urls)) == len(urls), "a poll of each hostile feed")
            hostile = time.monotonic() - begun
            eventually(lambda: len(arrived(desk)) >= len(presses.published), "the last alert")
            memory = most_memory(daemon.pid)
            stored = polled(desk, urls)
        came = arrived(desk)
        waits = sorted(at - max(presses.published[title], started) for title, at in came)
        print(
            f"\n{len(urls)} hostile feeds polled within {hostile:.1f} s beside {HEALTHY} healthy ones; "
            f"{len(came)} alerts, the slowest {waits[-1]:.1f} s after publication, half within "
            f"{waits[len(waits) // 2]:.1f} s; {memory:.0f} MB"
        )
        said = [complaint(desk, row, url, *stored[url]) for row, url in zip(table, urls, strict=True)]
        assert [one for one in said if one] == []
        assert Counter(title for title, _ in came) == Counter(presses.published)
        assert waits[-1] < HELD_UP
        assert memory < 250
        assert "Traceback" not in desk.log()
        assert desk.events("stage failed", "stage broke") == []
