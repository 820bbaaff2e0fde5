"""Small words of names: articles, titles, and the many spellings of Mohammad."""

from __future__ import annotations

import re

ARTICLES = frozenset("al el ul il ar as ash an at ad az ed es ez en et er ur ud us un ut uz ush".split())
"""The Arabic article, also as it is written before sun letters (ur-Rehman, ud-Din, ash-Sham)."""

IZAFE = frozenset(("e", "i", "ye", "yi"))
"""What joins two words of a Persian or Urdu name (Tehreek-e-Taliban)."""

PARTICLES = ARTICLES | IZAFE

CLERICS = frozenset(
    "mullah mulla mollah molla maulvi molvi moulvi maulavi mawlawi mawlavi molavi maulana mawlana moulana".split()
)
"""One title in many forms: the press calls the same man Mullah and Maulana Fazlullah."""

TITLES = CLERICS | frozenset(
    "haji hajji alhaj qari mr mrs ms miss dr doctor prof professor eng engineer gen general lt lieutenant col colonel "
    "brig brigadier maj major capt captain adm admiral sir lord justice senator sen rep president minister".split()
)
"""Titles that are no part of a name. Khawaja, Hafiz, Sheikh, Shah and Syed are: they tell people apart."""

_MOHAMMAD = re.compile(r"(?:m[aeou]?h+[aeou]?mm?[aeo]d|m[ou]h[ae]?mm?et|mohd|muhd|mhd|md)\Z")
_MAHMUD = re.compile(r"m[ae]hm?[aeou]{1,2}d\Z")


def is_mohammad(term: str) -> bool:
    """Whether a normalised word is a spelling of Mohammad. Mahmood, Mahmud and Mehmood never are."""
    return _MOHAMMAD.match(term) is not None and _MAHMUD.match(term) is None

HONORIFICS = frozenset(
    "khawaja khwaja syed sayed sayyid seyyed sheikh shaikh shaykh mian malik chaudhry chaudhary sardar hafiz agha "
    "akhund sahib sahab abu umm bin ben ibn bint abdul abdel abd".split()
)
"""Words of a name that never stand for the person alone."""

OFFICES = TITLES | frozenset(
    "premier pm secretary spokesman spokesperson spokeswoman chief director governor mayor ambassador envoy commander "
    "chairman chairwoman chairperson chancellor judge king queen prince princess imam ayatollah leader adviser advisor "
    "deputy marshal gov hon "
    "sheikh shaikh khawaja khwaja".split()
)
"""Words before a name that are no name: Minister Asif, Mr. Asif, Khawaja Asif."""

_CALENDAR = (
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august "
    "september october november december"
)
_OPENERS = (
    "a after again also although an and as at because before both but by despite during earlier even finally first for "
    "from he here his how however if in instead it its last later like meanwhile more moreover now of on once only or "
    "our over she since so still such that the their then there these they this those though through thus to today "
    "together tomorrow under unless until we what when where whether which while who why will with without yesterday "
    "yet you"
)
NO_NAMES = frozenset(f"{_CALENDAR} {_OPENERS}".split())
"""Capitalised, yet no name: days, months, and words that begin sentences."""
