"""What takes long holds up nothing else: it has a child of its own, and not too many wait for that."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from monitor.adapters.sandbox import ProcessSandbox, TwoSpeedSandbox
from monitor.model.errors import NotAFeed, SandboxFailed, SandboxReason

SOON, AT_LAST = 0.1, 1.0  # seconds of CPU


@pytest.fixture
def sandbox() -> Iterator[TwoSpeedSandbox]:
    made = TwoSpeedSandbox(
        ProcessSandbox(workers=1, seconds=60.0, cpu_seconds=SOON),
        ProcessSandbox(workers=1, seconds=60.0, cpu_seconds=AT_LAST),
        most=2,
    )
    yield made
    made.close()


def spin(seconds: float) -> float:
    while time.process_time() < seconds:
        pass
    return seconds


def refuse() -> None:
    raise NotAFeed("no feed", "")


def leave() -> None:
    raise SystemExit(3)


def test_a_task_that_takes_longer_than_most_is_given_its_time(sandbox: TwoSpeedSandbox) -> None:
    assert sandbox.run(spin, 4 * SOON) == 4 * SOON


def test_a_task_without_an_end_is_ended(sandbox: TwoSpeedSandbox) -> None:
    with pytest.raises(SandboxFailed, match="over 1 s of CPU") as caught:
        sandbox.run(spin, 1e9)
    assert caught.value.reason is SandboxReason.CPU


def test_tasks_without_an_end_hold_up_no_other(sandbox: TwoSpeedSandbox) -> None:
    def ended(_: int) -> str:
        with pytest.raises(SandboxFailed) as caught:
            sandbox.run(spin, 1e9)
        return str(caught.value)

    with ThreadPoolExecutor(3) as threads:
        begun = time.monotonic()
        hostile = [threads.submit(ended, n) for n in range(2)]
        while not sandbox.run(len, "one") or time.monotonic() - begun < 2 * AT_LAST:
            if all(one.done() for one in hostile):
                break
            asked = time.monotonic()
            assert sandbox.run(len, "sound") == 5
            assert time.monotonic() - asked < AT_LAST  # never behind one that has all its time
        assert all("over 1 s" in one.result() for one in hostile)


def test_one_more_than_may_take_long_fails_at_once_and_says_so(sandbox: TwoSpeedSandbox) -> None:
    def ended(_: int) -> str:
        with pytest.raises(SandboxFailed) as caught:
            sandbox.run(spin, 1e9)
        return str(caught.value)

    with ThreadPoolExecutor(3) as threads:
        said = sorted(threads.map(ended, range(3)))
    busy = "spin: busy (over 0.1 s of CPU, and as many as may take longer do)"
    assert said == [busy, *["spin: cpu_limit (over 1 s of CPU)"] * 2]
    assert sandbox.run(spin, 4 * SOON) == 4 * SOON  # there is room again


def test_tasks_that_have_places_of_their_own_take_none_of_the_others(sandbox: TwoSpeedSandbox) -> None:
    others = sandbox.with_own_places()
    with ThreadPoolExecutor(2) as threads:
        hostile = [threads.submit(others.run, spin, 1e9) for _ in range(2)]
        assert sandbox.run(spin, 4 * SOON) == 4 * SOON
        assert all(isinstance(one.exception(), SandboxFailed) for one in hostile)


def test_other_failures_are_not_tried_twice(sandbox: TwoSpeedSandbox) -> None:
    with pytest.raises(NotAFeed):
        sandbox.run(refuse)
    with pytest.raises(SandboxFailed) as caught:
        sandbox.run(leave)
    assert caught.value.reason is not SandboxReason.CPU
