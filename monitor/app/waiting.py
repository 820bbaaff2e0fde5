"""For what a match waits that no digest has told yet, in words for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.app.counting import counted
from monitor.app.telling_words import HELD_BY
from monitor.app.times import shown_time
from monitor.config import Settings
from monitor.core.digests.plan import FOLLOW_UP_AFTER, follow_up_due, next_close
from monitor.core.digests.quiet import NEVER_QUIET, stretch_at
from monitor.core.stories.publishers import Publishers
from monitor.model.digest import DigestSettings, Immediate
from monitor.model.rule import Severity
from monitor.model.story_member import Member
from monitor.ports import StoryStore


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the config says of digests and publishers, and the time."""

    digests: Mapping[str, DigestSettings]
    publishers: Publishers
    now: datetime

    def words(
        self,
        digest: str,
        story: Sequence[Member],
        told_at: Callable[[], datetime | None],
        severity: Severity = Severity.NORMAL,
    ) -> str:
        """What has to happen before a pending match of the story is told; "" where nobody can say.

        `told_at` says when the digest last told the story, None for never; it is asked only where that counts.
        `severity` is that of the match's rule: a severe one may not have to wait for the end of quiet hours.
        """
        settings = self.digests.get(digest)
        if settings is None:
            return ""
        found = len({self.publishers.origin_of(one.url, one.publisher, one.wire) for one in story})
        if story and found < settings.min_publishers and told_at() is None:
            asked = counted(settings.min_publishers, "independent publisher")
            return f": held back, its story has {found} of the {asked} that the digest asks for"
        if not isinstance(settings.schedule, Immediate):
            holding = NEVER_QUIET if _overrides(severity, settings) else settings.quiet
            closing = next_close(settings.schedule, settings.timezone, self.now, holding)
            held = f", held by {HELD_BY[closing.held_by]}" if closing.held_by else ""
            return f", next {shown_time(closing.at)}{held}"
        quiet = stretch_at(settings.quiet, settings.timezone, self.now)
        if quiet is not None and not _overrides(severity, settings):
            return f": held by {HELD_BY[quiet.why]}, told {shown_time(quiet.end)}"
        told = told_at()
        if told is None or follow_up_due(told, self.now):
            return ""
        return f": a follow-up, told {shown_time(told + FOLLOW_UP_AFTER)} at the earliest (one a story in 15 min)"


def _overrides(severity: Severity, settings: DigestSettings) -> bool:
    least = settings.quiet.override
    return least is not None and severity.rank >= least.rank


def quiet_words(settings: DigestSettings, now: datetime) -> str:
    """What a preview says of a digest that is quiet now; "" for one that is not."""
    quiet = stretch_at(settings.quiet, settings.timezone, now)
    if quiet is None:
        return ""
    least = settings.quiet.override
    but = f"; stories of severity {least.value} or higher do not wait" if least is not None else ""
    return f"{settings.name} is quiet now: {HELD_BY[quiet.why]} until {shown_time(quiet.end)}{but}"


def waiting_of(settings: Settings, now: datetime) -> Waiting:
    """As the config has it."""
    digests = {one.name: one for one in settings.digests}
    return Waiting(digests, Publishers(dict(settings.publishers)), now)


def last_told(store: StoryStore, story: str | None, digest: str) -> datetime | None:
    """When a digest last told the story; None for never, or for no story yet."""
    view = None if story is None else store.view(story)
    told = [] if view is None else [one.at for one in view.told if one.digest == digest and one.at is not None]
    return max(told, default=None)
