"""A long time is read in pieces, the newest first."""

from __future__ import annotations

from datetime import timedelta

from made import NOON

from monitor.app.pieces import pieces_of

HOUR = timedelta(hours=1)


class Steady:
    """A clock that stands still between pieces, or not."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_pieces_grow_as_long_as_each_takes_little_time_and_lie_end_to_end() -> None:
    found = list(pieces_of(NOON - timedelta(days=30), NOON, steady=Steady()))
    assert found[0] == (NOON - 2 * HOUR, None)
    assert found[1] == (NOON - 6 * HOUR, NOON - 2 * HOUR)
    assert [until for _, until in found[1:]] == [start for start, _ in found[:-1]]
    assert found[-1][0] == NOON - timedelta(days=30)
    ends = [until or NOON for _, until in found]
    lengths = [end - start for end, (start, _) in zip(ends, found, strict=True)]
    assert lengths[:-1] == sorted(lengths[:-1])
    assert max(lengths) == timedelta(days=8)


def test_after_a_piece_that_took_long_the_next_is_no_longer() -> None:
    steady, lengths, edge = Steady(), [], NOON
    for start, _ in pieces_of(NOON - 9 * HOUR, NOON, steady=steady):
        lengths.append(edge - start)
        edge = start
        steady.now += 0.2
    assert lengths == [2 * HOUR, 2 * HOUR, 2 * HOUR, 2 * HOUR, HOUR]


def test_a_time_with_an_end_ends_there() -> None:
    until = NOON - HOUR
    assert next(pieces_of(NOON - 9 * HOUR, NOON, until)) == (until - 2 * HOUR, until)
    assert list(pieces_of(NOON, NOON)) == []
