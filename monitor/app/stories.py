"""`monitor stories list | show`: stories as the store has them, with what a person asks of one."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from monitor.app.kept_out import StorySilence
from monitor.app.questions import House
from monitor.app.since import Since
from monitor.app.why import no_such_rule
from monitor.config import Settings
from monitor.core.stories.features import BODY_WORDS, term_hash
from monitor.core.stories.group import CAP
from monitor.core.stories.idf import Idf
from monitor.core.stories.publishers import Publishers
from monitor.core.text.language import canonical_language
from monitor.core.text.tokens import analyse
from monitor.core.text.urls import canonical_url, host_of
from monitor.model.article import Quality
from monitor.model.errors import MonitorError
from monitor.model.story_member import Member
from monitor.model.story_view import (
    FoundStory,
    Likeness,
    ListedStory,
    Standing,
    StoriesAsked,
    StoryRoll,
    StoryView,
)
from monitor.ports import StoryStore

SHOWN = 50
"""Stories, or articles of one, that the text form lists unless told otherwise."""

_PAGE = 100
_FIRST_PIECE = 250  # articles that are looked at before the clock
_EXPLAINED = 40  # pairs whose shared words are looked up: two texts are read for each
_TOLD_WORDS = 6
_TELLING = 3.0  # weight of a word that says something of an event: in less than a twentieth of all articles
_BEGINNING = 5_000  # characters: as many as the features of an article are made of
_NEAR = timedelta(hours=48)  # reports of one event in other languages come so soon
_MOST_ELSEWHERE = 5
_FULLNESS = {Quality.FULL: 0, Quality.FEED: 1, Quality.TITLE: 2, Quality.STUB: 3}
_ARTICLE = re.compile(r"(?:a_)?(\d{1,18})")


OwnerOf = Callable[[str, str], str]
"""Who owns a page, by its address and its publisher: pages of one owner are one publisher."""


def host_or_name(url: str, publisher: str) -> str:
    """The host of a page, or the name of its publisher where it has no address."""
    return host_of(url) or publisher.casefold()


def owners(settings: Settings) -> OwnerOf:
    """As the config's `[publishers.NAME]` and the list of public suffixes say it."""
    return Publishers(dict(settings.publishers)).owner_of


class NoSuchStory(MonitorError):
    """A name that means no story or article of the store."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which stories the user wants to see; `limit` None: all there are."""

    since: Since
    rule: str | None = None
    tag: str | None = None
    publisher: str | None = None
    language: str | None = None
    min_articles: int = 1
    limit: int | None = None
    owner_of: OwnerOf = host_or_name


@dataclass(frozen=True, slots=True)
class Counts:
    """A story in numbers. Revisions are no articles; `carrying` are publishers by the agency they carry.

    `independent`: publishers as well, those that carry one agency counted as one.
    """

    publishers: int
    independent: int
    articles: int
    copies: int
    carrying: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class SharedWords:
    """Why two articles are alike: the edge, and the most telling words of both, names first."""

    edge: Likeness
    names: tuple[str, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A story in another language that may be of the same event: nothing more than a suggestion."""

    newest: Member
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """One story, as `monitor stories show` tells it. `roll` counts all its articles where `view` has but some."""

    found: FoundStory
    view: StoryView
    alike: tuple[SharedWords, ...]
    elsewhere: tuple[Elsewhere, ...]
    owner_of: OwnerOf = host_or_name
    silences: tuple[StorySilence, ...] = ()
    roll: StoryRoll | None = None

    @property
    def standing(self) -> Sequence[Member | Standing]:
        """All its articles, to be counted."""
        return self.view.members if self.roll is None else self.roll.standing

    @property
    def lead(self) -> Member:
        """The article that speaks for it."""
        return lead_of(self.view.members) if self.roll is None else self.roll.lead

    @property
    def counts(self) -> Counts:
        """It in numbers."""
        return counts_of(self.standing, self.owner_of)

    @property
    def is_large(self) -> bool:
        """Whether it has so many texts that new ones are only put to it."""
        return sum(not (one.is_copy or one.is_revision) for one in self.standing) > CAP

    @property
    def older(self) -> int | None:
        """The lowest id of the articles that are shown, where there are lower ones."""
        lowest = self.view.members[0].id
        return lowest if any(one.id < lowest for one in self.standing) else None


def question_of(house: House, wanted: Wanted) -> StoriesAsked:
    """What the store is asked. Raises NoSuchRule for a rule that neither the config nor any match knows."""
    rules = () if house.ruleset is None else house.ruleset.rules
    tag = wanted.tag and wanted.tag.casefold()
    asked = StoriesAsked(
        since=wanted.since.moment,
        rules=None if wanted.rule is None else (wanted.rule,),
        tag=wanted.tag,
        tagged_rules=tuple(one.id for one in rules if tag in {name.casefold() for name in one.tags}),
        publisher=wanted.publisher,
        language=wanted.language and (canonical_language(wanted.language) or wanted.language),
        min_articles=wanted.min_articles,
    )
    known = house.ruleset is None or wanted.rule in {None, *(one.id for one in rules)}
    if not known and not house.store.stories.page(asked, limit=1):
        raise no_such_rule(wanted.rule or "", house.ruleset)
    return asked


def stories(
    store: StoryStore, asked: StoriesAsked, limit: int | None, before: tuple[datetime, int] | None = None
) -> Iterator[ListedStory]:
    """The stories, that with the newest article first, read page by page; `before` is as in `StoryStore.page`."""
    left = limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        page = store.page(asked, before=before, limit=size)
        yield from page
        if len(page) < size:
            return
        before = (page[-1].newest.first_seen, page[-1].newest.id)
        left = None if left is None else left - size


@dataclass(frozen=True, slots=True)
class Within:
    """The stories that were found in a time, and the (first_seen, id) of the last article that was looked at; None
    where there is nothing more."""

    found: list[ListedStory]
    reached: tuple[datetime, int] | None


def stories_within(
    store: StoryStore,
    asked: StoriesAsked,
    limit: int,
    budget: timedelta,
    before: tuple[datetime, int] | None = None,
    steady: Callable[[], float] = time.monotonic,
) -> Within:
    """At most so many stories, as far as the time allows: a filter that hardly any story passes goes through all.

    Articles are looked at in pieces that grow as long as they take little of the time.
    """
    found: list[ListedStory] = []
    begun, size, place = steady(), _FIRST_PIECE, before
    while True:
        piece_begun = steady()
        end = store.place_below(asked, place, size)
        found += store.page(asked, before=place, limit=limit - len(found), down_to=end)
        if len(found) >= limit:
            return Within(found, (found[-1].newest.first_seen, found[-1].newest.id))
        left = budget.total_seconds() - (steady() - begun)
        if end is None or left <= 0:
            return Within(found, end)
        place = end
        if steady() - piece_begun < left / 4:
            size *= 2


def counts_of(members: Iterable[Member | Standing], owner_of: OwnerOf) -> Counts:
    """Publishers, articles and copies, counted as a digest counts them."""
    articles = [one for one in members if not one.is_revision]
    owned = [(owner_of(one.url, one.publisher), one.wire) for one in articles]
    carrying = Counter(wire for _, wire in {pair for pair in owned if pair[1]})
    return Counts(
        publishers=len({owner for owner, _ in owned}),
        independent=len({(bool(wire), wire or owner) for owner, wire in owned}),
        articles=len(articles),
        copies=sum(one.is_copy for one in articles),
        carrying=tuple(sorted(carrying.items(), key=lambda item: (-item[1], item[0]))),
    )


def lead_of(members: Sequence[Member]) -> Member:
    """The article that speaks for the story, in its newest wording: the earliest full text that is no copy."""
    lead = min(members, key=lambda one: (one.duplicate_of is not None, _FULLNESS[one.quality], one.when, one.id))
    wordings = (one for one in members if one.is_revision and one.url == lead.url and one.feed == lead.feed)
    return max(wordings, key=lambda one: one.id, default=lead)


def article_name(article: int) -> str:
    """An article as commands name it."""
    return f"a_{article}"


def story_called(store: StoryStore, name: str) -> FoundStory:
    """The story that a name means: its id, one of before, an article's "a_12" or its URL. Raises NoSuchStory."""
    named = _ARTICLE.fullmatch(name)
    if "://" in name:
        found = store.at(name, canonical_url(name))
        advice = "monitor why URL says what became of it"
    elif named:
        found = store.of_article(int(named[1]))
        advice = "an article has a story once it is grouped"
    else:
        found = store.called(name)
        advice = "monitor stories list shows those of today"
    if found is None:
        raise NoSuchStory(f'no story is known as "{name}"; {advice}')
    return found


def show(
    store: StoryStore,
    name: str,
    owner_of: OwnerOf = host_or_name,
    *,
    most: int | None = None,
    before: int | None = None,
) -> Shown:
    """One story with all that is known of it, or with `most` of its articles. Raises NoSuchStory."""
    found = story_called(store, name)
    view = store.view(found.story, most=most, before=before)
    if view is None:  # it went into another, or away, since it was found
        raise NoSuchStory(f'no story is known as "{name}"')
    roll = None if most is None else store.roll(view.id)
    return Shown(found, view, _alike(store, view), _elsewhere(store, view), owner_of, roll=roll)


def _alike(store: StoryStore, view: StoryView) -> tuple[SharedWords, ...]:
    """The strongest edges that hold the story together: of each article that to the one most like it."""
    best: dict[int, Likeness] = {}
    for edge in view.edges:  # the strongest first
        for article in (edge.one, edge.other):
            best.setdefault(article, edge)
    edges = sorted(set(best.values()), key=lambda edge: (-edge.weight, edge.one, edge.other))[:_EXPLAINED]
    openings = store.openings({id_ for edge in edges for id_ in (edge.one, edge.other)}, _BEGINNING)
    named = {one.id: {name.name for name in one.names} for one in view.members}
    shared = []
    for edge in edges:
        names = sorted(named.get(edge.one, set()) & named.get(edge.other, set()))
        words = _shared_words(openings[edge.one], openings[edge.other])
        known = " ".join(names).casefold()
        words = tuple(word for word in words if word not in known)[:_TOLD_WORDS]
        shared.append(SharedWords(edge, tuple(names)[:_TOLD_WORDS], words))
    return tuple(shared)


def _shared_words(one: tuple[str, str], other: tuple[str, str]) -> tuple[str, ...]:
    """The words whose stems stand in both: first those that are rare in the news and frequent in the two."""
    stems, others = _stems(*one), _stems(*other)
    idf = Idf.shipped()
    weighed = []
    for stem in stems.keys() & others.keys():
        (word, here), (_, there) = stems[stem], others[stem]
        weight = idf.weight(stem)
        if weight >= _TELLING:
            weighed.append((-weight * (1 + math.log(min(here, there))), word))
    return tuple(word for _, word in sorted(weighed))


@lru_cache(maxsize=256)
def _stems(title: str, opening: str) -> dict[int, tuple[str, int]]:
    """Each stem with its first word and how often it stands there, in the title twice as in features."""
    found: dict[int, tuple[str, int]] = {}
    for text, times in ((title, 2), (opening, 1)):
        for word in analyse(text, limit=BODY_WORDS).terms:
            stem = term_hash(word)
            first, before = found.get(stem, (word, 0))
            found[stem] = (first, before + times)
    return found


def _elsewhere(store: StoryStore, view: StoryView) -> tuple[Elsewhere, ...]:
    """Stories in other languages, near in time, that name at least two of the same known people and places."""
    known = {name.id: name.name for one in view.members for name in one.names if name.id is not None}
    languages = {one.language for one in view.members if one.language}
    if len(known) < 2 or not languages:
        return ()
    seen = [one.first_seen for one in view.members]
    articles = store.elsewhere(view.id, known, languages, min(seen) - _NEAR, max(seen) + _NEAR)
    best: dict[str, Elsewhere] = {}
    for one in articles:
        names = tuple(sorted({known[name.id] for name in one.names if name.id in known}))
        if one.story not in best or len(names) > len(best[one.story].names):
            best[one.story] = Elsewhere(one, names)
    ranked = sorted(best.values(), key=lambda it: (-len(it.names), -it.newest.id))
    return tuple(ranked[:_MOST_ELSEWHERE])
