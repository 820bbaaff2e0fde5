"""What every store promises of sessions that were ended before their time."""

from __future__ import annotations

from datetime import timedelta

from made import NOON

from monitor.ports import Store

WEEK = timedelta(days=7)


def test_a_session_that_was_ended_stays_ended(store: Store) -> None:
    assert not store.sessions.has_ended("one")
    store.sessions.end("one", NOON + WEEK, NOON)
    assert store.sessions.has_ended("one")
    assert not store.sessions.has_ended("another")


def test_to_end_it_twice_changes_nothing(store: Store) -> None:
    for day in range(2):
        store.sessions.end("one", NOON + WEEK, NOON + timedelta(days=day))
    assert store.sessions.has_ended("one")


def test_what_would_have_ended_by_itself_is_forgotten_when_another_one_ends(store: Store) -> None:
    store.sessions.end("old", NOON + WEEK, NOON)
    store.sessions.end("new", NOON + WEEK + WEEK, NOON + WEEK)
    assert not store.sessions.has_ended("old")
    assert store.sessions.has_ended("new")
