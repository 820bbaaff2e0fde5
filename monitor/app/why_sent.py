"""Who was not sent a story in full, and why: they have it from another digest, or want no more of this one."""

from __future__ import annotations

from typing import Any

from monitor.app.times import shown_time
from monitor.model.addressing import ShownBefore
from monitor.model.digest import AlreadySent
from monitor.model.ledger import Routing

_HOW = {AlreadySent.BRIEF: "shown in one line", AlreadySent.SKIP: "left out"}


def not_in_full_lines(routing: Routing) -> list[str]:
    """A line for each recipient of the batch."""
    lines = [
        f"already sent to {_whom(one)} by {one.by_digest} {shown_time(one.sent_at)}: {_HOW[one.shown]}"
        for one in routing.sent_before
    ]
    for address, since in routing.unsubscribed:
        if since is None:
            lines.append(f"{address} had unsubscribed from {routing.digest} then, and has it again now")
        else:
            lines.append(f"{address} unsubscribed from {routing.digest} on {shown_time(since)}")
    return lines


def not_in_full_json(routing: Routing) -> dict[str, Any]:
    """The same as keys of a JSON object."""
    return {
        "sent_before": [
            {
                "receiver": one.receiver,
                "channel": one.channel.value,
                "recipient": one.recipient,
                "shown": one.shown.value,
                "by_digest": one.by_digest,
                "by_batch": one.by_batch,
                "sent_at": one.sent_at.isoformat(),
            }
            for one in routing.sent_before
        ],
        "unsubscribed": [
            {"recipient": address, "since": since and since.isoformat()} for address, since in routing.unsubscribed
        ],
    }


def _whom(one: ShownBefore) -> str:
    return f"{one.receiver} ({one.recipient})" if one.recipient != one.channel.value else one.receiver
