"""What of a page's text an article is matched with, given what its host's other pages carried."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.articles.seen_before import (
    WITHIN,
    address_key,
    frame_keys,
    host_key,
    is_shared,
    text_key,
    wall_pages,
    without_frame,
)
from monitor.core.text.urls import canonical_url, host_of
from monitor.model.article import Dropped, DropReason, Extracted, Quality
from monitor.model.entry import Entry
from monitor.model.reading import Remembered, Witness
from monitor.ports import ReadingMemory

# When a page that gave nothing is asked again, each after the time before: three times within six hours (stories
# design, Extraction 5).
REREAD_AFTER = (timedelta(minutes=20), timedelta(minutes=100), timedelta(hours=4))
UNKNOWN_WALL = "the page shows a wall that is not known: {pages} other pages of {host} carry the same text"
KNOWN_WALL = "the page shows a wall ({kind})"
SHARED_ADDRESS = "the address it states as its own is stated by pages under other titles, too: not believed"
_MOST_SHOWN = 2_000  # code points kept of what a wall shows


@dataclass(frozen=True, slots=True)
class PageText:
    """The text of a page as it counts. With `wall` (its name) there is none: the feed's words count.

    `page_key` is where the page is known to be, "" for a wall.
    """

    text: str
    dropped: tuple[Dropped, ...]
    remembered: Remembered
    page_key: str = ""
    wall: str | None = None
    note: str | None = None


def page_text(memory: ReadingMemory, entry: Entry, page: Extracted, url: str, now: datetime) -> PageText:
    """What counts of a page that `url` gave; nothing is stored."""
    if page.quality is Quality.STUB:
        return _wall(page.dropped, KNOWN_WALL.format(kind=_kind_of(page)), Remembered(now))
    host, own_key = host_of(url), canonical_url(url)
    # By the address that the feed gives, as the store knows the others: two of them may lead to one wall.
    title, url_key = entry.new.parsed.title or page.title, entry.new.url_key or own_key
    whole, stated = text_key(page.text), canonical_url(page.canonical_url or url)
    shared_key = address_key(stated)
    keys = {whole, *frame_keys(page.text), *((shared_key,) if stated != own_key else ())}
    seen: dict[int, list[Witness]] = defaultdict(list)
    for one in memory.witnesses(host_key(host), sorted(keys), now - WITHIN):
        seen[one.key].append(one)
    if walls := wall_pages(title, url_key, seen[whole]):
        rows = tuple(one.entry_row for one in walls if one.quality is Quality.FULL)
        kind = UNKNOWN_WALL.format(pages=len(walls), host=host)
        left = Remembered(now, host_key(host), (whole,), walls=rows, again_at=now + REREAD_AFTER[0])
        return _wall((Dropped(DropReason.WALL, page.text),), kind, left)
    is_foreign = stated != own_key and is_shared(title, url_key, seen[shared_key], now)
    trimmed = without_frame(page.text, title, url_key, seen)
    kept = (whole, *trimmed.keys, *((shared_key,) if stated != own_key else ()))
    return PageText(
        trimmed.text,
        (*page.dropped, *trimmed.dropped),
        Remembered(now, host_key(host), tuple(dict.fromkeys(kept))),
        own_key if is_foreign else stated,
        note=SHARED_ADDRESS if is_foreign else None,
    )


def _wall(shown: tuple[Dropped, ...], kind: str, remembered: Remembered) -> PageText:
    """What a wall shows is kept to be shown, and never read by a rule nor compared with another text."""
    return PageText("", tuple(Dropped(one.reason, one.text[:_MOST_SHOWN]) for one in shown), remembered, wall=kind)


def _kind_of(page: Extracted) -> str:
    return page.wall.value.replace("_", " ") if page.wall is not None else "of no known kind"
