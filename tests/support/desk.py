"""A desk for acceptance tests: a folder with a config, and the real daemon as a subprocess."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from desk_store import PostgresqlStore, SqliteStore
from warm import WarmProcess, run

PATIENCE = 60.0  # seconds a condition may take on a busy machine: a limit, not a wait
_GAP = 0.05
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
RELOADED = ("reloaded", "reloaded: nothing changed", "the old config and rules stay in force")

RULES = """
[[rules]]
id = "torkham-closed"
title = "Torkham crossing closed"
query = 'Torkham AND (closed OR closure)'
tags = ["border"]
severity = "high"

[[rules]]
id = "floods"
title = "Floods"
query = 'flood*'
"""


def in_postgresql() -> bool:
    """Whether desks keep their stores in a real PostgreSQL server, each in a database of its own."""
    return os.environ.get("MONITOR_TEST_STORE") == "postgresql"


def engine_lines() -> str:
    """`[jobs]` of desks whose stages a queue is to run, where MONITOR_TEST_ENGINE says so."""
    engine = os.environ.get("MONITOR_TEST_ENGINE")
    return f'\n[jobs]\nengine = "{engine}"' if engine else ""


def span(text: str) -> timedelta:
    """`"30s"`, `"10m"`, `"12h"`, `"3d"`."""
    found = re.fullmatch(r"([0-9]+)([smhd])", text)
    assert found, f'write "30s", "10m", "12h" or "3d", not "{text}"'
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


def eventually(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """The first true value of the condition; fails with `what` when it does not come."""
    deadline = time.monotonic() + patience
    pause = threading.Event()
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {patience:.0f} s for {what}"
        pause.wait(_GAP)


def in_a_hurry(more: str = "") -> str:
    """Lines of `[poll]` for servers on loopback that are asked every second or two."""
    longest = "" if "max_interval" in more else 'max_interval = "2s"'
    return f"""
interval = "1s"
min_interval = "1s"
{longest}
host_delay = "0s"
timeout = "5s"
allow_private_addresses = true
{more}
"""


class Desk:
    """Config, rules and store in one folder; the store is in PostgreSQL where MONITOR_TEST_STORE says so."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment: dict[str, str] = {}
        self.store = folder / "monitor.db"  # where it is a file
        self.kept = PostgresqlStore() if in_postgresql() else SqliteStore(self)
        self.environment.update(self.kept.environment)
        self.lays_store = True  # for the first daemon: migrating is a third of its start. False leaves it to that
        self._started: list[WarmProcess] = []
        (folder / "rules").mkdir()
        (folder / "rules" / "rules.toml").write_text(RULES, encoding="utf-8")
        self.config = folder / "config.toml"

    def write(
        self,
        feeds: Sequence[str],
        *,
        receivers: str = "[receivers.desk]\nfile = { directory = 'digests', format = 'json' }\n",
        schedule: str = "immediate",
        to: str = '["desk"]',
        feed_lines: str = "",
        more: str = "",
        poll: str = "",
        outside: str | None = None,
        watch: bool = False,
    ) -> None:
        """Writes the config: polls every second, sends a second after a match, reloads when told to.

        `poll` adds lines to that `[poll]` table; `outside` takes its place, where a test needs what a
        customer's has: intervals of minutes, and no leave to ask private addresses.
        """
        wait = 'group_wait = "0s"' if schedule == "immediate" else 'timezone = "UTC"\nsend_when_empty = false'
        self.put(
            self.config,
            f"""
[store]
url = "{self.kept.url}"
[poll]
{in_a_hurry(poll) if outside is None else outside}
[rules]
files = ["rules/*.toml"]
watch = {str(watch).lower()}
{receivers}
[[digests]]
name = "alerts"
rules = ["*"]
to = {to}
schedule = "{schedule}"
{wait}
{more}{engine_lines()}
"""
            + "".join(f'\n[[feeds]]\nurl = "{url}"\nbackfill = "24h"\n{feed_lines}\n' for url in feeds),
        )

    def put(self, path: Path, text: str) -> None:
        """Writes a file as a careful editor does: who reads it meanwhile sees the old one or the new one."""
        half = path.with_name(path.name + ".half")
        half.write_text(text, encoding="utf-8")
        half.replace(path)

    def rules(self, text: str) -> None:
        """Writes the rule file."""
        self.put(self.folder / "rules" / "rules.toml", text)

    def command(
        self, *arguments: str, input: str | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Runs `monitor ARGUMENTS -c CONFIG` to its end."""
        return run(
            [*arguments, "-c", str(self.config)], self.folder, self.surroundings(), input=input, timeout=timeout
        )

    def start(self, *arguments: str) -> WarmProcess:
        """Starts the daemon; its log goes to daemon.log in the folder."""
        line = ["run", "-c", str(self.config), *arguments]
        if self.lays_store:
            self.kept.lay()
        with (self.folder / "daemon.log").open("a", encoding="utf-8") as log, open(os.devnull, "r+b") as null:
            daemon = WarmProcess(line, self.folder, self.surroundings(), (null, null, log))
        self._started.append(daemon)
        return daemon

    def clear(self) -> None:
        """Ends what a failed test left behind."""
        for daemon in self._started:
            if daemon.poll() is None:
                daemon.kill()
                daemon.wait()
        self.kept.clear()

    def surroundings(self) -> dict[str, str]:
        """The environment of its commands."""
        return {**os.environ, **self.environment}

    @contextmanager
    def running(self, *arguments: str) -> Iterator[WarmProcess]:
        """The daemon, stopped by SIGTERM at the end; it must end well within its ten seconds."""
        daemon = self.start(*arguments)
        try:
            yield daemon
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(timeout=15) == 0, self.log()
        finally:
            if daemon.poll() is None:
                daemon.kill()
                daemon.wait()

    def within(self, text: str, condition: Callable[[], Any], what: str) -> float:
        """Waits for something a running daemon does; fails when it takes longer than `text` ("30s"). Seconds."""
        begun = time.monotonic()
        eventually(condition, what, span(text).total_seconds())
        return time.monotonic() - begun

    def log(self) -> str:
        """What the daemon said so far."""
        path = self.folder / "daemon.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def events(self, *names: str) -> list[dict[str, Any]]:
        """The log lines with one of these events, oldest first."""
        lines = [
            json.loads(line) for line in self.log().splitlines() if line.startswith("{") and line.endswith("}")
        ]
        return [line for line in lines if line["event"] in names]

    def reload(self, daemon: WarmProcess) -> dict[str, Any]:
        """Sends SIGHUP and waits for the log line that says what came of it."""
        before = len(self.events(*RELOADED))
        daemon.send_signal(signal.SIGHUP)
        found = eventually(lambda: self.events(*RELOADED)[before:], "the end of the reload")
        return dict(found[0])

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the store, read beside the daemon; none while there is no store yet. A `?` for each value.

        Times are texts, JSON is text, and a yes is 1, whatever the database.
        """
        return self.kept.ask(query, values)

    def write_store(self, statement: str, *values: Any) -> None:
        """Changes the store while no daemon runs."""
        self.kept.change(statement, values)

    def has_store(self) -> bool:
        """Whether somebody has made the store."""
        return self.kept.is_there()

    def number(self, query: str, *values: Any) -> int:
        """The one number a query gives; 0 while there is no store yet."""
        rows = self.ask(query, *values)
        return int(rows[0][0]) if rows else 0

    def sent(self) -> int:
        """Deliveries that the other side has."""
        return self.number("SELECT count(*) FROM deliveries WHERE state = 'sent'")
