"""The monitor under test: a desk whose commands are real processes, its config, its reloads."""

from __future__ import annotations

import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.request import urlopen

from desk import RELOADED, Desk
from desk_store import PostgresqlStore

from soaking.rules import BROKEN_FILE, changing_file, rule_file
from soaking.sinks import Sinks
from soaking.world import Feed

_SECRET = "whsec_" + "c2VjcmV0IGtleSBmb3IgYSB0ZXN0IG9m"
_CONFIG = """\
[store]
url = "{store}"
[poll]
interval = "{interval}s"
min_interval = "{interval}s"
max_interval = "{longest}s"
timeout = "5s"
host_delay = "{delay}"
allow_private_addresses = true
[rules]
files = ["rules/*.toml"]
watch = false
[smtp]
host = "127.0.0.1"
port = {mail}
security = "none"
from = "Border desk <monitor@example.org>"
[receivers.desk]
email = ["desk@example.org", "night@example.org"]
[receivers.hook]
webhook = {{ url = "env:HOOK", secret = "env:HOOK_SECRET" }}
[receivers.archive]
webhook = {{ url = "env:ARCHIVE", secret = "env:HOOK_SECRET" }}
file = {{ directory = "digests", format = "json" }}
[receivers.ops]
file = {{ directory = "health", format = "text" }}
[health]
receivers = ["ops"]
[web]
listen = "127.0.0.1:0"
[[digests]]
name = "alerts"
rules = ["rule-*"]
to = ["desk"]
schedule = "immediate"
group_wait = "5s"
[[digests]]
name = "high"
rules = ["rule-* severity:high"]
to = ["hook"]
schedule = "immediate"
group_wait = "0"
[[digests]]
name = "minutes"
rules = ["rule-*"]
to = ["archive"]
schedule = "* * * * *"
timezone = "UTC"
send_when_empty = false
max_stories = 100
[[digests]]
name = "every"
rules = ["tag:kind-1", "tag:kind-4"]
to = ["desk", "hook"]
schedule = "every 2m"
"""
RECIPIENTS = {"alerts": 2, "high": 1, "minutes": 2, "every": 3}  # of each digest, addresses and channels
_JOBS = """\
[jobs]
engine = "procrastinate"
"""
_RUNS = re.compile(r"running(?: \([a-z]+\))?, pid ([0-9]+)(?:, http://([^;/]+))?/?;")
_SERVER = ("max_connections=200", "shared_buffers=128MB")  # else as it is installed: it waits for the disk
ALONE = "daemon"


def takes(digest: str, kind: int) -> bool:
    """Whether a digest takes rules of that kind."""
    return {"high": kind == 0, "every": kind in (1, 4)}.get(digest, True)


class House(Desk):
    """A desk whose `monitor` is a process of its own from its first import on: its memory is a user's.

    With `workers` it is a cluster on a PostgreSQL server of its own: a dispatcher, a process for the pages, and
    these.
    """

    def __init__(self, folder: Path, workers: int = 0) -> None:
        super().__init__(folder)
        self.roles = {ALONE: ""}
        if workers:
            from postgres_server import PostgresServer

            self.kept = PostgresqlStore(PostgresServer(_SERVER))
            self.environment.update(self.kept.environment)
            self.roles = {"dispatch": "dispatch", "web": "web"}
            self.roles |= {f"work-{one + 1}": "work" for one in range(workers)}
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}
        self.metrics = ""
        self._good = ""
        self._in_force = ("", 0)  # config, and the turn of the changing rules
        self._turn = 0

    def prepare(self, feeds: Mapping[str, Feed], sinks: Sinks, interval: int) -> None:
        """Config, rules and secrets."""
        one, other = sinks.hooks
        self.environment |= {"HOOK": one.url, "ARCHIVE": other.url, "HOOK_SECRET": _SECRET}
        text = _CONFIG.format(
            store=self.kept.url,
            interval=interval,
            longest=2 * interval,
            delay="1s" if interval > 10 else "0",
            mail=sinks.line.port,
        )
        for url, feed in feeds.items():
            more = "full_text = true\n" if feed.full_text else ""
            back = 'backfill = "7d"\n' if feed.looks_back else ""
            text += f'[[feeds]]\nurl = "{url}"\ninterval = "{interval}s"\n{more}{back}'
        for name in ("one", "two", "three"):
            text += f'[[feeds]]\nurl = "http://{name}.invalid/feed"\n'
        if ALONE not in self.roles:
            text += _JOBS
        self._good, self._in_force = text, (text, 0)
        self.put(self.config, text)
        self.rules(rule_file())
        self.put(self.folder / "rules" / "changing.toml", changing_file(0))

    def run(self, *names: str) -> None:
        """Starts these processes, by default all; waits until each says that it runs.

        A config that was refused is taken back before, with its rules; broken rules alone stay as they are.
        """
        config, turn = self._in_force
        if self.config.read_text(encoding="utf-8") != config:
            self.put(self.config, config)
            self.put(self.folder / "rules" / "changing.toml", changing_file(turn))
        for name in names or self.roles:
            self._start(name)
        deadline = time.monotonic() + 180
        for name in names or self.roles:
            while not (found := self._runs(name)):
                if time.monotonic() > deadline or (self.daemons[name].poll() is not None and name == ALONE):
                    raise SystemExit(f"{name} did not start:\n{self._said_by(name)[-3_000:]}")
                if self.daemons[name].poll() is not None:  # a reload is under way, and it has the newer config
                    time.sleep(1)
                    self._start(name)
                time.sleep(0.1)
            self.metrics = found[2] or self.metrics

    def _start(self, name: str) -> None:
        role = ["--role", self.roles[name]] if self.roles[name] else []
        line = [sys.executable, "-m", "monitor", "run", *role, "-c", str(self.config)]
        with self._log_of(name).open("ab") as log:
            self.daemons[name] = subprocess.Popen(
                line, cwd=self.folder, env=self.surroundings(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _runs(self, name: str) -> re.Match[str] | None:
        pid = str(self.daemons[name].pid)
        return next((one for one in _RUNS.finditer(self._said_by(name)[-4_000:]) if one[1] == pid), None)

    def ended(self) -> str | None:
        """A process that ended by itself, with what it said last."""
        for name, one in self.daemons.items():
            if one.poll() is not None:
                return f"{name} ended by itself:\n{self._said_by(name)[-5_000:]}"
        return None

    def log(self) -> str:
        """What all of them said so far."""
        return "\n".join(map(self._said_by, self.roles))

    def _said_by(self, name: str) -> str:
        path = self._log_of(name)
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def _log_of(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def monitor(self, *arguments: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end, as a user types it."""
        line = [sys.executable, "-m", "monitor", *arguments, "-c", str(self.config)]
        return subprocess.run(
            line, cwd=self.folder, env=self.surroundings(), capture_output=True, text=True, timeout=timeout
        )

    def gauges(self) -> dict[str, float]:
        """What /metrics says, by the name and labels of each series; nothing when it does not answer."""
        try:
            with urlopen(f"http://{self.metrics}/metrics", timeout=10) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return {}
        return {name: float(value) for name, _, value in (one.rpartition(" ") for one in lines) if name[:1] != "#"}

    def change(self, dice: random.Random) -> str:
        """Changes rules or config, for the better or the worse, and asks for a reload; what it was."""
        self._turn += 1
        rules, which = self.folder / "rules" / "changing.toml", dice.random()
        config, broken = self._good, ""
        self.put(rules, changing_file(self._turn))
        if which < 0.2:
            self.put(rules, BROKEN_FILE)
        elif which < 0.4:
            broken = "\n[[digests]]\nname = 7\n"
        elif which < 0.6:  # a feed more, which is nobody's
            config += f'\n[[feeds]]\nurl = "http://more-{self._turn}.invalid/feed"\n'
        self.put(self.config, config + broken)
        if which >= 0.4:
            self._in_force = config, self._turn
        self._hang_up()
        return ("broken rules", "broken config", "another feed", "other rules", "other rules")[int(which * 5)]

    def restore(self) -> None:
        """The first config again, and a reload."""
        self._in_force = self._good, self._turn
        self.put(self.config, self._good)
        self.put(self.folder / "rules" / "changing.toml", changing_file(self._turn))
        self._hang_up()

    def _hang_up(self) -> None:
        for one in self.daemons.values():
            one.send_signal(signal.SIGHUP)

    def reloads(self) -> list[str]:
        """What each reload of each process came to."""
        return [one["event"] for one in self.events(*RELOADED)]

    def end(self) -> None:
        """Ends what a failed run left behind."""
        for name in self.daemons:
            self.kill(name)

    def kill(self, name: str) -> None:
        """As a power cut."""
        self.daemons[name].kill()
        self.daemons[name].wait()

    def stop(self) -> int:
        """SIGTERM, and how they ended: the first status that is not 0."""
        for one in self.daemons.values():
            one.send_signal(signal.SIGTERM)
        deadline, codes = time.monotonic() + 20, []
        for name, one in self.daemons.items():
            try:
                codes.append(one.wait(timeout=max(0.1, deadline - time.monotonic())))
            except subprocess.TimeoutExpired:
                self.kill(name)
                codes.append(-9)
        return next((code for code in codes if code), 0)
