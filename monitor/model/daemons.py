"""The daemons at work on one store, and how they divide the work."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model.jobs import ProcessRole

SHARES = 64
"""Into so many shares the work on hosts and receivers is divided: each is one daemon's at a time. Enough for a few
daemons to have nearly as much each, and few enough to be listed in a query."""

_LETTERS = {ProcessRole.DISPATCH: "D", ProcessRole.WORK: "W", ProcessRole.WEB: "P"}
_ROLES = {letter: role for role, letter in _LETTERS.items()}


def token_of(role: ProcessRole, random: str) -> str:
    """The token of one start: hexadecimal digits, behind a capital letter where the process does not do all."""
    letter = _LETTERS.get(role, "")
    return letter + random[len(letter) :]


@dataclass(frozen=True, slots=True)
class Daemon:
    """One daemon, as it names itself in its connection to the store.

    `config` is a short fingerprint of what all daemons on a store must agree on, `loaded` when it was taken up
    (tenths of a second since 1970, by the store's clock), `token` its own of one start. `keys` are the shares and
    duties that it has; `silent` for how many seconds its connection was not used; `exclusive` for one that works
    alone, `upgrades` for one that will share the store once it is up to date.
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
    def role(self) -> ProcessRole:
        """What it does of the work: the first letter of its token says so."""
        return _ROLES.get(self.token[:1], ProcessRole.ALL)

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.host}" if self.host else f"pid {self.pid}"


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
