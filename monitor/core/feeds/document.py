"""A document that was handed over, as an entry: made safe by the same hand as what feeds bring. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from monitor.core.feeds.parse import safe_entry
from monitor.core.feeds.raw import RawEntry, RawText
from monitor.core.text.html import one_line
from monitor.model.article import Document
from monitor.model.entry import ParsedEntry

DEFAULT_PUBLISHER = "ingest"  # of a document that names none
_LONGEST_PUBLISHER = 200
_LONGEST_SECTION = 200
_LONGEST_TAG = 100
_MOST_TAGS = 50


def publisher_of(document: Document) -> str:
    """The publisher as its passive feed is called: one line of at most 200 characters, never empty."""
    return one_line(document.publisher, _LONGEST_PUBLISHER) or DEFAULT_PUBLISHER


def entry_of_document(document: Document, now: datetime) -> ParsedEntry:
    """The document as an entry: plain text, paragraphs kept, a date after `now` clamped to it. Never raises.

    Its feed is not kept: it is in the passive feed of its publisher.
    """
    raw = RawEntry(
        id=document.id,
        title=RawText(document.title, is_html=False),
        links=(document.url,),
        published=document.published,
        updated=None,
        summary=RawText(document.summary, is_html=False),
        content=RawText(document.body, is_html=False),
        authors=document.authors,
        language=document.language,
    )
    tags = (one_line(tag, _LONGEST_TAG) for tag in document.tags[:_MOST_TAGS])
    return replace(
        safe_entry(raw, "", now),
        section=one_line(document.section, _LONGEST_SECTION),
        tags=tuple(dict.fromkeys(tag for tag in tags if tag)),
    )
