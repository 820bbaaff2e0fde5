"""Words for what a digest says of itself in Slack: caught up, silenced, left out, sent before."""

from __future__ import annotations

from monitor.core.digests.render.words import Times, count, cut
from monitor.model.digest import CatchUp, Digest, DigestStory

_MOST_SILENCES = 3
_HOLDS = {CatchUp.QUIET_HOURS: "by quiet hours", CatchUp.PAUSE: "by a pause"}


def sent_line(story: DigestStory, times: Times) -> str:
    """ "alerted 06:41, +3 publishers since"; "" for a story that is new to this recipient."""
    before = story.sent_before
    if before is None:
        return ""
    since = f", +{count(before.more_publishers, 'publisher')} since" if before.more_publishers else ""
    return f"alerted {times.short(before.at)}{since}"


def left_out_line(digest: Digest) -> str:
    """ "left out: 2 stories you were alerted of before"; "" for none."""
    if not digest.left_out:
        return ""
    return f"left out: {count(digest.left_out, 'story', 'stories')} you were alerted of before"


def catch_up_line(digest: Digest, times: Times) -> str:
    """ "Held since yesterday 22:00 by quiet hours"; "" for a digest that comes when it was due."""
    if digest.catch_up is None:
        return ""
    if digest.catch_up is CatchUp.STORM:
        return "many stories at once, told together"
    return f"Held since {times.short(digest.window.start)} {_HOLDS[digest.catch_up]}"


def silences_line(digest: Digest, times: Times) -> str:
    """ "silenced: 3 stories until 18:00 (maintenance)", the first three silences; "" for none."""
    said = []
    for one in digest.silenced[:_MOST_SILENCES]:
        kept = [f"{count(one.held, 'story', 'stories')} until {times.short(one.until)}"] if one.held else []
        kept += [f"{count(one.discarded, 'story', 'stories')} not told"] if one.discarded else []
        if kept:
            said.append(f"{' and '.join(kept)} ({cut(one.reason, 60)})")
    more = len(digest.silenced) - _MOST_SILENCES
    said += [count(more, "further silence")] if more > 0 else []
    return f"silenced: {'; '.join(said)}" if said else ""
