"""Runs the examples that rules carry: a rule that misses its own example is an error of the check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from posixpath import dirname, join
from typing import Any

from monitor.core.rules.because import because
from monitor.core.rules.compiled import CompiledRule
from monitor.core.rules.ruleset import RuleSet
from monitor.core.rules.table import RuleSource
from monitor.core.rules.whynot import why_not
from monitor.model.article import Document
from monitor.model.problem import Problem
from monitor.model.rule import Example, Rule

_SHOWN = 100
_MOST_TOLD = 3  # rules of one table that fail the same example


Complete = Callable[[Rule, Document], Document]


def _as_it_is(rule: Rule, document: Document) -> Document:
    return document


@dataclass(frozen=True, slots=True)
class TriedExample:
    """An example of a rule, the key it stands under, and what is wrong with it; None where it holds."""

    key: str
    example: Example
    problem: Problem | None


def run_examples(
    ruleset: RuleSet,
    read: Callable[[str], str],
    only: Collection[str] | None = None,
    complete: Complete = _as_it_is,
) -> tuple[Problem, ...]:
    """What is wrong with the examples of all rules, or of those whose ids are in `only`, in rule order.

    `read` gives the text of an example file; the name it gets is the reference joined to the folder of the rule
    file. Its OSError, ValueError or LookupError becomes a problem. `complete` adds what only the outside knows of
    an example's text.
    """
    trial = _Trial(ruleset, read, complete)
    rules = (rule for rule in ruleset.rules if only is None or rule.id in only)
    return tuple(problem for rule in rules for problem in trial.of(rule))


def examples_of(ruleset: RuleSet, rule: Rule, read: Callable[[str], str]) -> Iterator[TriedExample]:
    """Each example of one rule as it is tried, in the order of its file; `read` is that of `run_examples`."""
    return _Trial(ruleset, read, _as_it_is).each_of(rule)


def untried(ruleset: RuleSet, tried: Iterable[CompiledRule]) -> frozenset[str]:
    """The rules whose examples may answer otherwise than those of `tried`, which all held.

    Those of another version or with other examples; those that share an example with rules of which one came or
    went; and those with an example in a file, since nobody knows what stands in it now.
    """
    known = {one.rule.id: one for one in tried}
    before, now = _sharing(known.values()), _sharing(ruleset.compiled)
    return frozenset(
        one.rule.id
        for one in ruleset.compiled
        if not _answered(known.get(one.rule.id), one)
        or ((table := (one.rule.file, one.path)) in now and now[table] != before.get(table))
    )


def _answered(before: CompiledRule | None, now: CompiledRule) -> bool:
    """Whether the examples of a rule hold if those of the rule before it did."""
    if before is not now:
        if before is None or before.rule.version != now.rule.version:
            return False
        if (before.rule.must_match, before.rule.must_not_match) != (now.rule.must_match, now.rule.must_not_match):
            return False
    return all(example.file is None for example in (*now.rule.must_match, *now.rule.must_not_match))


def _sharing(rules: Iterable[CompiledRule]) -> dict[tuple[object, ...], list[str]]:
    """The rules that share an example, by their table."""
    tables: dict[tuple[object, ...], list[str]] = {}
    for one in rules:
        if any(example.shared for example in one.rule.must_match):
            tables.setdefault((one.rule.file, one.path), []).append(one.rule.id)
    return tables


class _Trial:
    """Tries the examples of one rule set."""

    def __init__(self, ruleset: RuleSet, read: Callable[[str], str], complete: Complete) -> None:
        self._ruleset = ruleset
        self._read = read
        self._complete = complete
        self._tried: set[tuple[object, ...]] = set()  # examples shared by several rules
        self._told: Counter[tuple[object, ...]] = Counter()
        self._sources: dict[str, RuleSource] = {}
        self._last: tuple[Example, str, Document] | None = None

    def of(self, rule: Rule) -> Iterator[Problem]:
        """What is wrong with the examples of a rule, and with those it shares."""
        for one in self.each_of(rule):
            if one.problem is not None:
                place = self._place(rule, one.key, one.example)
                self._told[place] += 1
                if self._told[place] <= _MOST_TOLD:
                    yield one.problem

    def each_of(self, rule: Rule) -> Iterator[TriedExample]:
        """The examples of a rule, each tried; without shared ones that were tried before."""
        for key, examples, wanted in (
            ("must_match", rule.must_match, True),
            ("must_not_match", rule.must_not_match, False),
        ):
            for example in examples:
                shared = (*self._place(rule, key, example), example)
                if example.shared and shared in self._tried:
                    continue
                self._tried.add(shared) if example.shared else None
                yield TriedExample(key, example, self._try(rule, key, example, wanted))

    def _place(self, rule: Rule, key: str, example: Example) -> tuple[object, ...]:
        return (rule.file, self._ruleset.path(rule.id), key, example.place)

    def _try(self, rule: Rule, key: str, example: Example, wanted: bool) -> Problem | None:
        try:
            document = self._document(rule, example)
        except (OSError, ValueError, LookupError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            message = f'rule "{rule.id}": its example file "{example.file}" cannot be read: {reason}'
            return Problem(rule.file, self._line(rule, key, example), message)
        if example.shared:
            return self._try_shared(rule, key, example, document)
        document = self._complete(rule, document)
        if self._ruleset.holds(rule.id, document) == wanted:
            return None
        explanation = self._ruleset.explain(rule.id, document)
        said = "must match, but does not" if wanted else "must not match, but does"
        message = f'rule "{rule.id}": its example {said}: {_shown(example)}'
        why = why_not(explanation) if wanted else f"because {because(explanation)}"
        context = (f"    {why}",) if why else ()
        return Problem(rule.file, self._line(rule, key, example), message, context=context)

    def _try_shared(self, rule: Rule, key: str, example: Example, document: Document) -> Problem | None:
        path = self._ruleset.path(rule.id)
        together = [
            one
            for one in self._ruleset.rules
            if one.file == rule.file and self._ruleset.path(one.id) == path and example in one.must_match
        ]
        if any(self._ruleset.holds(one.id, self._complete(one, document)) for one in together):
            return None
        some = ", ".join(f'"{one.id}"' for one in together[:_MOST_TOLD]) + (
            ", …" if len(together) > _MOST_TOLD else ""
        )
        message = f"one of the {len(together):,} rules {some} must match, but none does: {_shown(example)}"
        return Problem(rule.file, self._line(rule, key, example), message)

    def _document(self, rule: Rule, example: Example) -> Document:
        # The same object for all rules of a table: what the text holds is then found out once.
        if self._last is None or self._last[0] != example or self._last[1] != rule.file:
            file = example.file
            body = example.body if file is None else self._read(join(dirname(rule.file), file))
            document = Document(id="example", title=example.title, body=body)
            known: dict[str, Any] = dict(example.about)
            self._last = (example, rule.file, replace(document, **known))
        return self._last[2]

    def _line(self, rule: Rule, key: str, example: Example) -> int:
        text = self._ruleset.sources.get(rule.file)
        if text is None:
            return rule.line
        source = self._sources.setdefault(rule.file, RuleSource(rule.file, text))
        return source.line_below(rule.line, (*self._ruleset.path(rule.id), key, example.place)) or rule.line


def _shown(example: Example) -> str:
    if example.file is not None:
        return f'"file:{example.file}"'
    text = " ".join(f"{example.title} {example.body}".split())
    shown = f'"{text}"' if len(text) <= _SHOWN else f'"{text[: _SHOWN - 1]}…"'
    about = (f'{key} "{said if isinstance(said, str) else ", ".join(said)}"' for key, said in example.about)
    return ", ".join((*([shown] if text else []), *about))
