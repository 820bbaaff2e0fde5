"""The top of an article: headline, caption and buttons above the text are not text."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.core.articles.blocks import Block
from monitor.core.articles.guards.cues import is_byline, is_dated, is_furniture
from monitor.core.text.words import fold_words
from monitor.model.article import Dropped, DropReason

_TOP = 12  # lines among which a headline is repeated
_CAPTIONS = 2  # lines between the two that are neither button nor date
_LONGEST_CAPTION = 700  # code points
_BUTTONS = 6  # kept lines above the text that may be buttons


def without_top(lines: Sequence[Block], title: str) -> list[Dropped]:
    """Unmarks what is no text above it. Lines equal to the title go unsaid: rules read the title by itself."""
    dropped = []
    wanted = fold_words(title)
    kept = [line for line in lines if line.kept][: _TOP + 2]
    if (again := _repeated(lines, wanted)) is not None:
        for line in lines[: again + 1]:
            if line.kept and fold_words(line.text) != wanted:
                dropped.append(Dropped(DropReason.DOUBLED_HEADING, line.text))
            line.kept = False
    for line in kept[:_BUTTONS]:
        if not line.kept:
            continue
        if wanted and fold_words(line.text) == wanted:
            line.kept = False
        elif is_furniture(line) or is_dated(line):
            dropped.append(Dropped(DropReason.FURNITURE, line.text))
            line.kept = False
        elif not is_byline(line):
            break
    return dropped


def _repeated(lines: Sequence[Block], wanted: list[str]) -> int | None:
    """The place of the headline's repetition behind caption and buttons; None = there is none."""
    if not wanted:
        return None
    first = next((place for place, line in enumerate(lines) if line.kept), 0)
    for place in range(max(0, first - _TOP), min(first + _TOP, len(lines))):
        if fold_words(lines[place].text) != wanted:
            continue
        captions = buttons = 0
        for other in range(place + 1, min(place + 1 + _TOP, len(lines))):
            line = lines[other]
            if fold_words(line.text) == wanted:
                if buttons:
                    return other
                break
            if is_furniture(line) or is_dated(line):
                buttons += 1
            else:
                captions += 1
                if captions > _CAPTIONS or len(line.text) > _LONGEST_CAPTION:
                    return None
    return None
