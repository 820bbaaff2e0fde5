"""The Sandbox port over a small pool of forkserver children (architecture design "Sandbox").

ProcessPoolExecutor is not used: it cannot cancel a call, and one kill breaks the others' tasks. The limits
guard against runaway input; they are no wall against a child that was taken over.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import pickle
import queue
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing import resource_tracker
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

from monitor.adapters.sandbox.child import EXIT_MEMORY, READY, AnswerKind, Limits, one_line, serve
from monitor.adapters.sandbox.frames import FrameBroken, FrameLate, receive_frame, send_frame
from monitor.model.errors import MonitorError, SandboxFailed, SandboxReason

P = ParamSpec("P")
T = TypeVar("T")

# Imported once by the fork server and shared by its children; the parent imports none of the libraries.
PRELOAD = (
    "monitor.adapters.sandbox.one_thread",
    "monitor.adapters.sandbox.child",
    "monitor.core.feeds.parse",
    "monitor.core.articles.extract",
    "feedparser",
    "trafilatura",
)
RESIDENT = 200 << 20
"""Bytes of memory from which on a child is replaced after its task. A hundred ordinary pages leave it at 155 MB,
with the model of language detection; one of 1.3 MB at 209, a few of 5 MB at 750, which nobody would get back."""
_START_SECONDS = 60.0  # a loaded machine may import slowly; counted apart from any task
_END_SECONDS = 5.0
# multiprocessing keeps one list of children and polls them all at each start: two threads would steal
# each other's exit codes.
_PROCESSES = threading.Lock()


class _Child:
    """One process and our end of its stream. Used by one thread at a time."""

    def __init__(self, context: ForkServerContext, limits: Limits) -> None:
        self.tasks = 0
        self.peak_bytes = 0
        self.stream, theirs = socket.socketpair()
        self._lifeline, their_lifeline = socket.socketpair()
        self.process: ForkServerProcess = context.Process(
            target=serve, args=(theirs, their_lifeline, limits), name="monitor-sandbox", daemon=True
        )
        try:
            with _PROCESSES:
                _start_detached(self.process)
            theirs.close()
            their_lifeline.close()
            if receive_frame(self.stream, time.monotonic() + _START_SECONDS) != READY:
                raise FrameBroken("no greeting")
        except BaseException:
            theirs.close()
            their_lifeline.close()
            self.end()
            raise

    def is_usable(self) -> bool:
        """Whether it still waits for work: an idle child says nothing, so anything readable is its end."""
        poller = select.poll()  # select.select ends at descriptor 1,023
        poller.register(self.stream, select.POLLIN)
        return not poller.poll(0)

    def end(self) -> None:
        """Ends the process now and frees what it held; safe to call twice."""
        self.stream.close()
        if self.process.pid is not None:
            with _PROCESSES:
                self.process.kill()
                self.process.join(_END_SECONDS)
        self._lifeline.close()

    def kill(self) -> None:
        """Ends the process and leaves the stream to whoever waits on it."""
        with _PROCESSES:
            self.process.kill()

    def exit_code(self) -> int | None:
        """How a process that closed its stream ended."""
        with _PROCESSES:
            self.process.join(_END_SECONDS)
            return self.process.exitcode


class ProcessSandbox:
    """Runs functions in children that are killed at their limits; keeps the Sandbox port.

    `workers` children at most, started when first needed; a call waits when all are busy. Limits hold per
    task: `seconds` of wall time, `cpu_seconds`, and `memory_bytes` of address space (None: no limit). A child
    is replaced after a kill, a MemoryError, `tasks_per_child` tasks, or a task that took its memory over
    `resident_bytes` (None: no limit). `preload` names modules the fork
    server imports; it is read once per parent process, when the first child starts.
    """

    def __init__(
        self,
        workers: int = 2,
        seconds: float = 20.0,
        cpu_seconds: float = 10.0,
        memory_bytes: int | None = 1 << 30,
        tasks_per_child: int = 500,
        resident_bytes: int | None = RESIDENT,
        preload: Sequence[str] = PRELOAD,
    ) -> None:
        self._limits = Limits(seconds, cpu_seconds, memory_bytes)
        self._tasks_per_child = tasks_per_child
        self._resident_bytes = resident_bytes
        self._preload = list(preload)
        self._workers = workers
        # Last in, first out: a warm child is taken before a slot that has none.
        self._slots: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(workers):
            self._slots.put(None)
        self._lock = threading.Lock()
        self._live: set[_Child] = set()
        self._closed = False
        self._at_exit = False

    def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's value, computed in a child; see `ports.Sandbox`."""
        task = getattr(function, "__name__", "task")
        if function.__module__ == "__main__":
            raise SandboxFailed(task, SandboxReason.RAISED, "cannot be sent: children do not import __main__")
        child = self._slots.get()
        kept: _Child | None = None
        try:
            child = self._ready(child, task)
            answer = self._exchange(child, task, (function, args, kwargs))
            kept = child
        finally:
            # Whatever went wrong, KeyboardInterrupt included, a child in an unknown state is not used again.
            if kept is None or self._is_worn(kept):
                self._drop(child)
                kept = None
            self._slots.put(kept)
        kind, value = answer
        if kind is AnswerKind.OUR_ERROR:
            raise value
        if kind is AnswerKind.RAISED:
            raise SandboxFailed(task, SandboxReason.RAISED, value)
        result: T = value
        return result

    def close(self) -> None:
        """Ends all children, busy ones too: their callers get SandboxFailed. Safe to call twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            live = list(self._live)
        atexit.unregister(self.close)
        for child in live:
            child.kill()  # a busy one's caller sees the stream close, and gives the slot back
        with contextlib.suppress(queue.Empty):
            for _ in range(self._workers):
                self._drop(self._slots.get(timeout=_END_SECONDS))
        for _ in range(self._workers):
            self._slots.put(None)  # a later call must not wait for ever: it is told that all is closed

    def _ready(self, child: _Child | None, task: str) -> _Child:
        if self._is_closed():
            raise SandboxFailed(task, SandboxReason.CRASHED, "the sandbox is closed")
        if child is not None and child.is_usable():
            return child
        self._drop(child)
        try:
            started = _Child(self._context(), self._limits)
        except (OSError, FrameBroken, FrameLate) as error:
            raise SandboxFailed(task, SandboxReason.CRASHED, f"no child: {one_line(error)}") from error
        with self._lock:
            if not self._at_exit:
                # Registered after multiprocessing's own exit hook, so it runs before: that one would wait for
                # children that ignore its TERM.
                atexit.register(self.close)
                self._at_exit = True
            self._live.add(started)
        if self._is_closed():
            self._drop(started)
            raise SandboxFailed(task, SandboxReason.CRASHED, "the sandbox is closed")
        return started

    def _is_worn(self, child: _Child) -> bool:
        grown = self._resident_bytes is not None and child.peak_bytes > self._resident_bytes
        return grown or child.tasks >= self._tasks_per_child

    def _is_closed(self) -> bool:
        with self._lock:
            return self._closed

    def _context(self) -> ForkServerContext:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(self._preload)
        return context

    def _exchange(self, child: _Child, task: str, call: tuple[Any, ...]) -> tuple[AnswerKind, Any]:
        # Packed here and let go at once: it may be large, and many may wait for a child.
        request = _packed(task, call)
        deadline = time.monotonic() + self._limits.seconds
        child.tasks += 1
        try:
            send_frame(child.stream, request, deadline)
            del request
            answer = receive_frame(child.stream, deadline)
        except FrameLate:
            raise SandboxFailed(
                task, SandboxReason.TIMEOUT, f"no answer within {self._limits.seconds:g} s"
            ) from None
        except FrameBroken as error:
            raise self._failure(task, child.exit_code(), str(error)) from None
        try:
            kind, value, child.peak_bytes = pickle.loads(answer)  # noqa: S301 - written by our own child
        except Exception as error:
            raise SandboxFailed(task, SandboxReason.RAISED, f"unreadable answer: {one_line(error)}") from error
        return kind, value

    def _failure(self, task: str, code: int | None, detail: str) -> MonitorError:
        if self._is_closed():
            return SandboxFailed(task, SandboxReason.CRASHED, "the sandbox was closed")
        if code == EXIT_MEMORY:
            limit = (self._limits.memory_bytes or 0) // (1 << 20)
            return SandboxFailed(task, SandboxReason.MEMORY, f"over {limit} MiB" if limit else "")
        if code == -signal.SIGPROF:
            return SandboxFailed(task, SandboxReason.CPU, f"over {self._limits.cpu_seconds:g} s of CPU")
        if code == -signal.SIGALRM:
            return SandboxFailed(task, SandboxReason.TIMEOUT, "")
        if code is not None and code < 0:
            return SandboxFailed(task, SandboxReason.CRASHED, f"killed by {signal.Signals(-code).name}")
        return SandboxFailed(task, SandboxReason.CRASHED, f"exit code {code}" if code else detail)

    def _drop(self, child: _Child | None) -> None:
        if child is not None:
            with self._lock:
                self._live.discard(child)
            child.end()


def _packed(task: str, call: tuple[Any, ...]) -> bytes:
    try:
        return pickle.dumps(call, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        raise SandboxFailed(task, SandboxReason.RAISED, f"cannot be sent: {one_line(error)}") from error


def _start_detached(process: ForkServerProcess) -> None:
    """Starts with INT and TERM blocked: the fork server inherits that, and outlives a signal to the group."""
    # The tracker's own start unblocks both signals again, so it must have happened before.
    resource_tracker.ensure_running()
    quiet = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, quiet)
    main = sys.modules["__main__"]
    # multiprocessing makes each child import the parent's main script again, found by the path it was started
    # from: that costs a second, runs scripts without a guard twice, and fails once an upgrade has moved the file.
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        process.start()
    finally:
        sys.modules["__main__"] = main
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
