"""The traps of identity, one row each: new article, the same one, or another wording of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from made import NOON, parsed

from monitor.core.stories.identity import judge_listing, url_keys
from monitor.core.stories.revisions import correction_in
from monitor.core.text.urls import canonical_url
from monitor.model.entry import Fate, KnownEntry, ParsedEntry, Verdict

HOUR = timedelta(hours=1)
FEED_URL = "https://news.example/feed"


def polled(*listings: tuple[ParsedEntry, ...]) -> list[Verdict]:
    """What the last of these listings comes to, an hour between two polls."""
    known: list[KnownEntry] = []
    verdicts: list[Verdict] = []
    for n, listing in enumerate(listings):
        keys = url_keys(listing)
        ids = {one.id for one in listing}
        shared = [one for one in known if one.id in ids or one.url_key in keys]
        judged = judge_listing(listing, keys, shared, NOON + n * HOUR)
        verdicts = [one.verdict for one in judged]
        known += [
            KnownEntry(
                row=len(known) + place,
                id=one.entry.id,
                url_key=one.url_key,
                title=one.entry.title,
                text_hash=one.text_hash,
                fate=Fate.READ,
                first_seen=NOON + n * HOUR,
                published=one.entry.published,
            )
            for place, one in enumerate(judged)
            if one.verdict is not Verdict.KNOWN
        ]
    return verdicts


def entry(id: str, title: str, link: str, summary: str = "") -> ParsedEntry:
    return parsed(id, title, link=f"https://news.example/{link}", summary=summary)


CLOSED, FLOODS, RUPEE = ("Torkham crossing closed", "Floods in Sindh", "Rupee falls further")


@pytest.mark.parametrize(
    ("trap", "before", "then", "expected"),
    [
        ("new id, same URL and words", (entry("1", CLOSED, "a"),), (entry("2", CLOSED, "a"),), [Verdict.KNOWN]),
        (
            "tracking, AMP, m., print, http",
            (entry("1", CLOSED, "a"),),
            (parsed("2", CLOSED, link="http://m.news.example/amp/a?utm_source=x&print=1"),),
            [Verdict.KNOWN],
        ),
        ("id reused for another item", (entry("1", CLOSED, "a"),), (entry("1", FLOODS, "b"),), [Verdict.NEW]),
        (
            "every entry has the feed's URL as id",
            (entry(FEED_URL, CLOSED, "a"), entry(FEED_URL, FLOODS, "b")),
            (entry(FEED_URL, CLOSED, "a"), entry(FEED_URL, FLOODS, "b"), entry(FEED_URL, RUPEE, "c")),
            [Verdict.KNOWN, Verdict.KNOWN, Verdict.NEW],
        ),
        (
            "every entry has the feed's URL as id, and one was edited",
            (entry(FEED_URL, CLOSED, "a", "Quiet."), entry(FEED_URL, FLOODS, "b")),
            (entry(FEED_URL, CLOSED, "a", "Shots were fired."), entry(FEED_URL, FLOODS, "b")),
            [Verdict.REVISED, Verdict.KNOWN],
        ),
        (
            "correction",
            (entry("1", CLOSED, "a"),),
            (entry("1", f"CORRECTED: {CLOSED}", "a"),),
            [Verdict.REVISED],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_trap(
    trap: str, before: tuple[ParsedEntry, ...], then: tuple[ParsedEntry, ...], expected: list[Verdict]
) -> None:
    assert polled(before, then) == expected


def test_a_live_page_that_is_updated_a_hundred_times_is_one_article_in_a_hundred_wordings() -> None:
    updates = [(entry("live", f"Live: update {n}", "live", f"Update {n}: " + "more " * n),) for n in range(100)]
    for n in (2, 50, 100):
        assert polled(*updates[:n]) == [Verdict.REVISED]
    assert polled(*updates, updates[-1]) == [Verdict.KNOWN]


@pytest.mark.parametrize(
    "door",
    [
        "https://www.google.com/url?rct=j&sa=t&url=https://www.example.org/news/1%3Futm_source%3Dx&ct=ga&usg=A",
        "https://news.google.com/news/url?sa=t&fd=R&usg=B&url=http://example.org/news/1",
        "http://www.bing.com/news/apiclick.aspx?ref=FexRss&tid=C&url=https%3a%2f%2fexample.org%2fnews%2f1&mkt=en",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fexample.org%2Fnews%2F1%3Ffbclid%3DD&h=E",
        "https://eur02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fexample.org%2Fnews%2F1&data=F",
        "https://www.google.com/url?q=https://www.google.com/amp/s/amp.example.org/news/1",
    ],
)
def test_a_door_of_a_feed_proxy_is_the_address_behind_it(door: str) -> None:
    assert canonical_url(door) == "https://example.org/news/1"


@pytest.mark.parametrize(
    "address",
    [
        "https://news.google.com/rss/articles/CBMiK2h0dHBz",
        "https://example.org/share?url=https://example.com/a",
        "https://google.com/search?q=https://example.com/a",
        "https://bing.com/search?url=https://example.com/a",
        "https://l.facebook.com/l.php?u=javascript%3Aalert(1)",
    ],
)
def test_what_is_no_known_door_or_leads_nowhere_stays(address: str) -> None:
    assert "example.com" not in canonical_url(address).partition("?")[0]
    assert canonical_url(address).partition("/")[2].split("/")[1] == address.split("/")[2]


# ---- titles that own up to a correction


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (CLOSED, f"CORRECTED: {CLOSED}"),
        (CLOSED, f"CORRECTED-{CLOSED}"),
        (CLOSED, f"Correction: {CLOSED}"),
        (CLOSED, f"{CLOSED} (corrected)"),
        (CLOSED, f"[Retraction] {CLOSED}"),
        (CLOSED, f"RETRACTED: {CLOSED}"),
        (CLOSED, f"{CLOSED} - Correction"),
        (CLOSED, f"REFILE-CORRECTED-{CLOSED}"),
        (CLOSED, f"UPDATE 2-CORRECTED {CLOSED}"),
        (CLOSED, "Clarification: Torkham story"),
    ],
)
def test_a_title_that_gains_a_correction_says_so(old: str, new: str) -> None:
    assert correction_in(old, new)
    assert not correction_in(new, new)
    assert not correction_in(new, old)


@pytest.mark.parametrize(
    "title",
    [
        "Corrections officer is shot",
        "Senator retracted statement on Torkham",
        "Market correction ahead",
        "TORKHAM CLOSED, ERROR CORRECTED",
        "",
    ],
)
def test_a_title_that_only_uses_the_word_says_nothing_of_a_correction(title: str) -> None:
    assert not correction_in(CLOSED, title)
