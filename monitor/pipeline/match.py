"""match: article → matches, each with its explanation and the digests that take it, one transaction an article."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta

from monitor.core.articles.compose import feed_text
from monitor.core.digests.plan import takes
from monitor.core.rules import Patience, RuleSet
from monitor.core.stories.duplicates import dated_apart
from monitor.core.stories.material import Wording, compare, facts_of, matched_sentences
from monitor.core.text.language import canonical_language
from monitor.core.text.terms import TERMS_VERSION
from monitor.model.article import Article, Document, Quality
from monitor.model.digest import DigestSettings
from monitor.model.entry import ParsedEntry
from monitor.model.errors import StoreError
from monitor.model.ledger import NewMatch
from monitor.model.rule import Match, Rule, RuleFailure
from monitor.model.telling import Earlier
from monitor.pipeline.framed import of_both, reason_of, with_frame
from monitor.pipeline.isolation import TRY_AGAIN, named
from monitor.ports import ArticleStore, Clock

BATCH = 100
PATIENCE = timedelta(seconds=10)
"""For one article; most take milliseconds. Then its other rules wait for nobody."""
LAST_PATIENCE = timedelta(seconds=60)
TURN = timedelta(seconds=2)
"""For one part of the articles, and the batch that is begun: then the next part has its turn, maybe elsewhere."""


def _all_of_them() -> Generator[int | None]:
    yield None


@dataclass(frozen=True, slots=True)
class MatchReport:
    """What the rules said of one article; `why` for an article that broke the stage and is tried again.

    `ids` are those under which its matches are stored, by rule.
    """

    article: Article
    matches: tuple[NewMatch, ...] = ()
    failures: tuple[RuleFailure, ...] = ()
    why: str | None = None
    ids: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MatchStage:
    """Lets the rule set read what was grouped, copies included: being a copy never hides a text from a rule.

    `parts` says in which parts of the articles a run looks (None: in all).
    """

    articles: ArticleStore
    ruleset: RuleSet
    digests: Sequence[DigestSettings]
    clock: Clock
    parts: Callable[[], Generator[int | None]] = field(default=_all_of_them, repr=False)

    def run(self, stopping: Callable[[], bool]) -> Iterator[MatchReport]:
        """Matches until nothing is left, or a part had its turn; one report an article."""
        with closing(self.parts()) as parts:
            for part in parts:
                yield from self._matched(part, stopping)
                if stopping():
                    return

    def _matched(self, part: int | None, stopping: Callable[[], bool]) -> Iterator[MatchReport]:
        begun = self.clock.now()
        while articles := self.articles.unmatched(self.clock.now(), BATCH, part):
            for article in articles:
                if stopping():
                    return
                try:
                    yield self._match(article)
                except StoreError:
                    raise
                except Exception as error:
                    why = named(error)
                    self.articles.postpone(article.id, why, self.clock.now() + TRY_AGAIN)
                    yield MatchReport(article, why=why)
            if part is not None and self.clock.now() - begun >= TURN:
                return

    def _match(self, article: Article) -> MatchReport:
        document = document_of(article)
        answers = self._answers(document)
        named = self.ruleset.entities_in(document)  # before another is read: the set remembers one document
        answers = (*answers, *self._with_frame(article, document, answers))
        earlier = self._earlier(article)
        matches = tuple(self._routed(answer, document, earlier) for answer in answers if isinstance(answer, Match))
        failures = tuple(answer for answer in answers if isinstance(answer, RuleFailure))
        ids = self.articles.record_matches(
            article,
            self.ruleset.version,
            matches,
            failures,
            (*named, *article.recognised),
            self.clock.now(),
        )
        return MatchReport(article, matches, failures, ids=ids)

    def _answers(self, document: Document) -> Sequence[Match | RuleFailure]:
        """What the rules say. Those that were not finished are asked once more, with much more patience: a machine
        that was busy or asleep loses no alert. What is still not finished is a failure of these rules alone.
        """
        answers = self.ruleset.match(document, Patience(self.clock.now, PATIENCE))
        unfinished = {one.rule for one in answers if isinstance(one, RuleFailure) and one.unfinished}
        if not unfinished:
            return answers
        again = self.ruleset.match(document, Patience(self.clock.now, LAST_PATIENCE), unfinished)
        return (*(one for one in answers if one.rule not in unfinished), *again)

    def _with_frame(
        self, article: Article, document: Document, answers: Sequence[Match | RuleFailure]
    ) -> Iterator[Match]:
        """Matches of further rules: they hold with what every page of the host carries, not with that alone."""
        framed = with_frame(article, document)
        if framed is None:
            return
        known = {one.rule for one in answers}
        for answer in self.ruleset.match(framed, Patience(self.clock.now, PATIENCE)):
            if isinstance(answer, Match) and answer.rule not in known:
                both = of_both(answer, document)
                if both is not None:
                    yield both

    def _earlier(self, article: Article) -> Wording | None:
        """What the earlier wording of a revision was; None for what revises nothing."""
        revised = self.articles.revised_article(article)
        if revised is not None:
            return _wording(self.articles, article, revised)
        words = self.articles.revised_words(article)
        if words is None:
            return None
        document = replace(
            document_of(article), title=words.title, body=feed_text(words)[0], summary=words.summary
        )
        sentences = {
            answer.rule: frozenset(_sentences(answer, document))
            for answer in self.ruleset.match(document, Patience(self.clock.now, PATIENCE))
            if isinstance(answer, Match)
        }
        return Wording(words.title, sentences, frozenset(sentences), None)

    def _routed(self, match: Match, document: Document, earlier: Wording | None) -> NewMatch:
        rule = self.ruleset.rule(match.rule)
        digests = tuple(digest.name for digest in self.digests if takes(digest.rules, rule))
        return new_match(match, rule, document, digests, earlier, analyser_version(self.ruleset))


def new_match(
    match: Match,
    rule: Rule,
    document: Document,
    digests: tuple[str, ...],
    wording: Wording | None,
    analyser: str,
) -> NewMatch:
    """A match with all that its digests need; `wording` is the one that the document replaces."""
    facts = facts_of(match, document.title, document.body, document.summary)
    news, earlier = compare(match.rule, frozenset(facts.sentences), document.title, wording)
    return NewMatch(
        match=match,
        rule=rule,
        because=reason_of(match),
        digests=digests,
        sentences=facts.sentences,
        news=news,
        analyser_version=analyser,
        names=facts.names,
        figures=facts.figures,
        bare=facts.bare,
        earlier=earlier,
    )


def earlier_wording(articles: ArticleStore, article: Article) -> Wording | None:
    """What is recorded of the article that a revision replaces; None where there is none."""
    revised = articles.revised_article(article)
    return None if revised is None else _wording(articles, article, revised)


def _wording(articles: ArticleStore, article: Article, revised: Article) -> Wording | None:
    # Dated anew on another day it is another day's report, not an edit: all of it may be told.
    if dated_apart(article, revised):
        return None
    # A wall between two wordings said nothing of what the page held.
    whole = revised.quality in (article.quality, Quality.FULL)
    return Wording(
        revised.title,
        articles.sentences_of(revised.id),
        articles.unheard_in(revised.id),
        Earlier.SILENT if whole else Earlier.LESS,
    )


def analyser_version(ruleset: RuleSet) -> str:
    """What a match depends on beside rule and text: how words are cut, and which belong to one family."""
    return f"{TERMS_VERSION}/{ruleset.lexicon.families.version}"


def _sentences(match: Match, document: Document) -> tuple[str, ...]:
    return matched_sentences(match, document.title, document.body, document.summary)


def document_of(article: Article) -> Document:
    """What the rules read of an article: title and main text; the rest by field."""
    return Document(
        id=str(article.id),
        title=article.title,
        body=article.text,
        summary=article.summary,
        url=article.url,
        publisher=article.publisher,
        authors=article.authors,
        section=article.section,
        language=article.language or "",
        published=article.published,
        feed=article.feed_name,
        tags=article.feed_tags,
        names=article.recognised,
    )


def document_of_words(entry: ParsedEntry, feed_name: str, tags: tuple[str, ...] = ()) -> Document:
    """What the rules will read of an entry of which no page is read: the same as `document_of` of its article, but
    for the language, which is only stated here, and the names of a recogniser."""
    return Document(
        id=entry.id,
        title=entry.title,
        body=feed_text(entry)[0],
        summary=entry.summary,
        url=entry.link or "",
        publisher=feed_name,
        authors=entry.authors,
        section=entry.section,
        language=canonical_language(entry.language) or "",
        published=entry.published or entry.updated,
        feed=feed_name,
        tags=tuple(dict.fromkeys((*tags, *entry.tags))),
    )
