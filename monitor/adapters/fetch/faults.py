"""Every exception of a fetch as an outcome and one line for the user."""

from __future__ import annotations

import ssl
from http import HTTPStatus

import httpx2
from socksio import SOCKSError

from monitor.adapters.fetch.body import BodyBroken, BodyTooLarge
from monitor.adapters.fetch.guard import AddressForbidden, NameUnresolved, ProxyFailed, TlsFailed, tls_reason
from monitor.model.feed import PollOutcome

_MAX_LINE = 300

_STATUS_OUTCOME = {
    304: PollOutcome.NOT_MODIFIED,
    401: PollOutcome.AUTH_ERROR,
    403: PollOutcome.AUTH_ERROR,
    410: PollOutcome.GONE,
    429: PollOutcome.RATE_LIMITED,
    451: PollOutcome.AUTH_ERROR,
    503: PollOutcome.RATE_LIMITED,
}


class Refused(Exception):
    """The fetcher itself says no: `outcome`, and why in words that follow the host's name."""

    def __init__(self, outcome: PollOutcome, why: str) -> None:
        super().__init__(why)
        self.outcome = outcome


def outcome_of_status(status: int) -> PollOutcome:
    """The outcome of a final answer (polling design "When to poll"); 206 and 1xx were never asked for."""
    if status in _STATUS_OUTCOME:
        return _STATUS_OUTCOME[status]
    if status < 200 or status == HTTPStatus.PARTIAL_CONTENT:
        return PollOutcome.PROTOCOL_ERROR
    return PollOutcome.OK if status < 300 else PollOutcome.HTTP_ERROR


def words_for_status(status: int) -> str:
    """`answered 404 Not Found`: our own words for the number, never the server's text."""
    try:
        return f"answered {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"answered {status}"


def fault_of(error: Exception) -> tuple[PollOutcome, str]:
    """The outcome of a failed fetch and why.

    Names no URL: a query string may hold a secret. Connecting in vain is UNREACHABLE also when the wait for
    the connection ran out (nobody answered); TIMEOUT means that somebody did, too slowly.
    """
    outcome, why = _classify(error)
    return outcome, one_line(why)


def one_line(text: str) -> str:
    """Printable characters only, at most 300: parts of the text may come from a server."""
    shown = "".join(char if char.isprintable() else " " for char in text[: 2 * _MAX_LINE])
    return " ".join(shown.split())[:_MAX_LINE]


def _classify(error: Exception) -> tuple[PollOutcome, str]:
    match error:
        case Refused():
            return error.outcome, str(error)
        case AddressForbidden():
            return PollOutcome.FORBIDDEN_ADDRESS, f"refused before connecting: {error}"
        case ProxyFailed():
            return PollOutcome.UNREACHABLE, str(error)
        case httpx2.ProxyError():
            return PollOutcome.UNREACHABLE, f"the proxy does not connect: {_proxy_words(str(error))}"
        case SOCKSError():
            return PollOutcome.UNREACHABLE, "the proxy does not speak SOCKS5"
        case TlsFailed():
            return PollOutcome.TLS_ERROR, str(error)
        case ssl.SSLError():
            return PollOutcome.TLS_ERROR, tls_reason(error)
        case BodyTooLarge():
            return PollOutcome.TOO_LARGE, f"the body is too large: {error}"
        case BodyBroken():
            return PollOutcome.PROTOCOL_ERROR, str(error)
        case NameUnresolved() | httpx2.ConnectTimeout():
            return PollOutcome.UNREACHABLE, str(error)
        case httpx2.ConnectError():
            return PollOutcome.UNREACHABLE, f"cannot connect: {error}"
        case httpx2.TimeoutException():
            return PollOutcome.TIMEOUT, "sent nothing for too long"
        case httpx2.NetworkError():
            return PollOutcome.UNREACHABLE, f"the connection broke: {error or type(error).__name__}"
        case httpx2.LocalProtocolError():  # its text may repeat a header, which may be a secret
            return PollOutcome.PROTOCOL_ERROR, "the request cannot be written as HTTP"
        case httpx2.ProtocolError():
            return PollOutcome.PROTOCOL_ERROR, f"does not speak proper HTTP: {error}"
        case OSError():
            return PollOutcome.UNREACHABLE, f"{type(error).__name__}: {error.strerror or 'connection failed'}"
        case _:
            return PollOutcome.PROTOCOL_ERROR, f"unexpected {type(error).__name__}"


def _proxy_words(said: str) -> str:
    """Our own words for a status of the proxy; httpcore2's, from a fixed list, for what SOCKS says."""
    status = said.split(" ", 1)[0]
    return words_for_status(int(status)) if status.isdecimal() and len(status) == 3 else said
