"""Warnings about operands that reach less or more than they seem to say."""

from __future__ import annotations

import pytest

from monitor.core.rules.lints import reach_lints
from monitor.core.rules.parser import parse_with_lints
from monitor.core.text.families import FamilyChange, shipped_families

FAMILIES = shipped_families()


def warned(query: str, families=FAMILIES) -> list[str]:
    node, _ = parse_with_lints(query)
    return [f"{query[lint.start : lint.end]}: {lint.message}" for lint in reach_lints(query, node, families)]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (
            "closed OR ~بند",
            ["~بند: ~بند finds the very word only: no family lists it, and its script has no stemmer"],
        ),
        (
            "Torkham AND import*",
            ["import*: import* also reaches importance, important, importantly; ~import is import and its family"],
        ),
        (
            "plan*",
            ["plan*: plan* also reaches planet, planetary, planets, …; ~plan is plan and its family"],
        ),
        ('"~مسدود gate"', ['"~مسدود gate": ~مسدود finds the very word only: no family lists it, and its script '
                            "has no stemmer"]),
    ],
)  # fmt: skip
def test_what_reaches_otherwise_than_it_seems_is_a_warning(query, said):
    assert warned(query) == said


@pytest.mark.parametrize(
    "query",
    [
        "~close OR ~cricket",
        "closure* OR reopen* OR attack* OR militant*",
        "afghan* OR negotiat*",  # no word by themselves: nobody knows what is meant
        "بند*",
        "url:import* OR publisher:plan*",  # no words of a text
    ],
)
def test_what_reaches_what_it_seems_to_is_none(query):
    assert warned(query) == []


def test_a_family_of_the_users_own_takes_the_warning_away():
    assert warned("~بند", FAMILIES.extended({"بند": FamilyChange(("بندش",))})) == []
