"""Reads a user's table strictly: unknown keys, wrong types and missing values each become one problem."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any

from monitor.model.problem import Gravity, Problem

Path = tuple[str | int, ...]

_LONGEST_QUERY = 500  # lines that are searched for the one that is wrong


class RuleSource:
    """One rule file being read, and what was found wrong with it."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.problems: list[Problem] = []

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
            line = self._line_shown(line, context[0])
        self.problems.append(Problem(self.name, line, message, gravity, context))

    def _line_shown(self, first: int, shown: str) -> int:
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
        from monitor.core.text.toml_lines import line_of  # loads a parser that a file without errors never needs

        return line_of(self.text, path, key=key)


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

    def known(self, keys: Collection[str], later: Collection[str] = ()) -> None:
        """Reports every key that is none of `keys`; those of `later` by their own message."""
        for key in self.values:
            if key in keys:
                continue
            if key in later:
                self.wrong(key, "not in this version yet", at_key=True)
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
