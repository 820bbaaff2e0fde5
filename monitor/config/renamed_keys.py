"""Keys of config.toml that have another name by now: for two releases the old one is read, then it is an error.

A key is written with the tables it stands in, `*` for any name or position: `digests.*.quiet`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from monitor.config.faults import Notes, Step, subject_of

RELEASES = 2
"""For so many releases, that of the new name included, the old one is read with a warning (interface contract)."""


@dataclass(frozen=True, slots=True)
class RenamedKey:
    """`old` is called `new` since that release (X.Y)."""

    old: str
    new: str
    since: str


RENAMED_KEYS: tuple[RenamedKey, ...] = ()
"""All of them. None has been renamed yet."""


@dataclass(frozen=True, slots=True)
class Moved:
    """An old key that stands in a file, and the new one; not `read` when `both` are there, or too long ago."""

    old: tuple[Step, ...]
    new: tuple[Step, ...]
    key: RenamedKey
    read: bool
    both: bool = False


def with_new_names(
    raw: Mapping[str, Any], keys: Sequence[RenamedKey], version: str
) -> tuple[dict[str, Any], tuple[Moved, ...]]:
    """A raw file with the values of old keys under the new ones, and no old key; and what was found.

    Never raises, whatever stands in the file.
    """
    found: list[Moved] = []
    renamed: dict[str, Any] = deepcopy(dict(raw)) if keys else dict(raw)
    for key in keys:
        for old, stars in list(_places(renamed, key.old.split("."))):
            into = iter(stars)
            new = tuple(next(into) if step == "*" else step for step in key.new.split("."))
            value = _parent(renamed, old).pop(old[-1])
            if len(old) == 2 and new[0] != old[0] and renamed[str(old[0])] == {}:
                del renamed[str(old[0])]  # a table of which nothing is left has gone with its keys
            table = _parent(renamed, new, make=True)
            both = isinstance(table, dict) and new[-1] in table
            read = isinstance(table, dict) and not both and _age(key.since, version) < RELEASES
            if read:
                table[new[-1]] = value
            found.append(Moved(old, new, key, read, both))
    return renamed, tuple(found)


def note_moved(moved: Sequence[Moved], notes: Notes) -> None:
    """Notes a warning for each old key that is read, an error for each that is not; what is wrong with a value is
    told at the line where it stands."""
    for one in moved:
        new, line = subject_of(one.new), notes.key_line(one.old)
        said = f"is called {new} since {one.key.since}"
        if one.both:
            notes.error(one.old, f"{said}, and that is there too: take the old one away", line=line)
        elif one.read:
            notes.stands_at(one.new, one.old)
            notes.warning(one.old, f"{said}; write that, the old name is read for {RELEASES} releases", line=line)
        else:
            notes.error(one.old, f"{said}; write that", line=line)


def _places(
    value: Any, pattern: Sequence[str], path: tuple[Step, ...] = (), stars: tuple[Step, ...] = ()
) -> Iterator[tuple[tuple[Step, ...], tuple[Step, ...]]]:
    """Where a key stands, with what its stars are there."""
    if not pattern:
        yield path, stars
        return
    step, rest = pattern[0], pattern[1:]
    if step == "*":
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for name, inside in items:
            yield from _places(inside, rest, (*path, name), (*stars, name))
    elif isinstance(value, dict) and step in value:
        yield from _places(value[step], rest, (*path, step), stars)


def _parent(raw: Any, path: Sequence[Step], *, make: bool = False) -> Any:
    """What a path stands in; a table that is missing is made where wanted. Anything may be there."""
    found = raw
    for step in path[:-1]:
        try:
            found = found.setdefault(step, {}) if make and isinstance(found, dict) else found[step]
        except (TypeError, LookupError):
            return None
    return found


def _age(since: str, version: str) -> int:
    """How many releases a version is younger; of a new major version, one at least is between."""
    (major, minor), (then, part) = (tuple(int(one) for one in text.split(".")[:2]) for text in (version, since))
    return minor - part if major == then else major - then + minor
