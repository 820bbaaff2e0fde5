"""The HTML of digests as mail programs, screen readers and eyes need it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import lxml.html
import pytest
from colours import contrast, contrasts
from digest_samples import DIGEST, END, PASHTO, STRANDED, TORKHAM, link, passage, storm
from documents import ROOT

from monitor.core.digests.render import render, render_notice, sheet
from monitor.model.digest import Badge, Digest, Links, MessageFormat, SentBefore
from monitor.model.notice import Notice, Section
from monitor.model.rule import Severity

URDU = "طورخم سرحد بند، Torkham closed"
EVERYTHING = replace(
    DIGEST,
    late=True,
    held_back=2,
    min_publishers=2,
    left_out=3,
    stories=(
        replace(TORKHAM, badges=tuple(Badge), update="41 → 45", told=(2,)),
        STRANDED,
        PASHTO,
        replace(STRANDED, id="s_9", sent_before=SentBefore("alerts", END - timedelta(hours=2), 3)),
    ),
)
NOTICE = Notice(
    "Slack is broken", "The receiver ops takes nothing.", END, "Asia/Kabul", (Section("A", ("b",), "c"),)
)


def html_of(digest: Digest, *, links: Links | None = None) -> str:
    (message,) = render(digest, MessageFormat.EMAIL, links=links or Links())
    assert message.html is not None
    return message.html


def notice_html(notice: Notice) -> str:
    (message,) = render_notice(notice, MessageFormat.EMAIL)
    assert message.html is not None
    return message.html


PAGES = {
    "all there is": html_of(EVERYTHING, links=Links("https://m.example/u")),
    "many": html_of(replace(storm(20, max_stories=16), stories=(*storm(20).stories[:16], *EVERYTHING.stories))),
    "nothing": html_of(replace(DIGEST, stories=())),
    "notice": notice_html(NOTICE),
    "urgent": notice_html(replace(NOTICE, urgent=True)),
}


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", PAGES)
def test_all_text_stands_out_from_what_is_behind_it(name: str, dark: bool) -> None:
    found = list(contrasts(PAGES[name], dark=dark))
    assert len(found) >= 5
    assert {text: round(ratio, 1) for text, ratio in found if ratio < 4.5} == {}


def test_contrast_is_what_the_guidelines_say() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", PAGES)
def test_headings_come_in_order(name: str) -> None:
    levels = [int(one.tag[1]) for one in lxml.html.fromstring(PAGES[name]).iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("name", PAGES)
def test_no_style_is_used_that_gmail_or_outlook_drop(name: str) -> None:
    styles = " ".join(one.get("style") for one in lxml.html.fromstring(PAGES[name]).xpath("//*[@style]"))
    assert not re.search(r"-(inline|block)|flex|grid|float|position|var\(", styles.replace("inline-block", ""))


@pytest.mark.parametrize("name", PAGES)
def test_every_class_carries_its_style_for_programs_that_drop_the_sheet(name: str) -> None:
    assert all(one.get("style") for one in lxml.html.fromstring(PAGES[name]).xpath("//*[@class]"))


def test_links_say_where_they_lead() -> None:
    page = lxml.html.fromstring(PAGES["all there is"])
    texts = [one.text_content() for one in page.iter("a")]
    assert len(texts) > 8
    assert not {text.casefold() for text in texts} & {"", "here", "link", "click here", "more"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Torkham", "ltr"),
        ("طورخم", "rtl"),
        (URDU, "rtl"),
        ("6,000 ٹرک", "rtl"),
        ("HIGH طورخم", "ltr"),
        ("123", "ltr"),
        ("", "ltr"),
    ],
)
def test_the_first_strong_letter_says_the_direction(text: str, expected: str) -> None:
    assert sheet.direction(text) == expected


def test_an_urdu_text_runs_from_right_to_left_whatever_it_begins_with() -> None:
    assert sheet.direction("UNHCR: طورخم پر افراد منتظر", "ur") == "rtl"
    assert sheet.direction("UNHCR: طورخم پر افراد منتظر", "en") == "ltr"
    assert sheet.direction("Crossing “closed” – again", "ur") == "ltr", "a wrong language turns no Latin text"


@pytest.mark.parametrize(
    ("tag", "expected"), [("ur", ' lang="ur"'), ("en-GB", ' lang="en-GB"'), ('en" x="', ""), (None, "")]
)
def test_only_a_language_tag_becomes_one(tag: str | None, expected: str) -> None:
    assert sheet.spoken("ltr", tag) == f' dir="ltr"{expected}'


def test_sentence_and_headline_carry_their_own_languages() -> None:
    articles = (
        replace(link(1, "Dawn", 2), language="en"),
        replace(link(2, "Jang", 1), language="ur"),
    )
    story = replace(
        TORKHAM,
        url=articles[0].url,
        articles=articles,
        matched=(replace(passage(URDU, "Torkham"), article_id=2),),
    )
    page = lxml.html.fromstring(html_of(replace(DIGEST, stories=(story,))))
    (quote,) = page.findall(".//blockquote")
    assert (quote.get("dir"), quote.get("lang")) == ("rtl", "ur")
    (headline,) = page.findall(".//h3//bdi")
    assert (headline.get("dir"), headline.get("lang")) == ("ltr", "en")


def test_outlook_on_windows_gets_a_table_of_the_same_width() -> None:
    html = PAGES["all there is"]
    assert html.count("<!--[if mso]>") == html.count("<![endif]-->") == 2
    assert not lxml.html.fromstring(html).findall(".//table")  # a comment for all others


SCRIPT = """
import json, sys
sys.path.insert(0, "tests/support")
from hashlib import sha256
from digest_samples import DIGEST, storm
from monitor.core.digests.render import render
from monitor.model.digest import MessageFormat
for digest in (DIGEST, storm(60)):
    for form in MessageFormat:
        said = [[m.subject, m.text, m.html, m.payload] for m in render(digest, form)]
        print(sha256(json.dumps(said).encode()).hexdigest())
"""


def test_every_process_writes_the_same_bytes() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "4711")
    }
    assert len(found) == 1
    assert len(found.pop().split()) == 10


def test_forty_stories_with_one_of_each_severity_have_the_rooms_of_the_design() -> None:
    levels = [Severity.HIGH] * 5 + [Severity.NORMAL] * 27 + [Severity.LOW] * 8
    model = storm(40, max_stories=30).stories
    stories = tuple(
        replace(one, rules=(replace(one.rules[0], severity=level),))
        for one, level in zip(model, levels, strict=True)
    )
    page = lxml.html.fromstring(html_of(replace(DIGEST, stories=stories)))
    rooms = [
        one.get("class") for one in page.iter("div") if one.get("class") in ("card", "story", "short", "line")
    ]
    assert rooms == ["card"] * 3 + ["short"] * 27 + ["line"] * 10
