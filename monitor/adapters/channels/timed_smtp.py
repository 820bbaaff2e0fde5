"""An SMTP connection that ends at a deadline: the timeouts of `smtplib` are per read, and a server may drip."""

from __future__ import annotations

import io
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

# Most bytes of answers to one message: a server that never stops talking must not fill the memory.
LONGEST_ANSWERS = 1_000_000
# Bytes handed over at a time, each with the time that is left: 50 kB of mail are four steps.
_PIECE = 16_384
_DOT = re.compile(rb"^\.", re.MULTILINE)


class TimedSmtp(smtplib.SMTP):
    """`smtplib.SMTP` whose reads and writes all end `deadline` seconds after it was made, or restarted.

    `timeout` bounds each single step, in seconds; `tls` is given when TLS starts with the first byte. What takes
    too long raises TimeoutError or SMTPServerDisconnected ("timed out"). Only the look-up of the host name is
    bounded by the system's resolver instead.
    """

    def __init__(
        self,
        host: str,
        port: int,
        local_hostname: str,
        *,
        timeout: float,
        deadline: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Connects and reads the greeting. Raises what `smtplib.SMTP` raises."""
        self._step = timeout
        self._ends = time.monotonic() + deadline
        self._tls = tls
        self._reading: _TimedReading | None = None
        self.greeting = b""
        self.messages = 0  # handed over, taken or not
        self.ended = False  # the line that ends the message may have reached the server: it may have it
        super().__init__(host, port, local_hostname, timeout=timeout)

    def connect(self, host: str = "localhost", port: int = 0, source_address: Any = None) -> tuple[int, bytes]:
        """Reaches the server, starts TLS if it is to come first, and returns the greeting."""
        reached = self._reach(host, port)
        self.sock = reached if self._tls is None else self._tls.wrap_socket(reached, server_hostname=host)
        self.file = None
        code, self.greeting = self.getreply()
        return code, self.greeting

    def restart(self, deadline: float) -> None:
        """Before the next message: `deadline` seconds from now, and as many bytes of answers as at first."""
        self._ends = time.monotonic() + deadline
        self.ended = False
        if self._reading is not None:
            self._reading.taken = 0

    @property
    def protection(self) -> str:
        """How the connection is protected: "TLSv1.3 TLS_AES_256_GCM_SHA384", or "not encrypted"."""
        sock = self.sock
        cipher = sock.cipher() if isinstance(sock, ssl.SSLSocket) else None
        return f"{cipher[1]} {cipher[0]}" if cipher else "not encrypted"

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Hands over a message, whose lines end with CR LF; the answer as (code, text).

        Until `ended` is true the server cannot have it, whatever is raised: what SMTP.data raises.
        """
        self.ended = False
        self.messages += 1
        code, answer = self.docmd("data")
        if code != 354:
            raise smtplib.SMTPDataError(code, answer)
        self.send(_DOT.sub(b"..", msg))  # RFC 5321 §4.5.2
        self.ended = True
        self.send(b".\r\n")
        return self.getreply()

    def getreply(self) -> tuple[int, bytes]:
        """The next answer as (code, text). Raises SMTPServerDisconnected."""
        if self.file is None and self.sock is not None:
            self._reading = _TimedReading(self.sock, self._left)
            self.file = io.BufferedReader(self._reading)
        reply = super().getreply()
        if self.sock is not None:
            # A TLS handshake may follow, which takes its time limit from the socket. Never 0: that is "at once".
            self.sock.settimeout(max(min(self._step, self._ends - time.monotonic()), 0.001))
        return reply

    def send(self, s: Any) -> None:
        """Sends text or bytes. Raises TimeoutError or SMTPServerDisconnected."""
        content: bytes = s.encode(self.command_encoding) if isinstance(s, str) else s
        for start in range(0, len(content), _PIECE):
            if self.sock is not None:
                self.sock.settimeout(self._left())
            super().send(content[start : start + _PIECE])

    def _reach(self, host: str, port: int) -> socket.socket:
        trouble: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            reached = socket.socket(family, kind, protocol)
            try:
                reached.settimeout(self._left())
                # The dot that ends a message must not wait for the server to have acknowledged what is before it.
                reached.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                reached.connect(address)
                return reached
            except OSError as error:
                reached.close()
                trouble = error
        raise trouble

    def _left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return min(self._step, left)


class _TimedReading(io.RawIOBase):
    """A socket's bytes; every read gets only the time that is left."""

    def __init__(self, sock: socket.socket, left: Callable[[], float]) -> None:
        self._sock = sock
        self._left = left
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.taken > LONGEST_ANSWERS:
            raise OSError("the server says too much")
        self._sock.settimeout(self._left())
        taken = self._sock.recv_into(buffer)
        self.taken += taken
        return taken
