"""How a word of a name sounds: one sign a sound, and how far two words are from each other.

A word becomes a row of consonants and vowels in which spellings of one sound are one sign. The consonants must
agree, the vowels may differ a little. Costs are those of the rules design ("Names"), measured there on labelled
pairs; where they were refined, docs/explanation/names.md says why.
"""

from __future__ import annotations

import re
from functools import lru_cache

from monitor.core.names.particles import CLERICS, is_mohammad

MOST_LETTERS = 40
"""A longer word is no name: it has no variants."""

ACCEPTED = 60
"""A word of a name may cost this much, in hundredths."""

ACCEPTED_SHORT = 45
"""The same for a word with at most two consonants: there a vowel is half of the word (Said, Saad)."""

ACCEPTED_ALONE = (25, 25, 25, 45, ACCEPTED)
"""The same when it is the whole name, by its consonants: else Red Cross were Riyadh, Associated Press Paris."""

MOHAMMAD = "*mohammad"
CLERIC = "*cleric"

_FAR = 900
_VOWELS = "aeiu"
_SPELLINGS = {
    "dzh": "j", "dj": "j", "zh": "Z", "tch": "C", "sch": "S", "ch": "C", "sh": "S", "kh": "X", "gh": "G",
    "ph": "f", "dh": "D", "th": "T", "ck": "k", "que": "k", "qu": "q", "dz": "z", "x": "ks", "c": "k",
    "v": "w", "y": "i", "o": "u", "ee": "i", "oo": "u",
}  # fmt: skip
_SPELLING = re.compile(
    r"dzh|dj|tch|sch|[szckgpdt]h|ck|que$|qu(?=[aeiouy])|dz|ee|oo"
    r"|(?P<soft>c(?=[eiy]))"
    r"|(?P<glide>(?<=[aeiouy])w(?=[b-df-hj-np-tvwxz]|[ou]))"  # Khowst, Dawood: w is a vowel there
    r"|[xcvyo]"
)
_DOUBLED = re.compile(r"(.)\1+")
# Abdul, and its l as the next word's first letter (Abdus Salam, Abdurrashid)
_ABDUL = re.compile(r"\Aabd[aeiu](?:l|([rsnztd])(?=\1)|(?:sh|[rsnztd])\Z)")

# What two consonants cost that may stand for each other. X is kh, G gh, D dh, T th, Z zh.
_CONSONANTS = {
    frozenset(pair): cost
    for cost, pairs in {
        0: ("kq", "dD"),
        30: ("gG", "tT"),
        40: ("kX", "kG", "XG", "qX", "qG", "qg", "jZ", "sT", "zD"),
    }.items()
    for pair in pairs
}
_VOWEL_COSTS = {
    frozenset(pair): cost for pair, cost in {"ae": 5, "ei": 5, "au": 45, "ai": 70, "eu": 70, "iu": 100}.items()
}
_FIRST_VOWELS = _VOWEL_COSTS | {frozenset("ae"): 40, frozenset("au"): 70}
_LAST_VOWELS = _VOWEL_COSTS | {frozenset("ae"): 30, frozenset("ei"): 50}
_PLAIN_LETTERS = str.maketrans({"'": "", "ʿ": "", "ʾ": "", "ʻ": "", "ə": "a"})  # ayn, hamza; Əliyev
_H_DROPPED = 30
_LAST_H_DROPPED = 10  # Raqqah
_H_AS_KH = frozenset("hX")
_LAST_T_AS_D = frozenset("td")  # Ahmet, Ahmed
_KH_FOR_H = 40
_T_FOR_D = 40
_COARSE = str.maketrans("qXGgTsdDzZ", "kkkktttttj", "h" + _VOWELS)


def _spelled(found: re.Match[str]) -> str:
    if found.lastgroup:
        return "s" if found.lastgroup == "soft" else "u"
    return _SPELLINGS[found.group()]


def sounds(term: str) -> str:
    """The sounds of a normalised word, "" when it is not written in Latin letters or too long."""
    if is_mohammad(term):
        return MOHAMMAD
    letters = term.translate(_PLAIN_LETTERS)
    if not 0 < len(letters) <= MOST_LETTERS or not (letters.isascii() and letters.isalpha()):
        return ""
    if term in CLERICS:
        return CLERIC
    return _DOUBLED.sub(r"\1", _SPELLING.sub(_spelled, _ABDUL.sub("abdul", letters, count=1)))


def skeleton(row: str) -> str:
    """What two rows of sounds that agree have in common: consonants, kinds that may be mistaken as one."""
    return row if row.startswith("*") else row.translate(_COARSE)


def skeletons(row: str) -> set[str]:
    """The skeletons of all rows that agree with this one: an h inside a word may be kh there (Rahmon, Rakhmon)."""
    if row.startswith("*"):
        return {row}
    inner = row[1:]
    return {skeleton(row), skeleton(row[0] + inner.replace("h", "X")), skeleton(row[0] + inner.replace("X", "h"))}


@lru_cache(maxsize=20_000)
def heard(term: str) -> tuple[str, str]:
    """The sounds of a normalised word and their skeleton."""
    row = sounds(term)
    return row, skeleton(row)


def limit(row: str, alone: bool) -> int:
    """What a word of a listed name may cost; `alone` when it is the whole name."""
    if row.startswith("*"):
        return 0
    if alone:
        return ACCEPTED_ALONE[min(len(skeleton(row)) + row.startswith("h"), len(ACCEPTED_ALONE) - 1)]
    return ACCEPTED if sum(sign not in _VOWELS for sign in row) > 2 else ACCEPTED_SHORT


@lru_cache(maxsize=20_000)
def distance(one: str, other: str, most: int = ACCEPTED) -> int:
    """How far two rows of sounds are apart; something above `most` when they are further apart than that.

    Takes time in the product of their lengths, which `MOST_LETTERS` bounds.
    """
    if one == other:
        return 0
    if one.startswith("*") or other.startswith("*"):
        return _FAR
    above = [0]
    for index in range(len(other)):
        above.append(above[-1] + _dropped(other, index))
    for row, sign in enumerate(one):
        drop = _dropped(one, row)
        line = [above[0] + drop]
        for column, against in enumerate(other):
            line.append(
                min(
                    above[column] + _replaced(one, row, other, column) if sign != against else above[column],
                    above[column + 1] + drop,
                    line[-1] + _dropped(other, column),
                )
            )
        if min(line) > most:
            return _FAR
        above = line
    return above[-1]


def _dropped(row: str, index: int) -> int:
    """What it costs when one spelling has a sound that the other has not."""
    sign = row[index]
    if sign == "h":
        return _FAR if index == 0 else _LAST_H_DROPPED if index == len(row) - 1 else _H_DROPPED
    if sign not in _VOWELS:
        return _FAR
    if _is_last(row, index):
        return 50 if sign == "e" else 70
    beside = row[index - 1 : index] + row[index + 1 : index + 2]
    if not any(one in _VOWELS for one in beside):
        return 50 if index else 70
    return 25 if sign in "ae" else 50


def _replaced(one: str, row: int, other: str, column: int) -> int:
    sign, against = one[row], other[column]
    pair = frozenset((sign, against))
    if pair == _H_AS_KH and row and column:
        return _KH_FOR_H
    if pair == _LAST_T_AS_D and row == len(one) - 1 and column == len(other) - 1:
        return _T_FOR_D
    if sign not in _VOWELS or against not in _VOWELS:
        return _CONSONANTS.get(pair, _FAR)
    if row == column == 0:
        return _FIRST_VOWELS[pair]
    if _is_last(one, row) and _is_last(other, column):
        return _LAST_VOWELS[pair]
    return _VOWEL_COSTS[pair]


def _is_last(row: str, index: int) -> bool:
    return row[index + 1 :] in ("", "h")
