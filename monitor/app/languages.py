"""The language of documents that no daemon has read: detected where a rule asks for it, and only there.

The model takes 0.7 s to load, more than all else that a command on one text does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from monitor.app.children import reading_sandbox
from monitor.core.rules import RuleSet
from monitor.core.rules.asks import asking, asks_for
from monitor.core.text.language import Guess, detect_language, sample_of, settle_language
from monitor.model.article import Document
from monitor.model.rule import Rule
from monitor.ports import Sandbox


def with_language(ruleset: RuleSet, rule: str | None = None) -> Callable[[Document], Document]:
    """What gives a document that names no language its own, if any rule, or the one with that id, asks for it; one
    that names it is taken at its word."""
    settle = settled(ruleset, rule)
    return lambda document: document if document.language else settle(document)


@contextmanager
def example_languages(ruleset: RuleSet) -> Iterator[Callable[[Rule, Document], Document]]:
    """What gives the example of a rule that asks for the language its own, where it does not name one.

    In a child, which is started by the first such example: the daemon, which tries examples too, keeps none of it.
    """
    ids = {one.rule.id for one in asking(ruleset, ("language",))}
    children: list[Sandbox] = []

    def complete(rule: Rule, document: Document) -> Document:
        if rule.id not in ids or document.language:
            return document
        if not children:
            children.append(reading_sandbox())
        return _with(document, children[0].run(detect_language, _sample(document)))

    try:
        yield complete
    finally:
        for child in children:
            child.close()


def settled(ruleset: RuleSet, rule: str | None = None) -> Callable[[Document], Document]:
    """What gives a document the language that counts, as the daemon settles it: detected or stated."""
    if not asks_for(ruleset, "language", rule):
        return lambda document: document
    return _settled


def _settled(document: Document) -> Document:
    return _with(document, detect_language(_sample(document)))


def _sample(document: Document) -> str:
    return sample_of(document.title, document.summary, document.body)


def _with(document: Document, guess: Guess | None) -> Document:
    return replace(document, language=settle_language(document.language, guess).language or "")
