"""What the pages of a host carried is remembered, delays or merges an alert, and never removes one."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from made import feed_settings
from newsroom import DAY, FEED, RULES, Newsroom, answer, item

from monitor.app.why import why
from monitor.app.why_words import why_lines
from monitor.core.text.urls import canonical_url
from monitor.model.article import DropReason, Quality, ReadOutcome
from monitor.pipeline.page_text import REREAD_AFTER

APPEAL = "Support our journalism with a small gift, and get the morning letter about trucks for free."
TITLES = ("Floods in Sindh", "Rupee falls further", "Kohli scores again", "Vaccines reach Gilgit", "Snow on K2")


def body(n: int) -> str:
    """A main text that shares no word with another: each is of another event, and names nothing."""
    dice = Random(n)
    words = ("".join(dice.choices("bcdfghklmnprstv", k=7)) for _ in range(60))
    return " ".join(words) + "."


def page(*paragraphs: str, head: str = "") -> bytes:
    text = "".join(f"<p>{one}</p>" for one in paragraphs)
    return f"<html><head>{head}</head><body><article>{text}</article></body></html>".encode()


@pytest.fixture
def room() -> Newsroom:
    room = Newsroom(feeds=[feed_settings(FEED, full_text=True, backfill=DAY)])
    in_force(room, RULES)
    return room


def in_force(room: Newsroom, rules: str) -> None:
    """As the daemon loads them."""
    room.rules = rules
    room.store.articles.record_ruleset(room.ruleset.version, [], room.clock.now())


def bring(room: Newsroom, id: str, title: str, body: bytes) -> None:
    """One more entry, all the way to the outbox."""
    room.serve(item(id, title, "A summary."))
    room.fetcher.answers[f"https://news.example/{id}"] = answer(body)
    room.store.feeds.make_all_due(room.clock.now())
    room.turn()
    room.clock.advance(timedelta(minutes=1))


def bring_framed(room: Newsroom, titles: tuple[str, ...] = TITLES, first: int = 0) -> None:
    for n, title in enumerate(titles, first):
        bring(room, f"e{n}", title, page(body(n), APPEAL))


def told(room: Newsroom, rule: str) -> list[str]:
    return [headline for _, by, headline in room.alerts() if by == rule]


# ---- the frame of a host


def test_a_frame_is_told_on_three_pages_and_left_out_from_then_on(room: Newsroom) -> None:
    bring_framed(room)
    assert told(room, "trucks") == list(TITLES[:3])
    article = room.article("e3")
    assert APPEAL not in article.text
    assert [(one.reason, one.text) for one in article.dropped] == [(DropReason.HOST_BOILERPLATE, APPEAL)]


def test_a_rule_that_is_new_reads_the_frame_on_three_pages_like_those_before_it(room: Newsroom) -> None:
    bring_framed(room)
    in_force(room, RULES + '\n[[rules]]\nid = "letter"\ntitle = "Letter"\nquery = \'"morning letter"\'\n')
    bring_framed(room, ("Dollar climbs", "Ronaldo retires", "Comet seen tonight", "Bread gets dearer"), first=5)
    assert told(room, "letter") == ["Dollar climbs", "Ronaldo retires", "Comet seen tonight"]


def test_a_frame_is_read_again_after_thirty_days(room: Newsroom) -> None:
    bring_framed(room)
    room.clock.advance(31 * DAY)
    room.serve(item("late", "Dollar climbs", "A summary.", published=room.clock.now()))
    room.fetcher.answers["https://news.example/late"] = answer(page(body(9), APPEAL))
    room.store.feeds.make_all_due(room.clock.now())
    room.turn()
    assert told(room, "trucks")[-1] == "Dollar climbs"


def test_a_frame_that_a_feed_carries_is_no_frame_of_its_pages() -> None:
    room = Newsroom()
    for n, title in enumerate(TITLES):
        room.bring_in(item(f"e{n}", title, f"{body(n)}\n\n{APPEAL}"))
    assert all(APPEAL in room.article(f"e{n}").text for n in range(5))
    assert room.number("SELECT count(*) FROM page_parts") == 0


def test_why_says_what_was_left_out(room: Newsroom) -> None:
    bring_framed(room, TITLES[:4])
    lines = "\n".join(why_lines(why(room.store, "https://news.example/e3", room.ruleset)))
    assert "left out 16 words" in lines


def test_no_word_of_a_page_is_remembered_and_of_each_page_only_a_few_paragraphs(room: Newsroom) -> None:
    bring(room, "e0", "Long", page(*(body(n) for n in range(40))))
    assert room.number("SELECT count(*) FROM page_parts") == 11


def test_what_was_remembered_goes_after_five_weeks(room: Newsroom) -> None:
    bring_framed(room, TITLES[:2])
    room.clock.advance(36 * DAY)
    room.prune(300 * DAY)
    assert room.number("SELECT count(*) FROM page_parts") == 0


def test_of_a_busy_host_only_what_stands_alone_and_is_old_goes(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_framed(room, TITLES[:4])
    before = room.number("SELECT count(*) FROM page_parts")
    monkeypatch.setattr("monitor.adapters.store.reading.MOST_PARTS", 3)
    room.prune(300 * DAY)
    assert before > room.number("SELECT count(*) FROM page_parts") >= 3
    bring(room, "e4", TITLES[4], page(body(4), APPEAL))
    assert APPEAL not in room.article("e4").text  # the frame is known still


def test_what_is_forgotten_is_no_witness(room: Newsroom) -> None:
    bring_framed(room, TITLES[:3])
    url = "https://news.example/e0"
    room.store.retention.forget(url, canonical_url(url), room.clock.now(), even_unsent=True)
    bring(room, "e3", TITLES[3], page(body(3), APPEAL))
    assert told(room, "trucks") == [TITLES[1], TITLES[2], TITLES[3]]


# ---- walls that nothing knows

UNKNOWN = page(" ".join(f"Open the app, part {n}, and go on with what you came here for." for n in range(6)))


def test_an_unknown_wall_is_found_at_its_third_address_and_its_first_two_are_read_again(room: Newsroom) -> None:
    for n in range(3):
        bring(room, f"e{n}", TITLES[n], UNKNOWN)
    assert [room.article(f"e{n}").quality for n in range(3)] == [Quality.STUB] * 3
    assert room.article("e2").text == "A summary."
    assert [fate.reread is not None for n in range(3) for fate in room.fates(f"e{n}")] == [True] * 3
    for n in range(3):
        room.fetcher.answers[f"https://news.example/e{n}"] = answer(page(body(n), "Torkham was closed."))
    room.clock.advance(REREAD_AFTER[0])
    room.turn()
    assert sorted(told(room, "torkham-closed")) == sorted(TITLES[:3])


def test_no_alert_merges_with_another_because_the_same_wall_stands_before_both(room: Newsroom) -> None:
    for n in range(3):
        room.serve(item(f"e{n}", TITLES[n], f"Trucks number {n} wait."))
        room.fetcher.answers[f"https://news.example/e{n}"] = answer(UNKNOWN)
        room.store.feeds.make_all_due(room.clock.now())
        room.turn()
    assert len({room.article(f"e{n}").story_id for n in range(3)}) == 3


def test_an_unknown_wall_is_a_wall_still_when_it_is_asked_again(room: Newsroom) -> None:
    for n in range(3):
        bring(room, f"e{n}", TITLES[n], UNKNOWN)
    room.clock.advance(REREAD_AFTER[0])
    assert [report.outcome for report in room.read()] == [ReadOutcome.UNREAD] * 3
    assert room.number("SELECT count(*) FROM articles") == 3


def test_what_the_feed_says_of_a_page_behind_an_unknown_wall_alerts(room: Newsroom) -> None:
    for n in range(2):
        bring(room, f"e{n}", TITLES[n], UNKNOWN)
    bring(room, "e2", "Torkham closed", UNKNOWN)
    assert told(room, "torkham-closed") == ["Torkham closed"]


def test_the_same_words_on_three_days_under_one_headline_are_three_reports(room: Newsroom) -> None:
    same = page(body(0), "Many trucks wait.")
    for n in range(4):
        bring(room, f"e{n}", "Trucks wait at the gate", same)
        assert room.article(f"e{n}").quality is Quality.FULL


# ---- addresses


def test_an_address_that_pages_under_five_titles_state_is_not_believed(room: Newsroom) -> None:
    head = "<link rel='canonical' href='https://news.example/world'>"
    for n, title in enumerate(TITLES):
        bring(room, f"e{n}", title, page(body(n), head=head))
    keys = [room.article(f"e{n}").page_key for n in range(5)]
    assert keys == ["https://news.example/world"] * 4 + ["https://news.example/e4"]
    assert "not believed" in (room.article("e4").note or "")
    assert len({room.article(f"e{n}").story_id for n in range(5)}) == 5


def test_a_home_page_is_no_address_of_an_article(room: Newsroom) -> None:
    bring(room, "e0", "Floods", page(body(0), head="<link rel='canonical' href='https://news.example/'>"))
    assert room.article("e0").page_key == "https://news.example/e0"
