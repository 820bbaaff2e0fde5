"""One HTTP POST with an end, for the channels whose other side is a web server.

Neither redirects nor proxies of the environment are followed. The URL is, or may hold, a secret: it stands in no
error and no log; failures name the other side in the words of the caller.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import httpx2

from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.secret import Secret

_LONGEST_ANSWER = 2_000
_LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PostLimits:
    """Times in seconds. `deadline` is for the whole exchange: the others are per read, and a server may drip."""

    connect: float = 10.0
    answer: float = 30.0
    deadline: float = 120.0


USUAL_LIMITS = PostLimits()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: `text` is the start of its body, `retry_after` the header as it stands."""

    status: int
    retry_after: str | None
    text: str


def post(
    url: Secret,
    body: bytes,
    headers: Mapping[str, str],
    whom: str,
    limits: PostLimits,
    longest: int = _LONGEST_ANSWER,
) -> Answer:
    """Posts the body and returns whatever is answered, of its text the first `longest` bytes.

    Raises DeliveryFailed when nothing is.
    """
    try:
        request = httpx2.Request(
            "POST",
            url.reveal(),
            content=body,
            # Read undecoded: an answer of a few bytes needs no compression, and no bomb can unfold.
            headers={**headers, "Accept-Encoding": "identity"},
            extensions={
                "timeout": {
                    "connect": limits.connect,
                    "pool": limits.connect,
                    "read": limits.answer,
                    "write": limits.answer,
                }
            },
        )
        # An event loop of its own for one message: only there can a deadline end whatever is going on.
        return asyncio.run(_exchange(request, limits.deadline, longest))
    # `from None` throughout: the causes carry the request, and with it the secret.
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        raise DeliveryFailed(DeliveryFault.UNREACHABLE, f"{whom}: {_why_no_connection(error)}") from None
    except (httpx2.UnsupportedProtocol, httpx2.InvalidURL):
        raise DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, f"{url!r} holds no http(s) address") from None
    except (httpx2.HTTPError, TimeoutError) as error:
        detail = f"{whom}: no answer after the message was sent ({type(error).__name__})"
        raise DeliveryFailed(DeliveryFault.UNKNOWN, detail) from None


def fault_of(status: int) -> DeliveryFault | None:
    """What a status means for a delivery; None for 2xx. A redirect is a receiver to be mended, never followed."""
    if 200 <= status < 300:
        return None
    if status == 429:
        return DeliveryFault.RATE_LIMITED
    if status >= 500 or status in (408, 425):
        return DeliveryFault.TEMPORARY
    if status in (401, 403, 404, 410) or status < 400:
        return DeliveryFault.BROKEN_RECEIVER
    return DeliveryFault.REFUSED


def wait_of(retry_after: str | None) -> timedelta | None:
    """Retry-After in whole seconds, a day at most; None where it is missing or written otherwise."""
    if retry_after is None or not retry_after.isascii() or not retry_after.strip().isdigit():
        return None
    return min(timedelta(seconds=int(retry_after.strip()[:9])), _LONGEST_WAIT)


def _why_no_connection(error: BaseException) -> str:
    """In the words of the system that refused: those of the error itself may hold more than a host."""
    found: BaseException | None = error
    while found is not None:
        match found:
            case ssl.SSLCertVerificationError():
                return f"its certificate does not hold: {found.verify_message}"
            case ssl.SSLError():
                return f"no encrypted connection ({found.reason or 'TLS error'})"
            case socket.gaierror():
                return "its name is not known here"
            case TimeoutError() | httpx2.TimeoutException():
                return "nobody answers"
            case OSError() if found.errno:
                return os.strerror(found.errno).lower()
        found = found.__cause__ or found.__context__
    return type(error).__name__


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted, read once: 45 ms of CPU, as much as all else of a message to Slack."""
    return httpx2.create_ssl_context(trust_env=False)


async def _exchange(request: httpx2.Request, deadline: float, longest: int) -> Answer:
    # The bare transport, not a Client: a Client logs each URL, follows redirects and reads proxies from the
    # environment.
    async with (
        asyncio.timeout(deadline),
        httpx2.AsyncHTTPTransport(verify=_trusted(), trust_env=False) as transport,
    ):
        response = await transport.handle_async_request(request)
        try:
            text = await _start_of(response, longest)
            return Answer(response.status_code, response.headers.get("retry-after"), text)
        finally:
            await response.aclose()


async def _start_of(response: httpx2.Response, longest: int) -> str:
    taken = b""
    async for chunk in response.aiter_raw():
        taken += chunk
        if len(taken) >= longest:
            break
    return taken[:longest].decode("utf-8", "replace").strip()
