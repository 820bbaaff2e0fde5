"""A connection that waits for the next message: used again, replaced when it died, and never the cause of a second
copy or of a failed attempt."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from digest_samples import message

from monitor.adapters.channels import email as email_module
from monitor.adapters.channels.email import EmailChannel
from monitor.model.delivery import SmtpSecurity, SmtpSettings
from monitor.model.digest import Message, MessageFormat
from monitor.model.errors import DeliveryFailed, DeliveryFault

MAIL = message(MessageFormat.EMAIL, html="<p>Torkham closed</p>" * 5000)
WILLING = {"EHLO": "250 here", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", "END": "250 queued"}
WILLING |= {"RSET": "250 ok", "QUIT": "221 bye"}
HANG_UP, STALL = "hang up", "stall"
# What the server does at a step, by number of connection and message, from 1; "" is the willing answer.
Script = Callable[[int, int, str], str]


class Server:
    """Takes mail after a script, and remembers what it took."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.taken: list[tuple[int, str]] = []  # (connection, Message-ID)
        self.said: list[list[str]] = []  # steps, by connection
        self.ended = threading.Semaphore(0)
        self.closing = threading.Event()
        self.port = 0

    def serve(self, handler: socketserver.StreamRequestHandler) -> None:
        self.said.append([])
        number, count = len(self.said), 0
        handler.wfile.write(b"220 test.example ESMTP\r\n")
        while line := handler.rfile.readline():
            step = line.split()[0].decode().upper()
            self.said[number - 1].append(step)
            count += step == "MAIL"
            if not self.answer(handler, number, count, step):
                return
            if step == "DATA":
                if self.script(number, count, "BODY") == HANG_UP:
                    handler.rfile.read(1000)
                    return
                body = b"".join(iter(handler.rfile.readline, b".\r\n"))
                key = body.partition(b"Message-ID: <")[2].partition(b"@")[0].decode()
                if self.script(number, count, "END")[:1] in ("", "h"):  # it has it even when it says nothing
                    self.taken.append((number, key))
                if not self.answer(handler, number, count, "END"):
                    return

    def answer(self, handler: socketserver.StreamRequestHandler, number: int, count: int, step: str) -> bool:
        said = self.script(number, count, step)
        if said == HANG_UP:
            return False
        if said == STALL:
            self.closing.wait(20)
            return False
        handler.wfile.write(f"{said or WILLING.get(step, '502 what?')}\r\n".encode())
        # "421" hangs up, and so does a server that has nobody's patience between two messages.
        idle = step == "END" and self.script(number, count, "IDLE") == HANG_UP
        return not said.startswith("421") and not idle and step != "QUIT"


@contextmanager
def serving(script: Script = lambda number, count, step: "") -> Iterator[Server]:
    server = Server(script)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                server.serve(self)
            except OSError:
                return

        def finish(self) -> None:
            with suppress(OSError):
                super().finish()
            server.ended.release()

    listening = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    server.port = listening.server_address[1]
    try:
        yield server
    finally:
        server.closing.set()
        listening.shutdown()
        listening.server_close()
        thread.join()


@contextmanager
def channel_to(server: Server, **more: float) -> Iterator[EmailChannel]:
    settings = SmtpSettings(
        "127.0.0.1", server.port, SmtpSecurity.NONE, "monitor@example.org", timeout=timedelta(seconds=5)
    )
    with closing(EmailChannel(settings, **more)) as channel:
        yield channel


# More than the sockets of both sides hold: the sender is still at it when the server hangs up.
HUGE = replace(MAIL, html="<p>Torkham closed</p>\n" * 1_000_000)


def send(channel: EmailChannel, *keys: str) -> None:
    for key in keys:
        assert channel.send(MAIL, "desk@example.org", key).detail == "250 queued"


def fault_of(channel: EmailChannel, key: str, mail: Message = MAIL) -> DeliveryFault:
    with pytest.raises(DeliveryFailed) as caught:
        channel.send(mail, "desk@example.org", key)
    return caught.value.fault


def test_the_next_message_goes_over_the_same_connection() -> None:
    with serving() as server, channel_to(server) as channel:
        send(channel, "k1", "k2", "k3")
        assert server.taken == [(1, "k1"), (1, "k2"), (1, "k3")]
        assert server.said[0].count("EHLO") == 1


def test_a_connection_that_nobody_uses_says_goodbye() -> None:
    with serving() as server, channel_to(server, keep=0.1) as channel:
        send(channel, "k1")
        assert server.ended.acquire(timeout=10)
        assert server.said[0][-1] == "QUIT"
        send(channel, "k2")
        assert server.taken == [(1, "k1"), (2, "k2")]


def test_a_channel_that_is_closed_says_goodbye_at_once() -> None:
    with serving() as server:
        with channel_to(server, keep=60) as channel:
            send(channel, "k1")
        assert server.ended.acquire(timeout=10)
        assert server.said[0][-1] == "QUIT"


@pytest.mark.parametrize(
    ("step", "what"),
    [
        ("IDLE", HANG_UP),
        ("MAIL", HANG_UP),
        ("MAIL", "421 too many messages"),
        ("MAIL", "452 too many messages"),
        ("MAIL", "503 who are you?"),
        ("RCPT", HANG_UP),
        ("RCPT", "421 closing"),
        ("DATA", HANG_UP),
        ("DATA", "421 closing"),
    ],
)
def test_a_connection_that_dies_before_the_end_of_a_message_is_replaced(step: str, what: str) -> None:
    after = 1 if step == "IDLE" else 2

    def script(number: int, count: int, at: str) -> str:
        return what if (number, count, at) == (1, after, step) else ""

    with serving(script) as server, channel_to(server) as channel:
        send(channel, "k1", "k2", "k3")
        assert server.taken == [(1, "k1"), (2, "k2"), (2, "k3")]


def test_a_connection_that_stalls_is_replaced_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email_module, "_PROBE", 0.2)

    def script(number: int, count: int, at: str) -> str:
        return STALL if (number, count, at) == (1, 2, "MAIL") else ""

    with serving(script) as server, channel_to(server) as channel:
        send(channel, "k1")
        start = time.monotonic()
        send(channel, "k2")
        assert time.monotonic() - start < 3
        assert server.taken == [(1, "k1"), (2, "k2")]


def test_an_answer_lost_after_the_end_of_a_message_is_unknown_and_not_sent_again() -> None:
    def script(number: int, count: int, at: str) -> str:
        return HANG_UP if (number, count, at) == (1, 2, "END") else ""

    with serving(script) as server, channel_to(server) as channel:
        send(channel, "k1")
        assert fault_of(channel, "k2") is DeliveryFault.UNKNOWN
        assert server.taken == [(1, "k1"), (1, "k2")]
        send(channel, "k2")  # the outbox tries again, with the same Message-ID
        assert server.taken[-1] == (2, "k2")


def test_a_server_that_hangs_up_inside_a_message_has_nothing_of_it() -> None:
    def script(number: int, count: int, at: str) -> str:
        return HANG_UP if (number, count, at) in ((1, 1, "BODY"), (2, 2, "BODY")) else ""

    with serving(script) as server, channel_to(server) as channel:
        assert fault_of(channel, "k1", HUGE) is DeliveryFault.UNREACHABLE
        send(channel, "k2")
        assert channel.send(HUGE, "desk@example.org", "k3").detail == "250 queued"
        assert server.taken == [(2, "k2"), (3, "k3")]


def test_a_server_that_is_gone_for_the_new_connection_too_is_a_failure() -> None:
    def script(number: int, count: int, at: str) -> str:
        return HANG_UP if (number, count, at) != (1, 1, at) and at == "MAIL" else ""

    with serving(script) as server, channel_to(server) as channel:
        send(channel, "k1")
        assert fault_of(channel, "k2") is DeliveryFault.UNREACHABLE
        assert len(server.said) == 2


@pytest.mark.parametrize(
    ("step", "answer", "fault"),
    [
        ("RCPT", "550 no such user", DeliveryFault.REFUSED),
        ("RCPT", "451 greylisted", DeliveryFault.TEMPORARY),
        ("END", "554 spam", DeliveryFault.REFUSED),
        ("END", "452 full", DeliveryFault.TEMPORARY),
    ],
)
def test_a_refused_message_leaves_the_connection_to_the_next(step: str, answer: str, fault: DeliveryFault) -> None:
    """One message for each recipient: what is said to one is nothing to the next."""

    def script(number: int, count: int, at: str) -> str:
        return answer if (count, at) == (2, step) else ""

    with serving(script) as server, channel_to(server) as channel:
        send(channel, "k1")
        assert fault_of(channel, "k2") is fault
        send(channel, "k3")
        assert server.taken == [(1, "k1"), (1, "k3")]
        assert server.said[0].count("RSET") == 1


def test_a_refusal_stands_when_the_connection_dies_with_it() -> None:
    def script(number: int, count: int, at: str) -> str:
        return {"RCPT": "550 no such user", "RSET": HANG_UP}.get(at, "") if number == 1 else ""

    with serving(script) as server, channel_to(server) as channel:
        assert fault_of(channel, "k1") is DeliveryFault.REFUSED
        send(channel, "k2")


def test_a_connection_ends_after_a_hundred_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(email_module, "_MOST_MESSAGES", 3)
    with serving() as server, channel_to(server) as channel:
        send(channel, "k1", "k2", "k3", "k4")
        assert [number for number, _ in server.taken] == [1, 1, 1, 2]


def test_several_threads_never_share_a_connection_and_lose_nothing() -> None:
    with serving() as server, channel_to(server) as channel:
        threads = [
            threading.Thread(target=send, args=(channel, *(f"k{one}x{n}" for n in range(25)))) for one in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(key for _, key in server.taken) == sorted(
            f"k{one}x{n}" for one in range(4) for n in range(25)
        )
        assert len(server.said) <= 4
