"""The processes at work on a store in words: each with its part, in what they differ, and who is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from monitor.app.counting import counted
from monitor.core.text.amounts import long_span_text
from monitor.model.daemons import SHARES, Daemon, Missing, Queued
from monitor.model.jobs import ProcessRole

QUIET = 5.0
"""Seconds for which who asks the store every second may say nothing on a busy machine."""
ROLES = {ProcessRole.DISPATCH: "dispatcher", ProcessRole.WORK: "worker", ProcessRole.WEB: "web pages"}
_DUTIES = {
    "dispatch": "dispatches",
    "group": "groups",
    "match": "matches",
    "digest": "plans digests",
    "health": "looks after health",
    "pushes": "reads pushes",
    "websub": "asks hubs",
    "prune": "prunes",
    "index": "indexes",
}
_MISSING = {
    Missing.DISPATCHER: "No dispatcher is at work, nobody gives out what is due: monitor run --role dispatch",
    Missing.WORKER: "No worker is there, nothing is polled, read or sent: monitor run --role work",
}


def daemon_lines(daemons: Sequence[Daemon], queued: Queued | None = None) -> list[str]:
    """Each of several daemons with its part of the work, and in what they differ; nothing of one that does all."""
    if len(daemons) < 2 and all(one.role is ProcessRole.ALL for one in daemons):
        return []
    lines = [f"{one}, {one.version}: {part_of(one, queued)}" for one in daemons]
    return lines + [f"WARNING: {line}" for line in differences(daemons)]


def part_of(one: Daemon, queued: Queued | None = None) -> str:
    """ "worker, 21 of 64 shares, 12 jobs in hand; matches, plans digests" """
    role = ROLES.get(one.role)
    parts = [role] if role else []
    if one.role.works:
        parts.append(f"{shares_of(one)} of {SHARES} shares" + ("" if role else " of the work"))
        if queued is not None:
            parts.append(f"{counted(queued.taken_by(one), 'job')} in hand")
    dispatches = one.role is ProcessRole.DISPATCH and bool(one.duties)  # as its name says
    duties = [] if dispatches else duty_words(one)
    return ", ".join(parts) + (f"; {', '.join(duties)}" if duties else "") + _silence(one)


def shares_of(one: Daemon) -> int:
    """Of a SQLite store one daemon has them all, and says no name."""
    return one.shares if one.token else SHARES


def duty_words(one: Daemon) -> list[str]:
    """What it does for all, as people say it."""
    if one.role is ProcessRole.DISPATCH and not one.duties:
        return ["stands by"]
    return [_DUTIES[duty] for duty in one.duties]


def _silence(one: Daemon) -> str:
    return f"; silent for {one.silent:.0f} s" if one.silent > QUIET else ""


def differences(daemons: Sequence[Daemon]) -> list[str]:
    """In what they differ that should be alike."""
    lines = []
    if len({one.config for one in daemons}) > 1:
        lines.append("their configs or rules differ; that with the newest works, reload the others")
    if len({one.version for one in daemons}) > 1:
        lines.append("their versions differ")
    return lines


def by_the_newest(one: Daemon, daemons: Sequence[Daemon]) -> bool:
    """Whether it has the config and rules that were taken up last."""
    newest = max(daemons, key=lambda other: (other.loaded, other.config))
    return one.config == newest.config


def missing_lines(missing: Iterable[Missing]) -> list[str]:
    """Who is not there, what that means, what to do."""
    return [_MISSING[one] for one in missing]


def queue_line(queued: Queued, now: datetime) -> str:
    """ "120 jobs wait (100 of poll, 20 of match), the oldest for 3 s · 25 in hand" """
    waiting = counted(queued.waiting, "job waits", "jobs wait")
    if len(queued.by_stage) > 1:
        waiting += f" ({', '.join(f'{jobs:,} of {stage}' for stage, jobs in queued.by_stage.items())})"
    if queued.oldest is not None:
        waiting += f", the oldest for {long_span_text(now - queued.oldest)}"
    return f"{waiting} · {sum(queued.taken.values()):,} in hand"
