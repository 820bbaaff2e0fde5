"""The JSON digest of the interface contract ("JSON digest"): stable keys, RFC 3339 times in UTC."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from monitor.core.digests.passages import printable
from monitor.core.digests.render.words import NO_LINKS, STORIES_A_PART, moment_of, subject_of
from monitor.model.digest import Digest, DigestStory, Links, Message, MessageFormat

MOST_BYTES = 1_000_000  # of a part's stories, as ASCII: what web servers commonly take (nginx: 1 MiB)
LONGEST_TEXT = 2_000  # characters of a title, a name or a reason
LONGEST_ADDRESS = 8_000  # characters, after RFC 9110 §4.1
_LISTS = ("articles", "rules", "matched", "entities")


def json_messages(digest: Digest, title: str, links: Links = NO_LINKS) -> tuple[Message, ...]:
    """Parts of at most 200 stories and 1 MB. `key` is empty: it belongs to one recipient (see `with_key`)."""
    chunks = _chunks([_bounded(_story(story)) for story in digest.stories])
    messages = []
    for part, chunk in enumerate(chunks, 1):
        subject = subject_of(digest, title, part=part, parts=len(chunks))
        payload = _payload(digest, links, chunk, part, len(chunks))
        messages.append(
            Message(
                MessageFormat.JSON,
                subject,
                subject,
                moment_of(digest),
                payload=payload,
                part=part,
                parts=len(chunks),
            )
        )
    return tuple(messages)


def _chunks(stories: Sequence[tuple[dict[str, Any], int]]) -> list[list[dict[str, Any]]]:
    """Fills parts in order; a part always takes its first story."""
    chunks: list[list[dict[str, Any]]] = [[]]
    size = 0
    for story, needed in stories:
        if chunks[-1] and (len(chunks[-1]) >= STORIES_A_PART or size + needed > MOST_BYTES):
            chunks.append([])
            size = 0
        chunks[-1].append(story)
        size += needed
    return chunks


def _bounded(story: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The story and its bytes; of one that would fill a part alone, the first articles, rules and names."""
    size = _bytes(story)
    while size > MOST_BYTES:
        name = max(_LISTS, key=lambda one: _bytes(story[one]))
        if len(story[name]) < 2:
            break
        keep = len(story[name]) // 2
        not_listed = story["not_listed"] | {name: story["not_listed"].get(name, 0) + len(story[name]) - keep}
        story = story | {name: story[name][:keep], "not_listed": not_listed}
        size = _bytes(story)
    return story, size


def _bytes(value: object) -> int:
    return len(json.dumps(value).encode())


def _payload(digest: Digest, links: Links, stories: list[dict[str, Any]], part: int, parts: int) -> dict[str, Any]:
    coverage = digest.coverage
    return {
        "digest": digest.name,
        "window": {"start": _time(digest.window.start), "end": _time(digest.window.end)},
        "timezone": digest.timezone,
        "batch": digest.batch,
        "late": digest.late,
        "held_back": digest.held_back,
        "left_out": digest.left_out,
        "looks_back": digest.looks_back,
        "catch_up": digest.catch_up.value if digest.catch_up else None,
        "silenced": [
            {
                "silence": one.silence,
                "reason": _text(one.reason),
                "until": _time(one.until),
                "held": one.held,
                "discarded": one.discarded,
            }
            for one in digest.silenced
        ],
        "unsubscribe": links.unsubscribe,
        "key": "",
        "part": part,
        "parts": parts,
        "stories": stories,
        "coverage": {
            "feeds": coverage.feeds,
            "failing": coverage.failing,
            "late": coverage.late,
            "may_have_lost": coverage.may_have_lost,
            "failing_names": [_text(name) for name in coverage.failing_names],
        },
    }


def _story(story: DigestStory) -> dict[str, Any]:
    before = story.sent_before
    return {
        "id": _text(story.id),
        "headline": _text(story.headline),
        "url": _address(story.url),
        "publishers": story.publishers,
        "independent_publishers": story.independent_publishers,
        "wire": [{"name": _text(name), "publishers": number} for name, number in story.wire.items()],
        "articles": [
            {
                "title": _text(a.title),
                "url": _address(a.url),
                "publisher": _text(a.publisher),
                "published": _time(a.published),
                "first_seen": _time(a.first_seen),
                "copy": a.copy,
                "wire": _text(a.wire),
            }
            for a in story.articles
        ],
        "rules": [
            {
                "id": _text(hit.id),
                "title": _text(hit.title),
                "severity": hit.severity.value,
                "explanation": _text(hit.because),
            }
            for hit in story.rules
        ],
        "matched": [
            {"text": printable(p.text), "spans": [{"start": a, "end": b} for a, b in p.spans]}
            for p in story.matched
        ],
        "entities": [{"name": _text(e.name), "type": _text(e.type)} for e in story.entities],
        "first_seen": _time(story.first_seen),
        "last_updated": _time(story.last_updated),
        "badges": [badge.value for badge in story.badges],
        "update": _text(story.update),
        "sent_before": None
        if before is None
        else {
            "digest": _text(before.digest),
            "at": _time(before.at),
            "more_publishers": before.more_publishers,
        },
        "not_listed": {},
    }


def _text(text: str) -> str:
    """The text safe to show; far longer ones than anybody writes are cut: a part must stay bounded."""
    return printable(text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…")


def _address(url: str) -> str:
    """The address, or "" for one that no server need understand: a cut one would lead elsewhere."""
    return printable(url) if len(url) <= LONGEST_ADDRESS else ""


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
