"""`monitor stories split | join`: somebody says that articles are not one story, or takes it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import combinations, product
from typing import Any

from monitor.app.counting import counted
from monitor.app.desk import Desk
from monitor.app.questions import House
from monitor.app.stories import OwnerOf, article_name, counts_of, host_or_name, lead_of, owners, story_called
from monitor.app.stories_words import headline, in_numbers
from monitor.core.text.columns import wrap
from monitor.model.errors import MonitorError
from monitor.model.ledger import RoutingState
from monitor.model.story import STORY_WINDOW, MustNotLink
from monitor.model.story_member import Member
from monitor.model.story_view import RoutedMatch
from monitor.pipeline.group import GroupStage
from monitor.pipeline.regroup import regroup
from monitor.ports import Clock, Store, StoryStore

MOST_PAIRS = 50_000
"""Pairs that one command writes: some seconds, in which the daemon waits."""


class CannotSplit(MonitorError):
    """A split that would change nothing, or that names what is not of the story."""


@dataclass(frozen=True, slots=True)
class Split:
    """What a split would do: articles that go together, and which of these groups are to stand apart.

    `loose` groups stand apart from each other and from `kept`, which stay together. `breaks_copies`: an article
    and what was taken for its copy are among those that stand apart.
    """

    story: str
    members: tuple[Member, ...]
    loose: tuple[tuple[int, ...], ...]
    kept: tuple[int, ...]
    breaks_copies: bool = False

    def pairs(self) -> list[tuple[int, int]]:
        """The pairs of articles that are not the same story, smaller id first.

        One article speaks for a group; where copies are broken up, each for itself.
        """
        if self.breaks_copies:
            groups = [*self.loose, *([self.kept] if self.kept else [])]
            return sorted({_ordered(a, b) for g, h in combinations(groups, 2) for a, b in product(g, h)})
        heads = {one.id: one.duplicate_of or one.id for one in self.members}
        loose = [heads[group[0]] for group in self.loose]
        kept = sorted({heads[one] for one in self.kept})
        both = {_ordered(a, b) for a, b in product(loose, kept)}
        if not kept:
            both |= {_ordered(a, b) for a, b in combinations(loose, 2)}
        return sorted(both)


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What came of it: rows written or removed, the stories the articles are in now, what is told again.

    `told_again` counts matches by (digest, rule).
    """

    story: str
    rows: int
    stories: dict[str, tuple[Member, ...]]
    told_again: dict[tuple[str, str], int] = field(default_factory=dict)
    author: str = ""
    owner_of: OwnerOf = host_or_name


def plan_split(store: StoryStore, story: str, articles: Sequence[str]) -> Split:
    """What a split of that story would do; changes nothing.

    The named articles, with their copies and wordings, leave the rest; none named: every article stands apart.
    Where the story is one article and its copies, copies are broken up. Raises NoSuchStory, CannotSplit.
    """
    found = story_called(store, story)
    view = store.view(found.story)
    members = () if view is None else view.members
    named = {_article_of(store, name, found.story) for name in articles}
    classes = _groups(members, lambda one: one.duplicate_of or one.id)
    breaks_copies = len(classes) == 1
    groups = _groups(members, lambda one: (one.feed, one.url)) if breaks_copies else classes
    if len(groups) == 1:
        raise CannotSplit(f"{found.story} is one article: there is nothing to split")
    if not named:
        return Split(found.story, members, tuple(groups), (), breaks_copies)
    leaving = [group for group in groups if named & set(group)]
    kept = tuple(one for group in groups if group not in leaving for one in group)
    if not kept:
        raise CannotSplit("these are all articles of the story; name those that do not belong to it, or none")
    together = tuple(one for group in leaving for one in group)
    return Split(found.story, members, tuple(leaving) if not breaks_copies else (together,), kept, breaks_copies)


def split(house: Regrouping, planned: Split, *, author: str, reason: str) -> Regrouped:
    """Writes it down and groups the articles anew, in one transaction. Safe to run again.

    Raises CannotSplit for too many pairs.
    """
    pairs = planned.pairs()
    if len(pairs) > MOST_PAIRS:
        raise CannotSplit(
            f"that would be {counted(len(pairs), 'pair')} to remember; name the articles that do not belong to "
            f"the story: monitor stories split {planned.story} ARTICLE…"
        )
    ids = [one.id for one in planned.members]
    stories, now = house.store.stories, house.clock.now()
    before = stories.routed(ids)
    known = {(link.one, link.other) for link in stories.said_apart(ids)}
    links = [MustNotLink(*pair, now, author, reason) for pair in pairs if pair not in known]
    house.regroup(ids, apart=links)
    again = _told_again(before, stories.routed(ids))
    return Regrouped(planned.story, len(links), _by_story(stories.members(ids)), again, author, house.owner_of)


def join(house: Regrouping, names: Sequence[str]) -> Regrouped:
    """Takes back what was said of any two of these; a story stands for all its articles. Raises NoSuchStory."""
    articles: set[int] = set()
    first = ""
    stories = house.store.stories
    for name in names:
        found = story_called(stories, name)
        first = first or found.story
        view = stories.view(found.story)
        heads = {one.id: one.duplicate_of or one.id for one in (() if view is None else view.members)}
        articles |= {
            one for one, head in heads.items() if found.article is None or head == heads.get(found.article)
        }
    said = [(link.one, link.other) for link in stories.said_apart(articles)]
    if said:
        house.regroup(sorted(articles), lift=said)
    return Regrouped(first, len(said), _by_story(stories.members(articles)), owner_of=house.owner_of)


@dataclass(frozen=True, slots=True)
class Regrouping:
    """A store in which articles are grouped anew, as the daemon's stage would."""

    store: Store
    clock: Clock
    window: timedelta = STORY_WINDOW
    owner_of: OwnerOf = host_or_name

    def regroup(
        self, articles: Collection[int], *, apart: Sequence[MustNotLink] = (), lift: Sequence[tuple[int, int]] = ()
    ) -> None:
        """Keeps or takes back what was said and groups these articles anew, all of it or, on an error, nothing."""
        likeness = GroupStage(self.store.grouping, self.clock, self.window).likeness()
        with self.store.grouping.session() as session:
            session.set_apart(apart)
            session.lift_apart(lift)
            regroup(session, articles, likeness)


def _article_of(store: StoryStore, name: str, story: str) -> int:
    found = story_called(store, name)
    if found.article is None:
        raise CannotSplit(f'"{name}" is a story; name articles: a_12, or their URLs')
    if found.story != story:
        raise CannotSplit(f'"{name}" is no article of {story}, but of {found.story}')
    return found.article


def _groups(members: Sequence[Member], key: Callable[[Member], object]) -> list[tuple[int, ...]]:
    groups: dict[object, list[int]] = {}
    for one in members:
        groups.setdefault(key(one), []).append(one.id)
    return [tuple(group) for group in groups.values()]


def _ordered(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)


def _told_again(before: Sequence[RoutedMatch], after: Sequence[RoutedMatch]) -> dict[tuple[str, str], int]:
    ended = (RoutingState.MERGED, RoutingState.SILENCED)
    untold = {(one.match, one.digest) for one in before if one.state in ended}
    again = (one for one in after if one.state is RoutingState.PENDING and (one.match, one.digest) in untold)
    return dict(sorted(Counter((one.digest, one.rule) for one in again).items()))


def _by_story(members: Sequence[Member]) -> dict[str, tuple[Member, ...]]:
    stories: dict[str, list[Member]] = {}
    for one in members:
        stories.setdefault(one.story, []).append(one)
    return {story: tuple(those) for story, those in stories.items()}


def regrouping_of(desk: Desk | House) -> Regrouping:
    """That of a config's store."""
    settings = desk.settings
    return Regrouping(desk.store, desk.clock, settings.story_window, owners(settings))


# ---- in words


def planned_lines(planned: Split) -> Iterator[str]:
    """What a split would do, for people."""
    titles = {one.id: headline(one) for one in planned.members}
    yield f"Would set apart in {planned.story}, {counted(len(planned.pairs()), 'pair')}:"
    for group in planned.loose:
        names = " ".join(article_name(one) for one in group)
        yield from wrap(f"{names}: {titles[group[0]]}", "  ", then="    ")
    if planned.kept:
        yield f"from the other {counted(len(planned.kept), 'article')}, which stay together."
    else:
        yield "each from all others."


def planned_json(planned: Split) -> dict[str, Any]:
    """What a split would do, with stable keys."""
    return {
        "story": planned.story,
        "pairs": len(planned.pairs()),
        "apart": [[article_name(one) for one in group] for group in planned.loose],
        "together": [article_name(one) for one in planned.kept],
    }


def split_question(planned: Split) -> str:
    """What a person is asked before every article stands apart."""
    return f"Set all {counted(len(planned.loose), 'article')} of {planned.story} apart from each other?"


def split_lines(done: Regrouped) -> Iterator[str]:
    """What a split came to, for people."""
    if not done.rows:
        yield "That was said before; nothing is written down anew."
    else:
        yield f"Written down: {counted(done.rows, 'pair')} of articles not the same story" + (
            f", by {done.author}." if done.author else "."
        )
    yield from _now(done)
    for (digest, rule), number in done.told_again.items():
        yield (
            f"Told again in {digest}: {rule} ({counted(number, 'match', 'matches')}), merged or silenced only "
            "because of the wrong story"
        )
    if not done.told_again:
        yield "No alert had been merged or silenced because of it."
    yield from wrap(f"To undo: monitor stories join {' '.join(done.stories)}", then="  ")


def join_lines(done: Regrouped) -> Iterator[str]:
    """What a join came to, for people."""
    if not done.rows:
        yield "Nobody had said of two of these that they are not the same story; nothing was changed."
        return
    yield f"Taken back: {counted(done.rows, 'pair')} of articles. How alike they are decides again."
    yield from _now(done)


def _now(done: Regrouped) -> Iterator[str]:
    for story, members in done.stories.items():
        text = f"{headline(lead_of(members))} · {in_numbers(counts_of(members, done.owner_of))}"
        yield from wrap(text, f"  {story}  ", then="    ")


def regrouped_json(done: Regrouped) -> dict[str, Any]:
    """What came of it, with stable keys."""
    return {
        "story": done.story,
        "pairs": done.rows,
        "stories": [
            {"id": story, "articles": [article_name(one.id) for one in members]}
            for story, members in done.stories.items()
        ],
        "told_again": [
            {"digest": digest, "rule": rule, "matches": number}
            for (digest, rule), number in done.told_again.items()
        ],
    }
