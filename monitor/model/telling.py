"""What a digest has told of a story, and why a further match of it is told or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Updates(StrEnum):
    """`[[digests]].updates`: which follow-ups on a story already told are told, too."""

    MATERIAL = "material"
    ALL = "all"
    NONE = "none"


class Material(StrEnum):
    """Why a match is told."""

    NEW_STORY_FOR_RULE = "new_story"  # nothing of the story was told
    NEW_RULE = "new_rule"  # the story was told, not for this rule
    CORRECTED = "corrected"  # the title says CORRECTED or RETRACTED, and none that was told did
    NEW_NAMES = "new_names"  # a name matched that the rule was not told with: Chaman after Torkham
    POSSIBLE_DISTINCT = "possible_distinct"  # a told title but for its ordinal: the 13th package after the 12th
    CHANGED_SENTENCE = "changed_sentence"  # another wording of a page or report holds in an untold sentence
    CHANGED_NUMBER = "changed_number"  # a number in the matched sentence that was not told
    HOLDS_AGAIN = "holds_again"  # an edit, and its earlier wording did not match: closed, open, closed
    OTHER_DAY = "other_day"  # told words in a text of another time than any that was told: the next issue
    LOOSELY_ALIKE = "loosely_alike"  # in one story with what was told by a likeness that may be an error
    REPEAT = "repeat"  # `repeat_after` has passed since the rule last told the story
    NEW_PUBLISHERS = "new_publishers"  # three or more independent publishers since the story was last told
    EVERY_UPDATE = "every_update"  # `updates = "all"`


class Earlier(StrEnum):
    """What the wording that an edit replaces was to one of its matches, where that makes a difference."""

    SILENT = "silent"  # an article that the rule did not match
    LESS = "less"  # likewise, but it was not the page: a wall, or the feed's words
    UNHEARD = "unheard"  # no article: seen at subscription or too old; it held the rule in the same sentences


class Merged(StrEnum):
    """Why a match is not told."""

    BEFORE_SUBSCRIPTION = "before_subscription"  # an edit of what was there before; it said the same
    EARLIER_WORDING = "earlier_wording"  # an edit; the wording before matched in the same sentences
    COPY = "copy"  # a copy of a text, without a matched sentence that was not told
    SAME_SENTENCES = "same_sentences"  # every matched sentence was told
    NOTHING_NEW = "nothing_new"  # told already, and no reason above holds
    UPDATES_OFF = "updates_off"  # a reason holds, and `updates = "none"`


Why = Material | Merged


def why_of(value: str | None) -> Why | None:
    """The reason behind a stored value; None for none, or for one that this version does not know."""
    return None if value is None else _KNOWN.get(value)


_KNOWN: dict[str, Why] = {one.value: one for kind in (Material, Merged) for one in kind}


@dataclass(frozen=True, slots=True)
class ToldMatch:
    """A match that a digest has told, in the story where its article stands now.

    `sentences`, `names`, `figures` and `bare` are those of `NewMatch`; `at` is when the message was planned,
    `published` and `first_seen` are of its article.
    """

    rule: str
    story: str
    article: int
    title: str
    url_key: str
    sentences: tuple[str, ...]
    names: tuple[str, ...]
    figures: tuple[str, ...]
    at: datetime
    url: str
    published: datetime | None
    first_seen: datetime
    bare: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoryMember:
    """An article of a story as publishers are counted: without its text."""

    story: str
    article: int
    url: str
    publisher: str
    wire: str
    first_seen: datetime
    copy: bool  # of another article's words; a revision is none


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is decided of one match; `note` says what is new in a few words ("41 → 45 people"), or nothing."""

    why: Why
    note: str = ""

    @property
    def told(self) -> bool:
        """Whether the match goes into a message."""
        return isinstance(self.why, Material)
