"""The daemon as process 1 of a container, from which the kernel keeps every signal that it does not handle yet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from desk import Desk, eventually
from local_feed import LocalFeed
from processes import catches, child_of

ROOT = Path(__file__).parents[2]


@pytest.mark.needs("root", "unshare")
def test_a_stop_in_its_first_second_is_heard(desk: Desk, feed: LocalFeed):
    desk.write([feed.url])
    alone = ["unshare", "--pid", "--fork", "--kill-child"]
    daemon = subprocess.Popen(
        [*alone, sys.executable, "-m", "monitor", "run", "-c", str(desk.config)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        first = eventually(lambda: child_of(daemon.pid), "process 1")
        eventually(lambda: catches(first, signal.SIGHUP), "the beginning of the start")
        os.kill(first, signal.SIGTERM)
        assert daemon.wait(timeout=20) == 128 + signal.SIGTERM
    finally:
        daemon.kill()
        daemon.wait()
    assert not desk.store.exists()
