"""The other side of warm.py: a process that has imported everything, and forks a `monitor` for each request."""

from __future__ import annotations

import gc
import importlib
import io
import os
import pickle
import pkgutil
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import forkserver, resource_tracker, util
from pathlib import Path

MAX_REQUEST = 1 << 20


def serve() -> None:
    """Forks for ever; returns only in a fork, which is then set up as `python -m monitor ARGUMENTS` is."""
    requests = socket.socket(fileno=os.dup(0))
    sandboxes = _sandbox_servers()
    _import_all()
    _settle()
    while True:
        message, fds, _, _ = socket.recv_fds(requests, MAX_REQUEST, 4)
        if not message:
            os._exit(0)
        answers = socket.socket(fileno=fds[0])
        if not os.fork():
            requests.close()
            _mind(pickle.loads(message), answers, fds[1:], sandboxes)
            return
        answers.close()
        for fd in fds[1:]:
            os.close(fd)


def _settle() -> None:
    gc.collect()
    gc.freeze()  # or each fork goes through all of it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever waits for a fork is its minder


def _import_all() -> None:
    import quick_stores

    import monitor
    from monitor.adapters.store.sql import SqlStore
    from monitor.core.stories.idf import Idf
    from monitor.core.text.domains import registrable_domain
    from monitor.core.text.families import shipped_families
    from monitor.core.text.tokens import analyse

    for module in pkgutil.walk_packages(monitor.__path__, "monitor."):
        if not module.name.endswith("__main__"):
            with suppress(ImportError):  # of an extra that is not installed
                importlib.import_module(module.name)
    shipped_families()
    Idf.shipped()
    analyse("A word.")
    registrable_domain("https://news.example/")
    quick_stores.hurry()
    SqlStore("sqlite://").close()  # what migrates a store is imported by the first one
    _take_a_turn()


def _take_a_turn() -> None:
    """What is made once in a process, by its first article: a quarter of the CPU time of a daemon that has few."""
    from newsroom import Newsroom, item

    room = Newsroom()
    room.serve(item())
    room.turn()
    room.store.close()


def _mind(
    request: tuple[Sequence[str], str, dict[str, str]],
    answers: socket.socket,
    streams: Sequence[int],
    sandboxes: socket.socket,
) -> None:
    """Forks once more, for a process whose end somebody awaits; returns in that one."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if not pid:
        answers.close()
        _become(*request, streams, sandboxes)
        return
    for fd in (0, 1, 2, *streams):
        os.close(fd)
    sandboxes.close()
    with suppress(OSError):  # a test that has ended
        answers.sendall(pid.to_bytes(4, "big"))
        _, status = os.waitpid(pid, 0)
        answers.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))
    os._exit(0)


def _become(
    arguments: Sequence[str],
    folder: str,
    environment: dict[str, str],
    streams: Sequence[int],
    sandboxes: socket.socket,
) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = ["monitor", *arguments]
    streams = [os.fdopen(number, mode, closefd=False) for number, mode in enumerate(("rb", "wb", "wb"))]
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(streams[0], "utf-8")
    sys.stdout = sys.__stdout__ = io.TextIOWrapper(streams[1], "utf-8", line_buffering=os.isatty(1))
    sys.stderr = sys.__stderr__ = io.TextIOWrapper(streams[2], "utf-8", "backslashreplace", line_buffering=True)
    _use(sandboxes)
    own = Path(environment.get("PYTHONPATH", "").split(os.pathsep)[0]) / "sitecustomize.py"
    if own.is_file():  # what a test changes of a daemon, Python would have run at its start
        exec(own.read_text(encoding="utf-8"), {})


# ---- the fork server of its sandbox, warm too


def _use(sandboxes: socket.socket) -> None:
    """Has multiprocessing fork its helpers from the smaller process instead of starting new interpreters."""

    def spawn(_: bytes, command: Sequence[str], fds: Sequence[int]) -> int:
        ours, theirs = socket.socketpair()
        socket.send_fds(sandboxes, [pickle.dumps((command[-1], list(fds)))], [theirs.fileno(), *fds])
        theirs.close()
        with ours:
            return int.from_bytes(ours.recv(4), "big")

    server = forkserver._forkserver
    begin = server.ensure_running
    # It is no child of ours, so multiprocessing cannot ask whether it lives.
    server.ensure_running = lambda: begin() if server._forkserver_alive_fd is None else None  # type: ignore[method-assign]
    util.spawnv_passfds = spawn
    resource_tracker._resource_tracker._fd = None


def _sandbox_servers() -> socket.socket:
    """A process with no more imported than what a fork server has, which becomes one on request."""
    from monitor.app.children import PRELOADED

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork():
        theirs.close()
        return ours
    ours.close()
    for name in PRELOADED:
        importlib.import_module(name)
    _settle()
    while True:
        message, fds, _, _ = socket.recv_fds(theirs, MAX_REQUEST, 8)
        if not message:
            os._exit(0)
        if not os.fork():
            _be_helper(*pickle.loads(message), fds)
        for fd in fds:
            os.close(fd)


def _be_helper(code: str, numbers: Sequence[int], fds: Sequence[int]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    socket.socket(fileno=fds[0]).sendall(os.getpid().to_bytes(4, "big"))
    far = [os.dup2(fd, 500 + index, inheritable=False) for index, fd in enumerate(fds[1:])]
    os.closerange(3, 500)
    for fd, number in zip(far, numbers, strict=True):
        os.dup2(fd, number)
    os.closerange(500, 600)
    try:
        exec(code, {})
    finally:
        os._exit(0)
