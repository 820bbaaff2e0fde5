"""The lines at the head of a digest: why it comes now, and what it leaves out. The same words in every form."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.core.digests.render.words import (
    Times,
    count,
    failing_names,
    held_line,
    name_of,
    notice_line,
    silenced_line,
)
from monitor.model.digest import CatchUp, Digest, DigestStory

_HOLDS = {CatchUp.QUIET_HOURS: "by quiet hours", CatchUp.PAUSE: "by a pause"}


def notes_of(digest: Digest, times: Times) -> tuple[str, ...]:
    """Everything that a reader must know before the first story, most pressing first; each on one line."""
    return pressing_notes(digest, times) + further_notes(digest, times)


def pressing_notes(digest: Digest, times: Times) -> tuple[str, ...]:
    """Why it comes now, where that needs saying."""
    return tuple(filter(None, (notice_line(times, digest), catch_up_line(digest, times))))


def further_notes(digest: Digest, times: Times) -> tuple[str, ...]:
    """What it rests on and what it leaves out."""
    failing = failing_names(digest)
    said = (
        f"Failing: {failing}" if failing else "",
        held_line(digest),
        left_out_line(digest),
        silenced_line(digest),
    )
    return tuple(filter(None, said))


def catch_up_line(digest: Digest, times: Times) -> str:
    """ "Held since yesterday 22:00 by quiet hours: 7 stories"; "" for a digest that comes when it was due."""
    if digest.catch_up is None:
        return ""
    stories = count(len(digest.stories), "story", "stories")
    if digest.catch_up is CatchUp.STORM:
        return f"{stories} at once: told together, not in a message each"
    return f"Held since {times.short(digest.window.start)} {_HOLDS[digest.catch_up]}: {stories}"


def left_out_line(digest: Digest) -> str:
    """ "Left out: 3 stories you were alerted of before"; "" for none."""
    if not digest.left_out:
        return ""
    return f"Left out: {count(digest.left_out, 'story', 'stories')} you were alerted of before"


def sent_line(story: DigestStory, times: Times) -> str:
    """ "alerted 06:41, +3 publishers since"; "" for a story that this recipient has not been sent."""
    before = story.sent_before
    if before is None:
        return ""
    more = f", +{count(before.more_publishers, 'publisher')} since" if before.more_publishers else ""
    return f"alerted {times.short(before.at)}{more}"


def silence_command(stories: Iterable[DigestStory]) -> str:
    """What silences the first of the stories for half a day, as it can be typed; "" where none has a name."""
    name = next(filter(None, map(name_of, stories)), "")
    return f'monitor silence add --story {name} --for 12h --reason "…"' if name else ""
