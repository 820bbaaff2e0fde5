"""Slack over an incoming webhook. The webhook's URL is the secret: it is shown in no error and no log."""

from __future__ import annotations

import json
import re

from monitor.adapters.channels.http_post import USUAL_LIMITS, Answer, PostLimits, fault_of, post, wait_of
from monitor.model.delivery import Receipt, SlackEndpoint
from monitor.model.digest import Message
from monitor.model.errors import DeliveryFailed, DeliveryFault

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

    def __init__(self, endpoint: SlackEndpoint, limits: PostLimits = USUAL_LIMITS) -> None:
        self._endpoint = endpoint
        self._limits = limits

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        """Posts the message's payload. Raises DeliveryFailed."""
        del recipient, key  # a webhook has no field for either
        if message.payload is None:
            detail = f"a message in the format {message.format.value} cannot be posted to Slack"
            raise DeliveryFailed(DeliveryFault.REFUSED, detail)
        try:
            body = json.dumps(message.payload, ensure_ascii=False).encode("utf-8", "replace")
            headers = {"Content-Type": "application/json; charset=utf-8"}
            return _judge(post(self._endpoint.webhook_url, body, headers, "Slack", self._limits))
        except DeliveryFailed:
            raise
        except Exception as error:
            detail = f"internal error: {type(error).__name__}"
            raise DeliveryFailed(DeliveryFault.TEMPORARY, detail) from None


def _judge(answer: Answer) -> Receipt:
    """The receipt, or the failure raised. The answer is quoted only where it is one of Slack's code words."""
    word = _word(answer.text)
    detail = f"HTTP {answer.status}" + (f" {word}" if word else "")
    fault = fault_of(answer.status)
    if fault is None:
        if word == "ok":
            return Receipt(detail)
        if word not in _BROKEN_WORDS:
            detail += ': the answer is not Slack\'s "ok"; is this a Slack webhook?'
        raise DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, detail)
    if fault is DeliveryFault.REFUSED and word in _BROKEN_WORDS:
        fault = DeliveryFault.BROKEN_RECEIVER
    raise DeliveryFailed(fault, detail, wait_of(answer.retry_after))


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
