"""The demo's pages: real shapes around whole documents."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from ground_truth import words
from lxml import html

from monitor.demo.layout import SUMMARY_LENGTH, summary
from monitor.demo.pages import Wrapping, page_html
from monitor.demo.samples import SampleStory, press_samples
from monitor.demo.stories import own_stories

STORIES = (*(press_samples() or ()), *own_stories())
URL = "http://127.0.0.11:8080/2023/02/page.html"
WITH_TAIL = [story for story in STORIES if story.tail_begins]

HOSTILE = SampleStory(
    key="x",
    publisher='Tom & "Jerry" <Times>',
    title='</script><script>alert(1)</script> "quoted" & <b>bold</b>',
    published=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
    body='One <img src=x onerror=alert(1)> & two.\nSEE ALSO: https://example.org/?a=1&b="2"\n',
    slug="hostile",
    feed="a",
)


def page(story: SampleStory, wrapping: Wrapping) -> html.HtmlElement:
    return html.document_fromstring(page_html(story, URL, wrapping).encode())


def by_key(story: SampleStory) -> str:
    return story.key


@pytest.mark.parametrize("wrapping", Wrapping)
@pytest.mark.parametrize("story", STORIES, ids=by_key)
def test_every_wrapping_carries_the_whole_document_in_its_order(story, wrapping):
    served = iter(words(" ".join(page(story, wrapping).find("body").itertext())))
    missing = [word for word in words(story.body) if word not in served]
    assert not missing


@pytest.mark.parametrize("wrapping", Wrapping)
@pytest.mark.parametrize("story", STORIES, ids=by_key)
def test_every_page_says_who_published_it_when_and_where(story, wrapping):
    tree = page(story, wrapping)
    meta = {e.get("property"): e.get("content") for e in tree.iter("meta") if e.get("property")}
    assert meta["og:title"] == story.title
    assert meta["og:site_name"] == story.publisher
    assert meta["article:published_time"] == f"{story.published:%Y-%m-%dT%H:%M:%SZ}"
    assert tree.xpath("//link[@rel='canonical']/@href") == [URL]


@pytest.mark.parametrize("story", WITH_TAIL, ids=by_key)
def test_separate_h1_gives_each_text_its_own_box_and_h1(story):
    boxes = page(story, Wrapping.SEPARATE_H1).xpath("//div[@class='story-box']")
    assert [box.xpath("string(.//h1[1])") for box in boxes] == [story.title, story.tail_begins]


@pytest.mark.parametrize("story", WITH_TAIL, ids=by_key)
def test_h2_only_has_no_h1(story):
    tree = page(story, Wrapping.H2_ONLY)
    assert not tree.xpath("//h1")
    headings = tree.xpath("//h2/text()")
    assert headings[0] == story.title
    assert story.tail_begins in headings


@pytest.mark.parametrize("story", STORIES, ids=by_key)
def test_div_soup_has_nothing_that_means_anything(story):
    body = page(story, Wrapping.DIV_SOUP).find("body")
    assert {element.tag for element in body.iterdescendants()} <= {"div", "span", "a"}


@pytest.mark.parametrize("story", WITH_TAIL, ids=by_key)
def test_one_article_holds_the_story_and_what_follows_it(story):
    (article,) = page(story, Wrapping.ONE_ARTICLE).xpath("//article")
    text = " ".join(article.itertext())
    assert story.title in text
    assert story.tail_begins in text


@pytest.mark.parametrize("wrapping", Wrapping)
def test_text_never_becomes_markup(wrapping):
    tree = page(HOSTILE, wrapping)
    assert not tree.xpath("//script[not(@type='application/ld+json')]")
    assert not tree.xpath("//b | //*[@onerror]")
    assert HOSTILE.title in " ".join(tree.find("body").itertext())
    assert HOSTILE.publisher in " ".join(tree.find("body").itertext())


def test_json_ld_survives_a_title_that_would_end_the_script():
    (script,) = page(HOSTILE, Wrapping.ONE_ARTICLE).xpath("//script[@type='application/ld+json']/text()")
    assert json.loads(script)["headline"] == HOSTILE.title


@pytest.mark.parametrize("story", STORIES, ids=by_key)
def test_the_summary_is_the_beginning_of_the_text_and_short(story):
    said = summary(story)
    assert 80 < len(said) <= SUMMARY_LENGTH
    assert said in story.body
    assert not said.startswith(story.title)


def test_one_endless_sentence_is_cut_between_words():
    story = replace(HOSTILE, body="word " * 200 + "end.\n")
    said = summary(story)
    assert said.endswith("word…")
    assert len(said) <= SUMMARY_LENGTH
