"""Real daemons that start at once: forks of a process that has imported everything already.

Most of a start is Python's imports, and of the rest it is what all rules share. Where a test kills hundreds of
daemons, each is a fork: a process of its own, with its own signals, files, children and store, to which `kill -9`
is as final as to any other.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from desk import Desk

_SERVER = """
import gc, os, signal, sys
from multiprocessing import forkserver, get_context
import monitor.cli.main, monitor.cli.logs, monitor.cli.running
from monitor.app.children import PRELOADED
from monitor.__main__ import main
from monitor.core.text.families import shipped_families
from monitor.core.text.tokens import analyse
shipped_families(), analyse("A word.")
gc.collect(), gc.freeze()  # or each daemon goes through all of it
# The fork server of the sandbox is one for all daemons, and up: else each would import the parsers anew.
sandbox = get_context("forkserver")
sandbox.set_forkserver_preload(list(PRELOADED))
def sandbox_up():
    # A daemon that is killed while it asks for a child takes the fork server along, once that has come to its
    # request. A child that was asked for behind it proves that the server lives.
    while True:
        try:
            child = sandbox.Process(target=int)
            child.start()
        except (OSError, EOFError):
            continue
        child.join()
        if child.exitcode == 0:
            return
sandbox_up()
config, log, *more = sys.argv[1:]
print(0, flush=True)
pid = 0
for line in sys.stdin:
    if line == "start\\n":
        sandbox_up()
        pid = os.fork()
        if not pid:
            null, out = os.open(os.devnull, os.O_RDWR), os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.dup2(null, 0), os.dup2(null, 1), os.dup2(out, 2)
            forkserver._forkserver.ensure_running = lambda: None  # it is no child of ours
            sys.argv = ["monitor", "run", "-c", config, *more]
            try:
                main()
            finally:
                os._exit(0)
        print(pid, flush=True)
    else:
        os.kill(pid, signal.SIGKILL)
        print(os.waitpid(pid, 0)[1], flush=True)
        pid = 0
if pid:  # a test that failed
    os.kill(pid, signal.SIGKILL)
"""


class ForkedDaemons:
    """One `monitor run` with these arguments after the other, over the desk's store."""

    def __init__(self, desk: Desk, *arguments: str) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(desk.config), str(desk.folder / "daemon.log"), *arguments],
            cwd=desk.folder,
            env={**os.environ, **desk.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> ForkedDaemons:
        self._answer()  # it has imported everything
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait()

    def start(self) -> None:
        """Begins one."""
        self._told("start")

    def kill(self) -> None:
        """kill -9 to the one that was begun last, which must still run; returns when it is gone."""
        assert self._told("kill") == signal.SIGKILL, "the daemon had ended by itself"

    def _told(self, word: str) -> int:
        assert self._server.stdin is not None
        self._server.stdin.write(f"{word}\n")
        self._server.stdin.flush()
        return self._answer()

    def _answer(self) -> int:
        assert self._server.stdout is not None
        return int(self._server.stdout.readline())
