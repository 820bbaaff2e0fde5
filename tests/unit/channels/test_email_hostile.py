"""Mail servers that refuse early, talk nonsense, echo secrets or drip."""

from __future__ import annotations

import base64
import socketserver
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from digest_samples import message

from monitor.adapters.channels.email import EmailChannel
from monitor.model.delivery import SmtpSecurity, SmtpSettings
from monitor.model.digest import MessageFormat
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.secret import Secret

PASSWORD = "open sesame"
MAIL = message(MessageFormat.EMAIL)
# What a willing server says; END is its answer to the message itself.
WILLING = {
    "GREETING": "220 ready",
    "EHLO": "250-here\n250 AUTH PLAIN",
    "AUTH": "235 welcome",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "DATA": "354 go on",
    "END": "250 queued",
    "QUIT": "221 bye",
}


@contextmanager
def saying(dripping: str | None = None, **answers: str) -> Iterator[int]:
    """The port of a server with these answers; the answer `dripping` comes one byte per 0.1 s, without an end."""
    said = {**WILLING, **answers}
    closed = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, step: str) -> None:
            if step != dripping:
                lines = said.get(step, "502 what?").splitlines()
                self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())
                return
            while not closed.wait(0.1):
                self.wfile.write(b"2")

        def handle(self) -> None:
            try:
                self.say("GREETING")
                while line := self.rfile.readline():
                    step = line.split()[0].decode().upper()
                    self.say(step)
                    if step == "DATA" and said["DATA"].startswith("354"):
                        while self.rfile.readline() not in (b".\r\n", b""):
                            pass
                        self.say("END")
            except OSError:
                return

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        closed.set()
        server.shutdown()
        server.server_close()
        thread.join()


def channel(port: int, *, deadline: float = 10.0, login: bool = True, keep: float = 0) -> EmailChannel:
    secret = Secret(PASSWORD) if login else None
    settings = SmtpSettings(
        "127.0.0.1",
        port,
        SmtpSecurity.NONE,
        "monitor@example.org",
        "desk" if login else None,
        secret,
        timedelta(seconds=5),
    )
    return EmailChannel(settings, deadline=deadline, keep=keep)


def failure_of(to: EmailChannel) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        to.send(MAIL, "desk@example.org", "abc")
    assert caught.value.detail.isprintable()
    shown = "".join(traceback.format_exception(caught.value))
    for secret in (PASSWORD, *(base64.b64encode(s).decode() for s in (b"open sesame", b"\0desk\0open sesame"))):
        assert secret not in shown
    return caught.value


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ("GREETING", "554 your address is listed"),
        ("EHLO", "550 not you"),
        ("AUTH", "504 unrecognized"),
        ("AUTH", "535 wrong"),
        ("MAIL", "550 sender rejected"),
        ("MAIL", "552 too much of you"),
        ("DATA", "554 not today"),
    ],
)
def test_a_server_that_refuses_us_and_not_the_message_is_asked_again(step: str, answer: str):
    with saying(**{step: answer, "HELO": answer}) as port:
        failure = failure_of(channel(port))
    assert failure.fault is DeliveryFault.BROKEN_RECEIVER
    assert failure.detail.startswith(answer)


@pytest.mark.parametrize("step", ["RCPT", "END"])
@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("550 no such user", DeliveryFault.REFUSED),
        ("554 spam", DeliveryFault.REFUSED),
        ("552 5.2.2 mailbox full", DeliveryFault.TEMPORARY),
        ("530 log in first", DeliveryFault.BROKEN_RECEIVER),
        ("451 later", DeliveryFault.TEMPORARY),
    ],
)
def test_a_message_is_refused_at_its_address_or_at_its_end(step: str, answer: str, fault: DeliveryFault):
    with saying(**{step: answer}) as port:
        assert failure_of(channel(port)).fault is fault


@pytest.mark.parametrize("step", list(WILLING)[:5])
def test_busy_is_temporary_wherever_it_is_said(step: str):
    with saying(**{step: "421 busy", "HELO": "421 busy"}) as port:
        assert failure_of(channel(port)).fault is DeliveryFault.TEMPORARY


def test_a_challenge_that_is_no_base64_fails_like_anything_else():
    with saying(EHLO="250-here\n250 AUTH CRAM-MD5", AUTH="334 a") as port:
        failure = failure_of(channel(port))
    assert failure.fault is DeliveryFault.TEMPORARY
    assert failure.detail == "internal error: binascii.Error"


@pytest.mark.parametrize(
    "echo",
    [
        f"535 {PASSWORD}?",
        f"535 AUTH PLAIN {base64.b64encode(b'%cdesk%copen sesame' % (0, 0)).decode()}",
        f"535 {base64.b64encode(PASSWORD.encode()).decode()}",
        f"535 {'x' * 290}{PASSWORD}",
        f"334 {base64.b64encode(b'go on').decode()} {PASSWORD}",
    ],
)
def test_a_server_that_echoes_the_password_is_not_quoted(echo: str):
    asks_for_ever = {base64.b64encode(b"\0desk\0open sesame").decode().upper(): echo}
    with saying(AUTH=echo, **asks_for_ever) as port:
        failure = failure_of(channel(port))
    assert "open" not in failure.detail


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("GREETING", DeliveryFault.UNREACHABLE),
        ("EHLO", DeliveryFault.UNREACHABLE),
        ("AUTH", DeliveryFault.UNREACHABLE),
        ("RCPT", DeliveryFault.UNREACHABLE),
        ("END", DeliveryFault.UNKNOWN),
    ],
)
def test_a_dripping_server_is_left_at_the_deadline(step: str, fault: DeliveryFault):
    with saying(dripping=step) as port:
        start = time.monotonic()
        failure = failure_of(channel(port, deadline=0.5))
        taken = time.monotonic() - start
    assert failure.fault is fault
    assert "timed out" in failure.detail
    assert 0.4 < taken < 2


def test_a_goodbye_that_drips_changes_no_receipt():
    with saying(dripping="QUIT") as port:
        receipt = channel(port, deadline=0.5).send(MAIL, "desk@example.org", "abc")
    assert receipt.detail == "250 queued"


def test_a_server_that_never_stops_talking_is_left():
    with saying(EHLO="\n".join(["250-" + "x" * 500] * 3000)) as port:
        failure = failure_of(channel(port))
    assert failure.fault is DeliveryFault.UNREACHABLE
    assert "too much" in failure.detail


def test_a_long_message_arrives_whole():
    long = message(MessageFormat.EMAIL, text="line\n" * 50_000)
    with saying() as port:
        assert channel(port).send(long, "desk@example.org", "abc").detail == "250 queued"
