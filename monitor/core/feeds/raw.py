"""What a reader found in a feed, before it is made safe: every field as hostile as the bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.model.cadence import Cadence

_MARKUP = re.compile(r"<[^<>]*>|\s+")


@dataclass(frozen=True, slots=True)
class RawText:
    """A text and whether its format says, or the reader guesses, that it is HTML."""

    value: str = ""
    is_html: bool = True


def longest(texts: Sequence[RawText]) -> RawText:
    """The one with the most text: Atom allows one content, RSS modules bring several. Markup does not count.

    Two readers write the same markup in different lengths.
    """
    if len(texts) < 2:
        return texts[0] if texts else RawText()
    return max(texts, key=lambda text: len(_MARKUP.sub("", text.value)))


@dataclass(frozen=True, slots=True)
class RawEntry:
    """One entry as read; `links` in order of preference, possibly relative, empty strings for missing ones."""

    id: str
    title: RawText
    links: tuple[str, ...]
    published: datetime | None
    updated: datetime | None
    summary: RawText
    content: RawText
    authors: tuple[str, ...] = ()
    language: str = ""  # where an entry says its own


@dataclass(frozen=True, slots=True)
class RawFeed:
    """A feed as read by one engine."""

    title: RawText
    link: str
    language: str
    entries: list[RawEntry]
    engine: str
    cadence: Cadence = field(default_factory=Cadence)
    hub: str = ""
    self_link: str = ""
    older: str = ""  # RFC 5005
