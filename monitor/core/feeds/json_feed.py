"""JSON Feed 1.0 and 1.1 (jsonfeed.org): feedparser knows neither.

Field names are those of https://www.jsonfeed.org/version/1.1/; `author` is the 1.0 form of `authors`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from monitor.core.feeds.raw import RawEntry, RawFeed, RawText
from monitor.model.errors import NotAFeed

ENGINE = "json-feed"


def read_json_feed(text: str, start: str) -> RawFeed:
    """The feed in a JSON text; `start` is shown to the user when it is none. Raises NotAFeed."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise NotAFeed("JSON nested too deeply to be a feed", start) from None
    except ValueError as error:
        raise NotAFeed(f"broken JSON: {str(error).splitlines()[0][:200]}", start) from None
    version = _text(found.get("version")) if isinstance(found, dict) else ""
    if not isinstance(found, dict) or not isinstance(found.get("items"), list):
        raise NotAFeed("JSON, but no JSON Feed: it has no list of items", start)
    if "jsonfeed.org/version/" not in version:
        raise NotAFeed('JSON, but no JSON Feed: "version" does not name jsonfeed.org', start)
    authors = tuple(_authors(found))
    return RawFeed(
        title=RawText(_text(found.get("title")), is_html=False),
        link=_text(found.get("home_page_url")),
        language=_text(found.get("language")),
        entries=[_entry(item, authors) for item in found["items"] if isinstance(item, dict)],
        engine=ENGINE,
        older=_text(found.get("next_url")),
    )


def _entry(item: dict[str, Any], feed_authors: tuple[str, ...]) -> RawEntry:
    markup, plain = _text(item.get("content_html")), _text(item.get("content_text"))
    return RawEntry(
        id=_text(item.get("id")),
        title=RawText(_text(item.get("title")), is_html=False),
        links=(_text(item.get("url")), _text(item.get("external_url"))),
        published=_date(item.get("date_published")),
        updated=_date(item.get("date_modified")),
        summary=RawText(_text(item.get("summary")), is_html=False),
        content=RawText(markup) if markup else RawText(plain, is_html=False),
        authors=tuple(_authors(item)) or feed_authors,
        language=_text(item.get("language")),
    )


def _text(value: object) -> str:
    """A string; a number too, since 1.1 asks readers to take numeric ids as text."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _authors(holder: dict[str, Any]) -> Iterator[str]:
    listed = holder.get("authors")
    for author in listed if isinstance(listed, list) else [holder.get("author")]:
        if isinstance(author, dict) and (name := _text(author.get("name"))):
            yield name


def _date(value: object) -> datetime | None:
    """An RFC 3339 date in UTC; without an offset it is taken as UTC; None when it cannot be read."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
