"""Real `monitor` processes that start at once: forks of one that has imported everything already.

Most of a start is Python's imports. Each of these is a process of its own, with its own arguments, folder,
environment, streams, signals, files and children: to it, too, `kill -9` is final. Where the start itself is under
test, `python -m monitor` is what to run.
"""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

_SERVER = "import warm_server; warm_server.serve(); from monitor.__main__ import main; main()"


@cache
def _requests() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    support = str(Path(__file__).parent)
    path = os.pathsep.join(filter(None, [support, *sys.path]))
    environment = {**os.environ, "PYTHONPATH": path}
    # It ends when our end of the socket closes, which is when we end.
    subprocess.Popen([sys.executable, "-c", _SERVER], env=environment, stdin=theirs, stdout=subprocess.DEVNULL)
    theirs.close()
    return ours


class WarmProcess:
    """What a test uses of subprocess.Popen."""

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        streams: tuple[IO[str] | IO[bytes] | int, IO[str] | IO[bytes] | int, IO[str] | IO[bytes] | int],
    ) -> None:
        self.args = ["monitor", *arguments]
        self.returncode: int | None = None
        self._answers, theirs = socket.socketpair()
        request = pickle.dumps((list(arguments), str(folder), dict(environment)))
        fds = [stream if isinstance(stream, int) else stream.fileno() for stream in streams]
        socket.send_fds(_requests(), [request], [theirs.fileno(), *fds])
        theirs.close()
        self.pid = int.from_bytes(self._receive(), "big")

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        try:
            return self.wait(timeout=0.0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """The same, once it has ended; raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            self._answers.settimeout(timeout)
            try:
                self.returncode = int.from_bytes(self._receive(), "big", signed=True)
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0) from None
            self._answers.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Sends it, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _receive(self) -> bytes:
        answer = self._answers.recv(4)
        assert len(answer) == 4, "the warm server has ended: its message is in the error output"
        return answer


def run(
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    input: str | None = None,
    timeout: float = 120,
    together: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Runs `monitor ARGUMENTS` to its end; `together` puts its errors into its output, in their order."""
    with TemporaryFile() as given, TemporaryFile() as said, TemporaryFile() as wrong:
        given.write((input or "").encode())
        given.seek(0)
        process = WarmProcess(arguments, folder, environment, (given, said, said if together else wrong))
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        said.seek(0)
        wrong.seek(0)
        return subprocess.CompletedProcess(process.args, code, said.read().decode(), wrong.read().decode())
