"""Requests in line for their hosts."""

from __future__ import annotations

from monitor.model.fetch import FetchRequest
from monitor.pipeline.host_lines import HostLines


def request(key: int, host: str = "news.example") -> FetchRequest:
    return FetchRequest(key, f"https://{host}/{key}")


def going(lines: HostLines) -> list[int]:
    return [one.key for one in lines.ready()]


def test_so_many_of_a_host_go_at_once_and_the_next_when_one_is_answered() -> None:
    lines = HostLines(1, 0)
    for key in (1, 2, 3):
        lines.join(request(key))
    assert (going(lines), len(lines)) == ([1, 2], 1)
    lines.answered(1)
    assert (going(lines), len(lines)) == ([3], 0)


def test_one_that_is_put_off_for_no_time_may_join_again_before_its_first_answer_is_told() -> None:
    lines = HostLines(1, 0)
    lines.join(request(1))
    assert going(lines) == [1]
    lines.join(request(1))
    assert going(lines) == [1]
    lines.answered(1)
    lines.answered(1)
    lines.join(request(2))
    lines.join(request(3))
    assert going(lines) == [2, 3]  # both places of the host are free again


def test_who_leaves_takes_no_place_any_more() -> None:
    lines = HostLines(1, 0)
    for key in (1, 2, 3):
        lines.join(request(key))
    assert lines.leave() == [1, 2, 3]
    assert len(lines) == 0
