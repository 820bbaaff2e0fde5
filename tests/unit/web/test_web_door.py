"""The web server in its thread: bounded, quiet, and gone when it is told to go."""

from __future__ import annotations

import errno
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from desk import eventually
from structlog.testing import capture_logs
from talk import PATIENCE, ask, connected, everything, said

from monitor.app.vitals import Health
from monitor.model.errors import CannotListen
from monitor.model.web import ListenAddress
from monitor.web import Views, WebDoor, build_pages, door, listen

HERE = ListenAddress("127.0.0.1", 0)
HAS_IPV6 = Path("/proc/net/if_inet6").exists() and "lo" in Path("/proc/net/if_inet6").read_text(encoding="ascii")
METRICS = (b"one 1\n", "text/plain")


def made(address: ListenAddress = HERE, metrics: Callable[[], tuple[bytes, str]] = lambda: METRICS) -> WebDoor:
    views = Views(Health, Health, metrics)
    return WebDoor(build_pages(views, address), listen(address))


@contextmanager
def opened(**more: Any) -> Iterator[WebDoor]:
    """An open door; shut at the end."""
    one = made(**more)
    one.start()
    try:
        yield one
    finally:
        assert one.stop(10)


def at(one: WebDoor) -> tuple[str, int]:
    return one.address.host, one.address.port


def thread_of(one: WebDoor) -> threading.Thread:
    return one._thread


# ---- listening


def test_an_open_door_answers_at_the_address_it_names() -> None:
    with opened() as one:
        assert one.address.port
        reply = ask(*at(one))
        assert (reply.status, reply.json["status"]) == (200, "ok")
        assert one.address.url == f"http://127.0.0.1:{one.address.port}"
        assert "server" not in reply.headers  # which library, and of what age, is nobody's business


def test_ipv6_is_answered_where_this_machine_has_it() -> None:
    address = ListenAddress("::1", 0)
    if not HAS_IPV6:
        with pytest.raises(CannotListen):
            listen(address)
        return
    with opened(address=address) as one:
        assert ask(*at(one)).status == 200
        assert one.address.url == f"http://[::1]:{one.address.port}"


def test_callers_wait_until_the_door_is_opened() -> None:
    one = made()
    with closing(connected(*at(one))) as early:
        early.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        one.start()
        assert said(everything(early)).status == 200
    assert one.stop(10)


def test_an_address_that_is_taken_is_told_in_one_sentence() -> None:
    with closing(listen(HERE)) as first:
        taken = ListenAddress("127.0.0.1", first.getsockname()[1])
        with pytest.raises(CannotListen) as caught:
            listen(taken)
    assert str(caught.value) == (
        f'[web] listen = "{taken}": another program listens there, perhaps another monitor; '
        "stop it or name another port"
    )
    listen(taken).close()  # and it is free again at once


@pytest.mark.parametrize(
    ("number", "said_of_it"),
    [
        (errno.EADDRNOTAVAIL, "no such address"),
        (errno.EACCES, "above 1023"),
        (errno.ENFILE, "Too many open files in system"),
    ],
)
def test_any_other_refusal_is_told_in_one_sentence(
    number: int, said_of_it: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(socket.socket, "listen", refuse)
    with pytest.raises(CannotListen, match=said_of_it):
        listen(HERE)


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    with pytest.raises(CannotListen, match="no such address"):
        listen(ListenAddress("192.0.2.1", 0))  # TEST-NET-1, RFC 5737: nobody's


# ---- bounds


@pytest.mark.parametrize("words", [b"", b"GET /heal", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: "])
def test_who_says_half_a_request_is_hung_up_on(words: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "LIFETIME", 0.3)
    with opened() as one, closing(connected(*at(one))) as slow:
        slow.sendall(words)
        assert everything(slow) == b""
        assert ask(*at(one)).status == 200


def test_who_drips_a_request_letter_by_letter_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "LIFETIME", 0.5)
    with opened() as one, closing(connected(*at(one))) as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\nX: ")

        def hung_up() -> bool:
            try:
                slow.sendall(b"x")
            except OSError:
                return True
            return False

        eventually(hung_up, "the end of patience")


def test_who_keeps_asking_is_hung_up_on_politely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "LIFETIME", 0.5)
    with opened() as one, closing(HTTPConnection(*at(one), timeout=PATIENCE)) as chatty:
        chatty.connect()
        chatty.auto_open = 0  # one connection, and no other when it has ended
        answers = 0

        def hung_up() -> bool:
            nonlocal answers
            try:
                chatty.request("GET", "/healthz")
                reply = chatty.getresponse()
            except (OSError, HTTPException):
                return True
            assert (reply.status, len(reply.read())) == (200, 42)  # whole, also the last one
            answers += 1
            return False

        eventually(hung_up, "the end of the connection")
        assert answers > 1


def test_an_answer_under_way_when_a_connection_ends_is_given_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "LIFETIME", 0.2)
    monkeypatch.setattr(door, "_LAST_WORDS", 60)
    monkeypatch.setattr(door, "KEEP_ALIVE", 1000)
    never = threading.Event()

    def slow() -> tuple[bytes, str]:
        never.wait(1)  # longer than the connection should live
        return METRICS

    with opened(metrics=slow) as one, closing(connected(*at(one))) as caller:
        caller.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        reply = said(everything(caller))
        assert (reply.status, reply.body) == (200, METRICS[0])


def test_who_does_not_take_the_answer_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "LIFETIME", 0.2)
    monkeypatch.setattr(door, "_LAST_WORDS", 0.2)
    served = threading.Event()

    def large() -> tuple[bytes, str]:
        served.set()
        return b"x" * 50_000_000, "text/plain"  # more than the two sockets hold

    with opened(metrics=large) as one, closing(connected(*at(one))) as idle:
        idle.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert served.wait(60)
        eventually(lambda: not one._server.server_state.connections, "the end of the connection")


def test_an_idle_connection_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "KEEP_ALIVE", 0.2)
    with opened() as one, closing(connected(*at(one))) as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert said(everything(idle)).status == 200


def test_who_comes_when_the_house_is_full_is_told_so_and_is_welcome_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "CONNECTIONS", 4)
    with opened() as one:
        with ExitStack() as guests:
            for _ in range(4):
                guests.enter_context(closing(connected(*at(one))))
            assert eventually(lambda: ask(*at(one)).status == 503, "a full house")
        assert eventually(lambda: ask(*at(one)).status == 200, "a place")


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 500_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 500_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",  # no Host
        b"GET /healthz HTTP/1.0\r\n\r\n",  # where none is needed
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: local\x00host\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,  # TLS
        b"\r\n" * 5000 + b"nonsense\r\n\r\n",
    ],
    ids=["header", "path", "no host", "no host of old", "two hosts", "nul", "tls", "nonsense"],
)
def test_what_is_no_request_or_too_long_for_one_is_refused_and_hung_up_on(request_: bytes) -> None:
    with opened() as one:
        with closing(connected(*at(one))) as rude:
            with_luck = b""
            try:
                rude.sendall(request_)
            except OSError:  # it has hung up already
                pass
            else:
                with_luck = everything(rude)
            assert with_luck == b"" or said(with_luck).status == 400
        assert ask(*at(one)).status == 200


def test_an_endless_body_is_neither_read_nor_waited_for() -> None:
    with opened() as one, closing(connected(*at(one))) as endless:
        endless.sendall(b"POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\nxxxx")
        assert endless.recv(65536).split()[1] in (b"405", b"413")


def test_while_every_thread_waits_for_the_store_the_daemon_still_says_that_it_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads = 40  # of anyio's pool
    monkeypatch.setattr(door, "CONNECTIONS", 2 * threads)
    let_go, waiting = threading.Event(), threading.Semaphore(0)

    def hang() -> tuple[bytes, str]:
        waiting.release()
        assert let_go.wait(60)
        return METRICS

    with opened(metrics=hang) as one, ExitStack() as guests:
        for _ in range(threads + 5):
            guest = guests.enter_context(closing(connected(*at(one))))
            guest.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            for _ in range(threads):
                assert waiting.acquire(timeout=60)
            assert ask(*at(one)).status == 200
        finally:
            let_go.set()


# ---- quiet


def test_the_server_says_nothing_whatever_is_asked(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with opened() as one:
        ask(*at(one), path="/?token=battery-staple")
        ask(*at(one), path="/nothing")
        ask(*at(one), Upgrade="websocket", Connection="Upgrade, close")
        with closing(connected(*at(one))) as rude:
            rude.sendall(b"nonsense\r\n\r\n")
            everything(rude)
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if record.name.startswith("uvicorn")]


# ---- the end


def test_a_door_that_is_shut_refuses_callers_and_its_port_is_free() -> None:
    with opened() as one:
        address = at(one)
    with pytest.raises(ConnectionRefusedError):
        connected(*address)
    listen(ListenAddress(*address)).close()


@pytest.mark.parametrize("words", [b"", b"GET /heal", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"])
def test_callers_who_hang_on_do_not_hold_up_the_end(words: bytes) -> None:
    one = made()
    one.start()
    with closing(connected(*at(one))) as caller:
        caller.sendall(words)
        ask(*at(one))
        begun = time.monotonic()
        assert one.stop(10)
        assert time.monotonic() - begun < 5
        everything(caller)


def test_a_page_that_hangs_is_left_behind_in_a_thread_that_keeps_nobody_alive() -> None:
    let_go, asked = threading.Event(), threading.Event()
    hanging: list[threading.Thread] = []

    def hang() -> tuple[bytes, str]:
        hanging.append(threading.current_thread())
        asked.set()
        assert let_go.wait(60)
        return METRICS

    one = made(metrics=hang)
    one.start()
    with closing(connected(*at(one))) as caller:
        caller.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert asked.wait(60)
        try:
            begun = time.monotonic()
            assert one.stop()
            assert time.monotonic() - begun < 5
            assert hanging[0].is_alive()
            assert hanging[0].daemon
            assert thread_of(one).daemon
        finally:
            let_go.set()
    hanging[0].join(30)


def test_a_door_that_was_never_opened_is_shut_all_the_same() -> None:
    one = made()
    assert one.stop()
    with pytest.raises(ConnectionRefusedError):
        connected(*at(one))


@pytest.mark.parametrize("error", [RuntimeError("no such luck"), SystemExit(3)])
def test_a_server_that_breaks_is_logged_and_closes_the_door(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: uvicorn.Server) -> None:
        raise error

    monkeypatch.setattr(uvicorn.Server, "main_loop", broken)
    with capture_logs() as logs:
        one = made()
        one.start()
        thread_of(one).join(30)
        assert not thread_of(one).is_alive()
    assert [line["event"] for line in logs] == [
        "web server broke",
        "the web pages are gone, the monitor goes on; restart it to have them back",
    ]
    with pytest.raises(ConnectionRefusedError):
        connected(*at(one))
    assert one.stop()


def test_trouble_outside_any_page_is_logged_in_our_own_words(capfd: pytest.CaptureFixture[str]) -> None:
    with capture_logs() as logs, opened() as one:
        loop = eventually(lambda: getattr(one._server, "servers", None), "the server")[0].get_loop()
        loop.call_soon_threadsafe(lambda: 1 / 0)
        eventually(lambda: logs, "the log line")
    assert logs[0]["event"] == "web server trouble"
    assert "division" in logs[0]["why"]
    assert capfd.readouterr() == ("", "")


def test_the_thread_installs_no_signal_handlers() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    with opened() as one:
        ask(*at(one))
        assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)] == before
