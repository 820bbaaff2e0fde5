"""The analyser: cuts a text into words with positions and original offsets. The same code reads rules and text.

One pass of one regular expression over each text. What it keeps together as one word:

- letters, digits, their combining marks and invisible characters (पाकिस्तान, می‌خواهد, Tali­ban);
- an inner apostrophe (Pakistan’s) and the separators inside a number (6,000; 3.5; 6 000 with a fixed space);
- a dotted acronym (U.S., N.A.T.O.);
- of scripts written without spaces (Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese) each base character
  with its marks, so that 塔利班 is found inside 阿富汗塔利班发言人 as a phrase of three.

Positions count words. A paragraph break and a link cost one position, so a phrase never crosses them and NEAR
pays one. A hyphenated compound stands at its parts' positions, and its joined form at the first of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

from monitor.core.text.normalize import APOSTROPHES, INVISIBLE, normalize
from monitor.core.text.paragraphs import paragraphs

MAX_TOKENS = 20_000
"""Words of one document that are read; what lies behind them is cut off (rules design, guards)."""

HYPHENS = "-\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d"
_MAX_COMPOUND = 5

# Scripts written without spaces: one token per base character.
_SPACELESS = (
    (0x0E00, 0x0E7F),  # Thai
    (0x0E80, 0x0EFF),  # Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),
    (0x3041, 0x312F),  # kana, bopomofo
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAA7F),
    (0xAC00, 0xD7A3),  # Hangul syllables: particles are written onto the word
    (0xF900, 0xFAFF),
    (0xFF66, 0xFF9D),
    (0x20000, 0x323AF),
)
_JAMO = (0x1100, 0x11FF)
_HALF_WIDTH_VOICING = "\uff9e\uff9f"


class _Kind(Enum):
    MARK = auto()
    SINGLE = auto()  # one token each
    ALNUM = auto()


def _is_spaceless(code: int) -> bool:
    return any(low <= code <= high for low, high in _SPACELESS)


def _kind(code: int) -> _Kind | None:
    character = chr(code)
    if unicodedata.category(character).startswith("M") or character in _HALF_WIDTH_VOICING:
        return _Kind.MARK
    if not character.isalnum() or _JAMO[0] <= code <= _JAMO[1]:
        return None
    return _Kind.SINGLE if _is_spaceless(code) and character.isalpha() else _Kind.ALNUM


def _classes() -> dict[_Kind, str]:
    """Character class bodies (`a-zà-ÿ…`) over the first plane, where every script of the news lives."""
    ranges: dict[_Kind, list[list[int]]] = {kind: [] for kind in _Kind}
    for code in range(0x10000):
        kind = _kind(code)
        if kind is None:
            continue
        known = ranges[kind]
        if known and known[-1][1] == code - 1:
            known[-1][1] = code
        else:
            known.append([code, code])
    return {kind: "".join(f"{chr(low)}-{chr(high)}" for low, high in found) for kind, found in ranges.items()}


# Beyond the first plane only whole blocks, not exact ranges: `re` tries those one by one on every space.
# The second plane up to its pictographs holds rare scripts, the third Han.
_CLASSES = {kind: body.replace("[", r"\[").replace("]", r"\]") for kind, body in _classes().items()}
_ALNUM = _CLASSES[_Kind.ALNUM] + "\U00010000-\U0001efff"
_MARK = _CLASSES[_Kind.MARK] + "\U000e0100-\U000e01ef"
_SINGLE = _CLASSES[_Kind.SINGLE] + "\U00020000-\U000323af"
_TAIL = f"[{_ALNUM}{_MARK}{INVISIBLE}]*"
_NO_WORD_BEHIND = f"(?![{_ALNUM}{_MARK}{_SINGLE}])"
_IN_NUMBER = r"(?<=\d)(?:[.٫](?=\d)|[,٬](?=\d{3}(?!\d)|\d\d[,٬]\d))"

_TOKEN = re.compile(
    # U.S., N.A.T.O.'s: lone letters with a dot behind each
    rf"[^\W\d_](?=\.)(?<![{_ALNUM}].)(?:\.[^\W\d_]){{1,9}}\.?{_NO_WORD_BEHIND}(?:[{APOSTROPHES}]s{_NO_WORD_BEHIND})?"
    # 6 000 with a no-break or thin space
    r"|\d{1,3}(?:[\u00a0\u202f\u2009]\d{3})+(?!\d)"
    rf"|[{_ALNUM}]{_TAIL}(?:(?:[{APOSTROPHES}]|{_IN_NUMBER})[{_ALNUM}]{_TAIL})*"
    # one base character of a spaceless script, then decomposed Hangul
    rf"|[{_SINGLE}][{_MARK}]*|[\u1100-\u115f][\u1160-\u11a7][\u11a8-\u11ff]?"
)
_LINK = re.compile(rf"(?:(?:https?|ftp)://|\bwww\.)[^\s<>\"“”«»。、，{_SINGLE}]+", re.IGNORECASE)
_ADDRESS_NAME = re.compile(r"[\w.+-]")
_ADDRESS_HOST = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63})+")


class Token(NamedTuple):
    """One word: `text[start:end]` is its surface; `term` its searchable form; `position` counts words."""

    term: str
    start: int
    end: int
    position: int


class Compound(NamedTuple):
    """The joined form of hyphenated words (`ceasefire` for cease-fire) over `size` positions from `position`."""

    term: str
    position: int
    size: int


class Analysed(NamedTuple):
    """A text cut into words; `next_position` is free for what follows."""

    tokens: list[Token]
    compounds: list[Compound]
    next_position: int


def is_spaceless(surface: str) -> bool:
    """Whether the word belongs to a script that is matched by character."""
    return _is_spaceless(ord(surface[0])) if surface else False


def analyse(text: str, position: int = 0, limit: int = MAX_TOKENS) -> Analysed:
    """Cuts `text` into at most `limit` words, the first at `position`. Takes time linear in the text."""
    links = list(_links(text))
    readable = _blanked(text, links)
    breaks = sorted([start for start, _ in paragraphs(text)][1:] + [end for _, end in links])
    tokens: list[Token] = []
    passed = 0
    for found in _TOKEN.finditer(readable):
        if len(tokens) >= limit:
            break
        start = found.start()
        while passed < len(breaks) and breaks[passed] <= start:
            passed += 1
            # before the first word there is nothing to keep apart
            position += 1 if tokens else 0
        surface = found.group().rstrip(INVISIBLE)
        tokens.append(Token(normalize(surface), start, start + len(surface), position))
        position += 1
    return Analysed(tokens, list(_compounds(text, tokens)), position)


def _compounds(text: str, tokens: list[Token]) -> Iterator[Compound]:
    chain = 0  # index of the first part of the compound being followed
    for index in range(1, len(tokens) + 1):
        if index < len(tokens):
            left, right = tokens[index - 1], tokens[index]
            if right.start == left.end + 1 and text[left.end] in HYPHENS and right.position == left.position + 1:
                continue
        if 2 <= index - chain <= _MAX_COMPOUND:
            parts = tokens[chain:index]
            joined = "".join(text[part.start : part.end] for part in parts)
            yield Compound(normalize(joined), parts[0].position, len(parts))
        chain = index


def _links(text: str) -> Iterator[tuple[int, int]]:
    """Bounds of web links and e-mail addresses: their words are no text."""
    for found in _LINK.finditer(text):
        yield found.span()
    at = text.find("@")
    while at >= 0:
        host = _ADDRESS_HOST.match(text, at + 1)
        if host:
            start = at
            while start > max(0, at - 64) and _ADDRESS_NAME.match(text, start - 1):
                start -= 1
            if start < at:
                yield start, host.end()
        at = text.find("@", at + 1)


def _blanked(text: str, bounds: list[tuple[int, int]]) -> str:
    """The text with the given parts turned into spaces, so that all offsets stay true."""
    if not bounds:
        return text
    pieces: list[str] = []
    done = 0
    for start, end in sorted(bounds):
        if end <= done:
            continue
        start = max(start, done)
        pieces += [text[done:start], " " * (end - start)]
        done = end
    return "".join([*pieces, text[done:]])
