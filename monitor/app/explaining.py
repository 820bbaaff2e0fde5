"""`monitor rules explain`: one rule on one text, operand by operand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from monitor.app.files import Unreadable, decoded, read_bytes
from monitor.app.languages import with_language
from monitor.app.offline import rules_from
from monitor.app.why import no_such_rule
from monitor.core.rules import RuleSet, document_from_json, load_query
from monitor.core.rules.errors import DocumentInvalid
from monitor.core.text.urls import canonical_url
from monitor.model.article import Article, Document
from monitor.model.errors import ConfigInvalid, MonitorError
from monitor.model.ledger import EntryFate
from monitor.model.problem import Gravity, Problem
from monitor.model.rule import Explanation, Rule
from monitor.pipeline.match import document_of, document_of_words
from monitor.ports import Store

QUERY = "--query"
"""What stands for a file name where a query was typed."""

LONGEST_TEXT = 10_000_000
"""Bytes; a text this long holds a hundred times the words that are read of an article."""


class NotExplainable(MonitorError):
    """A text or an article that cannot be had, or a rule that fails on it; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule is explained on. `about` names it for people, `notes` say what else they should know."""

    document: Document
    about: str
    notes: tuple[str, ...] = ()
    answered: Mapping[str, bool] | None = None  # what each rule said when the article was read, where known


@dataclass(frozen=True, slots=True)
class Explained:
    """The answer."""

    rule: Rule
    subject: Subject
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: a rule or a query; a text (and its title), a title alone, or the URL of a stored article."""

    config: Path
    directory: Path | None = None  # of the rule files, instead of those of the config
    rule: str | None = None
    query: str | None = None
    file: str | None = None
    title: str | None = None
    url: str | None = None


def answers(
    question: Question, environment: Mapping[str, str], standard_input: BinaryIO
) -> Iterator[Explained | Problem]:
    """An explanation for each text asked about, after the warnings of the query; a bad line is a Problem.

    Raises ConfigInvalid, NoSuchRule, NoStore, NotExplainable.
    """
    asked = question
    if asked.url is not None:
        everything, article = rules_and_article(asked.directory, asked.config, environment, asked.url)
        subjects: Iterator[Subject | Problem] = iter([article])
    else:
        everything = rules_from(asked.directory, asked.config, environment)
        subjects = (
            iter([title_subject(asked.title or "")])
            if asked.file is None
            else text_subjects(asked.file, standard_input, asked.title)
        )
    ruleset, rule, warnings = the_rule(everything, asked.rule, asked.query)
    yield from warnings
    heard = (
        with_language(ruleset, rule.id) if asked.url is None else None
    )  # a stored article has what it was read with
    for one in subjects:
        if isinstance(one, Problem):
            yield one
        else:
            subject = one if heard is None else replace(one, document=heard(one.document))
            yield explain(ruleset, rule, subject)


def the_rule(ruleset: RuleSet, rule: str | None, query: str | None) -> tuple[RuleSet, Rule, tuple[Problem, ...]]:
    """The rule asked for, or `query` as a rule beside the others, with the warnings of it.

    Raises NoSuchRule, or ConfigInvalid for a query that does not hold.
    """
    if query is None:
        found = next((one for one in ruleset.rules if one.id == rule), None)
        if found is None:
            raise no_such_rule(rule or "", ruleset)
        return ruleset, found, ()
    loaded = load_query(query, ruleset, QUERY)
    if any(problem.gravity is Gravity.ERROR for problem in loaded.problems):
        raise ConfigInvalid(loaded.problems)
    return loaded.ruleset, loaded.ruleset.rules[0], loaded.problems


def explain(ruleset: RuleSet, rule: Rule, subject: Subject) -> Explained:
    """Why the rule holds or not. Raises NotExplainable when the rule fails on the text."""
    try:
        explanation = ruleset.explain(rule.id, subject.document)
    except Exception as error:
        raise NotExplainable(f'rule "{rule.id}" failed: {type(error).__name__}: {error}') from error
    return Explained(rule, _with_past(subject, rule, explanation), explanation)


def text_subjects(name: str, standard_input: BinaryIO, title: str | None) -> Iterator[Subject | Problem]:
    """A text file as one subject, or each document of a file of JSON lines; a bad line is a value.

    A file is taken for documents when it is one JSON object, or its first line is. Raises NotExplainable.
    """
    shown = "standard input" if name == "-" else name
    content = read_bytes(name, standard_input, LONGEST_TEXT)
    text = content if isinstance(content, Unreadable) else decoded(content)
    if isinstance(text, Unreadable):
        raise NotExplainable(f"{shown}: {text.why}")
    lines = text.split("\n")  # not splitlines: a JSON string may hold U+2028
    whole = _object(text) is not None
    first = text if whole else next((line for line in lines if line.strip()), "")
    if _object(first) is None:
        document = Document(id=name, title=title or "", body=text)
        yield Subject(document, f"the text of {shown}" + (f', title "{title}"' if title else ""))
        return
    if title is not None:
        raise NotExplainable(f"{shown}: holds documents with titles of their own; --title is for plain text")
    for number, line in enumerate([text] if whole else lines, 1):
        if line.strip():
            yield _line_subject(line, shown, number)


def title_subject(title: str) -> Subject:
    """A title and nothing else."""
    return Subject(Document(id="title", title=title), f'the title "{title}"')


def stored_subject(store: Store, url: str) -> Subject:
    """The newest revision of a stored article, or the entry's own words where none was read.

    Raises NotExplainable for a URL that was never seen.
    """
    fates = store.ledger.fates(url, canonical_url(url))
    if not fates:
        raise NotExplainable(f"{url} was never seen in a feed; monitor why URL says which feeds cover its host")
    fate = next((one for one in fates if one.article is not None), fates[0])
    notes = [] if len(fates) == 1 else [f"the newest that was read of {len(fates)} entries with this URL"]
    if fate.article is None:
        fated = fate.entry.fate.value.replace("_", " ")
        notes = [*notes, f"not an article ({fated}): these are the feed's own words"]
        return Subject(
            _document_of_entry(fate), _about(fate.entry.parsed.title, fate.feed.name, fate), tuple(notes)
        )
    article = fate.article
    about = _about(article.title, article.publisher, fate)
    return Subject(document_of(article), about, tuple(notes), _answered(fate, article))


def rules_and_article(
    directory: Path | None, config: Path, environment: Mapping[str, str], url: str
) -> tuple[RuleSet, Subject]:
    """The rules of a folder or of the config, and the stored article of an URL. Raises NotExplainable."""
    from monitor.app.questions import opened  # with SQLAlchemy, which a text alone does not need

    with opened(config, environment) as house:
        ruleset = house.ruleset
        if directory is not None or ruleset is None:
            ruleset = rules_from(directory, config, environment)
        return ruleset, stored_subject(house.store, url)


def _object(line: str) -> dict[str, object] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _line_subject(line: str, shown: str, number: int) -> Subject | Problem:
    found = _object(line)
    if found is None:
        return Problem(shown, number, "no JSON object")
    try:
        document = document_from_json(found)
    except DocumentInvalid as error:
        return Problem(shown, number, str(error))
    return Subject(document, f'document {document.id} "{document.title}"')


def _about(title: str, publisher: str, fate: EntryFate) -> str:
    when = (fate.entry.parsed.published or fate.first_seen).astimezone()
    return f'article "{title}" ({publisher}, {when.day} {when:%b %Y})'


def _document_of_entry(fate: EntryFate) -> Document:
    words = document_of_words(fate.entry.parsed, fate.feed.name, fate.feed.settings.tags)
    return replace(words, id=str(fate.row))


def _answered(fate: EntryFate, article: Article) -> Mapping[str, bool] | None:
    if article.ruleset is None:
        return None
    failed = {rule: False for rule, _ in fate.failures}
    return failed | {one.match.new.rule.id: True for one in fate.matches}


def _with_past(subject: Subject, rule: Rule, explanation: Explanation) -> Subject:
    """What the rules of that time said, where it was something else."""
    if subject.answered is None or rule.file == QUERY:
        return subject
    matched = subject.answered.get(rule.id, False)
    if matched == explanation.holds:
        return subject
    said = "matched" if matched else "did not match, or was not there"
    note = f"when it was read the rule {said}: monitor why URL --rule {rule.id} tells that"
    return replace(subject, notes=(*subject.notes, note))
