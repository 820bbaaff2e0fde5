"""What of a digest's pending matches is told, merged or held back, story by story; changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, partial

from monitor.core.digests.silences import kept_out, swallowed
from monitor.core.stories.material import judge
from monitor.core.stories.publishers import Publishers
from monitor.model.digest import DigestSettings
from monitor.model.ledger import StoredMatch
from monitor.model.silence import KeptOut, Silence, Swallowed, WaitingMatch
from monitor.model.telling import Material, Merged, ToldMatch, Verdict
from monitor.ports import DigestStore


@dataclass(frozen=True, slots=True)
class StoryTurn:
    """The pending matches of one story, and what is decided of each; `last_told` None: nothing of it was told."""

    story: str
    judged: tuple[tuple[StoredMatch, Verdict], ...]
    last_told: datetime | None

    @property
    def news(self) -> tuple[StoredMatch, ...]:
        """The matches to be told."""
        return tuple(match for match, verdict in self.judged if verdict.told)

    @property
    def merged(self) -> tuple[StoredMatch, ...]:
        """The others."""
        return tuple(match for match, verdict in self.judged if not verdict.told)

    @property
    def first(self) -> datetime:
        """When the first of them matched."""
        return min(match.matched_at for match, _ in self.judged)

    @property
    def corrected(self) -> bool:
        """Whether a correction is told."""
        return any(verdict.why is Material.CORRECTED for _, verdict in self.judged)

    @property
    def update(self) -> str:
        """What is new in a story that was told before, in a few words; "" for a story that was not."""
        if self.last_told is None:
            return ""
        notes = dict.fromkeys(verdict.note for _, verdict in self.judged if verdict.told and verdict.note)
        return "; ".join(list(notes)[:3])


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The pending matches of a story that lacks publishers for good; `articles` is how many it has."""

    story: str
    matches: tuple[StoredMatch, ...]
    articles: int


@dataclass(frozen=True, slots=True)
class Turns:
    """Every story that waits for a digest: to be planned, given up for want of publishers, or held back.

    `kept_out` are the matches that silences keep out; no other part has them.
    """

    stories: tuple[StoryTurn, ...] = ()
    too_few: tuple[GivenUp, ...] = ()
    held: int = 0
    kept_out: tuple[tuple[WaitingMatch, KeptOut], ...] = ()

    @property
    def discarded(self) -> dict[int, int]:
        """The matches that are not told at all: each with its silence."""
        return {match.id: out.silence.id for match, out in self.kept_out if not out.held}

    @property
    def swallowed(self) -> tuple[Swallowed, ...]:
        """How many stories each silence keeps out."""
        return swallowed(self.kept_out)

    @property
    def to_plan(self) -> bool:
        """Whether anything is to be planned, now or once its time has come; what is held is not."""
        return bool(self.stories or self.too_few or self.discarded)

    def discards(self) -> Iterator[tuple[str, Turns]]:
        """What is discarded of each story, alone."""
        by_story: dict[str, list[tuple[WaitingMatch, KeptOut]]] = defaultdict(list)
        for match, out in self.kept_out:
            if not out.held:
                by_story[match.story].append((match, out))
        for story, kept in by_story.items():
            yield story, Turns(kept_out=tuple(kept))


@dataclass(frozen=True, slots=True)
class Telling:
    """Decides by what the digest has told, by who carries each story, and by silences.

    `window` is that of stories; `in_force` gives the silences that `core.digests.silences.kept_out` asks for.
    """

    digests: DigestStore
    publishers: Publishers
    window: timedelta
    draft: bool
    in_force: Callable[[datetime], Sequence[Silence]] = lambda _now: ()

    def turns(
        self,
        settings: DigestSettings,
        now: datetime,
        wanted: Callable[[StoredMatch | WaitingMatch], bool] = lambda _match: True,
        caught_up: Callable[[], bool] = lambda: True,
        among: Sequence[str] | None = None,
    ) -> Turns:
        """All that waits for the digest, or of the stories `among` it; a story is given up only once `caught_up`
        says that no feed is behind.

        What a silence keeps out is taken out first, and costs no reading of texts, however long it waits.
        """
        silences = self.in_force(now)
        if silences:
            return self._beside_silences(settings, now, wanted, caught_up, silences, among)
        if settings.min_publishers <= 1:
            pending = self.digests.pending(settings.name, draft=self.draft, stories=among)
            return Turns(self.judged(settings, list(filter(wanted, pending)), now))
        waiting = self.digests.pending_stories(settings.name, draft=self.draft) if among is None else among
        asked, spent, held = self._asked(settings, waiting, now, caught_up)
        pending = self.digests.pending(settings.name, draft=self.draft, stories=asked)
        return self._turns(settings, list(filter(wanted, pending)), spent, held, now)

    def _beside_silences(
        self,
        settings: DigestSettings,
        now: datetime,
        wanted: Callable[[StoredMatch | WaitingMatch], bool],
        caught_up: Callable[[], bool],
        silences: Sequence[Silence],
        among: Sequence[str] | None,
    ) -> Turns:
        waiting = self.digests.waiting(settings.name, draft=self.draft)
        if among is not None:
            some = frozenset(among)
            waiting = [match for match in waiting if match.story in some]
        answers = [(match, kept_out(match, settings.name, silences, now)) for match in waiting if wanted(match)]
        kept = tuple((match, out) for match, out in answers if out is not None)
        free = [match for match, out in answers if out is None]
        spent: Mapping[str, int] = {}
        held = 0
        if settings.min_publishers > 1:
            asked, spent, held = self._asked(settings, sorted({one.story for one in free}), now, caught_up)
            free = [match for match in free if match.story in asked]
        pending = self.digests.pending(settings.name, draft=self.draft, matches=[match.id for match in free])
        return replace(self._turns(settings, pending, spent, held, now), kept_out=kept)

    def _asked(
        self, settings: DigestSettings, waiting: Sequence[str], now: datetime, caught_up: Callable[[], bool]
    ) -> tuple[set[str], Mapping[str, int], int]:
        """The stories to be looked at, those of them that are given up, and how many are held back."""
        lacking, spent = self._lacking(settings, waiting, now)
        if spent and not caught_up():
            spent = {}
        return set(waiting) - lacking | spent.keys(), spent, len(lacking) - len(spent)

    def _turns(
        self,
        settings: DigestSettings,
        pending: Sequence[StoredMatch],
        spent: Mapping[str, int],
        held: int,
        now: datetime,
    ) -> Turns:
        by_story = _by_story(pending)
        given_up = sorted(spent.keys() & by_story.keys())
        too_few = tuple(GivenUp(story, tuple(by_story.pop(story)), spent[story]) for story in given_up)
        tellable = [match for matches in by_story.values() for match in matches]
        return Turns(self.judged(settings, tellable, now), too_few, held)

    def _lacking(
        self, settings: DigestSettings, stories: Sequence[str], now: datetime
    ) -> tuple[set[str], Mapping[str, int]]:
        """The stories with too few independent publishers, and of those that no further one can join the number
        of their articles.

        A story of which something was told lacks none: what follows belongs to it.
        """
        members = self.digests.members(stories)
        few = {one for one in stories if len(self.publishers.independent(members[one])) < settings.min_publishers}
        few -= {one.story for one in self.digests.told(settings.name, sorted(few), draft=self.draft)}
        return few, {
            one: len(members[one])
            for one in few
            if all(now - member.first_seen > self.window for member in members[one])
        }

    def judged(
        self, settings: DigestSettings, pending: Sequence[StoredMatch], now: datetime
    ) -> tuple[StoryTurn, ...]:
        """What is decided of these matches, by story, in the order of the first of each."""
        by_story = _by_story(pending)
        told: dict[str, list[ToldMatch]] = defaultdict(list)
        for one in self.digests.told(settings.name, sorted(by_story), draft=self.draft):
            told[one.story].append(one)
        return tuple(self._turn(settings, story, matches, told[story], now) for story, matches in by_story.items())

    def _turn(
        self,
        settings: DigestSettings,
        story: str,
        matches: Sequence[StoredMatch],
        told: Sequence[ToldMatch],
        now: datetime,
    ) -> StoryTurn:
        last = max((one.at for one in told), default=None)

        @cache  # asked for only where nothing else is news
        def more() -> int:
            return 0 if last is None else self.more_publishers(story, last)

        judged = [
            (match, judge(match, told, settings, more, partial(self._likeness, match, told), now))
            for match in matches
        ]
        return StoryTurn(story, tuple(_without_edits(judged)), last)

    def _likeness(self, match: StoredMatch, told: Sequence[ToldMatch]) -> float | None:
        """How like the article is to what was told for its rule."""
        of_rule = {one.article for one in told if one.rule == match.new.rule.id}
        return self.digests.likeness(match.article.id, of_rule)

    def more_publishers(self, story: str, since: datetime) -> int:
        """How many independent publishers the story has and had not then, by texts of their own."""
        members = self.digests.members([story]).get(story, ())
        before = self.publishers.independent(one for one in members if one.first_seen <= since)
        return len(self.publishers.independent(one for one in members if not one.copy) - before)


def _without_edits(judged: Sequence[tuple[StoredMatch, Verdict]]) -> Iterator[tuple[StoredMatch, Verdict]]:
    """What is decided, with edits merged that only repeat what their earlier wording tells in the same message."""
    told: dict[str, set[str]] = defaultdict(set)
    for match, verdict in judged:
        if verdict.told and match.new.news:
            told[match.new.rule.id].update(match.new.sentences)
    for match, verdict in judged:
        repeats = not match.new.news and told[match.new.rule.id].issuperset(match.new.sentences)
        yield match, Verdict(Merged.EARLIER_WORDING) if repeats and verdict.told else verdict


def story_of(match: StoredMatch) -> str:
    """The story of a match, which is grouped: only grouped articles are matched."""
    story = match.article.story_id
    assert story is not None, "only grouped articles are matched"
    return story


def waiting_of(match: StoredMatch) -> WaitingMatch:
    """A match as silences look at it."""
    return WaitingMatch(match.id, match.new.rule.id, match.new.rule.tags, story_of(match), match.matched_at)


def _by_story(matches: Sequence[StoredMatch]) -> dict[str, list[StoredMatch]]:
    found: dict[str, list[StoredMatch]] = defaultdict(list)
    for match in matches:
        found[story_of(match)].append(match)
    return dict(found)
