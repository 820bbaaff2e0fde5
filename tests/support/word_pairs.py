"""The labelled pairs of tests/data: a word behind ~ and a form, and whether the form is wanted."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).parent.parent / "data"


class WordPair(NamedTuple):
    """One line."""

    word: str
    form: str
    wanted: bool


def family_pairs(name: str = "family_pairs") -> list[WordPair]:
    """All pairs of a file, in its order."""
    lines = [line.split() for line in (DATA / f"{name}.txt").read_text().splitlines() if not line.startswith("#")]
    return [WordPair(word, form, label == "yes") for word, form, label in lines]
