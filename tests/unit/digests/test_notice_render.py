"""Messages about the monitor itself, in every form."""

from __future__ import annotations

import json
from dataclasses import replace

import lxml.html
import pytest
from digest_samples import END

from monitor.core.digests.render import render_notice
from monitor.core.text.columns import display_width
from monitor.model.digest import Message, MessageFormat
from monitor.model.notice import Notice, Section

NOTICE = Notice(
    "Health: 2 feeds failing, 1 rule silent",
    "212 feeds, 2 of them failing; all digests of yesterday were delivered.",
    END,
    "Asia/Kabul",
    (
        Section(
            "Feeds",
            ("Khyber News: HTTP 503 since Tue 21 Feb, 14:00", "بختار: no entry for 9 days"),
            "monitor feeds health",
        ),
        Section("Rules", ("torkham-closed: 10 times its usual rate",), "monitor rules list"),
    ),
)
EVIL = "</title><script>alert(1)</script> <!channel> & \u202e\r\nBcc: x@y.example"
HOSTILE = replace(
    NOTICE,
    title=EVIL,
    lead=EVIL,
    sections=tuple(Section(EVIL, (EVIL, "&" * 10_000, "a" * 10_000), "monitor x") for _ in range(60)),
)


def one(notice: Notice, form: MessageFormat) -> Message:
    (message,) = render_notice(notice, form)
    return message


def shown(message: Message) -> str:
    if message.payload is not None:
        return json.dumps(message.payload, ensure_ascii=False)
    return lxml.html.fromstring(message.html).text_content() if message.html else message.text


@pytest.mark.parametrize("form", list(MessageFormat))
def test_a_notice_says_the_same_in_every_form(form: MessageFormat) -> None:
    message = one(NOTICE, form)
    said = shown(message)
    assert message.subject == NOTICE.title
    assert (message.date, message.list_name, message.format) == (END, "health", form)
    assert NOTICE.lead in " ".join(said.split())
    for section in NOTICE.sections:
        assert section.heading in said
        assert section.command in said
        assert all(line in said for line in section.lines)


@pytest.mark.parametrize("form", [MessageFormat.TEXT, MessageFormat.HTML, MessageFormat.SLACK])
def test_it_says_when_in_the_zone_of_its_readers(form: MessageFormat) -> None:
    assert "Thu 23 Feb 2023, 08:00 Kabul" in shown(one(NOTICE, form))


@pytest.mark.parametrize("form", [MessageFormat.TEXT, MessageFormat.EMAIL, MessageFormat.SLACK])
def test_an_urgent_one_leads_with_the_trouble(form: MessageFormat) -> None:
    notice = replace(NOTICE, title="Slack takes nothing: receiver ops", urgent=True)
    message = one(notice, form)
    assert message.subject == "URGENT Slack takes nothing: receiver ops"
    said = shown(message)
    assert said.index("URGENT") < said.index(notice.lead.split(";")[0]) < said.index("Feeds")


def test_json_has_stable_keys() -> None:
    payload = one(NOTICE, MessageFormat.JSON).payload
    assert payload is not None
    assert set(payload) == {
        "notice", "title", "lead", "at", "timezone", "urgent", "key", "part", "parts", "sections",
    }  # fmt: skip
    assert payload["sections"][1] == {
        "heading": "Rules",
        "lines": ["torkham-closed: 10 times its usual rate"],
        "command": "monitor rules list",
    }


@pytest.mark.parametrize("form", list(MessageFormat))
def test_a_hostile_notice_stays_text_in_bounded_parts_and_loses_no_finding(form: MessageFormat) -> None:
    messages = render_notice(HOSTILE, form)
    assert [m.part for m in messages] == list(range(1, len(messages) + 1))
    assert sum(shown(m).count("a" * 60) > 0 for m in messages) == len(messages)
    for message in messages:
        assert len(message.subject) <= 120
        assert message.subject.isprintable()
        if message.html:
            page = lxml.html.fromstring(message.html)
            assert not page.findall(".//script")
            assert page.findtext(".//title") == message.subject
            assert len(message.html.encode()) <= 80_000
            assert "\u202e" not in message.html
        if form is MessageFormat.TEXT:
            assert all(display_width(line) <= 80 for line in message.text.splitlines())


def test_names_of_feeds_and_answers_of_servers_are_no_markup_in_slack() -> None:
    said = "*Bold* _news_ `x` :fire: <!channel>"
    notice = replace(NOTICE, title=said, lead=said, sections=(Section(said, (said,), "monitor x"),))
    payload = one(notice, MessageFormat.SLACK).payload
    assert payload is not None
    texts = [payload["text"], *(block["text"]["text"] for block in payload["blocks"][1:])]
    plain = "∗Bold∗ ˍnewsˍ ˋxˋ ∶fire: &lt;!channel&gt;"
    assert "\n".join(texts).count(plain) == 4
    assert not any(mark in text for text in texts for mark in (":fire", "`x", "<!", "_news"))


def test_slack_takes_every_part_of_a_hostile_notice() -> None:
    found = 0
    for message in render_notice(HOSTILE, MessageFormat.SLACK):
        assert message.payload is not None
        raw = json.dumps(message.payload, ensure_ascii=False)
        assert len(raw) <= 9_000
        assert len(raw.encode()) <= 15_000
        texts = [b["text"]["text"] for b in message.payload["blocks"] if b["text"]["type"] == "mrkdwn"]
        assert not any("<" in text for text in (message.payload["text"], *texts))
        assert len(message.payload["blocks"]) <= 45
        for block in message.payload["blocks"]:
            assert 1 <= len(block["text"]["text"]) <= (150 if block["type"] == "header" else 3_000)
        found += raw.count("a" * 300)
    assert found == 60


def test_a_section_too_long_for_one_message_goes_on_in_the_next() -> None:
    lines = tuple(f"feed number {i} is dead" for i in range(2_000))
    messages = render_notice(replace(NOTICE, sections=(Section("Dead feeds", lines),)), MessageFormat.EMAIL)
    assert len(messages) > 1
    for number in (0, 777, 1_999):
        assert sum(f"feed number {number} is dead" in (m.html or "") for m in messages) == 1
    assert all("Dead feeds" in (m.html or "") for m in messages)


def test_a_notice_without_sections_is_one_message() -> None:
    assert len(render_notice(replace(NOTICE, sections=()), MessageFormat.EMAIL)) == 1
    assert "all digests" in one(replace(NOTICE, sections=()), MessageFormat.TEXT).text
