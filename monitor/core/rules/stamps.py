"""`each = { place = ["torkham", "chaman"] }`: one `[[rules]]` table stamped out into a rule per value."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod

from monitor.core.rules.table import Table

MOST = 10_000
"""Rules of one table."""

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}\Z")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_-]*)\}")
_NO_VALUE = re.compile(r"[{}\x00-\x1f\x7f]|\A\s*\Z|\A.{101}", re.DOTALL)
_NO_KEYS = ("title", "body", "file")  # what an example says by itself


@dataclass(frozen=True, slots=True)
class Stamp:
    """One value for each key; none of a table without `each`."""

    values: Mapping[str, str]

    def fill(self, text: str) -> str:
        """The text with the value in place of each `{key}`; other braces stay."""
        if not self.values or "{" not in text:
            return text
        return _PLACEHOLDER.sub(lambda found: self.values.get(found[1], found[0]), text)

    def __str__(self) -> str:
        return ", ".join(f'{key} = "{value}"' for key, value in self.values.items())


PLAIN = Stamp({})


def read_stamps(table: Table) -> tuple[Stamp, ...]:
    """The stamps of a table: all combinations of its values, the last key first to vary; none when it is wrong."""
    if "each" not in table.values:
        return (PLAIN,)
    each = table.values["each"]
    if not isinstance(each, dict) or not each:
        table.wrong("each", 'must be a table of lists: each = { place = ["torkham", "chaman"] }')
        return ()
    lists = {key: _values(table, key, value) for key, value in each.items()}
    if not all(lists.values()):
        return ()
    rules = prod(map(len, lists.values()))
    if rules > MOST:
        table.wrong("each", f"makes {rules:,} rules; one table makes at most {MOST:,}")
        return ()
    return tuple(Stamp(dict(zip(lists, values, strict=True))) for values in product(*lists.values()))


def check_placeholders(table: Table, key: str, text: str, stamps: tuple[Stamp, ...]) -> None:
    """Reports every `{name}` of a text that is no key of `each`; a table without one may write braces."""
    keys = list(stamps[0].values) if stamps else []
    for name in dict.fromkeys(_PLACEHOLDER.findall(text)) if keys else ():
        if name not in keys:
            near = difflib.get_close_matches(name, keys, 1)
            hint = (
                f"did you mean {{{near[0]}}}?" if near else f"there are: {', '.join(f'{{{one}}}' for one in keys)}"
            )
            table.wrong(key, f"each has no {{{name}}}; {hint}")


def named_in(text: str) -> Iterator[str]:
    """The names in braces."""
    return iter(_PLACEHOLDER.findall(text) if "{" in text else ())


def _values(table: Table, key: str, value: object) -> list[str]:
    path = f"each.{key}"
    if not _KEY.match(key) or key in _NO_KEYS:
        table.wrong("each", f'"{key}" is no key: letters, digits, _ and -, and none of {", ".join(_NO_KEYS)}')
        return []
    if not isinstance(value, list) or not value:
        table.wrong_below(("each", key), f"{path}: must be a list with texts in it")
        return []
    seen: set[str] = set()
    for index, one in enumerate(value):
        if not isinstance(one, str) or _NO_VALUE.search(one):
            why = "must be a text of at most 100 characters on one line, without braces"
            table.wrong_below(("each", key, index), f"{path}: item {index + 1} {why}")
            return []
        if one in seen:
            table.wrong_below(("each", key, index), f'{path}: "{one}" is there twice')
            return []
        seen.add(one)
    return value
