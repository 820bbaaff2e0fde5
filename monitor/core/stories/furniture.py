"""What stands in a text and is not the report: datelines, bylines, credits, copyright lines, "About X".

Agencies' subscribers add, cut and reword these, so copies are compared without them. Only the comparison leaves
them out: rules read the whole text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from monitor.core.stories.wire import after_dateline
from monitor.core.text.words import fold_words

MOST_CHARACTERS = 200_000  # of a text: copies of longer ones agree in their beginning
MOST_TITLE = 1_000
_MOST_WORDS = 50_000  # one character may stand for four words when it is normalised
_LINE = 400  # characters; a longer line is a paragraph of the report

_BYLINE = re.compile(r"(?:by|von|par|por)\s+\S[^.!?]{2,100}$", re.IGNORECASE)
_CREDIT = re.compile(
    r"""\(? (?: (?:additional\s+)? (?:reporting|writing|editing|compiled|reported|written|edited)
              (?:\s+and\s+(?:writing|editing|reporting))? (?:\s+and\s+(?:editing|writing))? \s+by\b
          | with\s+(?:inputs?|reporting|files)\s+from\b
          | (?:source|quelle|credit)s?\s*:
          | (?:\(?c\)|©|copyright\b) | (?:all\s+)?rights\s+reserved
          | (?:associated\s+press|ap|reuters|afp)\s+(?:\w+\s+)?
              (?:writers?|journalists?|correspondents?|reporters?)\b
          | our\s+standards:
          | follow\s+us\s+on | sign\s+up\s+(?:for|to)\b | click\s+here\b | read\s+more\b
        )""",
    re.IGNORECASE | re.VERBOSE,
)
# A name behind it: "About 300 people wait" may head a part of the report.
_ABOUT = re.compile(r"(?i:about|über|à propos d\w*)\s+(?:(?i:the)\s+)?[^\W\d_a-z][^.!?]{1,80}:?$")
_RELEASE_END = re.compile(
    r"(?:#\s?#\s?#|media\s+contacts?|press\s+contacts?|investor\s+(?:relations|contacts?)|contacts?\s*:"
    r"|forward[- ]looking\s+statements?|safe\s+harbou?r|cautionary\s+(?:note|statement)|notes?\s+to\s+editors?)",
    re.IGNORECASE,
)
# Scripts written without spaces: a character is a word there.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")  # `str.translate` takes twenty times as long


def own_words(text: str) -> list[str]:
    """The words of a text without dateline, byline, credits and copyright lines."""
    return _words_of(_report_lines(text[:MOST_CHARACTERS]))


class ReportWords(NamedTuple):
    """The words of one report: see `own_words`; and those that it has to itself."""

    own: list[str]
    story: list[str]
    """Also without its headline at the top, and "About X" at the end."""


def report_words(title: str, text: str) -> ReportWords:
    """Both lists of words of a text, which is read once."""
    lines = _report_lines(text[:MOST_CHARACTERS])
    end = _about_from(lines)
    heading = fold_words(title[:MOST_TITLE])
    start = 0
    while start < end and heading and len(lines[start]) <= _LINE and fold_words(lines[start]) == heading:
        start += 1
    story = _words_of(lines[start:end])
    if start == 0 and end == len(lines):
        return ReportWords(story, story)
    # No word reaches over the end of a line.
    own = [*_words_of(lines[:start]), *story, *_words_of(lines[end:])]
    return ReportWords(own[:_MOST_WORDS], story)


def _report_lines(text: str) -> list[str]:
    """The lines of a text that are no credits; of those that open a report, what stands behind the dateline."""
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    return [_without_last_credit(after_dateline(line)) for line in lines if not is_credit(line)]


def is_credit(line: str) -> bool:
    """Whether a line names who made or owns the report, and says nothing else."""
    return len(line) <= _LINE and (_CREDIT.match(line) or _BYLINE.match(line)) is not None


def _without_last_credit(line: str) -> str:
    """A paragraph without the "(Reporting by …)" it ends with."""
    if not line.endswith(")"):
        return line
    start = line.rfind("(", len(line) - _LINE if len(line) > _LINE else 0)
    return line[:start] if start >= 0 and _CREDIT.match(line, start) else line


def _about_from(lines: list[str]) -> int:
    """Where a press release's words about its sender begin, which stand behind its news."""
    for place in range(len(lines) // 3, len(lines)):
        line = lines[place]
        if place and len(line) <= 100 and (_ABOUT.match(line) or _RELEASE_END.match(line)):
            return place
    return len(lines)


def _words_of(lines: list[str]) -> list[str]:
    text = "\n".join(lines)
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
        if _UNSPACED.search(text):
            text = _UNSPACED.sub(r" \g<0> ", text)
    return fold_words(text)[:_MOST_WORDS]
