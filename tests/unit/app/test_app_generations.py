"""One generation after the other: what is in flight ends, what nobody needs is closed, nobody is asked twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from desk import eventually
from newsroom import DAY, FEED, OTHER_FEED, Newsroom, failing, feed_settings, item, rss

from monitor.app.generations import DRAIN_WITHIN, MOST_DRAINING, OTHERS_END_WITHIN, AtWork, Generations
from monitor.app.service import Service
from monitor.app.wiring import Monitor
from monitor.model.access import FeedAccess
from monitor.model.delivery import ChannelKind, Receipt, Receiver, StdoutEndpoint
from monitor.model.digest import Message
from monitor.model.feed import PollOutcome
from monitor.model.fetch import FetchRequest, FetchResponse
from monitor.model.websub import HubAnswer, HubRequest
from monitor.pipeline.deliver import DeliverStage
from monitor.pipeline.gaps import GapStage
from monitor.pipeline.group import GroupStage
from monitor.pipeline.index import IndexStage
from monitor.pipeline.match import MatchStage
from monitor.pipeline.poll import LEASE, PollStage
from monitor.pipeline.read import ReadStage
from monitor.pipeline.weigh import WeighStage
from monitor.testing import FakeFetcher, InlineSandbox


class Sandbox(InlineSandbox):
    closed = False

    def close(self) -> None:
        self.closed = True


def monitor_of(room: Newsroom) -> Monitor:
    sandbox = Sandbox()
    deliver = DeliverStage(room.store.outbox, room.store.receivers, room.channels, room.clock, lambda: 0.5)
    return Monitor(
        store=room.store,
        fetcher=room.fetcher,
        sandboxes=(sandbox,),
        clock=room.clock,
        poll=PollStage(room.store.feeds, room.fetcher, sandbox, room.clock, lambda: 0.5, room.settings),
        gaps=GapStage(
            room.store.gaps, room.store.feeds, room.fetcher, sandbox, room.clock, lambda: 0.5, room.settings
        ),
        read=ReadStage(room.store.articles, room.store.reading, room.fetcher, sandbox, room.clock),
        group=GroupStage(room.store.grouping, room.clock),
        match=MatchStage(room.store.articles, room.ruleset, room.digests, room.clock),
        digest=room.planner(),
        deliver=deliver,
        prune=room.pruner(),
        weigh=WeighStage(room.store.grouping, room.clock),
        index=IndexStage(room.store.archive, room.clock),
        health=room.keeper(),
        pushes=room.pusher(),
        websub=room.hub_asker(),
    )


def with_fetcher(monitor: Monitor, *names: Sandbox) -> Monitor:
    """The next generation with a fetcher of its own, as after a change of [poll]; `names` are new children."""
    fetcher = FakeFetcher()
    return replace(
        monitor,
        fetcher=fetcher,
        sandboxes=(monitor.sandboxes[0], *names),
        poll=replace(monitor.poll, fetcher=fetcher),
        gaps=replace(monitor.gaps, fetcher=fetcher),
        read=replace(monitor.read, fetcher=fetcher),
        websub=replace(monitor.websub, hubs=FakeHubs()),
    )


class FakeHubs:
    """Is asked nothing."""

    closed = False

    def ask(self, requests: Sequence[HubRequest]) -> Sequence[HubAnswer]:
        return []

    def close(self) -> None:
        self.closed = True


def hubs_closed(monitor: Monitor) -> bool:
    hubs: Any = monitor.websub.hubs
    return bool(hubs.closed)


@pytest.fixture
def room() -> Newsroom:
    return Newsroom()


def closed(monitor: Monitor) -> bool:
    fetcher: Any = monitor.fetcher
    return bool(fetcher.closed)


# ---- what the old generation asked in the way that was


def test_a_feed_that_was_asked_with_the_old_login_until_the_swap_is_asked_with_the_new_one(room: Newsroom) -> None:
    room.fetcher.answers[FEED] = failing(PollOutcome.AUTH_ERROR, 401)
    for _ in range(3):
        room.repoll(DAY)
    room.clock.advance(2 * DAY)
    first = monitor_of(room)
    with_login = replace(first.poll, access={FEED: FeedAccess(authorization="Basic x")})
    generations = Generations(first, AtWork())

    def reload_meanwhile(request: FetchRequest) -> FetchResponse:
        room.clock.advance(timedelta(seconds=1))
        generations.swap(replace(first, poll=with_login))
        return FetchResponse(request, PollOutcome.AUTH_ERROR, status=401, url=request.url)

    room.fetcher.answers[FEED] = reload_meanwhile
    list(first.poll.run(lambda: generations.current is not first))
    room.fetcher.answers[FEED] = rss(item("e1"))
    assert [report.decision.outcome for report in generations.current.poll.run(lambda: False)] == [PollOutcome.OK]


# ---- what is closed, and when


def test_a_swap_that_keeps_the_fetcher_closes_nothing(room: Newsroom) -> None:
    first = monitor_of(room)
    generations = Generations(first, AtWork())
    second = replace(first, match=replace(first.match, digests=()))
    generations.swap(second)
    generations.tend()
    assert (generations.current, generations.number) == (second, 2)
    assert not closed(second)


def test_an_old_fetcher_is_closed_when_its_last_answer_has_come(room: Newsroom) -> None:
    first, at_work = monitor_of(room), AtWork()
    generations = Generations(first, at_work)
    second = with_fetcher(first)
    with at_work.run(first.poll), at_work.run(second.poll):
        generations.swap(second)
        generations.tend()
        assert not closed(first)
    with at_work.run(second.poll):
        generations.tend()
        assert (closed(first), closed(second)) == (True, False)


def test_hubs_that_an_old_generation_is_asking_are_given_up_at_a_stop_and_when_its_time_is_over(
    room: Newsroom,
) -> None:
    line, at_work, now = [with_fetcher(monitor_of(room))], AtWork(), [0.0]
    generations = Generations(line[0], at_work, steady=lambda: now[0])
    for _ in range(2):
        line.append(with_fetcher(line[-1]))
        generations.swap(line[-1])
    with at_work.run(line[0].websub):
        generations.tend()
        assert [hubs_closed(one) for one in line] == [False, True, False]
        now[0] = DRAIN_WITHIN + 1
        generations.tend()
        assert hubs_closed(line[0])
    line.append(with_fetcher(line[-1]))
    generations.swap(line[-1])
    with at_work.run(line[2].websub):
        generations.tend()
        generations.close_fetchers()
        assert all(hubs_closed(one) for one in line)


def test_an_old_fetcher_is_closed_after_the_time_of_a_lease_though_it_waits(room: Newsroom) -> None:
    first, at_work, now = monitor_of(room), AtWork(), [0.0]
    generations = Generations(first, at_work, steady=lambda: now[0])
    generations.swap(with_fetcher(first))
    with at_work.run(first.read):
        now[0] = DRAIN_WITHIN
        generations.tend()
        assert not closed(first)
        now[0] += 1
        generations.tend()
        assert closed(first)


def test_of_many_generations_that_wait_the_oldest_is_given_up(room: Newsroom) -> None:
    line, at_work = [monitor_of(room)], AtWork()
    generations = Generations(line[0], at_work)
    for _ in range(MOST_DRAINING + 1):
        line.append(with_fetcher(line[-1]))
        generations.swap(line[-1])
    with (
        at_work.run(line[0].poll),
        at_work.run(line[1].poll),
        at_work.run(line[2].read),
        at_work.run(line[3].read),
    ):
        generations.tend()
    assert [closed(one) for one in line] == [True, False, False, False, False]


def test_children_are_closed_with_the_last_generation_that_has_them(room: Newsroom) -> None:
    names, others, at_work = Sandbox(), Sandbox(), AtWork()
    first = replace(monitor_of(room), sandboxes=(Sandbox(), names))
    second = with_fetcher(first, names)
    third = with_fetcher(second, others)
    generations = Generations(first, at_work)
    generations.swap(second)
    generations.tend()
    assert not names.closed
    with at_work.run(second.read):
        generations.swap(third)
        generations.tend()
        assert not names.closed
    generations.tend()
    assert (names.closed, others.closed) == (True, False)
    assert not any(one.closed for one in (first.sandboxes[0],) if isinstance(one, Sandbox))


def test_at_the_end_everything_of_every_generation_is_closed(room: Newsroom) -> None:
    names, at_work = Sandbox(), AtWork()
    first = replace(monitor_of(room), sandboxes=(Sandbox(), names), store=_Unclosed(room.store))  # type: ignore[arg-type]
    second = with_fetcher(first)
    generations = Generations(first, at_work)
    with at_work.run(first.poll):
        generations.swap(second)
        generations.tend()
        generations.close_fetchers()
        assert (closed(first), closed(second)) == (True, True)
        generations.close()
    assert all(one.closed for one in first.sandboxes if isinstance(one, Sandbox))


class _Unclosed:
    """The tests' one store, which must stay open for the next test."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def close(self) -> None:
        return


# ---- who is at work


def test_equal_stages_of_two_generations_are_told_apart(room: Newsroom) -> None:
    at_work = AtWork()
    group = GroupStage(room.store.grouping, room.clock)
    twin = replace(group)
    assert group == twin
    with at_work.run(group, alone=True) as first, at_work.run(twin, alone=True) as second:
        assert (first, second) == (True, True)
        with at_work.run(group, alone=True) as again:
            assert not again
        assert at_work.any_of(group)
    assert not at_work.any_of(group, twin)
    assert at_work.wait_until_idle(0)


def test_the_end_of_one_stage_is_waited_for_beside_another(room: Newsroom) -> None:
    at_work, begun, end = AtWork(), threading.Event(), threading.Event()

    def work() -> None:
        with at_work.run("old"):
            begun.set()
            end.wait(10)

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(10)
    with at_work.run("new"):
        assert not at_work.wait_for_end("old", 0)
        end.set()
        assert at_work.wait_for_end("old", 10)
        assert not at_work.wait_until_idle(0)
    thread.join()


# ---- stages of two generations beside each other


class HeldFetcher(FakeFetcher):
    """Draws all it can get, as the real one does, and answers when it is let go; closed, it answers nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn, self.let_go = threading.Event(), threading.Event()

    def fetch_many(self, requests: Iterator[FetchRequest | None]) -> Iterator[FetchResponse]:
        drawn = list(iter(lambda: next(requests, None), None))
        self.requests += drawn
        self.drawn.set()
        assert self.let_go.wait(30)
        for request in drawn:
            if not self.closed:
                yield self._answer(request)

    def close(self) -> None:
        super().close()
        self.let_go.set()


class Running:
    """A run in a thread of its own that waits for its answers."""

    def __init__(self, stage: PollStage | ReadStage) -> None:
        self.reports: list[Any] = []
        self.newer = threading.Event()
        self._thread = threading.Thread(target=lambda: self.reports.extend(stage.run(self.newer.is_set)))
        self._thread.start()

    def ended(self) -> list[Any]:
        self._thread.join(30)
        assert not self._thread.is_alive()
        return self.reports


def test_a_feed_in_flight_is_not_asked_by_the_next_generation_even_when_its_lease_ends() -> None:
    held = HeldFetcher()
    room = Newsroom(feeds=[feed_settings(FEED), feed_settings(OTHER_FEED, name="Wire")], fetcher=held)
    room.serve(item())
    room.serve(item("w1"), url=OTHER_FEED)
    old = monitor_of(room).poll
    run = Running(old)
    assert held.drawn.wait(30)
    run.newer.set()
    other = FakeFetcher(held.answers)
    new = replace(old, fetcher=other)
    room.clock.advance(LEASE + timedelta(seconds=1))
    assert not list(new.run(lambda: False))
    held.let_go.set()
    assert len(run.ended()) == 2
    assert (len(held.requests), other.requests) == (2, [])
    room.store.feeds.make_all_due(room.clock.now())
    assert len(list(new.run(lambda: False))) == 2


def test_what_an_old_generation_gives_up_the_next_one_asks() -> None:
    held = HeldFetcher()
    room = Newsroom(fetcher=held)
    room.serve(item())
    old = monitor_of(room).poll
    run = Running(old)
    assert held.drawn.wait(30)
    held.close()
    assert not run.ended()
    new = replace(old, fetcher=FakeFetcher(held.answers))
    assert len(list(new.run(lambda: False))) == 1  # its lease was given back


def test_a_page_in_flight_is_not_asked_by_the_next_generation() -> None:
    room = Newsroom(feeds=[feed_settings(FEED, backfill=timedelta(days=1), full_text=True)])
    room.serve(item("e1"), item("e2"))
    room.poll()
    held, other = HeldFetcher(), FakeFetcher()
    old = replace(monitor_of(room).read, fetcher=held)
    run = Running(old)
    assert held.drawn.wait(30)
    new = replace(old, fetcher=other)
    assert not list(new.run(lambda: False))
    assert (len(held.requests), other.requests) == (2, [])
    held.close()  # given up
    assert not run.ended()
    assert len(list(new.run(lambda: False))) == 2


class HangingChannel:
    """Takes a message when it is let go; counts who is inside."""

    def __init__(self) -> None:
        self.let_go, self.inside, self.most, self.sent = threading.Event(), 0, 0, 0
        self._lock = threading.Lock()

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        assert self.let_go.wait(30)
        with self._lock:
            self.inside -= 1
            self.sent += 1
        return Receipt("taken")


def test_two_generations_give_one_receiver_one_sender() -> None:
    channel = HangingChannel()
    channels: dict[Any, Any] = {("desk", ChannelKind.STDOUT): channel}
    room = Newsroom(receivers=[Receiver("desk", (StdoutEndpoint(),))], channels=channels)
    room.bring_in(item("e1"), item("e2", "Floods in Sindh", "The flood came."))
    room.plan()
    assert len(room.store.ledger.deliveries()) == 2
    old = monitor_of(room).deliver
    new = replace(old, channels=dict(old.channels))
    thread = threading.Thread(target=lambda: list(old.run(lambda: False)))
    thread.start()
    eventually(lambda: channel.inside, "the first sender")
    assert not list(new.run(lambda: False))  # the second message waits for the first sender
    channel.let_go.set()
    thread.join()
    assert (channel.sent, channel.most) == (2, 1)


# ---- the service between two generations


def test_a_run_ends_after_its_item_when_its_stage_is_no_longer_in_force(room: Newsroom) -> None:
    room.serve(item("e1"), item("e2", "Floods in Sindh", "The flood came."))
    room.fetcher.answers[FEED] = rss(item("e1"), item("e2", "Floods in Sindh", "The flood came."))
    room.poll()
    room.read()
    room.group()
    first = monitor_of(room)
    service = Service(first)
    second = replace(first, match=replace(first.match, ruleset=room.ruleset))
    ended = service._ended("match", first)
    run = first.match.run(ended)
    next(run)
    service.generations.swap(second)
    assert not list(run)
    assert len(list(second.match.run(service._ended("match", second)))) == 1
    assert not service._ended("poll", first)()  # the same stage is in both: it goes on


def test_a_run_ends_after_its_item_when_another_daemon_does_it_now(room: Newsroom) -> None:
    first = monitor_of(room)
    shares = Handed()
    service = Service(replace(first, store=Shared(room.store, shares)))  # type: ignore[arg-type]
    ended = [service._ended(name, service.generations.current) for name in ("match", "prune", "poll")]
    assert [one() for one in ended] == [False, False, False]
    shares.given_away = True
    assert [one() for one in ended] == [True, True, False]


def test_what_another_daemon_keeps_under_old_names_is_carried_over_for_some_time(room: Newsroom) -> None:
    first = monitor_of(room)
    first = replace(first, store=Shared(room.store, Handed()))  # type: ignore[arg-type]
    now, carried = [0.0], list[float]()
    generations = Generations(first, AtWork(), steady=lambda: now[0])
    generations.tend()
    generations.swap(replace(first, carry_over=lambda: carried.append(now[0])))
    for now[0] in (0.0, 1.0, 70.0, OTHERS_END_WITHIN + 1.0):
        generations.tend()
    assert carried == [0.0, 1.0, 70.0]


class Handed:
    divided = True
    given_away = False

    def has(self, duty: str) -> bool:
        return not self.given_away


class Shared:
    """A store with shares that the test gives away."""

    def __init__(self, store: object, shares: Handed) -> None:
        self._store, self.shares = store, shares

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


def test_a_stage_that_fetches_runs_once_in_a_generation_and_beside_an_older_one(room: Newsroom) -> None:
    first = monitor_of(room)
    service = Service(first)
    runs: list[Monitor] = []

    def nested(monitor: Monitor) -> None:
        runs.append(monitor)
        if len(runs) < 5:
            service._guarded("poll", nested)()
            if len(runs) == 1:
                service.generations.swap(with_fetcher(first))
                service._guarded("poll", nested)()

    service._guarded("poll", nested)()
    assert [one is first for one in runs] == [True, False]
