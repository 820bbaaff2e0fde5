"""Work that is given out to processes: who runs the stages, and what one piece of work is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

PARTS = 16
"""Into so many parts work is cut that has no rows of its own to be named by. As many at most are at it at once."""


class Engine(StrEnum):
    """What runs the stages."""

    IN_PROCESS = "in-process"  # each daemon looks for its own work
    PROCRASTINATE = "procrastinate"  # a queue on PostgreSQL gives polls to any number of workers


class ProcessRole(StrEnum):
    """What one process does of the work."""

    ALL = "all"
    DISPATCH = "dispatch"  # looks for what is due, and puts it into the queue
    WORK = "work"  # takes it from there; all else that a daemon does
    WEB = "web"  # shows pages, takes what hubs send

    @property
    def dispatches(self) -> bool:
        """Whether it puts work into the queue."""
        return self in (ProcessRole.ALL, ProcessRole.DISPATCH)

    @property
    def works(self) -> bool:
        """Whether it runs the stages."""
        return self in (ProcessRole.ALL, ProcessRole.WORK)

    @property
    def shows(self) -> bool:
        """Whether it opens the web door."""
        return self in (ProcessRole.ALL, ProcessRole.WEB)


@dataclass(frozen=True, slots=True)
class Job:
    """Rows for one stage. Safe to run twice.

    Of the jobs with one `lock` one runs at a time; of those with one `place` one waits in the queue at a time.
    """

    stage: str
    ids: tuple[int, ...]
    lock: str
    place: str

    @classmethod
    def of_part(cls, stage: str, part: int) -> Job:
        """What waits in one of the PARTS of a stage, whatever that is by the time it is taken."""
        return cls(stage, (part,), lock=f"{stage} {part}", place=f"{stage} {part}")


@dataclass(frozen=True, slots=True)
class StalledJob:
    """A job whose worker gives no sign of life."""

    id: int
    stage: str
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DueFeed:
    """A feed that was leased to be put into the queue."""

    id: int
    url: str


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What one turn of the dispatcher did: feeds that went into the queue, and in how many jobs; `waiting` ones
    have a job of their host before them that nobody has taken yet. `rescued` are jobs of workers that are gone.
    `parts` of the articles that wait for rules went in, too.
    `full`: the queue has as many jobs as it is given, and nothing went in."""

    feeds: int = 0
    jobs: int = 0
    waiting: int = 0
    rescued: int = 0
    parts: int = 0
    full: bool = False
