"""Stories: groups of articles about one event, and what similarity is judged by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

STORY_WINDOW = timedelta(days=7)
"""How far apart two articles about one event may be, by default: `[stories] window` (stories design)."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """What copies of a text are found by; a pure function of title and text (stories design, identity ladder).

    `words` counts the normalised words. `bands` are the MinHash bands, a signed 64-bit key each, none for a text
    too short. `grams` are the hashes of its 6-grams that are 0 modulo 8, ascending, signed 64-bit.
    """

    version: int
    words: int
    bands: tuple[int, ...] = ()
    grams: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Features:
    """What events are told apart by; a pure function of title, text and language, without any weight.

    `terms` are (signed 64-bit hash of a stem, how often) over the title, counted twice, and the first 250 words of
    the text; `names` the same for names. Both ascending by hash. Weights come from an `Idf` later.
    """

    version: int
    terms: tuple[tuple[int, int], ...] = ()
    names: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """All that an article is compared with others by; made once, when it is read, in a killable child."""

    sketch: Sketch
    features: Features


@dataclass(frozen=True, slots=True)
class StoryNode:
    """One article, with its copies and revisions folded into it, as a point among stories.

    `when` is None for an article without a date that can be believed. `order` sorts nodes by content, the same
    on every machine and for every order of arrival.
    """

    id: int
    when: datetime | None
    language: str
    features: Features
    title_only: bool
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MustNotLink:
    """Somebody said that two articles are not the same story; `one` < `other`, ids of articles."""

    one: int
    other: int
    at: datetime
    author: str = ""
    reason: str = ""
