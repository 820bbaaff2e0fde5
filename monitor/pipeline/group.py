"""group: article → story. A copy joins the story of what it copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from monitor.core.stories.group import content_window, group_article
from monitor.model.article import Article, Grouping
from monitor.model.errors import StoreError
from monitor.pipeline.isolation import TRY_AGAIN, named
from monitor.ports import ArticleStore, Clock

BATCH = 100


@dataclass(frozen=True, slots=True)
class GroupReport:
    """The story of one article; None, and why, for an article that broke the stage and is tried again."""

    article: Article
    grouping: Grouping | None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class GroupStage:
    """Groups what was read, one article after the other: each may be the twin of the one before."""

    articles: ArticleStore
    clock: Clock

    def run(self, stopping: Callable[[], bool]) -> Iterator[GroupReport]:
        """Groups until nothing is left; one report an article."""
        while articles := self.articles.ungrouped(self.clock.now(), BATCH):
            for article in articles:
                if stopping():
                    return
                try:
                    yield GroupReport(article, self._group(article))
                except StoreError:
                    raise
                except Exception as error:
                    why = named(error)
                    self.articles.postpone(article.id, why, self.clock.now() + TRY_AGAIN)
                    yield GroupReport(article, None, why)

    def _group(self, article: Article) -> Grouping:
        grouping = group_article(
            article,
            self.articles.revised_article(article),
            self.articles.twins(article, content_window(article.first_seen)),
        )
        self.articles.record_grouping(article.id, grouping)
        return grouping
