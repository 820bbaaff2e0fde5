"""Where a rule stands in the rule files as they are now, whatever rules are in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from monitor.app.check import Ready, rule_files_of
from monitor.app.files import Unreadable, read_text
from monitor.app.rewriting import why_read_only
from monitor.core.rules.editing import (
    NotWritable,
    Values,
    Written,
    glimpsed_rule,
    written_rule,
    written_rules,
)
from monitor.model.rule import Rule


@dataclass(frozen=True, slots=True)
class FiledRule:
    """A rule as its file has it. `fixed` says why it cannot be changed there, "" where it can; `table` is its text
    with its comments, "" where that cannot be told."""

    file: str  # as `monitor check` names it
    path: Path
    text: str  # all of the file
    index: int
    values: Values
    table: str
    fixed: str = ""

    @property
    def fingerprint(self) -> str:
        """Changes with every letter of the rule's table, and with nothing else of the file."""
        return fingerprint_of(self.table)


def fingerprint_of(table: str) -> str:
    """That of a rule's table, as text."""
    return blake2b(table.encode(), digest_size=12).hexdigest()


def filed_rule(config: Path, ready: Ready, id: str) -> FiledRule | None:  # noqa: A002  # the word of the rule files
    """The rule of that id, in force or only written; None where no rule file of the config has it."""
    files = rule_files_of(config)
    if ready.ruleset.has(id):
        rule = ready.ruleset.rule(id)
        if rule.file not in files:
            return None
        text = read_text(files[rule.file])
        if isinstance(text, Unreadable):
            return None
        glimpsed = _glimpsed(ready, rule, text)
        if glimpsed is not None:
            return _filed(rule.file, files[rule.file], text, glimpsed.index, glimpsed)
        index = _index(ready, rule, text)
        return None if index is None else _filed(rule.file, files[rule.file], text, index)
    return next(_written_somewhere(files, id), None)


def _glimpsed(ready: Ready, rule: Rule, text: str) -> Written | None:
    """The rule in a file that says what is in force."""
    known = None if ready.memory is None else ready.memory.files.get(rule.file)
    if known is None or known[0] != text:
        return None
    (_, index) = ready.ruleset.path(rule.id)
    assert isinstance(index, int), "tables are counted"
    found = glimpsed_rule(text, index, known[1].tables)
    return found if found and (found.values.get("id") == rule.id or "each" in found.values) else None


def _index(ready: Ready, rule: Rule, text: str) -> int | None:
    """The number of a rule's table in the text that its file has by now."""
    (_, index) = ready.ruleset.path(rule.id)
    assert isinstance(index, int), "tables are counted"
    known = ready.ruleset.sources.get(rule.file)
    if known == text:
        return index
    before = written_rules(known or "")
    wanted = before[index].get("id") if index < len(before) else rule.id  # with the placeholders of an `each`
    return index_of(text, wanted)


def index_of(text: str, id: object) -> int | None:  # noqa: A002  # the word of the rule files
    """The number of the first table with that id, as it is written."""
    return next((place for place, one in enumerate(written_rules(text)) if one.get("id") == id), None)


def _written_somewhere(files: Mapping[str, Path], id: str) -> Iterator[FiledRule]:  # noqa: A002  # likewise
    for name, path in files.items():
        text = read_text(path)
        if not isinstance(text, Unreadable) and id in text and (index := index_of(text, id)) is not None:
            yield _filed(name, path, text, index)


def _filed(name: str, path: Path, text: str, index: int, found: Written | None = None) -> FiledRule:
    fixed = why_read_only(path) or ""
    try:
        found = found or written_rule(text, index)
    except NotWritable as error:
        return FiledRule(name, path, text, index, written_rules(text)[index], "", fixed or str(error))
    return FiledRule(name, path, text, index, found.values, found.table, fixed)
