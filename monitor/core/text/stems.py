"""Stems of English words (Snowball's English stemmer, by PyStemmer); words of other scripts have none.

By script alone no other stemmer is safe: see docs/decisions/0032-word-families.md.
"""

from __future__ import annotations

import threading
from functools import lru_cache

import Stemmer

STEMMER_VERSION = str(Stemmer.version())
"""Another one may stem a word otherwise."""

_own = threading.local()  # a stemmer keeps a buffer of its own: two threads in one would garble their words


def has_stemmer(term: str) -> bool:
    """Whether a normalised term can be stemmed: Latin letters without accents, as `normalize` leaves them."""
    return term.isascii() and any(map(str.isalpha, term))


@lru_cache(maxsize=20_000)
def stem(term: str) -> str:
    """The stem of a term that `has_stemmer`."""
    if not hasattr(_own, "english"):
        _own.english = Stemmer.Stemmer("english", 0)  # 0: no second memo behind ours
    stemmed: str = _own.english.stemWord(term)
    return stemmed
