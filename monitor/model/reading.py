"""Reading: pages that are asked again, and what is remembered of the pages of a host."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.model.article import Quality


class RereadState(StrEnum):
    """What came of asking a page again."""

    WAITING = "waiting"  # asked again at its time
    FOUND = "found"  # the page gave its text, which was matched as a revision
    BEHIND_WALL = "behind_wall"  # at the last try it showed a wall still
    UNREADABLE = "unreadable"  # at the last try it could not be had still
    SUPERSEDED = "superseded"  # its feed brought other words meanwhile, whose page is read by itself


@dataclass(frozen=True, slots=True)
class Reread:
    """A page of which only the feed's words are known, and when it is asked again.

    `tries` counts those that are done; `result` is the row of the entry that a success made.
    """

    state: RereadState
    why: str
    since: datetime
    next_at: datetime
    tries: int = 0
    result: int | None = None


@dataclass(frozen=True, slots=True)
class GivenAtLast:
    """What came of a page that gave its text when it was asked again; where it is FOUND, the entry and the article
    that it made."""

    state: RereadState
    entry: int | None = None
    article: int | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """An earlier page that carried something which a page at hand carries, too; `key` says what.

    `judged`: the rules in force have read it.
    """

    key: int
    entry_row: int
    url_key: str
    title: str
    quality: Quality
    first_seen: datetime
    judged: bool


@dataclass(frozen=True, slots=True)
class Remembered:
    """What reading one page leaves behind, beside the article.

    `keys` are hashes of what the page carried, and `host` that of its host's name, all signed 64-bit. With
    `reread` (why) the page is asked again at `again_at`; so are those of `walls`, earlier entries whose page turns
    out to have been a wall, and which are marked.
    """

    at: datetime
    host: int = 0
    keys: tuple[int, ...] = ()
    reread: str | None = None
    again_at: datetime | None = None
    walls: tuple[int, ...] = ()
