"""group: article → story. A copy joins the story of what it copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from monitor.core.stories.group import content_window, group_article
from monitor.model.article import Article, Grouping
from monitor.ports import ArticleStore

BATCH = 100


@dataclass(frozen=True, slots=True)
class GroupStage:
    """Groups what was read, one article after the other: each may be the twin of the one before."""

    articles: ArticleStore

    def run(self, stopping: Callable[[], bool]) -> Iterator[tuple[Article, Grouping]]:
        """Groups until nothing is left; one answer an article."""
        while articles := self.articles.ungrouped(BATCH):
            for article in articles:
                if stopping():
                    return
                grouping = group_article(
                    article,
                    self.articles.revised_article(article),
                    self.articles.twins(article, content_window(article.first_seen)),
                )
                self.articles.record_grouping(article.id, grouping)
                yield article, grouping
