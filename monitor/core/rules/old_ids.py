"""`renamed_from`: the ids that rules had before, under which the store keeps their history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from monitor.core.rules.rulefile import ReadFile
from monitor.core.rules.table import Path, RuleSource


def read_old_ids(
    files: Iterable[tuple[RuleSource, ReadFile]], homes: Mapping[str, tuple[RuleSource, Path]]
) -> dict[str, str]:
    """The id that each old one has become. Reports, and leaves out, what is an id still, or of two rules.

    `homes` says of `rule ID` where it stands.
    """
    found: dict[str, str] = {}
    places: dict[str, tuple[RuleSource, Path]] = {}
    for source, file in files:
        for table in file.rules:
            for raw in table.rules:
                for old in raw.renamed_from:
                    here = (source, (*table.path, "renamed_from"))
                    if why := _problem(raw.rule.id, old, found, places, homes):
                        source.report(here[1], f'rule "{raw.rule.id}": renamed_from "{old}" {why}')
                    else:
                        found[old], places[old] = raw.rule.id, here
    return found


def _problem(
    id_: str,
    old: str,
    found: Mapping[str, str],
    places: Mapping[str, tuple[RuleSource, Path]],
    homes: Mapping[str, tuple[RuleSource, Path]],
) -> str:
    if old == id_:
        return "is its id now"
    if home := homes.get(f"rule {old}"):
        where = f"{home[0].name}:{home[0].line(home[1])}"
        return f"is the id of the rule in {where}, whose history stays there; only what is in use no more can be"
    if old in found:
        source, path = places[old]
        return f'is an old id of rule "{found[old]}" already, in {source.name}:{source.line(path)}'
    return ""
