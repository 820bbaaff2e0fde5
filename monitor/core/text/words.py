"""Words for hashes and likeness: cruder than the rules' analyser, and fixed, since hashes are stored."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from hashlib import blake2b

from monitor.core.text.characters import bounded_marks

_WORD = re.compile(r"\w+")
# ASCII, its letters small and what is in no word a space
_SPACED = bytes(ord(chr(code).lower()) if _WORD.match(chr(code)) else ord(" ") for code in range(0x80)).ljust(256)
_SIGNS = "’“”‘–—…\u00a0"  # no words, and often all in an English text that is not ASCII


def fold_words(text: str) -> list[str]:
    """The words of a text after NFKC and casefold; quotes, dashes and markup signs are no words."""
    plain = text
    if not text.isascii():
        for sign in _SIGNS:
            plain = plain.replace(sign, " ")
    if plain.isascii():  # in a quarter of the time
        return plain.encode().translate(_SPACED).decode().split()
    return _WORD.findall(unicodedata.normalize("NFKC", bounded_marks(text)).casefold())


def hash_words(*parts: Sequence[str]) -> str:
    """128 bits over lists of words; where one list ends and the next begins counts."""
    digest = blake2b(digest_size=16)
    for words in parts:
        digest.update(" ".join(words).encode("utf-8", "surrogatepass") + b"\x00")
    return digest.hexdigest()
