"""What the store promises of articles: entries to be read, articles to be grouped and matched."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence, Set
from datetime import datetime
from typing import Protocol

from monitor.model.article import Article, EntityMention, NewArticle
from monitor.model.entry import Entry, ParsedEntry
from monitor.model.ledger import KeptRuleset, NewMatch
from monitor.model.reading import Remembered
from monitor.model.rule import RuleFailure


class ArticleStore(Protocol):
    """Entries to be read, articles to be grouped and matched."""

    def waiting(
        self, now: datetime, limit: int, besides: Collection[int] = (), besides_feeds: Collection[int] = ()
    ) -> Sequence[Entry]:
        """Entries to be read whose time has come, besides those rows and all of those feeds, oldest first."""
        ...

    def record_read(self, article: NewArticle, remembered: Remembered | None = None) -> int | None:
        """The article, the fate of its entry and what its page leaves behind, in one transaction; its id.

        A second time changes nothing, and gives None.
        """
        ...

    def postpone_read(self, row: int, until: datetime, *, attempted: bool = True) -> None:
        """The entry waits until then; a failed attempt is counted."""
        ...

    def revised_article(self, article: Article) -> Article | None:
        """The grouped article of the entry that this article's entry revises."""
        ...

    def revised_words(self, article: Article) -> ParsedEntry | None:
        """The words of the entry that this article's entry revises, where that one was never read."""
        ...

    def sentences_of(self, article_id: int) -> Mapping[str, Set[str]]:
        """The sentences (hashes) that each rule stood on when it matched the article, by rule id."""
        ...

    def unheard_in(self, article_id: int) -> Set[str]:
        """The rules whose match of the article only repeated words from before the subscription."""
        ...

    def unmatched(self, now: datetime, limit: int, part: int | None = None) -> Sequence[Article]:
        """Grouped articles that no rule set has read yet and whose time has come, oldest first.

        A `part` (0 … PARTS - 1) has all articles of its feeds: a new wording is read after the one before it.
        """
        ...

    def postpone(self, article_id: int, why: str, until: datetime) -> None:
        """An article that broke its stage waits until then; `why` is kept for the ledger."""
        ...

    def record_matches(
        self,
        article: Article,
        ruleset: str,
        matches: Sequence[NewMatch],
        failures: Sequence[RuleFailure],
        entities: Sequence[EntityMention],
        now: datetime,
    ) -> Mapping[str, int]:
        """Matches, their routing, failed rules and entities in one transaction; the ids of the matches by rule.

        A second time changes nothing, and gives none.
        """
        ...

    def record_ruleset(self, version: str, files: Sequence[tuple[str, str]], now: datetime) -> None:
        """Keeps the text of a rule set, so that an old answer can be explained, as the last that was loaded."""
        ...

    def last_ruleset(self) -> KeptRuleset | None:
        """The rule set that was loaded last; None when none ever was."""
        ...

    def ruleset_files(self, version: str) -> Sequence[tuple[str, str]] | None:
        """The (name, text) of the files of a rule set kept before."""
        ...
