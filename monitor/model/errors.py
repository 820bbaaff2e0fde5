"""Every error the monitor raises on purpose, as one tree.

MonitorError
├ ConfigInvalid        config or rule files that do not hold; carries the problems
├ SandboxFailed        a task in a child that was killed, crashed or raised
├ NotAFeed             a body that is no feed (login page, bot challenge, HTML error)
├ NotOpml              a file that is no list of feeds
├ NotExtractable       a page without main text
├ StoreError
│ ├ StoreBusy          another process holds the store; carries its pid
│ ├ StoreMissing       there is no store yet
│ ├ StoreNewer         the database was written by a newer version
│ ├ StoreOlder         the database was written by an older version and not upgraded yet
│ ├ StoreUnfinished    a copy of another store that is not whole yet
│ └ StoreUnusable      read-only, full, unreachable or damaged
├ RenameRefused        an old and a new name whose histories cannot be one
├ DeliveryFailed       a channel could not deliver; says whether to try again
├ CannotListen         the address of [web] is taken, or not this machine's
└ SecretUnavailable    a secret reference that points nowhere

Errors carry their subject; doors translate them into one sentence, never a traceback.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.model.problem import Problem


class MonitorError(Exception):
    """The root: everything the monitor raises on purpose."""


@dataclass(eq=False)
class ConfigInvalid(MonitorError):
    """Config or rule files that do not hold; `problems` are all of them, not the first."""

    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


class SandboxReason(StrEnum):
    """Why a task in a child gave no value."""

    TIMEOUT = "timeout"
    CPU = "cpu_limit"
    MEMORY = "memory_limit"
    CRASHED = "crashed"
    BUSY = "busy"  # it takes longer than most, and as many as may do so are at work already
    RAISED = "raised"


@dataclass(eq=False)
class SandboxFailed(MonitorError):
    """A task in a child that was killed, crashed or raised; `detail` is one line."""

    task: str
    reason: SandboxReason
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.task}: {self.reason.value}" + (f" ({self.detail})" if self.detail else "")


@dataclass(eq=False)
class NotAFeed(MonitorError):
    """A body that is no feed; `why` is one line a person can act on, `start` its first 500 characters."""

    why: str
    start: str = ""

    def __str__(self) -> str:
        return self.why

    def __reduce__(self) -> tuple[type[NotAFeed], tuple[str, str]]:
        return NotAFeed, (self.why, self.start)


@dataclass(eq=False)
class NotOpml(MonitorError):
    """A file that is no OPML, or broken; `why` is one line, `line` counts from 1 (0: the file as a whole)."""

    why: str
    line: int = 0

    def __str__(self) -> str:
        return self.why

    def __reduce__(self) -> tuple[type[NotOpml], tuple[str, int]]:
        return NotOpml, (self.why, self.line)


@dataclass(eq=False)
class NotExtractable(MonitorError):
    """A page without main text; `why` is one line."""

    why: str

    def __str__(self) -> str:
        return self.why

    def __reduce__(self) -> tuple[type[NotExtractable], tuple[str]]:
        return NotExtractable, (self.why,)


class StoreError(MonitorError):
    """The store cannot do what was asked."""


@dataclass(eq=False)
class StoreBusy(StoreError):
    """Another process holds the store; `why` says what else stands against working on it."""

    store: str
    holder: int | None = None
    why: str | None = None

    def __str__(self) -> str:
        if self.why is not None:
            return f"{self.store}: {self.why}"
        by = f" (pid {self.holder})" if self.holder else ""
        return f"{self.store}: another monitor{by} is running on this store; stop it first or use another store"


@dataclass(eq=False)
class StoreNewer(StoreError):
    """The database was written by a newer version of the monitor."""

    store: str
    found: str
    known: str

    def __str__(self) -> str:
        return (
            f"{self.store}: written by a newer version (schema {self.found}, this version knows {self.known}); "
            "upgrade the monitor or restore a backup; nothing was changed"
        )


@dataclass(eq=False)
class StoreOlder(StoreError):
    """The database was written by an older version of the monitor, and only asked now."""

    store: str
    found: str
    known: str

    def __str__(self) -> str:
        return (
            f"{self.store}: written by an older version (schema {self.found}, this version needs {self.known}); "
            '"monitor db upgrade" brings it up to date, and so does the start of "monitor run"'
        )


@dataclass(eq=False)
class StoreMissing(StoreError):
    """There is no store yet."""

    store: str

    def __str__(self) -> str:
        return f"{self.store}: no store yet; monitor run makes it"


@dataclass(eq=False)
class StoreUnfinished(StoreError):
    """A copy of another store that is not whole yet."""

    store: str

    def __str__(self) -> str:
        return (
            f"{self.store}: holds a copy of another store that is not finished; "
            '"monitor db copy" goes on where it stopped. Until then use the store that is copied'
        )


@dataclass(eq=False)
class StoreUnusable(StoreError):
    """The store is read-only, full, unreachable or damaged; `why` is one line."""

    store: str
    why: str

    def __str__(self) -> str:
        return f"{self.store}: {self.why}"


class BatchTaken(MonitorError):
    """A batch with new matches has the name of one that was recorded."""

    def __init__(self, digest: str, batch: str) -> None:
        super().__init__(f'batch {batch} of digest "{digest}" was recorded before, with other matches')


class RenameRefused(MonitorError):
    """What was in use under both names at the same time was not renamed: they have two histories."""

    def __init__(self, kind: str, was: str, now: str, what: str, remedy: str) -> None:
        super().__init__(f'{kind} "{now}" was not "{was}": {what}. {remedy}')


class DeliveryFault(StrEnum):
    """Why a channel could not deliver."""

    UNREACHABLE = "unreachable"  # nobody answered: try again
    TEMPORARY = "temporary"  # the server says later (4xx of SMTP, 5xx of HTTP): try again
    RATE_LIMITED = "rate_limited"  # 429: try again after `retry_after`
    UNKNOWN = "unknown"  # the answer was lost after the message was sent: try again with the same key
    REFUSED = "refused"  # the server will never take this message (5xx of SMTP): dead letter
    BROKEN_RECEIVER = "broken_receiver"  # 535, 403, 404, 410, no such directory: people must mend the receiver


RETRIABLE_FAULTS = frozenset(
    {DeliveryFault.UNREACHABLE, DeliveryFault.TEMPORARY, DeliveryFault.RATE_LIMITED, DeliveryFault.UNKNOWN}
)


@dataclass(eq=False)
class DeliveryFailed(MonitorError):
    """A channel could not deliver; `detail` is the server's own answer on one line, secrets removed."""

    fault: DeliveryFault
    detail: str
    retry_after: timedelta | None = field(default=None)

    @property
    def retriable(self) -> bool:
        return self.fault in RETRIABLE_FAULTS

    def __str__(self) -> str:
        return f"{self.fault.value}: {self.detail}"


@dataclass(eq=False)
class SecretUnavailable(MonitorError):
    """A secret reference that points nowhere; names the reference, never a value."""

    reference: str
    why: str

    def __str__(self) -> str:
        return f"{self.reference}: {self.why}"


@dataclass(eq=False)
class CannotListen(MonitorError):
    """The address of `[web]` is taken, or not this machine's; `why` is one line a person can act on."""

    address: str
    why: str

    def __str__(self) -> str:
        return f'[web] listen = "{self.address}": {self.why}'
