"""A digest as text, for people and pipes."""

from __future__ import annotations

import json
from collections.abc import Sequence

from monitor.core.digests.render import render, render_notice
from monitor.core.digests.render.slack_form import FOR_CHANNELS
from monitor.model.digest import Digest, Message, MessageFormat
from monitor.model.notice import Notice

_FORMS = {
    "text": MessageFormat.TEXT,
    "html": MessageFormat.HTML,
    "slack": MessageFormat.SLACK,
    "json": MessageFormat.JSON,
}


def preview_texts(digest: Digest, form: str) -> list[str]:
    """One text for each part of the digest in that form."""
    return _texts(render(digest, _FORMS[form]))


def notice_texts(notice: Notice, form: str) -> list[str]:
    """The same of what the monitor says of itself."""
    return _texts(render_notice(notice, _FORMS[form]))


def _texts(messages: Sequence[Message]) -> list[str]:
    texts = []
    for message in messages:
        if message.payload is not None:
            sent = {name: value for name, value in message.payload.items() if name not in FOR_CHANNELS}
            texts.append(json.dumps(sent, ensure_ascii=False, indent=2))
        else:
            texts.append(message.html or message.text)
    return texts
