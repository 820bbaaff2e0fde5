"""Slack Block Kit (docs.slack.dev: blocks, text formatting, message limits): a parent, and parts that follow it.

Slack refuses a whole message for one block that is too long, so every text is bounded before it is placed, and
messages are filled block by block within limits well under Slack's own: beside what it documents there is a limit
on all blocks together, met at some 13,000 characters (github.com/slackapi/bolt-js/issues/2509).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.core.digests.render.notes import catch_up_line, left_out_line
from monitor.core.digests.render.slack_story import Placed, news_blocks, place, size_of
from monitor.core.digests.render.slack_text import LONGEST_SECTION, Block, context, escape, fit, header, unmarked
from monitor.core.digests.render.text_form import plain_text
from monitor.core.digests.render.words import (
    WHY_COMMAND,
    Tier,
    Times,
    count,
    coverage_line,
    cut,
    failing_names,
    held_line,
    moment_of,
    name_of,
    notice_line,
    part_line,
    silenced_line,
    subject_of,
    summary_line,
    tiers,
    update_line,
)
from monitor.model.digest import Digest, DigestStory, Message, MessageFormat
from monitor.model.rule import Severity

__all__ = ["FOR_CHANNELS", "LONGEST_HEADER", "LONGEST_SECTION", "escape", "slack_messages"]

FOR_CHANNELS = frozenset(("alone", "parent"))
"""Keys of a payload that our channels take out before they post it."""

LONGEST_HEADER = 150
MOST_BLOCKS = 45
MOST_CHARACTERS = 9_000
MOST_BYTES = 15_000
MOST_STORIES = 20  # of a part that follows
MOST_IN_PARENT = 5
FEWEST_IN_PARENT = 3  # where fewer are of high severity, the first few

_SUBJECT_ROOM = 800  # an escaped "&" has five characters, a letter up to four bytes: the worst case of `text`


def slack_messages(digest: Digest, title: str, answers: Sequence[str] = ()) -> tuple[Message, ...]:
    """The parent with its first stories, and the rest as compact parts of at most 20.

    With `answers`, the keys of earlier messages on the one story of an immediate digest, the message is the reply
    that says what is new. Two keys of a payload are for our channels (`FOR_CHANNELS`): `parent` is the new
    state of the message that a reply answers, `alone` marks one that tells one story only, and so may be edited.
    """
    if answers and digest.immediate and len(digest.stories) == 1:
        return (_reply(digest, title),)
    chunks = _chunks(digest, title)
    return tuple(_message(digest, title, chunks, part) for part in range(1, len(chunks) + 1))


def _message(digest: Digest, title: str, chunks: Sequence[Sequence[Placed]], part: int) -> Message:
    chunk, parts = chunks[part - 1], len(chunks)
    subject = subject_of(digest, title, part=part, parts=parts)
    first = sum(map(len, chunks[: part - 1])) + 1
    blocks = _blocks(digest, title, chunk, part, parts, first)
    given = [(item.tier, item.story) for item in chunk]
    alone = {"alone": True} if digest.immediate and len(digest.stories) == 1 else {}
    return Message(
        MessageFormat.SLACK,
        subject,
        plain_text(digest, title, given, part, parts),
        moment_of(digest),
        payload={**_payload(subject, blocks), **alone},
        part=part,
        parts=parts,
    )


def _reply(digest: Digest, title: str) -> Message:
    ((whole,),) = _chunks(digest, title)
    message = _message(digest, title, [[whole]], 1)
    assert message.payload is not None, "every message for Slack has a payload"
    story = digest.stories[0]
    push = " · ".join(filter(None, (message.subject, update_line(story))))
    blocks = [*news_blocks(story), context([_commands([story])])]
    parent = {"text": message.payload["text"], "blocks": message.payload["blocks"]}
    payload = {**_payload(push, blocks), "parent": parent}
    return Message(MessageFormat.SLACK, message.subject, message.text, message.date, payload=payload)


def _payload(push: str, blocks: list[Block]) -> dict[str, Any]:
    return {"text": escape(unmarked(push)), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _chunks(digest: Digest, title: str) -> list[list[Placed]]:
    """The stories by message, in order: the parent's first, then as many as the limits take."""
    times = Times(digest)
    frame = _blocks(digest, title, (), 99_999, 99_999, 99_999)
    used = [given + _SUBJECT_ROOM for given in size_of(_payload("", frame))]
    room = MOST_CHARACTERS - used[0], MOST_BYTES - used[1]
    in_parent = _in_parent(digest)
    chunks: list[list[Placed]] = [[]]
    left, blocks = room, len(frame)
    for number, (tier, story) in enumerate(tiers(digest)):
        item = place(tier if number < in_parent else _compact(tier), story, times, room)
        too_much = (
            blocks + len(item.blocks) > MOST_BLOCKS
            or item.characters > left[0]
            or item.bytes > left[1]
            or len(chunks[-1]) >= MOST_STORIES
        )
        if chunks[-1] and (too_much or number == in_parent):
            chunks.append([])
            left, blocks = room, len(frame)
        chunks[-1].append(item)
        left = left[0] - item.characters, left[1] - item.bytes
        blocks += len(item.blocks)
    return chunks


def _in_parent(digest: Digest) -> int:
    if len(digest.stories) <= MOST_IN_PARENT:
        return len(digest.stories)
    high = sum(story.severity is Severity.HIGH for story in digest.stories[:MOST_IN_PARENT])
    return max(high, FEWEST_IN_PARENT)


def _compact(tier: Tier) -> Tier:
    return Tier.LINE if tier is Tier.LINE else Tier.SHORT


def _blocks(digest: Digest, title: str, chunk: Sequence[Placed], part: int, parts: int, first: int) -> list[Block]:
    """The blocks of one part. Without stories and with five digits everywhere: what all parts need at most."""
    frame = part == 99_999
    placed = [block for item in chunk for block in item.blocks]
    stories = [item.story for item in chunk]
    if part > 1 and not frame:
        of = f"stories {first:,}–{first + len(chunk) - 1:,} of {len(digest.stories):,}"
        line = " · ".join((fit(title, 200), part_line(part, parts), of))
        return [context([line]), *placed, context([_commands(stories)])]
    alone = digest.immediate and len(digest.stories) == 1 and not frame
    about = context([_about(digest, title if alone else "")])
    head = [] if alone else [header(cut(title, 100)), about]
    if digest.coverage.failing_names and not alone:
        head.append(context([f"Failing: {fit(failing_names(digest), 500)}"]))
    foot = [about] if alone else []
    if parts > 1:
        more = count(len(digest.stories) - len(chunk), "more story", "more stories")
        foot.append(context([f"{more} in {count(parts - 1, 'message')} below"]))
    if stories or frame:
        foot.append(context([_commands(stories)]))
    # A card begins with a line across; at the top there is nothing to part it from.
    return head + (placed[1:] if alone and placed[:1] == [{"type": "divider"}] else placed) + foot


def _about(digest: Digest, title: str) -> str:
    times = Times(digest)
    said = [title, times.full(moment_of(digest)), "" if title else summary_line(digest), coverage_line(digest)]
    said += [notice_line(times, digest), catch_up_line(digest, times), held_line(digest), left_out_line(digest)]
    return fit(" · ".join(filter(None, [*said, silenced_line(digest)])), 800)


def _commands(stories: Sequence[DigestStory]) -> str:
    """What to type, on one line: why it came, and how to have less of it."""
    name = (name_of(stories[0]) if len(stories) == 1 else "") or "ID"
    return f"Why? `{WHY_COMMAND}` · Less? `monitor silence add --story {name} …`"
