"""A search that a page waits for: as much of the archive as can be read in its time, and how much that was."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from monitor.app.in_time import Tell, while_time
from monitor.app.pieces import pieces_of
from monitor.app.questions import House
from monitor.app.search import Asked, Found, Search, facets_of
from monitor.core.digests.render.words import pieces
from monitor.core.rules import because
from monitor.model.ledger import ArchivePlace

SHOWN = 50
"""Matches that are kept to be shown; the others are counted."""

_FACETS = 8
_LONGEST_FACET = 200  # characters; a publisher with a longer name is somebody's attack on the page
_MOMENT = timedelta(microseconds=1)


@dataclass(slots=True)
class Answer:
    """What a search came to in its time: the newest of what it found, without texts, and all of it in numbers.

    `is_whole`: every candidate was read. `older` is the place from which the next answer goes on: behind the last
    that is shown where there are more, else behind the last that was read; None where nothing is left.
    """

    search: Search
    found: list[Found] = field(default_factory=list)
    seconds: float = 0.0
    is_whole: bool = False
    read_back_to: datetime | None = None
    counted: Counter[tuple[str, str]] = field(default_factory=Counter)
    counted_days: Counter[date] = field(default_factory=Counter)

    @property
    def older(self) -> ArchivePlace | None:
        """From where to go on."""
        if self.search.tally.matches > len(self.found):
            last = self.found[-1].article
            return ArchivePlace(last.first_seen, last.id)
        return None if self.is_whole else self.search.place

    def facets(self) -> tuple[tuple[str, list[tuple[str, int]]], ...]:
        """Publishers, languages and tags of the feeds of what was found, the most frequent first."""
        short = [pair for pair in self.counted.most_common() if len(pair[0][1]) <= _LONGEST_FACET]
        named = {
            name: [(value, number) for (facet, value), number in short if facet == name][:_FACETS]
            for name in ("publisher", "language", "tag")
        }
        return tuple((name, values) for name, values in named.items() if values)

    def days(self, first: datetime, last: datetime) -> list[tuple[date, int]]:
        """How many articles were first seen on each day from the one to the other, in UTC, as far as was read."""
        first = max(first, self.read_back_to or first)
        length = (last.date() - first.date()).days + 1
        return [
            (day := first.date() + timedelta(number), self.counted_days[day]) for number in range(max(0, length))
        ]

    def note(self, found: Found) -> None:
        """Counts one that was found; keeps it if it is among the first."""
        self.counted.update(facets_of(found.article))
        self.counted_days[found.article.first_seen.date()] += 1
        if len(self.found) < SHOWN:
            self.found.append(found.without_texts())


def search_in_time(house: House, asked: Asked, budget: timedelta, after: ArchivePlace | None = None) -> Answer:
    """What is found in that time, from the newest on, or from behind a place; at least some articles are read.

    `asked` has a time since when. Raises ConfigInvalid for a query that does not hold.
    """
    answer = Answer(Search(house.store.archive, asked, house.ruleset))
    begun = time.monotonic()
    for found in while_time(lambda tell: _read(answer, house.clock.now(), after, tell), budget):
        answer.note(found)
    answer.seconds = time.monotonic() - begun
    if not answer.is_whole and answer.search.place is not None:
        answer.read_back_to = answer.search.place.first_seen
    return answer


def _read(answer: Answer, now: datetime, after: ArchivePlace | None, tell: Tell) -> Iterator[Found]:
    """The time in pieces, that the first is soon answered: the candidates of a year are not named at once."""
    search, asked = answer.search, answer.search.asked
    assert asked.since is not None, "a page asks for a time"
    until, behind = asked.until, None
    if after is not None:
        # The others of that very moment come behind it.
        behind = after.article or None
        until = after.first_seen + (_MOMENT if behind else timedelta(0))
    for number, (start, end) in enumerate(pieces_of(asked.since, now, until)):
        if number:
            tell(search.tally.read, search.tally.candidates)
        yield from search.read(start, end, tell, None if number else behind)
        search.place = ArchivePlace(start, 0)  # all of it was read
    answer.is_whole = True


def passages(found: Found) -> list[list[tuple[str, bool]]]:
    """The passages of an article in pieces: a text, and whether the query asks for it."""
    return [list(pieces(passage)) for passage in found.passages]


def reason(found: Found) -> str:
    """Why the query holds on it."""
    return because(found.match.explanation)
