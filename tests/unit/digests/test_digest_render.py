from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta

import lxml.html
import pytest
from digest_samples import DIGEST, END, PASHTO, STRANDED, TORKHAM, link, passage, storm

from monitor.core.digests.render import render, with_key
from monitor.core.text.columns import display_width, wrap
from monitor.model.digest import Badge, Digest, DigestStory, Message, MessageFormat
from monitor.model.rule import Severity

NOTHING = replace(DIGEST, stories=())


def html_of(digest: Digest) -> str:
    (message,) = render(digest, MessageFormat.EMAIL)
    assert message.html is not None
    return message.html


def one(digest: Digest, form: MessageFormat = MessageFormat.TEXT) -> Message:
    (message,) = render(digest, form)
    return message


def joined(text: str) -> str:
    """The text without its line ends, which fall anywhere."""
    return " ".join(text.split())


def urgent(story: DigestStory) -> DigestStory:
    return replace(story, rules=(replace(story.rules[0], severity=Severity.HIGH),))


# Subjects


def test_the_subject_says_the_news():
    assert one(DIGEST).subject == "Border morning: Torkham crossing closed (2), Trucks stranded"


def test_a_subject_too_long_counts_the_rest():
    rules = [replace(TORKHAM.rules[0], title=f"A rather long rule title, number {i}") for i in range(9)]
    digest = replace(DIGEST, stories=tuple(replace(TORKHAM, id=str(i), rules=(r,)) for i, r in enumerate(rules)))
    subject = one(digest).subject
    assert len(subject) <= 120
    assert subject.endswith(" + 7 more")


def test_an_immediate_subject_is_the_push_line():
    digest = replace(DIGEST, stories=(TORKHAM,), immediate=True)
    assert one(digest).subject == "HIGH Torkham crossing closed: South Asia Times, Arab News +1 · 19:30"
    assert one(digest).date == TORKHAM.last_updated


def test_an_empty_digest_says_what_was_checked():
    message = one(NOTHING)
    assert message.subject == "Border morning: nothing matched"
    assert "nothing matched · 212 feeds checked, 3 failing" in message.text
    assert "Failing: Khyber News, Pajhwok Dari, Bakhtar" in message.text
    assert "nothing matched · 212 feeds checked, 3 failing" in html_of(NOTHING)
    assert "Khyber News" in html_of(NOTHING)
    assert one(NOTHING, MessageFormat.SLACK).payload is not None


def test_a_display_name_replaces_the_name():
    (message,) = render(DIGEST, MessageFormat.TEXT, display_name="Grenze")
    assert message.subject.startswith("Grenze: ")


def rooms(html: str) -> list[str]:
    """How much room each story has, in order."""
    boxes = lxml.html.fromstring(html).iter("div")
    return [box.get("class") for box in boxes if box.get("class") in ("card", "story", "short", "line")]


# Text


def test_text_leads_with_the_rule_and_the_sentence_then_the_headline():
    lines = one(DIGEST).text.splitlines()
    start = lines.index("HIGH · Torkham crossing closed")
    assert lines[start + 1 : start + 4] == [
        "  “On Sunday, Taliban security forces [closed] the [Torkham] border crossing",
        "  with Pakistan.”",
        "  Pakistani Defense Minister Visits Kabul Amid Border Tensions",
    ]
    assert "  https://southasiatimes.example/1" in lines
    assert '  Rule torkham-closed: one sentence has "Torkham" and "closed"' in lines
    assert lines[-2:] == [
        "Why did I get a story?  monitor why URL",
        'Silence a story:        monitor silence add --story s_7f3a --for 12h --reason "…"',
    ]


@pytest.mark.parametrize("many", [3, 15])
def test_in_text_each_story_has_the_name_by_which_it_can_be_silenced(many: int):
    stories = [replace(TORKHAM if n < 2 else STRANDED, id=f"s_{n:x}") for n in range(many)]
    said = joined(one(replace(DIGEST, stories=tuple(stories), max_stories=many - 1)).text)
    assert [story.id for story in stories if not re.search(rf"(story|;) {story.id}\b", said)] == []


def test_times_are_those_of_the_digests_zone():
    text = one(DIGEST).text
    assert "Thu 23 Feb 2023, 08:00 Kabul" in text
    assert "since yesterday 08:00" in text
    assert "first seen yesterday 18:00, last updated 19:30" in joined(text)
    older = replace(TORKHAM, first_seen=END - timedelta(days=3))
    assert "first seen Mon 20 Feb, 08:00, last updated yesterday 19:30" in joined(
        one(replace(DIGEST, stories=(older,))).text
    )


def test_text_keeps_to_80_columns_as_a_terminal_shows_them():
    wide = replace(STRANDED, headline="托尔汉姆口岸关闭" * 12)
    for line in one(replace(DIGEST, stories=(wide, PASHTO, TORKHAM))).text.splitlines():
        assert display_width(line) <= 80 or line.strip().startswith("https://")


def test_combining_letters_take_no_column():
    assert display_width("é") == display_width("e\u0301") == 1
    assert display_width("口") == 2
    assert wrap("a" * 81) == ["a" * 80, "a"]


def test_a_late_digest_says_so():
    assert "LATE: was due 08:00" in one(replace(DIGEST, late=True)).text
    assert "LATE: was due 08:00" in html_of(replace(DIGEST, late=True))


def test_a_headline_that_is_the_matched_sentence_is_said_once():
    story = replace(TORKHAM, matched=(passage(TORKHAM.headline, "Kabul"),))
    digest = replace(DIGEST, stories=(story,))
    assert "Visits [Kabul] Amid" in one(digest).text
    assert one(digest).text.count("Pakistani Defense") == 1
    assert html_of(digest).count("Amid Border Tensions") == 2  # the preheader and the headline


# HTML


def test_html_highlights_words_and_isolates_right_to_left_text():
    page = lxml.html.fromstring(html_of(DIGEST))
    assert [m.text for m in page.iter("mark")] == ["closed", "Torkham", "6,000 trucks", "طورخم", "تړلې"]
    quotes = page.findall(".//blockquote")
    assert [q.get("dir") for q in quotes] == ["ltr", "ltr", "rtl"]
    assert ["border-right" in q.get("style") for q in quotes] == [False, False, True]
    (publisher,) = [b for b in page.iter("bdi") if b.text == "پژواک"]
    assert publisher.getparent().get("href") == "https://pajhwok.example/8"


def test_html_styles_are_inlined_and_dark_rules_win_over_them():
    html = html_of(DIGEST)
    assert 'class="sheet" style="' in html
    dark = html[html.index("prefers-color-scheme:dark") : html.index("</style>")]
    declarations = re.findall(r"[a-z-]+:[^;{}()]+(?=[;}])", dark[dark.index("{") :])
    assert len(declarations) > 10
    assert all(d.endswith("!important") for d in declarations)


def test_html_links_only_to_the_web():
    bad = replace(
        TORKHAM, url="javascript:alert(1)", articles=tuple(replace(a, url="data:x,y") for a in TORKHAM.articles)
    )
    page = lxml.html.fromstring(html_of(replace(DIGEST, stories=(bad, STRANDED))))
    targets = [a.get("href") for a in page.iter("a")]
    assert targets
    assert all(t.startswith("https://") for t in targets)
    assert "Pakistani Defense Minister" in page.text_content()


def test_hostile_titles_stay_text():
    evil = "</title><script>alert(1)</script><img src=x onerror=alert(1)>"
    story = replace(TORKHAM, headline=evil, rules=(replace(TORKHAM.rules[0], title=evil, because=evil),))
    page = lxml.html.fromstring(html_of(replace(DIGEST, stories=(story,))))
    assert not page.findall(".//script")
    assert not page.findall(".//img")
    assert evil[:40] in page.text_content()


def test_the_preheader_says_the_first_fact():
    page = lxml.html.fromstring(html_of(DIGEST))
    assert page.body[0].text.startswith("Torkham crossing closed: On Sunday, Taliban security forces closed")
    assert "display:none" in page.body[0].get("style")


def test_badges_are_words():
    story = replace(TORKHAM, badges=(Badge.OLD, Badge.BEFORE_SUBSCRIBED, Badge.TITLE_ONLY))
    for text in (one(replace(DIGEST, stories=(story,))).text, html_of(replace(DIGEST, stories=(story,)))):
        for badge in ("HIGH", "OLD", "BEFORE YOU SUBSCRIBED", "TITLE ONLY"):
            assert badge in text


def test_a_storm_is_split_at_80_kb_and_loses_no_story():
    digest = storm(200, max_stories=120, model=urgent(TORKHAM))
    messages = render(digest, MessageFormat.EMAIL)
    assert len(messages) > 1
    for message in messages:
        assert message.html is not None
        assert len(message.html.encode()) <= 80_000
        assert f"part {message.part} of {len(messages)}" in message.html
        assert f"part {message.part} of {len(messages)}" in message.text
        assert f"({message.part} of {len(messages)})" in message.subject
    for i in range(200):
        parts = [m for m in messages if f"https://storm.example/story-{i}-" in (m.html or "")]
        assert len(parts) == 1
        assert f"https://storm.example/story-{i}-" in parts[0].text


def test_beyond_max_stories_a_story_is_one_line():
    assert rooms(html_of(storm(10, max_stories=4))) == ["story"] * 4 + ["line"] * 6


def test_low_severity_is_one_line_and_high_a_card():
    low = replace(STRANDED, rules=(replace(STRANDED.rules[0], severity=Severity.LOW),))
    assert rooms(html_of(replace(DIGEST, stories=(TORKHAM, STRANDED, low)))) == ["card", "story", "line"]


# Slack


def test_slack_leads_with_the_push_line_and_unfurls_nothing():
    payload = one(replace(DIGEST, stories=(TORKHAM,), immediate=True), MessageFormat.SLACK).payload
    assert payload is not None
    assert payload["text"] == "HIGH Torkham crossing closed: South Asia Times, Arab News +1 · 19:30"
    assert payload["unfurl_links"] is payload["unfurl_media"] is False


def test_slack_links_survive_bars_and_angles():
    story = replace(TORKHAM, headline="A | B > C & D", url="https://x.example/a|b>c?d=1&e=2")
    sections = json.dumps(one(replace(DIGEST, stories=(story,)), MessageFormat.SLACK).payload, ensure_ascii=False)
    assert "<https://x.example/a%7Cb%3Ec?d=1&amp;e=2|A ¦ B &gt; C &amp; D>" in sections


def test_slack_cannot_be_made_to_shout():
    story = replace(TORKHAM, headline="<!channel> <@U1> now", matched=())
    said = json.dumps(one(replace(DIGEST, stories=(story,)), MessageFormat.SLACK).payload)
    assert "<!channel>" not in said
    assert "&lt;!channel&gt;" in said


# JSON and HTML files


def test_the_json_digest_keeps_its_contract():
    message = with_key(one(DIGEST, MessageFormat.JSON), "k1")
    payload = message.payload
    assert payload is not None
    assert payload["digest"] == "border-morning"
    assert payload["window"] == {"start": "2023-02-22T03:30:00Z", "end": "2023-02-23T03:30:00Z"}
    assert (payload["timezone"], payload["key"], payload["part"], payload["parts"]) == ("Asia/Kabul", "k1", 1, 1)
    story = payload["stories"][0]
    assert story["publishers"] == 3
    assert story["rules"] == [
        {
            "id": "torkham-closed",
            "title": "Torkham crossing closed",
            "severity": "high",
            "explanation": 'one sentence has "Torkham" and "closed"',
        }
    ]
    matched = story["matched"][0]
    assert [matched["text"][s["start"] : s["end"]] for s in matched["spans"]] == ["closed", "Torkham"]
    assert {"title", "url", "publisher", "published"} <= story["articles"][0].keys()
    assert story["entities"][0] == {"name": "Khawaja Asif", "type": "person"}
    assert payload["coverage"] | {"feeds": 212, "failing": 3, "may_have_lost": 1} == payload["coverage"]
    json.dumps(payload)


CARRIED = replace(
    TORKHAM,
    articles=(
        *(replace(link(n, f"Paper {n}", 5), owner=f"paper{n}.com", wire="AP", copy=n > 0) for n in range(9)),
        *(replace(link(n, f"House {n}", 4), owner="house.com") for n in range(20, 22)),
        replace(link(30, "Elsewhere", 3), owner="elsewhere.com", copy=True),
    ),
    badges=(Badge.UPDATED, Badge.CORRECTED),
    update="41 → 45 people",
)
COUNTS = "11 publishers (9 carrying AP) · 12 articles · 8 wire copies · 1 copy"
HELD = replace(DIGEST, stories=(CARRIED,), held_back=2, min_publishers=3)


@pytest.mark.parametrize("form", [MessageFormat.TEXT, MessageFormat.HTML, MessageFormat.SLACK])
def test_publishers_are_counted_by_owner_and_agency_in_every_form(form: MessageFormat):
    message = one(HELD, form)
    said = (
        message.html or json.dumps(message.payload, ensure_ascii=False) if message.payload or message.html else ""
    )
    said = " ".join((said or message.text).split())
    assert COUNTS in said
    assert "Held back: 2 stories with fewer than 3 independent publishers" in said
    assert "update: 41 → 45 people" in said
    assert "UPDATED" in said
    assert "CORRECTED" in said


def test_the_json_digest_counts_publishers_and_their_agencies():
    payload = one(HELD, MessageFormat.JSON).payload
    assert payload is not None
    (story,) = payload["stories"]
    assert (story["publishers"], story["independent_publishers"]) == (11, 3)
    assert story["wire"] == [{"name": "AP", "publishers": 9}]
    assert (story["articles"][0]["wire"], story["articles"][-1]["wire"]) == ("AP", "")
    assert (payload["held_back"], story["update"]) == (2, "41 → 45 people")


def test_a_story_is_linked_once_an_owner():
    two_names = (*TORKHAM.articles[:2], replace(link(20, "House", 4), owner="arabnews.example"))
    two_names = (two_names[0], replace(two_names[1], owner="arabnews.example"), two_names[2])
    html = html_of(replace(HELD, stories=(replace(TORKHAM, articles=two_names),)))
    assert "Arab News</bdi></a>" in html
    assert "House" not in html


def test_only_json_takes_a_key():
    message = one(DIGEST, MessageFormat.SLACK)
    assert with_key(message, "k1") is message


def test_an_html_file_is_not_split_where_a_mail_is():
    assert len(render(storm(150, max_stories=150), MessageFormat.HTML)) == 1
    assert len(render(storm(150, max_stories=150), MessageFormat.EMAIL)) > 1


@pytest.mark.parametrize("form", list(MessageFormat))
def test_the_same_digest_gives_the_same_messages(form: MessageFormat):
    assert render(DIGEST, form) == render(DIGEST, form)


@pytest.mark.parametrize("form", list(MessageFormat))
def test_a_digest_of_a_thousand_stories_is_bounded_parts(form: MessageFormat):
    messages = render(storm(1000), form)
    everything = "".join(json.dumps([m.text, m.html, m.payload]) for m in messages)
    assert len(messages) >= 5
    assert all(f"/story-{i}-" in everything for i in range(1000))
