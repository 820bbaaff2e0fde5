"""Parts that jobs name: each has a turn, and each job ends, whatever becomes of its turn."""

from __future__ import annotations

from contextlib import closing

import pytest

from monitor.model.jobs import Job
from monitor.pipeline.parts import JobParts


@pytest.fixture
def given() -> tuple[JobParts, list[int]]:
    """Three parts that were given, and those whose job is done."""
    parts, done = JobParts(), list[int]()
    for one in (7, 3, 9):
        parts.give(Job.of_part("match", one), lambda one=one: done.append(one))  # type: ignore[misc]
    return parts, done


def test_parts_have_their_turns_as_they_came_and_a_job_ends_with_its_turn(
    given: tuple[JobParts, list[int]],
) -> None:
    parts, done = given
    seen = [(part, list(done)) for part in parts.turns()]
    assert seen == [(7, []), (3, [7]), (9, [7, 3])]
    assert done == [7, 3, 9]
    assert not list(parts.turns())


def test_a_turn_that_is_broken_off_ends_its_job_and_the_others_wait(given: tuple[JobParts, list[int]]) -> None:
    parts, done = given
    with closing(parts.turns()) as turns:
        assert next(turns) == 7
    assert done == [7]
    assert list(parts.turns()) == [3, 9]


def test_who_leaves_ends_all_jobs_also_one_at_work_and_may_be_given_others(
    given: tuple[JobParts, list[int]],
) -> None:
    """The one at work may hang: who goes on with it elsewhere finds what is left of it."""
    parts, done = given
    turns = parts.turns()
    assert next(turns) == 7
    parts.leave()
    assert done == [7, 3, 9]
    parts.give(Job.of_part("match", 1), lambda: done.append(1))
    assert list(parts.turns()) == [1]


def test_after_the_end_nothing_is_taken_and_no_job_stays_open(given: tuple[JobParts, list[int]]) -> None:
    parts, done = given
    woken: list[bool] = []
    parts.wake = lambda: woken.append(True)
    parts.close()
    parts.give(Job.of_part("match", 1), lambda: done.append(1))
    assert done == [7, 3, 9, 1]
    assert not woken
    assert not list(parts.turns())


def test_what_is_given_wakes_the_stage() -> None:
    woken: list[bool] = []
    JobParts(lambda: woken.append(True)).give(Job.of_part("match", 1), lambda: None)
    assert woken == [True]
