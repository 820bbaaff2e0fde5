"""ingest: documents that were handed over become entries like any other, and are never polled for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made import NOON
from newsroom import DAY, HOUR, Newsroom, item
from stored import read_articles

from monitor.app.pulse import Pulse
from monitor.app.status import status_of
from monitor.app.vitals import Vitals
from monitor.app.why import why
from monitor.app.why_words import why_lines
from monitor.core.feeds.coverage import coverage_of
from monitor.model.article import Document, Quality
from monitor.model.entry import Fate, Verdict
from monitor.model.feed import Feed, FeedOrigin, FeedStatus
from monitor.pipeline.ingest import IngestStage

FIELDS = """
[[rules]]
id = "fields"
query = 'Torkham AND section:"World news" AND tag:border AND author:Khan AND publisher:Stringer AND feed:Stringer'
"""

NEW, KNOWN, REVISED = Verdict.NEW, Verdict.KNOWN, Verdict.REVISED


@pytest.fixture
def room() -> Newsroom:
    return Newsroom(feeds=[])


def document(id: str = "m1", title: str = "Torkham closed", **more: Any) -> Document:
    return Document(id=id, title=title, **{"publisher": "Stringer", "body": "The Torkham crossing shut.", **more})


def take(room: Newsroom, *documents: Document) -> list[Verdict]:
    return IngestStage(room.store.feeds, room.clock).take(documents)


def work(room: Newsroom) -> list[tuple[str, str, str]]:
    """Everything that waits goes its way; the alerts."""
    room.read()
    room.group()
    room.match()
    room.plan()
    return room.alerts()


def passive(room: Newsroom) -> list[Feed]:
    return [feed for feed in room.store.feeds.all() if feed.status is FeedStatus.PASSIVE]


# ---- documents


def test_a_document_is_read_matched_and_told_like_an_entry_of_a_feed(room: Newsroom) -> None:
    assert take(room, document()) == [NEW]
    assert work(room) == [("alerts", "torkham-closed", "Torkham closed")]


def test_the_same_document_again_changes_nothing(room: Newsroom) -> None:
    take(room, document())
    work(room)
    before = room.dump()
    room.clock.advance(HOUR)
    assert take(room, document()) == [KNOWN]
    assert work(room) == [("alerts", "torkham-closed", "Torkham closed")]
    assert room.dump() == before


def test_the_same_id_with_other_words_is_a_revision_and_its_new_words_alert(room: Newsroom) -> None:
    take(room, document("live", "At the border", body="Torkham was busy."))
    assert not work(room)
    room.clock.advance(HOUR)
    assert take(room, document("live", "At the border", body="Torkham was busy. Torkham was closed.")) == [REVISED]
    assert [rule for _, rule, _ in work(room)] == ["torkham-closed"]


def test_a_later_line_of_the_same_file_may_revise_an_earlier_one(room: Newsroom) -> None:
    said = take(
        room,
        document("live", "At the border", body="Torkham was busy."),
        document("other", "Floods", body="A flood."),
        document("live", "At the border", body="Torkham was closed."),
        document("live", "At the border", body="Torkham was closed."),
    )
    assert said == [NEW, NEW, REVISED, KNOWN]


def test_an_old_document_is_read_and_told_with_its_age(room: Newsroom) -> None:
    take(room, document(published=NOON - timedelta(days=400)))
    assert len(work(room)) == 1
    assert room.payloads()[0]["stories"][0]["badges"] == ["old"]


def test_words_of_any_language_alert_and_the_language_is_kept(room: Newsroom) -> None:
    room.rules = "[[rules]]\nid = 'bandh'\nquery = 'طورخم AND بند'\n"
    take(
        room,
        document(
            "u1", "طورخم بند", body="طورخم سرحد بند کر دی گئی۔", language="ur", url="https://news.example/u1"
        ),
    )
    assert [rule for _, rule, _ in work(room)] == ["bandh"]
    assert room.article("u1").language == "ur"


def test_paragraphs_are_kept_markup_is_text_and_controls_are_gone(room: Newsroom) -> None:
    body = "First  paragraph.\r\n\r\nSecond\x00 one\x1b[31m with <b>tags</b>.\u202e"
    take(room, document(body=body, authors=("Riaz \x07Khan",)))
    (entry,) = room.store.articles.waiting(room.clock.now(), 10)
    assert entry.new.parsed.content == "First paragraph.\n\nSecond one[31m with <b>tags</b>."
    assert entry.new.parsed.authors == ("Riaz Khan",)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "nonsense", ""])
def test_only_web_addresses_are_kept(room: Newsroom, url: str) -> None:
    take(room, document(url=url))
    (entry,) = room.store.articles.waiting(room.clock.now(), 10)
    assert entry.new.parsed.link is None


def test_a_documents_page_is_never_fetched(room: Newsroom) -> None:
    take(room, document(url="https://news.example/m1"))
    work(room)
    assert not room.fetcher.requests
    assert room.article("m1").quality is Quality.FEED


def test_half_a_character_and_a_nul_break_nothing(room: Newsroom) -> None:
    half = document("\ud83d\x00", "Torkham closed \ud83d", body="\udc00", publisher="\ud83d", language="\ud83d")
    assert take(room, half) == [NEW]
    assert take(room, half) == [KNOWN]
    assert [feed.name for feed in passive(room)] == ["ingest"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.builds(
            document,
            id=st.sampled_from("abc"),
            title=st.sampled_from(["Torkham closed", "Floods in Sindh", ""]),
            body=st.text(max_size=20),
            url=st.sampled_from(["", "https://news.example/1", "https://news.example/2"]),
            publisher=st.sampled_from(["", "One", "Two"]),
        ),
        max_size=8,
    ),
    st.integers(1, 8),
)
def test_how_a_file_is_cut_into_batches_changes_no_verdict(documents: list[Document], size: int) -> None:
    whole, cut = Newsroom(feeds=[]), []
    at_once = take(whole, *documents)
    again = Newsroom(feeds=[])
    for start in range(0, len(documents), size):
        cut += take(again, *documents[start : start + size])
    assert at_once == cut


# ---- the passive feed


def test_each_publisher_has_a_passive_feed_of_its_own(room: Newsroom) -> None:
    take(
        room, document("a"), document("b", publisher=" Wire  Service "), document("c", publisher=""), document("d")
    )
    assert [(feed.name, feed.settings.url, feed.settings.origin) for feed in passive(room)] == [
        ("Stringer", "ingest:Stringer", FeedOrigin.INGEST),
        ("Wire Service", "ingest:Wire Service", FeedOrigin.INGEST),
        ("ingest", "ingest:ingest", FeedOrigin.INGEST),
    ]


def test_a_passive_feed_is_never_polled_late_failing_or_counted(room: Newsroom) -> None:
    take(room, document())
    room.clock.advance(30 * DAY)
    now = room.clock.now()
    assert room.store.feeds.make_all_due(now) == 0
    assert not room.store.feeds.claim_due(now, HOUR, 10)
    status = status_of(room.store, room.digests, version="1", name="x", size=0, holder=None, now=now)
    assert (status.feeds.total, status.failing) == (0, ())
    assert coverage_of(room.store.feeds.all(), now, now).feeds == 0
    vitals = Vitals(room.store, room.clock, version="1", pulse=Pulse(lambda: 0.0))
    assert 'feeds{state="ok"} 0.0' in vitals.metrics()[0].decode()


def test_reading_the_config_leaves_a_passive_feed_alone(room: Newsroom) -> None:
    take(room, document())
    room.store.feeds.sync([], room.clock.now())
    assert len(passive(room)) == 1


def test_a_document_from_before_the_first_ingest_is_not_called_from_before_a_subscription(room: Newsroom) -> None:
    take(room, document(published=NOON - HOUR))
    work(room)
    assert room.payloads()[0]["stories"][0]["badges"] == []


def test_why_says_that_it_was_ingested_and_names_no_passive_feed_as_covering(room: Newsroom) -> None:
    take(room, document(url="https://news.example/m1"))
    work(room)
    text = "\n".join(why_lines(why(room.store, "https://news.example/m1", room.ruleset)))
    assert "ingested, from Stringer" in text
    assert not why(room.store, "no-address", room.ruleset).covering


def test_a_feed_and_a_document_with_one_address_are_one_story() -> None:
    room = Newsroom()
    room.bring_in(item())
    handed_over = document(url="https://news.example/e1", body="The Torkham crossing was closed on Sunday.")
    assert take(room, handed_over) == [NEW]
    work(room)
    assert len({one.article.story_id for one in room.fates() if one.article}) == 1
    assert [one.entry.fate for one in room.fates()] == [Fate.READ, Fate.READ]


def test_section_and_tags_of_a_document_are_what_the_rules_read() -> None:
    room = Newsroom(feeds=[], rules=FIELDS)
    take(room, document(section="World\nnews", tags=("border", "border", " "), authors=("Riaz Khan",)))
    work(room)
    assert [rule for _, rule, _ in room.alerts()] == ["fields"]


def test_a_documents_language_counts_unless_its_words_say_another(room: Newsroom) -> None:
    urdu = "طورخم بارڈر فائرنگ کے بعد بند کر دیا گیا۔ سینکڑوں ٹرک قطار میں کھڑے ہیں۔"
    take(
        room,
        document("m1", "طورخم", body=urdu, language="en"),
        document("m2", "Torkham", body="", language="ur-PK"),
    )
    room.read()
    found = read_articles(room.store, room.clock.now())
    assert [(one.language, one.note) for one in found] == [("ur", "said to be in en"), ("ur", None)]
    assert [one.language_confidence is None for one in found] == [False, True]
