"""What the monitor says of itself, in the four forms."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from monitor.core.digests.render.words import LONGEST_SUBJECT, cut
from monitor.core.text.columns import wrap
from monitor.model.digest import Message, MessageFormat
from monitor.model.health import HEALTH
from monitor.model.notice import Notice


def render_notice(notice: Notice, form: MessageFormat) -> tuple[Message, ...]:
    """The notice as messages for one kind of channel."""
    subject = cut(notice.title, LONGEST_SUBJECT)
    made = Message(form, subject, _text(notice), notice.at, list_name=HEALTH)
    if form in (MessageFormat.EMAIL, MessageFormat.HTML):
        made = replace(made, html=f"<!doctype html><meta charset=utf-8><pre>{escape(made.text)}</pre>")
    elif form is MessageFormat.SLACK:
        made = replace(made, payload={"text": escape(made.text, quote=False)})
    elif form is MessageFormat.JSON:
        made = replace(made, payload=_payload(notice))
    return (made,)


def _text(notice: Notice) -> str:
    at = notice.at.astimezone(ZoneInfo(notice.timezone))
    lines = [f"{notice.title} · {at:%a %d %b %Y %H:%M}", *wrap(notice.lead)]
    for section in notice.sections:
        lines += ["", section.heading, *(line for one in section.lines for line in wrap(one, "  ", then="    "))]
        if section.command:
            lines.append(f"  → {section.command}")
    return "\n".join(lines) + "\n"


def _payload(notice: Notice) -> dict[str, Any]:
    return {
        "digest": HEALTH,
        "title": notice.title,
        "lead": notice.lead,
        "urgent": notice.urgent,
        "at": notice.at.isoformat(),
        "sections": [
            {"heading": one.heading, "lines": list(one.lines), "command": one.command} for one in notice.sections
        ],
    }
