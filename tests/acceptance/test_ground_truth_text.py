"""The main text of the five sample documents, out of nine real-looking pages each."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from ground_truth import (
    FIRST_WORDS,
    FOREIGN_WORDS,
    KEYS,
    LAST_WORDS,
    PUBLISHED,
    TITLES,
    document,
    main_text,
    one_line,
    words,
)

from monitor.core.articles.extract import extract_article
from monitor.demo.pages import Wrapping, page_html
from monitor.demo.samples import press_samples
from monitor.model.article import Extracted, Quality

STORIES = {story.key: story for story in press_samples() or ()}
EVERY_PAGE = pytest.mark.parametrize(("key", "wrapping"), [(key, w) for key in KEYS for w in Wrapping])

KEPT_AT_LEAST = 0.91  # of the main text's words, as the guards' measurements say
LEAKED_AT_MOST = 0.1  # of the foreign words


@cache
def extracted(key: str, wrapping: Wrapping) -> Extracted:
    url = f"http://127.0.0.11:8080{STORIES[key].path}"
    page = page_html(STORIES[key], url, wrapping)
    return extract_article(page.encode("utf-8"), url, "text/html; charset=utf-8")


@EVERY_PAGE
def test_the_page_is_read_in_full_with_its_title_publisher_and_date(key, wrapping):
    article = extracted(key, wrapping)
    assert article.quality is Quality.FULL
    assert article.title == TITLES[key]
    assert article.publisher == STORIES[key].publisher
    # the page of 002 also says "Updated 06 February 2026": that is the other article's date
    assert article.published is not None
    assert f"{article.published:%Y-%m-%d}" == PUBLISHED[key][:10]


@EVERY_PAGE
def test_the_main_text_is_kept(key, wrapping):
    expected, got = Counter(words(main_text(key))), Counter(words(extracted(key, wrapping).text))
    kept = (expected & got).total() / expected.total()
    assert kept >= KEPT_AT_LEAST


@EVERY_PAGE
def test_the_main_text_is_kept_from_its_first_to_its_last_sentence_and_in_order(key, wrapping):
    text = one_line(extracted(key, wrapping).text)
    assert -1 < text.find(FIRST_WORDS[key]) < text.find(LAST_WORDS[key])


@EVERY_PAGE
def test_paragraphs_stay_apart(key, wrapping):
    lines = [line.strip() for line in main_text(key).splitlines()]
    expected = {one_line(line) for line in lines if len(line) > 100 and not line.startswith("•")}
    got = {one_line(paragraph) for paragraph in extracted(key, wrapping).text.split("\n\n")}
    assert len(expected & got) >= 0.9 * len(expected)


@EVERY_PAGE
def test_navigation_and_footer_are_left_out(key, wrapping):
    text = extracted(key, wrapping).text
    for furniture in ("Privacy policy", "Terms of use", "Subscribe", "All rights reserved"):
        assert furniture not in text


@pytest.mark.parametrize(("key", "wrapping"), [(key, w) for key in FOREIGN_WORDS for w in Wrapping])
def test_rails_and_appended_articles_are_left_out(key, wrapping):
    text = extracted(key, wrapping).text
    assert not [sentence for sentence in FOREIGN_WORDS[key] if sentence in one_line(text)]
    main, whole = Counter(words(main_text(key))), Counter(words(document(key)))
    foreign = whole - main
    leaked = (foreign & (Counter(words(text)) - main)).total() / foreign.total()
    assert leaked <= LEAKED_AT_MOST
