"""How common words are in the news, by guess: `shares.txt` beside this file, which is edited by hand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from monitor.core.text.normalize import normalize
from monitor.core.text.stems import has_stemmer, stem


class Share(NamedTuple):
    """A share of documents, and whether the word names a place, a people, an office."""

    share: float
    is_name: bool


@cache
def common_words() -> Mapping[str, Share]:
    """The words of the table, normalised; of one that stands there twice the larger share counts."""
    found: dict[str, Share] = {}
    for line in files(__package__).joinpath("shares.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            share, *words = line.split()
            for written in words:
                word = normalize(written)
                common = Share(float(share), written[0].isupper())
                found[word] = max(common, found.get(word, common))
    return found


@cache
def ordinary_words() -> frozenset[str]:
    """The words of the table that name nothing, and their English stems."""
    words = [word for word, common in common_words().items() if not common.is_name]
    return frozenset(words).union(stem(word) for word in words if has_stemmer(word))


def is_ordinary(word: str) -> bool:
    """Whether a normalised word, or another form of it, is a common word and no name."""
    words = ordinary_words()
    return word in words or (has_stemmer(word) and stem(word) in words)
