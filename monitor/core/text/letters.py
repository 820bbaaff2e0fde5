"""Which characters make words, as bodies of regular expression classes (`a-zà-ÿ…`).

Asked of the running Python's own Unicode tables, and in few calls: character by character it took 0.1 s. Over the
first plane, where every script of the news lives, the ranges are exact; beyond it only whole blocks, since `re`
tries those one by one on every space.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable
from functools import cache
from itertools import filterfalse
from typing import NamedTuple

# Scripts written without spaces: one token per base character.
_SPACELESS = (
    (0x0E00, 0x0E7F),  # Thai
    (0x0E80, 0x0EFF),  # Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),
    (0x3041, 0x312F),  # kana, bopomofo
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAA7F),
    (0xAC00, 0xD7A3),  # Hangul syllables: particles are written onto the word
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9D),
    (0x20000, 0x323AF),
)
_JAMO = "\u1100-\u11ff"
_HALF_WIDTH_VOICING = "\uff9e\uff9f"  # letters to Unicode, marks to us
_NO_CHARACTERS = "\ud800-\uf8ff"  # surrogates and private use
_SECOND_PLANE = 0x10000


def is_spaceless(surface: str) -> bool:
    """Whether the word belongs to a script that is matched by character."""
    code = ord(surface[0]) if surface else 0
    return any(low <= code <= high for low, high in _SPACELESS)


def _ranges(runs: Iterable[str]) -> str:
    """Runs of neighbours as ranges: "abc", "x" → "a-cx-x"."""
    return "".join(f"{run[0]}-{run[-1]}" for run in runs)


class Letters(NamedTuple):
    """Bodies of the classes that words are made of."""

    alnum: str  # letters and digits of scripts that write spaces
    mark: str  # combining marks
    single: str  # base characters of scripts that write no spaces: one word each


@cache
def letters() -> Letters:
    """The classes; the first call takes some hundredths of a second."""
    every = array("I", range(_SECOND_PLANE)).tobytes().decode("utf-32", "surrogatepass")
    spaceless = "".join(f"{chr(low)}-{chr(high)}" for low, high in _SPACELESS if high < _SECOND_PLANE)
    in_blocks = "".join(re.findall(rf"(?:(?=[{spaceless}])[^\W_{_HALF_WIDTH_VOICING}])+", every))
    digits = "".join(filterfalse(str.isalpha, in_blocks))
    alnum = re.findall(rf"(?:[{digits}]|[^\W_{_JAMO}{_HALF_WIDTH_VOICING}{spaceless}])+", every)
    single = re.findall(rf"(?:(?=[{spaceless}])[^\W_{_HALF_WIDTH_VOICING}{digits}])+", every)
    signs = re.findall(rf"[^\w{_NO_CHARACTERS}]", every)
    marks = "".join(sign for sign in signs if unicodedata.category(sign)[0] == "M") + _HALF_WIDTH_VOICING
    return Letters(
        # the second plane up to its pictographs holds rare scripts, the third Han
        alnum=_ranges(alnum) + "\U00010000-\U0001efff",
        mark=_ranges(re.findall(f"[{marks}]+", every)) + "\U000e0100-\U000e01ef",
        single=_ranges(single) + "\U00020000-\U000323af",
    )
