"""The line that ends a test run: what could not run on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = "pytester"

CONFTEST = Path(__file__).parents[1] / "conftest.py"
QUICK = ("-q", "-p", "no:hypothesispytest")  # a plugin that takes two seconds to load
TESTS = """
import pytest

@pytest.mark.needs("no-such-program", "sh")
def test_one():
    assert False

@pytest.mark.needs("no-such-program")
@pytest.mark.parametrize("n", [1, 2])
def test_two(n):
    assert False

@pytest.mark.needs("another-one")
class TestThree:
    def test_three(self):
        assert False

@pytest.mark.needs("sh")
def test_that_can_run():
    pass

def test_that_needs_nothing():
    pass
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeconftest(CONFTEST.read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\nmarkers = needs(what): as in the project")
    pytester.makepyfile(TESTS)
    return pytester


def test_tests_that_need_what_is_not_here_are_skipped_and_counted_in_the_last_line(
    project: pytest.Pytester,
) -> None:
    done = project.runpytest_inprocess(*QUICK, "-rs")
    done.assert_outcomes(passed=2, skipped=4)
    assert done.outlines[-1] == "not run: 4 tests, needs another-one, no-such-program"
    assert "needs no-such-program" in done.stdout.str()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["-k", "three"], "not run: 1 test, needs another-one"),
        (["-k", "that"], None),
        (["--collect-only"], None),
    ],
    ids=["one", "all-ran", "collected"],
)
def test_the_line_counts_what_was_to_run_and_is_not_there_when_all_ran(
    project: pytest.Pytester, arguments: list[str], line: str | None
) -> None:
    done = project.runpytest_inprocess(*QUICK, *arguments)
    if line is None:
        assert "not run" not in done.stdout.str()
    else:
        assert done.outlines[-1] == line
