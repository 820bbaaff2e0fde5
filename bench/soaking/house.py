"""The daemon under test: a desk whose commands are real processes, its config, its reloads."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from desk import RELOADED, Desk

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
_RUNS = re.compile(r"running, pid [0-9]+, http://([^;/]+)/?;")


def takes(digest: str, kind: int) -> bool:
    """Whether a digest takes rules of that kind."""
    return {"high": kind == 0, "every": kind in (1, 4)}.get(digest, True)


class House(Desk):
    """A desk whose `monitor` is a process of its own from its first import on: its memory is a user's."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.daemon: subprocess.Popen[bytes] | None = None
        self.metrics = ""
        self._good = ""
        self._log_read = 0
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
        self._good = text
        self.put(self.config, text)
        self.rules(rule_file())
        self.put(self.folder / "rules" / "changing.toml", changing_file(0))

    def run(self) -> None:
        """Starts the daemon, and waits until it says where it answers. A broken config is mended before."""
        self.put(self.config, self._good)
        line = [sys.executable, "-m", "monitor", "run", "-c", str(self.config)]
        with (self.folder / "daemon.log").open("ab") as log:
            self.daemon = subprocess.Popen(
                line, cwd=self.folder, env=self.surroundings(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 180
        while not (found := _RUNS.search(self.log()[-2_000:])):
            if self.daemon.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the daemon did not start:\n{self.log()[-3_000:]}")
            time.sleep(0.1)
        self.metrics = found[1]

    def said(self, since: int) -> list[dict[str, Any]]:
        """The lines of the log from that byte on."""
        with (self.folder / "daemon.log").open("rb") as log:
            log.seek(since)
            lines = log.read().splitlines()
        return [json.loads(line) for line in lines if line.startswith(b"{") and line.endswith(b"}")]

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
        self.put(self.config, self._good)
        self.put(rules, changing_file(self._turn))
        if which < 0.2:
            self.put(rules, BROKEN_FILE)
        elif which < 0.4:
            self.put(self.config, self._good + "\n[[digests]]\nname = 7\n")
        elif which < 0.6:  # a feed more, which is nobody's
            self.put(self.config, self._good + f'[[feeds]]\nurl = "http://more-{self._turn}.invalid/feed"\n')
        assert self.daemon is not None
        self.daemon.send_signal(signal.SIGHUP)
        return ("broken rules", "broken config", "another feed", "other rules", "other rules")[int(which * 5)]

    def restore(self) -> None:
        """The first config again, and a reload."""
        self.put(self.config, self._good)
        self.put(self.folder / "rules" / "changing.toml", changing_file(self._turn))
        assert self.daemon is not None
        self.daemon.send_signal(signal.SIGHUP)

    def reloads(self) -> list[str]:
        """What each reload came to."""
        return [one["event"] for one in self.said(0) if one["event"] in RELOADED]

    def end(self) -> None:
        """Ends what a failed run left behind."""
        if self.daemon is not None and self.daemon.poll() is None:
            self.kill()

    def kill(self) -> None:
        """As a power cut."""
        assert self.daemon is not None
        self.daemon.kill()
        self.daemon.wait()

    def stop(self) -> int:
        """SIGTERM, and how it ended."""
        assert self.daemon is not None
        self.daemon.send_signal(signal.SIGTERM)
        try:
            return self.daemon.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.kill()
            return -9
