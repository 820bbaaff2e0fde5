"""Slack over an incoming webhook. The webhook's URL is the secret: it is shown in no error and no log."""

from __future__ import annotations

import json

from monitor.adapters.channels.http_post import USUAL_LIMITS, PostLimits, post
from monitor.adapters.channels.slack_answers import Said, answer_of_webhook
from monitor.adapters.channels.slack_posting import Body, Pace, post_message, wire_body
from monitor.model.delivery import Receipt, SlackEndpoint
from monitor.model.digest import Message
from monitor.model.errors import DeliveryFailed, DeliveryFault


class SlackChannel:
    """Keeps the `Channel` port for one webhook; `recipient` is not needed, the webhook knows its channel."""

    def __init__(
        self, endpoint: SlackEndpoint, limits: PostLimits = USUAL_LIMITS, pace: Pace | None = None
    ) -> None:
        self._endpoint = endpoint
        self._limits = limits
        self._pace = pace or Pace()

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        """Posts the message's payload. Raises DeliveryFailed."""
        del recipient, key  # a webhook has no field for either
        if message.payload is None:
            detail = f"a message in the format {message.format.value} cannot be posted to Slack"
            raise DeliveryFailed(DeliveryFault.REFUSED, detail)
        try:
            said, changes = post_message(self._post, wire_body(message.payload), message, self._pace)
            return Receipt("; ".join((said.detail, *changes)))
        except DeliveryFailed:
            raise
        except Exception as error:
            detail = f"internal error: {type(error).__name__}"
            raise DeliveryFailed(DeliveryFault.TEMPORARY, detail) from None

    def _post(self, body: Body) -> Said:
        raw = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return answer_of_webhook(post(self._endpoint.webhook_url, raw, headers, "Slack", self._limits))
