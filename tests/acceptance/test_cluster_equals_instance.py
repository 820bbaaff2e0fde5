"""One recorded world, faults and all, through one process and through several: under kills the same is told."""

from __future__ import annotations

import json
import random
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from desk import Desk, eventually
from desk_store import PostgresqlStore
from http_sink import Sink, http_sink
from pair import HOOKS, RECEIVERS, desk_on, repeats
from postgres_server import postgres_server
from reckoning import Reckoning, expected, known, left, planned_twice, reckon
from recorded import RecordedWorld, Replay, Wording, recorded
from soaking.rules import rule_file
from warm import WarmProcess

pytestmark = pytest.mark.needs("postgresql", "a SQLite store")

SEED = 20261128
FEEDS, ENTRIES, KILLS = 100, 2_000, 50
LASTS = timedelta(seconds=240)
INTERVAL = 2  # seconds between two polls of a feed
PATIENCE = 900.0  # seconds until all has come to its end: a limit, not a wait
QUEUE = '[jobs]\nengine = "procrastinate"\n'
# No follow-ups: they wait for a quarter of an hour, and whether a report comes before its story was told or after
# is a matter of moments. That an event is told, and to whom, is not.
DIGESTS = """
updates = "none"
[[digests]]
name = "minutes"
rules = ["*"]
to = ["desk"]
schedule = "* * * * *"
timezone = "UTC"
send_when_empty = false
max_stories = 500
updates = "none"
"""
TO = {(name, "alerts") for name in RECEIVERS} | {("desk", "minutes")}


def write(desk: Desk, replay: Replay, jobs: str) -> None:
    """The config of all its readers; `jobs` says who runs the stages."""
    lines = []
    for feed in replay.world.feeds:
        page = "full_text = true\n" if feed.full_text else ""
        back = 'backfill = "7d"\n' if feed.looks_back else ""
        lines.append(f'[[feeds]]\nurl = "{replay.world.url(feed)}"\ninterval = "{INTERVAL}s"\n{page}{back}')
    more = f"{DIGESTS}{jobs}{''.join(lines)}"
    desk.write([], receivers=HOOKS, to=json.dumps(RECEIVERS), more=more, poll='max_interval = "4s"')
    desk.rules(rule_file())


def troubles_of(hook: Sink) -> list[tuple[float, Callable[[], None]]]:
    """When the receivers' server is ill: it takes what it gets and hangs up, or says that it is busy."""

    def says(answer: tuple[int, dict[str, str], bytes] | None) -> Callable[[], None]:
        return lambda: setattr(hook, "answer", answer)

    well, lasts = (200, {}, b"ok"), LASTS.total_seconds()
    ill = [(0.2, None), (0.5, (503, {}, b"busy")), (0.8, None)]
    return [(at * lasts + later, says(one)) for at, bad in ill for later, one in ((0.0, bad), (2.0, well))]


def known_to(desk: Desk) -> Callable[[], Set[Wording]]:
    def look() -> Set[Wording]:
        try:
            return known(desk)
        except psycopg.OperationalError:  # the server is away
            return set()

    return look


@contextmanager
def a_run(
    folder: Path, names: tuple[str, ...], jobs: str, port: int = 0
) -> Iterator[tuple[Replay, Sink, list[Desk]]]:
    """The recording, receivers, and desks that nobody works at yet."""
    store = PostgresqlStore() if jobs else None
    with recorded(FEEDS, ENTRIES, SEED, LASTS, INTERVAL, port) as replay, http_sink() as hook:
        desks = [desk_on(store, folder / name, hook) for name in names]
        for desk in desks:
            write(desk, replay, jobs)
        try:
            yield replay, hook, desks
        finally:
            for desk in desks:
                desk.clear()


def begin(replay: Replay, desk: Desk, hook: Sink) -> None:
    """News, once all feeds have been read: what was there before is old stock to whoever reads them."""
    read = "SELECT count(*) FROM feeds WHERE first_success_at IS NOT NULL"
    eventually(lambda: desk.number(read) == FEEDS, "the first poll of all feeds", 120)
    replay.begin(known_to(desk), troubles_of(hook))


def settle(replay: Replay, desk: Desk) -> None:
    """Waits until nothing is left to do."""
    world, wait = replay.world, threading.Event().wait
    deadline, remains = time.monotonic() + PATIENCE, {"everything": 1}
    while remains:
        assert time.monotonic() < deadline, f"left: {remains}, edits: {len(world.edits)}"
        wait(1.0)
        remains = {"news": 1} if not replay.over else left(desk, world)


class Cluster:
    """A dispatcher and workers, and what is done to them."""

    def __init__(self, desks: list[Desk]) -> None:
        self.desks = {desk.folder.name: desk for desk in desks}
        self.running: dict[str, WarmProcess] = {}
        for name in self.desks:
            self.start(name)

    def start(self, name: str) -> None:
        role = "dispatch" if name == "dispatcher" else "work"
        self.running[name] = self.desks[name].start("-v", "--role", role)

    def torment(self, dice: random.Random) -> None:
        """Kills at random moments; in the midst of it one sleeps, and the server goes and comes back."""
        wait = threading.Event().wait
        for number in range(KILLS):
            wait(dice.uniform(0.2, 4.0))
            name = dice.choice(sorted(self.running))
            self.running[name].kill()
            assert self.running[name].wait() == -signal.SIGKILL, self.desks[name].log()[-3000:]
            wait(dice.choice([0.0, 0.5, 4.0]))
            self.start(name)
            if number == KILLS // 3:
                wait(10)
                self.running["two"].send_signal(signal.SIGSTOP)
                wait(45)
                self.running["two"].send_signal(signal.SIGCONT)
            if number == 2 * KILLS // 3:
                wait(10)  # who starts without a server ends at once
                server = postgres_server()
                server.stop()
                wait(20)
                server.start()
                wait(15)
                ended = [name for name, one in self.running.items() if one.poll() is not None]
                assert not ended, f"ended with the server: {ended}"


def through_one(folder: Path) -> tuple[Reckoning, int]:
    """What one process makes of it, and the port of the world."""
    with a_run(folder, ("instance",), "") as (replay, hook, (desk,)):
        begun, daemon = time.monotonic(), desk.start("-v")
        begin(replay, desk, hook)
        settle(replay, desk)
        assert daemon.poll() is None, desk.log()[-3000:]
        daemon.terminate()
        assert daemon.wait(timeout=15) == 0, desk.log()[-3000:]
        found = checked(replay, desk, hook)
        say("one process", found, replay, hook, time.monotonic() - begun)
        return found, replay.world.port


def through_several(folder: Path, port: int) -> Reckoning:
    """What a dispatcher and three workers make of it."""
    with a_run(folder, ("dispatcher", "one", "two", "three"), QUEUE, port) as (replay, hook, desks):
        begun, cluster = time.monotonic(), Cluster(desks)
        begin(replay, desks[1], hook)
        cluster.torment(random.Random(SEED))
        settle(replay, desks[1])
        undone = "SELECT count(*) FROM procrastinate_jobs WHERE status NOT IN ('todo', 'doing')"
        assert desks[1].number(undone) == 0, "jobs that are done stay"
        found = checked(replay, desks[1], hook)
        say(f"{KILLS} kills, a stop of 45 s, 20 s without a server", found, replay, hook, time.monotonic() - begun)
        polled = {d.folder.name: len(d.events("new entries", "nothing new", "first poll")) for d in desks}
        print(f"polls by process: {polled}")
        return found


def checked(replay: Replay, desk: Desk, hook: Sink) -> Reckoning:
    """What holds of each run by itself."""
    assert not planned_twice(desk), planned_twice(desk)
    wire = {headers["webhook-id"] for _, headers, _ in hook.requests}
    assert wire == {key for (key,) in desk.ask("SELECT key FROM deliveries")}
    found = reckon(desk, hook, replay.world)
    wanted = {(*to, event) for to in TO for event in expected(replay.world)}
    assert found.told.keys() == wanted, differences(wanted, found.told.keys())
    return found


def differences(one: Set[object], other: Set[object]) -> str:
    def some(left: Set[object]) -> str:
        return f"{len(left)}: {sorted(map(str, left))[:5]}"

    return f"only in the first {some(one - other)}, only in the second {some(other - one)}"


def say(what: str, found: Reckoning, replay: Replay, hook: Sink, seconds: float) -> None:
    world, wordings = replay.world, len(replay.world.wordings())
    again = Counter(len(keys) for keys in found.told.values())
    print(
        f"\n{what}, {seconds:.0f} s: {world.published} steps of news ({world.edited} edits, {world.again} entries "
        f"again with new ids), {wordings} wordings in the store, {len(found.found)} of them found by a rule; "
        f"{len(expected(world))} events, {len(found.told)} tellings in {found.messages} messages, {repeats(hook)} "
        f"repeated on the wire with key and bytes; tellings by how many messages told them: {dict(again)}; "
        f"matches: {dict(found.routed)}; {found.foreign} entries of hostile bodies\n"
        f"answers: {dict(replay.press.answered.most_common())}"
    )


def test_two_recordings_of_one_seed_are_the_same_whatever_their_readers_have() -> None:
    hosts = [f"127.60.{one}.1" for one in range(10)]
    quick, slow = (RecordedWorld(20, hosts, 80, SEED, LASTS) for _ in range(2))
    for number in range(300):
        for world in (quick, slow):
            world.publish(world.begun + LASTS * number / 300)
        quick.let_go(quick.wordings().keys())
    slow.let_go(set())
    while slow.edits:
        assert quick.edited > slow.edited
        slow.let_go(slow.wordings().keys())
    assert quick.edited == slow.edited > 10

    def listed(world: RecordedWorld) -> list[list[str]]:
        return [[item for _, item in feed.listed] for feed in world.feeds]

    assert quick.wordings().keys() == slow.wordings().keys()
    assert dates_apart(listed(quick)) == dates_apart(listed(slow))


def dates_apart(items: list[list[str]]) -> list[list[str]]:
    """Two recordings begin at two moments."""
    dates = re.compile(r"<(pubDate|published|updated)>.*?</\1>")
    return [[dates.sub("", one) for one in feed] for feed in items]


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_several_processes_under_kills_tell_what_one_process_tells(tmp_path: Path) -> None:
    one, port = through_one(tmp_path / "alone")
    several = through_several(tmp_path / "together", port)
    assert one.told.keys() == several.told.keys(), differences(one.told.keys(), several.told.keys())
    assert one.fates == several.fates, differences(one.fates, several.fates)
    assert one.found == several.found, differences(one.found, several.found)
    assert one.why == several.why
    stories = len(one.stories & several.stories)
    print(f"stories: {len(one.stories)} and {len(several.stories)}, {stories} of them of the same wordings")
