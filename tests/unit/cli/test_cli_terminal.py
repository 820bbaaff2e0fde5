"""Nothing that came from a stranger steers the terminal, and no log line shows a secret of a frame."""

from __future__ import annotations

import json
import subprocess
import sys

SCRIPT = """
import structlog
from monitor.cli import logs
logs.configure(verbose=False, environment_no_color=True)
log = structlog.get_logger()
password = "hunter2"
log.info("match", title="\\x1b[2J\\x9b31mTorkham\\u202e", why="a\\nb")
try:
    raise ValueError("bad \\x1b[2J")
except ValueError:
    log.exception("stage broke")
"""


def logged() -> list[str]:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()


def test_control_characters_are_shown_not_sent() -> None:
    first, _ = logged()
    assert json.loads(first)["title"] == r"\x1b[2J\x9b31mTorkham\u202e"
    assert json.loads(first)["why"] == r"a\x0ab"


def test_an_exception_shows_its_lines_but_no_variables() -> None:
    _, second = logged()
    assert "ValueError" in json.loads(second)["exception"]
    assert "hunter2" not in second
    assert "\x1b" not in second
