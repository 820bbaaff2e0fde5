"""`monitor rules backtest`: what a rule, or a draft of one, matches among the stored articles; what that changes.

The full-text index names the candidates, as for `monitor search`, and each is evaluated exactly. Two things are
compared with it: the current version of the rule, tried on the same articles, and what was recorded when the
articles were read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from pathlib import Path

from monitor.app.last_good import when
from monitor.app.offline import rules_from
from monitor.app.questions import House
from monitor.app.rule_memory import load
from monitor.app.search import Asked, Tally, growing, loaded_query
from monitor.app.why import no_such_rule
from monitor.config import Settings
from monitor.core.rules import RuleFile, RuleSet, load_query
from monitor.core.rules.whynot import why_not
from monitor.model.article import Article, Document
from monitor.model.ledger import ArchiveExtent, RecordedAnswer
from monitor.model.problem import Problem
from monitor.model.rule import Match, Rule, RuleFailure
from monitor.pipeline.match import document_of
from monitor.ports import Archive, Ledger


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a rule, ready to be tried. `of` says where it comes from; the set holds this rule alone."""

    rule: Rule
    of: str
    ruleset: RuleSet

    def match(self, document: Document) -> Match | RuleFailure | None:
        """Its answer, under the rule's own id."""
        answer = next(iter(self.ruleset.match(document)), None)
        return answer and replace(answer, rule=self.rule.id)

    def why_not(self, document: Document) -> str:
        """Why it does not hold, on one line."""
        return why_not(self.ruleset.explain(self.ruleset.rules[0].id, document))


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried, the rule id it goes by (None for a draft by itself), and what it is compared with."""

    tried: Version
    id: str | None = None
    current: Version | None = None
    warnings: tuple[Problem, ...] = ()

    @property
    def is_same(self) -> bool:
        """Whether the version that is tried is the current one."""
        return self.current is not None and self.current.rule.version == self.tried.rule.version


def trial_of(
    house: House, config: Path, environment: Mapping[str, str], *, rule: str | None, query: str | None,
    directory: Path | None = None,
) -> Trial:  # fmt: skip
    """What `--rule`, `--query` and `--rules` ask for.

    A rule as the files have it is compared with the version last in force; a draft of a rule, and a rule of
    another folder, with that of the config. Raises ConfigInvalid when rules or query do not hold, NoSuchRule.
    """
    rules = house.ruleset if directory is None else rules_from(directory, config, environment)
    if rule is None:
        loaded = loaded_query(query or "", rules)
        draft = replace(loaded.ruleset.rules[0], id=f"query-{loaded.ruleset.rules[0].version}", title=query or "")
        return Trial(Version(draft, "a draft", loaded.ruleset), None, None, loaded.problems)
    if rules is None:
        rules = rules_from(None, config, environment)
    found = next((one for one in rules.rules if one.id == rule), None)
    if found is None:
        raise no_such_rule(rule, rules)
    if query is not None:
        loaded = loaded_query(query, rules)
        draft = replace(found, query=query, version=loaded.ruleset.rules[0].version)
        return Trial(Version(draft, "a draft", loaded.ruleset), rule, _of_config(house, rule), loaded.problems)
    if directory is not None:
        return Trial(_alone(rules, found, f"of {directory}"), rule, _of_config(house, rule))
    return Trial(_alone(rules, found, "of the rule files"), rule, _in_force(house, rule))


def _of_config(house: House, rule: str) -> Version | None:
    """The rule as the config's files have it, else as it was last in force."""
    found = None if house.ruleset is None else next((one for one in house.ruleset.rules if one.id == rule), None)
    if house.ruleset is None or found is None:
        return _in_force(house, rule)
    return _alone(house.ruleset, found, "of the rule files")


def _in_force(house: House, rule: str) -> Version | None:
    """The rule as the daemon had it last; None when it never had it, or when those files hold no more."""
    kept = house.store.articles.last_ruleset()
    if kept is None:
        return None
    rules = load([RuleFile(name, text) for name, text in kept.files], house.memory).ruleset
    found = next((one for one in rules.rules if one.id == rule), None)
    return None if found is None else _alone(rules, found, f"in force since {when(kept.loaded_at)}")


def _alone(rules: RuleSet, rule: Rule, of: str) -> Version:
    """One rule of a set by itself: the others are not evaluated."""
    return Version(rule, of, load_query(rule.query, rules, rule.file).ruleset)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found out about one article. `current` and `recorded` say whether the current version matches it,
    and whether a match of the rule was recorded; None where there is nothing to compare with, or no answer."""

    article: Article
    match: Match | None
    current: bool | None = None
    recorded: bool | None = None


@dataclass(slots=True)
class Difference:
    """How a version differs from another answer to the same articles; a few of them are kept, to be shown."""

    same: int = 0
    gained: int = 0
    lost: int = 0
    unknown: int = 0  # articles whose text is gone, or on which a version fails
    changed: set[int] = field(default_factory=set)  # the gained and the lost
    kept: list[Answer] = field(default_factory=list)

    def note(self, answer: Answer, before: bool | None, keep: int) -> None:
        """Counts one article that one of the two answers matches."""
        now = answer.match is not None
        if before is None:
            self.unknown += now
        elif before and now:
            self.same += 1
        elif before or now:
            self.gained += now
            self.lost += before
            self.changed.add(answer.article.id)
            if (self.gained if now else self.lost) <= keep:
                self.kept.append(answer)


@dataclass(slots=True)
class BacktestTally(Tally):
    """What a backtest has come to so far."""

    extent: ArchiveExtent = field(default_factory=lambda: ArchiveExtent(0, 0))
    days: Counter[date] = field(default_factory=Counter)
    feeds: Counter[str] = field(default_factory=Counter)
    first: list[Answer] = field(default_factory=list)
    current: Difference | None = None
    recorded: Difference | None = None
    back_to: datetime | None = None  # what was first seen since then is read, all of it
    is_whole: bool = False  # nothing is left to be read


Piece = tuple[datetime | None, datetime | None]
"""From when until when (exclusive) articles were first seen; None for no end."""


class Backtest:
    """One version over the archive. Of matches and differences `keep` are kept in the tally, to be shown."""

    def __init__(
        self,
        archive: Archive,
        ledger: Ledger,
        trial: Trial,
        asked: Asked,
        zone: tzinfo,
        keep: int = 0,
        pieces: Iterable[Piece] = (),
    ) -> None:
        """`pieces` are read one after the other, in place of all that is `asked` at once; each is drawn when the
        one before is read."""
        self.trial = trial
        self.asked = asked
        self.zone = zone
        self.tally = BacktestTally()
        self._archive = archive
        self._ledger = ledger
        self._keep = keep
        self._pieces = pieces or ((asked.since, asked.until),)

    def run(self, tell: Callable[[int, int], None]) -> Iterator[Answer]:
        """Every article that the version, the current one, or the record says yes to: what the version matches,
        from the newest on, then what it lost. `tell` hears how many of all are read. May be left at any time."""
        tally, trial = self.tally, self.trial
        tally.current = None if trial.current is None else Difference()
        tally.recorded = None if trial.id is None else Difference()
        for number, piece in enumerate(self._pieces):
            if number:
                tell(tally.read, tally.candidates)  # an empty piece told nothing
            yield from self._run(piece, tell)
            tally.back_to = piece[0]
        tally.is_whole = True

    def _run(self, piece: Piece, tell: Callable[[int, int], None]) -> Iterator[Answer]:
        tally, trial = self.tally, self.trial
        extent = self._archive.extent(*piece)
        before = tally.extent
        tally.extent = ArchiveExtent(
            before.articles + extent.articles, before.gone + extent.gone, extent.oldest or before.oldest
        )
        tally.articles = tally.extent.articles
        recorded: Mapping[int, RecordedAnswer] = {}
        if trial.id is not None and tally.recorded is not None:
            recorded = self._ledger.recorded(trial.id, *piece)
            tally.recorded.unknown += sum(one.gone for one in recorded.values())
        ids = self._candidates(trial.tried, piece)
        others: set[int] = set()
        if trial.current is not None:
            others.update(ids if trial.is_same else self._candidates(trial.current, piece))
        compared = frozenset(others)
        others.update(one for one, answer in recorded.items() if not answer.gone)
        named = frozenset(ids)
        # By the law of required terms the version holds on none of the others: they are what it may have lost.
        ids = [*ids, *sorted(others - named, reverse=True)]
        tally.candidates += len(ids)
        for chunk in growing(ids):
            articles = self._archive.articles(chunk)
            tally.read += len(chunk) - len(articles)  # their texts have gone meanwhile
            for article in articles:
                was = article.id in recorded if trial.id is not None else None
                answer = self._answer(article, article.id in named, article.id in compared, was)
                tally.read += 1
                if answer is not None:
                    yield answer
                tell(tally.read, tally.candidates)
            if not articles:
                tell(tally.read, tally.candidates)

    def why_not(self, answer: Answer) -> str:
        """Why the version does not match the article."""
        return self.trial.tried.why_not(document_of(answer.article))

    def _candidates(self, version: Version, piece: Piece) -> Sequence[int]:
        required = version.ruleset.required_terms(version.ruleset.rules[0].id)
        if version is self.trial.tried:
            self.tally.is_filtered = required is not None
        return self._archive.candidates(required, *piece)

    def _answer(self, article: Article, named: bool, compared: bool, recorded: bool | None) -> Answer | None:
        document = document_of(article)
        match = self.trial.tried.match(document) if named else None
        current: bool | None = None
        if self.trial.current is not None:
            before = match if self.trial.is_same else self.trial.current.match(document) if compared else None
            current = None if isinstance(before, RuleFailure) else before is not None
        if isinstance(match, RuleFailure):
            self.tally.failures += 1
            self.tally.failure = self.tally.failure or f"{article.url}: {match.why}"
            for difference, was in ((self.tally.current, current), (self.tally.recorded, recorded)):
                if difference is not None and was:
                    difference.unknown += 1
            return None
        answer = Answer(article, match, current, recorded)
        if match is None and not current and not recorded:
            return None
        self._note(answer)
        return answer

    def _note(self, answer: Answer) -> None:
        tally = self.tally
        if answer.match is not None:
            tally.matches += 1
            tally.days[answer.article.first_seen.astimezone(self.zone).date()] += 1
            tally.feeds[answer.article.feed_name] += 1
            if len(tally.first) < self._keep:
                tally.first.append(answer)
                tally.shown += 1
        if tally.current is not None:
            tally.current.note(answer, answer.current, self._keep)
        if tally.recorded is not None:
            tally.recorded.note(answer, answer.recorded, self._keep)


def zone_of(settings: Settings) -> str:
    """The zone in which days are counted, by name: that of the digests where they have one in common, else UTC."""
    zones = {digest.timezone for digest in settings.digests}
    return zones.pop() if len(zones) == 1 else "UTC"
