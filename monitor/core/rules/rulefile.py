"""What one rule file says by itself: read once, and again when its text is another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import tomli

from monitor.core.rules.entries import RawEntity, RawRule, read_entity, read_rules
from monitor.core.rules.family_tables import read_family
from monitor.core.rules.table import Path, RuleSource, Table
from monitor.core.text.families import FamilyChange
from monitor.model.problem import Problem

MAX_FILE = 5_000_000
"""Characters of one rule file."""

MAX_RULES = 200_000
"""Rules of one file: a few lines with `each` could make more than any memory holds."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}\Z")
_OPEN_QUOTE = (r"Illegal character '\n'", r"Found invalid character '\n'", 'Expected "\'"', "Unterminated string")
_TOML_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class RuleFile:
    """The text of one rule file and the name to show for it."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class RuleTable:
    """The rules of one `[[rules]]` table, and the number of the table."""

    index: int
    rules: tuple[RawRule, ...]

    @property
    def path(self) -> Path:
        """Where the table stands."""
        return ("rules", self.index)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """Entities and terms by name, None for one that is written and not sound; the sound rules; what is wrong."""

    entities: tuple[tuple[str, RawEntity | None], ...]
    terms: tuple[tuple[str, str | None], ...]
    rules: tuple[RuleTable, ...]
    problems: tuple[Problem, ...]
    tables: int
    """How many `[[rules]]` there are, sound or not."""
    families: tuple[tuple[str, str, FamilyChange], ...] = ()
    """Changes of word families: the name as it is written, the head, the change."""


def read_file(source: RuleSource) -> ReadFile:
    """Reads the text of a source. Never raises for what stands in it."""
    top = Table(source, (), _toml(source))
    tables = top.items("rules")
    source.rules = len(tables)
    top.known(("entities", "terms", "families", "rules"))
    entities = tuple((name, read_entity(table, name)) for name, table in _named(top, "entities"))
    terms = tuple((name, _term(table)) for name, table in _named(top, "terms"))
    families = tuple(
        (name, *found) for name, table in _tables(top, "families") if (found := read_family(table, name))
    )
    sound = tuple(_all_rules(source, tables))
    return ReadFile(entities, terms, sound, tuple(source.problems), len(tables), families)


def _all_rules(source: RuleSource, tables: list[Any]) -> Iterator[RuleTable]:
    """The tables with a sound rule, as far as one file may go."""
    room = MAX_RULES
    for index, value in enumerate(tables):
        table = _rules(source, index, value)
        room -= len(table.rules)
        if room < 0:
            source.report(("rules", index), f"rules[{index}]: the file makes more than {MAX_RULES:,} rules")
            return
        if table.rules:
            yield table


def _rules(source: RuleSource, index: int, value: object) -> RuleTable:
    path: Path = ("rules", index)
    if isinstance(value, dict):
        return RuleTable(index, read_rules(Table(source, path, value), source.rule_line(index)))
    source.report(path, f"rules[{index}]: must be a table: [[rules]]")
    return RuleTable(index, ())


def _term(table: Table) -> str | None:
    table.known(("query",))
    query = table.text("query")
    return query if table.sound else None


def _toml(source: RuleSource) -> dict[str, Any]:
    if len(source.text) > MAX_FILE:
        source.problems.append(Problem(source.name, 0, f"larger than {MAX_FILE:,} characters"))
        return {}
    try:
        return tomli.loads(source.text)
    except tomli.TOMLDecodeError as error:
        found = _TOML_LINE.search(str(error))
        # "(at end of document)" names no line: the trouble is on the last one
        line = int(found.group(1)) if found else source.text.rstrip().count("\n") + 1
        message = _TOML_LINE.sub("", str(error)).removesuffix(" (at end of document)")
        if message in _OPEN_QUOTE:
            message = "a quote that is not closed on its line"
        source.problems.append(Problem(source.name, line, f"not valid TOML: {message}"))
    except (ValueError, OverflowError):  # of a number of thousands of digits, say
        source.problems.append(Problem(source.name, 0, "not valid TOML: a number or date is out of range"))
    except RecursionError:
        source.problems.append(Problem(source.name, 0, "not readable: lists or tables nested too deep"))
    return {}


def _named(top: Table, key: str) -> Iterator[tuple[str, Table]]:
    for name, table in _tables(top, key):
        if _NAME.match(name):
            yield name, table
        else:
            top.source.report(table.path, f'"{name}" is no name: letters, digits, _ and - of ASCII')


def _tables(top: Table, key: str) -> Iterator[tuple[str, Table]]:
    group = top.values.get(key, {})
    if not isinstance(group, dict):
        top.wrong(key, f"must be tables: [{key}.NAME]")
        return
    for name, value in group.items():
        if isinstance(value, dict):
            yield name, Table(top.source, (key, name), value)
        else:
            top.source.report((key, name), f"{key}.{name}: must be a table: [{key}.{name}]")
