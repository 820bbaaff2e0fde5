"""What stands at the head and the foot of a digest, and what is said of stories told before."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import lxml.html
import pytest
from digest_samples import DIGEST, END, PASHTO, STRANDED, TORKHAM

from monitor.core.digests.render import render
from monitor.model.digest import CatchUp, Digest, Links, Message, MessageFormat, SentBefore, Window
from monitor.model.rule import Severity
from monitor.model.silence import Swallowed

READ = (MessageFormat.TEXT, MessageFormat.EMAIL, MessageFormat.HTML)
TOLD = replace(TORKHAM, sent_before=SentBefore("alerts", END - timedelta(minutes=79), 3))
UNSUBSCRIBE = Links("https://monitor.example/u?d=border-morning&t=abc")


def one(digest: Digest, form: MessageFormat, links: Links | None = None) -> Message:
    (message,) = render(digest, form, links=links or Links())
    return message


def shown(digest: Digest, form: MessageFormat, links: Links | None = None) -> str:
    message = one(digest, form, links)
    text = message.text if message.html is None else lxml.html.fromstring(message.html).text_content()
    return " ".join(text.split())


@pytest.mark.parametrize("form", READ)
def test_a_story_that_was_sent_before_is_one_line_and_says_when(form: MessageFormat) -> None:
    said = shown(replace(DIGEST, stories=(TOLD, STRANDED)), form)
    assert "alerted 06:41, +3 publishers since" in said
    assert "Taliban security forces" not in said.partition("Border morning")[2]
    assert "Pakistani Defense Minister" in said


def test_the_subject_and_the_line_beside_it_begin_with_what_is_new() -> None:
    message = one(replace(DIGEST, stories=(TOLD, STRANDED)), MessageFormat.EMAIL)
    assert message.subject == "Border morning: Trucks stranded, Torkham crossing closed"
    assert message.html is not None
    assert lxml.html.fromstring(message.html).body[0].text.startswith("Trucks stranded: Customs officials")


def test_a_subject_that_begins_with_much_keeps_to_its_length() -> None:
    rules = (
        replace(TORKHAM.rules[0], title="Torkham crossing closed for everybody but the sick and their doctors"),
    )
    digest = replace(DIGEST, stories=(replace(TORKHAM, rules=rules),) * 300, catch_up=CatchUp.PAUSE)
    window = Window(END - timedelta(days=400), END)
    (first, *_) = render(replace(digest, window=window), MessageFormat.EMAIL, display_name="A long title " * 9)
    assert len(first.subject) <= 120
    assert ": Torkham crossing" in first.subject
    assert first.subject.endswith("… (300)")


@pytest.mark.parametrize("form", READ)
def test_no_publisher_since_is_not_counted(form: MessageFormat) -> None:
    before = SentBefore("alerts", END - timedelta(days=1))
    said = shown(replace(DIGEST, stories=(replace(TORKHAM, sent_before=before),)), form)
    assert "alerted yesterday 08:00" in said
    assert "since ·" not in said
    assert "+0" not in said


@pytest.mark.parametrize("form", READ)
def test_what_was_left_out_is_counted(form: MessageFormat) -> None:
    assert "Left out: 3 stories you were alerted of before" in shown(replace(DIGEST, left_out=3), form)
    assert "Left out" not in shown(DIGEST, form)


@pytest.mark.parametrize(
    ("why", "said", "subject"),
    [
        (
            CatchUp.QUIET_HOURS,
            "Held since yesterday 22:00 by quiet hours: 3 stories",
            "held since yesterday 22:00",
        ),
        (CatchUp.PAUSE, "Held since yesterday 22:00 by a pause: 3 stories", "held since yesterday 22:00"),
        (CatchUp.STORM, "3 stories at once: told together, not in a message each", "3 at once"),
    ],
)
@pytest.mark.parametrize("form", READ)
def test_what_was_held_says_since_when_and_why(form: MessageFormat, why: CatchUp, said: str, subject: str) -> None:
    window = Window(END - timedelta(hours=10), END)
    message = one(replace(DIGEST, immediate=True, catch_up=why, window=window), form)
    assert said in shown(replace(DIGEST, immediate=True, catch_up=why, window=window), form)
    assert message.subject == f"Border morning, {subject}: Torkham crossing closed (2), Trucks stranded"
    assert message.date == END


@pytest.mark.parametrize("form", READ)
def test_what_silences_kept_out_is_counted_with_its_reason(form: MessageFormat) -> None:
    until = END + timedelta(hours=10)
    silenced = (Swallowed(1, "strike week", until, held=4), Swallowed(2, "<sports>", until, discarded=2))
    said = shown(replace(DIGEST, silenced=silenced), form)
    assert "6 stories silenced: 4 wait until" in said
    assert "(strike week), 2 discarded (<sports>)" in said


def test_json_says_the_same_with_stable_keys() -> None:
    silenced = (Swallowed(7, "strike", END, held=4),)
    digest = replace(DIGEST, stories=(TOLD,), catch_up=CatchUp.STORM, left_out=2, silenced=silenced)
    payload = one(digest, MessageFormat.JSON, UNSUBSCRIBE).payload
    assert payload is not None
    assert (payload["catch_up"], payload["left_out"], payload["unsubscribe"]) == (
        "storm",
        2,
        UNSUBSCRIBE.unsubscribe,
    )
    assert payload["silenced"] == [
        {"silence": 7, "reason": "strike", "until": "2023-02-23T03:30:00Z", "held": 4, "discarded": 0}
    ]
    assert payload["stories"][0]["sent_before"] == {
        "digest": "alerts",
        "at": "2023-02-23T02:11:00Z",
        "more_publishers": 3,
    }
    plain = one(DIGEST, MessageFormat.JSON).payload
    assert plain is not None
    assert (plain["catch_up"], plain["silenced"], plain["stories"][0]["sent_before"]) == (None, [], None)


@pytest.mark.parametrize("form", READ)
def test_the_footer_says_the_commands_and_links_only_where_there_is_an_address(form: MessageFormat) -> None:
    said = shown(DIGEST, form)
    assert "monitor why URL" in said
    assert 'monitor silence add --story s_7f3a --for 12h --reason "…"' in said
    assert "nsubscribe" not in said
    assert "nsubscribe" in shown(DIGEST, form, UNSUBSCRIBE)


def test_the_footers_link_is_the_readers_own() -> None:
    message = one(DIGEST, MessageFormat.EMAIL, UNSUBSCRIBE)
    assert message.html is not None
    (link,) = [a for a in lxml.html.fromstring(message.html).iter("a") if "nsubscribe" in a.text_content()]
    assert link.get("href") == UNSUBSCRIBE.unsubscribe
    assert UNSUBSCRIBE.unsubscribe in message.text
    assert "nsubscribe" not in shown(DIGEST, MessageFormat.EMAIL, Links("javascript:alert(1)"))


def test_a_story_without_a_name_of_its_own_is_in_no_command() -> None:
    unnamed = replace(DIGEST, stories=(replace(PASHTO, id="a_12; rm -rf /"),))
    assert "silence add" not in one(unnamed, MessageFormat.TEXT).text
    both = replace(DIGEST, stories=(*unnamed.stories, STRANDED))
    assert "--story s_81 --for" in one(both, MessageFormat.TEXT).text


@pytest.mark.parametrize("form", list(MessageFormat))
def test_every_message_knows_its_list_its_links_and_what_it_answers(form: MessageFormat) -> None:
    (message,) = render(DIGEST, form, links=UNSUBSCRIBE, answers=("k1", "k2"))
    assert (message.list_name, message.links, message.answers) == ("border-morning", UNSUBSCRIBE, ("k1", "k2"))


def test_a_story_too_long_for_a_part_of_json_says_what_it_does_not_list() -> None:
    articles = tuple(replace(TORKHAM.articles[0], id=i, title="é" * 900) for i in range(3_000))
    messages = render(replace(DIGEST, stories=(STRANDED, replace(TORKHAM, articles=articles))), MessageFormat.JSON)
    stories = [story for m in messages for story in (m.payload or {})["stories"]]
    assert [story["id"] for story in stories] == ["s_81", "s_7f3a"]
    listed = len(stories[1]["articles"])
    assert 50 < listed < 3_000
    assert stories[1]["not_listed"] == {"articles": 3_000 - listed}
    assert stories[0]["not_listed"] == {}


def test_a_low_story_is_one_line_with_the_fact_in_front() -> None:
    low = replace(STRANDED, rules=(replace(STRANDED.rules[0], severity=Severity.LOW),))
    message = one(replace(DIGEST, stories=(low,)), MessageFormat.TEXT)
    assert "- Trucks stranded: More than 6,000 trucks stuck as closure enters fourth day" in message.text


def test_the_name_of_another_digest_is_as_safe_in_json_as_any_text() -> None:
    told = replace(TORKHAM, sent_before=SentBefore("alerts\udc9d", END - timedelta(minutes=79), 3))
    payload = one(replace(DIGEST, stories=(told,)), MessageFormat.JSON).payload
    assert payload is not None
    assert json.dumps(payload, ensure_ascii=False).encode()
