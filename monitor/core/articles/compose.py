"""The text an article is matched with, out of what the feed and the page say. Pure."""

from __future__ import annotations

from monitor.core.text.words import fold_words
from monitor.model.article import Quality
from monitor.model.entry import ParsedEntry

# Under this share of the summary's words the page is suspected to be another text (a wall, a wrong extraction).
RESEMBLES = 0.3
SHORT_SUMMARY = 8  # words; under this a summary says too little to suspect a page


def feed_text(entry: ParsedEntry) -> tuple[str, Quality]:
    """The longer of the feed's content and summary, and how much of an article that is."""
    text = max(entry.content, entry.summary, key=len)
    return (text, Quality.FEED) if text.strip() else ("", Quality.TITLE)


def page_text(entry: ParsedEntry, extracted: str) -> str:
    """The page's main text; with the feed's own words in front where the page does not resemble them.

    A cookie wall or a failed extraction must not hide what the feed says from the rules: until such pages are
    told apart by name, both texts are matched.
    """
    words = set(fold_words(entry.summary))
    if len(words) < SHORT_SUMMARY:
        return extracted
    shared = len(words & set(fold_words(extracted))) / len(words)
    return extracted if shared >= RESEMBLES else f"{entry.summary}\n\n{extracted}"
