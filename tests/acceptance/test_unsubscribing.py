"""Unsubscribing end to end: the daemon's mail, its link as a mail program uses it, and the next digest."""

from __future__ import annotations

import email
import re
import socket
from contextlib import closing
from email import policy
from email.message import EmailMessage
from urllib.parse import urlsplit

import httpx2
from desk import Desk, eventually
from local_feed import LocalFeed
from mail_server import MailServer, mail_server
from talk import HERE, ask, port_of

READERS = ("desk@example.org", "night@example.org")


def config_of(mail: MailServer, port: int) -> dict[str, str]:
    return {
        "receivers": f'[smtp]\nhost = "127.0.0.1"\nport = {mail.port}\nsecurity = "none"\n'
        'from = "Desk <monitor@example.org>"\n'
        f"[receivers.desk]\nemail = {list(READERS)!r}\n",
        "more": f'[web]\nlisten = "127.0.0.1:{port}"\npublic_url = "http://127.0.0.1:{port}/monitor"\n',
    }


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


def mails(server: MailServer, words: str) -> dict[str, EmailMessage]:
    """By recipient, the mails with these words."""
    found = [
        email.message_from_bytes(one.original_content, policy=policy.default) for one in list(server.received)
    ]
    return {str(one["To"]): one for one in found if words in one.get_body(("plain",)).get_content()}


def test_a_reader_leaves_a_digest_and_comes_back(desk: Desk, feed: LocalFeed) -> None:
    port = free_port()
    with mail_server() as server:
        desk.write([feed.url], **config_of(server, port))
        feed.add("Torkham closed", "The Torkham crossing was closed.")
        with desk.running():
            assert port_of(desk) == port
            first = eventually(lambda: len(found := mails(server, "Torkham")) == 2 and found, "two mails")
            header = str(first["night@example.org"]["List-Unsubscribe"])
            link = re.fullmatch(r"<(http://127\.0\.0\.1:\d+/monitor/unsubscribe/[\w-]+)>", header)[1]
            assert first["night@example.org"]["List-Unsubscribe-Post"] is None  # promised by https only
            assert first["desk@example.org"]["List-Unsubscribe"] != header
            assert httpx2.get(link).status_code == 200  # a scanner follows it: nothing happens

            done = httpx2.post(link, data={"List-Unsubscribe": "One-Click"}, follow_redirects=False)
            assert done.status_code == 200
            feed.add("Floods in Sindh", "The floods reached the city.")
            second = eventually(lambda: mails(server, "Floods"), "a mail on floods")
            eventually(
                lambda: not desk.number("SELECT count(*) FROM deliveries WHERE state = 'waiting'"), "an end"
            )
            assert set(mails(server, "Floods")) == set(second) == {"desk@example.org"}
            status = desk.command("status").stdout
            assert "Left        1 address unsubscribed, from alerts" in status

            assert httpx2.post(f"{link}/again").status_code == 200
            assert desk.number("SELECT count(*) FROM suppressions") == 0
            feed.add("Flooded bazaar of Chaman", "Shops of Chaman were flooded on Friday.")
            eventually(lambda: "night@example.org" in mails(server, "Chaman"), "the mail after coming back")

            path = urlsplit(link).path
            assert ask(HERE, port, path[:-1]).status == 404
            assert ask(HERE, port, "/metrics").status == 200
        log = desk.log()
    assert "night@example.org" not in log
    assert link.rpartition("/")[2] not in log
