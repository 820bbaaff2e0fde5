"""Processes on hosts of their own, of which some lose the way to the database, and nobody is told: others do
their work, what they say late is not believed, and they join again by themselves. Figures are printed; the limits
are what the jobs design asks for, and what a busy machine adds."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from apart import Apart, far_apart
from audited import Audit
from background import repeated
from desk import eventually
from warm import WarmProcess

pytestmark = [
    pytest.mark.needs("postgresql", "a SQLite store", "network namespaces (root on Linux with iproute2)"),
    pytest.mark.soak,
    pytest.mark.timeout(1200),
]
ENGINE = '\n[jobs]\nengine = "procrastinate"\n'
ROLES = {"dispatcher": "dispatch", "spare": "dispatch", "one": "work", "two": "work", "three": "work"}
WORKERS = ("one", "two", "three")
FEEDS = 60
RESCUED = 30.0  # seconds: of a worker that is gone the jobs are polled by others (20 s), each poll takes some
TAKEN_OVER = 50.0  # seconds: what it alone did is done by others: 30 s of silence, and a turn of each stage
BACK = 60.0  # seconds after the network is mended
wait = threading.Event().wait


class Trial:
    """All of them at work, and what they write watched. The first of each role to begin has the duties."""

    def __init__(self, apart: Apart) -> None:
        self.apart = apart
        self.running: dict[str, WarmProcess] = {}
        self._dice = random.Random(20261128)
        for name in ROLES:
            self.start(name)
        eventually(lambda: sum(apart.shares(desk) for desk in apart.desks) == 64, "all shares")
        self.audit = Audit(apart.desk("one"))

    def start(self, name: str) -> None:
        """Starts one, and waits until it is at work."""
        desk = self.apart.desk(name)
        before = len(desk.events("shares of the work"))
        self.running[name] = desk.start("-v", "--role", ROLES[name])
        eventually(lambda: len(desk.events("shares of the work")) > before, f"{name} at work: {desk.folder}")

    @contextmanager
    def news(self) -> Iterator[None]:
        """News all the time; afterwards all of it was told to everybody once, and nothing is left."""
        apart = self.apart
        with repeated(lambda: apart.publish(self._dice.choice(apart.feeds)), 0.4):
            wait(5)
            yield
            wait(5)
        said = [str(desk.folder / "daemon.log") for desk in apart.desks]
        eventually(apart.all_told, f"the last alert: {said}", 300)
        apart.check_once()
        desk, number = apart.desks[0], len(apart.titles)
        assert desk.number("SELECT count(*) FROM articles") == number, "an entry read twice, or not"
        assert desk.number("SELECT count(*) FROM matches") == number
        unsent = "SELECT count(*) FROM deliveries WHERE state <> 'sent'"
        eventually(lambda: desk.number(unsent) == 0, "all noted as sent", 300)
        self.audit.check_tokens()
        assert self.repeats_after_the_fact() == 0, "what was noted as sent was sent again"
        assert all(one.poll() is None for one in self.running.values()), "one ended"
        assert not [one for desk in apart.desks for one in desk.events("stage broke")]

    @contextmanager
    def cut(self, *names: str) -> Iterator[float]:
        """Cuts these off from the database; gives when that was. They still reach feeds and receivers.

        The workers among them have polls under way, which they end without it.
        """
        tokens = [self.token(name) for name in names if name in WORKERS]
        eventually(lambda: all(self.audit.in_hand(token) >= 2 for token in tokens), "polls under way")
        at = time.time()
        self.apart.cut(*names)
        try:
            yield at
        finally:
            self.apart.mend(*names)

    def token(self, name: str) -> str:
        """What its connections are called."""
        return self.audit.token(self.running[name].pid)

    def back(self, name: str, token: str, since: float) -> float:
        """Waits until a worker polls and has a part of the rest; the seconds since then that it took."""
        where, desk = f"{name}: {self.apart.desk(name).folder}", self.apart.desk(name)
        eventually(lambda: self.audit.first("recorded", token, since), f"polls of {where}", BACK)
        eventually(lambda: self.apart.shares(desk) > 0, f"a part for {where}", BACK)
        return time.time() - since

    def cut_off(self, name: str) -> int:
        """How often another one ended all its connections."""
        who = f"pid {self.running[name].pid} "
        events = [one for desk in self.apart.desks for one in desk.events("a daemon that was silent is cut off")]
        return sum(str(one["daemon"]).startswith(who) for one in events)

    def repeats_after_the_fact(self) -> int:
        """Messages that came once more a second or later after they were noted as sent."""
        sent = self.audit.sent_at()
        came = list(zip(self.apart.came.at, self.apart.came, strict=False))
        return sum(at > sent.get(headers["webhook-id"], at) + 1 for at, (_, headers, _) in came)

    def refused(self, token: str, since: float) -> int:
        """Polls of this one that others had made meanwhile, and that it brought since then."""
        return sum(one.polls for one in self.audit.refused() if one.who == token and one.at >= since)

    def failed_polls(self, name: str) -> list[str]:
        """Why its polls could not be stored, each time that they could not: the server had undone that."""
        return [one["why"] for one in self.apart.desk(name).events("stage failed") if one["stage"] == "poll"]

    def with_duty(self, duty: str) -> str:
        """Who has it."""
        return next(
            name for name in ROLES if duty in self.apart.desk(name).events("shares of the work")[-1]["duties"]
        )


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    folder = tmp_path_factory.mktemp("apart")
    with far_apart(folder, FEEDS, tuple(ROLES), feed_lines='interval = "2s"', more=ENGINE) as apart:
        yield Trial(apart)


def test_of_a_worker_that_is_cut_off_for_a_moment_others_make_the_polls_and_what_it_says_late_is_not_believed(
    trial: Trial,
) -> None:
    """Its connections live: what it wrote when the network went arrives once that is mended, as it was written."""
    token, failed = trial.token("three"), len(trial.failed_polls("three"))
    with trial.news():
        with trial.cut("three") as at:
            wait(22)
        mended = time.time()
        gap = trial.audit.longest_gap(at, mended)
        assert trial.cut_off("three") == 0, "it was silent for less than its patience"
        back = trial.back("three", token, mended)
    refused, undone = trial.refused(token, mended), len(trial.failed_polls("three")) - failed
    told = trial.apart.told_after(at - 2, mended)
    print(
        f"\na worker cut for {mended - at:.0f} s: no feed unpolled for longer than {gap:.1f} s, told within "
        f"{told:.1f} s, polls again {back:.1f} s after it, {refused} late polls refused, {undone} writes undone"
    )
    assert gap < RESCUED
    assert refused + undone, "nothing came late: this showed nothing"


def test_a_worker_that_is_cut_off_for_a_minute_is_replaced_in_all_it_does_and_joins_again(trial: Trial) -> None:
    name = trial.with_duty("group")
    token = trial.token(name)
    with trial.news():
        with trial.cut(name) as at:
            wait(60)
            assert trial.cut_off(name) == 1
        mended = time.time()
        gap = trial.audit.longest_gap(at, mended)
        back = trial.back(name, token, mended)
    told = trial.apart.told_after(at - 2, mended)
    print(
        f"\nthe worker that groups and plans cut for {mended - at:.0f} s: "
        f"no feed unpolled for longer than {gap:.1f} s, told within {told:.1f} s, back {back:.1f} s after it, "
        f"{trial.refused(token, mended)} late polls refused, "
        f"{trial.apart.repeats()} messages repeated on the wire so far"
    )
    assert gap < RESCUED
    assert told < TAKEN_OVER


def test_for_a_dispatcher_that_is_cut_off_another_one_gives_out_and_goes_on_with_it_when_it_is_back(
    trial: Trial,
) -> None:
    name = trial.with_duty("dispatch")
    other = "spare" if name == "dispatcher" else "dispatcher"
    token, others = trial.token(name), trial.token(other)
    with trial.news():
        with trial.cut(name) as at:
            wait(60)
            taken = trial.audit.first("given", others, at)
            assert taken
        mended = time.time()
        eventually(lambda: trial.token(name), f"{name} there again", BACK)
        back = time.time() - mended
        gap = trial.audit.longest_gap(at, mended)
        wait(15)
        late = trial.audit.given(token, at + 5)
        assert late <= 1, (
            "two gave out; it may have been in the middle of that when it was cut off, which harms nobody"
        )
    told = trial.apart.told_after(at - 2, mended)
    print(
        f"\nthe dispatcher cut for {mended - at:.0f} s: another one gives out after {taken - at:.1f} s, no feed "
        f"unpolled for longer than {gap:.1f} s, told within {told:.1f} s, there again {back:.1f} s after it, "
        f"when it gave out {late} more times"
    )
    assert gap < TAKEN_OVER


def test_when_nobody_reaches_the_database_for_a_minute_nothing_is_lost(trial: Trial) -> None:
    tokens = {name: trial.token(name) for name in WORKERS}
    with trial.news():
        with trial.cut(*ROLES) as at:
            wait(60)
        mended = time.time()
        back = max(trial.back(name, token, mended) for name, token in tokens.items())
    told = trial.apart.told_after(mended, time.time())
    print(
        f"\nall cut for {mended - at:.0f} s: all workers back {back:.1f} s after it, "
        f"news of then told within {told:.1f} s"
    )


def test_one_that_is_cut_off_stops_when_it_is_told_to(trial: Trial) -> None:
    with trial.news():
        with trial.cut("two") as at:
            wait(3)
            trial.running["two"].send_signal(signal.SIGTERM)
            begun = time.monotonic()
            trial.running["two"].wait(20)
            took = time.monotonic() - begun
            print(f"\ncut off, it ends {took:.1f} s after SIGTERM")
            assert took < 10
            wait(10)
        trial.start("two")
        gap = trial.audit.longest_gap(at, time.time())
    print(f"\nno feed unpolled for longer than {gap:.1f} s")
