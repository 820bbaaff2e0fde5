"""Lines that belong to a page and not to an article: rails' titles, furniture, bylines, datelines. Pure.

Only whole lines are cues: "Related" in running text is a word.
"""

from __future__ import annotations

import re

from monitor.core.articles.blocks import Block, Kind
from monitor.core.articles.phrases import AUTHOR, FURNITURE, POINTER, RAIL, READ_ON

_LONGEST_CUE = 60
_LONGEST_HEADING = 200
_END = r"\s*[:：»›>→.…]*"

_RAIL = re.compile(RAIL + _END, re.I)
_AUTHOR = re.compile(AUTHOR + _END, re.I)
_READ_ON = re.compile(READ_ON + _END, re.I)
_MONTH = (
    r"(?:jan(?:uary|\.)?|feb(?:ruary|\.)?|mar(?:ch|\.)?|apr(?:il|\.)?|may|june?|july?|aug(?:ust|\.)?|sept?(?:ember|\.)?"
    r"|oct(?:ober|\.)?|nov(?:ember|\.)?|dec(?:ember|\.)?)"
)
_DAY = (
    rf"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day|\.)?,?\s+)?"
    rf"(?:\d{{1,2}}(?:st|nd|rd|th)?\s+{_MONTH},?\s+\d{{4}}|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}"
    rf"|\d{{4}}-\d\d-\d\d|\d{{1,2}}[./]\d{{1,2}}[./]\d{{4}})"
)
_CLOCK = (
    r"(?:[\s,|•·–-]*(?:at\s+)?\d{1,2}[:.]\d\d(?:[:.]\d\d)?\s*(?:[ap]\.?m\.?)?"
    r"\s*(?:[A-Z]{2,4}|[+-]\d\d:?\d\d)?)?"
)
_SAID_OF_DATES = (
    r"(?:(?:first |last )?(?:published|updated|posted|modified|created|aktualisiert|veröffentlicht|publié"
    r"|mis à jour|publicado|actualizado)(?:\s+(?:on|at|le|el|am))?\s*[:|-]?\s*)?"
)
_DATE_LINE = re.compile(rf"{_SAID_OF_DATES}{_DAY}{_CLOCK}(?:\s*[|•·]\s*.{{0,30}})?", re.I)
_NAME = r"[A-Z][\w.'’-]*"
_BYLINE = re.compile(
    rf"(?:[Bb]y|BY|[Vv]on|[Pp]ar|[Pp]or)\s+{_NAME}(?:[\s,]+(?:and\s+|&\s*)?{_NAME}|\s+(?:de|van|von|al|bin)){{0,8}}"
)
_FURNITURE = re.compile(FURNITURE + _END, re.I)
# KARACHI, ISLAMABAD/KABUL, VANCOUVER (Reuters), "LONDON, Feb 22 (Reuters)"; then a colon or a dash
_DATELINE = re.compile(
    r"[A-Z][A-Z.'’/ -]{2,40}(?:,\s*[A-Z][\w. ]{2,30})?(?:,?\s*\w{3,9}\.?\s+\d{1,2})?"
    r"\s*(?:\([^)]{2,40}\))?\s*(?::|[-–—]{1,2})\s"
)
_POINTER = re.compile(POINTER + r"\s*[:：|–-]\s*(?=\S)", re.I)
_POINTER_ALONE = re.compile(POINTER + r"\s*[:：|–-]", re.I)
_POINTER_WORD = re.compile(r"(?:see also|read also|also read|related (?:article|story|stories))\b", re.I)
_ADDRESS = re.compile(r"https?://\S+")
_STOPS = (".", "!", "?", "…", ",", ";", "۔", "؟", "。", ".”", '."', "।")


def is_rail_title(line: Block) -> bool:
    """Whether a line opens a rail, a box about the author, or the comments."""
    if len(line.text) > _LONGEST_CUE:
        return False
    return _RAIL.fullmatch(line.text) is not None or _AUTHOR.fullmatch(line.text) is not None


def is_author_title(line: Block) -> bool:
    """Whether a line opens a box about the author: "News Desk"."""
    return len(line.text) <= _LONGEST_CUE and _AUTHOR.fullmatch(line.text) is not None


def is_read_on(line: Block) -> bool:
    """Whether a line is the "Read more" under a teaser."""
    return len(line.text) <= _LONGEST_CUE and _READ_ON.fullmatch(line.text) is not None


def is_dated(line: Block) -> bool:
    """Whether a line is nothing but a date, perhaps with "Updated"; a time alone (live blogs) is none."""
    return len(line.text) <= _LONGEST_CUE + 20 and _DATE_LINE.fullmatch(line.text) is not None


def is_byline(line: Block) -> bool:
    """Whether a line names who wrote what follows, and nothing else."""
    return len(line.text) <= _LONGEST_CUE + 20 and _BYLINE.fullmatch(line.text) is not None


def is_furniture(line: Block) -> bool:
    """Whether a line is a button or a label: "Follow", "Short Url", "5 min read"."""
    return len(line.text) <= _LONGEST_CUE and _FURNITURE.fullmatch(line.text) is not None


def is_label(line: Block) -> bool:
    """Whether a line is any of these."""
    return is_rail_title(line) or is_read_on(line) or is_furniture(line) or is_dated(line) or is_byline(line)


def has_dateline(line: Block) -> bool:
    """Whether a paragraph begins with the place it was filed from, as agencies and papers write it."""
    return _DATELINE.match(line.text[:120]) is not None


def is_heading(line: Block) -> bool:
    """Whether a line is a heading by its element or, where a site has none, by its shape."""
    if line.kind is Kind.HEADING:
        return len(line.text) <= _LONGEST_HEADING
    words = line.text.count(" ") + 1
    return (
        line.kind is Kind.TEXT
        and 3 <= words <= 30
        and len(line.text) <= _LONGEST_HEADING
        and not line.text.endswith(_STOPS)
        and not (is_dated(line) or is_byline(line))
    )


def points_elsewhere(line: Block) -> bool:
    """Whether a line only sends the reader on: "SEE ALSO: https://…". A sentence behind "More:" is none."""
    if (
        line.plain
        and len(line.text) <= 300
        and (_POINTER_ALONE.fullmatch(line.plain) or _RAIL.fullmatch(line.plain))
    ):
        return True
    found = _POINTER.match(line.text)
    if found is None or len(line.text) > 300:
        return False
    rest = _ADDRESS.sub("", line.text[found.end() :]).strip()
    if line.linked or not rest:
        return True
    return _POINTER_WORD.match(line.text) is not None and not rest.endswith(_STOPS) and rest.count(" ") < 25
