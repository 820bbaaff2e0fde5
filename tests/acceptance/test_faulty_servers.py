"""The real daemon before servers behind a line that breaks: all arrives, repeats are the same, nothing leaks."""

from __future__ import annotations

import email
from collections import defaultdict
from pathlib import Path

import pytest
from desk import Desk, eventually
from faulty_proxy import Fault, faulty_proxy
from local_feed import LocalFeed
from mail_server import MailServer, certificate, mail_server

MAIL = """
[smtp]
host = "localhost"  # the name in the certificate
port = {port}
security = "{security}"
from = "Border desk <monitor@example.org>"
[receivers.desk]
email = {addresses}
"""
# Bytes to a mail server over TLS: what comes before the message is less, a digest in HTML is more.
IN_THE_MESSAGE = 4_000
FAULTS = [
    Fault("refused", refuse=True),
    Fault("cut in the handshake", cut_down=300),
    Fault("cut in the message", cut_up=IN_THE_MESSAGE),
    Fault("stalls after the greeting", stall=3),
    Fault("loses the answer to DATA", lose_answers_after=IN_THE_MESSAGE),
]


def by_key(server: MailServer) -> dict[str, list[bytes]]:
    """What came under each Message-ID."""
    came: dict[str, list[bytes]] = defaultdict(list)
    for envelope in server.received:
        came[email.message_from_bytes(envelope.content)["Message-ID"]].append(envelope.content)
    return came


def publish(feed: LocalFeed, first: int, last: int) -> None:
    for number in range(first, last + 1):
        text = f"Torkham was closed, said witness {number}; {number * 7} trucks wait in camp {number}."
        feed.add(f"Torkham closed, incident {number}x", text)


@pytest.mark.soak
@pytest.mark.needs("openssl")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_one_fault_after_the_other_loses_no_mail_and_changes_no_byte(
    desk: Desk, feed: LocalFeed, tmp_path: Path, security: str
) -> None:
    context, _ = certificate(tmp_path)
    desk.environment["SSL_CERT_FILE"] = str(tmp_path / "cert.pem")
    with mail_server(**{security: context}) as server, faulty_proxy(server.port) as proxy:
        proxy.faults = list(FAULTS)
        receivers = MAIL.format(port=proxy.port, security=security, addresses='["a@example.org", "b@example.org"]')
        desk.write([feed.url], receivers=receivers)
        publish(feed, 1, 4)
        with desk.running():
            desk.within("4m", lambda: desk.sent() == 8, "all mail")
        assert proxy.seen[: len(FAULTS)] == FAULTS
        came = by_key(server)
        assert len(came) == 8
        assert sorted(map(len, came.values())) == [1] * 7 + [2]  # whose answer was lost
        assert all(len(set(bodies)) == 1 for bodies in came.values())
        assert all(server.tls_used)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_two_hundred_deliveries_over_lines_that_break_leave_nothing_open(desk: Desk, feed: LocalFeed) -> None:
    """Python's development mode reports each socket and file that nobody closed."""

    def at_rest() -> tuple[int, int]:
        process = Path(f"/proc/{daemon.pid}")
        return len(list((process / "task").iterdir())), sum(
            one.readlink().name.startswith("socket:") for one in (process / "fd").iterdir()
        )

    desk.environment["PYTHONDEVMODE"] = "1"
    with mail_server() as server, faulty_proxy(server.port) as proxy:
        addresses = [f"reader{number}@example.org" for number in range(40)]
        receivers = MAIL.format(port=proxy.port, security="none", addresses=addresses).replace(
            "localhost", "127.0.0.1"
        )
        desk.write([feed.url], receivers=receivers)
        publish(feed, 1, 1)
        with desk.running() as daemon:
            desk.within("4m", lambda: desk.sent() == 40, "the first alert")
            threads, sockets = at_rest()
            proxy.faults = [Fault("cut", cut_up=40_000), Fault("loses", lose_answer_to=b"\r\n.\r\n")] * 6
            publish(feed, 2, 6)
            desk.within("4m", lambda: desk.sent() == 240, "all mail")
            assert not proxy.faults
            # The pool of the stages may still grow by a few; a leak would be one for each connection that broke.
            eventually(
                lambda: at_rest()[0] < threads + 6 and at_rest()[1] < sockets + 6,
                f"about {threads} threads and {sockets} sockets again",
            )
    assert "ResourceWarning" not in desk.log()
    assert "Exception ignored" not in desk.log()
