"""digest: matches → plan → build → render → deliveries, in the transaction that marks the matches as planned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.core.digests.build import MatchedArticle, build_digest
from monitor.core.digests.plan import (
    delivery_key,
    due_window,
    follow_up_due,
    immediate_due,
    is_late,
    recipients_of,
    story_batch,
    window_batch,
)
from monitor.core.digests.render import render, with_key
from monitor.core.feeds.coverage import coverage_of
from monitor.core.stories.material import AT_ONCE
from monitor.core.stories.publishers import Publishers
from monitor.model.delivery import NewDelivery, Receiver
from monitor.model.digest import (
    Badge,
    Digest,
    DigestSettings,
    DigestStory,
    Immediate,
    MessageFormat,
    Window,
)
from monitor.model.errors import StoreError
from monitor.model.feed import Feed, FeedStatus
from monitor.model.ledger import Plan, StoredMatch
from monitor.model.story import STORY_WINDOW
from monitor.pipeline.isolation import named
from monitor.pipeline.telling import StoryTurn, Telling, Turns, story_of
from monitor.ports import Clock, DigestStore, FeedStore

_INSTANT = timedelta(microseconds=1)  # a window is never empty


@dataclass(frozen=True, slots=True)
class PlanFailure:
    """A batch that could not be planned: its matches stay pending and are planned again."""

    digest: str
    batch: str
    why: str


@dataclass(frozen=True, slots=True)
class _Due:
    """A batch whose time has come, with the stories that belong to it."""

    batch: str
    window: Window
    turns: Turns
    now: datetime
    closes_window: bool


@dataclass(frozen=True, slots=True)
class _Standing:
    """What every digest of one tick says of the feeds: how they are, and when each was subscribed to, by id."""

    feeds: Sequence[Feed]
    subscribed_at: Mapping[int, datetime]


@dataclass(frozen=True, slots=True)
class DigestStage:
    """Plans every digest whose time has come. `draft` (a dry run) plans beside the real state, never into it.

    `window` is that of stories: how long a story that waits for publishers may still get one.
    """

    digests: DigestStore
    feeds: FeedStore
    settings: Sequence[DigestSettings]
    receivers: Mapping[str, Receiver]
    clock: Clock
    draft: bool = False
    publishers: Publishers = field(default_factory=Publishers)
    window: timedelta = STORY_WINDOW

    @property
    def _telling(self) -> Telling:
        return Telling(self.digests, self.publishers, self.window, self.draft)

    def run(
        self,
        *,
        close_all: bool = False,
        caught_up: Callable[[], bool] = lambda: True,
        stopping: Callable[[], bool] = lambda: False,
    ) -> Iterator[Plan | PlanFailure]:
        """One plan for each window or story that is due; with `close_all`, for everything that has matches.

        A late window (nobody was there at its end) is held until `caught_up` says that what was missed has been
        polled and matched, and takes it all: the news of the night belongs into the morning's digest. From
        `stopping` on nothing more is planned.

        A digest or story that cannot be planned is a value, its matches stay pending; the others go on.
        """
        standing: _Standing | None = None
        for settings in self.settings:
            try:
                for due in self._due(settings, close_all, caught_up):
                    if stopping():
                        return
                    standing = standing or self._standing()  # most ticks find nothing due and need none
                    yield self._guarded(settings, due, standing)
            except StoreError:
                raise
            except Exception as error:
                yield PlanFailure(settings.name, "", named(error))

    def _standing(self) -> _Standing:
        feeds = self.feeds.all()
        # Nobody subscribed to what was ingested: such a document is from before no subscription.
        since = {feed.id: feed.subscribed_at for feed in feeds if feed.status is not FeedStatus.PASSIVE}
        return _Standing(feeds, since)

    def _guarded(self, settings: DigestSettings, due: _Due, standing: _Standing) -> Plan | PlanFailure:
        try:
            return self._record(settings, due, standing)
        except StoreError:
            raise
        except Exception as error:
            return PlanFailure(settings.name, due.batch, named(error))

    def preview(self, settings: DigestSettings) -> Digest:
        """The digest of all that is pending now; changes nothing."""
        now = self.clock.now()
        state = self.digests.state_of(settings.name)
        window = Window(min(state.last_end if state else now, now - _INSTANT), now)
        turns = self._telling.turns(settings, now)
        return self._build(settings, "preview", window, turns, self._standing(), late=False)

    def look_back(
        self, settings: DigestSettings, found: Sequence[StoredMatch], window: Window, batch: str
    ) -> tuple[Plan, Digest]:
        """One batch of the digest that tells what a backtest found, and what it says; changes nothing.

        The ids of `found` are those of the articles. What the digest has told of a story is not told again. Who
        asks for it by hand gets it from one publisher, too.
        """
        # It looks back: that time has passed since does not make what was told news again.
        for_once = replace(settings, repeat_after=timedelta.max)
        turns = Turns(self._telling.judged(for_once, found, self.clock.now()))
        built = self._build(settings, batch, window, turns, self._standing(), late=False)
        digest = replace(built, immediate=False, looks_back=True)
        return self._plan(settings, digest, turns, speaks=bool(digest.stories), closes_window=False), digest

    def _due(self, settings: DigestSettings, close_all: bool, caught_up: Callable[[], bool]) -> Iterator[_Due]:
        now = self.clock.now()
        state = self.digests.open_digest(settings.name, now)
        if isinstance(settings.schedule, Immediate):
            turns = self._telling.turns(settings, now, caught_up=caught_up)
            yield from self._due_stories(settings, settings.schedule, turns, close_all, now)
            return
        last_end = state.last_draft_end if self.draft else state.last_end
        window = due_window(settings.schedule, settings.timezone, last_end, now)
        if window is None and not close_all:
            return
        late = window is not None and is_late(window, now)
        if late and not close_all and not caught_up():
            return
        end = window.end if window is not None else now

        def inside(match: StoredMatch) -> bool:
            # A match of the future was made while the clock was ahead: nobody should wait for its time.
            return late or close_all or match.matched_at <= end or match.matched_at > now

        turns = self._telling.turns(settings, now, inside, caught_up)
        if close_all and (turns.stories or turns.too_few):
            window = Window(min(last_end, now - _INSTANT), now)
        if window is not None:
            yield _Due(window_batch(window), window, turns, now, closes_window=True)

    def _due_stories(
        self, settings: DigestSettings, schedule: Immediate, turns: Turns, close_all: bool, now: datetime
    ) -> Iterator[_Due]:
        for turn in turns.stories:
            if close_all or immediate_due(min(now, turn.first), schedule.wait, now):
                ready = turn if close_all else _at_its_time(turn, now)
                if ready.judged:
                    yield self._due_story(settings, turn.story, replace(turns, stories=(ready,), too_few=()), now)
        for story, matches in turns.too_few:
            given_up = Turns(too_few=((story, matches),), held=turns.held)
            yield self._due_story(settings, story, given_up, now)

    def _due_story(self, settings: DigestSettings, story: str, turns: Turns, now: datetime) -> _Due:
        number = self.digests.last_batch(settings.name, story, draft=self.draft) + 1
        first = min((turn.first for turn in turns.stories), default=now)
        return _Due(story_batch(story, number), Window(min(first, now - _INSTANT), now), turns, now, False)

    def _record(self, settings: DigestSettings, due: _Due, standing: _Standing) -> Plan:
        late = due.closes_window and is_late(due.window, due.now)
        digest = self._build(settings, due.batch, due.window, due.turns, standing, late=late)
        speaks = bool(digest.stories) or (settings.send_when_empty and due.closes_window)
        plan = self._plan(settings, digest, due.turns, speaks=speaks, closes_window=due.closes_window)
        self.digests.record_plan(plan, due.now)
        return plan

    def _plan(
        self, settings: DigestSettings, digest: Digest, turns: Turns, *, speaks: bool, closes_window: bool
    ) -> Plan:
        return Plan(
            digest=settings.name,
            batch=digest.batch,
            window=digest.window,
            planned=tuple(match.id for turn in turns.stories for match in turn.news),
            merged=tuple(match.id for turn in turns.stories for match in turn.merged),
            deliveries=tuple(self._deliveries(settings, digest)) if speaks else (),
            stories=len(digest.stories),
            closes_window=closes_window,
            draft=self.draft,
            too_few=tuple(match.id for _, matches in turns.too_few for match in matches),
            reasons={match.id: verdict.why for turn in turns.stories for match, verdict in turn.judged},
        )

    def _build(
        self,
        settings: DigestSettings,
        batch: str,
        window: Window,
        turns: Turns,
        standing: _Standing,
        *,
        late: bool,
    ) -> Digest:
        news = [match for turn in turns.stories for match in turn.news]
        digest = build_digest(
            settings,
            batch,
            window,
            [
                MatchedArticle(match.article, match.new.match, match.new.rule, match.matched_at, match.new.because)
                for match in news
            ],
            self.digests.story_articles(sorted({story_of(match) for match in news})),
            coverage_of(standing.feeds, window.start, self.clock.now()),
            late=late,
            subscribed_at=standing.subscribed_at,
            owner_of=self.publishers.owner_of,
        )
        by_story = {turn.story: turn for turn in turns.stories}
        stories = tuple(_marked(story, by_story[story.id]) for story in digest.stories)
        return replace(digest, stories=stories, held_back=turns.held + len(turns.too_few))

    def _deliveries(self, settings: DigestSettings, digest: Digest) -> Iterator[NewDelivery]:
        rendered = {}
        for name in settings.to:
            for kind, recipient, form in recipients_of(self.receivers[name]):
                if form not in rendered:
                    rendered[form] = render(digest, form)
                for message in rendered[form]:
                    # One receiver may name two channels: the channel is part of who receives.
                    key = delivery_key(
                        settings.name, digest.batch, f"{name}/{kind.value}", recipient, message.part
                    )
                    key = f"draft-{key}" if self.draft else key
                    keyed = with_key(message, key) if form is MessageFormat.JSON else message
                    yield NewDelivery(key, settings.name, digest.batch, name, kind, recipient, keyed)


def _at_its_time(turn: StoryTurn, now: datetime) -> StoryTurn:
    """What of a story is planned now: follow-ups wait for their turn, unless one of them may be other news."""
    urgent = any(verdict.why in AT_ONCE for _, verdict in turn.judged)
    if turn.last_told is None or urgent or follow_up_due(turn.last_told, now):
        return turn
    return replace(turn, judged=tuple((match, verdict) for match, verdict in turn.judged if not verdict.told))


def _marked(story: DigestStory, turn: StoryTurn) -> DigestStory:
    known = (Badge.UPDATED,) if turn.last_told is not None else ()
    corrected = (Badge.CORRECTED,) if turn.corrected else ()
    return replace(story, badges=(*known, *corrected, *story.badges), update=turn.update)
