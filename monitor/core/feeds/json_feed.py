"""JSON Feed 1.0 and 1.1 (jsonfeed.org): feedparser knows neither.

Field names are those of https://www.jsonfeed.org/version/1.1/; `author` is the 1.0 form of `authors`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from monitor.core.feeds.dates import read_date
from monitor.core.feeds.raw import RawEntry, RawFeed, RawText
from monitor.model.errors import NotAFeed

ENGINE = "json-feed"
_MOST_HUBS = 20


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
        hub=_hub(found.get("hubs")),
        self_link=_text(found.get("feed_url")),
        older=_text(found.get("next_url")),
    )


def _hub(hubs: object) -> str:
    """The first WebSub hub; rssCloud and others are none of ours."""
    for hub in hubs[:_MOST_HUBS] if isinstance(hubs, list) else ():
        if isinstance(hub, dict) and _text(hub.get("type")).lower() in ("websub", "pubsubhubbub"):
            return _text(hub.get("url"))
    return ""


def _entry(item: dict[str, Any], feed_authors: tuple[str, ...]) -> RawEntry:
    markup, plain = _text(item.get("content_html")), _text(item.get("content_text"))
    return RawEntry(
        id=_text(item.get("id")),
        title=RawText(_text(item.get("title")), is_html=False),
        links=(_text(item.get("url")), _text(item.get("external_url"))),
        published=read_date(_text(item.get("date_published"))),
        updated=read_date(_text(item.get("date_modified"))),
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
