"""Why fastfeedparser does not read feeds (docs/decisions/0080): what nobody can mend from outside."""

from __future__ import annotations

import fastfeedparser
from wire_feeds import atom, entry, rss

MEDIA = 'xmlns:media="http://search.yahoo.com/mrss/"'


def first(feed: str) -> dict[str, object]:
    found: dict[str, object] = fastfeedparser.parse(feed.encode()).entries[0]
    return found


def test_a_caption_before_the_headline_is_the_headline() -> None:
    inside = "<media:title>Picture</media:title><media:description>Caption</media:description>"
    found = first(
        rss(f"<item>{inside}<title>Headline</title><description>Words</description></item>", spaces=MEDIA)
    )
    assert (found["title"], found["description"]) == ("Picture", "Caption")


def test_text_behind_a_bare_ampersand_is_lost_without_a_word() -> None:
    found = first(rss("<item><title>Q&A</title><guid>https://e.org/?p=1&q=2</guid></item>"))
    assert (found["title"], found["id"]) == ("Q", "https://e.org/?p=1=2")


def test_an_id_becomes_a_date_of_this_month() -> None:
    assert "published" in first(rss('<item><title>x</title><guid isPermaLink="false">7</guid></item>'))


def test_the_text_of_an_xhtml_title_is_lost() -> None:
    title = '<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Headline</div></title>'
    assert first(atom(entry("", title)))["title"] == ""
