"""Words for hashes and likeness: cruder than the rules' analyser, and fixed, since hashes are stored."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from hashlib import blake2b

from monitor.core.text.characters import bounded_marks

_WORD = re.compile(r"\w+")


def fold_words(text: str) -> list[str]:
    """The words of a text after NFKC and casefold; quotes, dashes and markup signs are no words."""
    return _WORD.findall(unicodedata.normalize("NFKC", bounded_marks(text)).casefold())


def hash_words(*parts: Sequence[str]) -> str:
    """128 bits over lists of words; where one list ends and the next begins counts."""
    digest = blake2b(digest_size=16)
    for words in parts:
        digest.update(" ".join(words).encode("utf-8", "surrogatepass") + b"\x00")
    return digest.hexdigest()
