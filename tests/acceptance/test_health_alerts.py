"""The real daemon tells of its own troubles, through a receiver that can be reached."""

from __future__ import annotations

import json
from typing import Any

import pytest
from desk import Desk, eventually
from http_sink import http_sink
from local_feed import LocalFeed

RECEIVERS = """
[receivers.desk]
webhook = { url = "env:HOOK", secret = "env:HOOK_SECRET" }
[receivers.ops]
file = { directory = "ops", format = "json" }
"""


def told(desk: Desk) -> list[dict[str, Any]]:
    """The messages in the folder of ops."""
    return [json.loads(one.read_text(encoding="utf-8")) for one in sorted((desk.folder / "ops").glob("*.json"))]


@pytest.mark.soak
def test_messages_given_up_are_told_to_the_other_receiver_at_once(desk: Desk, feed: LocalFeed) -> None:
    with http_sink() as sink:
        sink.answer = (400, {}, b"no such field")
        desk.environment |= {"HOOK": sink.url + "/s3cret", "HOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
        desk.write([feed.url], receivers=RECEIVERS, more='[health]\nreceivers = ["desk", "ops"]\n')
        feed.add("Torkham closed", "The Torkham crossing was closed.")
        with desk.running():
            eventually(lambda: told(desk), "the message to ops")
            shown = desk.command("status").stdout
            preview = desk.command("digest", "preview", "health").stdout
        (message,) = told(desk)
        assert message["title"].endswith("Messages to desk (webhook) were given up")
        assert "1 message given up" in message["sections"][0]["lines"][0]
        assert "Trouble     Messages to desk (webhook) were given up" in shown
        assert ", pid " in shown
        assert "1 needs you" in preview
        assert len(sink.requests) == 1, "who refuses is not told of it"
        assert "s3cret" not in desk.log() + json.dumps(told(desk))
