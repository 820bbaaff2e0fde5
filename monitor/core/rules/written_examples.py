"""Reads the examples of a rule table, and says which of its rules each belongs to.

Of a table without `each` an example belongs to its one rule. Else it says which values it speaks of: by a
placeholder (`"{place} closed"`, tried with every value) or by a key (`{ place = "torkham", body = "…" }`, with
that value alone). All rules with those values are meant: `must_match` asks that one of them matches,
`must_not_match` that none does. So an example that speaks of no value belongs to all rules of the table.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from monitor.core.rules.document import document_from_json
from monitor.core.rules.errors import DocumentInvalid
from monitor.core.rules.stamps import Stamp, named_in
from monitor.core.rules.table import Table
from monitor.model.rule import Example

EXAMPLE_KEYS = ("must_match", "must_not_match")

_FORMS = 'must be a text, "file:…" or { title = "…", body = "…" }'
_ABOUT = ("summary", "url", "publisher", "section", "language", "authors", "feed", "tags")
_KEYS = ("title", "body", *_ABOUT)


@dataclass(frozen=True, slots=True)
class _Written:
    """An example as written; `pins` are the values it is for."""

    example: Example
    pins: Mapping[str, str]
    stamped: bool  # something is filled in


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples of one key of a table."""

    written: tuple[_Written, ...]

    def of(self, stamp: Stamp) -> tuple[Example, ...]:
        """Those of the rule that the stamp makes."""
        if not stamp.values:
            return tuple(one.example for one in self.written)
        return tuple(
            _filled(one.example, stamp) if one.stamped else one.example
            for one in self.written
            if all(stamp.values[key] == value for key, value in one.pins.items())
        )


def read_examples(table: Table, key: str, stamps: Sequence[Stamp]) -> Examples:
    """The examples of `must_match` or `must_not_match`; what is wrong with one is reported and it is left out."""
    values = table.items(key)
    if not values or not stamps:
        return Examples(())
    each = {name: list(dict.fromkeys(stamp.values[name] for stamp in stamps)) for name in stamps[0].values}
    found = [_read(table, key, place, value, each) for place, value in enumerate(values)]
    return Examples(tuple(one for one in found if one is not None))


def _read(table: Table, key: str, place: int, value: Any, each: Mapping[str, list[str]]) -> _Written | None:
    pins: dict[str, Any] = {}
    if isinstance(value, dict) and each:
        pins = {name: said for name, said in value.items() if name in each}
        value = {name: said for name, said in value.items() if name not in each}
    for name, said in pins.items():
        if said not in each[name]:
            _say_no_value(table, key, place, name, said, each[name])
            return None
    try:
        example = _example(value, each)
    except DocumentInvalid as error:
        table.wrong(key, f"example {place + 1}{error}")
        return None
    filled = {name for text in _texts(example) for name in named_in(text) if name in each}
    many = {name for name, choices in each.items() if len(choices) > 1}
    shared = key == "must_match" and bool(many - filled - pins.keys())
    return _Written(replace(example, shared=shared, place=place), pins, bool(filled))


def _say_no_value(table: Table, key: str, place: int, name: str, said: Any, known: list[str]) -> None:
    near = difflib.get_close_matches(said, known, 1) if isinstance(said, str) else []
    hint = f'; did you mean "{near[0]}"?' if near else ""
    shown = f'"{said}"' if isinstance(said, str) else str(said)
    table.wrong(key, f"example {place + 1}: {shown} is no value of each.{name}{hint}")


def _example(value: Any, each: Collection[str]) -> Example:
    """The example as written. Raises DocumentInvalid, whose message goes on from "example 2"."""
    match value:
        case str() if value.startswith("file:") and value != "file:":
            return Example(file=value.removeprefix("file:"))
        case str() if value.strip():
            return Example(body=value)
        case dict() if value:
            return _described(value, each)
        case _:
            more = f"; {', '.join(each)} of each may stand beside them" if each else ""
            raise DocumentInvalid(f" {_FORMS}{more}")


def _described(value: Mapping[str, Any], each: Collection[str]) -> Example:
    for name in value:
        if name not in _KEYS:
            near = difflib.get_close_matches(name, (*_KEYS, *each), 1)
            hint = f'did you mean "{near[0]}"?' if near else f"there are: {', '.join((*_KEYS, *each))}"
            raise DocumentInvalid(f': unknown key "{name}"; {hint}')
    try:
        document = document_from_json({"id": "example", **value})
    except DocumentInvalid as error:
        raise DocumentInvalid(f": {error}") from None
    about = tuple((name, getattr(document, name)) for name in _ABOUT if name in value)
    return Example(document.title, document.body, about=about)


def _texts(example: Example) -> Iterator[str]:
    yield from (example.title, example.body, example.file or "")
    for _, said in example.about:
        yield from (said,) if isinstance(said, str) else said


def _filled(example: Example, stamp: Stamp) -> Example:
    return replace(
        example,
        title=stamp.fill(example.title),
        body=stamp.fill(example.body),
        file=None if example.file is None else stamp.fill(example.file),
        about=tuple(
            (name, stamp.fill(said) if isinstance(said, str) else tuple(map(stamp.fill, said)))
            for name, said in example.about
        ),
    )
