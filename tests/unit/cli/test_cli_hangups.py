"""SIGHUP from the first moment on."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from monitor.cli.hangups import Hangups


@pytest.fixture(autouse=True)
def _default() -> Iterator[None]:
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


def test_one_that_comes_before_anybody_listens_is_told_once_somebody_does() -> None:
    heard: list[str] = []
    hangups = Hangups()
    signal.raise_signal(signal.SIGHUP)
    signal.raise_signal(signal.SIGHUP)
    hangups.listen(lambda: heard.append("told"))
    assert heard == ["told"]
    signal.raise_signal(signal.SIGHUP)
    assert heard == ["told", "told"]


def test_without_one_nothing_is_told() -> None:
    heard: list[str] = []
    Hangups().listen(lambda: heard.append("told"))
    assert heard == []


def test_with_nobody_to_listen_it_ends_nothing() -> None:
    Hangups()
    signal.raise_signal(signal.SIGHUP)
