"""A JSON digest posted to a web server, signed after Standard Webhooks (`monitor.core.signing`).

The address may hold a token in its path or query, so that errors name its host only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_plus, urlsplit

from monitor.adapters.channels.http_post import USUAL_LIMITS, Answer, PostLimits, fault_of, post, wait_of
from monitor.core.signing import key_of, signature_headers
from monitor.model.delivery import Receipt, WebhookEndpoint
from monitor.model.digest import Message
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.ports import Clock

_LONGEST_QUOTE = 100
_TELLTALE = 6  # letters in a row of the address or the secret: with so many an answer is not quoted
_SHORTEST_SECRET = 4


class WebhookChannel:
    """Keeps the `Channel` port for one address; `recipient` is not needed, the address is the receiver."""

    def __init__(
        self, endpoint: WebhookEndpoint, clock: Clock, version: str, limits: PostLimits = USUAL_LIMITS
    ) -> None:
        """`version` is told in the User-Agent."""
        self._endpoint = endpoint
        self._clock = clock
        self._agent = f"media-monitor/{version}"
        self._limits = limits

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        """Posts the message's payload, the same bytes on every retry. Raises DeliveryFailed."""
        del recipient
        if message.payload is None:
            detail = f"a message in the format {message.format.value} cannot be posted as JSON"
            raise DeliveryFailed(DeliveryFault.REFUSED, detail)
        try:
            return self._judge(self._post(wire_bytes(message), key))
        except DeliveryFailed:
            raise
        except Exception as error:
            # `from None`: the causes may carry the address or the secret.
            detail = f"internal error: {type(error).__name__}"
            raise DeliveryFailed(DeliveryFault.TEMPORARY, detail) from None

    def _post(self, body: bytes, key: str) -> Answer:
        try:
            signing_key = key_of(self._endpoint.secret.reveal())
        except ValueError as error:
            detail = f"{self._endpoint.secret.reference}: {error}"
            raise DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, detail) from None
        safe_key = "".join(c for c in key if c.isascii() and (c.isalnum() or c in "-_"))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": self._agent,
            **signature_headers(signing_key, safe_key, self._clock.now(), body),
        }
        return post(self._endpoint.url, body, headers, host_of(self._endpoint), self._limits)

    def _judge(self, answer: Answer) -> Receipt:
        """The receipt for any 2xx, or the failure raised."""
        quote = quotable(answer.text, [*_secrets_of(self._endpoint)])
        detail = f"HTTP {answer.status}" + (f" {quote}" if quote else "")
        fault = fault_of(answer.status)
        if fault is None:
            return Receipt(detail)
        raise DeliveryFailed(fault, detail, _wait(answer.retry_after, self._clock.now()))


def wire_bytes(message: Message) -> bytes:
    """The payload as compact JSON in UTF-8, its keys in order: the bytes that are signed."""
    written = json.dumps(message.payload, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return written.encode("utf-8", "replace")


def host_of(endpoint: WebhookEndpoint) -> str:
    """What may be shown of the address."""
    try:
        return urlsplit(endpoint.url.reveal()).hostname or "the webhook"
    except ValueError:
        return "the webhook"


def quotable(answer: str, secrets: list[str]) -> str:
    """The first line of an answer where it is text for people, else "".

    Servers like to repeat what they were asked. An answer that shares six letters in a row with a secret, written
    plainly or percent-encoded, is not quoted at all.
    """
    line = " ".join(answer.split("\n", 1)[0].split())[:_LONGEST_QUOTE]
    if not line.isprintable() or "\ufffd" in line or line.startswith("<"):
        return ""
    said = f"{answer}\n{unquote_plus(answer)}".casefold()
    if any(run in said for secret in secrets for run in _runs(secret.casefold())):
        return ""
    return line


def _runs(secret: str) -> Iterator[str]:
    """All runs of six letters; a shorter text is one run, unless it is as short as many a word."""
    if len(secret) >= _SHORTEST_SECRET:
        yield from (secret[at : at + _TELLTALE] for at in range(max(1, len(secret) - _TELLTALE + 1)))


def _secrets_of(endpoint: WebhookEndpoint) -> Iterator[str]:
    yield endpoint.secret.reveal().removeprefix("whsec_")
    try:
        parts = urlsplit(endpoint.url.reveal())
    except ValueError:
        return
    for piece in (parts.path.strip("/"), *parts.query.split("&"), parts.fragment):
        yield from {piece, unquote_plus(piece), unquote_plus(piece.partition("=")[2])}


def _wait(retry_after: str | None, now: datetime) -> timedelta | None:
    """Retry-After in either form of RFC 9110 §10.2.3, a day at most."""
    seconds = wait_of(retry_after)
    if seconds is not None or not retry_after:
        return seconds
    try:
        left = parsedate_to_datetime(retry_after) - now
    except (ValueError, TypeError, OverflowError):  # TypeError: a date without a zone
        return None
    return min(left, timedelta(days=1)) if left > timedelta(0) else None
