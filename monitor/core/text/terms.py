"""The searchable forms of a whole document: what an index over stored texts keeps of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from monitor.core.text.normalize import ANALYSER_VERSION
from monitor.core.text.spellings import AMERICAN
from monitor.core.text.tokens import MAX_TOKENS, forms_of

TERMS_VERSION = f"{ANALYSER_VERSION}/{unicodedata.unidata_version}"
"""What stored terms depend on: the analyser, and the Unicode tables of the Python that runs it."""


def terms_of(texts: Iterable[str], limit: int = MAX_TOKENS) -> frozenset[str]:
    """Every form under which a query can find a word of the texts: a document's title, summary and body, in that
    order. At most `limit` words are read, as the rules read them.

    Words, the joined forms of hyphenated ones, and the American twin of each.
    """
    found: set[str] = set()
    for text in texts:
        terms, compounds = forms_of(text, limit)
        limit -= len(terms)
        found.update(terms, compounds)
    return frozenset(found.union(map(AMERICAN.__getitem__, found & AMERICAN.keys())))
