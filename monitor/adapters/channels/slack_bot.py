"""Slack by a bot's token: threads, edits, and the delivery key in each message's metadata.

The token is shown in no error and no log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from monitor.adapters.channels.http_post import USUAL_LIMITS, PostLimits, post
from monitor.adapters.channels.slack_answers import Said, answer_of_method
from monitor.adapters.channels.slack_posting import Body, Pace, post_message, wire_body
from monitor.model.delivery import Receipt, SlackTokenEndpoint
from monitor.model.digest import Message
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.secret import Secret

EVENT_TYPE = "media_monitor_digest"
# Slack repeats the whole message, which has 15 kB at most and grows when it is escaped.
_LONGEST_ANSWER = 200_000
_MOST_REMEMBERED = 10_000
_ALONE = "alone"
_TS = re.compile(r"\d{1,12}\.\d{1,8}")
_CHANNEL_ID = re.compile(r"[A-Z0-9]{2,30}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands: what a receipt keeps as its reference, `channel:ts:thread:top:to`.

    `thread` is the ts of the message at the top, its own for one that stands there: Slack takes no reply to a
    reply. `top` is "alone" where that message tells one story, and may be edited to say how it stands now, or
    "many". `to` is the channel as the config names it: a thread is not looked for where the config has moved on.
    """

    channel: str
    ts: str
    thread: str
    top: str
    to: str

    @classmethod
    def read(cls, reference: str | None) -> Self | None:
        """The place of a reference; None where there is none that can be read."""
        parts = (reference or "").split(":", 4)
        if len(parts) != 5 or not _CHANNEL_ID.fullmatch(parts[0]) or not all(map(_TS.fullmatch, parts[1:3])):
            return None
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.channel}:{self.ts}:{self.thread}:{self.top}:{self.to}"


class SlackBotChannel:
    """Keeps the `Channel` port for one channel of Slack; the endpoint, not `recipient`, says which."""

    def __init__(
        self, endpoint: SlackTokenEndpoint, limits: PostLimits = USUAL_LIMITS, pace: Pace | None = None
    ) -> None:
        self._endpoint = endpoint
        self._limits = limits
        self._pace = pace or Pace()
        self._edited: dict[str, datetime] = {}  # parents by their ts, as of when they were edited

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        """Edits the parent where the message says how it looks now, then posts the message itself.

        The edit comes first: a crash between the two repeats only it, and it does no harm twice. Raises
        DeliveryFailed.
        """
        del recipient
        if message.payload is None:
            detail = f"a message in the format {message.format.value} cannot be posted to Slack"
            raise DeliveryFailed(DeliveryFault.REFUSED, detail)
        try:
            return self._send(message, message.payload, key)
        except DeliveryFailed:
            raise
        except Exception as error:
            # `from None`: the causes may carry the token.
            detail = f"internal error: {type(error).__name__}"
            raise DeliveryFailed(DeliveryFault.TEMPORARY, detail) from None

    def _send(self, message: Message, payload: Body, key: str) -> Receipt:
        parent, now = Place.read(message.parent), payload.get("parent")
        if parent is not None and parent.to != self._endpoint.to:
            parent = None
        edited: tuple[str, ...] = ()
        if parent is not None and parent.top == _ALONE and now:
            edited = self._edit(parent, now, message.date)
        body = {
            **wire_body(payload),
            "channel": self._endpoint.to,
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": key}},
        }
        if parent is not None:
            body["thread_ts"] = parent.thread
        said, changes = post_message(self._post, body, message, self._pace)
        place = self._place_of(said.fields, parent, alone=bool(now or payload.get("alone")))
        detail = f"ok {place.channel} {place.ts}" if place else "ok"
        return Receipt("; ".join((detail, *edited, *changes)), str(place) if place else None)

    def _edit(self, parent: Place, now: Mapping[str, Any], as_of: datetime) -> tuple[str, ...]:
        """Makes the parent say what is known now; returns what could not be done.

        It is deleted, too old to be edited, or Slack has a bad moment: nothing of this holds the reply, which is
        the alert. Only when Slack asks to wait nothing else is asked of it.
        """
        if as_of < self._edited.get(parent.thread, as_of):  # an older update that had to be tried again
            return ("parent not edited, it says what came later",)
        self._pace.expect_rested()
        body = {"channel": parent.channel, "ts": parent.thread, "text": now["text"], "blocks": now["blocks"]}
        try:
            said = self._call("chat.update", body)
        except DeliveryFailed as failure:
            return (f"parent not edited, {failure.detail}",)
        if said.fault is DeliveryFault.RATE_LIMITED:
            self._pace.rest(said.retry_after)
            raise said.failure()
        if said.fault:
            return (f"parent not edited, {said.detail}",)
        if len(self._edited) >= _MOST_REMEMBERED:
            self._edited.clear()
        self._edited[parent.thread] = as_of
        return ("parent edited",)

    def _post(self, body: Body) -> Said:
        return self._call("chat.postMessage", body)

    def _call(self, method: str, body: Body) -> Said:
        raw = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": f"Bearer {self._endpoint.token.reveal()}",
        }
        url = Secret(f"{self._endpoint.api_url}/{method}", "api_url")
        return answer_of_method(method, post(url, raw, headers, "Slack", self._limits, _LONGEST_ANSWER))

    def _place_of(self, fields: Mapping[str, Any], parent: Place | None, *, alone: bool) -> Place | None:
        """Where Slack says that it put the message; `alone` where it tells one story and nothing else."""
        channel, ts = str(fields.get("channel", "")), str(fields.get("ts", ""))
        message = fields.get("message")
        thread = str(message.get("thread_ts", ts)) if isinstance(message, dict) else ts
        if not (_CHANNEL_ID.fullmatch(channel) and _TS.fullmatch(ts) and _TS.fullmatch(thread)):
            return None
        top = parent.top if parent is not None and thread == parent.thread else _ALONE if alone else "many"
        return Place(channel, ts, thread, top, self._endpoint.to)
