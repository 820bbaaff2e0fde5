"""What the monitor says of itself, in the four forms: the health digest and urgent troubles. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from monitor.core.digests.passages import one_line
from monitor.core.digests.render import sheet
from monitor.core.digests.render.slack_form import LONGEST_HEADER
from monitor.core.digests.render.slack_text import LONGEST_SECTION, escape, fit, unmarked
from monitor.core.digests.render.words import LONGEST_SUBJECT, city, cut, moment_words, part_line
from monitor.core.text.columns import wrap
from monitor.model.digest import Message, MessageFormat
from monitor.model.health import HEALTH
from monitor.model.notice import Notice, Section

LONGEST_LINE = 400  # characters of one finding
LONGEST_HEADING = 120
# Bytes of findings a part, escaped, with what stands round each of them: under the limits that digests keep to.
_ROOM = {MessageFormat.SLACK: 6_000, MessageFormat.JSON: 900_000, MessageFormat.TEXT: 900_000}
_ROOM_HTML = 60_000
_ROUND = {MessageFormat.SLACK: 30, MessageFormat.JSON: 30, MessageFormat.TEXT: 10}
_ROUND_HTML = 320
_MOST_SECTIONS = 20  # two blocks each for Slack, which takes 45 here


def render_notice(notice: Notice, form: MessageFormat) -> tuple[Message, ...]:
    """The notice as messages: at least one, numbered when there are several, and no finding is dropped.

    An urgent one leads with the trouble; both say when they were written in their own time zone. `list_name` is
    "health".
    """
    portions = _portions(notice, form)
    return tuple(_message(one, form, part, len(portions)) for part, one in enumerate(portions, 1))


def _message(notice: Notice, form: MessageFormat, part: int, parts: int) -> Message:
    mark = f" ({part} of {parts})" if parts > 1 else ""
    urgent = "URGENT " if notice.urgent else ""
    subject = f"{urgent}{cut(notice.title, LONGEST_SUBJECT - len(urgent) - len(mark))}{mark}"
    made = Message(form, subject, "", notice.at.astimezone(UTC), part=part, parts=parts, list_name=HEALTH)
    if form is MessageFormat.JSON:
        return replace(made, text=subject, payload=_payload(notice, part, parts))
    made = replace(made, text=_text(notice, subject))
    if form is MessageFormat.SLACK:
        return replace(made, payload=_blocks(notice, subject))
    return (
        made if form is MessageFormat.TEXT else replace(made, html=_html(notice, subject, part_line(part, parts)))
    )


def _portions(notice: Notice, form: MessageFormat) -> list[Notice]:
    """The notice in pieces that each fit into one message; a section too long for one goes on in the next."""
    room, around = _ROOM.get(form, _ROOM_HTML), _ROUND.get(form, _ROUND_HTML)
    found: list[list[Section]] = [[]]
    left = room
    for section in map(_trimmed, notice.sections):
        head = _weight(section.heading + section.command) + 3 * around
        if found[-1] and (left < head + around + 2_500 or len(found[-1]) >= _MOST_SECTIONS):
            found.append([])
            left = room
        left -= head
        lines: list[str] = []
        for line in section.lines:
            needed = _weight(line) + around
            if needed > left and lines:
                found[-1].append(replace(section, lines=tuple(lines)))
                found.append([])
                lines, left = [], room - head
            lines.append(line)
            left -= needed
        found[-1].append(replace(section, lines=tuple(lines)))
    return [replace(notice, sections=tuple(sections)) for sections in found]


def _trimmed(section: Section) -> Section:
    return Section(
        cut(section.heading, LONGEST_HEADING),
        tuple(cut(line, LONGEST_LINE) for line in section.lines),
        cut(section.command, LONGEST_HEADING),
    )


def _weight(text: str) -> int:
    """Its bytes however it is escaped: an "&" has five in HTML and Slack, a letter in JSON up to twelve."""
    return len(Markup.escape(text).encode("ascii", "xmlcharrefreplace"))


def _when(notice: Notice) -> str:
    return f"{moment_words(notice.at.astimezone(ZoneInfo(notice.timezone)))} {city(notice.timezone)}"


def _text(notice: Notice, subject: str) -> str:
    blocks = [[*wrap(subject), *wrap(_when(notice))], wrap(one_line(notice.lead))]
    for section in notice.sections:
        lines = wrap(section.heading)
        lines += [part for line in section.lines for part in wrap(line, "- ", then="  ")]
        blocks.append(lines + ([f"  {section.command}"] if section.command else []))
    return "\n\n".join("\n".join(block) for block in blocks if any(block)) + "\n"


def _html(notice: Notice, subject: str, of: str) -> str:
    head = sheet.fragment(
        sheet.NOTICE_HEAD,
        dateline=_when(notice),
        urgent=notice.urgent,
        title=cut(notice.title, LONGEST_SUBJECT),
        lead=cut(notice.lead, LONGEST_LINE),
    )
    sections = [sheet.fragment(sheet.NOTICE, s=section) for section in notice.sections]
    foot = sheet.fragment(sheet.FOOT, why="", silence="", part=of, unsubscribe="", title="")
    return sheet.DIGEST.render(
        subject=subject,
        preheader=cut(notice.lead, 250),
        head=head,
        stories=Markup("\n").join(sections),
        foot=foot,
    )


def _payload(notice: Notice, part: int, parts: int) -> dict[str, Any]:
    return {
        "notice": HEALTH,
        "title": one_line(notice.title),
        "lead": one_line(notice.lead),
        "at": notice.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "timezone": notice.timezone,
        "urgent": notice.urgent,
        "key": "",
        "part": part,
        "parts": parts,
        "sections": [
            {"heading": one.heading, "lines": list(one.lines), "command": one.command} for one in notice.sections
        ],
    }


def _blocks(notice: Notice, subject: str) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": cut(subject, LONGEST_HEADER), "emoji": False}}
    ]
    blocks += _sections((fit(notice.lead, LONGEST_LINE), f"_{escape(_when(notice))}_"))
    for section in notice.sections:
        more = [f"`{escape(section.command)}`"] if section.command else []
        heading = [f"*{fit(section.heading, 2 * LONGEST_HEADING)}*"] if section.heading else []
        blocks += _sections([*heading, *(f"• {fit(line, 2 * LONGEST_LINE)}" for line in section.lines), *more])
    return {"text": escape(unmarked(subject)), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _sections(lines: Sequence[str]) -> list[dict[str, Any]]:
    """The lines in as few sections as Slack's 3,000 characters allow."""
    texts: list[str] = []
    for line in filter(None, lines):
        if texts and len(texts[-1]) + 1 + len(line) <= LONGEST_SECTION:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line)
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}} for text in texts]
