"""A real SMTP server on loopback that answers as it is told."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

PASSWORD = "correct horse"


class MailServer:
    """Keeps what it is sent. `answers` replaces the answer to RCPT or DATA; `drop_after_data` hangs up instead."""

    def __init__(self) -> None:
        self.received: list[Envelope] = []
        self.tls_used: list[bool] = []
        self.answers: dict[str, str] = {}
        self.drop_after_data = False
        self.port = 0
        self.logins: list[str] = []  # mechanisms
        self.connections = 0

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Envelope, address: str, options: Any) -> str:
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Envelope) -> str:
        self.received.append(envelope)
        self.tls_used.append(session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None)
        if self.drop_after_data:
            server.transport.abort()
        return self.answers.get("DATA", "250 2.0.0 queued")


def _authenticate(server: SMTP, session: Any, envelope: Envelope, mechanism: str, given: Any) -> AuthResult:
    server.event_handler.logins.append(mechanism)
    right = isinstance(given, LoginPassword) and given.password == PASSWORD.encode()
    return AuthResult(success=right, handled=False)


class _AnyPort(Controller):
    """Knocks at the port it was given, not at the 0 it asked for; counts who connects."""

    def factory(self) -> SMTP:
        self.handler.connections += 1
        return super().factory()

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(
    *,
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    auth: bool = False,
    without: Sequence[str] = (),
) -> Iterator[MailServer]:
    """A running server; closed at the end. `without` are the ways to log in that it does not offer."""
    handler = MailServer()
    options: dict[str, Any] = {"tls_context": starttls, "require_starttls": starttls is not None}
    if auth:
        options |= {
            "authenticator": _authenticate,
            "auth_required": True,
            "auth_require_tls": starttls is not None,
            "auth_exclude_mechanism": without,
        }
    controller = _AnyPort(handler, hostname="127.0.0.1", port=0, ssl_context=tls, enable_SMTPUTF8=True, **options)
    controller.start()
    try:
        handler.port = controller.port
        handler.connections = 0  # but for the one that asked whether it listens
        yield handler
    finally:
        controller.stop()


def certificate(directory: Path, name: str = "localhost") -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a fresh certificate for that name, and a client's that trusts it."""
    key, cert = directory / "key.pem", directory / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(cert), "-days", "2", "-subj", f"/CN={name}"]
    command += ["-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=str(cert))
