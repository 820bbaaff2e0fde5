"""`monitor healthcheck` says well only where the daemon itself said so, and why not on one line."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from monitor.app.healthcheck import Checkup, ask_config, ask_url, checkup_json, checkup_line

WELL = '{"status":"ok","reasons":[],"warnings":[]}'
WARNED = '{"status":"ok","reasons":[],"warnings":[{"reason":"last_good_rules","detail":"read on Monday"}]}'
ILL = (
    '{"status":"failing","reasons":[{"reason":"no_tick","detail":"31 s since the last tick"},'
    '{"reason":"store_unusable","detail":"disk I/O error"}],"warnings":[]}'
)


@contextmanager
def answering(*pieces: bytes, pause: float = 0.0, hang: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """A server for one question: what it answers, and what it was asked."""
    asked: list[bytes] = []
    done = threading.Event()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def serve() -> None:
            try:
                conversation, _ = listener.accept()
            except OSError:
                return
            with closing(conversation):
                asked.append(conversation.recv(65536))
                for piece in pieces:
                    try:
                        conversation.sendall(piece)
                    except OSError:
                        return
                    if done.wait(pause):
                        return
                if hang:
                    done.wait(30)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
        finally:
            done.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def page(body: str, status: int = 200) -> bytes:
    return f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n\r\n{body}".encode()


def asked_of(*pieces: bytes, ready: bool = False) -> Checkup:
    with answering(*pieces) as (url, _):
        return ask_url(url, ready=ready)


def test_a_daemon_that_says_it_is_well_is_well():
    with answering(page(WELL)) as (url, asked):
        found = ask_url(url)
    assert found == Checkup(f"{url}/healthz")
    assert checkup_line(found) == "healthy"
    assert asked == [f"GET /healthz HTTP/1.0\r\nHost: {url[7:]}\r\n\r\n".encode()]


def test_whether_it_can_work_is_asked_of_another_page():
    with answering(page(WELL)) as (url, asked):
        found = ask_url(f"{url}/", ready=True)
    assert found.url == f"{url}/readyz"
    assert checkup_line(found, ready=True) == "ready"
    assert asked[0].startswith(b"GET /readyz ")


def test_every_reason_of_a_daemon_that_is_not_well_stands_on_one_line():
    found = asked_of(page(ILL, 503), ready=True)
    assert not found.ok
    assert checkup_line(found, ready=True) == (
        "not ready: no_tick: 31 s since the last tick; store_unusable: disk I/O error"
    )
    assert checkup_json(found)["reasons"][0] == {"reason": "no_tick", "detail": "31 s since the last tick"}


def test_what_works_though_not_as_it_is_written_is_a_warning_and_no_trouble():
    found = asked_of(page(WARNED))
    assert found.ok
    assert checkup_line(found) == "healthy; warning last_good_rules: read on Monday"
    assert checkup_json(found)["warnings"] == [{"reason": "last_good_rules", "detail": "read on Monday"}]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        page("<html>welcome</html>"),
        page("Service Unavailable", 503),
        page("{}"),
        page("[]"),
        page('{"reasons": 1, "warnings": []}'),
        page('{"reasons": ["no_tick"], "warnings": []}', 503),
        page('{"reasons": [], "warnings"'),
        page("[" * 100_000),
        page("9" * 10_000),
        page(WELL, 503),
        page(ILL, 200),
        page(WELL, 404),
        b"\xff\xfe\r\n\r\n\xff",
        b"x" * 1_000_000,
    ],
    ids=range(16),
)
def test_another_program_at_that_address_is_not_a_daemon_that_is_well(answer: bytes):
    found = asked_of(answer)
    assert not found.ok
    assert "other_answer: http://127.0.0.1:" in checkup_line(found) or "no_answer: http" in checkup_line(found)
    assert len(checkup_line(found).splitlines()) == 1


def test_nobody_who_listens_is_told_at_once():
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    found = ask_url(f"http://127.0.0.1:{port}")
    assert checkup_line(found) == f"not healthy: no_answer: http://127.0.0.1:{port}/healthz: connection refused"


@pytest.mark.parametrize(("pieces", "pause"), [((), 0.0), ((b"HTTP/1.1 200 OK\r\n",), 0.0), ((b"x",) * 100, 0.05)])
def test_a_daemon_that_hangs_has_only_so_many_seconds_for_all_of_its_answer(
    pieces: tuple[bytes, ...], pause: float
):
    with answering(*pieces, pause=pause, hang=True) as (url, _):
        begun = time.monotonic()
        found = ask_url(url, timeout=0.3)
        assert time.monotonic() - begun < 3
    assert checkup_line(found) == f"not healthy: no_answer: {url}/healthz: nothing within 0.3 s"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org:8080",
        "http://192.168.1.1:8080",
        "http://0.0.0.0:8080",
        "https://127.0.0.1:8080",
        "http://127.0.0.1",
        "http://127.0.0.1:8080/healthz",
        "http://127.0.0.1:8080?x",
        "http://user:secret@127.0.0.1:8080",
        "http://127.0.0.1:99999",
        "http://[::1",
        "127.0.0.1:8080",
        "file:///etc/passwd",
        "",
        "\n",
    ],
)
def test_only_this_machine_is_asked(url: str):
    found = ask_url(url)
    assert found.url == ""
    assert found.troubles[0].reason == "no_pages"
    assert "as http://127.0.0.1:8080" in found.troubles[0].detail


def test_a_port_that_the_system_chose_cannot_be_known():
    assert "the system chose the port" in checkup_line(ask_url("http://127.0.0.1:0"))


def test_the_config_says_where_to_ask(tmp_path: Path):
    config = tmp_path / "config.toml"
    with answering(page(WELL)) as (url, _):
        config.write_text(f'[web]\nlisten = "{url[7:].replace("127.0.0.1", "localhost")}"\n', encoding="utf-8")
        assert ask_config(config) == Checkup(f"{url}/healthz")


def test_a_daemon_that_listens_everywhere_is_asked_on_this_machine(tmp_path: Path):
    config = tmp_path / "config.toml"
    with answering(page(WELL)) as (url, asked):
        config.write_text(f'[web]\nlisten = "{url[7:].replace("127.0.0.1", "0.0.0.0")}"\n', encoding="utf-8")
        assert ask_config(config) == Checkup(f"{url}/healthz")
    assert b"Host: 127.0.0.1:" in asked[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no_pages: {}: has no [web] listen, and without it nobody can be asked"),
        ("web = 1", "no_pages: {}: has no [web] listen, and without it nobody can be asked"),
        ("[web]\nlisten = 8080", "no_pages: {}: has no [web] listen, and without it nobody can be asked"),
        ("[web\n", "config_unreadable: {}: not valid TOML; monitor check says where"),
        (
            '[web]\nlisten = "example.org:8080"',
            "no_pages: http://example.org:8080: the daemon is asked on this machine only",
        ),
    ],
)
def test_a_daemon_that_cannot_be_asked_is_not_called_well(tmp_path: Path, text: str, why: str):
    config = tmp_path / "config.toml"
    config.write_text(text, encoding="utf-8")
    assert f"not healthy: {why.format(config)}" in checkup_line(ask_config(config))


def test_a_config_that_is_not_there_is_named(tmp_path: Path):
    found = ask_config(tmp_path / "none.toml")
    assert checkup_line(found) == f"not healthy: config_unreadable: {tmp_path}/none.toml: no such file"
    assert json.dumps(checkup_json(found))
