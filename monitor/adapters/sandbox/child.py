"""The child's side: takes one task after the other until its parent is gone.

The kernel keeps every limit, so that a child stuck in C code, or orphaned by `kill -9`, still ends.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import resource
import signal
import socket
from dataclasses import dataclass
from enum import StrEnum

from monitor.adapters.sandbox.frames import FrameBroken, receive_frame, send_frame
from monitor.model.errors import MonitorError

EXIT_MEMORY = 77  # told apart from a crash by the parent
READY = b"ready"
_ENDERS = frozenset({signal.SIGALRM, signal.SIGPROF, signal.SIGIO})  # wall time, CPU time, parent gone
MAX_DETAIL = 300  # characters of an exception's text that travel back


class AnswerKind(StrEnum):
    """What came of a task."""

    VALUE = "value"
    OUR_ERROR = "our_error"  # a MonitorError: raised in the parent as it is
    RAISED = "raised"  # anything else: its one line


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one child: seconds of wall time and CPU per task, bytes of address space (None: no limit)."""

    seconds: float
    cpu_seconds: float
    memory_bytes: int | None


def serve(stream: socket.socket, lifeline: socket.socket, limits: Limits) -> None:
    """Runs tasks from `stream` until it closes; never returns. Ends at once when `lifeline` closes."""
    _settle_in(limits)
    _end_with_parent(lifeline)
    try:
        send_frame(stream, READY)
        while True:
            request = receive_frame(stream)
            _arm_timers(limits.seconds, limits.cpu_seconds)
            answer = _run(request)
            del request
            _arm_timers(limits.seconds, 0.0)  # a parent that stopped reading must not hold us for ever
            send_frame(stream, answer)
            del answer
            _arm_timers(0.0, 0.0)
    except FrameBroken:
        pass  # the parent closed its end: our work is over
    except MemoryError:
        os._exit(EXIT_MEMORY)
    os._exit(0)  # no clean-up of library state: nothing here is worth a hang at exit


def _run(request: bytes) -> bytes:
    try:
        function, args, kwargs = pickle.loads(request)  # noqa: S301 - written by our own parent
        value = function(*args, **kwargs)
        return pickle.dumps((AnswerKind.VALUE, value, peak_memory()), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        # The heap may be in any state: this child answers nothing more.
        os._exit(EXIT_MEMORY)
    except MonitorError as error:
        return _our_error(error)
    except BaseException as error:  # SystemExit too: the loop must go on
        return pickle.dumps((AnswerKind.RAISED, one_line(error), peak_memory()))


def _our_error(error: MonitorError) -> bytes:
    try:
        answer = pickle.dumps((AnswerKind.OUR_ERROR, error, peak_memory()))
        pickle.loads(answer)  # noqa: S301 - our own bytes: an error that cannot be read back must not reach the parent
    except Exception:
        return pickle.dumps((AnswerKind.RAISED, one_line(error), peak_memory()))
    return answer


def peak_memory() -> int:
    """The most bytes of memory that this process has held at a time: what was once needed is rarely given back."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def one_line(error: BaseException) -> str:
    """`ValueError: what it says`, first line only, cut."""
    try:
        said = " ".join(str(error).splitlines()[:1])
    except Exception:
        said = "(unprintable)"
    name = type(error).__name__
    return (f"{name}: {said}" if said else name)[:MAX_DETAIL]


def _settle_in(limits: Limits) -> None:
    # Ctrl-C and a service manager's TERM go to the whole group; the daemon still needs us to finish its stage.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for ender in _ENDERS:
        signal.signal(ender, signal.SIG_DFL)  # the default ends the process, whatever Python is doing
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDERS)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):  # neither the parent's terminal nor its pipes stay open through us
        os.dup2(null, standard)
    if null > 2:
        os.close(null)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limits.memory_bytes is not None:
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))


def _end_with_parent(lifeline: socket.socket) -> None:
    """Has the kernel end a busy child, stuck in C code or not, when the parent's end closes (fcntl(2), O_ASYNC).

    Nothing is ever sent on it. PR_SET_PDEATHSIG would not do: our parent by birth is the fork server.
    """
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)


def _arm_timers(seconds: float, cpu_seconds: float) -> None:
    """Wall and CPU limits of the next step; 0 disarms. The parent keeps the wall limit too, and sooner."""
    signal.setitimer(signal.ITIMER_REAL, seconds * 1.5 + 1 if seconds else 0.0)
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
