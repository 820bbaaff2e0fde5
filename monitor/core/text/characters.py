"""Characters a foreign text must not keep: controls, what turns the reading order, endless stacks of marks."""

from __future__ import annotations

import re
import unicodedata

MOST_MARKS = 30
"""Combining marks kept in a row (Unicode UAX #15 §13, Stream-Safe Text Format)."""

# C0 and C1 controls, lone surrogates (no encoding can store them) and non-characters; tab and line ends are
# handled as white space by the callers.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff\ufeff]")
# U+202A-202E and U+2066-2069 can make a title read backwards (CVE-2021-42574); U+200C-200F belong to real text.
_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Every combining mark is in this class, as are signs and pictures: a quick look, so that only rare runs are
# read character by character. A range before the categories and a single class at the beginning make it eight
# times as quick: `re` looks for the first character of such a pattern before it tries to match.
_SIGN = r"[^\x00-\u02ff\w\s]"
_PERHAPS_MARKS = re.compile(rf"{_SIGN}{_SIGN}{{{MOST_MARKS},}}")
# The half-width voicing marks are letters to `re`, and marks once normalised. Hardly any text has them.
_PERHAPS_HALF_WIDTH = re.compile(rf"(?:{_SIGN}|[\uff9e\uff9f]){{{MOST_MARKS + 1},}}")
# Of class 0, but made of nothing but marks (found by asking unicodedata for every code point).
_MADE_OF_MARKS = frozenset("\u0f73\u0f75\u0f81\uff9e\uff9f")


def without_controls(text: str) -> str:
    """The text without control characters, lone surrogates and non-characters; tabs and line ends stay.

    Of combining marks in a row the first MOST_MARKS stay: see `bounded_marks`.
    """
    return bounded_marks(_CONTROLS.sub("", text))


def without_overrides(text: str) -> str:
    """The text without the characters that embed, override or isolate a reading direction.

    LRM, RLM and the joiners stay: right-to-left text needs them.
    """
    return _OVERRIDES.sub("", text)


def bounded_marks(text: str) -> str:
    """The text with at most MOST_MARKS combining marks in a row.

    Normalisation sorts each row of marks by insertion, in time quadratic in its length and with Python's
    global lock held: 100,000 marks would stop every thread for many seconds.
    """
    if text.isascii():
        return text
    half_width = "\uff9e" in text or "\uff9f" in text
    return (_PERHAPS_HALF_WIDTH if half_width else _PERHAPS_MARKS).sub(_first_marks, text)


def _first_marks(found: re.Match[str]) -> str:
    kept = []
    in_a_row = 0
    for character in found.group():
        is_mark = unicodedata.combining(character) != 0 or character in _MADE_OF_MARKS
        in_a_row = in_a_row + 1 if is_mark else 0
        if in_a_row <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)
