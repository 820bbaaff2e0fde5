"""Which batches of a digest are due, and what quiet time or a storm makes of them; changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.core.digests.plan import (
    STORM_ABOVE,
    catch_up_batch,
    due_window,
    follow_up_due,
    immediate_due,
    is_late,
    override_batch,
    quiet_fire,
    storm_batch,
    story_batch,
    untold_batch,
    window_batch,
)
from monitor.core.digests.quiet import Stretch, last_stretch, stretch_at
from monitor.core.digests.silences import kept_out
from monitor.core.stories.material import AT_ONCE
from monitor.model.digest import CatchUp, Cron, DigestSettings, Every, Immediate, Window
from monitor.model.ledger import StoredMatch
from monitor.model.rule import Severity
from monitor.model.silence import Silence, WaitingMatch
from monitor.pipeline.at_rest import AtRest, Mark
from monitor.pipeline.silenced import Written
from monitor.pipeline.telling import StoryTurn, Telling, Turns, waiting_of
from monitor.ports import DigestStore

INSTANT = timedelta(microseconds=1)  # a window is never empty


@dataclass(frozen=True, slots=True)
class Due:
    """A batch whose time has come, with the stories that belong to it.

    `catch_up` says why an immediate digest tells them in one message; None for a window, or for one story.
    """

    batch: str
    window: Window
    turns: Turns
    now: datetime
    closes_window: bool = False
    catch_up: CatchUp | None = None

    @property
    def late(self) -> bool:
        """Whether nobody was there when it was due."""
        return (self.closes_window or self.catch_up is not None) and is_late(self.window, self.now)


@dataclass(frozen=True, slots=True)
class DueBatches:
    """Finds what is due. `draft` looks at what a dry run has planned, too.

    `at_rest` knows the digests that need no look, `silences` what silences there were and will be.
    """

    digests: DigestStore
    telling: Telling
    draft: bool
    at_rest: AtRest
    silences: Written

    def of(
        self, settings: DigestSettings, now: datetime, close_all: bool, caught_up: Callable[[], bool]
    ) -> Iterator[Due]:
        """The due batches of one digest. With `close_all`, which somebody asks for by hand, all that waits is due,
        quiet time or not."""
        schedule = settings.schedule
        state = self.digests.open_digest(settings.name, now)
        quiet = None if close_all else stretch_at(settings.quiet, settings.timezone, now)
        if isinstance(schedule, Immediate):
            among = self._overriding(settings) if quiet else None
            if among is not None and not among:
                return  # what is held is not even read
            mark = None if quiet or close_all else self._mark(settings, now)
            if mark is not None and self.at_rest.lasts(settings.name, mark, now):
                return
            turns = self.telling.turns(settings, now, caught_up=caught_up, among=among)
            if quiet:
                severe = tuple(turn for turn in turns.stories if _overrides(turn, settings))
                turns = Turns(severe, held=turns.held)
            if mark is not None and not turns.to_plan:
                self.at_rest.begin(settings.name, mark, now, self.silences.next_change(now))
            yield from self._stories(settings, schedule, turns, close_all, now)
            return
        last_end = state.last_draft_end if self.draft else state.last_end
        if quiet:
            yield from self._at_quiet_fire(settings, schedule, quiet, last_end, now)
        else:
            yield from self._window(settings, schedule, last_end, now, close_all, caught_up)

    def _mark(self, settings: DigestSettings, now: datetime) -> Mark:
        """Asked before all else: what comes while the digest is looked at makes the next look another one."""
        return (self.digests.mark(settings.name), tuple(self.telling.in_force(now)))

    def _window(
        self,
        settings: DigestSettings,
        schedule: Cron | Every,
        last_end: datetime,
        now: datetime,
        close_all: bool,
        caught_up: Callable[[], bool],
    ) -> Iterator[Due]:
        window = due_window(schedule, settings.timezone, last_end, now, settings.quiet)
        if window is None and not close_all:
            return
        late = window is not None and is_late(window, now)
        if late and not close_all and not caught_up():
            return
        end = window.end if window is not None else now

        def inside(match: StoredMatch | WaitingMatch) -> bool:
            return late or close_all or _by(match, end, now)

        turns = self.telling.turns(settings, now, inside, caught_up)
        if close_all and turns.to_plan:
            window = Window(min(last_end, now - INSTANT), now)
        if window is not None:
            yield Due(window_batch(window), window, turns, now, closes_window=True)

    def _at_quiet_fire(
        self, settings: DigestSettings, schedule: Cron | Every, quiet: Stretch, last_end: datetime, now: datetime
    ) -> Iterator[Due]:
        """The severe stories of a fire time in quiet time; its window stays open, for all the others."""
        fire = quiet_fire(schedule, settings.timezone, quiet, now)
        among = self._overriding(settings) if fire is not None else ()
        if fire is None or not among:
            return
        turns = self.telling.turns(settings, now, lambda match: _by(match, fire, now), among=among)
        severe = tuple(turn for turn in turns.stories if turn.news and _overrides(turn, settings))
        if severe:
            window = Window(min(last_end, fire - INSTANT), fire)
            batch = self._next(settings, override_batch(fire, _told(severe)))
            yield Due(batch, window, Turns(severe, held=turns.held), now)

    def _stories(
        self, settings: DigestSettings, schedule: Immediate, turns: Turns, close_all: bool, now: datetime
    ) -> Iterator[Due]:
        ready = turns.stories
        if not close_all:
            after_quiet = self._after_quiet(settings, turns, now)
            if after_quiet is not None:
                yield after_quiet
            told = {turn.story for turn in after_quiet.turns.stories} if after_quiet else frozenset()
            waiting = [turn for turn in turns.stories if turn.story not in told]
            ready = _at_their_time([one for one in waiting if _has_waited(one, schedule, now)], now)
            if _messages(ready) > STORM_ABOVE:
                ready = _at_their_time(waiting, now)  # all, or the next second brings the next storm
        if _messages(ready) > STORM_ABOVE:
            first = min(turn.first for turn in ready)
            batch = self._next(settings, storm_batch(first, _told(ready)))
            window = Window(min(first, now - INSTANT), now)
            yield Due(batch, window, Turns(ready, held=turns.held), now, catch_up=CatchUp.STORM)
            ready = ()
        for turn in ready:
            yield self._story(settings, turn.story, Turns((turn,), held=turns.held), now)
        for given_up in turns.too_few:
            yield self._story(settings, given_up.story, Turns(too_few=(given_up,), held=turns.held), now)
        for story, discarded in turns.discards():
            yield self._story(settings, story, discarded, now)

    def _after_quiet(self, settings: DigestSettings, turns: Turns, now: datetime) -> Due | None:
        """What the last quiet stretch held, in one message. A single story is an alert like any other, and so is
        what turns up later: a stretch has one catch-up."""
        stretch = last_stretch(settings.quiet, settings.timezone, now) if turns.stories else None
        # What is told in spite of a quiet stretch is not what the one before it, or its own beginning, held.
        if stretch is None or stretch_at(settings.quiet, settings.timezone, now) is not None:
            return None
        held = [turn for turn in turns.stories if _was_held(turn, settings, stretch.end)]
        name = catch_up_batch(stretch)
        if _messages(held) < 2 or self.digests.last_batch(settings.name, name, draft=self.draft):
            return None
        then = self.silences.at(stretch.end)
        ready = _at_their_time([one for one in held if not _was_silenced(one, settings, then, stretch.end)], now)
        if _messages(ready) < 2:
            return None
        window, first = Window(stretch.start, stretch.end), story_batch(name, 1)
        return Due(first, window, Turns(ready, held=turns.held), now, catch_up=stretch.why)

    def one_by_one(self, settings: DigestSettings, due: Due) -> Iterator[Due]:
        """The stories of a batch as messages of their own: one that cannot be told must not keep the others."""
        for turn in due.turns.stories:
            yield self._story(settings, turn.story, Turns((turn,), held=due.turns.held), due.now)

    def _story(self, settings: DigestSettings, story: str, turns: Turns, now: datetime) -> Due:
        first = min((turn.first for turn in turns.stories), default=now)
        name = story if _messages(turns.stories) else untold_batch(story)
        return Due(self._next(settings, name), Window(min(first, now - INSTANT), now), turns, now)

    def _next(self, settings: DigestSettings, name: str) -> str:
        """The next batch of that name. Of a storm, too: `monitor forget` has the same matches planned again."""
        return story_batch(name, self.digests.last_batch(settings.name, name, draft=self.draft) + 1)

    def _overriding(self, settings: DigestSettings) -> Sequence[str]:
        """The waiting stories that may be told in quiet time: those with a match that is severe enough."""
        override = settings.quiet.override
        if override is None:
            return ()
        return self.digests.pending_stories(settings.name, draft=self.draft, at_least=override)


def _by(match: StoredMatch | WaitingMatch, end: datetime, now: datetime) -> bool:
    """Whether a match was made by the end of a window.

    One of the future was made while the clock was ahead: nobody should wait for its time.
    """
    return match.matched_at <= end or match.matched_at > now


def _has_waited(turn: StoryTurn, schedule: Immediate, now: datetime) -> bool:
    """Whether a story has waited for more of the same."""
    return immediate_due(min(now, turn.first), schedule.wait, now)


def _at_their_time(turns: Sequence[StoryTurn], now: datetime) -> tuple[StoryTurn, ...]:
    return tuple(part for turn in turns if (part := _at_its_time(turn, now)).judged)


def _at_its_time(turn: StoryTurn, now: datetime) -> StoryTurn:
    """What of a story is planned now: follow-ups wait for their turn, unless one of them may be other news."""
    urgent = any(verdict.why in AT_ONCE for _, verdict in turn.judged)
    if turn.last_told is None or urgent or follow_up_due(turn.last_told, now):
        return turn
    return replace(turn, judged=tuple((match, verdict) for match, verdict in turn.judged if not verdict.told))


def _was_held(turn: StoryTurn, settings: DigestSettings, end: datetime) -> bool:
    """Whether a story would have been told before the end of a quiet stretch.

    Of a digest that waits for publishers all its matches must be that old: the story may have waited for the last.
    """
    old = tuple((match, verdict) for match, verdict in turn.judged if match.matched_at < end)
    if settings.min_publishers > 1 and len(old) < len(turn.judged):
        return False
    return any(verdict.told for _, verdict in _at_its_time(replace(turn, judged=old), end).judged)


def _was_silenced(turn: StoryTurn, settings: DigestSettings, silences: Sequence[Silence], end: datetime) -> bool:
    """Whether a silence held something of a story beyond the end of a quiet stretch."""
    old = (match for match, _ in turn.judged if match.matched_at < end)
    return any(kept_out(waiting_of(match), settings.name, silences, end) is not None for match in old)


def _overrides(turn: StoryTurn, settings: DigestSettings) -> bool:
    """Whether what is told of a story is severe enough for quiet time; or nothing is, which disturbs nobody."""
    least = settings.quiet.override or Severity.HIGH
    return not turn.news or any(match.new.rule.severity.rank >= least.rank for match in turn.news)


def _messages(turns: Iterable[StoryTurn]) -> int:
    """How many messages these would be, one by one."""
    return sum(bool(turn.news) for turn in turns)


def _told(turns: Iterable[StoryTurn]) -> list[int]:
    return [match.id for turn in turns for match in turn.news]
