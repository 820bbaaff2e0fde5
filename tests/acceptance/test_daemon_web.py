"""The web pages of the real daemon: what a supervisor, Prometheus and a stranger get, and what the daemon pays."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from desk import Desk, eventually
from local_feed import LocalFeed
from talk import ANY_PORT, HERE, ask, connected, numbers, port_of, ready

from monitor.app.entrance import new_token


def test_a_daemon_says_that_it_is_well_and_counts_what_it_does(desk: Desk, feed: LocalFeed) -> None:
    feed.name = 'Secretive "Desk"'
    desk.write([feed.url, "http://127.0.0.1:9/nobody-listens"], more=ANY_PORT)
    with desk.running():
        port = port_of(desk)
        eventually(lambda: ready(port), "readiness")
        assert ask(HERE, port, "/healthz").json == {"status": "ok", "reasons": [], "warnings": []}
        assert b"/metrics" in ask(HERE, port, "/").body
        before = numbers(port)
        assert before["deliveries_total", "file", "sent"] == before["matches_total", "high"] == 0
        feed.add("Torkham closed", "The Torkham crossing was closed.")
        eventually(lambda: numbers(port)["deliveries_total", "file", "sent"] == 1, "the delivery in the numbers")
        after = numbers(port)
        assert after["matches_total", "high"] == after["entries_total", "waiting"] == 1
        assert after["articles_read_total", "feed"] == after["plans_total", "planned"] == 1
        assert after["polls_total", "ok"] >= 1
        assert after["polls_total", "unreachable"] >= 1
        assert after["rule_tag_matches_total", "border"] == 1
        assert (after["declared", "rules"], after["declared", "feeds"]) == (2, 2)
        assert after["last_reload_successful",] == 1
        for span in ("published_to_seen", "seen_to_matched", "planned_to_sent", "seen_to_delivered"):
            assert after[f"{span}_seconds_count",] == 1
            assert 0 <= after[f"{span}_seconds_sum",] < 60
        assert time.time() - after["last_tick_timestamp_seconds",] < 30
        # the gauges are some seconds old
        eventually(lambda: numbers(port)["outbox_deliveries", "sent"] == 1, "the delivery in the gauges")
        held = numbers(port)
        assert (held["feeds", "ok"], held["feeds", "failing"], held["store_reachable",]) == (1, 1, 1)
        if desk.store.exists():  # none on PostgreSQL, whose disk is its own
            assert 0 < held["disk_free_bytes",] <= held["disk_bytes",]
        on_disk = desk.store.stat().st_size if desk.store.exists() else 1_000_000
        assert held["database_bytes",] >= on_disk  # with what its log holds
        page = ask(HERE, port, "/metrics").body
        for secret in (b"Secretive", b"torkham", b"nobody-listens", feed.site.url.encode(), b"desk"):
            assert secret not in page
    assert desk.sent() == 1


def test_the_port_of_another_program_is_told_before_anything_is_started(desk: Desk, feed: LocalFeed) -> None:
    taken = feed.site.url.removeprefix("http://")
    desk.write([feed.url], more=f'[web]\nlisten = "{taken}"\n')
    asked = len(feed.site.requests)
    refused = desk.command("run")
    assert refused.returncode == 1
    assert f'monitor: [web] listen = "{taken}": another program listens there' in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert refused.stdout == ""
    assert not desk.has_store()
    assert len(feed.site.requests) == asked
    one_pass = desk.command("run", "--once")  # it serves nothing, so that it needs no port
    assert one_pass.returncode == 0, one_pass.stderr


def test_an_address_that_others_can_reach_starts_nothing(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url], more='[web]\nlisten = "0.0.0.0:8080"\n')
    refused = desk.command("run")
    assert refused.returncode == 2
    assert "web.listen" in refused.stderr
    assert "needs [[web.tokens]]" in refused.stderr
    assert not desk.has_store()


def test_a_daemon_that_others_reach_asks_them_for_a_token_and_nobody_here(desk: Desk, feed: LocalFeed) -> None:
    token, hashed = new_token(bytes(32))
    desk.write(
        [feed.url],
        more='[web]\nlisten = "0.0.0.0:0"\nallowed_hosts = ["news.example.org"]\ntrusted_proxies = ["127.0.0.2"]\n'
        f'[[web.tokens]]\nname = "anna"\nsha256 = "{hashed}"\n',
    )
    known, elsewhere = {"Authorization": f"Bearer {token}"}, {"Host": "news.example.org"}
    with desk.running():
        port = port_of(desk)
        eventually(lambda: ready(port), "readiness")
        for path in ("/healthz", "/metrics"):
            assert ask(HERE, port, path).status == 200
            assert ask(HERE, port, path, **elsewhere).status == 401
            assert ask(HERE, port, path, **elsewhere, **known).status == 200
            assert ask(HERE, port, path, Host="evil.example", **known).status == 400
        assert ask(HERE, port, "/api/v1/status").json["reason"] == "no_token"
        assert ask(HERE, port, "/api/v1/status", **elsewhere, **known).json["running"]
        assert ask(HERE, port, "/", **elsewhere).headers["location"].startswith("/login")
    assert token not in desk.log()


def test_a_web_site_cannot_read_it_through_a_visitors_browser(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url], more=ANY_PORT)
    with desk.running():
        port = port_of(desk)
        for path in ("/", "/healthz", "/readyz", "/metrics", "/nothing"):
            refused = ask(HERE, port, path, Host=f"rebound.example:{port}")
            assert (refused.status, refused.body) == (400, b"Invalid host header")
        welcome = ask(HERE, port, "/metrics", Host=f"localhost:{port}", Origin="http://evil.example")
        assert welcome.status == 200
        assert "access-control-allow-origin" not in welcome.headers


def listening(pid: int) -> set[str]:
    """Addresses a process listens on, as /proc writes them."""
    inodes = set()
    for one in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(str(one.readlink()))
        except OSError:  # closed meanwhile
            continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:  # TCP_LISTEN
                found.add(fields[1])
    return found


def test_nothing_listens_until_it_is_asked_for(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    with desk.running() as daemon:
        eventually(desk.sent, "the alert")
        assert listening(daemon.pid) == set()
        assert "http://" not in desk.log().splitlines()[0]
    desk.write([feed.url], more=ANY_PORT)
    (desk.folder / "daemon.log").unlink()
    with desk.running() as daemon:
        port = port_of(desk)
        assert listening(daemon.pid) == {f"0100007F:{port:04X}"}


def test_a_daemon_without_pages_loads_no_web_server() -> None:
    code = (
        "import sys, monitor.cli.running, monitor.app.service\n"
        "print(sorted({'starlette', 'uvicorn', 'prometheus_client', 'anyio', 'monitor.web'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    loaded = json.loads(done.stdout.replace("'", '"'))
    assert set(loaded) <= {"anyio"}, done.stderr  # the HTTP client's, too


@contextmanager
def callers(port: int) -> Iterator[None]:
    """People who said nothing, half a request, or one too many, and stay on the line."""
    with ExitStack() as stack:
        for words in (b"", b"GET /met", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            caller = stack.enter_context(closing(connected(HERE, port)))
            caller.sendall(words)
        yield


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_callers_who_stay_on_the_line_do_not_hold_up_the_end(
    desk: Desk, feed: LocalFeed, number: signal.Signals
) -> None:
    desk.write([feed.url], more=ANY_PORT)
    daemon = desk.start()
    port = port_of(desk)
    eventually(lambda: ready(port), "readiness")
    with callers(port):
        begun = time.monotonic()
        daemon.send_signal(number)
        assert daemon.wait(timeout=15) == 0
        assert time.monotonic() - begun < 10
    assert "monitor: stopped\n" in desk.log()
    assert "Traceback" not in desk.log()
    with pytest.raises(ConnectionRefusedError):
        connected(HERE, port)


def test_while_a_stage_finishes_the_daemon_is_alive_and_not_ready_and_ends_in_time(
    desk: Desk, feed: LocalFeed
) -> None:
    with closing(socket.create_server((HERE, 0))) as receiver:  # it takes the message and never answers
        receiver.settimeout(60)
        desk.environment["SLACK"] = f"http://{HERE}:{receiver.getsockname()[1]}/hook"
        slack = '[receivers.desk]\nslack = { webhook_url = "env:SLACK" }\n'
        desk.write([feed.url], receivers=slack, more=ANY_PORT)
        feed.add("Torkham closed", "The Torkham crossing was closed.")
        daemon = desk.start()
        port = port_of(desk)
        conversation, _ = receiver.accept()
        assert ready(port)
        with closing(conversation), callers(port):
            begun = time.monotonic()
            daemon.send_signal(signal.SIGTERM)
            stopping = eventually(lambda: not ready(port) and ask(HERE, port, "/readyz"), "the word that it stops")
            assert [one["reason"] for one in stopping.json["reasons"]] == ["stopping"]
            assert ask(HERE, port, "/healthz").status == 200
            assert daemon.wait(timeout=15) == 0
            assert time.monotonic() - begun < 10
    assert "a stage was left behind" in desk.log()
    assert desk.number("SELECT count(*) FROM deliveries WHERE state = 'waiting'") == 1  # and nothing is lost


def test_no_word_of_strangers_is_logged_and_none_of_the_servers_is_printed(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url], more=ANY_PORT)
    with desk.running():
        port = port_of(desk)
        ask(HERE, port, "/stranger?token=battery-staple", User_Agent="stranger")
        ask(HERE, port, "/stranger", method="STRANGER")
        with closing(connected(HERE, port)) as rude:
            rude.sendall(b"stranger\r\n\r\n")
            assert b"400" in rude.recv(65536)
    log = desk.log()
    assert "stranger" not in log.lower()
    assert "uvicorn" not in log.lower()
    events = [line for line in log.splitlines() if line.startswith("{")]
    first, last = (line for line in log.splitlines() if line not in events)
    assert first.startswith("monitor ")
    assert last == "monitor: stopped"
    assert all(json.loads(line)["event"] for line in events)
