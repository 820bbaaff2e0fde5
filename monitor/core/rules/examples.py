"""Runs the examples that rules carry: a rule that misses its own example is an error of the check."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from posixpath import dirname, join

from monitor.core.rules.because import because
from monitor.core.rules.ruleset import RuleSet
from monitor.core.rules.table import RuleSource
from monitor.model.article import Document
from monitor.model.problem import Problem
from monitor.model.rule import Example, Explanation, Rule

_SHOWN = 100


def run_examples(
    ruleset: RuleSet,
    read: Callable[[str], str],
    only: Collection[str] | None = None,
    complete: Callable[[Rule, Document], Document] = lambda rule, document: document,
) -> tuple[Problem, ...]:
    """What is wrong with the examples of all rules, or of those whose ids are in `only`, in rule order.

    `read` gives the text of an example file; the name it gets is the reference joined to the folder of the rule
    file. Its OSError, ValueError or LookupError becomes a problem. `complete` adds what only the outside knows of
    an example's text.
    """
    rules = (rule for rule in ruleset.rules if only is None or rule.id in only)
    return tuple(problem for rule in rules for problem in _run(ruleset, rule, read, complete))


def untried(ruleset: RuleSet, tried: RuleSet) -> frozenset[str]:
    """The rules whose examples may answer otherwise than in `tried`, whose examples all held.

    Those of another version (the query, or an entity or term it rests on) or with other examples; where any entity
    is new, all that may name one, since a longer name hides a shorter one of another entity; and those with an
    example in a file, since nobody knows what stands in it now.
    """
    known = {rule.id: (rule.version, rule.must_match, rule.must_not_match) for rule in tried.rules}
    same_names = set(ruleset.entities) == set(tried.entities)
    return frozenset(
        rule.id
        for rule in ruleset.rules
        if known.get(rule.id) != (rule.version, rule.must_match, rule.must_not_match)
        or (not same_names and not {"@", "$"}.isdisjoint(rule.query))
        or any(example.file is not None for example in (*rule.must_match, *rule.must_not_match))
    )


def _run(
    ruleset: RuleSet, rule: Rule, read: Callable[[str], str], complete: Callable[[Rule, Document], Document]
) -> Iterator[Problem]:
    for key, examples, wanted in (
        ("must_match", rule.must_match, True),
        ("must_not_match", rule.must_not_match, False),
    ):
        for index, example in enumerate(examples):
            try:
                document = _document(rule, example, read)
            except (OSError, ValueError, LookupError) as error:
                reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
                message = f'rule "{rule.id}": its example file "{example.file}" cannot be read: {reason}'
                yield Problem(rule.file, _line(ruleset, rule, key, index), message)
                continue
            explanation = ruleset.explain(rule.id, complete(rule, document))
            if explanation.holds == wanted:
                continue
            said = "must match, but does not" if wanted else "must not match, but does"
            message = f'rule "{rule.id}": its example {said}: {_shown(example)}'
            why = _missing(explanation) if wanted else f"because  {because(explanation)}"
            context = (f"    {why}",) if why else ()
            yield Problem(rule.file, _line(ruleset, rule, key, index), message, context=context)


def _document(rule: Rule, example: Example, read: Callable[[str], str]) -> Document:
    body = example.body if example.file is None else read(join(dirname(rule.file), example.file))
    return Document(id="example", title=example.title, body=body)


def _line(ruleset: RuleSet, rule: Rule, key: str, index: int) -> int:
    text = ruleset.sources.get(rule.file)
    if text is None:
        return rule.line
    return RuleSource(rule.file, text).line((*ruleset.path(rule.id), key, index)) or rule.line


def _shown(example: Example) -> str:
    if example.file is not None:
        return f'"file:{example.file}"'
    text = " ".join(f"{example.title} {example.body}".split())
    return f'"{text}"' if len(text) <= _SHOWN else f'"{text[: _SHOWN - 1]}…"'


def _missing(explanation: Explanation) -> str:
    """The notes of the operands that keep a rule from matching, those nearest to the leaves."""
    notes = list(dict.fromkeys(_notes(explanation)))
    return "; ".join(notes[:3]) + ("; …" if len(notes) > 3 else "")


def _notes(explanation: Explanation) -> Iterator[str]:
    if explanation.holds:
        return
    below = [note for child in explanation.children if explanation.node != "NOT" for note in _notes(child)]
    if explanation.node.startswith("$") and below:
        yield f"absent: {explanation.node}"
    elif below:
        yield from below
    elif explanation.note:
        yield explanation.note
