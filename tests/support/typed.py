"""What a page tells people to type, typed: its commands are run, and what it shows of their output is printed."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import warm
from documents import Written

_TIME = re.compile(
    r"\b[A-Z][a-z]{2} \d{1,2} [A-Z][a-z]{2} \d{4}|\b\d{1,2}:\d{2}(?::\d{2})?\b|\([+-]\d{4}\)|(?<=:)\d{4,5}(?=/)"
)
_SHELL = set("|<>&;$`*\\~")  # what only a shell reads
_ECHOED = re.compile(r"echo '([^'\\]*)' \| (monitor [^|]*)")
_FOLDER = re.compile(r"/\S*monitor-demo-\w+")


def shape(text: str) -> str:
    """A text without what differs from run to run: times, dates, ports, temporary folders."""
    return _FOLDER.sub("FOLDER", _TIME.sub("#", text))


def shown(output: str) -> list[re.Pattern[str]]:
    """The lines a page shows of an output; "…" stands for whatever is left out."""
    lines = [line.rstrip() for line in shape(output).splitlines() if line.strip(" …")]
    return [re.compile(".*".join(map(re.escape, line.split("…")))) for line in lines]


def assert_prints(output: str, printed: str) -> None:
    """Every line shown is printed, in this order."""
    lines = iter(shape(printed).splitlines())
    for pattern in shown(output):
        assert any(pattern.fullmatch(line.rstrip()) for line in lines), (
            f"not printed: {pattern.pattern}\n{printed}"
        )


def console(page: Written) -> Iterator[tuple[str, str]]:
    """The commands of a page with the output shown below each."""
    for fence in page.fences:
        if fence.language == "console":
            for part in re.split(r"^\$ ", fence.text, flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                yield command, output


def run(command: str, folder: Path) -> str:
    """What a command line prints, `monitor` being the one under test; its errors too, in their order."""
    environment = {**os.environ, "TZ": "UTC", "TMPDIR": str(folder)}
    echoed = _ECHOED.fullmatch(command)
    given, typed = (f"{echoed[1]}\n", echoed[2]) if echoed else (None, command)
    program, *arguments = shlex.split(typed, comments=True)
    quoted = typed if echoed is None else re.sub(r"'[^']*'", "", typed)
    if program == "monitor" and not _SHELL & set(quoted):
        return warm.run(arguments, folder, environment, input=given, timeout=100, together=True).stdout
    line = re.sub(r"\bmonitor (?=[a-z])", f"{sys.executable} -m monitor ", command, count=1)
    done = subprocess.run(
        ["bash", "-c", f"{line} 2>&1"], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, timeout=100
    )
    return done.stdout


@contextmanager
def web_server(folder: Path, port: int) -> Iterator[None]:
    """The tutorial's web server, until it answers."""
    line = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", "site"]
    server = subprocess.Popen(line, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert time.monotonic() < deadline
            assert server.poll() is None
        yield
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
