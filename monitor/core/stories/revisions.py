"""What a new wording says of the old one. Pure."""

from __future__ import annotations

import re

# At the head of a title before a mark ("Correction: …", "CORRECTED-…", "[Retraction] …"), or at its end in
# brackets ("… (corrected)"). "Corrections officer is shot" and "Senator retracted statement" are none: a word
# without its mark counts only in capitals, as the agencies write it.
_WORDS = r"correct(?:ed|ion)s?|retract(?:ed|ion)|clarification|withdrawn|refile-?\s*correct(?:ed|ion)"
_HEAD = re.compile(rf"^\W*(?:{_WORDS})\b(?:\s+\d+)?\s*(?:[:\-–—|\]\)]|\.{{3}}|…)", re.I)
_TAIL = re.compile(rf"[\(\[]\s*(?:{_WORDS})\s*[\)\]]\W*$|[\-–—|:]\s*(?:{_WORDS})\W*$", re.I)
_CAPITALS = re.compile(r"\b(?:CORRECTED|CORRECTION|RETRACTED|RETRACTION|CLARIFICATION|WITHDRAWN)\b")


def correction_in(old_title: str, new_title: str) -> bool:
    """Whether a title says that the article was corrected or withdrawn, and said nothing of it before."""
    return _says_corrected(new_title) and not _says_corrected(old_title)


def _says_corrected(title: str) -> bool:
    if _HEAD.search(title) or _TAIL.search(title):
        return True
    # A headline that is all in capitals shouts everything.
    return bool(_CAPITALS.search(title)) and any(character.islower() for character in title)
