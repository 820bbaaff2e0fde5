"""`monitor search`: a query on every stored article. The index names candidates, the rule engine answers.

The newest matches are handed out as they are found; then the rest is read for its number alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.app.counting import counted
from monitor.core.digests.passages import passages_of
from monitor.core.rules import LoadedRules, RuleSet, load_query, load_rules
from monitor.model.article import Article
from monitor.model.digest import Passage
from monitor.model.errors import ConfigInvalid, StoreUnusable
from monitor.model.ledger import ArchivePlace
from monitor.model.problem import Gravity, Problem
from monitor.model.rule import Match
from monitor.pipeline.index import index_all
from monitor.pipeline.match import document_of
from monitor.ports import Archive

QUERY = "QUERY"
"""What stands for a file name in the problems of a query."""

READ = 100
"""Articles in memory at a time."""

_MOMENT = timedelta(microseconds=1)  # no two times are closer
_FIRST_READ = 10  # articles that are read before the first can be shown; then twice as many, up to READ

INDEXED = 100
"""Articles indexed in one transaction where no daemon is at work."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query, and the time in which its articles were first seen; of the matches at most `limit` are wanted.

    `after` is the article at which an earlier search stopped (its `Tally.last`): this one goes on behind it.
    `only` are (facet, value) that an article must have besides, as `facets_of` names them.
    """

    query: str
    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None
    after: int | None = None
    only: Collection[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One article on which the query holds. `quoted` are its passages where its texts are not kept any longer."""

    article: Article
    match: Match
    quoted: tuple[Passage, ...] | None = None

    @property
    def passages(self) -> tuple[Passage, ...]:
        """The sentences that show why."""
        return passages_of(self.article, self.match) if self.quoted is None else self.quoted

    def without_texts(self) -> Found:
        """The same as far as it is shown in a list."""
        bare = replace(self.article, text="", summary="", dropped=(), entities=(), fingerprint=None)
        return Found(bare, self.match, self.passages)


def facets_of(article: Article) -> Iterator[tuple[str, str]]:
    """By what articles are told apart in a list: (facet, value)."""
    yield "publisher", article.publisher or article.feed_name
    if article.language:
        yield "language", article.language
    yield from (("tag", tag) for tag in sorted(set(article.feed_tags)))


@dataclass(slots=True)
class Tally:
    """What a search has come to so far."""

    articles: int = 0
    candidates: int = 0
    is_filtered: bool = True  # the index had something to look for
    read: int = 0
    matches: int = 0
    shown: int = 0
    failures: int = 0
    failure: str = ""  # the first of them
    last: int | None = None  # the article that was looked at last


class Search:
    """One query, ready to be asked. `warnings` say what in it may not mean what its author thinks."""

    def __init__(self, archive: Archive, asked: Asked, beside: RuleSet | None) -> None:
        """The query may use the entities and terms `beside` it. Raises ConfigInvalid when it does not hold."""
        loaded = loaded_query(asked.query, beside)
        self.warnings = loaded.problems
        self.asked = asked
        self.tally = Tally()
        self.place: ArchivePlace | None = None
        """The last article that was read."""
        self._archive = archive
        self._ruleset = loaded.ruleset
        self.required = loaded.ruleset.required_terms(loaded.ruleset.rules[0].id)

    def run(self, tell: Callable[[int, int], None]) -> Iterator[Found]:
        """The newest matches, then nothing more until all are counted; `tell` hears how many candidates of all
        are read. May be left at any time: `tally` says how far it came."""
        yield from self.read(self.asked.since, self.asked.until, tell, self.asked.after)

    def read(
        self,
        since: datetime | None,
        until: datetime | None,
        tell: Callable[[int, int], None],
        after: int | None = None,
    ) -> Iterator[Found]:
        """The same of a part of the time; with `after` of what comes behind that article."""
        asked, tally = self.asked, self.tally
        tally.is_filtered = self.required is not None
        tally.articles += self._archive.count(since, until)
        ids = self._candidates(since, until, after)
        tally.candidates += len(ids)
        for chunk in growing(ids):
            articles = self._archive.articles(chunk)
            tally.read += len(chunk) - len(articles)  # their texts have gone meanwhile
            for article in articles:
                self.place = ArchivePlace(article.first_seen, article.id)
                tally.last = article.id
                tally.read += 1
                match = self._match(article)
                if match is not None:
                    tally.matches += 1
                    if asked.limit is None or tally.shown < asked.limit:
                        tally.shown += 1
                        yield Found(article, match)
                tell(tally.read, tally.candidates)

    def _candidates(self, since: datetime | None, until: datetime | None, after: int | None) -> Sequence[int]:
        """The candidates behind an article, newest first; where that has gone, those stored before it."""
        ids = self._archive.candidates(self.required, since, until)
        if after is None:
            return ids
        if after in ids:
            return ids[ids.index(after) + 1 :]
        # By what the index has learned since it is none any more.
        stood = next((one.first_seen for one in self._archive.articles([after])), None)
        if stood is None:
            return [one for one in ids if one < after]
        if since is not None and stood < since:
            return []
        beside = self._archive.candidates(self.required, stood, stood + _MOMENT)
        older = self._archive.candidates(self.required, since, stood)
        return [*(one for one in beside if one < after), *older]

    def _match(self, article: Article) -> Match | None:
        if self.asked.only and not set(self.asked.only).issubset(facets_of(article)):
            return None
        for answer in self._ruleset.match(document_of(article)):
            if isinstance(answer, Match):
                return answer
            self.tally.failures += 1
            self.tally.failure = self.tally.failure or f"{article.url}: {answer.why}"
        return None


def loaded_query(query: str, beside: RuleSet | None) -> LoadedRules:
    """The query as the only rule of a set, with its warnings; it may use the entities and terms `beside` it.

    Raises ConfigInvalid, with carets, when it does not hold.
    """
    loaded = load_query(query, beside or load_rules([]).ruleset, QUERY)
    if any(problem.gravity is Gravity.ERROR for problem in loaded.problems):
        raise ConfigInvalid((*loaded.problems, *(_WITHOUT_RULES if beside is None else ())))
    return loaded


def catch_up(archive: Archive, tell: Callable[[int, int], None]) -> None:
    """Indexes what waits for it, newest first; `tell` hears how many of all are done.

    May be left at any time, and a store that cannot be written is searched as it is: what is not indexed is read.
    """
    done = 0
    with suppress(StoreUnusable):
        for report in index_all(archive, INDEXED, lambda: False):
            done += report.articles
            tell(done, done + report.left)


def prepare(archive: Archive, daemon: int | None, tell: Callable[[int, int], None]) -> str:
    """Sees to what is not indexed, before a search: `daemon` is the pid of one that does it by itself.

    Returns a line for the person who waits; "" for nothing to say. Raises StoreUnusable.
    """
    if daemon is None:
        catch_up(archive, tell)
        return ""
    waiting = archive.waiting()
    return f"{behind(waiting, archive.count())}; the daemon indexes them in the background" if waiting else ""


def behind(waiting: int, articles: int) -> str:
    """How far the index is behind, and what that costs a search."""
    are = "is" if waiting == 1 else "are"
    return f"{waiting:,} of {counted(articles, 'article')} {are} not indexed yet: a search reads each of them"


_WITHOUT_RULES = (
    Problem(
        QUERY,
        0,
        "the rule files do not hold, so that no @entity and no $term is known; see: monitor check",
        Gravity.WARNING,
    ),
)


def growing(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """The ids, few at a time and then more: so the first articles are judged soon."""
    start, size = 0, min(_FIRST_READ, READ)
    while start < len(ids):
        yield ids[start : start + size]
        start, size = start + size, min(READ, 2 * size)
