"""What two headlines have in common, and what tells them apart."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from monitor.core.stories.identity import title_likeness
from monitor.core.text.words import fold_words

# Desks put these in front of a headline that they send again: an update, not a new story (stories design, traps).
_DESK = re.compile(
    r"\s*(?:(?:UPDATED?|WRAPUP|RECAST)\s*\d{0,3}|REFILED?|RPT|REPEAT|BRIEF|CORRECT(?:ED|ION)|BREAKING(?: NEWS)?"
    r"|URGENT|FLASH|EXCLUSIVE|DEVELOPING|JUST IN)\s*(?:\([^()]{0,20}\)\s*)?(?:[-–—:|]+\s*)"
)
_MOST = 400  # characters of a title that are looked at
_THOUSANDS = re.compile(r"(?<=\d)[,.](?=\d{3}(?!\d))")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)$")
_COUNTED = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty"""
_RANKED = """zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth
fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"""
_NUMBERS = {word: str(number) for words in (_COUNTED, _RANKED) for number, word in enumerate(words.split())}
_CALENDAR = """monday tuesday wednesday thursday friday saturday sunday january february march april may june july
august september october november december"""
_DAYS = frozenset(_CALENDAR.split())
_FUNCTION_WORDS = """a an the of in on at to for from with by as and or but not is are was were be been has have
had will would its it his her their this that after before over amid says say said new"""
_NO_NAMES = frozenset(_FUNCTION_WORDS.split())


@lru_cache(maxsize=2_048)  # an article is compared with many
def bare_title(title: str) -> str:
    """A headline without "UPDATE 1-", "WRAPUP 2-", "REFILE-" and the like, of 400 characters at most."""
    bare = title[:_MOST]
    for _ in range(3):  # "REFILE-UPDATE 2-"
        bare = _DESK.sub("", bare, count=1) if _DESK.match(bare) else bare
    return bare or title[:_MOST]


def likeness(one: str, other: str) -> float:
    """Jaccard similarity of the words of two bare headlines, 0 … 1; two empty ones are alike."""
    return title_likeness(bare_title(one), bare_title(other))


@lru_cache(maxsize=2_048)
def title_numbers(title: str) -> frozenset[str]:
    """Numbers, ordinals, weekdays and months of a bare headline: what an issue of a template is known by."""
    return numbers_in(fold_words(_THOUSANDS.sub("", bare_title(title))))


def numbers_in(words: Iterable[str]) -> frozenset[str]:
    """The numbers, ordinals, weekdays and months among folded words: "12th", "twelfth" and "12" are one."""
    return frozenset(number for number in map(_number, words) if number)


@lru_cache(maxsize=2_048)
def names_of(title: str) -> frozenset[str]:
    """The words of a bare headline that may be names or numbers."""
    return frozenset(word for word in fold_words(bare_title(title)) if word not in _NO_NAMES)


def template_of(title: str) -> tuple[str, ...]:
    """The words of a bare headline without its numbers, weekdays and months; () for one that says nothing."""
    words = tuple(word for word in fold_words(bare_title(title)) if not _number(word))
    return words if len(words) > 1 else ()


@lru_cache(maxsize=8192)  # versions of one page have the same ones in each pair
def _number(word: str) -> str:
    if word in _DAYS:
        return word
    if word in _NUMBERS:
        return _NUMBERS[word]
    if word.isalpha() or not any(character.isdigit() for character in word):
        return ""
    return _ORDINAL.sub(r"\1", word)
