"""What events are told apart by: the stems and the names of an article's beginning, as hashes. Pure.

Made once, when the article is read, in a killable child; what the hashes weigh is asked of an `Idf` later. Hashes
are stored: a change of what is hashed raises `FEATURES_VERSION`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b

from monitor.core.text.letters import is_spaceless
from monitor.core.text.normalize import american
from monitor.core.text.stems import has_stemmer, stem
from monitor.core.text.tokens import Analysed, analyse
from monitor.model.story import Features

FEATURES_VERSION = 1

BODY_WORDS = 250
"""Words of the text that count (stories design): news begins with what happened, background stands behind."""

_BODY_CHARACTERS = 5_000  # nobody's 250 words are longer; what lies behind costs no time
_TITLE_WORDS = 60
_TITLE_CHARACTERS = 600
_MOST_NAMES = 100  # of a recogniser's; each a few words
_SENTENCE_END = re.compile(r"[.!?:؟。]\W*$|\n")
_TITLE_CASE = 0.6  # from this share of capitals on a title says nothing of names


def features_of(title: str, text: str, language: str, names: Sequence[str]) -> Features:
    """The features of an article; `language` is "" where it is not known, `names` are a recogniser's.

    Stems are English ones for English and for unknown languages in plain Latin letters. Names are capitalised words
    that do not merely begin a sentence, acronyms, and the words of `names`; each word of a name counts alone, so
    that "Khawaja Asif" and "Asif" share one.
    """
    head = analyse(title[:_TITLE_CHARACTERS], limit=_TITLE_WORDS)
    body = analyse(text[:_BODY_CHARACTERS], limit=BODY_WORDS)
    english = language in ("", "en")
    terms: dict[int, int] = {}
    for analysed, times in ((head, 2), (body, 1)):
        for word in _words(analysed):
            term = term_hash(word, english)
            terms[term] = terms.get(term, 0) + times
    found: dict[int, int] = {}
    named = set(_names_in(body, text))
    given = {word for name in names[:_MOST_NAMES] for word in analyse(name[:_TITLE_CHARACTERS], limit=10).terms}
    in_title = set(_names_in(head, title)) if not _is_title_case(head) else set()
    named |= given | in_title
    for analysed, times in ((head, 2), (body, 1)):
        for word in analysed.terms:
            if word in named:
                name = name_hash(word)
                found[name] = found.get(name, 0) + times
    for word in given - set(head.terms) - set(body.terms):
        found.setdefault(name_hash(word), 1)
    return Features(FEATURES_VERSION, tuple(sorted(terms.items())), tuple(sorted(found.items())))


@lru_cache(maxsize=50_000)
def term_hash(word: str, english: bool = True) -> int:
    """The signed 64-bit hash of a normalised word's stem."""
    spelled = american(word)
    return _hash("t", stem(spelled) if english and has_stemmer(spelled) else spelled)


@lru_cache(maxsize=50_000)
def name_hash(word: str) -> int:
    """The signed 64-bit hash of a normalised word of a name; no term has it."""
    return _hash("n", word)


def _hash(kind: str, word: str) -> int:
    digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8, person=kind.encode()).digest()
    return int.from_bytes(digest, "little", signed=True)


def _words(analysed: Analysed) -> Iterable[str]:
    """The words; where a script writes no spaces, its characters two by two."""
    last = ""
    for word in analysed.terms:
        if not is_spaceless(word):
            yield word
            last = ""
            continue
        if last:
            yield last + word
        last = word


def _names_in(analysed: Analysed, text: str) -> Iterable[str]:
    """The words with a capital that stand inside a sentence, and words of capitals only."""
    end = 0
    for word, surface, start in zip(analysed.terms, analysed.surfaces, analysed.starts, strict=True):
        first = surface[0]
        if first.isupper() and len(word) > 1:
            begins = end == 0 or _SENTENCE_END.search(text[end:start]) is not None
            if not begins or (surface.isupper() and len(surface) > 1):
                yield word
        end = start + len(surface)


def _is_title_case(analysed: Analysed) -> bool:
    cased = [surface for surface in analysed.surfaces if surface[0].isupper() or surface[0].islower()]
    capitals = sum(surface[0].isupper() for surface in cased)
    return len(cased) > 0 and capitals / len(cased) >= _TITLE_CASE
