"""E-mail over SMTP: one message to one address, byte for byte the same on every retry."""

from __future__ import annotations

import base64
import smtplib
import ssl
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from enum import StrEnum

from monitor.adapters.channels.timed_smtp import TimedSmtp
from monitor.model.delivery import Receipt, SmtpSecurity, SmtpSettings
from monitor.model.digest import Message
from monitor.model.errors import DeliveryFailed, DeliveryFault

# The default of 78 folds long addresses in headers into encoded words; 998 is the limit of RFC 5322 §2.1.1.
_WIRE = SMTP.clone(max_line_length=998)
# For one message, in seconds: far below the lease of a delivery, so that a slow server gets no message twice.
DEADLINE = 120.0
# 530 authentication required, 534 too weak, 535 wrong credentials, 538 needs encryption (RFC 4954 §6).
_BROKEN = frozenset({530, 534, 535, 538})
_MAILBOX_FULL = 552  # RFC 5321 §4.2.3: "exceeded storage allocation"


class _At(StrEnum):
    """Where in the exchange a server answered."""

    GREETING = "connect"
    LOGIN = "login"
    MAIL = "MAIL FROM"
    RCPT = "RCPT TO"
    DATA = "DATA"
    END = "the end of DATA"


# Only here does a server speak of this message; before, it speaks of us, which people can mend.
_ABOUT_THE_MESSAGE = frozenset({_At.RCPT, _At.END})


class EmailChannel:
    """Keeps the `Channel` port for one mail server. One connection a message: digests are few."""

    def __init__(
        self, settings: SmtpSettings, *, tls: ssl.SSLContext | None = None, deadline: float = DEADLINE
    ) -> None:
        """`tls` replaces the default context (system authorities, host name checked) for private authorities.

        `deadline` bounds the sending of one message as a whole, in seconds.
        """
        self._settings = settings
        self._deadline = deadline
        self._secrets = _forms_of_the_secret(settings)
        self._tls = tls
        self._sender = _address(settings.sender)

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        """Sends it to the address `recipient`. Raises DeliveryFailed."""
        try:
            return self._send(message, recipient, key)
        except DeliveryFailed:
            raise
        except Exception as error:
            # `from None`, here and below: the causes carry what the server said, and it may echo the password.
            name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
            raise DeliveryFailed(DeliveryFault.TEMPORARY, f"internal error: {name}") from None

    def _send(self, message: Message, recipient: str, key: str) -> Receipt:
        to = self._checked(recipient)
        foreign = not (to.username.isascii() and self._sender.username.isascii())
        raw = self.wire_bytes(message, recipient, key)
        connection = self._connect()
        try:
            self._log_in(connection)
            return self._hand_over(connection, to, raw, smtputf8=foreign)
        finally:
            # After the answer to DATA all is decided: a failing goodbye changes nothing.
            with suppress(Exception):
                connection.close()

    def wire_bytes(self, message: Message, recipient: str, key: str) -> bytes:
        """The message as it goes over the wire: fixed Date, Message-ID and MIME boundaries."""
        to = self._checked(recipient)
        safe_key = "".join(c for c in key if c.isascii() and c.isalnum())
        host = self._sender.domain
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self._sender
        mail["To"] = to
        mail["Subject"] = _header_text(message.subject)
        mail["Date"] = format_datetime(message.date)
        mail["Message-ID"] = f"<{safe_key}@{host}>"
        mail["List-Id"] = f"media-monitor <media-monitor.{host}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers
        mail["X-Auto-Response-Suppress"] = "All"  # the same for Exchange
        mail.set_content(_sendable(message.text), cte="quoted-printable")
        if message.html is not None:
            html = _sendable(message.html)
            # Non-Latin text is three times as long in quoted-printable.
            mail.add_alternative(html, subtype="html", cte="quoted-printable" if html.isascii() else "base64")
            # "=_" appears neither in quoted-printable nor in base64 (RFC 2045 §6.7), so no text can end a part.
            mail.set_boundary(f"=_{safe_key}")
        foreign = not (to.username.isascii() and self._sender.username.isascii())
        return mail.as_bytes(policy=_WIRE.clone(utf8=True) if foreign else _WIRE)

    def _checked(self, recipient: str) -> Address:
        try:
            return _address(recipient)
        except ValueError as error:
            detail = f"{_header_text(recipient)[:100]!r} is no mail address"
            raise DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, detail) from error

    def _connect(self) -> TimedSmtp:
        settings = self._settings
        where = f"{settings.host}:{settings.port}"
        try:
            return TimedSmtp(
                settings.host,
                settings.port,
                self._sender.domain,  # for EHLO: smtplib would look up this machine's name
                timeout=settings.timeout.total_seconds(),
                deadline=self._deadline,
                tls=self._context() if settings.security is SmtpSecurity.TLS else None,
            )
        except ssl.SSLCertVerificationError as error:
            raise self._bad_certificate(error) from None
        except smtplib.SMTPResponseException as error:
            raise self._answered(error.smtp_code, error.smtp_error, _At.GREETING) from None
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            detail = f"{where}: {self._reason(error)}"
            raise DeliveryFailed(DeliveryFault.UNREACHABLE, detail) from None

    def _log_in(self, connection: smtplib.SMTP) -> None:
        settings = self._settings
        try:
            if settings.security is SmtpSecurity.STARTTLS:
                connection.starttls(context=self._context())
            connection.ehlo_or_helo_if_needed()
            if settings.username is not None:
                password = settings.password.reveal() if settings.password else ""
                connection.login(settings.username, password)
        except smtplib.SMTPNotSupportedError:
            what = "STARTTLS" if settings.security is SmtpSecurity.STARTTLS else "a login we know"
            if settings.security is SmtpSecurity.STARTTLS and connection.has_extn("starttls"):
                what = "a login we know"
            detail = f"the server does not offer {what}: nothing was sent"
            raise DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, detail) from None
        except ssl.SSLCertVerificationError as error:
            raise self._bad_certificate(error) from None
        except smtplib.SMTPResponseException as error:
            raise self._answered(error.smtp_code, error.smtp_error, _At.LOGIN) from None
        except UnicodeError:
            detail = "user name or password have letters beyond ASCII, which this login does not take"
            raise DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, detail) from None
        except OSError as error:
            lost = not isinstance(error, smtplib.SMTPException) or isinstance(
                error, smtplib.SMTPServerDisconnected
            )
            # Any other SMTPException: the server offers no way to log in that smtplib knows.
            fault = DeliveryFault.UNREACHABLE if lost else DeliveryFault.BROKEN_RECEIVER
            raise DeliveryFailed(fault, f"before sending: {self._reason(error)}") from None

    def _hand_over(self, connection: smtplib.SMTP, to: Address, raw: bytes, *, smtputf8: bool) -> Receipt:
        if smtputf8 and not connection.has_extn("smtputf8"):
            detail = "the server takes no addresses beyond ASCII (SMTPUTF8)"
            raise DeliveryFailed(DeliveryFault.REFUSED, detail)
        options = ["SMTPUTF8", "BODY=8BITMIME"] if smtputf8 else []
        try:
            code, answer = connection.mail(self._sender.addr_spec, options)
            if code != 250:
                raise self._answered(code, answer, _At.MAIL)
            code, answer = connection.rcpt(to.addr_spec)
            if code not in (250, 251):
                raise self._answered(code, answer, _At.RCPT)
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            raise DeliveryFailed(DeliveryFault.UNREACHABLE, f"before sending: {self._reason(error)}") from None
        try:
            code, answer = connection.data(raw)
        except smtplib.SMTPDataError as error:
            raise self._answered(error.smtp_code, error.smtp_error, _At.DATA) from None
        except (OSError, smtplib.SMTPException) as error:
            detail = f"the connection was lost after DATA: {self._reason(error)}"
            raise DeliveryFailed(DeliveryFault.UNKNOWN, detail) from None
        if code != 250:
            raise self._answered(code, answer, _At.END)
        self._quit(connection)
        return Receipt(self._one_line(code, answer))

    @staticmethod
    def _quit(connection: smtplib.SMTP) -> None:
        with suppress(Exception):
            connection.quit()

    def _answered(self, code: int, answer: bytes | str, at: _At) -> DeliveryFailed:
        return DeliveryFailed(_fault_of(code, at), f"{self._one_line(code, answer)} (at {at.value})")

    def _one_line(self, code: int, answer: bytes | str) -> str:
        text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
        return self._quoted(f"{code} {text}")

    def _reason(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return "timed out"
        if isinstance(error, OSError) and error.strerror:
            return self._quoted(error.strerror)
        return self._quoted(str(error) or type(error).__name__)

    def _quoted(self, said: str) -> str:
        """What somebody else said, on one line. A server may echo what it was sent."""
        for secret in self._secrets:
            said = said.replace(secret, "***")
        return _header_text(said)[:300]

    def _bad_certificate(self, error: ssl.SSLCertVerificationError) -> DeliveryFailed:
        detail = f"{self._settings.host}: certificate: {_header_text(error.verify_message)[:200]}"
        return DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, detail)

    def _context(self) -> ssl.SSLContext:
        return self._tls or ssl.create_default_context()


def _fault_of(code: int, at: _At) -> DeliveryFault:
    if not 500 <= code < 600:
        return DeliveryFault.TEMPORARY
    if at not in _ABOUT_THE_MESSAGE or code in _BROKEN:
        return DeliveryFault.BROKEN_RECEIVER
    return DeliveryFault.TEMPORARY if code == _MAILBOX_FULL else DeliveryFault.REFUSED


def _forms_of_the_secret(settings: SmtpSettings) -> tuple[str, ...]:
    """The password as it is and as it goes over the wire (RFC 4616 PLAIN, and LOGIN), the longest first."""
    password = settings.password.reveal() if settings.password else ""
    if not password:
        return ()
    plain = f"\0{settings.username or ''}\0{password}"
    encoded = [base64.b64encode(text.encode("utf-8", "replace")).decode() for text in (plain, password)]
    return tuple(sorted((*encoded, password), key=len, reverse=True))


def _address(text: str) -> Address:
    """`Name <user@host>` as an Address with an ASCII domain. Raises ValueError."""
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise ValueError("control character in an address")
    name, spec = parseaddr(text)
    user, at, domain = spec.rpartition("@")
    if not (user and at and domain) or " " in spec:
        raise ValueError("not an address")
    return Address(display_name=_header_text(name), username=user, domain=domain.encode("idna").decode("ascii"))


def _header_text(text: str) -> str:
    """On one line: a line break in a header would start another header."""
    return " ".join(_sendable("".join(c if c.isprintable() else " " for c in text)).split())


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
