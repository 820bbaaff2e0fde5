"""Bytes to entries: the one place where a feed's body is read. Called through the Sandbox port.

The rules are polling design "Parsing". Readers (`xml_feed`, `json_feed`) find fields; this file makes them safe:
bounded, plain, absolute, in UTC.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from monitor.core.feeds.json_feed import read_json_feed
from monitor.core.feeds.link_header import hub_offer
from monitor.core.feeds.raw import RawEntry, RawFeed, RawText
from monitor.core.feeds.xml_feed import read_xml_feed
from monitor.core.text.characters import without_controls
from monitor.core.text.charset import decode_body
from monitor.core.text.html import MAX_TITLE, clean, html_to_text, one_line, plain_title, without_scripts
from monitor.core.text.urls import absolute_http_url
from monitor.model.entry import EntryFlag, ParsedEntry, ParsedFeed
from monitor.model.errors import NotAFeed

MAX_ENTRIES = 1_000  # polling design "Entries": the newest thousand
MAX_ID = 2_000  # code points; a longer id is kept as its hash
MAX_TEXT = 500_000  # code points of one summary or content after the markup is gone
_MAX_AUTHORS = 20
_MAX_NAME = 200
_MAX_LANGUAGE = 40
_START = 500
_ONE_SPACE = re.compile("[\t\n\r\x85\u2028\u2029]")
_AMPERSAND = re.compile("&(?:amp|#0{0,3}38);")
# Older dates are a missing date in disguise (0001-01-01 from .NET, 1970 from C), not a publication.
_OLDEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(minutes=10)  # as far as clocks go wrong


def parse_feed(body: bytes, content_type: str | None, url: str, now: datetime) -> ParsedFeed:
    """The feed in a body; relative links are resolved against `url`, dates after `now` clamped to it.

    Reads RSS 0.9x/1.0/2.0, Atom 0.3/1.0, JSON Feed 1.0/1.1 and news sitemaps, with the best reading of a wrong
    charset.
    Raises NotAFeed, and nothing else, for a body that is none of these: an error is never an empty feed.
    """
    text = without_controls(decode_body(body, content_type)).strip()
    start = text[:_START]
    if not text:
        raise NotAFeed("the server sent an empty body", start)
    raw = read_json_feed(text, start) if text[0] in "{[" else read_xml_feed(text, start)
    language = _language(raw.language)
    return ParsedFeed(
        title=_title(raw.title),
        link=absolute_http_url(raw.link, url),
        language=language,
        entries=tuple(safe_entry(entry, url, now, language) for entry in _newest(raw)),
        engine=raw.engine,
        cadence=raw.cadence,
        hub=hub_offer(raw.hub, raw.self_link, url),
        older=absolute_http_url(raw.older, url),
    )


def _newest(raw: RawFeed) -> Sequence[RawEntry]:
    """At most MAX_ENTRIES, in the feed's order; undated ones count as new, among equals the first win."""
    if len(raw.entries) <= MAX_ENTRIES:
        return raw.entries
    far = datetime.max.replace(tzinfo=UTC)

    def age(index: int) -> datetime:
        entry = raw.entries[index]
        return entry.published or entry.updated or far

    by_age = sorted(range(len(raw.entries)), key=age, reverse=True)
    return [raw.entries[index] for index in sorted(by_age[:MAX_ENTRIES])]


def safe_entry(raw: RawEntry, url: str, now: datetime, language: str | None = None) -> ParsedEntry:
    """What a reader found as it may be stored; relative links are resolved against `url`. Never raises.

    `language` is the feed's, for an entry that does not say its own.
    """
    flags = []
    title = _title(raw.title)
    if title.endswith("…") and not raw.title.value.rstrip().endswith("…"):
        flags.append(EntryFlag.TITLE_CUT)
    link = next((found for one in raw.links if one and (found := absolute_http_url(_link(one), url))), None)
    if link is None:
        flags.append(EntryFlag.NO_LINK)
    published, updated, odd = _sane_dates(raw, now)
    flags += odd
    entry_id = _storable_id(raw.id)
    if not entry_id:
        flags.append(EntryFlag.NO_ID)
        # The raw date, not the clamped one: `now` differs at every poll, an id must not.
        entry_id = _storable_id(link or "") or _digest(title, str(raw.published or raw.updated or ""))
    summary, content = _text(raw.summary), _text(raw.content)
    return ParsedEntry(
        id=entry_id,
        title=title,
        link=link,
        published=published,
        updated=updated,
        summary="" if raw.summary.is_html and summary == content else summary,  # said once is enough
        content=content,
        authors=_names(raw.authors),
        flags=tuple(flags),
        language=_language(raw.language) or language,
    )


def _link(raw: str) -> str:
    """Programs escape addresses twice, or inside CDATA: no address means `amp;b` by `?a=1&amp;b=2`."""
    return _AMPERSAND.sub("&", raw) if ";" in raw else raw


def _language(raw: str) -> str | None:
    return one_line(raw, _MAX_LANGUAGE) or None


def _title(raw: RawText) -> str:
    if raw.is_html:
        return plain_title(raw.value, MAX_TITLE)
    return one_line(without_scripts(raw.value[: MAX_TITLE * 50]), MAX_TITLE)


def _text(raw: RawText) -> str:
    if not raw.value:
        return ""
    if raw.is_html:
        return html_to_text(raw.value)[:MAX_TEXT]
    lines = [" ".join(line.split()) for line in clean(raw.value[:MAX_TEXT]).splitlines()]
    return "\n".join(lines).strip()


def _names(authors: tuple[str, ...]) -> tuple[str, ...]:
    names = (plain_title(author, _MAX_NAME) for author in authors[:_MAX_AUTHORS])
    return tuple(dict.fromkeys(name for name in names if name))


def _sane_dates(raw: RawEntry, now: datetime) -> tuple[datetime | None, datetime | None, list[EntryFlag]]:
    """Published and updated as they may be stored, and what was odd about them."""
    flags = []
    published, updated = _sane(raw.published), _sane(raw.updated)
    if published is None and updated is None:
        flags.append(EntryFlag.NO_DATE)
    if (raw.published, raw.updated) != (published, updated):
        flags.append(EntryFlag.ABSURD_DATE)
    stated = [date for date in (published, updated) if date is not None]
    if any(date > now for date in stated):
        flags.append(EntryFlag.FUTURE_DATE)
    if any(date > now + _AHEAD for date in stated):
        flags.append(EntryFlag.FAR_FUTURE)
    return (min(published, now) if published else None, min(updated, now) if updated else None, flags)


def _sane(date: datetime | None) -> datetime | None:
    return date if date is not None and date >= _OLDEST else None


def _storable_id(raw: str) -> str:
    """RFC 4287 §4.2.6: compared character by character, so kept verbatim but for what no screen can bear."""
    kept = clean(raw).strip() if raw.isprintable() else _ONE_SPACE.sub(" ", clean(raw)).strip()
    return kept if len(kept) <= MAX_ID else _digest(kept)


def _digest(*parts: str) -> str:
    seed = "\0".join(parts).encode("utf-8", "replace")
    return "blake2:" + hashlib.blake2b(seed, digest_size=16).hexdigest()
