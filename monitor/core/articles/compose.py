"""The text of an article for which there is no page. Pure."""

from __future__ import annotations

from monitor.model.article import Quality
from monitor.model.entry import ParsedEntry


def feed_text(entry: ParsedEntry) -> tuple[str, Quality]:
    """The longer of the feed's content and summary, and how much of an article that is."""
    text = max(entry.content, entry.summary, key=len)
    return (text, Quality.FEED) if text.strip() else ("", Quality.TITLE)
