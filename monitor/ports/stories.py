"""What the store promises to whoever looks at stories."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from monitor.model.story import MustNotLink
from monitor.model.story_member import Member
from monitor.model.story_view import (
    Edit,
    FoundStory,
    Likeness,
    ListedStory,
    Quoted,
    RoutedMatch,
    StoriesAsked,
    StoryFacets,
    StoryRoll,
    StoryView,
)


class StoryStore(Protocol):
    """Stories to be looked at, with what people said of them."""

    def page(
        self,
        asked: StoriesAsked,
        *,
        before: tuple[datetime, int] | None = None,
        limit: int = 100,
        down_to: tuple[datetime, int] | None = None,
    ) -> Sequence[ListedStory]:
        """One page of stories, that with the newest article first.

        `before` is (first_seen, id) of the newest article of the last story of the page before; `down_to` that of
        the last article that is looked at.
        """
        ...

    def place_below(
        self, asked: StoriesAsked, before: tuple[datetime, int] | None, articles: int
    ) -> tuple[datetime, int] | None:
        """The (first_seen, id) so many articles below a place, or below the newest; None where fewer are left, or
        where a page of these stories need not look at all articles."""
        ...

    def count(self, asked: StoriesAsked, most: int) -> int:
        """How many stories the pages hold together; counts no further than `most`."""
        ...

    def facets(self, since: datetime, most: int) -> StoryFacets:
        """What lists of stories can be narrowed to: of the newest `most` articles and matches since then."""
        ...

    def called(self, name: str) -> FoundStory | None:
        """The story of that id, or that a story of that id went into; None when there is none."""
        ...

    def of_article(self, article: int) -> FoundStory | None:
        """The story of an article; None for one that is not there or not grouped yet."""
        ...

    def at(self, url: str, url_key: str) -> FoundStory | None:
        """The story of the newest article with that address."""
        ...

    def view(self, story: str, *, most: int | None = None, before: int | None = None) -> StoryView | None:
        """One story with all that is known of it; None when it has no article.

        With `most` only so many of its articles, the highest ids below `before`; what ties articles together or
        keeps them apart is then told of these alone, and of the batches only the newest `most`.
        """
        ...

    def roll(self, story: str) -> StoryRoll | None:
        """All articles of a story, to be counted: neither their texts nor their names are read."""
        ...

    def quoted(self, matches: Collection[int], letters: int) -> Mapping[int, Quoted]:
        """In which words these matches were found, by id of the match; of each text so many characters."""
        ...

    def edits(self, story: str, *, before: int | None = None, limit: int) -> Sequence[Edit]:
        """The later wordings among a story's articles, the highest ids below `before` first."""
        ...

    def members(self, articles: Collection[int]) -> Sequence[Member]:
        """These articles as members of the stories they are in now, oldest first."""
        ...

    def strongest(self, articles: Collection[int]) -> Mapping[int, Likeness]:
        """Of each of these articles that is alike another of its story, the strongest likeness."""
        ...

    def openings(self, articles: Collection[int], letters: int) -> Mapping[int, tuple[str, str]]:
        """Title and beginning of the text of these articles, by id; the text is "" once it was dropped."""
        ...

    def elsewhere(
        self, story: str, entities: Collection[str], languages: Collection[str], since: datetime, until: datetime
    ) -> Sequence[Member]:
        """Articles of other stories, in none of these languages and first seen in that span, that name at least
        two of these entities; newest first, looked for among the newest 20,000 of the span."""
        ...

    def routed(self, articles: Collection[int]) -> Sequence[RoutedMatch]:
        """Every match of these articles in every digest that takes it."""
        ...

    def said_apart(self, articles: Collection[int]) -> Sequence[MustNotLink]:
        """What was said of pairs that are both among these articles."""
        ...
