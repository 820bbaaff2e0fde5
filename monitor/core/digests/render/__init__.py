"""Digest → Message: pure, and the same digest always gives the same bytes.

Every story appears in some part of the messages, however many there are: what does not fit in full becomes
one line, and what does not fit in one message becomes a further part. Templates are package files, loaded
once at import; nothing is read while rendering.
"""

from __future__ import annotations

from dataclasses import replace

from monitor.core.digests.render.html_form import html_messages
from monitor.core.digests.render.json_form import json_messages
from monitor.core.digests.render.notice_form import render_notice
from monitor.core.digests.render.slack_form import slack_messages
from monitor.core.digests.render.text_form import text_messages
from monitor.model.digest import Digest, Message, MessageFormat

__all__ = ["render", "render_notice", "with_key"]


def render(digest: Digest, form: MessageFormat, *, display_name: str | None = None) -> tuple[Message, ...]:
    """The digest as messages for one kind of channel: at least one, numbered when there are several.

    `display_name` is the title people read; by default the digest's name with its hyphens opened
    ("border-morning" → "Border morning"). Limits, after delivery design: 80 kB of HTML an e-mail; 45 blocks,
    9,000 characters and 15 kB a Slack message; 200 stories a part for the other formats.
    """
    title = display_name or digest.name.replace("-", " ").replace("_", " ").strip().capitalize() or "Digest"
    if form is MessageFormat.SLACK:
        return slack_messages(digest, title)
    if form is MessageFormat.JSON:
        return json_messages(digest, title)
    if form is MessageFormat.TEXT:
        return text_messages(digest, title)
    return html_messages(digest, title, form)


def with_key(message: Message, key: str) -> Message:
    """The message with its delivery key written into a JSON payload; other formats are returned as they are."""
    if message.format is not MessageFormat.JSON or message.payload is None:
        return message
    return replace(message, payload={**message.payload, "key": key})
