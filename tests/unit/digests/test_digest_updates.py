"""What digests say of follow-ups, of publishers under one name, and of what is held back: in every form."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from digest_samples import DIGEST, TORKHAM, link, passage

from monitor.core.digests.render import render
from monitor.core.digests.render.words import publishers_line
from monitor.model.digest import Badge, Digest, DigestStory, MessageFormat

EVERY_FORM = (MessageFormat.TEXT, MessageFormat.HTML, MessageFormat.SLACK)
TOLL = "The toll rose to 45 at Torkham."
UPDATE = replace(
    TORKHAM,
    articles=(*TORKHAM.articles, link(9, "Kabul Courier", 1, title="Toll of the clash rises")),
    matched=(replace(passage(TOLL, "Torkham"), article_id=9),),
    badges=(Badge.UPDATED,),
    update="41 → 45 people",
    told=(9,),
)


def said(story: DigestStory, form: MessageFormat) -> str:
    (message,) = render(replace(DIGEST, stories=(story,)), form)
    if form is MessageFormat.SLACK:
        return json.dumps(message.payload, ensure_ascii=False)
    return message.html if form is MessageFormat.HTML and message.html else message.text


@pytest.mark.parametrize("form", EVERY_FORM)
def test_an_update_names_and_links_the_article_in_which_the_news_stands(form: MessageFormat) -> None:
    shown = said(UPDATE, form)
    assert "new: " in shown
    assert "Toll of the clash rises" in shown
    assert "Kabul Courier" in shown
    assert "https://kabulcourier.example/9" in shown


@pytest.mark.parametrize("form", EVERY_FORM)
def test_where_the_storys_own_article_brings_the_news_it_is_named_once(form: MessageFormat) -> None:
    assert "new: " not in said(replace(UPDATE, url="https://kabulcourier.example/9"), form)
    assert "new: " not in said(replace(UPDATE, badges=()), form)


def test_pages_of_many_sites_in_one_feed_are_named_by_their_domains() -> None:
    articles = (
        replace(link(1, "Border news", 3), owner="dawn.com"),
        replace(link(2, "Border news", 2), owner="group:arab_news"),
        replace(link(3, "Kabul Courier", 1), owner="name:kabul courier"),
    )
    story = replace(TORKHAM, articles=articles)
    assert publishers_line(story, 5) == "dawn.com, arab_news, Kabul Courier"
    assert publishers_line(replace(story, articles=articles[1:]), 5) == "Border news, Kabul Courier"


def test_publishers_with_nothing_but_control_characters_for_names_steer_no_terminal() -> None:
    story = replace(TORKHAM, articles=(link(1, "\x1b", 3), link(2, "\x1b\x1b", 2)))
    assert "\x1b" not in said(story, MessageFormat.TEXT)


@pytest.mark.parametrize("form", EVERY_FORM)
def test_a_digest_that_holds_all_back_does_not_say_that_nothing_matched(form: MessageFormat) -> None:
    (message,) = render(replace(DIGEST, stories=(), held_back=2, min_publishers=3), form)
    assert message.subject == "Border morning: nothing to tell"
    shown = json.dumps(message.payload) if form is MessageFormat.SLACK else message.html or message.text
    assert "nothing to tell" in shown
    assert "nothing matched" not in shown
    assert "Held back: 2 stories with fewer than 3 independent publishers" in shown


def longest_section(digest: Digest) -> int:
    blocks = [one for message in render(digest, MessageFormat.SLACK) for one in (message.payload or {})["blocks"]]
    return max(len(one["text"]["text"]) for one in blocks if one["type"] == "section")


def test_no_section_for_slack_is_longer_than_slack_takes() -> None:
    title = "&" * 400
    story = replace(
        UPDATE,
        headline=title,
        url="https://a.example/" + "x" * 1_900,
        articles=tuple(replace(one, title=title, publisher=title) for one in UPDATE.articles),
        rules=(replace(UPDATE.rules[0], title=title),),
        matched=(replace(passage(title + "Torkham", "Torkham"), article_id=9),),
        update=title,
    )
    for stories in ((story,), (story,) * 13):
        assert longest_section(replace(DIGEST, stories=stories)) <= 3_000
