"""Small words of names: articles, titles, and the many spellings of Mohammad."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ARTICLES = _words("al el ul il ar as ash an at ad az ed es ez en et er ur ud us un ut uz ush")
"""The Arabic article, also as it is written before sun letters (ur-Rehman, ud-Din, ash-Sham)."""

IZAFE = _words("e i ye yi")
"""What joins two words of a Persian or Urdu name (Tehreek-e-Taliban)."""

PARTICLES = ARTICLES | IZAFE

ENGLISH = _words("as an at us")
"""Articles that are English words, too: only with a hyphen are they part of a name (as-Sadr)."""

CLERICS = _words(
    """
    mullah mulla mollah molla maulvi molvi moulvi maulavi mawlawi mawlavi molavi maulana mawlana moulana
    """
)
"""One title in many forms: the press calls the same man Mullah and Maulana Fazlullah."""

TITLES = CLERICS | _words(
    """
    haji hajji alhaj qari mr mrs ms miss dr doctor prof professor eng engineer gen general lt lieutenant col
    colonel brig brigadier maj major capt captain adm admiral sir lord justice senator sen rep president minister
    """
)
"""Titles that are no part of a name. Khawaja, Hafiz, Sheikh, Shah and Syed are: they tell people apart."""

HONORIFICS = _words(
    """
    khawaja khwaja syed sayed sayyid seyyed sheikh shaikh shaykh mian malik chaudhry chaudhary sardar hafiz agha
    akhund sahib sahab abu umm bin ben ibn bint abdul abdel abd
    """
)
"""Words of a name that never stand for the person alone."""

OFFICES = TITLES | _words(
    """
    premier pm secretary spokesman spokesperson spokeswoman chief director governor mayor ambassador envoy
    commander chairman chairwoman chairperson chancellor judge king queen prince princess imam ayatollah leader
    adviser advisor deputy marshal gov hon sheikh shaikh khawaja khwaja
    """
)
"""Words before a name that are no name: Minister Asif, Mr. Asif, Khawaja Asif."""

NO_NAMES = _words(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december
    a after again also although an and as at because before both but by despite during earlier even finally first
    for from he here his how however if in instead it its last later like meanwhile more moreover now of on once
    only or our over she since so still such that the their then there these they this those though through thus to
    today together tomorrow under unless until we what when where whether which while who why will with without
    yesterday yet you
    """
)
"""Capitalised, yet no name: days, months, and words that begin sentences."""

SMALL = _words(
    """
    about against amid among between from into over than that through toward under upon with
    """
)
"""Longer words that headlines write small."""

_MOHAMMAD = re.compile(r"(?:m[aeou]?k?h+[aeou]?mm?[aeo]d|m[ou]h[ae]?mm?et|mohd|muhd|mhd|md)\Z")
_MAHMUD = re.compile(r"m[ae]hm?[aeou]{1,2}d\Z")


def is_mohammad(term: str) -> bool:
    """Whether a normalised word is a spelling of Mohammad. Mahmood, Mahmud and Mehmood never are."""
    return _MOHAMMAD.match(term) is not None and _MAHMUD.match(term) is None
