"""Every Sandbox keeps these promises: the children and the inline fake alike."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from monitor.adapters.sandbox import ProcessSandbox, TwoSpeedSandbox
from monitor.core.feeds.parse import parse_feed
from monitor.model.errors import NotAFeed, NotExtractable, SandboxFailed, SandboxReason
from monitor.ports import Sandbox
from monitor.testing import InlineSandbox

NOW = datetime(2023, 2, 22, 12, tzinfo=UTC)


MADE: dict[str, Callable[[], Sandbox]] = {
    "process": lambda: ProcessSandbox(workers=2),
    "two speeds": lambda: TwoSpeedSandbox(ProcessSandbox(workers=2), ProcessSandbox(workers=1), 1),
    "inline": InlineSandbox,
}


@pytest.fixture(scope="module", params=list(MADE))
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    made = MADE[request.param]()
    yield made
    made.close()


def add(left: int, right: int = 0) -> int:
    return left + right


def fail(kind: str) -> None:
    if kind == "feed":
        raise NotAFeed("a login page", "<html>")
    if kind == "page":
        raise NotExtractable("no main text")
    raise ValueError("line one\nline two")


def megabytes(count: int) -> bytes:
    return b"x" * (count * 1_000_000)


def test_it_gives_the_value_of_the_function(sandbox: Sandbox) -> None:
    assert sandbox.run(add, 2, right=3) == 5


def test_a_monitor_error_comes_through_as_it_is(sandbox: Sandbox) -> None:
    with pytest.raises(NotAFeed) as caught:
        sandbox.run(fail, "feed")
    assert (caught.value.why, caught.value.start) == ("a login page", "<html>")
    with pytest.raises(NotExtractable, match="no main text"):
        sandbox.run(fail, "page")


def test_any_other_error_is_one_line_of_a_named_failure(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxFailed) as caught:
        sandbox.run(fail, "other")
    assert caught.value.reason is SandboxReason.RAISED
    assert caught.value.task == "fail"
    assert caught.value.detail == "ValueError: line one"


def test_it_works_on_after_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxFailed):
        sandbox.run(fail, "other")
    assert sandbox.run(add, 1, 1) == 2


def test_a_huge_argument_and_a_huge_result_pass(sandbox: Sandbox) -> None:
    assert len(sandbox.run(megabytes, 30)) == 30_000_000
    assert sandbox.run(len, megabytes(30)) == 30_000_000


def test_fifty_calls_from_threads_each_get_their_own_answer(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(50) as threads:
        assert list(threads.map(lambda n: sandbox.run(add, n, 1), range(50))) == list(range(1, 51))


def test_a_parsed_feed_is_the_same_as_without_a_sandbox(sandbox: Sandbox) -> None:
    body = b'<rss version="2.0"><channel><title>T</title><item><title>One</title></item></channel></rss>'
    here = parse_feed(body, "text/xml", "https://example.org/feed", NOW)
    assert sandbox.run(parse_feed, body, "text/xml", "https://example.org/feed", NOW) == here
    assert pickle.loads(pickle.dumps(here)) == here


def test_closing_twice_is_safe() -> None:
    for made in (make() for make in MADE.values()):
        made.run(add, 1)
        made.close()
        made.close()
