"""Which language a text is in, and what counts when a feed or a page says another. Pure.

The figures behind the two thresholds: docs/explanation/fields.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SURE = 0.6
"""From here on detection overrules what feed and page say: of longer texts it is wrong in none of a thousand."""

LIKELY = 0.3
"""From here on it counts where nobody says anything: a rule that asks for a language must not miss a headline."""

_SAMPLE = 2_000  # code points; more change no answer, and cost a millisecond for every four thousand
_NO_LANGUAGE = frozenset({"zxx", "und", "mul", "mis"})  # ISO 639-2: no words, unknown, many, none of those listed
_PRIMARY = re.compile(r"([a-z]{2,3})(?![a-z])")
# One code for what a reader, and a rule, takes for one language: regional forms that detection tells apart but a
# feed does not, Dari (prs) among them, and the three-letter codes of ISO 639-2 and 639-3 for what has two letters.
_ONE_CODE = {
    **dict.fromkeys(("ara", "arb", "ary", "arz", "apc", "acm"), "ar"),
    **dict.fromkeys(("fas", "per", "pes", "prs"), "fa"),
    **dict.fromkeys(("pus", "pbt", "pbu", "pst"), "ps"),
    **dict.fromkeys(("zho", "chi", "cmn", "wuu", "yue"), "zh"),
    **dict.fromkeys(("kur", "kmr", "ckb", "sdh"), "ku"),
    **dict.fromkeys(("nor", "nob", "nno", "nb", "nn"), "no"),
    **dict.fromkeys(("uzb", "uzn", "uzs"), "uz"),
    **dict.fromkeys(("aze", "azj", "azb"), "az"),
    **dict.fromkeys(("msa", "may", "zsm"), "ms"),
    **{"ben": "bn", "deu": "de", "ger": "de", "eng": "en", "fra": "fr", "fre": "fr", "guj": "gu", "heb": "he"},
    **{"hin": "hi", "ind": "id", "in": "id", "ita": "it", "iw": "he", "jpn": "ja", "kaz": "kk", "kor": "ko"},
    **{"nep": "ne", "nld": "nl", "dut": "nl", "pan": "pa", "pnb": "pa", "pol": "pl", "por": "pt", "rus": "ru"},
    **{"sin": "si", "snd": "sd", "som": "so", "spa": "es", "swa": "sw", "swh": "sw", "tam": "ta", "tel": "te"},
    **{"tgk": "tg", "tha": "th", "tuk": "tk", "tur": "tr", "uig": "ug", "ukr": "uk", "urd": "ur", "vie": "vi"},
}


@dataclass(frozen=True, slots=True)
class Guess:
    """What detection takes a text for; `confidence` is in 0 … 1, two decimals."""

    language: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Settled:
    """The language that counts. `confidence` is None when it is only stated; `overruled` is what was stated and
    does not count."""

    language: str | None
    confidence: float | None = None
    overruled: str | None = None


def sample_of(title: str, summary: str, body: str) -> str:
    """What detection reads of a document: each of the three once, title first."""
    return "\n\n".join(dict.fromkeys((title, summary, body)))[:_SAMPLE]


def detect_language(text: str) -> Guess | None:
    """The likeliest language of a text, by its first 2,000 code points; None for a text without words.

    The first call in a process loads the model (0.7 s, 90 MB); a call then takes some 0.1 ms for a headline, 1 ms
    at most. The same text has the same answer everywhere. May be called from several threads at once.
    """
    sample = text[:_SAMPLE]
    if not any(character.isalpha() for character in sample):
        return None
    from monitor.core.text.language_model import IDENTIFIER

    found: dict[str, float] = {}
    for language, confidence in IDENTIFIER.rank(sample):
        code = _ONE_CODE.get(language, language)
        found[code] = found.get(code, 0.0) + confidence
    best = max(found, key=found.__getitem__)
    return None if best in _NO_LANGUAGE else Guess(best, round(found[best], 2))


def canonical_language(tag: str | None) -> str | None:
    """The language of a tag as documents and rules write it: "en" of "en-GB", "fa" of "prs" and "fa-AF".

    BCP 47 (`en-US`), POSIX (`en_US`) and three-letter codes are read; None for what names no language.
    """
    found = _PRIMARY.match((tag or "").strip().lower())
    if found is None or found[1] in _NO_LANGUAGE:
        return None
    return _ONE_CODE.get(found[1], found[1])


def settle_language(stated: str | None, guess: Guess | None) -> Settled:
    """The language of a text: as detected when that is sure, else as stated, else as detected when it is likely.

    A feed says one language of all that it carries, and templates say "en" of every page: where the words are
    plainly others, a rule must not miss them for it.
    """
    said = canonical_language(stated)
    if guess is not None and (guess.confidence >= SURE or guess.language == said):
        return Settled(guess.language, guess.confidence, said if said != guess.language else None)
    if said is not None:
        return Settled(said)
    if guess is not None and guess.confidence >= LIKELY:
        return Settled(guess.language, guess.confidence)
    return Settled(None)
