"""What events are told apart by: the stems and the names of an article's beginning, as hashes. Pure.

Made once, when the article is read, in a killable child; what the hashes weigh is asked of an `Idf` later. Hashes
are stored: a change of what is hashed raises `FEATURES_VERSION`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import compress
from operator import ne

from monitor.core.stories.named_days import day_names, days_in, first_named
from monitor.core.stories.shares import is_ordinary
from monitor.core.stories.titles import bare_title
from monitor.core.text.letters import is_spaceless
from monitor.core.text.normalize import american
from monitor.core.text.stems import has_stemmer, stem
from monitor.core.text.tokens import Words, words_of
from monitor.model.story import Features

FEATURES_VERSION = 1


def _numbered(words: str, first: int) -> Mapping[str, str]:
    return {word: str(number) for number, word in enumerate(words.split(), first)}


BODY_WORDS = 250
"""Words of the text that count (stories design): news begins with what happened, background stands behind."""

_BODY_CHARACTERS = 5_000  # nobody's 250 words are longer; what lies behind costs no time
_TITLE_WORDS = 60
_TITLE_CHARACTERS = 600
_MOST_KNOWN = 50_000  # words whose hashes are remembered, 8 MB
_MOST_NAMES = 100  # of a recogniser's; each a few words
_BEGINS = re.compile('[.!?:\n"“”„«»•]')  # behind these a capital says nothing
_TITLE_OR_INITIAL = 3  # letters: Mr., Lt., Gen., J. end no sentence
_ABOUT = re.compile(r"\n[ \t]*(?:About|Über|À propos d\w*|Acerca de)[ \t][^.!?:\n]{2,80}[:\n]", re.IGNORECASE)
_FIRST_SPACELESS = "\u0e00"  # Thai; nearly all words are before it, and most time went into asking
_FIRST_UNCHANGED = "\u13a0"  # Cherokee: the first capital that is its own normalised form
_TITLE_CASE = 0.6  # from this share of capitals on they say nothing of names
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_COUNTED = _numbered(
    """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty""",
    2,
)
_RANKED = _numbered(
    """third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
    sixteenth seventeenth eighteenth nineteenth twentieth""",
    3,
)
# Endings of cases and genders in Cyrillic letters ("Кабуле", "Кабулом"), and the article of Arabic.
_CYRILLIC_ENDING = re.compile("(?<=...)[аеиоуыэюяьм]{1,2}$")
_ARABIC_ARTICLE = re.compile("^(?:[وبفک]?ال|لل)(?=...)")


def features_of(title: str, text: str, language: str, names: Sequence[str]) -> Features:
    """The features of an article; `language` is "" where it is not known, `names` are a recogniser's.

    Stems are English ones for English and for unknown languages in plain Latin letters. Names are capitalised
    words that do not merely begin a sentence, acronyms, and the words of `names`; each word of a name counts
    alone, so that "Khawaja Asif" and "Asif" share one.
    """
    title, text = bare_title(title[:_TITLE_CHARACTERS]), _without_about(text[:_BODY_CHARACTERS])
    head = words_of(title, _TITLE_WORDS)
    body = words_of(text, BODY_WORDS)
    return Features(
        FEATURES_VERSION,
        _ascending(_terms(head, body, english=language in ("", "en"))),
        _ascending(_named(head, body, title, text, names)),
    )


def _without_about(text: str) -> str:
    """A text without what a press release says of its sender behind its news: the same in all of them."""
    about = _ABOUT.search(text, len(text) // 3)
    return text if about is None else text[: about.start()]


def _ascending(counts: Mapping[int, int]) -> tuple[tuple[int, int], ...]:
    return tuple(sorted(counts.items()))


def _terms(head: Words, body: Words, english: bool) -> Mapping[int, int]:
    terms: dict[int, int] = {}
    days: list[int] = []
    hashes = _hashes[english]
    for found, times in ((head, 2), (body, 1)):
        words = found.terms
        if not day_names().isdisjoint(words):
            of_days: set[int] = set()
            for place, size, code in days_in(words):
                of_days.update(range(place, place + size))
                days.append(code)
            words = [word for place, word in enumerate(words) if place not in of_days]
        if words and max(words) >= _FIRST_SPACELESS:
            words = list(_words(words))
        for term, count in Counter(map(hashes.__getitem__, words)).items():
            terms[term] = terms.get(term, 0) + times * count
    for code in days:
        terms[code] = terms.get(code, 0) + 1
    if days:
        terms[first_named(days[0])] = 1
    return terms


def _named(head: Words, body: Words, title: str, text: str, names: Sequence[str]) -> Mapping[int, int]:
    given = {word for name in names[:_MOST_NAMES] for word in words_of(name[:_TITLE_CHARACTERS], 10).terms}
    named = given.union(_capitals(body, text), _capitals(head, title, is_title=True)) - day_names()
    found = {name_hash(word): 1 for word in given}
    in_head, in_body = Counter(head.terms), Counter(body.terms)
    for word in named:
        count = 2 * in_head.get(word, 0) + in_body.get(word, 0)
        if count:
            name = name_hash(word)
            found[name] = max(count, found.get(name, 0))
    return found


def term_hash(word: str, english: bool = True) -> int:
    """The signed 64-bit hash of a normalised word's stem; "twelve" is 12, and "twelfth" is 12th."""
    if english and has_stemmer(word):
        ordinal = _ORDINAL.fullmatch(word)
        if ordinal or word in _RANKED:
            return _hash("o", ordinal[1] if ordinal else _RANKED[word], mark=3)
        return _number_hash(_COUNTED[word]) if word in _COUNTED else _hash("t", stem(american(word)))
    return _number_hash(word) if word[:1].isdecimal() else _hash("t", _without_endings(word))


class _Hashes(dict[str, int]):
    """Hashes by word. A plain dictionary asked by `map`: no call of a function for a known word."""

    def __init__(self, english: bool) -> None:
        super().__init__()
        self._english = english

    def __missing__(self, word: str) -> int:
        term = term_hash(word, self._english)
        # Forgetting all at once is rare and needs no bookkeeping; no word is longer than `normalize` leaves it.
        if len(self) >= _MOST_KNOWN:
            self.clear()
        self[word] = term
        return term


_hashes = {english: _Hashes(english) for english in (False, True)}


def _number_hash(number: str) -> int:
    return _hash("t", number, mark=1)


@lru_cache(maxsize=50_000)
def name_hash(word: str) -> int:
    """The signed 64-bit hash of a normalised word of a name; no term has it."""
    return _hash("n", _without_endings(word))


def _without_endings(word: str) -> str:
    if "\u0400" <= word[:1] < "\u0530":
        return _CYRILLIC_ENDING.sub("", word)
    return _ARABIC_ARTICLE.sub("", word) if "\u0600" <= word[:1] < "\u0700" else word


def is_number(term: int) -> bool:
    """Whether the hash of a term is that of a number ("6000"), an ordinal too."""
    return term & 1 == 1


def is_ordinal(term: int) -> bool:
    """Whether the hash of a term is that of an ordinal ("12th"): it tells things apart that are named alike."""
    return term & 3 == 3


def _hash(kind: str, word: str, mark: int = 0) -> int:
    digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8, person=kind.encode()).digest()
    return int.from_bytes(digest, "little", signed=True) & ~3 | mark


def _words(words: Sequence[str]) -> Iterable[str]:
    """The words; where a script writes no spaces, its characters two by two."""
    last = ""
    for word in words:
        if word < _FIRST_SPACELESS or not is_spaceless(word):
            yield word
            last = ""
            continue
        if last:
            yield last + word
        last = word


def _capitals(words: Words, text: str, is_title: bool = False) -> Iterable[str]:
    """The words with a capital that stand inside a sentence, and words of capitals only.

    Of a headline also those that the table of common words does not know as ordinary, wherever they stand: many
    feeds give nothing but headlines. In a headline that capitalises every word, and one in capitals, only those.
    """
    terms, surfaces, _ = words
    places: Iterable[int] = range(len(surfaces))
    if max(surfaces, default="") < _FIRST_UNCHANGED:
        places = compress(places, map(ne, terms, surfaces))  # a word that is its form has no capital: most are
    capitals = [place for place in places if surfaces[place][0].isupper()]
    in_capitals = {place for place in capitals if len(surfaces[place]) > 1 and surfaces[place].isupper()}
    shouts, tells = False, True
    # Of most texts the capitals alone show that they do not shout.
    if is_title or len(in_capitals) >= _TITLE_CASE * len(capitals):
        cased = len(capitals) + sum(surface[0].islower() for surface in surfaces)
        shouts = len(in_capitals) >= _TITLE_CASE * cased
        tells = not shouts and (not is_title or len(capitals) < _TITLE_CASE * cased)
    for place in capitals:
        word = terms[place]
        if len(word) > 1 and (
            (not shouts and place in in_capitals)
            or (is_title and not is_ordinary(word))
            or (tells and place and _stands_inside(text, place, words))
        ):
            yield word


def _stands_inside(text: str, place: int, words: Words) -> bool:
    """Whether that word, not the first one, stands inside a sentence."""
    before = words.surfaces[place - 1]
    return not _begins(text[words.starts[place - 1] + len(before) : words.starts[place]], before)


def _begins(gap: str, before: str) -> bool:
    """Whether a sentence or a quotation begins behind this gap, and the word before it."""
    if gap == " " or _BEGINS.search(gap) is None:
        return False
    return not (gap == ". " and len(before) <= _TITLE_OR_INITIAL and before[0].isupper())
