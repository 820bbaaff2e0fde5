"""What a person sees of a story: its articles without their texts, why they are together, where it was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from monitor.model.delivery import DeliveryState
from monitor.model.ledger import ListedMatch, RoutingState
from monitor.model.rule import Span
from monitor.model.story import MustNotLink
from monitor.model.story_member import Member


@dataclass(frozen=True, slots=True)
class StoriesAsked:
    """Which stories: with an article first seen since then, and with one of that publisher, language, tag.

    `tag` is one of a feed or an entry; `rules` are those of which at least one must match, None for any story.
    `tagged_rules` are rules that count for the tag, too.
    """

    since: datetime
    rules: tuple[str, ...] | None = None
    tag: str | None = None
    tagged_rules: tuple[str, ...] = ()
    publisher: str | None = None
    language: str | None = None
    min_articles: int = 1


@dataclass(frozen=True, slots=True)
class StoryFacets:
    """What the newest articles and matches of a time have, each with how many of them, the most frequent first.

    `is_whole`: those were all of that time.
    """

    publishers: tuple[tuple[str, int], ...] = ()
    languages: tuple[tuple[str, int], ...] = ()
    tags: tuple[tuple[str, int], ...] = ()
    rules: tuple[tuple[str, int], ...] = ()
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class FoundStory:
    """What a name of a story means: the id it has now, and the article that was named, if one was."""

    story: str
    article: int | None = None
    alias: str | None = None  # the id of before, when that was named


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two articles of a story are; ids of articles, `one` < `other`."""

    one: int
    other: int
    weight: float


@dataclass(frozen=True, slots=True)
class KeptApart:
    """Somebody's "not the same story", with both articles."""

    link: MustNotLink
    one: Member
    other: Member


@dataclass(frozen=True, slots=True)
class Lookalikes:
    """Two articles that read alike and tell of different things: another day, other numbers, other names."""

    mine: Member
    other: Member


@dataclass(frozen=True, slots=True)
class StoryRule:
    """A rule that matches in a story: how many of its articles, and the first of the matches."""

    first: ListedMatch
    articles: int


@dataclass(frozen=True, slots=True)
class Telling:
    """A batch that told of a story; `deliveries` counts those that carry it by receiver and state."""

    digest: str
    batch: str
    at: datetime | None
    rules: tuple[str, ...]
    deliveries: tuple[tuple[str, DeliveryState, int], ...] = ()


@dataclass(frozen=True, slots=True)
class StoryView:
    """One story as it stands. `edges` holds the strongest, of `all_edges` in all; `former` are ids of before."""

    id: str
    members: tuple[Member, ...]
    edges: tuple[Likeness, ...] = ()
    all_edges: int = 0
    rules: tuple[StoryRule, ...] = ()
    told: tuple[Telling, ...] = ()
    apart: tuple[KeptApart, ...] = ()
    lookalikes: tuple[Lookalikes, ...] = ()
    former: tuple[str, ...] = ()


class Standing(NamedTuple):
    """An article of a story as far as it is counted; a tuple, which is made five times as fast."""

    id: int
    url: str
    publisher: str
    wire: str
    is_revision: bool
    is_copy: bool


@dataclass(frozen=True, slots=True)
class StoryRoll:
    """All articles of a story, to be counted, oldest row first, and the one that speaks for it.

    `first_seen` is when the first of them was.
    """

    standing: tuple[Standing, ...]
    lead: Member
    first_seen: datetime
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedStory:
    """A story as a list shows it, with no more of its articles than is counted.

    `newest` is its newest article; `rules` are those that match, with how many articles.
    """

    id: str
    newest: Member
    roll: StoryRoll
    rules: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Quoted:
    """The words in which a stored match was found: the beginnings of (field, text), and all its spans."""

    article: int
    texts: tuple[tuple[str, str], ...]
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """A later wording of an article, and the article that holds the one before; None once that is gone."""

    after: Member
    before: int | None


@dataclass(frozen=True, slots=True)
class RoutedMatch:
    """One match of an article in one digest, as a regrouping may change it."""

    match: int
    rule: str
    digest: str
    state: RoutingState
    article: int
