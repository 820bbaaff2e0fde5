"""The trap table of the stories design, row by row, over the real store and the real stages.

What a row promises is counted in what reaches the desk: which messages, and which story each tells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import permutations

import pytest
from arrivals import (
    FEEDS,
    REST,
    TORKHAM,
    arrive,
    articles_in,
    desk_watching,
    labelled_item,
    originals_by_url,
    start,
    stories_in,
    told,
    told_stories,
)
from made import MINUTE, NOON
from newsroom import DAY, FEED, HOUR, OTHER_FEED, Newsroom, failing, item

from monitor.model.article import DuplicateReason, Quality
from monitor.model.feed import PollOutcome
from monitor.testing import StaticRecognizer

TRAPS: dict[str, Callable[[], None]] = {}


def trap(row: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Notes what tests a row of the table."""

    def noted(test: Callable[[], None]) -> Callable[[], None]:
        assert row not in TRAPS, row
        TRAPS[row] = test
        return test

    return noted


def page(title: str, *paragraphs: str, head: str = "") -> bytes:
    body = "".join(f"<p>{escape(one)}</p>" for one in paragraphs)
    return (
        f"<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title>{head}</head>"
        f"<body><nav><a href='/'>Home</a></nav><article><h1>{escape(title)}</h1>{body}</article></body></html>"
    ).encode()


# ---- identity


@trap("new id, same URL/body → same article, no alert")
def _() -> None:
    room = desk_watching("Torkham")
    arrive(room, item("a", summary=TORKHAM, link="https://news.example/x"))
    arrive(room, item("b", summary=TORKHAM, link="https://news.example/x"), after=HOUR)
    assert len(articles_in(room)) == 1
    arrive(room, item("c", summary=TORKHAM, link="https://news.example/x"), url=OTHER_FEED, after=HOUR)
    assert len(set(stories_in(room))) == 1
    assert told(room) == ["Torkham closed"]


@trap("id reused for another item → new article if URL differs and C < .5")
def _() -> None:
    room = desk_watching("closed")
    arrive(room, item("same", "Torkham closed", TORKHAM + REST, link="https://news.example/1"))
    flood = "Schools in Sindh were closed after the river broke its banks near Sukkur and took a bridge."
    arrive(room, item("same", "Sindh schools closed", flood, link="https://news.example/2"), after=MINUTE)
    assert len(set(stories_in(room))) == 2
    assert [one.duplicate_of for one in articles_in(room)] == [None, None]
    assert told(room) == ["Torkham closed", "Sindh schools closed"]


@trap("every entry has the feed's URL as id → each its own article, each told")
def _() -> None:
    room = desk_watching("closed")
    names = ("Torkham", "Chaman", "Kharlachi", "Ghulam Khan")
    items = [
        item(FEED, f"{name} closed", f"{name} gate was closed by guards.", link=f"https://news.example/{number}")
        for number, name in enumerate(names)
    ]
    arrive(room, *items[:2])
    arrive(room, *items[2:], after=MINUTE)
    assert len(articles_in(room)) == 4
    assert sorted(told(room)) == sorted(f"{name} closed" for name in names)


@trap("utm_/fbclid, AMP, m., print, http/https → one key")
def _() -> None:
    room = desk_watching("Torkham")
    links = (
        "https://news.example/world/torkham",
        "http://www.news.example/world/torkham/?utm_source=feed&utm_medium=rss",
        "https://m.news.example/world/torkham?fbclid=abc",
        "https://amp.news.example/world/torkham",
        "https://news.example/world/torkham/amp",
        "https://news.example/world/torkham?print=1",
        "https://news.example/world/torkham/index.html#top",
    )
    for number, link in enumerate(links):
        text = f"{TORKHAM} Version {number}."  # else the second would not be read at all
        arrive(room, item(f"e{number}", summary=text, link=link), url=FEEDS[number % 3], after=MINUTE)
    assert {one.url_key for one in articles_in(room)} == {links[0]}
    assert len(set(stories_in(room))) == 1
    assert told(room) == ["Torkham closed"]


def _canonical_to(target: str, pages: int) -> Newsroom:
    room = desk_watching("closed", full_text=True)
    names = ("Torkham", "Chaman", "Kharlachi", "Spin Boldak", "Angoor Adda", "Ghulam Khan")
    link = f"<link rel='canonical' href='{target}'><meta property='og:url' content='{target}'>"
    for number, name in enumerate(names[:pages]):
        url = f"https://news.example/a/{number}"
        text = f"The gate of {name} was closed on Sunday, {name}'s {number + 3} guards said. " * 2
        own = " ".join(f"{name.split()[0]}{word}" for word in range(60))
        room.fetcher.answers[url] = page(f"{name} is closed", text, own, head=link)
        arrive(room, item(f"e{number}", f"{name} is closed", "", link=url), after=MINUTE)
    return room


@trap("rel=canonical → home page → ignored")
def _() -> None:
    room = _canonical_to("https://news.example/", 3)
    assert len(set(stories_in(room))) == 3
    assert not originals_by_url(room)
    assert len(told(room)) == 3


@trap("rel=canonical shared by many titles → ignored")
def _() -> None:
    room = _canonical_to("https://news.example/live", 6)
    assert len(set(stories_in(room))) == 6
    assert not originals_by_url(room)
    assert len(told(room)) == 6


# ---- titles only, live pages, corrections


def _titles(*titles: tuple[str, timedelta]) -> Newsroom:
    names = dict.fromkeys(("Torkham", "Pakistan", "Afghanistan", "Chaman", "Iran"), "place")
    room = desk_watching("Torkham OR Chaman", recognizer=StaticRecognizer(names))
    for number, (title, after) in enumerate(titles):
        arrive(
            room,
            item(f"e{number}", title, "", link=f"https://{number}.example/", published=room.clock.now() + after),
            url=FEEDS[number % 3],
            after=after,
        )
    return room


@trap("title-only feed → title cosine ≥ .3 and ≥ 2 shared entities within 48 h; no MinHash")
def _() -> None:
    first = ("Pakistan and Afghanistan close Torkham crossing after firing", timedelta(0))
    room = _titles(first, ("Torkham crossing between Pakistan and Afghanistan closed after firing", HOUR))
    assert len(set(stories_in(room))) == 1
    assert all(not one.fingerprint or not one.fingerprint.sketch.bands for one in articles_in(room))
    assert all(one.quality is Quality.TITLE for one in articles_in(room))

    late = _titles(first, ("Torkham crossing between Pakistan and Afghanistan closed after firing", 3 * DAY))
    assert len(set(stories_in(late))) == len(told(late)) == 2
    other = _titles(first, ("Iran builds hospital near Chaman", HOUR))
    assert len(set(stories_in(other))) == len(told(other)) == 2


@trap("live blog updated 100 times → one article, new matches in added text, throttled into one update")
def _() -> None:
    room = desk_watching("Torkham NEAR/6 (closed OR shot OR mortar)")
    text = ["Our reporter is at the road to the crossing. " + REST]
    for version in range(45):  # a hundred take seconds: tests/acceptance/test_bad_input_of_stories.py
        if version in (10, 40, 41, 42):
            happens = {10: "was closed", 40: "guard was shot", 41: "is under mortar fire", 42: "gate shot at"}
            text.append(f"At {version} past the hour Torkham {happens[version]}.")
        text.append(f"Note {version}: nothing new on the road, {version + 200} lorries are waiting.")
        live = item("live", "Live: the border today", "\n".join(text), published=NOON)
        arrive(room, live, after=timedelta(seconds=30))
    arrive(room, after=HOUR)
    assert len(set(stories_in(room))) == 1
    assert all(one.duplicate_of == articles_in(room)[0].id for one in articles_in(room)[1:])
    assert 2 <= len(told(room)) <= 3, "the first match, then what is added gathered into one update"
    assert all(len(story["articles"]) == 1 for story in told_stories(room)), "one article for the reader"


def _corrected(title: str, text: str) -> Newsroom:
    room = desk_watching("Torkham")
    arrive(room, item("c", "Border notes", f"{TORKHAM} {REST}"))
    arrive(room, item("c", title, text), after=HOUR)
    assert len(set(stories_in(room))) == 1
    assert [one.duplicate_reason for one in articles_in(room)] == [None, DuplicateReason.REVISION]
    return room


@trap("correction elsewhere in the text → revision, no second alert")
def _() -> None:
    assert len(told(_corrected("Border notes", f"{TORKHAM} {REST.replace('doubled', 'tripled')}"))) == 1


@trap("correction of the matched sentence → revision + badge, told again")
def _() -> None:
    room = _corrected("Border notes", f"{TORKHAM.replace('closed', 'opened')} {REST}")
    assert len(told(room)) == 2
    assert "updated" in told_stories(room)[-1]["badges"]


@trap("correction that the title owns up to → revision + badge, told again")
def _() -> None:
    room = _corrected("CORRECTED-Border notes", f"{TORKHAM} {REST.replace('doubled', 'tripled')}")
    assert len(told(room)) == 2
    assert "corrected" in told_stories(room)[-1]["badges"]


@trap("closed, reopened and closed again on one live page → each turn is told")
def _() -> None:
    room = desk_watching("closed AND Torkham")
    states = ("Torkham is closed.", "Torkham is open.", "Torkham is closed.")
    for hour, state in enumerate(states):
        live = item("live", "Live: Torkham", f"{state} {REST} Hour {hour} of our report.", published=NOON)
        arrive(room, live, after=HOUR)
    assert len(told(room)) == 2, "the rule did not match the wording before the last"


@trap("UPDATE 1- / WRAPUP 2- / REFILE- prefixes → stripped for similarity; update, not a new story")
def _() -> None:
    room = desk_watching("Nereus")
    start(room, "tanker-1")
    arrive(room, labelled_item("tanker-1"))
    arrive(room, labelled_item("tanker-2"), after=4 * HOUR)
    for number, prefix in enumerate(("WRAPUP 2-", "REFILE-")):
        again = labelled_item("tanker-1", link=f"https://wire.example/{number}").replace(
            "<title>", f"<title>{prefix}"
        )
        arrive(room, again.replace("'>tanker-1<", f"'>again{number}<"), url=OTHER_FEED, after=HOUR)
    assert len(set(stories_in(room))) == 1
    assert [one.duplicate_of for one in articles_in(room)] == [None, 1, 1, 1]
    assert len(told(room)) == 1


# ---- templates


FORECAST = (
    "Forecast for the border district, issued by the weather desk at Torkham. Dry with light winds from the "
    "west; night frost above 2,000 metres. The pass road is open to all vehicles with chains on board. Visibility "
    "is good in the morning and moderate in the afternoon, when dust rises in the valley. Drivers should carry "
    "water and blankets. The next forecast is issued at the same time tomorrow by the weather desk."
)


def _forecast(day: int, hour: int = 0) -> str:
    moment = NOON + day * DAY + hour * HOUR
    return item(
        f"w{day}-{hour}",
        "Weather at the border",
        FORECAST,
        link=f"https://news.example/weather/{day}/{hour}",
        published=moment,
    )


@trap("daily templates (weather, market close, central-bank repos) → next day = new event even at J = 1.0")
def _() -> None:
    room = desk_watching("Torkham")
    arrive(room, _forecast(0))
    arrive(room, _forecast(1), after=DAY)
    arrive(room, _forecast(2), after=DAY)
    assert len(set(stories_in(room))) == 3
    assert not originals_by_url(room)
    assert len(told(room)) == 3

    repos = desk_watching("repo")
    for name in ("repo-1", "repo-2", "repo-3"):
        start(repos, name)
        arrive(repos, labelled_item(name))
    assert len(set(stories_in(repos))) == len(told(repos)) == 3


@trap("daily templates → after 3 days marked series, duplicate window 6 h")
def _() -> None:
    room = desk_watching("Torkham")
    for day in range(4):
        arrive(room, _forecast(day), after=DAY if day else timedelta(0))
    assert len(told(room)) == 4
    arrive(room, _forecast(3, hour=5), after=5 * HOUR)
    assert len(told(room)) == 4, "five hours later it is a copy"
    arrive(room, _forecast(3, hour=11), after=6 * HOUR + MINUTE)
    assert len(told(room)) == 5, "past the window of six hours it is the next of its series"


@trap("template several times a day → no chain of copies swallows the next day")
def _() -> None:
    room = desk_watching("Torkham")
    for hour in range(0, 96, 8):
        arrive(room, _forecast(0, hour), after=8 * HOUR if hour else timedelta(0))
    assert len(told(room)) >= 4, "on each of four days something is told"


def _two_stories(rule: str, *names: str) -> Newsroom:
    """Articles of the labelled set, one after the other: each is told, each is a story of its own."""
    room = desk_watching(rule)
    for number, name in enumerate(names):
        start(room, name)
        arrive(room, labelled_item(name), url=FEEDS[number % 3])
    assert not originals_by_url(room)
    assert len(set(stories_in(room))) == len(told(room)) == len(names)
    return room


@trap("same-hour template, other issuer → not a duplicate")
def _() -> None:
    _two_stories("quarter", "brightwater-q2", "ostrava-q2")
    _two_stories("earthquake", "quake-1", "quake-3")


@trap('press-release "About X" boilerplate → stripped; never the sole reason')
def _() -> None:
    _two_stories('"Open Hands"', "dadaab-3", "openhands-yemen")


@trap("same event in another language → separate")
def _() -> None:
    _two_stories("Tulln", "flood-1", "flood-de")


# ---- walls


WALL = (
    "Subscribe to continue reading",
    "This article is for subscribers only. They read all of our reports from floods, parliament and the border.",
    "Choose the offer that suits you: four weeks for one rupee, then forty a week; cancel whenever you like.",
    "Already a subscriber? Log in",
)
UNKNOWN_WALL = (
    "Good evening, dear guest of our reading room. Our pages are resting at the moment, and so are the floods of "
    "paper on our desks. Make yourself a cup of tea and look in again after the evening news, when the reading "
    "room has been aired and the lamps are lit.",
)
NAMES = ("Torkham queue grows", "Chaman bazaar burns", "Sindh harvest fails")


def _walled(wall: Sequence[str]) -> Newsroom:
    room = desk_watching("floods", "Torkham OR Chaman OR Sindh", full_text=True)
    for number, title in enumerate(NAMES):
        url = f"https://news.example/{number}"
        room.fetcher.answers[url] = page(title, *wall)
        arrive(room, item(f"e{number}", title, f"What {title.split()[0]} says.", link=url), after=MINUTE)
    return room


@trap("paywall stub, cookie wall → stub: its text is never matched nor hashed, the feed's words are")
def _() -> None:
    room = _walled(WALL)
    for _ in range(4):
        arrive(room, after=HOUR)
    assert told(room, "r0") == [], "the wall's own words are nobody's news"
    assert told(room, "r1") == list(NAMES), "the feed's words are matched at once"
    articles = articles_in(room)
    assert {one.quality for one in articles} == {Quality.STUB}
    assert {one.duplicate_of for one in articles} == {None}
    assert len(set(stories_in(room))) == 3
    assert "title_only" in told_stories(room)[-1]["badges"]


@trap("≥ 3 URLs of a host with the same hash → stub")
def _() -> None:
    room = _walled(UNKNOWN_WALL)
    assert told(room, "r1") == list(NAMES)
    assert articles_in(room)[-1].quality is Quality.STUB
    assert articles_in(room)[-1].text == "What Sindh says."
    assert len(set(stories_in(room))) == 3


@trap("paywall stub → retried, and a success is matched as a revision")
def _() -> None:
    room = _walled(WALL)
    room.fetcher.answers["https://news.example/1"] = page(
        "Chaman bazaar burns", "Floods tore down the gate.", REST
    )
    for _ in range(8):
        arrive(room, after=HOUR)
    assert told(room, "r0") == ["Chaman bazaar burns"]
    assert len(set(stories_in(room))) == 3


# ---- copies, other days, dates


@trap("abridged wire copy (40 %) → duplicate by containment although J ≈ .35")
def _() -> None:
    room = desk_watching("Kharlachi")
    start(room, "kharlachi-mon-1")
    arrive(room, labelled_item("kharlachi-mon-1"))
    arrive(room, labelled_item("kharlachi-mon-3"), url=OTHER_FEED, after=2 * HOUR)
    copy = articles_in(room)[1]
    assert (copy.duplicate_of, copy.duplicate_reason) == (1, DuplicateReason.NEAR_DUPLICATE)
    assert copy.duplicate_why
    assert len(told(room)) == 1


@trap("same place and people 13 months later → separate story")
def _() -> None:
    room = _two_stories("Goma", "ferry-old", "ferry-new")
    assert told_stories(room)[0]["id"] != told_stories(room)[1]["id"]


@trap("missing date → flagged, no text-only join")
def _() -> None:
    room = desk_watching("Tulln")
    start(room, "flood-1")
    arrive(room, labelled_item("flood-1"))
    arrive(room, labelled_item("undated-own"), url=OTHER_FEED, after=2 * HOUR)
    assert len(set(stories_in(room))) == len(told(room)) == 2


@trap("absurd or future date → clipped, flagged, no text-only join")
def _() -> None:
    for year in (1970, 2099):
        room = desk_watching("Tulln")
        start(room, "flood-1")
        arrive(room, labelled_item("flood-1"))
        absurd = labelled_item("undated-own", published=datetime(year, 1, 1, tzinfo=UTC))
        arrive(room, absurd, url=OTHER_FEED, after=2 * HOUR)
        assert len(told(room)) == 2, year
        assert len(set(stories_in(room))) == 2, year
        published = articles_in(room)[1].published
        assert published is None or published <= room.clock.now()


LATE = ("tanker-1", "tanker-4", "tanker-3")  # the third was published before the second


def _shipping(order: Sequence[str]) -> Newsroom:
    room = desk_watching("Liberia")
    start(room, "tanker-4")
    for number, name in enumerate(order):
        arrive(room, labelled_item(name), url=FEEDS[number], after=MINUTE)
    return room


@trap(
    "late arrival between two stories → deterministic regroup; no second alert for an already alerted rule + story"
)
def _() -> None:
    for order in permutations(LATE):
        room = _shipping(order)
        assert len(set(stories_in(room))) == 1, order
        assert len(originals_by_url(room)) == 1, order
        assert len(told(room)) == 1, order


@trap('"12th" against "13th sanctions package" → flagged possible_distinct, two stories')
def _() -> None:
    _two_stories("Belmoria", "sanctions-12a", "sanctions-13")


@trap("empty extraction → fallback ladder; the empty string is never hashed")
def _() -> None:
    room = desk_watching("closed", full_text=True)
    for number, name in enumerate(("Torkham", "Chaman")):
        url = f"https://news.example/{number}"
        room.fetcher.answers[url] = page("", "")
        arrive(room, item(f"e{number}", f"{name} is closed", "", link=url), after=MINUTE)
    room.fetcher.answers["https://news.example/2"] = failing(PollOutcome.HTTP_ERROR, 404)
    arrive(room, item("e2", "Ghulam Khan", "The gate was closed.", link="https://news.example/2"), after=MINUTE)
    assert [one.quality for one in articles_in(room)] == [Quality.TITLE, Quality.TITLE, Quality.FEED]
    assert not originals_by_url(room)
    assert len({one.content_hash for one in articles_in(room)}) == 3
    assert len(told(room)) == 3


@pytest.mark.parametrize("row", TRAPS, ids=list(TRAPS))
def test_a_row_of_the_trap_table(row: str) -> None:
    TRAPS[row]()
