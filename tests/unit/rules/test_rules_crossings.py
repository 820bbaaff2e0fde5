"""The rules on border crossings, judged by labelled articles: closed, open again, or neither."""

from __future__ import annotations

import pytest
from shipped_rules import read_aloud, rules_found, table

from monitor.model.article import Document

# Before the rules were written, and after: see the heads of the two files.
ARTICLES = [*table("crossings.toml")["articles"], *table("crossings-unseen.toml")["articles"]]


def said(article: dict[str, object]) -> set[str]:
    """The rules that an article's labels ask for."""
    return {f"{place}-{state}" for state in ("closed", "reopened") for place in article.get(state, ())}


def test_the_articles_are_labelled_in_four_languages():
    ids = [article["id"] for article in ARTICLES]
    assert len(set(ids)) == len(ids) >= 80
    for language in ("en", "ur", "ps", "fa"):
        mine = [article for article in ARTICLES if article["id"].startswith(f"{language}-")]
        assert any("closed" in article for article in mine)
        assert any("reopened" in article for article in mine)
        assert any(not said(article) for article in mine)


@pytest.mark.parametrize(
    "article",
    [
        pytest.param(
            article,
            id=article["id"],
            marks=pytest.mark.xfail(strict=True, raises=AssertionError, reason=article["hard"])
            if article.get("missed")
            else (),
        )
        for article in ARTICLES
    ],
)
def test_the_rules_see_what_an_article_says_of_its_crossings(article):
    document = Document(id=article["id"], title=article["title"], body=read_aloud(article["body"]))
    found = {rule for rule in rules_found(document) if rule.endswith(("-closed", "-reopened"))}
    assert found == said(article)
