"""`renamed_from`: the names that digests and receivers had before, whose history they keep."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from monitor.config.faults import Notes, Step
from monitor.config.values import quoted
from monitor.model.health import HEALTH
from monitor.model.renaming import Named, Rename

KEY = "renamed_from"
_Place = tuple[Step, ...]


def check_old_names(raw: Mapping[str, Any], notes: Notes) -> None:
    """Notes old names that are in use, or that two have: their history cannot go to two places."""
    for kind, table in ((Named.DIGEST, "digests"), (Named.RECEIVER, "receivers")):
        named = list(_named(raw, table))
        in_use: dict[str, tuple[str, _Place]] = {}
        for name, path, _ in named:
            in_use.setdefault(name.casefold(), (name, path))
        claimed: dict[str, tuple[str, _Place]] = {}
        for name, path, old in named:
            for at, was in _written(old):
                place = (*path, KEY, *at)
                if why := _problem(kind, name, path, was, place, in_use, claimed, notes):
                    notes.error(place, why)


def renames_of(raw: Mapping[str, Any], notes: Notes, file: str) -> Iterator[Rename]:
    """The renames of a config that holds, in the order of the file."""
    for kind, table in ((Named.DIGEST, "digests"), (Named.RECEIVER, "receivers")):
        for name, path, old in _named(raw, table):
            for at, was in _written(old):
                yield Rename(kind, was, name, file, notes.line((*path, KEY, *at)))


def _problem(
    kind: Named,
    name: str,
    path: _Place,
    was: str,
    place: _Place,
    in_use: Mapping[str, tuple[str, _Place]],
    claimed: dict[str, tuple[str, _Place]],
    notes: Notes,
) -> str:
    if was == name:
        return f"{quoted(was)} is its name now"
    if kind is Named.DIGEST and was.casefold() == HEALTH:
        return f"{quoted(was)} is the name of the monitor's own messages"
    other, at = in_use.get(was.casefold(), (name, path))
    if at != path:  # a digest may be written in other letters
        chain = f"the {kind.value} in line {notes.line(at)} has the name {quoted(other)}"
        return f"{chain}, and its history stays there; only what is in use no more can be an old name"
    owner, first = claimed.setdefault(was.casefold(), (name, place))
    if first != place:
        whose = "it" if owner == name else f"{kind.value} {quoted(owner)}"
        return f"{quoted(was)} is an old name of {whose} already, in line {notes.line(first)}"
    return ""


def _named(raw: Mapping[str, Any], table: str) -> Iterator[tuple[str, _Place, Any]]:
    """Each thing of that kind by its name, where it stands, and its `renamed_from`; what has no name is none."""
    found = raw.get(table)
    if isinstance(found, list):
        for index, one in enumerate(found):
            if isinstance(one, dict) and isinstance(one.get("name"), str):
                yield one["name"], (table, index), one.get(KEY)
    elif isinstance(found, dict):
        for name, one in found.items():
            if isinstance(one, dict):
                yield name, (table, name), one.get(KEY)


def _written(old: Any) -> list[tuple[tuple[Step, ...], str]]:
    """The old names, each with its place in the list; anything else was reported by its shape."""
    if isinstance(old, str):
        return [((), old)]
    return [((i,), one) for i, one in enumerate(old) if isinstance(one, str)] if isinstance(old, list) else []
