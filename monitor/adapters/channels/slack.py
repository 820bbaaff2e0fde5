"""Slack over an incoming webhook. The webhook's URL is the secret: it is shown in no error and no log."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta

import httpx2

from monitor.model.delivery import Receipt, SlackEndpoint
from monitor.model.digest import Message
from monitor.model.errors import DeliveryFailed, DeliveryFault

CONNECT_TIMEOUT = 10.0
ANSWER_TIMEOUT = 30.0
# For the whole exchange, in seconds: the timeouts above are per read, and a server may drip.
DEADLINE = 120.0
_LONGEST_ANSWER = 2_000
_LONGEST_WAIT = timedelta(days=1)
# What Slack says of a webhook that is gone (docs.slack.dev, "Handling errors" of incoming webhooks).
_BROKEN_WORDS = frozenset(
    {
        "action_prohibited",
        "channel_is_archived",
        "channel_not_found",
        "invalid_auth",
        "invalid_token",
        "no_active_hooks",
        "no_service",
        "no_service_id",
        "no_team",
        "posting_to_general_channel_denied",
        "team_disabled",
        "token_revoked",
        "user_not_found",
    }
)
_CODE_WORD = re.compile(r"[a-z_]{2,60}")


class SlackChannel:
    """Keeps the `Channel` port for one webhook; `recipient` is not needed, the webhook knows its channel."""

    def __init__(
        self,
        endpoint: SlackEndpoint,
        *,
        connect_timeout: float = CONNECT_TIMEOUT,
        answer_timeout: float = ANSWER_TIMEOUT,
        deadline: float = DEADLINE,
    ) -> None:
        """All times are in seconds; `deadline` is for the whole exchange."""
        self._endpoint = endpoint
        self._deadline = deadline
        self._timeouts = {
            "connect": connect_timeout,
            "pool": connect_timeout,
            "read": answer_timeout,
            "write": answer_timeout,
        }

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        """Posts the message's payload. Raises DeliveryFailed."""
        del recipient, key  # a webhook has no field for either
        if message.payload is None:
            detail = f"a message in the format {message.format.value} cannot be posted to Slack"
            raise DeliveryFailed(DeliveryFault.REFUSED, detail)
        try:
            status, headers, answer = self._post(message)
            return _judge(status, headers.get("retry-after"), answer)
        except DeliveryFailed:
            raise
        except Exception as error:
            detail = f"internal error: {type(error).__name__}"
            raise DeliveryFailed(DeliveryFault.TEMPORARY, detail) from None

    def _post(self, message: Message) -> tuple[int, httpx2.Headers, str]:
        body = json.dumps(message.payload, ensure_ascii=False).encode("utf-8", "replace")
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            # Read undecoded: an answer of a few bytes needs no compression, and no bomb can unfold.
            "Accept-Encoding": "identity",
        }
        try:
            request = httpx2.Request(
                "POST",
                self._endpoint.webhook_url.reveal(),
                content=body,
                headers=headers,
                extensions={"timeout": dict(self._timeouts)},
            )
            # An event loop of its own for one message: only there can a deadline end whatever is going on.
            return asyncio.run(_exchange(request, self._deadline))
        # `from None` throughout: the causes carry the request, and with it the secret.
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise DeliveryFailed(DeliveryFault.UNREACHABLE, f"Slack: {type(error).__name__}") from None
        except (httpx2.UnsupportedProtocol, httpx2.InvalidURL):
            detail = f"{self._endpoint.webhook_url!r} holds no http(s) address"
            raise DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, detail) from None
        except (httpx2.HTTPError, TimeoutError) as error:
            detail = f"Slack: no answer after the message was sent ({type(error).__name__})"
            raise DeliveryFailed(DeliveryFault.UNKNOWN, detail) from None


async def _exchange(request: httpx2.Request, deadline: float) -> tuple[int, httpx2.Headers, str]:
    # The bare transport, not a Client: a Client logs each URL, follows redirects and reads proxies from the
    # environment.
    async with asyncio.timeout(deadline), httpx2.AsyncHTTPTransport(trust_env=False) as transport:
        response = await transport.handle_async_request(request)
        try:
            return response.status_code, response.headers, await _start_of(response)
        finally:
            await response.aclose()


async def _start_of(response: httpx2.Response) -> str:
    taken = b""
    async for chunk in response.aiter_raw():
        taken += chunk
        if len(taken) >= _LONGEST_ANSWER:
            break
    return taken[:_LONGEST_ANSWER].decode("utf-8", "replace").strip()


def _judge(status: int, retry_after: str | None, answer: str) -> Receipt:
    """The receipt, or the failure raised. `answer` is quoted only where it is one of Slack's code words."""
    word = _word(answer)
    detail = f"HTTP {status}" + (f" {word}" if word else "")
    if 200 <= status < 300:
        if word == "ok":
            return Receipt(detail)
        if word not in _BROKEN_WORDS:
            detail += ': the answer is not Slack\'s "ok"; is this a Slack webhook?'
        raise DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, detail)
    if status == 429:
        raise DeliveryFailed(DeliveryFault.RATE_LIMITED, detail, _seconds(retry_after))
    if status >= 500 or status in (408, 425):
        raise DeliveryFailed(DeliveryFault.TEMPORARY, detail, _seconds(retry_after))
    if status in (401, 403, 404, 410) or word in _BROKEN_WORDS or status < 400:
        raise DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, detail)
    raise DeliveryFailed(DeliveryFault.REFUSED, detail)


def _word(answer: str) -> str:
    """Slack's own word in the answer: plain text, or `{"ok": …, "error": …}` of compatible services."""
    if answer.startswith("{"):
        try:
            told = json.loads(answer)
        except (ValueError, RecursionError):
            return ""
        if told.get("ok") is True or told.get("success") is True:
            return "ok"
        answer = str(told.get("error", ""))
    return answer if _CODE_WORD.fullmatch(answer) else ""


def _seconds(retry_after: str | None) -> timedelta | None:
    # Slack sends whole seconds; the HTTP-date form of RFC 9110 §10.2.3 would need a clock.
    if retry_after is None or not retry_after.isascii() or not retry_after.strip().isdigit():
        return None
    return min(timedelta(seconds=int(retry_after.strip()[:9])), _LONGEST_WAIT)
