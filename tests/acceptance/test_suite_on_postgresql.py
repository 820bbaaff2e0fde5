"""All tests of a desk with its store in PostgreSQL, and with a queue there: what users see is the same."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from documents import ROOT


@pytest.mark.soak
@pytest.mark.timeout(2_400)
@pytest.mark.needs("postgresql", "a SQLite store")
@pytest.mark.parametrize("engine", ["in-process", "procrastinate"])
def test_the_acceptance_tests_hold_on_postgresql(engine: str) -> None:
    begun = time.monotonic()
    line = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-m",
        "not soak",
        "-n",
        "2",
        "--dist",
        "worksteal",
        "tests/acceptance",
    ]
    done = subprocess.run(
        line,
        cwd=ROOT,
        env={**os.environ, "MONITOR_TEST_STORE": "postgresql", "MONITOR_TEST_ENGINE": engine},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said = done.stdout.strip().splitlines()
    print(f"\n{time.monotonic() - begun:.0f} s on PostgreSQL, {engine}: {' '.join(said[-2:])}")
    assert done.returncode == 0, done.stdout[-20_000:]
