"""digest: matches → plan → build → render → deliveries, in the transaction that marks the matches as planned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from monitor.core.digests.build import MatchedArticle, build_digest
from monitor.core.digests.plan import (
    delivery_key,
    due_window,
    immediate_due,
    is_late,
    recipients_of,
    story_batch,
    window_batch,
)
from monitor.core.digests.render import render, with_key
from monitor.core.stories.material import Told, adds_news
from monitor.model.delivery import NewDelivery, Receiver
from monitor.model.digest import Badge, Coverage, Digest, DigestSettings, Immediate, MessageFormat, Window
from monitor.model.errors import StoreError
from monitor.model.feed import SUBSCRIBED, Feed, FeedStatus
from monitor.model.ledger import Alerted, Plan, StoredMatch
from monitor.pipeline.isolation import named
from monitor.ports import Clock, DigestStore, FeedStore

_MOST_NAMES = 5  # failing feeds named in a digest
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_INSTANT = timedelta(microseconds=1)  # a window is never empty


@dataclass(frozen=True, slots=True)
class PlanFailure:
    """A batch that could not be planned: its matches stay pending and are planned again."""

    digest: str
    batch: str
    why: str


@dataclass(frozen=True, slots=True)
class _Due:
    """A batch whose time has come, with the matches that belong to it."""

    batch: str
    window: Window
    pending: tuple[StoredMatch, ...]
    now: datetime
    closes_window: bool


@dataclass(frozen=True, slots=True)
class _Standing:
    """What every digest of one tick says of the feeds: coverage, and when each was subscribed to, by id."""

    coverage: Coverage
    subscribed_at: Mapping[int, datetime]


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Pending matches of one batch: what is news, what was alerted before, and stories alerted before."""

    news: tuple[StoredMatch, ...]
    merged: tuple[StoredMatch, ...]
    known_stories: frozenset[str]


@dataclass(frozen=True, slots=True)
class DigestStage:
    """Plans every digest whose time has come. `draft` (a dry run) plans beside the real state, never into it."""

    digests: DigestStore
    feeds: FeedStore
    settings: Sequence[DigestSettings]
    receivers: Mapping[str, Receiver]
    clock: Clock
    draft: bool = False

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
        return _Standing(coverage_of(feeds), since)

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
        pending = self.digests.pending(settings.name)
        window = Window(min(state.last_end if state else now, now - _INSTANT), now)
        return self._build(
            settings, "preview", window, self._sort(settings, pending, now), self._standing(), late=False
        )

    def look_back(
        self, settings: DigestSettings, found: Sequence[StoredMatch], window: Window, batch: str
    ) -> tuple[Plan, Digest]:
        """One batch of the digest that tells what a backtest found, and what it says; changes nothing.

        The ids of `found` are those of the articles. What the digest has told of a story is not told again.
        """
        sorted_ = self._sort(settings, found, self.clock.now())
        built = self._build(settings, batch, window, sorted_, self._standing(), late=False)
        digest = replace(built, immediate=False, looks_back=True)
        return self._plan(settings, digest, sorted_, speaks=bool(digest.stories), closes_window=False), digest

    def _due(self, settings: DigestSettings, close_all: bool, caught_up: Callable[[], bool]) -> Iterator[_Due]:
        now = self.clock.now()
        state = self.digests.open_digest(settings.name, now)
        if isinstance(settings.schedule, Immediate):
            pending = self.digests.pending(settings.name, draft=self.draft)
            yield from self._due_stories(settings, settings.schedule, pending, close_all, now)
            return
        last_end = state.last_draft_end if self.draft else state.last_end
        window = due_window(settings.schedule, settings.timezone, last_end, now)
        if window is None and not close_all:
            return
        late = window is not None and is_late(window, now)
        if late and not close_all and not caught_up():
            return
        pending = self.digests.pending(settings.name, draft=self.draft)
        if close_all and pending:
            window = Window(min(last_end, now - _INSTANT), now)
        if window is not None:
            # A match of the future was made while the clock was ahead: nobody should wait for its time.
            inside = tuple(
                match for match in pending if late or match.matched_at <= window.end or match.matched_at > now
            )
            yield _Due(window_batch(window), window, inside, now, closes_window=True)

    def _due_stories(
        self,
        settings: DigestSettings,
        schedule: Immediate,
        pending: Sequence[StoredMatch],
        close_all: bool,
        now: datetime,
    ) -> Iterator[_Due]:
        stories: dict[str, list[StoredMatch]] = defaultdict(list)
        for match in pending:
            stories[_story(match)].append(match)
        for story, matches in stories.items():
            first = min(now, *(match.matched_at for match in matches))
            if close_all or immediate_due(first, schedule.wait, now):
                number = self.digests.batches(settings.name, f"{story}#", draft=self.draft) + 1
                window = Window(min(first, now - _INSTANT), now)
                yield _Due(story_batch(story, number), window, tuple(matches), now, closes_window=False)

    def _record(self, settings: DigestSettings, due: _Due, standing: _Standing) -> Plan:
        sorted_ = self._sort(settings, due.pending, due.now)
        late = due.closes_window and is_late(due.window, due.now)
        digest = self._build(settings, due.batch, due.window, sorted_, standing, late=late)
        speaks = bool(digest.stories) or (settings.send_when_empty and due.closes_window)
        plan = self._plan(settings, digest, sorted_, speaks=speaks, closes_window=due.closes_window)
        self.digests.record_plan(plan, due.now)
        return plan

    def _plan(
        self, settings: DigestSettings, digest: Digest, sorted_: _Sorted, *, speaks: bool, closes_window: bool
    ) -> Plan:
        return Plan(
            digest=settings.name,
            batch=digest.batch,
            window=digest.window,
            planned=tuple(match.id for match in sorted_.news),
            merged=tuple(match.id for match in sorted_.merged),
            alerted=tuple(
                Alerted(match.new.rule.id, _story(match), match.new.sentences) for match in sorted_.news
            ),
            deliveries=tuple(self._deliveries(settings, digest)) if speaks else (),
            stories=len(digest.stories),
            closes_window=closes_window,
            draft=self.draft,
        )

    def _sort(self, settings: DigestSettings, pending: Sequence[StoredMatch], now: datetime) -> _Sorted:
        stories = sorted({_story(match) for match in pending})
        told: dict[tuple[str, str], Told] = {}
        for one in self.digests.alerted(settings.name, stories, draft=self.draft):
            before = told.get((one.rule, one.story), Told(frozenset(), _LONG_AGO))
            last = max(before.last, one.at or now)
            told[one.rule, one.story] = Told(before.sentences | set(one.sentences), last)
        news: list[StoredMatch] = []
        merged: list[StoredMatch] = []
        for match in pending:
            before_it = told.get((match.new.rule.id, _story(match)))
            new = adds_news(match.article, set(match.new.sentences), match.new.news, before_it, now)
            (news if new else merged).append(match)
        return _Sorted(tuple(news), tuple(merged), frozenset(story for _, story in told))

    def _build(
        self,
        settings: DigestSettings,
        batch: str,
        window: Window,
        sorted_: _Sorted,
        standing: _Standing,
        *,
        late: bool,
    ) -> Digest:
        digest = build_digest(
            settings,
            batch,
            window,
            [
                MatchedArticle(match.article, match.new.match, match.new.rule, match.matched_at, match.new.because)
                for match in sorted_.news
            ],
            self.digests.story_articles(sorted({_story(match) for match in sorted_.news})),
            standing.coverage,
            late=late,
            subscribed_at=standing.subscribed_at,
        )
        stories = tuple(
            replace(story, badges=(Badge.UPDATED, *story.badges)) if story.id in sorted_.known_stories else story
            for story in digest.stories
        )
        return replace(digest, stories=stories)

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


def coverage_of(feeds: Sequence[Feed]) -> Coverage:
    """What stands behind a digest: the feeds polled and those in trouble."""
    subscribed = [feed for feed in feeds if feed.status in SUBSCRIBED]
    failing = [feed for feed in subscribed if feed.failures or feed.status is FeedStatus.GONE]
    return Coverage(
        feeds=len(subscribed),
        failing=len(failing),
        failing_names=tuple(feed.name for feed in failing[:_MOST_NAMES]),
    )


def _story(match: StoredMatch) -> str:
    story = match.article.story_id
    assert story is not None, "only grouped articles are matched"
    return story
