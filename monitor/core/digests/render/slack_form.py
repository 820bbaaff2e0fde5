"""Slack Block Kit for an incoming webhook (docs.slack.dev: blocks, text formatting, message limits).

Slack refuses a whole message for one block that is too long, so every text is bounded before it is placed,
and messages are filled block by block within limits well under Slack's own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from monitor.core.digests.passages import LONGEST, one_line
from monitor.core.digests.render.text_form import plain_text
from monitor.core.digests.render.words import (
    BADGES,
    WHY_COMMAND,
    Tier,
    Times,
    counts_line,
    coverage_line,
    cut,
    failing_names,
    held_line,
    links_of,
    moment_of,
    news_of,
    notice_line,
    part_line,
    pieces,
    publisher_names,
    publishers_line,
    seen_line,
    silenced_line,
    subject_of,
    summary_line,
    tiers,
    title_of,
    update_line,
    web_url,
    why_line,
)
from monitor.model.digest import Digest, DigestStory, Message, MessageFormat
from monitor.model.rule import Severity

MOST_BLOCKS = 45
MOST_CHARACTERS = 9_000
MOST_BYTES = 15_000
MOST_STORIES = 20
LONGEST_HEADER = 150
LONGEST_SECTION = 3_000
MOST_ELEMENTS = 10
# With escapes and label: badges, rule title, update and publishers take 1,050 of a section's 3,000 letters.
_LONGEST_LINK = 1_950
_SHORT_LINK = 400

_Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Placed:
    tier: Tier
    story: DigestStory
    blocks: tuple[_Block, ...]
    characters: int
    bytes: int


def slack_messages(digest: Digest, title: str) -> tuple[Message, ...]:
    """As many messages as the limits ask for, each with a head, its stories and a foot."""
    times = Times(digest)
    placed = [_place(tier, story, times) for tier, story in tiers(digest)]
    chunks = _chunks(digest, title, placed)
    messages = []
    for part, chunk in enumerate(chunks, 1):
        subject = subject_of(digest, title, part=part, parts=len(chunks))
        given = [(item.tier, item.story) for item in chunk]
        messages.append(
            Message(
                MessageFormat.SLACK,
                subject,
                plain_text(digest, title, given, part, len(chunks)),
                moment_of(digest),
                payload=_payload(digest, title, subject, chunk, part, len(chunks)),
                part=part,
                parts=len(chunks),
            )
        )
    return tuple(messages)


def _payload(
    digest: Digest, title: str, subject: str, chunk: Sequence[_Placed], part: int, parts: int
) -> dict[str, Any]:
    blocks = _head(digest, title, part, parts)
    for item in chunk:
        blocks += item.blocks
    if chunk:
        blocks.append(_context([_mrkdwn(f"Why did I get a story? Run `{WHY_COMMAND}`")]))
    return {"text": escape(subject), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _chunks(digest: Digest, title: str, placed: Sequence[_Placed]) -> list[list[_Placed]]:
    """Fills messages in order; a message always takes its first story."""
    # An escaped "&" has five characters, a letter up to four bytes: the subject's worst case is reserved.
    empty = _payload(digest, title, "", (), 99_999, 99_999)
    frame_characters, frame_bytes = _size(empty)
    frame_characters, frame_bytes = frame_characters + 800, frame_bytes + 800
    frame_blocks = len(empty["blocks"]) + 1
    chunks: list[list[_Placed]] = [[]]
    characters, size, blocks = frame_characters, frame_bytes, frame_blocks
    for item in placed:
        too_much = (
            blocks + len(item.blocks) > MOST_BLOCKS
            or characters + item.characters > MOST_CHARACTERS
            or size + item.bytes > MOST_BYTES
            or len(chunks[-1]) >= MOST_STORIES
        )
        if chunks[-1] and too_much:
            chunks.append([])
            characters, size, blocks = frame_characters, frame_bytes, frame_blocks
        chunks[-1].append(item)
        characters, size = characters + item.characters, size + item.bytes
        blocks += len(item.blocks)
    return chunks


def _size(value: object) -> tuple[int, int]:
    raw = json.dumps(value, ensure_ascii=False)
    return len(raw), len(raw.encode())


def _head(digest: Digest, title: str, part: int, parts: int) -> list[_Block]:
    times = Times(digest)
    of = part_line(part, parts)
    # Later parts need not say all again: their header names the part.
    heading = " · ".join(filter(None, (cut(title, 100), of)))
    said = [times.full(moment_of(digest)), summary_line(digest), coverage_line(digest), notice_line(times, digest)]
    said += [held_line(digest), silenced_line(digest)]
    blocks: list[_Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": heading[:LONGEST_HEADER], "emoji": False}},
        _context([_mrkdwn(escape(" · ".join(filter(None, said))))]),
    ]
    if digest.coverage.failing_names and part in (1, 99_999):
        blocks.append(_context([_mrkdwn(f"Failing: {_fit(failing_names(digest), 700)}")]))
    return blocks


def _place(tier: Tier, story: DigestStory, times: Times) -> _Placed:
    if tier is Tier.LINE:
        blocks = [_section(f"• {_lead(story)} · {_fit(cut(title_of(story), 80), 200)}{_by(story)}")]
    elif tier is Tier.SHORT:
        blocks = [_section(_fitting([_fact(story, 100), *_quotes(story, 1, 140), _lead(story)]) + _by(story))]
    else:
        blocks = [
            {"type": "divider"},
            _section(_fitting([_fact(story, 150), *_quotes(story, 1, LONGEST), *_new(story), _lead(story)])),
        ]
        about = f"{publishers_line(story, 5)} · {counts_line(story)} · {seen_line(story, times)}"
        elements = [_mrkdwn(_fit(about, 900))]
        elements += [_mrkdwn(_why(hit.id, why_line(hit))) for hit in story.rules[:3]]
        if tier is Tier.CARD:
            elements += _links(story)
        blocks.append(_context(elements[:MOST_ELEMENTS]))
    characters, size = _size(blocks)
    return _Placed(tier, story, tuple(blocks), characters, size)


def _fact(story: DigestStory, longest: int) -> str:
    marks = ["HIGH"] if story.severity is Severity.HIGH else []
    marks += [BADGES[badge] for badge in story.badges]
    flags = "".join(f"`{mark}` " for mark in marks)
    update = f" · {_fit(update, 200)}" if (update := update_line(story)) else ""
    return f"{flags}*{_fit(cut(title_of(story), longest), 600)}*{update}"


def _why(rule: str, why: str) -> str:
    return f"{_fit(rule, 100)}: {_fit(why, 500)}"


def _by(story: DigestStory) -> str:
    return f" · {_fit(publishers_line(story, 2, room=80), 300)}"


def _quotes(story: DigestStory, most: int, longest: int) -> list[str]:
    """Quoted passages with their matched words bold; none that only repeats the headline."""
    quotes = []
    for passage in story.matched[:most]:
        if one_line(passage.text) == one_line(story.headline):
            continue
        said = pieces(passage, longest)
        marked = "".join(_bold(text) if matched else escape(text) for text, matched in said)
        # A line full of ampersands grows fivefold: plain words then, cut to the room there is.
        plain = _fit("".join(text for text, _ in said), 600)
        quotes.append("> " + (marked if len(marked) <= 600 else plain))
    return quotes


def _bold(text: str) -> str:
    # Slack makes a text bold only from a non-blank to a non-blank, with no star inside.
    return f"*{escape(text)}*" if text.strip() == text and "*" not in text else escape(text)


def _lead(story: DigestStory) -> str:
    return _link(story.url, cut(story.headline, 200))


def _new(story: DigestStory) -> list[str]:
    """The article in which the news of an update stands; one, so that a section keeps to its room."""
    names = publisher_names(story)
    return [
        f"new: {_short_link(one.url, cut(one.title, 150))} · {_fit(names[one.owner or one.publisher], 200)}"
        for one in news_of(story)[:1]
    ]


def _short_link(url: str, label: str) -> str:
    """A link of at most 400 characters, since another one of any length stands in the section; else the label."""
    link = _link(url, label)
    return link if len(link) <= _SHORT_LINK else _fit(label, _SHORT_LINK)


def _links(story: DigestStory) -> list[_Block]:
    """Further publishers; together bounded, so that one story never fills a message alone."""
    elements: list[_Block] = []
    room = 1_500
    names = publisher_names(story)
    for article in links_of(story):
        link = _link(article.url, names[article.owner or article.publisher])
        room -= len(link)
        if article.url != story.url and room >= 0 and "<" in link:
            elements.append(_mrkdwn(link))
    return elements


def _link(url: str, label: str) -> str:
    """`<url|label>`; the bare label where the address cannot be a link."""
    # Slack ends the address at the first "|" and the link at the first ">": both are written as RFC 3986 bids.
    target = web_url(url).replace("|", "%7C").replace("<", "%3C").replace(">", "%3E")
    label = label.replace("|", "¦")
    room = max(60, _LONGEST_LINK - len(escape(target)) - len("<|>"))
    link = f"<{escape(target)}|{_fit(label, min(500, room))}>"
    return link if target and len(link) <= _LONGEST_LINK else _fit(label, 500)


def escape(text: str) -> str:
    """Slack's three escapes, and no others."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fit(text: str, longest: int) -> str:
    """The text on one line, escaped, and cut so that the escaped form keeps to `longest`; never empty."""
    text = one_line(text) or "–"
    room = longest
    while len(escape(cut(text, room))) > longest:
        room = room * 2 // 3
    return escape(cut(text, room))


def _fitting(lines: list[str]) -> str:
    """The lines without those before the last that find no room: Slack refuses the whole message otherwise."""
    room = LONGEST_SECTION - 310  # publishers may follow
    while len(lines) > 2 and sum(map(len, lines)) + len(lines) > room:
        lines = [*lines[:-2], lines[-1]]
    return "\n".join(lines)


def _section(text: str) -> _Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _context(elements: Sequence[_Block]) -> _Block:
    return {"type": "context", "elements": list(elements)}


def _mrkdwn(text: str) -> _Block:
    # verbatim: names, channels and addresses inside the news are not turned into links or mentions.
    return {"type": "mrkdwn", "text": text, "verbatim": True}
