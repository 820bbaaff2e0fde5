"""Verbs that need no store: files in, lines out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from monitor.app.check import check
from monitor.app.documents import document_in
from monitor.app.files import Unreadable, read_text
from monitor.app.languages import with_language
from monitor.app.rule_memory import RuleMemory, load
from monitor.core.rules import (
    RuleFile,
    RuleSet,
    match_to_json,
)
from monitor.model.errors import ConfigInvalid
from monitor.model.problem import Gravity, Problem
from monitor.model.rule import RuleFailure


@dataclass(frozen=True, slots=True)
class MatchedLine:
    """One match as JSON, or what is wrong with one line ("12: no id")."""

    match: dict[str, Any] | None = None
    problem: str | None = None


def rules_from(directory: Path | None, config: Path, environment: Mapping[str, str]) -> RuleSet:
    """The rules of a folder or file, else those of the config. Raises ConfigInvalid."""
    if directory is None:
        report = check(config, environment=environment, secrets=False)
        if report.ruleset is None:
            raise ConfigInvalid(report.problems)
        return report.ruleset
    paths = sorted(directory.rglob("*.toml")) if directory.is_dir() else [directory]
    problems: list[Problem] = []
    files: list[RuleFile] = []
    for path in paths:
        text = read_text(path)
        if isinstance(text, Unreadable):
            problems.append(Problem(str(path), 0, text.why))
        else:
            files.append(RuleFile(str(path), text))
    if not paths:
        problems.append(Problem(str(directory), 0, "no rule files (*.toml) in this folder"))
    keeper = RuleMemory(environment, directory)
    known = keeper.recall(files)
    loaded = load(files, known)
    keeper.keep(loaded.memory, replace(known, held=False))
    problems += [one for one in loaded.problems if one.gravity is Gravity.ERROR]
    if problems:
        raise ConfigInvalid(tuple(problems))
    return loaded.ruleset


def match_lines(ruleset: RuleSet, lines: Iterable[str]) -> Iterator[MatchedLine]:
    """Documents as JSON lines → matches as JSON objects; a bad line is a value, the others go on.

    Where a rule asks for the language, that of a document which names none is detected.
    """
    heard = with_language(ruleset)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        document = document_in(line)
        if isinstance(document, str):
            yield MatchedLine(problem=f"{number}: {document}")
            continue
        for answer in ruleset.match(heard(document)):
            if isinstance(answer, RuleFailure):
                yield MatchedLine(problem=f'{number}: rule "{answer.rule}" failed: {answer.why}')
            else:
                yield MatchedLine(match=match_to_json(answer))
