"""The numbers that a sentence tells: counts, amounts and shares, not dates, times or list markers.

"At least 45 people were killed on Feb. 22, 2023, at 10:30 GMT" tells "45 people". In doubt a number counts: one
too many repeats an alert, one too few may hide that a death toll rose.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|(?-i:May)|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_YEAR = r"(?:19|20)\d{2}"
# "In March 12 people died" tells a number.
_NO_COUNT = r"(?!\s+(?:people|[a-z]{3,}s)\b)"
_NO_FIGURES = re.compile(
    "|".join(
        (
            r"^\s*[(\[]?\d{1,2}[.)\]]\s",  # a list marker
            rf"\b{_DAY}\s+(?:of\s+)?{_MONTHS}(?:,?\s+\d{{4}}\b)?",
            rf"\b{_MONTHS}\s+{_DAY}\b(?:,?\s+{_YEAR}\b)?{_NO_COUNT}",
            rf"\b{_MONTHS},?\s+{_YEAR}\b{_NO_COUNT}",
            r"\b\d{4}-\d{2}-\d{2}(?:T[\d:.+Z-]*)?",
            r"\b\d{1,2}([/.])\d{1,2}\1\d{2,4}\b",
            r"\b\d{1,2}:\d{2}(?::\d{2})?(?:\s*[ap]\.?m\b\.?)?",
            r"\b\d{1,2}(?:\.\d{2})?\s*[ap]\.?m\b\.?",
            r"(?<![\d,.])\d{3,4}\s*(?:gmt|utc|hrs|hours)\b",
            rf"\b(?:in|since|of|by|from|until|during|year|early|late|mid|the)[\s-]{_YEAR}\b{_NO_COUNT}",
            rf"(?<![\w,.$€£])(?<![,.]\d){_YEAR}(?=\s*(?:[;:)\]–—]|[.,](?!\d)|$))",  # a year that counts nothing
        )
    ),
    re.IGNORECASE,
)
_SMALL = "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
_ROUND = "twenty thirty forty fifty sixty seventy eighty ninety"
_UNITS = {word: n for n, word in enumerate(f"{_SMALL} eighteen nineteen".split(), 2)}
_TENS = {word: 10 * n for n, word in enumerate(_ROUND.split(), 2)}
_SCALES = {
    "hundred": 100,
    "thousand": 1_000,
    "lakh": 100_000,
    "million": 1_000_000,
    "crore": 10_000_000,
    "billion": 1_000_000_000,
}
_ONES = ("one", *list(_UNITS)[:8])
_WORDS = "|".join((rf"(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_ONES)}))?", *_UNITS))
_NUMBER = re.compile(
    # "F-16" and "G20" are names
    rf"(?<![\w.,])(?<!\w[-–])(?:(?P<digits>\d+(?:[.,]\d+)*)(?P<nth>st|nd|rd|th)?|(?P<words>{_WORDS})\b)"
    rf"(?:[\s-](?P<scale>{'|'.join(_SCALES)})s?\b)?"
    r"(?:[\s-]?(?P<noun>%|[^\W\d_][\w’']*))?",
    re.IGNORECASE,
)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d+)?")
_MOST = 40
_LONGEST_NUMBER = 15  # digits; a longer one is the number of an account or a phone


def figures_of(sentence: str) -> tuple[str, ...]:
    """Each number once with the word behind it, sorted: `("45 people", "6000 trucks")`; at most forty."""
    plain = _NO_FIGURES.sub(lambda found: " " * len(found[0]), _ascii_digits(sentence))
    return tuple(sorted(dict.fromkeys(_figures(plain)))[:_MOST])


def value_of(figure: str) -> str:
    """The number of a figure, without its word: numbers are compared by it."""
    return figure.partition(" ")[0]


def _figures(text: str) -> Iterator[str]:
    for found in _NUMBER.finditer(text):
        if found["digits"]:
            value = _value(found["digits"])
            if value is None:
                continue
        else:
            value = Decimal(_in_words(found["words"].casefold()))
        if found["scale"]:
            value *= _SCALES[found["scale"].casefold()]
        number = f"{value.normalize():f}" + ("th" if found["nth"] else "")
        noun = (found["noun"] or "").casefold()
        yield f"{number} {noun}" if noun else number


def _value(digits: str) -> Decimal | None:
    if len(digits) > _LONGEST_NUMBER:
        return None
    plain = digits.replace(",", "") if _THOUSANDS.fullmatch(digits) else digits.replace(",", ".")
    whole, *parts = plain.split(".")
    # More than one point is a version or an address; it is its own value.
    return Decimal(f"{whole}.{parts[0]}") if len(parts) == 1 else Decimal("".join((whole, *parts)))


def _in_words(words: str) -> int:
    tens, _, ones = words.replace("-", " ").partition(" ")
    return _TENS[tens] + ({"one": 1, **_UNITS}[ones] if ones else 0) if tens in _TENS else _UNITS[tens]


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in text)
