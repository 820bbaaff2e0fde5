"""The JSON lines of the offline commands: documents in, matches out (the interface contract)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from monitor.core.rules.errors import DocumentInvalid
from monitor.model.article import Document
from monitor.model.rule import Explanation, Match, Span


def document_from_json(line: Mapping[str, Any]) -> Document:
    """The document of one line; unknown keys are left alone. Raises DocumentInvalid, which names the key."""
    if not isinstance(line, Mapping):
        raise DocumentInvalid('a document is an object: {"id": "…", "title": "…", "body": "…"}')
    id_ = line.get("id")
    if isinstance(id_, int) and not isinstance(id_, bool):
        id_ = str(id_)
    if not isinstance(id_, str) or not id_:
        raise DocumentInvalid('"id" is missing' if id_ is None else '"id" must be a string that is not empty')
    return Document(
        id=id_,
        title=_text(line, "title"),
        body=_text(line, "body"),
        summary=_text(line, "summary"),
        url=_text(line, "url"),
        publisher=_text(line, "publisher"),
        authors=_texts(line, "authors"),
        section=_text(line, "section"),
        language=_text(line, "language"),
        published=_published(line),
        feed=_text(line, "feed"),
        tags=_texts(line, "tags"),
    )


def match_to_json(match: Match) -> dict[str, Any]:
    """A match as one line: stable keys, offsets in code points of the original field."""
    return {
        "document": match.document,
        "rule": match.rule,
        "rule_version": match.rule_version,
        "spans": [_span(span) for span in match.spans],
        "explanation": explanation_to_json(match.explanation),
    }


def explanation_to_json(explanation: Explanation) -> dict[str, Any]:
    """An explanation as a tree of `{"node", "holds", "spans", "children"}`, with `"note"` where there is one."""
    tree: dict[str, Any] = {
        "node": explanation.node,
        "holds": explanation.holds,
        "spans": [_span(span) for span in explanation.spans],
        "children": [explanation_to_json(child) for child in explanation.children],
    }
    return tree | ({"note": explanation.note} if explanation.note else {})


def _span(span: Span) -> dict[str, Any]:
    return {"field": span.field, "start": span.start, "end": span.end, "text": span.text}


def _text(line: Mapping[str, Any], key: str) -> str:
    value = line.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DocumentInvalid(f'"{key}" must be a string')
    return value


def _texts(line: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = line.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise DocumentInvalid(f'"{key}" must be a list of strings')
    return tuple(value)


def _published(line: Mapping[str, Any]) -> datetime | None:
    value = line.get("published")
    if value is None:
        return None
    if not isinstance(value, str):
        raise DocumentInvalid('"published" must be a string: "2023-02-22T15:00:00Z"')
    try:
        found = datetime.fromisoformat(value)
        moment = found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise DocumentInvalid(f'"published" is no RFC 3339 time: "{value[:40]}"') from None
    if found.tzinfo is None:
        raise DocumentInvalid(f'"published" names no offset from UTC: "{value[:40]}"')
    return moment
