"""The world of the soak as a recording: the same news and the same faults at the same moments of its time, for
whoever reads it. What the faults are: bench/soaking/faults.py.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic

from documents import ROOT

sys.path.append(str(ROOT / "bench"))

from soaking.faults import Kind, Way
from soaking.server import Press, listeners, serving
from soaking.world import Entry, Feed, World

FEEDS_A_HOST = 2
_TWICE = 0.25  # share of the edits in which an entry comes again as it was, with a new id
_LISTED = 200  # entries of a feed: all, so that each is to be had when its feed is well again
_MATCHING = 0.5
_LOOK = 1.0  # seconds between two looks at what the reader has

Wording = tuple[int, str]
"""The number of a feed, and a title in it."""


class RecordedWorld(World):
    """Two of one seed bring the same entries in the same order.

    An edit is listed once its reader has the wording before: who comes late would never see that, and two readers
    would rightly know different things.
    """

    def __init__(self, feeds: int, hosts: list[str], port: int, seed: int, lasts: timedelta) -> None:
        self.edits: list[tuple[Feed, str, Entry]] = []  # with the title that goes before
        self.edited = self.again = 0
        self._wordings: dict[int, Entry] = {}  # by entry: the last one, listed or not
        self._twice: set[int] = set()
        self.all: list[tuple[Feed, Entry]] = []  # stock, news and edits
        super().__init__(feeds, hosts, port, seed, datetime.now(UTC), lasts, listed=_LISTED, matching=_MATCHING)

    def let_go(self, known: Set[Wording]) -> None:
        """Lists the edits whose reader has what goes before."""
        waiting, self.edits = self.edits, []
        for feed, before, entry in waiting:
            if (feed.index, before) in known:
                self.replace(feed, entry)
                self.edited += 1
            else:
                self.edits.append((feed, before, entry))

    def wordings(self) -> dict[Wording, list[Entry]]:
        """All that feeds list or listed: stock, news, and edits."""
        found: dict[Wording, list[Entry]] = {}
        for feed, entry in self.all:
            found.setdefault((feed.index, entry.title), []).append(entry)
        return found

    def _revise(self, feed: Feed) -> Entry:
        able = [entry for entry, _ in feed.listed if entry.id not in self._twice]
        old = self.dice.choice(able)
        old = self._wordings.get(old.id, old)
        if self.dice.random() < _TWICE and old.day == 1:
            return self._bring_again(feed, old)
        entry = self._edited(old)
        self._wordings[old.id] = entry
        self.all.append((feed, entry))
        self.edits.append((feed, old.title, entry))
        return entry

    def _bring_again(self, feed: Feed, entry: Entry) -> Entry:
        """The same words and link as a further entry, with another id."""
        self._twice.add(entry.id)
        self.again += 1
        item = self._item(feed, entry).replace(f"urn:soak:{entry.id}<", f"urn:soak:{entry.id}-again<")
        feed.listed.appendleft((entry, item))
        feed.version += 1
        return entry

    def _list(self, feed: Feed, entry: Entry) -> Entry:
        self.all.append((feed, entry))
        return super()._list(feed, entry)


class RecordedPress(Press):
    """The same feeds are ill of the same at the same moments: from the first news on, by the dice of each."""

    def __init__(self, world: RecordedWorld, seed: int, well: float, ill: float) -> None:
        super().__init__(world, seed, well, ill)
        self.world: RecordedWorld = world
        self.begun_at = 0.0
        # What passes. Who is gone for good, or refuses often enough to be asked daily, keeps news back for ever.
        self.kinds = tuple(one for one in self.kinds if one.way not in (Way.GONE, Way.STATUS))

    def first(self, now: float) -> float:
        """From the first news on."""
        return self.begun_at

    def kind_of(self, feed: Feed, now: float) -> Kind | None:
        """Nothing before that."""
        return super().kind_of(feed, now) if self.begun else None


Moment = tuple[float, Callable[[], None]]
"""What happens so many seconds after the first news."""


class Replay:
    """The recording as it is told to one reader: `entries` within `lasts`, then the edits that still wait."""

    def __init__(self, press: RecordedPress, loop: asyncio.AbstractEventLoop, entries: int) -> None:
        self.press, self.world, self.entries = press, press.world, entries
        self._loop = loop
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, known: Callable[[], Set[Wording]], moments: list[Moment]) -> None:
        """News and faults from now on; `known` says what the reader has."""
        self.world.begun = datetime.now(UTC)
        self.press.begun_at = self._loop.time()
        self.press.begun = True
        self._thread = threading.Thread(target=self._run, args=(known, sorted(moments, key=lambda one: one[0])))
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether all was published, and all feeds are well."""
        return self.press.over and not self.world.edits

    def end(self) -> None:
        """No more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(30)

    def _run(self, known: Callable[[], Set[Wording]], moments: list[Moment]) -> None:
        begun, lasts, looked = monotonic(), self.world.lasts.total_seconds(), 0.0
        while not self._ended.wait(0.05):
            at = monotonic() - begun
            while self.world.published < self.entries and at >= self.world.published * lasts / self.entries:
                self._publish()
            while moments and at >= moments[0][0]:
                moments.pop(0)[1]()
            if at >= looked + _LOOK:
                self._loop.call_soon_threadsafe(self.world.let_go, known())
                looked = monotonic() - begun
            if at >= lasts and self.world.published == self.entries:
                self.press.over = True

    def _publish(self) -> None:
        """By the clock of the recording, and by the loop that answers: the world has one thread."""
        at = self.world.begun + self.world.lasts * self.world.published / self.entries
        done = threading.Event()

        def publish() -> None:
            self.world.publish(at)
            done.set()

        self._loop.call_soon_threadsafe(publish)
        done.wait(30)


@contextmanager
def recorded(
    feeds: int, entries: int, seed: int, lasts: timedelta, interval: float, port: int = 0
) -> Iterator[Replay]:
    """The servers of a recording, at the same addresses whenever `port` is that of the last time."""
    hosts = [f"127.{60 + one // 200}.{1 + one % 200}.1" for one in range(feeds // FEEDS_A_HOST)]
    port, sockets = listeners(hosts, port)
    world = RecordedWorld(feeds, hosts, port, seed, lasts)
    press = RecordedPress(world, seed, well=5 * interval, ill=2 * interval)
    with serving(press, sockets) as loop:
        replay = Replay(press, loop, entries)
        try:
            yield replay
        finally:
            replay.end()
