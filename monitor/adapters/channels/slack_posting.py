"""What both ways into Slack share: the pace, and plain text where Slack does not take the blocks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from monitor.adapters.channels.slack_answers import NO_THREAD, Said
from monitor.core.digests.render.slack_form import FOR_CHANNELS
from monitor.core.digests.render.slack_text import escape
from monitor.model.digest import Message
from monitor.model.errors import DeliveryFailed, DeliveryFault

Body = Mapping[str, Any]

# docs.slack.dev, rate limits: chat.postMessage and incoming webhooks take about one message a second a channel.
GAP = 1.0
# Far below the 40,000 characters at which Slack cuts a text; a part of a digest has less.
LONGEST_TEXT = 12_000


class Pace:
    """Keeps one sender to about one message a second, and away while Slack asks for a rest.

    The stage gives a receiver's channel one sender at most, so that others go on meanwhile.
    """

    def __init__(
        self,
        gap: float = GAP,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`gap` in seconds; `clock` only grows."""
        self._gap = gap
        self._clock = clock
        self._sleep = sleep
        self._next = 0.0
        self._rest_until = 0.0

    def expect_rested(self) -> None:
        """Raises DeliveryFailed when Slack asked for a rest that is longer than the gap."""
        left = self._rest_until - self._clock()
        if left > self._gap:
            detail = "Slack asked to wait; nothing was sent"
            raise DeliveryFailed(DeliveryFault.RATE_LIMITED, detail, timedelta(seconds=left))

    def take_turn(self) -> None:
        """Returns when the next message may go. Raises DeliveryFailed when Slack asked for a longer rest."""
        self.expect_rested()
        now = self._clock()
        pause = max(self._rest_until - now, self._next - now, 0.0)
        if pause:
            self._sleep(pause)
        self._next = now + pause + self._gap

    def answered(self) -> None:
        """Counts the gap from the answer: a message that was slow on its way came late, and the next must not seem
        to follow at once."""
        self._next = self._clock() + self._gap

    def rest(self, wait: timedelta | None) -> None:
        """Slack said 429 and how long."""
        if wait is not None:
            self._rest_until = self._clock() + wait.total_seconds()


def wire_body(payload: Body) -> dict[str, Any]:
    """The payload without what is meant for us."""
    return {name: value for name, value in payload.items() if name not in FOR_CHANNELS}


def post_message(
    post: Callable[[Body], Said], body: Body, message: Message, pace: Pace
) -> tuple[Said, tuple[str, ...]]:
    """Posts the body until Slack says yes: without its thread where that is gone, and as plain text where the
    blocks are refused, since a story that Slack does not like must arrive all the same.

    Returns the answer, and what had to be changed. Raises DeliveryFailed.
    """
    changes: tuple[str, ...] = ()
    while True:
        pace.take_turn()
        said = post(body)
        pace.answered()
        if said.fault is None:
            return said, changes
        if said.fault is DeliveryFault.RATE_LIMITED:
            pace.rest(said.retry_after)
        if said.word in NO_THREAD and "thread_ts" in body:
            body = {name: value for name, value in body.items() if name != "thread_ts"}
            changes += (f"outside the thread, {said.detail}",)
        elif said.fault is DeliveryFault.REFUSED and "blocks" in body:
            body = as_plain_text(body, message)
            changes += (f"as plain text, {said.detail}",)
        else:
            raise said.failure()


def as_plain_text(body: Body, message: Message) -> dict[str, Any]:
    """The body with the message's text in place of blocks and metadata, which may be what Slack refuses."""
    kept = {name: value for name, value in body.items() if name not in ("blocks", "metadata")}
    text = escape(message.text)
    if len(text) > LONGEST_TEXT:
        # A whole line is where no entity is cut in two.
        end = text.rfind("\n", 0, LONGEST_TEXT)
        text = text[: end if end > 0 else LONGEST_TEXT] + "\n… cut: monitor deliveries show has the rest"
    return {**kept, "text": f"{body['text']}\n{text}", "mrkdwn": False}
