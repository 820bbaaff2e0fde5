"""Which silence, if any, keeps a match out of a digest now. Pure: the time is an argument.

| what fits the match | what becomes of it |
|---|---|
| a holding silence in force | it waits (held) |
| a discarding one in force | discarded |
| a discarding one that has run out, in whose time it matched | discarded: a window closes after the silence |
| a discarding one whose story went into another story | held while it is in force, then told |

What cannot miss an alert wins: of two silences in force the holding one, and what a holding silence has held is
never discarded when that runs out. A silence that was ended by hand is as if it had never been.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import lru_cache

from monitor.model.silence import Keeping, KeptOut, Silence, Swallowed, WaitingMatch

STILL_DISCARDS = timedelta(days=45)
"""For so long a discarding silence that has run out discards what matched in its time: a monthly digest closes its
window after it. What waits longer is told."""


def kept_out(match: WaitingMatch, digest: str, silences: Sequence[Silence], now: datetime) -> KeptOut | None:
    """The silence that keeps the match out of the digest now; None when it may be told.

    `silences` are those that have begun and were not ended by hand, also such as have run out. Of several that
    hold it, the one that ends last is named; of several that discard it, the first.
    """
    begun = [one for one in silences if one.ended_at is None and one.starts_at <= now]
    fitting = [one for one in begun if fits(one, match, digest)]
    holding = [one for one in fitting if one.holds and one.active(now)]
    if holding:
        last = max(holding, key=lambda one: (one.ends_at, one.id))
        return KeptOut(last, Keeping.HELD if last.gone_into is None else Keeping.HELD_AFTER_MERGE)
    matched_at = min(match.matched_at, now)  # one of the future was made while the clock was ahead
    if any(one.holds and one.ends_at > matched_at for one in fitting):
        return None  # it was held, to be told now
    for one in sorted(fitting, key=lambda one: one.id):
        if one.active(now):
            return KeptOut(one, Keeping.DISCARDED)
        if one.active(matched_at) and now - one.ends_at < STILL_DISCARDS:
            return KeptOut(one, Keeping.DISCARDED_LATER)
    return None


def fits(silence: Silence, match: WaitingMatch, digest: str) -> bool:
    """Whether a silence speaks of a match, whenever it is in force: everything that it gives must hold."""
    if silence.digests and digest not in silence.digests:
        return False
    if silence.story is not None and match.story not in (silence.story, silence.gone_into):
        return False
    if silence.tags and not set(silence.tags) & set(match.tags):
        return False
    return covers_rule(silence.rules, match.rule)


@lru_cache(maxsize=4_096)  # asked every second of every match that waits
def covers_rule(globs: tuple[str, ...], rule: str) -> bool:
    """Whether a rule id fits one of the globs (case matters, as in `[[digests]].rules`); no globs: every rule."""
    return not globs or any(fnmatchcase(rule, glob) for glob in globs)


def swallowed(kept: Iterable[tuple[WaitingMatch, KeptOut]]) -> tuple[Swallowed, ...]:
    """How many stories each silence keeps out, by silence."""
    silences: dict[int, Silence] = {}
    held: dict[int, set[str]] = {}
    discarded: dict[int, set[str]] = {}
    for match, out in kept:
        silences[out.silence.id] = out.silence
        (held if out.held else discarded).setdefault(out.silence.id, set()).add(match.story)
    return tuple(
        Swallowed(id_, one.reason, one.ends_at, len(held.get(id_, ())), len(discarded.get(id_, ())))
        for id_, one in sorted(silences.items())
    )
