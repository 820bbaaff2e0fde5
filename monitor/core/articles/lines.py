"""The main text beside the page: where extraction left lines out, the guards still see them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from monitor.core.articles.blocks import Block, Kind, home_of
from monitor.core.articles.guards.cues import is_label

_NEAR = 15  # lines a short text is looked for ahead: "Follow" stands anywhere
_SHORT = 20  # code points without spaces and signs
_TRAILING = 40  # lines of the page shown behind the main text
_NO_LETTER = re.compile(r"\W+")


def beside_page(main: Sequence[Block], page: Sequence[Block]) -> list[Block]:
    """The page's lines with those of the main text marked `kept`, in the main text's words and order.

    A line of the main text that the page has not in this form stands between its neighbours all the same: every
    line of `main` is in the result, once.
    """
    places: dict[str, list[int]] = {}
    for place, block in enumerate(page):
        places.setdefault(_key(block.text), []).append(place)
    out: list[Block] = []
    cursor = 0
    for block in main:
        key = _key(block.text)
        found = places.get(key, [])
        at = bisect_left(found, cursor)
        there = found[at] if at < len(found) else None
        if there is None or (len(key) < _SHORT and out and there - cursor > _NEAR):
            out.append(replace(block, kept=True))
            continue
        out += page[cursor:there]
        seen = page[there]
        kind = seen.kind if seen.kind is Kind.HEADING else block.kind
        out.append(replace(seen, text=block.text, kind=kind, kept=True))
        cursor = there + 1
    return out + list(page[cursor : cursor + _TRAILING])


def restore(lines: Sequence[Block], title: str) -> None:
    """Marks as kept what extraction left out between two lines that it kept: subheads and short points.

    Only what stands in the same part of the page as its neighbours and is neither link, label nor caption; above
    the first kept line only what follows the headline.
    """
    places = [place for place, line in enumerate(lines) if line.kept]
    if not places:
        return
    wanted = _key(title)
    top = next(
        (place for place in range(places[0], -1, -1) if wanted and _key(lines[place].text) == wanted), places[0]
    )
    before = top
    for place in places:
        homes = {id(home) for line in (lines[before], lines[place]) if (home := home_of(line)) is not None}
        for line in lines[before + 1 : place]:
            if id(home_of(line)) in homes and not line.linked and not is_label(line) and _key(line.text) != wanted:
                line.kept = True
        before = place


def _key(text: str) -> str:
    return _NO_LETTER.sub("", text[:120]).casefold()[:60]
