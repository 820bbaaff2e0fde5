"""E-mail over SMTP: one message to one address, byte for byte the same on every retry."""

from __future__ import annotations

import base64
import smtplib
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from email.headerregistry import Address
from enum import StrEnum

from monitor.adapters.channels.idle_smtp import IdleConnections
from monitor.adapters.channels.mail_form import header_text, mail_address, mail_bytes
from monitor.adapters.channels.timed_smtp import TimedSmtp
from monitor.model.delivery import Receipt, SmtpSecurity, SmtpSettings
from monitor.model.digest import Message
from monitor.model.errors import DeliveryFailed, DeliveryFault

# For one message, in seconds: far below the lease of a delivery, so that a slow server gets no message twice.
DEADLINE = 120.0
# Seconds a connection waits for the next message: servers give minutes (RFC 5321 §4.5.3.2.7 asks for five).
KEEP = 5.0
_MOST_IDLE = 4  # as many as there are senders
# Of one connection. Servers count too (Exim: 1,000), and a pool of servers behind one name shares the work.
_MOST_MESSAGES = 100
# Seconds for the first answer of a connection that waited: it may be dead without a word.
_PROBE = 10.0
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


_DONE = 250
_FORWARDED = 251
_CLOSING = 421  # RFC 5321 §3.8: the server hangs up

# Only here does a server speak of this message; before, it speaks of us, which people can mend.
_ABOUT_THE_MESSAGE = frozenset({_At.RCPT, _At.END})


@dataclass(eq=False)
class _Answered(DeliveryFailed):
    """A refusal in the server's words: both sides still know where they are."""

    code: int = 0


class _Tired(Exception):
    """A connection that waited takes no further message; the server has nothing of this one."""


class EmailChannel:
    """Keeps the `Channel` port for one mail server, for all its receivers and from any thread.

    A connection waits a few seconds for the next message. When it cannot take it, that is no failure: a new one
    is made, as long as the server cannot have the message.
    """

    def __init__(
        self,
        settings: SmtpSettings,
        *,
        tls: ssl.SSLContext | None = None,
        deadline: float = DEADLINE,
        keep: float = KEEP,
    ) -> None:
        """`tls` replaces the default context (system authorities, host name checked) for private authorities.

        `deadline` bounds the sending of one message as a whole, in seconds; `keep` is how long a connection waits
        for the next one (0: not at all).
        """
        self._settings = settings
        self._deadline = deadline
        self._secrets = _forms_of_the_secret(settings)
        self._tls = tls
        self._sender = mail_address(settings.sender)
        self._idle = IdleConnections(keep, _MOST_IDLE)

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

    def close(self) -> None:
        """Ends the connections that wait; the next message makes a new one."""
        self._idle.close()

    def wire_bytes(self, message: Message, recipient: str, key: str) -> bytes:
        """The message as it goes over the wire."""
        return mail_bytes(message, self._sender, self._checked(recipient), key)

    def _send(self, message: Message, recipient: str, key: str) -> Receipt:
        to = self._checked(recipient)
        raw = mail_bytes(message, self._sender, to, key)
        ends = time.monotonic() + self._deadline
        waited = self._idle.take()
        if waited is not None:
            with suppress(_Tired):
                return self._exchange(waited, to, raw, ends, waited=True)
        connection = self._connect(max(ends - time.monotonic(), 0.001))
        return self._exchange(connection, to, raw, ends, waited=False)

    def _exchange(self, connection: TimedSmtp, to: Address, raw: bytes, ends: float, *, waited: bool) -> Receipt:
        """One message over this connection, which then waits for the next one or is closed."""
        in_step = False
        try:
            if waited:
                connection.restart(min(ends - time.monotonic(), _PROBE))
            else:
                self._log_in(connection)
            try:
                receipt = self._hand_over(connection, to, raw, ends, waited=waited)
                in_step = True
                return receipt
            except _Answered as refused:
                # "421" is a server that hangs up; else the connection is good for the next message.
                in_step = refused.code != _CLOSING and self._reset(connection)
                raise DeliveryFailed(refused.fault, refused.detail) from None
        finally:
            if in_step and connection.messages < _MOST_MESSAGES:
                self._idle.put(connection)
            else:
                self._end(connection, politely=in_step)

    def _checked(self, recipient: str) -> Address:
        try:
            return mail_address(recipient)
        except ValueError as error:
            detail = f"{header_text(recipient)[:100]!r} is no mail address"
            raise DeliveryFailed(DeliveryFault.REFUSED, detail) from error

    def _connect(self, deadline: float) -> TimedSmtp:
        settings = self._settings
        where = f"{settings.host}:{settings.port}"
        try:
            return TimedSmtp(
                settings.host,
                settings.port,
                self._sender.domain,  # for EHLO: smtplib would look up this machine's name
                timeout=settings.timeout.total_seconds(),
                deadline=deadline,
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

    def _hand_over(self, connection: TimedSmtp, to: Address, raw: bytes, ends: float, *, waited: bool) -> Receipt:
        """MAIL, RCPT, DATA. Raises DeliveryFailed, _Answered, and _Tired of a connection that waited."""
        options = self._options(connection, to)
        try:
            code, answer = connection.mail(self._sender.addr_spec, options)
            if waited and code != _DONE:  # it may only have had enough of this connection
                raise _Tired
            self._expect(code, answer, _At.MAIL)
            connection.restart(max(ends - time.monotonic(), 0.001))
            code, answer = connection.rcpt(to.addr_spec)
            if waited and code == _CLOSING:
                raise _Tired
            self._expect(code, answer, _At.RCPT)
            code, answer = connection.data(raw)
        except smtplib.SMTPDataError as error:
            if waited and error.smtp_code == _CLOSING:
                raise _Tired from None
            raise self._answered(error.smtp_code, error.smtp_error, _At.DATA) from None
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            if connection.ended:
                detail = f"the connection was lost after DATA: {self._reason(error)}"
                raise DeliveryFailed(DeliveryFault.UNKNOWN, detail) from None
            if waited:
                raise _Tired from None
            raise DeliveryFailed(DeliveryFault.UNREACHABLE, f"before sending: {self._reason(error)}") from None
        self._expect(code, answer, _At.END)
        over = f"{connection.greeting.decode('utf-8', 'replace')} · {connection.protection}"
        return Receipt(self._one_line(code, answer), over=self._quoted(over))

    def _options(self, connection: TimedSmtp, to: Address) -> list[str]:
        if to.username.isascii() and self._sender.username.isascii():
            return []
        if not connection.has_extn("smtputf8"):
            detail = "the server takes no addresses beyond ASCII (SMTPUTF8)"
            raise DeliveryFailed(DeliveryFault.REFUSED, detail)
        return ["SMTPUTF8", "BODY=8BITMIME"]

    def _expect(self, code: int, answer: bytes, at: _At) -> None:
        if code != _DONE and not (at is _At.RCPT and code == _FORWARDED):
            raise self._answered(code, answer, at)

    @staticmethod
    def _reset(connection: TimedSmtp) -> bool:
        """Whether the server is ready for another message after one it refused."""
        with suppress(Exception):
            return connection.rset()[0] == _DONE
        return False

    @staticmethod
    def _end(connection: TimedSmtp, *, politely: bool) -> None:
        # After the answer to DATA all is decided: a failing goodbye changes nothing.
        with suppress(Exception):
            if politely:
                connection.quit()
        with suppress(Exception):
            connection.close()

    def _answered(self, code: int, answer: bytes | str, at: _At) -> _Answered:
        return _Answered(_fault_of(code, at), f"{self._one_line(code, answer)} (at {at.value})", code=code)

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
        return header_text(said)[:300]

    def _bad_certificate(self, error: ssl.SSLCertVerificationError) -> DeliveryFailed:
        detail = f"{self._settings.host}: certificate: {header_text(error.verify_message)[:200]}"
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
