"""Nothing is cut where nothing is foreign: a false cut hides text from rules."""

from __future__ import annotations

import pytest
from clean_pages import PAGES, SHAPES, clean_page

from monitor.core.articles.engines import by_trafilatura
from monitor.core.articles.extract import extract_article
from monitor.core.articles.page import page_tree

URL = "https://lamp.example/2024/03/a.html"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_cut_from(name: str, shape: str) -> None:
    page = clean_page(name, shape).encode("utf-8")
    article = extract_article(page, URL, "text/html; charset=utf-8")
    assert article.title == PAGES[name][0]
    assert article.dropped == ()
    found = [block.text for block in by_trafilatura(page_tree(page, None), URL)]
    assert [line for line in found if line not in article.text and line != article.title] == []
