"""Reads a user's table strictly: unknown keys, wrong types and missing values each become one problem."""

from __future__ import annotations

import difflib
import re
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from monitor.model.problem import Gravity, Problem

Path = tuple[str | int, ...]

RULE_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*rules[ \t]*\]\]", re.MULTILINE)
_LONGEST_QUERY = 500  # lines that are searched for the one that is wrong


class RuleSource:
    """One rule file being read, and what was found wrong with it."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.problems: list[Problem] = []
        self.rules = 0
        """How many `[[rules]]` tables there are."""

    def rule_line(self, index: int) -> int:
        """The line of the header of a rule; 0 where it cannot be told."""
        if len(self._headers) == self.rules:
            return self._headers[index].line
        return self.line(("rules", index))

    def report(
        self,
        path: Path,
        message: str,
        gravity: Gravity = Gravity.ERROR,
        context: tuple[str, ...] = (),
        *,
        key: bool = False,
    ) -> None:
        """Adds a problem at the line of the value at `path`, or of its key."""
        line = self.line(path, key=key)
        if context:
            line = self.line_shown(line, context[0])
        self.problems.append(Problem(self.name, line, message, gravity, context))

    def line_shown(self, first: int, shown: str) -> int:
        """Of a query over several lines the one that its context shows; `first` where that cannot be told."""
        wanted = shown.strip().strip("…")
        for number, line in enumerate(self.text.split("\n")[first - 1 : first + _LONGEST_QUERY], first):
            if number > first and line.startswith("["):
                break
            if wanted in line.replace("\t", " "):
                return number
        return first

    def line(self, path: Path, *, key: bool = False) -> int:
        """The line of a value; 0 where it cannot be told."""
        # Loads a parser that a file without errors never needs.
        from monitor.core.text.toml_lines import line_of

        match path:
            case ("rules", int(index), *rest) if len(self._headers) == self.rules and index < self.rules:
                return self._line_in(index, rest, key)
            case _:  # or a header stands inside a long text, or is written in another way
                return line_of(self.text, path, key=key)

    def line_below(self, header: int, path: Path) -> int:
        """The line of a value in the rule whose header stands on the line `header`, found as `line` finds it."""
        place = bisect_left(self._headers, header, key=lambda table: table.line)
        if self._headers[place : place + 1] and self._headers[place].line == header:
            return self._line_in(place, path[2:], False)
        return self.line(path)

    def _line_in(self, index: int, rest: Sequence[str | int], key: bool) -> int:
        from monitor.core.text.toml_lines import line_of

        # Of a large file only the one table is read: a thousand warnings must not cost a minute.
        start, following = self._headers[index], self._headers[index + 1 : index + 2]
        table = self.text[start.start : following[0].start if following else len(self.text)]
        return start.line - 1 + line_of(table, ("rules", 0, *rest), key=key)

    @cached_property
    def _headers(self) -> list[_RuleTable]:
        """What looks like a header `[[rules]]`, told without the parser for lines."""
        found: list[_RuleTable] = []
        line, since = 1, 0
        for header in RULE_HEADER.finditer(self.text):
            line += self.text.count("\n", since, header.start())
            since = header.start()
            found.append(_RuleTable(line, since))
        return found


@dataclass(frozen=True, slots=True)
class _RuleTable:
    line: int
    start: int  # offset of its header


def written(path: Path) -> str:
    """A path as people write it: `rules[3].query`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


class Table:
    """One table of a rule file. Every getter reports what is wrong and goes on with its default."""

    def __init__(self, source: RuleSource, path: Path, values: Mapping[str, Any]) -> None:
        self.source = source
        self.path = path
        self.values = values
        self.sound = True

    def wrong(self, key: str, message: str, *, at_key: bool = False) -> None:
        """Reports an error about one key; the table is unsound from then on."""
        self.sound = False
        path = (*self.path, key)
        self.source.report(path, f"{written(path)}: {message}", key=at_key)

    def wrong_below(self, tail: Path, message: str) -> None:
        """Reports an error about a value further down: the message says where."""
        self.sound = False
        self.source.report((*self.path, *tail), f"{written(self.path)}.{message}")

    def known(self, keys: Collection[str]) -> None:
        """Reports every key that is none of `keys`."""
        for key in self.values:
            if key in keys:
                continue
            near = difflib.get_close_matches(key, keys, 1)
            hint = f'did you mean "{near[0]}"?' if near else f"there are: {', '.join(sorted(keys))}"
            self.wrong(key, f"unknown key; {hint}", at_key=True)

    def text(self, key: str, default: str | None = None) -> str:
        """A string; without a default it must be there and must not be blank."""
        if key not in self.values:
            if default is None:
                self.sound = False
                where = f"{written(self.path)}: " if self.path else ""
                self.source.report(self.path, f'{where}"{key}" is missing')
            return default or ""
        value = self.values[key]
        if not isinstance(value, str):
            self.wrong(key, f"must be a string, not {_kind(value)}")
            return default or ""
        return value

    def one_of(self, key: str, choices: Collection[str], default: str) -> str:
        """A string out of a few."""
        value = self.text(key, default)
        if value in choices:
            return value
        near = difflib.get_close_matches(value, choices, 1)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        self.wrong(key, f'"{value}" is none of {", ".join(choices)}{hint}')
        return default

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, empty when absent."""
        values = self.items(key)
        for index, value in enumerate(values):
            if not isinstance(value, str) or not value.strip():
                self.wrong(key, f"item {index + 1} must be a string with something in it")
                return ()
        return tuple(values)

    def text_or_texts(self, key: str) -> tuple[str, ...]:
        """One string or a list of them, empty when absent."""
        return (self.text(key),) if isinstance(self.values.get(key), str) else self.texts(key)

    def items(self, key: str) -> list[Any]:
        """A list of anything, empty when absent."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            self.wrong(key, f"must be a list, not {_kind(value)}")
            return []
        return value

    def flag(self, key: str) -> bool:
        """true or false, false when absent."""
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            self.wrong(key, f"must be true or false, not {_kind(value)}")
            return False
        return value


def _kind(value: object) -> str:
    names = {
        bool: "true or false",
        str: "a string",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), "a date or time")
