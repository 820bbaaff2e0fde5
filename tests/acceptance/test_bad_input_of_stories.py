"""Pages and floods of articles out of the ordinary: bounded time, an outcome with a name, nothing lost."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from arrivals import arrive, articles_in, desk_watching, nothing_is_lost, told
from made import MINUTE, NOON
from newsroom import HOUR, Newsroom, answer, item

from monitor.adapters.sandbox import ProcessSandbox
from monitor.core.digests.plan import FOLLOW_UP_AFTER
from monitor.core.text.urls import canonical_url
from monitor.model.article import Quality, ReadOutcome

LINE = "The gate was closed by border guards on Sunday after a quarrel about papers, traders said. "
RUSSIAN = "Граница закрыта сегодня утром, сообщили местные власти. " * 12
PAGES = {
    "empty": (b"", "text/html"),
    "white-space": (b" \n\t " * 500, "text/html"),
    "json": (b'{"articleBody": "' + LINE.encode() * 9 + b'"}', "text/html"),
    "pdf": (b"%PDF-1.7\n" + bytes(range(256)) * 50, "text/html"),
    "said-to-be-pdf": (b"<p>" + LINE.encode() * 9, "application/pdf"),
    "deep": (b"<html><body>" + b"<div>" * 200_000 + LINE.encode() * 9 + b"</div>" * 200_000, "text/html"),
    "deep-and-open": (b"<html><body><p>" + b"<b><i>" * 100_000 + LINE.encode() * 9, "text/html"),
    "cp1251-as-utf-8": (f"<article><h1>Граница</h1><p>{RUSSIAN}".encode("cp1251"), "text/html; charset=utf-8"),
    "utf-8-as-ascii": (f"<article><h1>Граница</h1><p>{RUSSIAN}".encode(), "text/html; charset=us-ascii"),
    "no-such-charset": (f"<article><h1>Gate</h1><p>{LINE * 9}".encode(), "text/html; charset=klingon"),
    "noughts": (b"<article><p>" + b"\0" * 10_000 + LINE.encode() * 9, "text/html"),
    "cut-off": (b"<html><head><title>Gate</title><meta property='og:ti", "text/html"),
}


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Iterator[ProcessSandbox]:
    """Pages are read in children of a sandbox as the daemon has them."""
    sandbox = ProcessSandbox(workers=1)
    monkeypatch.setattr("newsroom.InlineSandbox", lambda: sandbox)
    yield sandbox
    sandbox.close()


def _read_to_the_end(room: Newsroom, hours: int = 8) -> dict[str, list[ReadOutcome]]:
    """The outcomes of every page, with a turn of every stage each hour."""
    outcomes: dict[str, list[ReadOutcome]] = {}
    for _ in range(hours):
        for report in room.read():
            outcomes.setdefault(report.entry.new.parsed.id, []).append(report.outcome)
            assert report.outcome in (ReadOutcome.PAGE, ReadOutcome.FEED) or report.why, report.entry.new.parsed.id
        for stage in (room.group, room.match, room.plan, room.deliver):
            stage()
        room.clock.advance(HOUR)
    nothing_is_lost(room)
    return outcomes


def _room_of(pages: Sequence[tuple[str, bytes, str]]) -> Newsroom:
    room = desk_watching("closed", full_text=True)
    for name, body, content_type in pages:
        room.fetcher.answers[f"https://news.example/{name}"] = answer(body, content_type=content_type)
    room.serve(*(item(name, f"The {name} gate is closed", "") for name, _, _ in pages))
    room.poll()
    return room


def test_a_bad_page_has_an_outcome_with_a_name_and_its_entry_is_matched_and_told(children: ProcessSandbox) -> None:
    room = _room_of([(name, *page) for name, page in PAGES.items()])
    begun = time.process_time()
    outcomes = _read_to_the_end(room)
    assert time.process_time() - begun < 10  # one on a quiet machine
    assert outcomes.keys() == PAGES.keys()
    assert ReadOutcome.POSTPONED not in {all_of[-1] for all_of in outcomes.values()}
    assert told(room)
    _all_are_reachable(room, [f"https://news.example/{name}" for name in PAGES])
    for one in articles_in(room):
        assert one.text.strip() or one.quality in (Quality.TITLE, Quality.STUB), one.url
        assert "%PDF" not in one.text


@pytest.mark.soak
def test_pages_of_five_megabytes_and_more_have_an_outcome_within_their_time(children: ProcessSandbox) -> None:
    many = "".join(f"<p>{number} {LINE}</p>" for number in range(50_000))
    sizes = {
        "same": b"<article>" + f"<p>{LINE}</p>".encode() * 50_000,
        "other": f"<article>{many}".encode(),
        "long": b"<article><p>" + LINE.encode() * 60_000,
        "links": b"<article>" + b"<a href='/x'>Read more</a>" * 200_000,
        "heads": b"<article>" + b"<h1>Another headline</h1>" * 200_000,
        "wide": b"<table>" + b"<td>closed" * 500_000,
    }
    room = _room_of([(name, body, "text/html") for name, body in sizes.items()])
    begun = time.monotonic()
    outcomes = _read_to_the_end(room)
    assert time.monotonic() - begun < len(sizes) * 8 * 10
    assert outcomes.keys() == sizes.keys()
    assert told(room)
    _all_are_reachable(room, [f"https://news.example/{name}" for name in sizes])


# ---- dates


@pytest.mark.parametrize("year", [1, 1970, 1989, 2099, 9999])
def test_an_absurd_date_delays_and_hides_nothing(year: int) -> None:
    room = desk_watching("closed")
    absurd = datetime(year, 1, 1, tzinfo=UTC)
    arrive(room, item("a", "Torkham closed", LINE))
    arrive(room, item("b", "Chaman closed by flood", "The road was closed.", published=absurd), after=MINUTE)
    assert told(room) == ["Torkham closed", "Chaman closed by flood"]
    published = articles_in(room)[1].published
    assert published is None or published <= room.clock.now()


# ---- floods of articles


def _copies(count: int, edited: float) -> list[str]:
    """Items of one text; each second one has that share of its words changed."""
    dice = random.Random(4)
    letters = "abcdefghijklmnop"
    others = ["".join(dice.choices(letters, k=7)) for _ in range(1_000)]
    words = [*LINE.split(), *dice.sample(others, 120)]
    items = []
    for number in range(count):
        share = edited if number % 2 else 0
        text = [dice.choice(others) if dice.random() < share else word for word in words]
        link = f"https://paper{number}.example/gate"
        moment = NOON - timedelta(hours=1) * (count - number) / count  # a date to come would be no date
        items.append(item(f"c{number}", "The gate is closed", " ".join(text), link=link, published=moment))
    return items


def _one_event(count: int) -> list[str]:
    """Items about one event in words of their own: same names, other sentences."""
    dice = random.Random(5)
    words = [
        f"{a}{b}" for a in ("tra", "mo", "ke", "lin", "sur", "pa") for b in ("der", "ven", "ta", "gor", "mil")
    ]
    items = []
    for number in range(count):
        body = " ".join(
            f"Governor Nasratullah of Paktia said {' '.join(dice.choices(words, k=6))} at Kharlachi gate, closed "
            f"by {' '.join(dice.choices(words, k=4))}."
            for _ in range(6)
        )
        title = f"Kharlachi gate closed: {' '.join(dice.choices(words, k=3))}"
        link = f"https://paper{number}.example/kharlachi"
        moment = NOON - timedelta(seconds=count - number)  # a date to come would be no date
        items.append(item(f"s{number}", title, body, link=link, published=moment))
    return items


def _flood(items: Sequence[str], batch: int) -> Newsroom:
    room = desk_watching("closed")
    for start in range(0, len(items), batch):
        arrive(room, *items[start : start + batch], after=MINUTE)
    return room


def _all_are_reachable(room: Newsroom, urls: Sequence[str]) -> None:
    for url in urls:
        (fate,) = room.store.ledger.fates(url, canonical_url(url))
        assert fate.article is not None, url
        assert fate.matches, url
        assert all(one.routings for one in fate.matches), url
    assert room.number("SELECT count(*) FROM routings WHERE state = 'pending'") == 0


def _check_copies(count: int, batch: int, edited: float, seconds: float) -> None:
    begun = time.process_time()
    room = _flood(_copies(count, edited), batch)
    assert time.process_time() - begun < seconds
    assert len(articles_in(room)) == count
    arrive(room, after=FOLLOW_UP_AFTER)  # what an edited copy adds waits for the story's next turn
    assert 1 <= len(told(room)) <= max(5, count // 50)
    _all_are_reachable(room, [f"https://paper{number}.example/gate" for number in range(0, count, count // 10)])


def test_three_hundred_copies_of_one_article_fill_a_bucket_and_are_told_once_or_little_more() -> None:
    _check_copies(300, 100, edited=0.01, seconds=15)  # two on a quiet machine


def test_a_story_of_a_hundred_and_fifty_articles_is_told_whole_in_bounded_time() -> None:
    begun = time.process_time()
    room = _flood(_one_event(150), 50)
    assert time.process_time() - begun < 15  # two on a quiet machine
    assert told(room)
    _all_are_reachable(room, [f"https://paper{number}.example/kharlachi" for number in range(0, 150, 10)])


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("edited", [0, 0.01, 0.1])
def test_ten_thousand_copies_in_an_hour_are_told_and_reachable(edited: float) -> None:
    _check_copies(10_000, 500, edited, seconds=1200)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_story_of_five_thousand_articles_takes_bounded_time_and_loses_nothing() -> None:
    items = _one_event(5_000)
    room = desk_watching("closed")
    spent = []
    for start in range(0, len(items), 500):
        begun = time.process_time()
        arrive(room, *items[start : start + 500], after=MINUTE)
        spent.append(time.process_time() - begun)
    assert sum(spent) < 1200, spent
    # Past the cap of a component an article costs no more than before it.
    assert spent[-1] < 3 * spent[2], spent
    arrive(room, after=FOLLOW_UP_AFTER)
    _all_are_reachable(room, [f"https://paper{number}.example/kharlachi" for number in range(0, 5_000, 100)])


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_live_page_of_three_hundred_versions_costs_little_a_version_to_the_end() -> None:
    room = desk_watching("closed")
    text, spent = [LINE], []
    for version in range(300):
        text.append(f"Note {version}: nothing new on the road, {version + 200} lorries are waiting.")
        begun = time.process_time()
        arrive(room, item("live", "Live: the gate today", "\n".join(text), published=NOON), after=MINUTE)
        spent.append(time.process_time() - begun)
    assert len({one.story_id for one in articles_in(room)}) == 1
    assert len(told(room)) == 1
    assert sum(spent[-50:]) < 10 * sum(spent[50:100]), "the text is five times as long"
