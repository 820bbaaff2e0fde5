"""The fields of the query language, by what they read."""

from __future__ import annotations

import re
from urllib.parse import unquote

from monitor.model.article import Document

TEXTS = ("title", "summary", "body", "lead")
"""Parts of the text; `lead` is the first LEAD words of the body."""

METADATA = ("url", "publisher", "language", "section", "author", "feed", "tag")
"""What is known about the article. Words are looked for in each by itself; they are no words of the text."""

NAMES = ("person", "org", "place")
"""Names in the text: those of the entity files and those that a recogniser labelled."""

FIELDS = TEXTS + METADATA + NAMES

LEAD = 100

_BETWEEN = "\n"  # a paragraph ends there: no phrase reaches from one author or tag into the next


# What makes the analyser take an address for a link, whose words are no text.
_SIGNS_OF_A_LINK = re.compile(r"://|(?i:(?<=\bwww)\.)|[@/?&#=]")


def address_words(url: str) -> str:
    """A URL, or a part of one, as words that stand side by side: `dawn.com` is found in `https://www.dawn.com/news`."""
    return _SIGNS_OF_A_LINK.sub(" ", unquote(url))


def metadata_text(document: Document, field: str) -> str:
    """What a document says in one of METADATA, "" where it says nothing."""
    match field:
        case "author":
            return _BETWEEN.join(document.authors)
        case "tag":
            return _BETWEEN.join(document.tags)
        case "url":
            return address_words(document.url)
        case "publisher" | "language" | "section" | "feed":
            return str(getattr(document, field))
        case _:
            raise ValueError(f"{field} is no metadata")
