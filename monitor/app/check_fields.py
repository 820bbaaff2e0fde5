"""What rules ask for by a field and the desk has not: names without a pipeline, feeds and tags of no feed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

from monitor.core.rules import RuleSet
from monitor.core.rules.asks import Asking, asking
from monitor.core.rules.evaluate import Evaluation
from monitor.core.rules.fields import NAMES
from monitor.core.rules.nodes import Field
from monitor.core.rules.reading import Reading
from monitor.core.text.language import canonical_language
from monitor.model.article import Document
from monitor.model.feed import FeedSettings
from monitor.model.problem import Gravity, Problem

# As many different `feed:…` are looked up as no person writes by hand; each is tried on every feed.
_LOOKED_UP = 2_000


def names_asked(ruleset: RuleSet) -> tuple[str, ...]:
    """Which of `person: org: place:` the rules use."""
    used = {field.name for one in asking(ruleset, NAMES) for field in one.fields}
    return tuple(name for name in NAMES if name in used)


def check_names(ruleset: RuleSet) -> list[Problem]:
    """One warning a file for rules that ask for names of a kind where nothing recognises names."""
    by_file: dict[str, list[Asking]] = {}
    for one in asking(ruleset, NAMES):
        by_file.setdefault(one.rule.file, []).append(one)
    return [_names_problem(found) for found in by_file.values()]


def check_feeds(ruleset: RuleSet, feeds: Sequence[FeedSettings]) -> list[Problem]:
    """A warning for every rule that asks for a feed or a tag that no feed of the config has.

    None while the config has no feeds: then they live in the store. None of names while a feed of the config has
    no name of its own: it takes that of the feed, which nobody knows yet.
    """
    if not feeds:
        return []
    fields = ["tag", *(["feed"] if all(feed.name for feed in feeds) else [])]
    answers: dict[Field, bool] = {}

    @cache
    def desks(name: str) -> list[Evaluation]:
        """What there is to be asked for, each once, and only where a rule asks: ten thousand take 70 MB."""
        if name == "tag":
            shown = [Document("", "", tags=tags) for tags in dict.fromkeys(feed.tags for feed in feeds)]
        else:
            shown = [Document("", "", feed=called) for called in dict.fromkeys(feed.name or "" for feed in feeds)]
        return [Evaluation(Reading(one), ruleset.lexicon) for one in shown]

    def is_lost(field: Field) -> bool:
        if field not in answers:
            if len(answers) >= _LOOKED_UP:
                return False
            answers[field] = not any(desk.holds(field, desk.reading.whole) for desk in desks(field.name))
        return answers[field]

    return list(_each(asking(ruleset, fields), is_lost, _feed_message))


def check_languages(ruleset: RuleSet) -> list[Problem]:
    """A warning for every rule that asks for a language by what is not the code that documents carry."""

    def is_lost(field: Field) -> bool:
        return (
            field.child.source.isalnum() and canonical_language(field.child.source) != field.child.source.lower()
        )

    return list(_each(asking(ruleset, ("language",)), is_lost, _language_message))


def _each(
    found: Iterable[Asking], is_lost: Callable[[Field], bool], message: Callable[[Field], str]
) -> Iterator[Problem]:
    for one in found:
        for field in one.fields:
            if is_lost(field):
                said = f'rule "{one.rule.id}": {message(field)}'
                yield Problem(one.rule.file, one.rule.line, said, Gravity.WARNING)


def _names_problem(found: Sequence[Asking]) -> Problem:
    first = found[0].rule
    used = {field.name for one in found for field in one.fields}
    names = [f"{name}:" for name in NAMES if name in used]
    more = f" (and {len(found) - 1:,} more of this file)" if len(found) > 1 else ""
    said = f"{'works' if len(names) == 1 else 'work'} from the entity files alone"
    said = f"{', '.join(names)} {said}: [nlp].model names no spaCy pipeline"
    return Problem(first.file, first.line, f'rule "{first.id}"{more}: {said}', Gravity.WARNING)


def _feed_message(field: Field) -> str:
    what = "is called so" if field.name == "feed" else "has this tag"
    unseen = "feeds added by command and ingested documents are not looked at"
    return f"{field.source}: no feed of the config {what} ({unseen})"


def _language_message(field: Field) -> str:
    code = canonical_language(field.child.source)
    meant = f"; write language:{code}" if code and len(code) == 2 else ", as en or ur"
    return f"{field.source}: documents carry a code of two letters{meant}"
