from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from digest_samples import END, message
from mail_server import PASSWORD, MailServer, certificate, mail_server

from monitor.adapters.channels.email import EmailChannel
from monitor.model.delivery import SmtpSecurity, SmtpSettings
from monitor.model.digest import MessageFormat
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.secret import Secret

KEY = "0123456789abcdef0123456789abcdef"
MAIL = message(MessageFormat.EMAIL)


def settings(port: int, security: SmtpSecurity = SmtpSecurity.NONE, **changes: object) -> SmtpSettings:
    fields: dict[str, object] = {"host": "localhost", "sender": "Border desk <monitor@example.org>"}
    fields |= {"timeout": timedelta(seconds=5)} | changes
    return SmtpSettings(port=port, security=security, **fields)  # type: ignore[arg-type]  # any field


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return certificate(Path(tmp_path_factory.mktemp("tls")))


def failure_of(channel: EmailChannel, recipient: str = "desk@example.org") -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        channel.send(MAIL, recipient, KEY)
    assert "\n" not in caught.value.detail
    assert PASSWORD not in str(caught.value)
    return caught.value


def parsed(server: MailServer) -> EmailMessage:
    content = server.received[-1].original_content
    assert content is not None
    mail = message_from_bytes(content, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def test_a_mail_has_text_and_html_and_the_headers_of_a_robot(server: MailServer):
    receipt = EmailChannel(settings(server.port)).send(MAIL, "desk@example.org", KEY)
    assert receipt.detail == "250 2.0.0 queued"
    mail = parsed(server)
    assert mail["Subject"] == MAIL.subject
    assert mail["From"] == "Border desk <monitor@example.org>"
    assert mail["To"] == "desk@example.org"
    assert mail["Message-ID"] == f"<{KEY}@example.org>"
    assert mail["List-Id"] == "media-monitor <media-monitor.example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "DR, RN, NRN, OOF, AutoReply", "reports of non-delivery come"
    assert mail["Date"].datetime == END
    assert mail.get_content_type() == "multipart/alternative"
    text, html = mail.iter_parts()
    assert text.get_content().replace("\r\n", "\n") == MAIL.text
    assert html.get_content().strip() == MAIL.html
    assert server.received[-1].rcpt_tos == ["desk@example.org"]


def test_a_retry_is_the_same_byte_for_byte(server: MailServer):
    EmailChannel(settings(server.port)).send(MAIL, "desk@example.org", KEY)
    EmailChannel(settings(server.port)).send(MAIL, "desk@example.org", KEY)
    first, second = (envelope.original_content for envelope in server.received)
    assert first == second


def test_lines_stay_within_the_limits_of_mail():
    raw = EmailChannel(settings(1)).wire_bytes(
        message(MessageFormat.EMAIL, text="é" * 5000, html="<p>" + "تړ" * 5000), "desk@example.org", KEY
    )
    body = raw.split(b"\r\n\r\n", 1)[1]
    assert max(len(line) for line in body.split(b"\r\n")) <= 78
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_a_line_break_in_a_subject_starts_no_header(server: MailServer):
    evil = message(MessageFormat.EMAIL, subject="News\r\nBcc: all@example.org\u2028X: y\n\nBody")
    EmailChannel(settings(server.port)).send(evil, "desk@example.org", KEY)
    mail = parsed(server)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "News Bcc: all@example.org X: y Body"


def test_a_line_break_in_an_address_is_refused(server: MailServer):
    failure = failure_of(EmailChannel(settings(server.port)), "desk@example.org\r\nRCPT TO:<evil@example.org>")
    assert failure.fault is DeliveryFault.REFUSED  # of this reader alone: the mail server goes on for others
    assert server.received == []


def test_any_script_arrives(server: MailServer):
    mail = message(
        MessageFormat.EMAIL, subject="تورخم بند 口 " + "ü" * 90, text="د تورخم\n.\n\ud800\n", html="<b>口</b>"
    )
    EmailChannel(settings(server.port, sender="Größe <monitor@example.org>")).send(
        mail, "desk@bücher.example", KEY
    )
    got = parsed(server)
    assert got["Subject"] == mail.subject
    assert str(got["From"]) == "Größe <monitor@example.org>"
    assert server.received[-1].rcpt_tos == ["desk@xn--bcher-kva.example"]
    text, html = got.iter_parts()
    assert text.get_content().splitlines() == ["د تورخم", ".", "?"]
    assert html.get_content().strip() == "<b>口</b>"


def test_an_address_beyond_ascii_goes_by_smtputf8(server: MailServer):
    EmailChannel(settings(server.port)).send(MAIL, "jürgen@example.org", KEY)
    assert server.received[-1].rcpt_tos == ["jürgen@example.org"]
    assert server.received[-1].smtp_utf8


@pytest.mark.parametrize("at", ["RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ("451 4.3.0 later", DeliveryFault.TEMPORARY),
        ("421 busy", DeliveryFault.TEMPORARY),
        ("550 5.1.1 no such user", DeliveryFault.REFUSED),
        ("530 5.7.0 log in first", DeliveryFault.BROKEN_RECEIVER),
    ],
)
def test_the_servers_answer_decides(server: MailServer, at: str, answer: str, fault: DeliveryFault):
    server.answers[at] = answer
    failure = failure_of(EmailChannel(settings(server.port)))
    assert failure.fault is fault
    assert failure.detail.startswith(answer)


def test_a_connection_lost_after_data_leaves_the_outcome_unknown(server: MailServer):
    server.drop_after_data = True
    assert failure_of(EmailChannel(settings(server.port))).fault is DeliveryFault.UNKNOWN


def test_a_closed_port_is_unreachable():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        failure = failure_of(EmailChannel(settings(port, host="127.0.0.1")))
    assert failure.fault is DeliveryFault.UNREACHABLE
    assert failure.detail == f"127.0.0.1:{port}: Connection refused"


def test_a_server_that_says_nothing_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        quick = settings(port, host="127.0.0.1", timeout=timedelta(seconds=0.2))
        failure = failure_of(EmailChannel(quick))
    assert failure.fault is DeliveryFault.UNREACHABLE
    assert "timed out" in failure.detail


@pytest.mark.needs("openssl")
def test_starttls_and_a_login_protect_the_mail(contexts: tuple[ssl.SSLContext, ssl.SSLContext]):
    with mail_server(starttls=contexts[0], auth=True) as server:
        login = settings(server.port, SmtpSecurity.STARTTLS, username="desk", password=Secret(PASSWORD))
        EmailChannel(login, tls=contexts[1]).send(MAIL, "desk@example.org", KEY)
        assert server.tls_used == [True]


@pytest.mark.needs("openssl")
def test_a_wrong_password_breaks_the_receiver(contexts: tuple[ssl.SSLContext, ssl.SSLContext]):
    with mail_server(starttls=contexts[0], auth=True) as server:
        wrong = settings(server.port, SmtpSecurity.STARTTLS, username="desk", password=Secret("wrong"))
        failure = failure_of(EmailChannel(wrong, tls=contexts[1]))
        assert failure.fault is DeliveryFault.BROKEN_RECEIVER
        assert failure.detail.startswith("535")
        foreign = settings(server.port, SmtpSecurity.STARTTLS, username="desk", password=Secret("pässword"))
        assert failure_of(EmailChannel(foreign, tls=contexts[1])).fault is DeliveryFault.BROKEN_RECEIVER


@pytest.mark.needs("openssl")
def test_tls_from_the_first_byte(contexts: tuple[ssl.SSLContext, ssl.SSLContext]):
    with mail_server(tls=contexts[0]) as server:
        EmailChannel(settings(server.port, SmtpSecurity.TLS), tls=contexts[1]).send(MAIL, "a@example.org", KEY)
        assert server.tls_used == [True]


@pytest.mark.parametrize("security", [SmtpSecurity.STARTTLS, SmtpSecurity.TLS])
@pytest.mark.needs("openssl")
def test_a_certificate_nobody_vouches_for_is_not_trusted(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], security: SmtpSecurity
):
    tls = contexts[0] if security is SmtpSecurity.TLS else None
    starttls = contexts[0] if security is SmtpSecurity.STARTTLS else None
    with mail_server(tls=tls, starttls=starttls) as server:
        failure = failure_of(EmailChannel(settings(server.port, security)))
        assert failure.fault is DeliveryFault.BROKEN_RECEIVER
        assert "certificate" in failure.detail
        assert server.received == []


def test_starttls_is_required_when_configured(server: MailServer):
    failure = failure_of(EmailChannel(settings(server.port, SmtpSecurity.STARTTLS)))
    assert failure.fault is DeliveryFault.BROKEN_RECEIVER
    assert failure.detail == "the server does not offer STARTTLS: nothing was sent"
    assert server.received == []
