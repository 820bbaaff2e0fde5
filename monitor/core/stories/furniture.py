"""What stands in a text and is not the report: datelines, bylines, credits, copyright lines, "About X".

Agencies' subscribers add, cut and reword these, so copies are compared without them. Only the comparison leaves
them out: rules read the whole text.
"""

from __future__ import annotations

import re

from monitor.core.stories.wire import after_dateline
from monitor.core.text.words import fold_words

MOST_CHARACTERS = 200_000  # of a text: copies of longer ones agree in their beginning
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
_ABOUT = re.compile(r"(?:about|über|à propos d\w*)\s+[^.!?]{2,80}:?$", re.IGNORECASE)
_RELEASE_END = re.compile(
    r"(?:#\s?#\s?#|media\s+contacts?|press\s+contacts?|investor\s+(?:relations|contacts?)|contacts?\s*:"
    r"|forward[- ]looking\s+statements?|safe\s+harbou?r|cautionary\s+(?:note|statement)|notes?\s+to\s+editors?)",
    re.IGNORECASE,
)
# Scripts written without spaces: a character is a word there.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_INVISIBLE = str.maketrans("", "", "\u00ad\u200b\u200c\u200d\u2060\ufeff")


def own_words(text: str) -> list[str]:
    """The words of a text without dateline, byline, credits and copyright lines."""
    return _words_of(_report_lines(text[:MOST_CHARACTERS]))


def story_words(title: str, text: str) -> list[str]:
    """The words that a report has to itself: also without its headline at the top, and "About X" at the end."""
    lines = _without_about(_report_lines(text[:MOST_CHARACTERS]))
    heading = fold_words(title)
    while lines and heading and len(lines[0]) <= _LINE and fold_words(lines[0]) == heading:
        del lines[0]
    return _words_of(lines)


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


def _without_about(lines: list[str]) -> list[str]:
    """The lines before a press release's words about its sender, which stand behind its news."""
    for place in range(len(lines) // 3, len(lines)):
        line = lines[place]
        if place and len(line) <= 100 and (_ABOUT.match(line) or _RELEASE_END.match(line)):
            return lines[:place]
    return lines


def _words_of(lines: list[str]) -> list[str]:
    text = "\n".join(lines).translate(_INVISIBLE)
    if not text.isascii() and _UNSPACED.search(text):
        text = _UNSPACED.sub(r" \g<0> ", text)
    return fold_words(text)
