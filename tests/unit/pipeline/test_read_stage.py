"""read: the text an entry is matched with, and where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from made import MINUTE, NOON, feed_settings
from newsroom import DAY, FEED, HOUR, Newsroom, after, answer, failing, item, rss

from monitor.adapters.sandbox import TwoSpeedSandbox
from monitor.core.articles.extract import extract_article
from monitor.model.article import EntityMention, Quality, ReadOutcome
from monitor.model.entry import Fate
from monitor.model.errors import SandboxFailed, SandboxReason
from monitor.model.feed import PollOutcome
from monitor.model.fetch import FetchRequest, FetchResponse, Purpose
from monitor.pipeline.read import RETRY_AFTER, ReadReport, ReadStage
from monitor.pipeline.study import study_article
from monitor.ports import Sandbox
from monitor.testing import InlineSandbox, StaticRecognizer

PAGE = "https://news.example/e1"
FILLER = " ".join(f"Paragraph {n} tells at length what traders at the crossing said that day." for n in range(8))


def page(first: str, title: str = "Torkham closed") -> bytes:
    """An article page whose main text starts with that sentence."""
    return (
        f"<html lang='en'><head><title>{title}</title><meta property='og:site_name' content='Dawn'></head>"
        f"<body><article><h1>{title}</h1><p>{first}</p>"
        + "".join(f"<p>{sentence}.</p>" for sentence in FILLER.split(". "))
        + "</article></body></html>"
    ).encode()


@pytest.fixture
def room() -> Newsroom:
    """A feed whose pages are read."""
    return Newsroom(feeds=[feed_settings(FEED, full_text=True, backfill=DAY)])


def enter(room: Newsroom, *items: str) -> None:
    room.serve(*(items or (item(),)))
    room.poll()


# ---- the feed's own text


def test_without_full_text_the_feeds_own_words_are_the_article_and_nothing_is_fetched() -> None:
    room = Newsroom()
    enter(room)
    (report,) = room.read()
    assert report.outcome is ReadOutcome.FEED
    assert [request.purpose for request in room.fetcher.requests] == [Purpose.FEED]
    article = room.article()
    assert (article.text, article.quality) == ("The Torkham crossing was closed on Sunday.", Quality.FEED)
    assert (article.publisher, article.note, room.fate()) == ("News", None, Fate.READ)


def test_an_entry_without_text_is_title_only() -> None:
    room = Newsroom()
    enter(room, item(summary=""))
    room.read()
    assert (room.article().text, room.article().quality) == ("", Quality.TITLE)


def test_an_entry_without_a_link_is_read_from_the_feed_even_with_full_text(room: Newsroom) -> None:
    enter(room, item(link=None))
    assert [report.outcome for report in room.read()] == [ReadOutcome.FEED]


def test_an_article_brings_the_date_the_authors_and_the_tags_of_its_entry() -> None:
    room = Newsroom(feeds=[feed_settings(FEED, tags=("border", "pakistan"), backfill=DAY)])
    enter(room, item().replace("</item>", "<author>Riaz Khan</author></item>"))
    room.read()
    article = room.article()
    assert (article.published, article.feed_tags) == (NOON, ("border", "pakistan"))
    assert article.authors == ("Riaz Khan",)
    assert article.first_seen == NOON


# ---- the page


def test_the_page_gives_text_publisher_and_language(room: Newsroom) -> None:
    enter(room)
    room.fetcher.answers[PAGE] = answer(
        page("On Sunday Taliban forces closed the Torkham crossing."), content_type="text/html; charset=utf-8"
    )
    (report,) = room.read()
    article = room.article()
    assert report.outcome is ReadOutcome.PAGE
    assert (article.quality, article.publisher, article.note) == (Quality.FULL, "Dawn", None)
    assert "Taliban forces closed" in article.text
    assert (article.url, article.title) == (PAGE, "Torkham closed")


def test_a_page_is_fetched_as_a_page_which_obeys_robots_txt(room: Newsroom) -> None:
    enter(room)
    room.read()
    assert [(request.url, request.purpose) for request in room.fetcher.requests[1:]] == [(PAGE, Purpose.PAGE)]


def test_a_page_unlike_its_summary_keeps_the_rules_from_neither(room: Newsroom) -> None:
    enter(room, item(title="At the border", summary="Taliban forces closed Torkham on Sunday."))
    room.fetcher.answers[PAGE] = answer(page("We value your privacy. Many trucks use cookies.", "At the border"))
    room.read()
    room.group()
    (report,) = room.match()
    assert "Torkham" not in room.article().text
    assert [match.rule.id for match in report.matches] == ["torkham-closed", "trucks"]


# ---- pages that cannot be had


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (PollOutcome.TIMEOUT, None),
        (PollOutcome.UNREACHABLE, None),
        (PollOutcome.RATE_LIMITED, 429),
        (PollOutcome.HTTP_ERROR, 502),
        (PollOutcome.PROTOCOL_ERROR, None),
    ],
)
def test_a_page_that_does_not_answer_is_asked_four_times_and_then_the_feeds_text_has_to_do(
    room: Newsroom, outcome: PollOutcome, status: int | None
) -> None:
    enter(room)
    room.fetcher.answers[PAGE] = failing(outcome, status, "no answer")
    for wait in (MINUTE, 5 * MINUTE, 15 * MINUTE):
        assert [report.outcome for report in room.read()] == [ReadOutcome.POSTPONED]
        room.clock.advance(wait - timedelta(seconds=1))
        assert not room.read()
        room.clock.advance(timedelta(seconds=1))
    (last,) = room.read()
    assert (last.outcome, last.why) == (ReadOutcome.FALLBACK, "no answer")
    article = room.article()
    assert (article.quality, article.note) == (Quality.FEED, "no answer")
    assert room.number("SELECT count(*) FROM articles") == 1


def test_a_page_that_answers_at_the_second_try_is_read(room: Newsroom) -> None:
    enter(room)
    room.fetcher.answers[PAGE] = failing(PollOutcome.TIMEOUT)
    room.read()
    room.fetcher.answers[PAGE] = answer(page("Torkham was closed."))
    room.clock.advance(MINUTE)
    assert [report.outcome for report in room.read()] == [ReadOutcome.PAGE]
    assert room.article().first_seen == NOON


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (PollOutcome.HTTP_ERROR, 404),
        (PollOutcome.AUTH_ERROR, 403),
        (PollOutcome.GONE, 410),
        (PollOutcome.DISALLOWED, None),
        (PollOutcome.TOO_LARGE, 200),
        (PollOutcome.FORBIDDEN_ADDRESS, None),
        (PollOutcome.BAD_REDIRECT, 302),
        (PollOutcome.TLS_ERROR, None),
    ],
)
def test_a_final_answer_falls_back_at_once_with_its_reason(
    room: Newsroom, outcome: PollOutcome, status: int | None
) -> None:
    enter(room)
    room.fetcher.answers[PAGE] = failing(outcome, status)
    (report,) = room.read()
    assert report.outcome is ReadOutcome.FALLBACK
    assert room.article().note == outcome.value
    assert room.article().quality is Quality.FEED


@pytest.mark.parametrize(
    ("body", "why"),
    [(b"%PDF-1.7", "a PDF"), (b"", "empty"), (b"<html><body>Log in</body></html>", "no main text")],
)
def test_a_page_without_main_text_falls_back_and_the_note_says_why(room: Newsroom, body: bytes, why: str) -> None:
    enter(room)
    room.fetcher.answers[PAGE] = answer(body)
    assert [report.outcome for report in room.read()] == [ReadOutcome.FALLBACK]
    assert why in (room.article().note or "")


def test_an_entry_that_breaks_the_stage_is_tried_again_and_at_last_read_from_the_feed(room: Newsroom) -> None:
    enter(room)

    def broken(request: FetchRequest) -> FetchResponse:
        # No fetcher gives this; whoever reads the headers breaks.
        return FetchResponse(request, PollOutcome.OK, 200, PAGE, headers=None, body=b"x")  # type: ignore[arg-type]  # on purpose

    room.fetcher.answers[PAGE] = broken
    outcomes = []
    for _ in range(4):
        outcomes += [report.outcome for report in room.read()]
        room.clock.advance(HOUR)
    assert outcomes == [ReadOutcome.POSTPONED] * 3 + [ReadOutcome.FALLBACK]
    assert "internal error" in (room.article().note or "")


def test_one_page_in_trouble_does_not_hold_the_others(room: Newsroom) -> None:
    enter(room, item("slow"), item("good"), item("linkless", link=None))
    room.fetcher.answers["https://news.example/good"] = answer(page("Torkham was closed."))
    outcomes = {report.entry.new.parsed.id: report.outcome for report in room.read()}
    assert outcomes == {
        "slow": ReadOutcome.POSTPONED,
        "good": ReadOutcome.PAGE,
        "linkless": ReadOutcome.FEED,
    }


# ---- names


def test_names_that_the_recogniser_knows_are_kept() -> None:
    room = Newsroom(recognizer=StaticRecognizer({"Torkham": "place", "Taliban": "org"}))
    enter(room)
    room.read()
    assert room.article().entities == (EntityMention("Torkham", "place"),)


class Failing:
    def recognise(self, text: str) -> Sequence[EntityMention]:
        raise SandboxFailed("recognise", SandboxReason.TIMEOUT)


def test_a_recogniser_that_was_killed_is_asked_once_more_and_then_leaves_a_note_and_no_names(
    room: Newsroom,
) -> None:
    room.recognizer = Failing()
    enter(room)
    room.fetcher.answers[PAGE] = failing(PollOutcome.HTTP_ERROR, 404, "HTTP 404")
    assert [report.outcome for report in room.read()] == [ReadOutcome.POSTPONED]
    room.clock.advance(RETRY_AFTER[0])
    room.read()
    assert room.article().entities == ()
    assert room.article().note == "HTTP 404; names not recognised: recognise: timeout"


# ---- hosts that asked to be left alone


def unasked(seconds: int) -> Any:
    """What the fetcher says of a page that it did not ask for, since its host is paused."""
    return failing(PollOutcome.RATE_LIMITED, None, "not asked", retry_after=str(seconds))


def test_a_page_whose_host_is_paused_is_asked_when_the_pause_ends_and_loses_no_attempt(room: Newsroom) -> None:
    enter(room)
    room.fetcher.answers[PAGE] = unasked(3)
    for _ in range(len(RETRY_AFTER) + 1):
        assert [report.outcome for report in room.read()] == [ReadOutcome.POSTPONED]
        assert not room.read(), "it was asked for before the pause was over"
        room.clock.advance(timedelta(seconds=3))
    room.fetcher.answers[PAGE] = answer(page("Torkham was closed."))
    assert [report.outcome for report in room.read()] == [ReadOutcome.PAGE]


def test_pauses_without_end_hold_an_entry_up_no_longer_than_attempts_do(room: Newsroom) -> None:
    enter(room)
    room.fetcher.answers[PAGE] = unasked(60)
    waited = timedelta(0)
    while (reports := room.read()) == [] or reports[0].outcome is ReadOutcome.POSTPONED:
        room.clock.advance(MINUTE)
        waited += MINUTE
    assert reports[0].outcome is ReadOutcome.FALLBACK
    assert waited <= 2 * sum(RETRY_AFTER, MINUTE)
    assert room.store.reading.rereads(room.clock.now() + HOUR, 10, (), ())


def test_a_long_pause_holds_up_nothing(room: Newsroom) -> None:
    enter(room)
    room.fetcher.answers[PAGE] = unasked(3_600)
    assert [report.outcome for report in room.read()] == [ReadOutcome.FALLBACK]


# ---- again and again


def test_reading_twice_changes_nothing(room: Newsroom) -> None:
    enter(room, item(), item("e2", "Floods"))
    room.fetcher.answers[PAGE] = answer(page("Torkham was closed."))
    room.read()
    before = room.dump()
    assert not room.read()
    assert room.dump() == before


def test_a_hundred_and_one_entries_are_read_in_one_run() -> None:
    room = Newsroom()
    enter(room, *(item(f"e{n}", f"Number {n}") for n in range(101)))
    assert len(room.read()) == 101


def test_stopping_leaves_the_rest_waiting(room: Newsroom) -> None:
    enter(room, item(), item("e2", "Floods"), item("e3", "Trucks"))
    for entry in ("e1", "e2", "e3"):
        room.fetcher.answers[f"https://news.example/{entry}"] = answer(page("Torkham was closed."))
    assert len(room.read(after(2))) == 1  # asked before the batch and before each page
    assert len(room.store.articles.waiting(NOON, 10)) == 2
    assert len(room.read()) == 2


# ---- language, section, authors


URDU = "طورخم بارڈر فائرنگ کے بعد بند کر دیا گیا۔ پھلوں سے لدے سینکڑوں ٹرک قطار میں کھڑے ہیں۔"


def test_an_urdu_entry_of_a_feed_that_says_english_is_urdu_and_the_note_tells() -> None:
    room = Newsroom()
    room.fetcher.answers[FEED] = rss(item(title="طورخم", summary=URDU), more="<language>en-us</language>")
    room.poll()
    room.read()
    article = room.article()
    assert (article.language, article.language_confidence) == ("ur", 1.0)
    assert article.note == "said to be in en"


def test_an_entry_too_short_to_tell_is_in_the_language_of_its_feed() -> None:
    room = Newsroom()
    room.fetcher.answers[FEED] = rss(item(title="Imran Khan", summary=""), more="<language>ur</language>")
    room.poll()
    room.read()
    assert (room.article().language, room.article().language_confidence) == ("ur", None)


def test_an_entry_too_short_to_tell_of_a_feed_that_says_nothing_has_no_language() -> None:
    room = Newsroom()
    enter(room, item(title="Imran Khan", summary=""))
    room.read()
    assert (room.article().language, room.article().language_confidence) == (None, None)


def test_the_page_gives_the_section_and_its_authors_beside_those_of_the_feed(room: Newsroom) -> None:
    enter(room, item().replace("</item>", "<author>News Desk</author></item>"))
    head = b"<meta property='article:section' content='World'><meta name='author' content='Riaz Khan'></head>"
    room.fetcher.answers[PAGE] = answer(page("Torkham was closed.").replace(b"</head>", head))
    room.read()
    assert room.article().section == "World"
    assert room.article().authors == ("News Desk", "Riaz Khan")


class Deaf(InlineSandbox):
    """Children that parse, and break when a language is to be detected."""

    def __init__(self, reason: SandboxReason) -> None:
        self.reason = reason

    def run(self, function, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        if function is study_article:
            raise SandboxFailed("study_article", self.reason, "killed")
        return super().run(function, *args, **kwargs)


def read_with(room: Newsroom, sandbox: Sandbox) -> list[ReadReport]:
    return list(
        ReadStage(room.store.articles, room.store.reading, room.fetcher, sandbox, room.clock).run(lambda: False)
    )


class Hasty(InlineSandbox):
    """Children that give no page its time."""

    def run(self, function, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        if function is extract_article:
            raise SandboxFailed("extract_article", SandboxReason.CPU, "over 0.4 s of CPU")
        return super().run(function, *args, **kwargs)


def test_a_page_that_takes_long_while_too_many_others_do_is_read_soon_and_not_given_up(room: Newsroom) -> None:
    enter(room)
    room.fetcher.answers[PAGE] = answer(page("Torkham was closed."))
    (report,) = read_with(room, TwoSpeedSandbox(Hasty(), InlineSandbox(), most=0))
    assert report.outcome is ReadOutcome.POSTPONED
    room.clock.advance(RETRY_AFTER[0])
    (report,) = read_with(room, TwoSpeedSandbox(Hasty(), InlineSandbox(), most=1))
    assert report.outcome is ReadOutcome.PAGE


def test_a_machine_in_trouble_holds_an_entry_up_for_minutes_and_never_for_good() -> None:
    room = Newsroom()
    enter(room)
    waits = []
    while (reports := read_with(room, Deaf(SandboxReason.TIMEOUT)))[0].outcome is ReadOutcome.POSTPONED:
        waits.append(RETRY_AFTER[len(waits)])
        room.clock.advance(waits[-1])
    assert (waits, reports[0].outcome) == (list(RETRY_AFTER), ReadOutcome.FEED)
    assert (room.article().note or "").startswith("language not detected: ")


def test_detection_that_cannot_work_holds_up_nothing() -> None:
    room = Newsroom()
    enter(room)
    (report,) = read_with(room, Deaf(SandboxReason.RAISED))
    assert report.outcome is ReadOutcome.FEED
    assert (room.article().note or "").startswith("language not detected: ")


def test_what_is_read_after_a_feed_was_renamed_bears_its_new_name_and_what_was_read_before_the_old() -> None:
    room = Newsroom(feeds=[feed_settings(FEED, name="Dawn", tags=("pk",), backfill=DAY)])
    enter(room, item("e1", "First"))
    room.read()
    room.store.feeds.sync([feed_settings(FEED, name="Nation", tags=("border",), backfill=DAY)], room.clock.now())
    room.serve(item("e1", "First"), item("e2", "Second"))
    room.repoll()
    room.read()
    assert [(room.article(one).feed_name, room.article(one).feed_tags) for one in ("e1", "e2")] == [
        ("Dawn", ("pk",)),
        ("Nation", ("border",)),
    ]
