"""Whether what a rule file says is in force."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitor.app.open_house import OpenHouse
from monitor.app.rule_tables import FiledRule


class Standing(StrEnum):
    """What became of the file as it is now."""

    IN_FORCE = "in_force"
    COMING = "coming"  # it is being taken up
    REFUSED = "refused"  # it was read, and something does not hold
    WAITING = "waiting"  # nobody has asked for it to be read
    UNKNOWN = "unknown"  # the rule stands in no file of the config


@dataclass(frozen=True, slots=True)
class RuleStanding:
    """That, and why it was refused."""

    standing: Standing
    why: str = ""


def standing_of(open_house: OpenHouse, filed: FiledRule | None) -> RuleStanding:
    """Of the whole file: a reload takes up all of it or nothing."""
    if filed is None:
        return RuleStanding(Standing.UNKNOWN)
    reloader = open_house.reloader
    # Asked first: what is no more to come now stands in the rules that are looked at next.
    is_coming = reloader is not None and reloader.is_asked
    if open_house.ready().ruleset.sources.get(filed.file) == filed.text:
        return RuleStanding(Standing.IN_FORCE)
    if is_coming:
        return RuleStanding(Standing.COMING)
    if reloader is None:
        return RuleStanding(Standing.WAITING)
    if reloader.last is not None and reloader.last.problem is not None:
        return RuleStanding(Standing.REFUSED, reloader.last.problem)
    return RuleStanding(Standing.COMING if reloader.watches else Standing.WAITING)
