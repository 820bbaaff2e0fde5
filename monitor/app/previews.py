"""A digest as text, for people and pipes."""

from __future__ import annotations

import json

from monitor.core.digests.render import render
from monitor.core.digests.render.slack_form import FOR_CHANNELS
from monitor.model.digest import Digest, MessageFormat

_FORMS = {
    "text": MessageFormat.TEXT,
    "html": MessageFormat.HTML,
    "slack": MessageFormat.SLACK,
    "json": MessageFormat.JSON,
}


def preview_texts(digest: Digest, form: str) -> list[str]:
    """One text for each part of the digest in that form."""
    texts = []
    for message in render(digest, _FORMS[form]):
        if message.payload is not None:
            sent = {name: value for name, value in message.payload.items() if name not in FOR_CHANNELS}
            texts.append(json.dumps(sent, ensure_ascii=False, indent=2))
        else:
            texts.append(message.html or message.text)
    return texts
