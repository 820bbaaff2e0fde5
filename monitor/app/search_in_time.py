"""A search that a page waits for: as much of the archive as can be read in its time, and how much that was."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from monitor.app.in_time import in_time
from monitor.app.questions import House
from monitor.app.search import Asked, Found, Search
from monitor.core.digests.passages import passages_of
from monitor.core.digests.render.words import pieces
from monitor.core.rules import because

_FACETS = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search came to in its time."""

    search: Search
    found: list[Found]
    seconds: float

    @property
    def is_whole(self) -> bool:
        """Whether every candidate was read."""
        return self.search.tally.read == self.search.tally.candidates

    def facets(self) -> tuple[tuple[str, list[tuple[str, int]]], ...]:
        """Publishers, languages and tags of the feeds of what was found, the most frequent first."""
        articles = [one.article for one in self.found]
        counted = {
            "Publisher": Counter(one.publisher or one.feed_name for one in articles),
            "Language": Counter(one.language for one in articles if one.language),
            "Tag": Counter(tag for one in articles for tag in one.feed_tags),
        }
        return tuple((name, counter.most_common(_FACETS)) for name, counter in counted.items() if counter)

    def days(self, first: datetime, last: datetime) -> list[tuple[date, int]]:
        """How many articles were first seen on each day from the one to the other, in UTC."""
        counted = Counter(one.article.first_seen.date() for one in self.found)
        length = (last.date() - first.date()).days + 1
        return [(day := first.date() + timedelta(number), counted[day]) for number in range(length)]


def search_in_time(house: House, asked: Asked, budget: timedelta) -> Answer:
    """The newest matches that are found in that time. Raises ConfigInvalid for a query that does not hold."""
    search = Search(house.store.archive, asked, house.ruleset)
    found, seconds = in_time(search.run, budget)
    return Answer(search, found, seconds)


def passages(found: Found) -> list[list[tuple[str, bool]]]:
    """The passages of an article in pieces: a text, and whether the query asks for it."""
    return [list(pieces(passage)) for passage in passages_of(found.article, found.match)]


def reason(found: Found) -> str:
    """Why the query holds on it."""
    return because(found.match.explanation)
