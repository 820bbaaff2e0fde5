"""What is wrong with a config file, said in the words of the file: pydantic's errors as Problems with lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from monitor.config import shape
from monitor.config.values import did_you_mean, quoted
from monitor.core.text.toml_lines import line_of
from monitor.model.problem import Gravity, Problem

Step = str | int
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_EXPECTED = re.compile(r"'([^']*)'")
_PLAIN = {
    "string_type": "must be a text",
    "string_unicode": "must be a text of valid characters",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "too_short": "must not be empty",
}
_EXAMPLES = {
    "email": ': email = ["desk@example.org"]',
    "to": ': to = ["desk"]',
    "rules": ': rules = ["torkham-*"]',
}


class Notes:
    """Collects the problems of one file, each at its line."""

    def __init__(self, source: str, name: str) -> None:
        self._source = source
        self._name = name
        self._problems: dict[Problem, None] = {}
        self._stands_at: dict[tuple[Step, ...], tuple[Step, ...]] = {}

    def stands_at(self, path: Sequence[Step], written: Sequence[Step]) -> None:
        """What is at `path` is written under another name, at whose line it is told."""
        self._stands_at[tuple(path)] = tuple(written)

    def error(self, path: Sequence[Step], message: str, *, line: int | None = None) -> None:
        """Notes an error at `path`, on its own line unless another is given."""
        self._add(path, message, Gravity.ERROR, line)

    def warning(self, path: Sequence[Step], message: str, *, line: int | None = None) -> None:
        """Notes a warning at `path`, on its own line unless another is given."""
        self._add(path, message, Gravity.WARNING, line)

    def key_line(self, path: Sequence[Step]) -> int:
        """Where the key at the end of `path` stands in the file."""
        return line_of(self._source, self._written(path), key=True)

    def line(self, path: Sequence[Step]) -> int:
        """Where `path` stands in the file."""
        return line_of(self._source, self._written(path))

    def _written(self, path: Sequence[Step]) -> Sequence[Step]:
        for end in range(len(path), 0, -1) if self._stands_at else ():
            if old := self._stands_at.get(tuple(path[:end])):
                return (*old, *path[end:])
        return path

    def problems(self) -> tuple[Problem, ...]:
        """All that was noted, in the order of the file."""
        return tuple(sorted(self._problems, key=lambda problem: problem.line))

    def _add(self, path: Sequence[Step], message: str, gravity: Gravity, line: int | None) -> None:
        subject = subject_of(path)
        text = f"{subject}: {message}" if subject else message
        at = self.line(path) if line is None else line
        self._problems[Problem(self._name, at, text, gravity)] = None


def subject_of(path: Sequence[Step]) -> str:
    """A path as people write it: `digests[0].to`, `receivers."night desk".email`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += ("." if text else "") + (step if _BARE_KEY.fullmatch(step) else quoted(step))
    return text


def note_faults(error: ValidationError, notes: Notes) -> None:
    """Notes every error pydantic found, in our words; the refused values themselves are not repeated."""
    for fault in error.errors(include_url=False, include_input=False):
        path = tuple(fault["loc"])
        kind = fault["type"]
        if kind == "extra_forbidden":
            notes.error(path, _unknown_key(path), line=notes.key_line(path))
        else:
            notes.error(path, _message(kind, path, fault.get("ctx", {})))


def faults_of(error: ValidationError) -> list[str]:
    """Every error pydantic found in one table by itself, in our words: `interval: must be …`."""
    return [
        f"{subject_of(fault['loc'])}: {_message(fault['type'], fault['loc'], fault.get('ctx', {}))}"
        for fault in error.errors(include_url=False, include_input=False)
    ]


def _unknown_key(path: Sequence[Step]) -> str:
    place = _place(path[:-1])
    key = str(path[-1])
    table = shape.TABLES.get(place)
    keys = keys_of(table) if table else []
    near = did_you_mean(key, keys)
    if near or not keys:
        return f"unknown key{near}"
    return f"unknown key; there are: {', '.join(sorted(keys))}"


def keys_of(table: type[BaseModel]) -> list[str]:
    """The keys of a table as they are written in the file."""
    return [field.alias or name for name, field in table.model_fields.items()]


def _place(path: Iterable[Step]) -> tuple[str, ...]:
    place: list[str] = []
    for step in path:
        any_name = isinstance(step, int) or place in (["receivers"], ["publishers"])
        place.append("*" if any_name else str(step))
    return tuple(place)


def _message(kind: str, path: Sequence[Step], context: dict[str, Any]) -> str:
    if kind == "value_error":
        return str(context.get("error", "is refused"))
    if kind == "missing":
        return "is missing"
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return _no_table(path)
    if kind == "literal_error":
        return f"must be {_alternatives(context)}"
    if kind == "greater_than_equal":
        return f"must be at least {context.get('ge')}"
    if kind == "less_than_equal":
        return f"must be at most {context.get('le')}"
    if kind == "list_type" and path in (("feeds",), ("digests",)):
        return f"must be a list of tables: write [[{path[0]}]]"
    if kind == "list_type":
        return "must be a list" + _EXAMPLES.get(str(path[-1]), "")
    return _PLAIN.get(kind, "is not possible here")


def _no_table(path: Sequence[Step]) -> str:
    if path and path[-1] in ("slack", "webhook", "file", "stdout", "auth", "headers"):
        return "must be a table in braces"
    if any(isinstance(step, int) for step in path):
        return f"must be a table: write [[{path[0]}]]"
    return f"must be a table: write [{subject_of(path)}]"


def _alternatives(context: dict[str, Any]) -> str:
    words = [quoted(word) for word in _EXPECTED.findall(str(context.get("expected", "")))]
    return ", ".join(words[:-1]) + " or " + words[-1] if len(words) > 1 else " ".join(words)
