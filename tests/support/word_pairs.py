"""The labelled pairs of tests/data: a word behind ~ and a form, and whether the form is wanted."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).parent.parent / "data" / "family_pairs.txt"


class WordPair(NamedTuple):
    """One line."""

    word: str
    form: str
    wanted: bool


def family_pairs() -> list[WordPair]:
    """All of them, in the order of the file."""
    lines = [line.split() for line in FILE.read_text().splitlines() if not line.startswith("#")]
    return [WordPair(word, form, label == "yes") for word, form, label in lines]
