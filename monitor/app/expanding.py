"""`monitor rules expand`: what the operands of a query reach, in the word families and in the archive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.app.offline import rules_from
from monitor.app.questions import opened
from monitor.app.search import QUERY, READ
from monitor.core.rules import RuleSet, load_query
from monitor.core.rules.expansions import (
    Expansion,
    FamilyOf,
    Form,
    PrefixOf,
    expansions,
    forms_among,
    shipped_forms,
)
from monitor.core.text.families import Families
from monitor.core.text.normalize import american
from monitor.core.text.terms import terms_of
from monitor.model.errors import ConfigInvalid, StoreMissing
from monitor.model.problem import Gravity, Problem
from monitor.ports import Archive

MOST_READ = 2_000
"""Articles whose words are counted, the newest that hold one of them: some three seconds."""

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Reached:
    """A form and the number of articles read that hold it; None where no archive was asked."""

    form: Form
    articles: int | None = None


@dataclass(frozen=True, slots=True)
class Expanded:
    """One operand; the forms of `~word` and `word*`, most frequent first where an archive was asked."""

    operand: Expansion
    reached: tuple[Reached, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """All operands of a query, the warnings of the query, and how many of how many articles were read.

    `found` is None where no archive was asked.
    """

    operands: tuple[Expanded, ...]
    warnings: tuple[Problem, ...]
    read: int = 0
    found: int | None = None


def answer(query: str, directory: Path | None, config: Path, environment: Mapping[str, str], tell: Tell) -> Answer:
    """With the rules and the archive of a config, or with the rules of a folder and no archive.

    Raises ConfigInvalid. `tell` hears how many articles of all are read.
    """
    if directory is None:
        try:
            with opened(config, environment) as house:
                if house.ruleset is not None:
                    return expand(query, house.ruleset, house.store.archive, tell)
        except StoreMissing:
            pass
    return expand(query, rules_from(directory, config, environment))


def expand(query: str, beside: RuleSet, archive: Archive | None = None, tell: Tell = lambda *_: None) -> Answer:
    """What the operands of a query reach. Raises ConfigInvalid when the query does not hold."""
    loaded = load_query(query, beside, QUERY)
    if any(problem.gravity is Gravity.ERROR for problem in loaded.problems):
        raise ConfigInvalid(loaded.problems)
    lexicon = loaded.ruleset.lexicon
    found = expansions(loaded.ruleset.node("query"), lexicon)
    words = [one for one in found if isinstance(one, FamilyOf | PrefixOf)]
    if archive is None or not words:
        shown = [Expanded(one, _listed(one, lexicon.families)) for one in found]
        return Answer(tuple(shown), loaded.problems)
    any_of_them = load_query(" OR ".join(one.source for one in words), beside).ruleset
    ids = archive.candidates(any_of_them.required_terms("query"))
    counts = _counts(archive, ids[:MOST_READ], tell)
    shown = [Expanded(one, _counted(one, counts, lexicon.families)) for one in found]
    return Answer(tuple(shown), loaded.problems, min(len(ids), MOST_READ), len(ids))


def _counts(archive: Archive, ids: Sequence[int], tell: Tell) -> Counter[str]:
    """In how many of the articles each term stands; a British spelling counts as its American twin."""
    counts: Counter[str] = Counter()
    for start in range(0, len(ids), READ):
        tell(start, len(ids))
        for article in archive.articles(ids[start : start + READ]):
            terms = terms_of([article.title, article.summary, article.text])
            counts.update(term for term in terms if american(term) == term)
    return counts


def _listed(one: Expansion, families: Families) -> tuple[Reached, ...]:
    if not isinstance(one, FamilyOf | PrefixOf):
        return ()
    return tuple(Reached(form) for form in shipped_forms(one, families))


def _counted(one: Expansion, counts: Counter[str], families: Families) -> tuple[Reached, ...]:
    if not isinstance(one, FamilyOf | PrefixOf):
        return ()
    forms = dict.fromkeys((*shipped_forms(one, families), *forms_among(one, counts, families)))
    reached = [Reached(form, counts[form.word]) for form in forms]
    return tuple(sorted(reached, key=lambda each: -(each.articles or 0)))
