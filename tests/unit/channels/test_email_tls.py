"""Mail over TLS with real certificates of a CA made for these tests (tests/data/tls/mail-*, good until 2120)."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from digest_samples import message
from mail_server import PASSWORD, mail_server

from monitor.adapters.channels.email import EmailChannel
from monitor.model.delivery import SmtpSecurity, SmtpSettings
from monitor.model.digest import MessageFormat
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.secret import Secret

TLS = Path(__file__).parents[2] / "data" / "tls"
MAIL = message(MessageFormat.EMAIL)
BOTH = pytest.mark.parametrize("security", [SmtpSecurity.STARTTLS, SmtpSecurity.TLS])


def with_certificate(name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / f"mail-{name}.pem")
    return context


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(TLS / "mail-ca.pem"))


def channel(port: int, security: SmtpSecurity, tls: ssl.SSLContext | None, **more: object) -> EmailChannel:
    settings = SmtpSettings(
        "localhost", port, security, "monitor@example.org", timeout=timedelta(seconds=5), **more
    )  # type: ignore[arg-type]  # any field
    return EmailChannel(settings, tls=tls, keep=0)


def server_for(security: SmtpSecurity, name: str, **more: object):
    context = with_certificate(name)
    return mail_server(**{security.value: context}, **more)  # type: ignore[arg-type]  # starttls or tls


@BOTH
def test_a_server_with_its_name_and_a_known_authority_gets_the_mail(security: SmtpSecurity) -> None:
    with server_for(security, "localhost") as server:
        receipt = channel(server.port, security, trusting()).send(MAIL, "desk@example.org", "k1")
        assert server.tls_used == [True]
    assert " · TLSv1." in receipt.over


@BOTH
@pytest.mark.parametrize(
    ("name", "known", "why"),
    [
        ("elsewhere", True, "Hostname mismatch"),
        ("expired", True, "certificate has expired"),
        ("localhost", False, "unable to get local issuer certificate"),
    ],
)
def test_a_certificate_that_does_not_hold_stops_everything(
    security: SmtpSecurity, name: str, known: bool, why: str
) -> None:
    login = {"username": "desk", "password": Secret(PASSWORD)}
    with server_for(security, name) as server:
        with pytest.raises(DeliveryFailed) as caught:
            channel(server.port, security, trusting() if known else None, **login).send(
                MAIL, "a@example.org", "k1"
            )
        assert server.received == []
    assert caught.value.fault is DeliveryFault.BROKEN_RECEIVER
    assert why in caught.value.detail


@BOTH
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_a_login_goes_over_tls_by_either_way(security: SmtpSecurity, mechanism: str) -> None:
    login = {"username": "desk", "password": Secret(PASSWORD)}
    other = {"PLAIN": "LOGIN", "LOGIN": "PLAIN"}[mechanism]
    with server_for(security, "localhost", auth=True, without=(other,)) as server:
        assert channel(server.port, security, trusting(), **login).send(MAIL, "a@example.org", "k1").detail
        assert server.logins == [mechanism]
        wrong = channel(server.port, security, trusting(), username="desk", password=Secret("battery"))
        with pytest.raises(DeliveryFailed) as caught:
            wrong.send(MAIL, "a@example.org", "k2")
    assert caught.value.fault is DeliveryFault.BROKEN_RECEIVER
    assert caught.value.detail.startswith("535")


def test_a_password_is_not_sent_in_clear_to_a_server_without_starttls() -> None:
    with mail_server(auth=True) as server:
        login = {"username": "desk", "password": Secret(PASSWORD)}
        with pytest.raises(DeliveryFailed) as caught:
            channel(server.port, SmtpSecurity.STARTTLS, trusting(), **login).send(MAIL, "a@example.org", "k1")
        assert (server.logins, server.received) == ([], [])
    assert caught.value.detail == "the server does not offer STARTTLS: nothing was sent"
