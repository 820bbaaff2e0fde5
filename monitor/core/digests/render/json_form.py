"""The JSON digest of the interface contract ("JSON digest"): stable keys, RFC 3339 times in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from monitor.core.digests.passages import printable
from monitor.core.digests.render.words import STORIES_A_PART, moment_of, subject_of
from monitor.model.digest import Digest, DigestStory, Message, MessageFormat


def json_messages(digest: Digest, title: str) -> tuple[Message, ...]:
    """One message per 200 stories. `key` is empty: it belongs to one recipient (see `with_key`)."""
    stories = [_story(story) for story in digest.stories]
    chunks = [stories[i : i + STORIES_A_PART] for i in range(0, len(stories), STORIES_A_PART)] or [[]]
    messages = []
    for part, chunk in enumerate(chunks, 1):
        subject = subject_of(digest, title, part=part, parts=len(chunks))
        payload = _payload(digest, chunk, part, len(chunks))
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


def _payload(digest: Digest, stories: list[dict[str, Any]], part: int, parts: int) -> dict[str, Any]:
    coverage = digest.coverage
    return {
        "digest": digest.name,
        "window": {"start": _time(digest.window.start), "end": _time(digest.window.end)},
        "timezone": digest.timezone,
        "batch": digest.batch,
        "late": digest.late,
        "held_back": digest.held_back,
        "looks_back": digest.looks_back,
        "key": "",
        "part": part,
        "parts": parts,
        "stories": stories,
        "coverage": {
            "feeds": coverage.feeds,
            "failing": coverage.failing,
            "late": coverage.late,
            "may_have_lost": coverage.may_have_lost,
            "failing_names": [printable(name) for name in coverage.failing_names],
        },
    }


def _story(story: DigestStory) -> dict[str, Any]:
    return {
        "id": printable(story.id),
        "headline": printable(story.headline),
        "url": printable(story.url),
        "publishers": story.publishers,
        "independent_publishers": story.independent_publishers,
        "wire": [{"name": printable(name), "publishers": number} for name, number in story.wire.items()],
        "articles": [
            {
                "title": printable(a.title),
                "url": printable(a.url),
                "publisher": printable(a.publisher),
                "published": _time(a.published),
                "first_seen": _time(a.first_seen),
                "copy": a.copy,
                "wire": printable(a.wire),
            }
            for a in story.articles
        ],
        "rules": [
            {
                "id": printable(hit.id),
                "title": printable(hit.title),
                "severity": hit.severity.value,
                "explanation": printable(hit.because),
            }
            for hit in story.rules
        ],
        "matched": [
            {"text": printable(p.text), "spans": [{"start": a, "end": b} for a, b in p.spans]}
            for p in story.matched
        ],
        "entities": [{"name": printable(e.name), "type": printable(e.type)} for e in story.entities],
        "first_seen": _time(story.first_seen),
        "last_updated": _time(story.last_updated),
        "badges": [badge.value for badge in story.badges],
        "update": printable(story.update),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
