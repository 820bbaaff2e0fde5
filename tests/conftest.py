"""What all tests share: tests that need what this machine lacks are skipped, and the last line says so."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

from monitor.app.collector import settle, undisturbed

# How long an example takes says how busy the machine is; speed is measured in bench/.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def _press_samples_are_here() -> bool:
    from monitor.demo.samples import press_samples  # most runs of a few tests do not ask

    return press_samples() is not None


def _postgresql_is_here() -> bool:
    from postgres_server import programs

    return programs() is not None


def _hosts_can_be_made() -> bool:
    from hosts import hosts_can_be_made

    return hosts_can_be_made()


# What a test may need besides a program of that name.
_NEEDS: Mapping[str, Callable[[], bool]] = {
    "linux": lambda: sys.platform == "linux",
    "root": lambda: hasattr(os, "geteuid") and os.geteuid() == 0,
    "postgresql": _postgresql_is_here,
    "network namespaces (root on Linux with iproute2)": _hosts_can_be_made,
    "the press samples": _press_samples_are_here,
    # Of tests about files; MONITOR_TEST_STORE puts the stores of the acceptance tests elsewhere.
    "a SQLite store": lambda: os.environ.get("MONITOR_TEST_STORE", "sqlite") == "sqlite",
    # Of tests about its threads; MONITOR_TEST_ENGINE has a queue run the stages of the acceptance tests.
    "the in-process engine": lambda: os.environ.get("MONITOR_TEST_ENGINE", "in-process") == "in-process",
    "spacy": lambda: find_spec("spacy") is not None,
    "kubernetes_validate": lambda: find_spec("kubernetes_validate") is not None,
}

_SKIPPED = "Skipped: needs "


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What commands keep between runs goes into a folder of the test run; what the user has there is not read."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.delenv("CACHE_DIRECTORY", raising=False)
        yield folder


@pytest.fixture(scope="session", autouse=True)
def quick_stores() -> None:
    """Stores of this process and of its warm ones wait for no disk (tests/support/quick_stores.py)."""
    from quick_stores import hurry

    hurry()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What has been collected stays till the end: as in the daemon, no search for garbage goes through it.

    The tests and what they import are a million objects. Looking at them took a third of the tier's CPU time.
    """
    with undisturbed():
        collected = yield
    settle()
    return collected


def _has(need: str) -> bool:
    return _NEEDS[need]() if need in _NEEDS else shutil.which(need) is not None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test marked `needs("openssl")` where there is no such program (or what else the table knows)."""
    needs = [str(need) for mark in item.iter_markers("needs") for need in mark.args]
    lacking = {need for need in needs if not _has(need)}
    if lacking:
        pytest.skip(f"needs {', '.join(sorted(lacking))}")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """The closing line, after pytest's own: which tests could not run here, and why."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    # From the reports, which come from every process that ran tests.
    said = [] if reporter is None else [str(report.longrepr[2]) for report in reporter.stats.get("skipped", ())]
    lacking = [one.removeprefix(_SKIPPED) for one in said if one.startswith(_SKIPPED)]
    if lacking:
        needs = sorted({need for one in lacking for need in one.split(", ")})
        tests = f"{len(lacking)} test" + ("" if len(lacking) == 1 else "s")
        reporter.write_line(f"not run: {tests}, needs {', '.join(needs)}")
