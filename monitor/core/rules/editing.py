"""Changes one rule in the text of a rule file: every comment stays, and every other byte of the file.

The table is cut out and changed by tomlkit, which keeps comments; then the whole is read again and compared with
what is meant, so that neither the cutting nor the writing is trusted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import tomli
import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Array, Item, Table

from monitor.core.rules.table import RULE_HEADER
from monitor.core.text.toml_tables import Cut, cut_table
from monitor.model.errors import MonitorError

T = TypeVar("T")

Values = Mapping[str, Any]
"""A rule's table: texts, lists of texts and tables, as TOML has them."""

_RULES = "rules"
_APART = "its table is not written in one piece below a [[rules]] of its own"
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_LONG = 60  # characters of a list's texts that stand on one line


class NotWritable(MonitorError):
    """A rule that cannot be changed where it stands; the message says why, beginning with "its" or "the"."""


@dataclass(frozen=True, slots=True)
class Written:
    """A rule as a file has it: the number of its table, what that says, and its text with its comments."""

    index: int
    values: Values
    table: str


def written_rules(text: str) -> Sequence[Values]:
    """The tables of all rules of a file, in its order; none of a text that is no TOML."""
    try:
        found = tomli.loads(text).get(_RULES, [])
    except (ValueError, RecursionError, OverflowError):
        return []
    return found if isinstance(found, list) and all(isinstance(one, dict) for one in found) else []


def written_rule(text: str, index: int) -> Written:
    """The rule of that number. Raises NotWritable where it cannot be changed, IndexError where there is none."""
    return Written(index, written_rules(text)[index], _cut(text, index).table)


def glimpsed_rule(text: str, index: int, tables: int) -> Written | None:
    """The rule of that number in a file that is known to hold so many, without reading the others: of 5,000 rules
    all takes 150 ms. To be shown; who writes reads the whole. None where it cannot be told so."""
    starts = [header.start() for header in RULE_HEADER.finditer(text)]
    if len(starts) != tables:  # one stands inside a text, or is written in another way
        return None
    cut = cut_table(text[starts[index] : (*starts, len(text))[index + 1]], _RULES, 0)
    rules = [] if cut is None else written_rules(cut.table)
    return None if cut is None or len(rules) != 1 else Written(index, rules[0], cut.table)


def changed(text: str, index: int, changes: Values) -> str:
    """The text with other values for these keys of one rule; None takes a key away. Raises NotWritable."""
    cut, before = _cut(text, index), written_rules(text)
    wanted = {key: value for key, value in {**before[index], **changes}.items() if value is not None}
    document = _guarded(lambda: tomlkit.parse(_with_line_feeds(cut.table)))
    if document.unwrap() != {_RULES: [before[index]]}:
        raise NotWritable(_APART)

    def change() -> str:
        table = document[_RULES][0]
        assert isinstance(table, Table)
        for key, value in changes.items():
            _set(table, key, value)
        return tomlkit.dumps(document)

    table = _guarded(change)
    rules = [*before[:index], wanted, *before[index + 1 :]]
    return _checked(text, cut.before + _with_breaks_of(cut.table, table) + cut.after, rules)


def replaced(text: str, index: int, table: str) -> str:
    """The text with another table in place of one rule's, or without it where that is "". Raises NotWritable."""
    cut, before = _cut(text, index), written_rules(text)
    rules = [*before[:index], *written_rules(table), *before[index + 1 :]]
    return _checked(text, cut.before + table + cut.after, rules)


def appended(text: str, values: Values) -> str:
    """The text with one more rule at its end. Raises NotWritable."""
    gap = "" if not text.strip() else "\n" if text.endswith("\n") else "\n\n"
    table = _with_breaks_of(text, gap + rule_toml(values))
    return _checked(text, text + table, [*written_rules(text), dict(values)])


def rule_toml(values: Values) -> str:
    """A rule as a table for a rule file."""

    def write() -> str:
        table = tomlkit.table()
        for key, value in values.items():
            _set(table, key, value)
        rules = tomlkit.aot()
        rules.append(table)
        return tomlkit.dumps({_RULES: rules})

    return _guarded(write)


def value_toml(value: object) -> str:
    """One value as TOML has it on one line."""
    return _guarded(lambda: _item(value).as_string())


def _cut(text: str, index: int) -> Cut:
    found = cut_table(text, _RULES, index)
    if found is None:
        raise NotWritable(_APART)
    return found


def _checked(before: str, after: str, rules: Sequence[Values]) -> str:
    """`after`, when it says what `before` said but for these rules."""
    try:
        said = tomli.loads(before)
    except (ValueError, RecursionError) as error:
        raise NotWritable(f"the file is no TOML: {error}") from error
    wanted = {**said, _RULES: list(rules)}
    if not rules:
        del wanted[_RULES]
    if _guarded(lambda: tomli.loads(after)) != wanted:
        raise NotWritable(_APART)
    return after


def _guarded(work: Callable[[], T]) -> T:
    try:
        return work()
    except (TOMLKitError, ValueError, TypeError, LookupError, RecursionError, AttributeError) as error:
        raise NotWritable("the file is written there in a way that the monitor does not change") from error


def _set(table: Table, key: str, value: Any) -> None:
    """Writes as little as the change needs: what stands beside it is somebody's."""
    old = table.get(key)
    if value is None:
        table.pop(key, None)
    elif isinstance(value, list) and isinstance(old, (Array, AoT)):
        _change(old, value)
    elif isinstance(value, list):
        table[key] = _array(value)
    else:
        table[key] = _text(value)


def _change(old: Array | AoT, wanted: Sequence[Any]) -> None:
    """Takes out of a list what is no longer wanted, and puts what is new behind the rest."""
    kept, gone = 0, []
    for place, one in enumerate(old.unwrap()):
        if wanted[kept : kept + 1] == [one]:
            kept += 1
        else:
            gone.append(place)
    for place in reversed(gone):
        del old[place]
    for one in wanted[kept:]:
        old.append(tomlkit.item(one) if isinstance(old, AoT) else _item(one))


def _array(values: Sequence[Any]) -> Item:
    array = tomlkit.array()
    for one in values:
        array.append(_item(one))
    return array.multiline(len(values) > 1 and len(array.as_string()) > _LONG)


def _item(value: object) -> Item:
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        for key, one in value.items():
            table[key] = _item(one)
        return table
    if isinstance(value, list):
        return _array(value)
    return tomlkit.string(value) if isinstance(value, str) else tomlkit.item(value)


def _text(value: str) -> Item:
    """A text as people write queries: on lines of its own where it has several, and without escapes."""
    if _CONTROLS.search(value) is None:
        if "\n" in value.strip("\n") and "'''" not in value and not value.endswith("'"):
            return tomlkit.value(f"'''\n{value}'''")
        if ('"' in value or "\\" in value) and "'" not in value and "\n" not in value:
            return tomlkit.string(value, literal=True)
    return tomlkit.string(value)


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n")


def _with_breaks_of(text: str, table: str) -> str:
    """The table with the line ends of the file."""
    return table.replace("\n", "\r\n") if "\r\n" in text else table
