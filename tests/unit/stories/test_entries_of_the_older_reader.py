"""Entries that feedparser alone read, up to decision 0079, are known when the reader of trees lists them again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from made import NOON
from wire_feeds import atom as atom_feed
from wire_feeds import entry, item, rss

from monitor.core.feeds.parse import parse_feed
from monitor.core.stories.identity import judge_listing, url_keys, words_hash
from monitor.core.text.urls import canonical_url
from monitor.model.entry import Fate, KnownEntry, ParsedEntry, Verdict

URL = "https://example.org/feed"
LINK = "https://example.org/1"
WHEN = datetime(2023, 2, 22, 10, tzinfo=UTC)
CONTENT = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
SHUT = "Border is shut."


def zoned(zone: str, inside: str) -> str:
    return rss(
        f"<item><title>Border shut</title>{inside}<pubDate>Wed, 22 Feb 2023 15:00:00 {zone}</pubDate></item>"
    )


def then(id: str = LINK, title: str = "Border shut", **more: object) -> ParsedEntry:
    """What the older reader made of it, as it was seen."""
    return ParsedEntry(**{"id": id, "title": title, "link": LINK, "published": WHEN, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "before"),
    [
        (
            rss(
                item(f"<description>{SHUT}</description><content:encoded>&lt;p>{SHUT}&lt;/p></content:encoded>"),
                spaces=CONTENT,
            ),
            then(summary=SHUT, content=SHUT),
        ),
        (
            atom_feed(entry(f'<summary>{SHUT}</summary><content type="html">&lt;p>{SHUT}&lt;/p></content>')),
            then("urn:uuid:1", published=datetime(2023, 2, 20, 10, tzinfo=UTC), summary=SHUT, content=SHUT),
        ),
        (zoned("PKT", f"<link>{LINK}</link>"), then(published=WHEN + timedelta(hours=5))),
        (zoned("MSK", f"<link>{LINK}</link>"), then(published=WHEN + timedelta(hours=5))),
        (
            zoned("CET", '<guid isPermaLink="false">x1</guid>'),
            then("x1", link=None, published=WHEN + timedelta(hours=5)),
        ),
        (
            rss("<item><title>Border shut</title></item>"),
            then("blake2:36a50b72a5acb8a33bceb353647b61dd", link=None, published=None),
        ),
        (
            rss(item("", title="<title>Tom &amp;amp; Jerry &amp;lt;b&amp;gt; caf&amp;eacute; &#8217;s</title>")),
            then(title="Tom & Jerry <b> café ’s"),
        ),
        (rss(item("", title="<title>Caf&eacute; & bar</title>")), then(title="Café & bar")),
        # Broken XML: ids kept their references.
        (
            rss(f"<item><title>Shut & barred</title><link>{LINK}</link><guid>{LINK}?a=1&amp;b=2</guid></item>"),
            then(f"{LINK}?a=1&amp;b=2", "Shut & barred", published=None),
        ),
    ],
)
def test_an_upgrade_makes_no_entry_new_or_revised(body: str, before: ParsedEntry) -> None:
    (after,) = parse_feed(body.encode(), None, URL, NOON).entries
    key = canonical_url(before.link) if before.link else ""
    stored = KnownEntry(
        1, before.id, key, before.title, words_hash(before), Fate.READ, NOON, published=before.published
    )
    (judged,) = judge_listing([after], url_keys([after]), [stored], NOON)
    assert judged.verdict is Verdict.KNOWN
