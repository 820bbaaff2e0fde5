"""digest: matches → plan → build → render → deliveries, in the transaction that marks the matches as planned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from monitor.core.digests.build import MatchedArticle, build_digest
from monitor.core.digests.tags import tags_of
from monitor.core.feeds.coverage import coverage_of
from monitor.core.stories.publishers import Publishers
from monitor.model.delivery import Receiver
from monitor.model.digest import (
    Badge,
    Digest,
    DigestSettings,
    DigestStory,
    Links,
    Window,
)
from monitor.model.errors import StoreError
from monitor.model.feed import FeedsStanding
from monitor.model.ledger import Plan, StoredMatch
from monitor.model.story import STORY_WINDOW
from monitor.pipeline.addressing import Addressing, no_links, nobody
from monitor.pipeline.at_rest import AtRest
from monitor.pipeline.due import INSTANT, Due, DueBatches
from monitor.pipeline.isolation import named
from monitor.pipeline.silenced import InForce, Written
from monitor.pipeline.telling import StoryTurn, Telling, Turns, story_of
from monitor.ports import Clock, DigestStore, FeedStore, SilenceStore


@dataclass(frozen=True, slots=True)
class PlanFailure:
    """A batch that could not be planned: its matches stay pending and are planned again."""

    digest: str
    batch: str
    why: str


@dataclass(frozen=True, slots=True)
class DigestStage:
    """Plans every digest whose time has come. `draft` (a dry run) plans beside the real state, never into it.

    `window` is that of stories: how long a story that waits for publishers may still get one. `suppressed` says
    which addresses (in lower case) want no more of a digest, `links` what (digest, address) may follow,
    `tags` what a digest is about.
    """

    digests: DigestStore
    feeds: FeedStore
    settings: Sequence[DigestSettings]
    receivers: Mapping[str, Receiver]
    clock: Clock
    draft: bool = False
    publishers: Publishers = field(default_factory=Publishers)
    window: timedelta = STORY_WINDOW
    silences: SilenceStore | None = None
    suppressed: Callable[[str], frozenset[str]] = nobody
    links: Callable[[str, str], Links] = no_links
    tags: Callable[[DigestSettings], frozenset[str]] = lambda settings: tags_of(settings.rules)
    _in_force: InForce = field(default_factory=InForce, init=False, repr=False, compare=False)
    _at_rest: AtRest = field(default_factory=AtRest, init=False, repr=False, compare=False)

    @property
    def _telling(self) -> Telling:
        silences = partial(self._in_force.at, self.silences)
        return Telling(self.digests, self.publishers, self.window, self.draft, silences)

    @property
    def _addressing(self) -> Addressing:
        return Addressing(
            self.digests, self.receivers, self._telling.more_publishers, self.suppressed, self.links, self.draft
        )

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
        `stopping` on nothing more is planned. With `close_all` quiet time holds nothing back either.

        A digest or story that cannot be planned is a value, its matches stay pending; the others go on.
        """
        standing: FeedsStanding | None = None
        self._in_force.forget()
        finder = DueBatches(self.digests, self._telling, self.draft, self._at_rest, Written(self.silences))
        for settings in self.settings:
            try:
                for due in finder.of(settings, self.clock.now(), close_all, caught_up):
                    if stopping():
                        return
                    if standing is None:  # most ticks find nothing due and need none
                        standing = self.feeds.standing(self.clock.now())
                    made = self._guarded(settings, due, standing)
                    yield made
                    if isinstance(made, PlanFailure) and due.catch_up is not None:
                        for one in finder.one_by_one(settings, due):
                            yield self._guarded(settings, one, standing)
            except StoreError:
                raise
            except Exception as error:
                yield PlanFailure(settings.name, "", named(error))

    def _guarded(self, settings: DigestSettings, due: Due, standing: FeedsStanding) -> Plan | PlanFailure:
        try:
            return self._record(settings, due, standing)
        except StoreError:
            raise
        except Exception as error:
            return PlanFailure(settings.name, due.batch, named(error))

    def preview(self, settings: DigestSettings) -> Digest:
        """The digest of all that is pending now; changes nothing."""
        now = self.clock.now()
        self._in_force.forget()
        state = self.digests.state_of(settings.name)
        window = Window(min(state.last_end if state else now, now - INSTANT), now)
        turns = self._telling.turns(settings, now)
        return self._build(settings, "preview", window, turns, self.feeds.standing(self.clock.now()), late=False)

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
        built = self._build(settings, batch, window, turns, self.feeds.standing(self.clock.now()), late=False)
        digest = replace(built, immediate=False, looks_back=True)
        return self._plan(settings, digest, turns, when_empty=False, closes_window=False), digest

    def _record(self, settings: DigestSettings, due: Due, standing: FeedsStanding) -> Plan:
        built = self._build(settings, due.batch, due.window, due.turns, standing, late=due.late)
        gathered = due.catch_up is not None
        digest = replace(built, immediate=built.immediate and not gathered, catch_up=due.catch_up)
        when_empty = settings.send_when_empty and due.closes_window
        plan = self._plan(settings, digest, due.turns, when_empty=when_empty, closes_window=due.closes_window)
        self.digests.record_plan(plan, due.now)
        return plan

    def _plan(
        self, settings: DigestSettings, digest: Digest, turns: Turns, *, when_empty: bool, closes_window: bool
    ) -> Plan:
        # What a backtest found has no match yet that another digest might have told.
        told = {} if digest.looks_back else {turn.story: [one.id for one in turn.news] for turn in turns.stories}
        addressed = self._addressing.addressed(settings, digest, told, when_empty=when_empty)
        return Plan(
            digest=settings.name,
            batch=digest.batch,
            window=digest.window,
            planned=tuple(match.id for turn in turns.stories for match in turn.news),
            merged=tuple(match.id for turn in turns.stories for match in turn.merged),
            deliveries=addressed.deliveries,
            stories=len(digest.stories),
            closes_window=closes_window,
            draft=self.draft,
            too_few={match.id: given_up.articles for given_up in turns.too_few for match in given_up.matches},
            reasons={match.id: verdict.why for turn in turns.stories for match, verdict in turn.judged},
            sent_before=addressed.sent_before,
            suppressed=addressed.suppressed,
            silenced=turns.discarded,
        )

    def _build(
        self,
        settings: DigestSettings,
        batch: str,
        window: Window,
        turns: Turns,
        standing: FeedsStanding,
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
            coverage_of(
                standing.others, window.start, self.clock.now(), lambda: self.tags(settings), well=standing.well
            ),
            late=late,
            subscribed_at=self.feeds.subscribed_at({match.article.feed_id for match in news}),
            owner_of=self.publishers.owner_of,
        )
        by_story = {turn.story: turn for turn in turns.stories}
        stories = tuple(_marked(story, by_story[story.id]) for story in digest.stories)
        held_back = turns.held + len(turns.too_few)
        return replace(digest, stories=stories, held_back=held_back, silenced=turns.swallowed)


def _marked(story: DigestStory, turn: StoryTurn) -> DigestStory:
    known = (Badge.UPDATED,) if turn.last_told is not None else ()
    corrected = (Badge.CORRECTED,) if turn.corrected else ()
    return replace(story, badges=(*known, *corrected, *story.badges), update=turn.update)
