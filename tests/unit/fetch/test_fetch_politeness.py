from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from itertools import pairwise
from typing import Any

from monitor.adapters.fetch.politeness import HostTurns


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 5))


def test_turns_of_one_host_follow_each_other_and_other_hosts_do_not_wait() -> None:
    async def work() -> None:
        turns = HostTurns(per_host=1, delay=0.0)
        async with turns.turn("a"):
            second = asyncio.create_task(turns._take("a", False))
            async with turns.turn("b"):
                assert not second.done()
        await second

    run(work())


def test_a_fetch_that_has_begun_goes_before_those_that_have_not() -> None:
    async def work() -> None:
        turns = HostTurns(per_host=1, delay=0.0)
        order: list[str] = []

        async def take(name: str, ahead: bool) -> None:
            async with turns.turn("a", ahead=ahead):
                order.append(name)

        async with turns.turn("a"):
            tasks = [asyncio.create_task(take("new", False)), asyncio.create_task(take("hop", True))]
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        assert order == ["hop", "new"]

    run(work())


def test_starts_lie_apart_by_the_delay() -> None:
    async def work() -> None:
        turns = HostTurns(per_host=5, delay=0.05)
        loop = asyncio.get_running_loop()
        starts: list[float] = []

        async def take() -> None:
            async with turns.turn("a"):
                starts.append(loop.time())

        await asyncio.gather(*(take() for _ in range(4)))
        # Timers may fire early by the clock's resolution.
        assert all(later - earlier > 0.045 for earlier, later in pairwise(starts))

    run(work())


def test_a_cancelled_wait_does_not_use_up_a_turn() -> None:
    async def work() -> None:
        turns = HostTurns(per_host=1, delay=0.0)
        async with turns.turn("a"):
            waiting = asyncio.create_task(turns._take("a", False))
            await asyncio.sleep(0)
            waiting.cancel()
        async with turns.turn("a"):
            pass

    run(work())


def test_a_wait_cancelled_in_the_moment_of_its_turn_gives_the_turn_back() -> None:
    async def work() -> None:
        turns = HostTurns(per_host=1, delay=0.0)
        await turns._take("a", False)
        waiting = asyncio.create_task(turns._take("a", False))
        await asyncio.sleep(0)
        turns._give_back("a")  # admits the waiting task, which has not run yet
        waiting.cancel()
        async with turns.turn("a"):
            pass

    run(work())


def test_hosts_are_forgotten_after_their_delay() -> None:
    async def work() -> None:
        turns = HostTurns(per_host=1, delay=0.01)
        for n in range(50):
            async with turns.turn(f"host{n}"):
                pass
        assert len(turns) > 0
        while len(turns):
            await asyncio.sleep(0.01)

    run(work())
