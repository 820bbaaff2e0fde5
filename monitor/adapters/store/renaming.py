"""History goes with its name, in SQL: whatever stands under an old name gets the new one.

Three things stay as they were. Keys of deliveries and names of batches are what the other side knows a message by,
and a retry must be the same. Messages are what was said. And a match keeps the rule's words beside its new id, the
old id among them, so that `monitor why` can say what it was called.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.adapters.store.former_names import name_now, note
from monitor.adapters.store.grouping import take_grouping_lock
from monitor.model.delivery import DeliveryState
from monitor.model.errors import RenameRefused
from monitor.model.health import IncidentKind
from monitor.model.ledger import RoutingState
from monitor.model.renaming import Carried, Named, Rename

_Column = sa.Column[Any]
_CHUNK = 400
_n, _r, _b, _d, _s, _i = (
    one.c for one in (t.renames, t.routings, t.batches, t.deliveries, t.digest_states, t.incidents)
)
HOLDS: Mapping[Named, tuple[_Column, ...]] = {
    Named.DIGEST: (
        _r.digest,
        _s.name,
        _b.digest,
        _d.digest,
        t.sent_before.c.digest,
        t.sent_before.c.by_digest,
        t.suppressions.c.digest,
        t.silences.c.digests,
        _i.subject,
    ),
    # Those that refuse first, as whoever closes such a circuit takes the rows (on PostgreSQL).
    Named.RECEIVER: (
        t.broken_receivers.c.receiver,
        _d.receiver,
        _d.also,
        t.sent_before.c.receiver,
        _i.subject,
    ),
    Named.RULE: (t.matches.c.rule_id, t.rule_failures.c.rule_id, t.silences.c.rules),
}
"""Every column that holds such names, by itself or in a list; a test knows of every other why it does not."""

# What only one thing can have: two that have it were in use at the same time.
_ONLY_ONE: Mapping[Named, tuple[tuple[_Column, tuple[_Column, ...], str], ...]] = {
    Named.DIGEST: ((_r.digest, (_r.match_id,), "matches that went to both"),),
    Named.RECEIVER: (
        (_d.receiver, (_d.digest, _d.batch, _d.channel, _d.recipient), "messages that went to both"),
        (
            t.sent_before.c.receiver,
            tuple(t.sent_before.c[one] for one in ("digest", "batch", "story", "channel", "recipient")),
            "stories kept short for both",
        ),
    ),
    Named.RULE: ((t.matches.c.rule_id, (t.matches.c.article_id,), "articles that both matched"),),
}
# The same fact under both names: that of the new one stays.
_SAME_FACT = frozenset({t.suppressions.c.digest, t.rule_failures.c.rule_id, t.broken_receivers.c.receiver})
_SUBJECTS: Mapping[Named, tuple[IncidentKind, ...]] = {
    Named.DIGEST: (IncidentKind.DIGEST_UNPLANNED, IncidentKind.DIGEST_UNHEARD),
    Named.RECEIVER: (IncidentKind.RECEIVER_BROKEN, IncidentKind.DEAD_LETTERS),
    Named.RULE: (),
}
_WAITING = DeliveryState.WAITING.value
# History under the old name of a rename that was carried out: looks into indexes, whatever is stored.
_AGAIN: Mapping[Named, sa.ColumnElement[bool]] = {
    Named.DIGEST: sa.or_(
        sa.exists().where(_s.name == _n.was),
        sa.exists().where(_r.digest == _n.was),
        sa.exists().where(_b.digest == _n.was),
        sa.exists().where(t.suppressions.c.digest == _n.was),  # who left in the second of the rename
    ),
    Named.RECEIVER: sa.exists().where(_d.state == _WAITING, _d.receiver == _n.was),
    Named.RULE: sa.exists().where(t.matches.c.rule_id == _n.was),
}


class SqlRenames:
    """`ports.Renames` over all that holds names."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def to_come(self, renames: Sequence[Rename]) -> Sequence[Rename]:
        """Those that are not carried out yet and have something to carry."""
        with self._db.read() as connection:
            found = [one for one in _needed(connection, renames) if _has_history(connection, one.kind, one.was)]
            for one in found:
                _refuse_two(connection, one)
        return found

    def carry_over(
        self, renames: Sequence[Rename], in_use: Mapping[Named, Collection[str]], now: datetime
    ) -> Sequence[Carried]:
        """Carries out what is to come, all in one transaction."""
        with self._db.read() as connection:
            if not _needed(connection, renames) and not _taken_up(connection, in_use):
                return []
        with self._db.write() as connection:
            take_grouping_lock(connection)  # nothing is planned meanwhile
            for kind, was in _taken_up(connection, in_use):
                connection.execute(t.renames.delete().where(_n.kind == kind.value, _n.was == was))
            done = []
            for one in _needed(connection, renames):  # another process may have been first
                _refuse_two(connection, one)
                done.append(_carry(connection, one))
                note(connection, one, now)
        return [one for one in done if one.rows]

    def name_now(self, kind: Named, name: str) -> str:
        """What a thing of that name is called now."""
        with self._db.read() as connection:
            return name_now(connection, kind, name)


# ---- what is to be done


def _needed(connection: Connection, renames: Sequence[Rename]) -> list[Rename]:
    if not renames:
        return []
    known: set[tuple[str, str, str]] = set()
    again: set[tuple[str, str]] = set()
    for kind in {one.kind for one in renames}:
        names = sorted(one.was for one in renames if one.kind is kind)
        for start in range(0, len(names), _CHUNK):
            some = _n.kind == kind.value, _n.was.in_(names[start : start + _CHUNK])
            rows = connection.execute(sa.select(_n.was, _n.now).where(*some))
            known.update((kind.value, row.was, row.now) for row in rows)
            there = connection.execute(sa.select(_n.was).where(*some, _AGAIN[kind]))
            again.update((kind.value, was) for was in there.scalars())
    return [
        one
        for one in renames
        if (one.kind.value, one.was, one.now) not in known or (one.kind.value, one.was) in again
    ]


def _taken_up(connection: Connection, in_use: Mapping[Named, Collection[str]]) -> list[tuple[Named, str]]:
    """Old names that are names again: a later rename has to be carried out anew. Those of digests stay known, for
    keys of deliveries hold them; that such a one is in use again its state says."""
    kinds = [Named.RECEIVER.value, Named.RULE.value]
    rows = connection.execute(sa.select(_n.kind, _n.was).where(_n.kind.in_(kinds)).distinct()).all()
    return [(Named(kind), was) for kind, was in rows if was in in_use.get(Named(kind), ())]


def _plain(kind: Named) -> list[_Column]:
    """The columns that hold a name by itself."""
    return [one for one in HOLDS[kind] if not isinstance(one.type, sa.JSON) and one is not _i.subject]


def _has_history(connection: Connection, kind: Named, name: str) -> bool:
    there = (sa.select(sa.literal(1)).where(one == name).limit(1) for one in _plain(kind))
    return any(connection.execute(query).first() is not None for query in there)


def _refuse_two(connection: Connection, rename: Rename) -> None:
    """Raises RenameRefused for what was in use under both names at the same time."""
    for column, key, what in _ONLY_ONE[rename.kind]:
        there = sa.select(sa.literal(1)).where(column == rename.now).limit(1)
        if connection.execute(there).first() is None:
            continue
        other = column.table.alias()
        same = [other.c[one.name] == one for one in key]
        if column is _d.receiver:  # what a dry run wrote went to nobody
            same += [one.state != DeliveryState.DRAFT.value for one in (_d, other.c)]
        query = sa.select(sa.func.count()).select_from(column.table.join(other, sa.and_(*same)))
        number = connection.execute(query.where(column == rename.was, other.c[column.name] == rename.now))
        if count := number.scalar_one():
            said = f"they were in use at the same time ({what}: {count:,})"
            raise RenameRefused(rename.kind.value, rename.was, rename.now, said, _remedy(connection, rename))


def _remedy(connection: Connection, rename: Rename) -> str:
    advice = f'Take renamed_from = "{rename.was}" away: each keeps the history that it has'
    if rename.kind is Named.DIGEST:
        waits = (_r.digest == rename.was, _r.state == RoutingState.PENDING.value)
    elif rename.kind is Named.RECEIVER:
        waits = (_d.receiver == rename.was, _d.state == _WAITING)
    else:
        return advice
    count = connection.execute(sa.select(sa.func.count()).where(*waits)).scalar_one()
    waiting = f"; what waits for {rename.was} ({count:,}) goes out once that is in the config again"
    return advice + (waiting if count else "")


# ---- how it is done


def _carry(connection: Connection, rename: Rename) -> Carried:
    rows: Counter[str] = Counter()
    was, now = rename.was, rename.now
    apart = 0
    if rename.kind is Named.DIGEST:
        apart = _set_apart(connection, was, now)
        rows[t.digest_states.name] += _join_states(connection, was, now)
    for column in _plain(rename.kind):
        if column in _SAME_FACT:
            _drop_same(connection, column, was, now)
        changed = sa.update(column.table).where(column == was).values({column.name: now})
        rows[column.table.name] += connection.execute(changed).rowcount
    for column in HOLDS[rename.kind]:
        if isinstance(column.type, sa.JSON):
            rows[column.table.name] += _in_lists(connection, column, _renamer(column, was, now), was)
    rows[t.incidents.name] += _in_subjects(connection, rename)
    return Carried(rename, {name: count for name, count in rows.items() if count}, apart)


def _drop_same(connection: Connection, column: _Column, was: str, now: str) -> None:
    other = column.table.alias()
    key = [one.name for one in column.table.primary_key if one is not column]
    same = (other.c[one] == column.table.c[one] for one in key)
    there = sa.exists().where(other.c[column.name] == now, *same)
    connection.execute(sa.delete(column.table).where(column == was, there))


def _set_apart(connection: Connection, was: str, now: str) -> int:
    """Gives batches of the old name that the new one has, too, names of their own; the keys of their deliveries,
    which the other side knows, stay."""
    mine, other, count = t.batches, t.batches.alias(), 0
    both = sa.select(mine.c.batch).join(other, other.c.batch == mine.c.batch)
    both = both.where(mine.c.digest == was, other.c.digest == now).distinct()
    for batch in list(connection.execute(both).scalars()):
        own = f"{batch} ({was})"
        taken = sa.select(mine.c.batch).where(mine.c.digest.in_((was, now)))
        while connection.execute(taken.where(mine.c.batch == own)).first() is not None:
            own += f" ({was})"
        for digest, name in (
            (_b.digest, _b.batch),
            (_d.digest, _d.batch),
            (_r.digest, _r.batch),
            (_r.digest, _r.draft_batch),
            (t.sent_before.c.digest, t.sent_before.c.batch),
            (t.sent_before.c.by_digest, t.sent_before.c.by_batch),
        ):
            changed = sa.update(name.table).where(digest == was, name == batch)
            connection.execute(changed.values({name.name: own}))
        count += 1
    return count


def _join_states(connection: Connection, was: str, now: str) -> int:
    """One state of two: while something waits from before, the window reaches back to where that was told last, so
    that it is due as it was."""
    query = sa.select(t.digest_states)
    old = connection.execute(query.where(_s.name == was)).one_or_none()
    new = connection.execute(query.where(_s.name == now)).one_or_none()
    if old is None or new is None:
        return 0
    waits = sa.select(_r.match_id).where(_r.digest == was, _r.state == RoutingState.PENDING.value).limit(1)
    values = {"since": min(old.since, new.since)}
    if connection.execute(waits).first() is not None:
        values["last_end"] = min(old.last_end, new.last_end)
        values["last_draft_end"] = min(old.last_draft_end, new.last_draft_end)
    connection.execute(t.digest_states.delete().where(_s.name == was))
    return connection.execute(t.digest_states.update().where(_s.name == now).values(values)).rowcount


def _renamer(column: _Column, was: str, now: str) -> Callable[[Sequence[str]], list[str]]:
    """How a list of names is written with the new one."""

    def renamed(names: Sequence[str]) -> list[str]:
        found = list(dict.fromkeys(now if one == was else one for one in names))
        globs = column is t.silences.c.rules  # what silenced the old name silences the new one
        if globs and found and any(fnmatchcase(was, one) for one in names):
            found += [] if any(fnmatchcase(now, one) for one in found) else [now]
        return found

    return renamed


def _in_lists(
    connection: Connection, column: _Column, renamed: Callable[[Sequence[str]], list[str]], was: str
) -> int:
    key = next(iter(column.table.primary_key))
    query = sa.select(key.label("key"), column.label("names"))
    if column is _d.also:  # most have none; the others are a handful of rows
        query = query.where(sa.cast(column, sa.Text).contains(json.dumps(was), autoescape=True))
    rows = [(row.key, row.names or [], renamed(row.names or [])) for row in connection.execute(query)]
    changed = [(id_, after) for id_, before, after in rows if before != after]
    for id_, after in changed:
        connection.execute(sa.update(column.table).where(key == id_).values({column.name: after}))
    return len(changed)


def _in_subjects(connection: Connection, rename: Rename) -> int:
    """The troubles of what was renamed. Of two that go on the old one ends by itself, since nothing has it now."""
    kinds = [one.value for one in _SUBJECTS[rename.kind]]
    query = sa.select(_i.id, _i.kind, _i.subject, _i.closed_at).where(_i.kind.in_(kinds))
    rows = connection.execute(query).all() if kinds else []
    going = {(row.kind, row.subject) for row in rows if row.closed_at is None}
    count = 0
    for row in rows:
        name, slash, rest = row.subject.partition("/") if rename.kind is Named.RECEIVER else (row.subject, "", "")
        subject = f"{rename.now}{slash}{rest}"
        if name == rename.was and not (row.closed_at is None and (row.kind, subject) in going):
            connection.execute(t.incidents.update().where(_i.id == row.id).values(subject=subject))
            count += 1
    return count
