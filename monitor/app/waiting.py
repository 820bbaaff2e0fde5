"""For what a match waits that no digest has told yet, in words for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.app.counting import counted
from monitor.app.telling_words import HELD_BY
from monitor.app.times import shown_time
from monitor.config import Settings
from monitor.core.digests.plan import (
    FOLLOW_UP_AFTER,
    due_window,
    follow_up_due,
    immediate_due,
    is_late,
    next_close,
)
from monitor.core.digests.quiet import NEVER_QUIET, stretch_at
from monitor.core.stories.publishers import Publishers
from monitor.model.digest import CatchUp, Cron, DigestSettings, Every, Immediate
from monitor.model.rule import Severity
from monitor.model.story_member import Member
from monitor.ports import StoryStore


class WaitsFor(StrEnum):
    """What keeps a match that no digest has told."""

    CONFIG = "config"  # the config no longer has the digest
    MIN_PUBLISHERS = "min_publishers"
    WINDOW = "window"
    LATE_WINDOW = "late_window"  # nobody was there when it closed
    QUIET_HOURS = "quiet_hours"
    PAUSE = "pause"
    GROUP_WAIT = "group_wait"
    FOLLOW_UP = "follow_up"
    NEXT_TURN = "next_turn"  # nothing: it is planned in a second, if somebody is there
    SILENCE = "silence"


_QUIET = {CatchUp.QUIET_HOURS: WaitsFor.QUIET_HOURS, CatchUp.PAUSE: WaitsFor.PAUSE}


@dataclass(frozen=True, slots=True)
class Wait:
    """What a match waits for, until when at the latest, where anybody can say, and the same in words."""

    reason: WaitsFor
    words: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the config says of digests and publishers, and the time."""

    digests: Mapping[str, DigestSettings]
    publishers: Publishers
    now: datetime

    def of(
        self,
        digest: str,
        story: Sequence[Member],
        told_at: Callable[[], datetime | None],
        severity: Severity = Severity.NORMAL,
        *,
        matched_at: datetime | None = None,
        last_end: datetime | None = None,
    ) -> Wait | None:
        """What has to happen before a pending match of the story is told; None where nobody can say.

        `told_at` says when the digest last told the story, None for never; it is asked only where that counts.
        `severity` is that of the match's rule: a severe one may not have to wait for the end of quiet hours.
        `last_end` is the end of the last window that the digest closed.
        """
        settings = self.digests.get(digest)
        if settings is None:
            return None
        found = len({self.publishers.origin_of(one.url, one.publisher, one.wire) for one in story})
        if story and found < settings.min_publishers and told_at() is None:
            asked = counted(settings.min_publishers, "independent publisher")
            held = f": held back, its story has {found} of the {asked} that the digest asks for"
            return Wait(WaitsFor.MIN_PUBLISHERS, held)
        if isinstance(settings.schedule, Immediate):
            return self._at_once(settings, settings.schedule, told_at, severity, matched_at)
        return self._window(settings, settings.schedule, severity, last_end)

    def _window(
        self, settings: DigestSettings, schedule: Cron | Every, severity: Severity, last_end: datetime | None
    ) -> Wait:
        missed = (
            None
            if last_end is None
            else due_window(schedule, settings.timezone, last_end, self.now, settings.quiet)
        )
        if missed is not None and is_late(missed, self.now):
            due = f": its window to {shown_time(missed.end)} is late, and closes once a monitor has caught up"
            return Wait(WaitsFor.LATE_WINDOW, due, missed.end)
        holding = NEVER_QUIET if _overrides(severity, settings) else settings.quiet
        closing = next_close(schedule, settings.timezone, self.now, holding)
        held = f", held by {HELD_BY[closing.held_by]}" if closing.held_by else ""
        reason = WaitsFor.WINDOW if closing.held_by is None else _QUIET[closing.held_by]
        return Wait(reason, f", next {shown_time(closing.at)}{held}", closing.at)

    def _at_once(
        self,
        settings: DigestSettings,
        schedule: Immediate,
        told_at: Callable[[], datetime | None],
        severity: Severity,
        matched_at: datetime | None,
    ) -> Wait | None:
        quiet = stretch_at(settings.quiet, settings.timezone, self.now)
        if quiet is not None and not _overrides(severity, settings):
            held = f": held by {HELD_BY[quiet.why]}, told {shown_time(quiet.end)}"
            return Wait(_QUIET[quiet.why], held, quiet.end)
        told = told_at()
        if told is not None and not follow_up_due(told, self.now):
            turn = told + FOLLOW_UP_AFTER
            said = f": a follow-up, told {shown_time(turn)} at the earliest (one a story in 15 min)"
            return Wait(WaitsFor.FOLLOW_UP, said, turn)
        if matched_at is None:
            return None
        ripe = matched_at + schedule.wait
        if not immediate_due(matched_at, schedule.wait, self.now):
            said = f": told by {shown_time(ripe)}, with what else comes of its story until then (group_wait)"
            return Wait(WaitsFor.GROUP_WAIT, said, ripe)
        return Wait(WaitsFor.NEXT_TURN, ": due now")


def _overrides(severity: Severity, settings: DigestSettings) -> bool:
    least = settings.quiet.override
    return least is not None and severity.rank >= least.rank


def quiet_words(settings: DigestSettings, now: datetime) -> str:
    """What a preview says of a digest that is quiet now, in its zone as all it says; "" for one that is not."""
    quiet = stretch_at(settings.quiet, settings.timezone, now)
    if quiet is None:
        return ""
    least = settings.quiet.override
    but = f"; stories of severity {least.value} or higher do not wait" if least is not None else ""
    until = shown_time(quiet.end, settings.timezone)
    return f"{settings.name} is quiet now: {HELD_BY[quiet.why]} until {until}{but}"


def waiting_of(settings: Settings, now: datetime) -> Waiting:
    """As the config has it."""
    digests = {one.name: one for one in settings.digests}
    return Waiting(digests, Publishers(dict(settings.publishers)), now)


def last_told(store: StoryStore, story: str | None, digest: str) -> datetime | None:
    """When a digest last told the story; None for never, or for no story yet."""
    view = None if story is None else store.view(story)
    told = [] if view is None else [one.at for one in view.told if one.digest == digest and one.at is not None]
    return max(told, default=None)
