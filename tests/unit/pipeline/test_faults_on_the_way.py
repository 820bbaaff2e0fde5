"""Whatever happens on the way to a real server: nothing is lost, and a repeat has the same bytes and key."""

from __future__ import annotations

import email
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from faulty_proxy import Fault, FaultyProxy, faulty_proxy
from http_sink import Sink, http_sink
from mail_server import MailServer, mail_server
from moments import Moments
from newsroom import Newsroom, digest_settings, item

from monitor.adapters.channels.email import EmailChannel
from monitor.adapters.channels.http_post import PostLimits
from monitor.adapters.channels.webhook import WebhookChannel
from monitor.model.delivery import (
    ChannelKind,
    EmailEndpoint,
    Receiver,
    SmtpSecurity,
    SmtpSettings,
    WebhookEndpoint,
)
from monitor.model.secret import Secret

ADDRESS = "desk@example.org"
# Lost is lost, wherever it is; `came` says whether the server had the message by then.
SMTP_FAULTS = [
    (Fault("refused", refuse=True), False),
    (Fault("cut in the greeting", cut_down=5), False),
    (Fault("cut in the envelope", cut_up=30), False),
    (Fault("cut in the message", cut_up=600), False),
    (Fault("stalls after the greeting", stall=200), False),
    (Fault("drips its answers", drip=0.2), False),
    (Fault("loses the answer to DATA", lose_answer_to=b"\r\n.\r\n"), True),
]
HTTP_FAULTS = [
    (Fault("refused", refuse=True), False),
    (Fault("cut in the request", cut_up=200), False),
    (Fault("stalls before its answer", stall=0), True),
    (Fault("cut in the status line", cut_down=10), True),
    (Fault("drips its answer", drip=0.2), True),
    (Fault("loses the answer", lose_answer_to=b"\r\n\r\n"), True),
]
SECRET = Secret("whsec_" + "c2VjcmV0IGtleSBmb3IgYSB0ZXN0IG9m", "env:HOOK_SECRET")


def named(cases: list[tuple[Fault, bool]]) -> list[str]:
    return [fault.name for fault, _ in cases]


@contextmanager
def desk_by_mail() -> Iterator[tuple[Newsroom, FaultyProxy, MailServer]]:
    with mail_server() as server, faulty_proxy(server.port) as proxy:
        smtp = SmtpSettings(
            "127.0.0.1",
            proxy.port,
            SmtpSecurity.NONE,
            "Desk <monitor@example.org>",
            timeout=timedelta(seconds=1),
        )
        room = Newsroom(
            receivers=[Receiver("desk", (EmailEndpoint((ADDRESS,)),))],
            digests=[digest_settings("first"), digest_settings("second")],
            channels={("desk", ChannelKind.EMAIL): EmailChannel(smtp, deadline=1.5)},
        )
        room.bring_in(item())
        room.plan()
        yield room, proxy, server


@contextmanager
def desk_by_webhook() -> Iterator[tuple[Newsroom, FaultyProxy, Sink]]:
    with http_sink() as sink, faulty_proxy(urlsplit(sink.url).port or 0) as proxy:
        endpoint = WebhookEndpoint(Secret(f"http://127.0.0.1:{proxy.port}/in", "env:HOOK"), SECRET)
        room = Newsroom(receivers=[Receiver("desk", (endpoint,))], digests=[digest_settings("first")])
        limits = PostLimits(connect=1, answer=0.6, deadline=1.2)
        room.channels["desk", ChannelKind.WEBHOOK] = WebhookChannel(endpoint, room.clock, "0", limits)
        room.bring_in(item())
        room.plan()
        yield room, proxy, sink


@pytest.mark.parametrize(("fault", "came"), SMTP_FAULTS, ids=named(SMTP_FAULTS))
def test_nothing_is_lost_between_us_and_a_mail_server(fault: Fault, came: bool) -> None:
    with desk_by_mail() as (room, proxy, server):
        proxy.faults = [fault]
        Moments(room).within("1h", lambda: room.states() == ["sent", "sent"])
        assert proxy.seen[0] is fault
        by_key: dict[str, list[bytes]] = {}
        for envelope in server.received:
            key = email.message_from_bytes(envelope.content)["Message-ID"].strip("<>").partition("@")[0]
            by_key.setdefault(key, []).append(envelope.content)
        assert set(by_key) == {one.new.key for one in room.store.ledger.deliveries()}
        assert sorted(map(len, by_key.values())) == ([1, 2] if came else [1, 1])
        assert all(len(set(bodies)) == 1 for bodies in by_key.values())


@pytest.mark.parametrize(("fault", "came"), HTTP_FAULTS, ids=named(HTTP_FAULTS))
def test_nothing_is_lost_between_us_and_a_webhook(fault: Fault, came: bool) -> None:
    with desk_by_webhook() as (room, proxy, sink):
        proxy.faults = [fault]
        Moments(room).within("1h", lambda: room.states() == ["sent"])
        assert proxy.seen[0] is fault
        (row,) = room.store.ledger.deliveries()
        assert {headers["webhook-id"] for _, headers, _ in sink.requests} == {row.new.key}
        assert len({body for _, _, body in sink.requests}) == 1
        assert len(sink.requests) == (2 if came else 1)


def test_a_server_that_is_down_for_a_day_gets_each_message_once_when_it_is_back() -> None:
    with desk_by_mail() as (room, proxy, server):
        day = Moments(room, step=timedelta(minutes=20))
        proxy.faults = [Fault("down", refuse=True)] * 1_000
        day.pass_time("24h")
        assert room.states() == ["waiting", "waiting"]
        proxy.faults = []
        day.within("1h", lambda: room.states() == ["sent", "sent"])
        assert len(server.received) == 2
