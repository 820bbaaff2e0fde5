"""The daemons at work on a PostgreSQL database, as their connections name them: there is no table to go stale."""

from __future__ import annotations

import re
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.model.daemons import Daemon

LOCK = 0x6D6F6E69746F72
"""The advisory lock (one key) of the store, ours by convention within one database: daemons hold it shared, who
works alone exclusively."""
SHARES_CLASS = 0x6D6F6E73
"""The first of the two keys of the locks on shares and duties."""
SILENT = 30.0
"""Seconds after which a daemon that says nothing is cut off: it was stopped, or its machine is gone. It asks every
second, so that thirty turns were missed."""
SILENT_WITHOUT_WORK = 600.0
"""The same for one that has no part of the work: nobody waits for it, and a long start says nothing either."""
_ALONE = "media-monitor pid "
_UPGRADES = "media-monitor upgrades, pid "
_DAEMON = "monitor"
_WORK = "monitor-work"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
# Seven parts in the 63 bytes that PostgreSQL keeps of a name.
_LONGEST_HOST, _LONGEST_VERSION = 16, 8

_MEMBERS = sa.text(
    "SELECT a.application_name AS name, l.mode AS mode,"
    " CASE WHEN a.usename = current_user THEN"
    "  coalesce(extract(epoch FROM clock_timestamp() - a.state_change), 0) ELSE 0 END::float AS silent,"
    " ARRAY(SELECT s.objid::bigint FROM pg_locks s WHERE s.pid = l.pid AND s.locktype = 'advisory' AND s.granted"
    "  AND s.database = l.database AND s.objsubid = 2 AND s.classid::bigint = :shares) AS keys"
    " FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND (l.classid::bigint << 32) + l.objid::bigint = :lock"
)
# Each within a second: who asks next who is there should not find them.
_END = sa.text(
    "SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE :name"
)


def members(connection: Connection) -> list[Daemon]:
    """Who works on the database, in the order in which their configs were taken up."""
    rows = connection.execute(_MEMBERS, {"lock": LOCK, "shares": SHARES_CLASS})
    found = [_member(row.name or "", row.mode, row.silent, row.keys) for row in rows]
    return sorted(found, key=lambda one: (one.loaded, one.token))


def cut_off_the_silent(connection: Connection) -> tuple[Daemon, ...]:
    """Ends every connection of daemons that say nothing: what they hold is free, what they began is undone.

    Only of daemons with the same PostgreSQL user, since those of another one the server lets nobody end.
    """
    found = [one for one in members(connection) if _is_silent(one)]
    for one in found:
        connection.execute(_END, {"name": f"{_DAEMON}%{one.token}"})
    return tuple(found)


def _is_silent(one: Daemon) -> bool:
    patience = SILENT if one.keys else SILENT_WITHOUT_WORK
    return one.silent > patience and not one.exclusive and bool(one.token)


def name_of(me: Daemon) -> str:
    """How a daemon names the connection that holds the store."""
    host = re.sub(r"[^A-Za-z0-9.-]", "?", me.host)[:_LONGEST_HOST] or "?"
    version = re.sub(r"\s", "", me.version)[:_LONGEST_VERSION] or "?"
    parts = (str(me.pid), host, me.config or "?", _in_letters(me.loaded), version, me.token)
    return " ".join((_DAEMON, *parts))


def work_name(token: str) -> str:
    """How it names all its other connections."""
    return f"{_WORK} {token}"


def alone_name(pid: int, *, upgrades: bool = False) -> str:
    """How a process names its connection that works alone, or will share the store once it is up to date."""
    return f"{_UPGRADES if upgrades else _ALONE}{pid}"


def at_work_words(daemons: Iterable[Daemon]) -> str:
    """ "pid 815 on desk1, pid 816 on desk2" """
    return ", ".join(map(str, daemons))


def _member(name: str, mode: str, silent: float, keys: list[int]) -> Daemon:
    exclusive = mode == "ExclusiveLock"
    parts = name.split(" ")
    if len(parts) == 7 and parts[0] == _DAEMON and parts[1].isdigit():
        _, pid, host, config, loaded, version, token = parts
        when = int(loaded, 36) if loaded.isalnum() else 0
        return Daemon(int(pid), host, config, when, version, token, frozenset(keys), silent, exclusive)
    pid = name.removeprefix(_ALONE).removeprefix(_UPGRADES)
    return Daemon(int(pid) if pid.isdigit() else 0, exclusive=exclusive, upgrades=name.startswith(_UPGRADES))


def _in_letters(number: int) -> str:
    found = ""
    while number:
        number, digit = divmod(number, 36)
        found = _DIGITS[digit] + found
    return found or "0"
