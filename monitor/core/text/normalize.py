"""Gives every surface form one searchable form, the same for rules and for text.

A form is made once per distinct word (memo), never for a whole text: offsets must stay those of the original.
The steps: NFKC, casefold, Arabic and Persian letter folding, marks stripped, invisible characters dropped,
possessive and thousands separators removed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from monitor.core.text.recent import LONGEST, Recent
from monitor.core.text.spellings import AMERICAN

ANALYSER_VERSION = 2
"""Part of every rule set's version: raise it when a change here, in `tokens` or `spellings` can change a match."""

INVISIBLE = (
    "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)
"""Soft hyphen, zero-width space and joiners, bidirectional marks: inside a word they are no part of it."""

APOSTROPHES = "'\u2018\u2019\u02bc\uff07"

_MOST_KNOWN = 10_000  # surfaces, twice; some 4 MB

_ARABIC = {
    "ي": "ی",
    "ى": "ی",
    "ۍ": "ی",
    "ې": "ی",
    "ك": "ک",
    "ڪ": "ک",
    "ګ": "گ",  # the gaf of Pashto, U+06AB; Persian and Urdu have U+06AF
    "ة": "ه",
    "ہ": "ه",
    "ھ": "ه",
    "ە": "ه",
    "ۃ": "ه",
    "ٱ": "ا",
    "ـ": "",  # tatweel
}
# Letters whose stroke Unicode does not decompose.
_LATIN = {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe"}
_FOLD = str.maketrans(
    _ARABIC
    | _LATIN
    | dict.fromkeys(INVISIBLE, "")
    | dict.fromkeys((chr(code) for code in range(0xFE00, 0xFE10)), "")
    | dict.fromkeys(APOSTROPHES, "'")
    | dict.fromkeys("\u00a0\u202f\u2009 ", "")  # NFKC turns the space inside "6 000" into a plain one
    | {"٬": ",", "٫": "."}
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?\Z")


def _is_stripped(mark: str) -> bool:
    """Whether a combining mark is decoration: accents, harakat, Hebrew points.

    By combining class: 1 and 200+ are accents of Latin, Greek, Cyrillic and Arabic, 10–36 are Hebrew and Arabic
    vowel points. Nukta (7), virama (9) and the vowel signs of Indic scripts (0) are letters of the word.
    """
    order = unicodedata.combining(mark)
    return order == 1 or 10 <= order <= 36 or order >= 200


def _ascii_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(c, c)) for c in text)


def _fold(surface: str) -> str:
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", surface).casefold())
    stripped = "".join(c for c in decomposed if not _is_stripped(c))
    return unicodedata.normalize("NFKC", _ascii_digits(stripped.translate(_FOLD)))


def _normalize(surface: str) -> str:
    folded = surface.lower() if surface.isascii() else _fold(surface)
    folded = folded.removesuffix("'s").rstrip("'")
    if len(folded) > 1 and folded[1] == "." and not folded[0].isdigit():
        folded = folded.replace(".", "").removesuffix("'s")
    if "," in folded and _THOUSANDS.match(folded):
        folded = folded.replace(",", "")
    # One string for both where they are equal.
    return surface if folded == surface else folded


# Beyond so much a "word" is noise; the cut also keeps unicodedata's insertion sort of marks from going quadratic.
_known = Recent(lambda surface: _normalize(surface[:LONGEST]), _MOST_KNOWN)


def normalize(surface: str) -> str:
    """The searchable form of one word as `tokens` cuts it; at most its first 100 characters count."""
    return _known[surface]


def normalize_all(surfaces: Iterable[str]) -> list[str]:
    """The searchable form of each word, in order."""
    return list(map(_known.__getitem__, surfaces))


def american(term: str) -> str:
    """The American spelling of a normalised term ("defence" → "defense"), the term itself where there is none."""
    return AMERICAN.get(term, term)


@lru_cache(maxsize=10_000)
def _exact_key(surface: str) -> str:
    composed = unicodedata.normalize("NFKC", surface).translate(dict.fromkeys(map(ord, APOSTROPHES), "'"))
    return "".join(c for c in composed.removesuffix("'s") if c.isalnum() or unicodedata.combining(c))


def exact_key(surface: str) -> str:
    """What `=Word` compares: the letters in their own case, without dots, hyphens and possessive (U.S.'s → US)."""
    return _exact_key(surface[:LONGEST])
