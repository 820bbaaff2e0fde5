"""How much two parts of a page speak of the same things: one cosine over their telling words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import log, sqrt

from monitor.core.text.stems import has_stemmer, stem
from monitor.core.text.words import fold_words

_SHORTEST = 3  # code points of a word that tells anything
# Words of any text in the languages most feeds are in. Of others everything counts: parts look more alike than
# they are, and less is cut.
_COMMON_WORDS = """
    the and for that with was were has have had his her him their they them its from this which who whom whose
    will would could should can may might shall not but are been being than then there here where when what why
    how all any both each few more most other others some such only own same too very just also into over under
    after before between during about against above below out off again once because while until upon within
    without through one two three first second last new said says say told according year years day days week
    weeks month months time people made make many much still since like even get got take took come came back
    well way good long monday tuesday wednesday thursday friday saturday sunday january february march april
    june july august september october november december you your our she did does doing did yet now per via
    amid among der die das und den dem des ein eine einer eines einem einen ist sind war waren wird werden wurde
    wurden mit von auf für nicht auch als bei nach aus hat haben sich dass oder aber wie noch nur über vor zum
    zur durch les des une est dans pour que qui par sur avec pas plus sont aux son ses leur leurs cette ces été
    mais comme los las una por con del que para como más pero sus este esta fue han era son che per con del
    della dei delle nel nella sono anche una gli alla più come dal
"""
_COMMON = frozenset(_COMMON_WORDS.split())

Words = Counter[str]


def telling_words(texts: Iterable[str]) -> Words:
    """Stems of what is no common word and no number, counted."""
    found: Words = Counter()
    for text in texts:
        for word in fold_words(text):
            if len(word) >= _SHORTEST and word not in _COMMON and not word.isdigit():
                found[stem(word) if has_stemmer(word) else word] += 1
    return found


def likeness(one: Words, other: Words) -> float:
    """Cosine, 0 … 1, of the words' damped counts; 0 where one part has no words."""
    if len(one) > len(other):
        one, other = other, one
    shared = sum(_weight(count) * _weight(other[word]) for word, count in one.items() if word in other)
    if not shared:
        return 0.0
    return shared / sqrt(_square(one) * _square(other))


def share_of(wanted: Words, words: Words) -> float:
    """Which part of the wanted words stands in the others, 0 … 1; 0 where nothing is wanted."""
    return sum(1 for word in wanted if word in words) / len(wanted) if wanted else 0.0


def _weight(count: int) -> float:
    return 1.0 + log(count)


def _square(words: Words) -> float:
    return sum(_weight(count) ** 2 for count in words.values())
