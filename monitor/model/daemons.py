"""The daemons at work on one store, and how they divide the work."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zlib import crc32

from monitor.model.jobs import ProcessRole

SHARES = 64
"""Into so many shares the work on hosts and receivers is divided: each is one daemon's at a time. Enough for a few
daemons to have nearly as much each, and few enough to be listed in a query."""
TAKES_PART = SHARES  # the key that all who take part hold, shared
DISPATCH = "dispatch"
DUTIES = (DISPATCH, "group", "match", "digest", "health", "pushes", "websub", "prune", "index")
"""What one daemon does for all, in the order in which people are told of it."""

_FIRST_WORKER = TAKES_PART + 1 + (1 << 30)  # behind the duties; the server takes keys below 1 << 31
_LETTERS = {ProcessRole.DISPATCH: "D", ProcessRole.WORK: "W", ProcessRole.WEB: "P"}
_ROLES = {letter: role for role, letter in _LETTERS.items()}


def token_of(role: ProcessRole, random: str) -> str:
    """The token of one start: hexadecimal digits, behind a capital letter where the process does not do all."""
    letter = _LETTERS.get(role, "")
    return letter + random[len(letter) :]


def key_of_duty(duty: str) -> int:
    """The key of the lock that who has this duty holds."""
    return TAKES_PART + 1 + (crc32(duty.encode()) >> 2)


def key_of_worker(number: int) -> int:
    """The key of the lock by which others know that a process takes jobs under this number."""
    return _FIRST_WORKER + number % (1 << 29)


@dataclass(frozen=True, slots=True)
class Daemon:
    """One daemon, as it names itself in its connection to the store.

    `config` is a short fingerprint of what all daemons on a store must agree on, `loaded` when it was taken up
    (tenths of a second since 1970, by the store's clock), `token` its own of one start. `keys` are the shares and
    duties that it has, and its numbers at the queue; `silent` for how many seconds its connection was not used;
    `exclusive` for one that works alone, `upgrades` for one that will share the store once it is up to date.
    """

    pid: int
    host: str = ""
    config: str = ""
    loaded: int = 0
    version: str = ""
    token: str = ""
    keys: frozenset[int] = frozenset()
    silent: float = 0.0
    exclusive: bool = False
    upgrades: bool = False

    @property
    def shares(self) -> int:
        """How many of the shares it has."""
        return sum(key < SHARES for key in self.keys)

    @property
    def duties(self) -> tuple[str, ...]:
        """What it does for all."""
        return tuple(duty for duty in DUTIES if key_of_duty(duty) in self.keys)

    @property
    def role(self) -> ProcessRole:
        """What it does of the work: the first letter of its token says so."""
        return _ROLES.get(self.token[:1], ProcessRole.ALL)

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.host}" if self.host else f"pid {self.pid}"


@dataclass(frozen=True, slots=True)
class Queued:
    """What stands in the queue: jobs that wait, by stage, and since when the one that came first; those that are
    `taken`, by the number under which they were, None for that of a process that is gone."""

    by_stage: Mapping[str, int] = field(default_factory=dict)
    oldest: datetime | None = None
    taken: Mapping[int | None, int] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        """All that wait."""
        return sum(self.by_stage.values())

    def taken_by(self, one: Daemon) -> int:
        """How many jobs this process has in hand."""
        return sum(
            jobs for number, jobs in self.taken.items() if number is not None and key_of_worker(number) in one.keys
        )


class Missing(StrEnum):
    """Who is not there, though work for it comes through the queue."""

    DISPATCHER = "no_dispatcher"  # nobody gives out what is due
    WORKER = "no_worker"  # nobody takes what is given out


def missing(daemons: Iterable[Daemon]) -> tuple[Missing, ...]:
    """Who is missing among processes that work by the queue. One that works alone needs no other."""
    there = list(daemons)
    if any(one.exclusive for one in there):
        return ()
    found = []
    if not any(DISPATCH in one.duties for one in there):
        found.append(Missing.DISPATCHER)
    if not any(one.role.works for one in there):
        found.append(Missing.WORKER)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Division:
    """How the work is divided now. `others` are beside this one, `ended` were cut off for their silence.

    `older` says that this one takes no part, since another was given a newer config.
    """

    me: Daemon
    others: tuple[Daemon, ...] = ()
    shares: int = SHARES
    duties: frozenset[str] = frozenset()
    ended: tuple[Daemon, ...] = ()
    older: bool = False

    @property
    def differing(self) -> tuple[Daemon, ...]:
        """The others that have another config."""
        return tuple(one for one in self.others if one.config != self.me.config)
