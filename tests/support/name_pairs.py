"""The labelled pairs of names, and what the index says of a pair."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from monitor.core.names import NameText, VariantIndex
from monitor.core.names.particles import TITLES

FOLDER = Path(__file__).parents[1] / "data" / "names"


class Pair(NamedTuple):
    """A listed name, and what a text says; `same` when it is a spelling of that name."""

    kind: str
    same: bool
    name: str
    text: str


def pairs(file: str) -> list[Pair]:
    """The labelled pairs of one file."""
    lines = (FOLDER / file).read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [Pair(kind, same == "yes", name, text) for kind, same, name, text in rows]


def is_variant(name: str, written: str) -> bool:
    """Whether a name is found whole in the middle of a sentence; a title before it may stay outside."""
    text = NameText.of(f"said {written}")
    first = next((at for at, term in enumerate(text.terms) if at and term not in TITLES), 1)
    found = VariantIndex.of([("", name)]).find(text)
    return any(1 <= find.start <= first and find.end == len(text.terms) for find in found)
