"""Which part of the work on a PostgreSQL database is this daemon's: advisory locks on its holding connection.

Hosts and receivers fall into SHARES shares by a hash, so that one daemon takes care of each host's feeds and
pages, and of each receiver's messages: nothing is claimed by two, and a host sees the limits of one. What a daemon
that is alone does at its start for the whole store, each does for a share that it takes: leases there can only be
of the dead.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from monitor.adapters.store import tables as t
from monitor.adapters.store.holder import DatabaseHolder
from monitor.adapters.store.members import SHARES_CLASS, cut_off_the_silent, members
from monitor.model.daemons import SHARES, TAKES_PART, Daemon, Division, key_of_duty, key_of_worker

GRACE = 10.0
"""Seconds in which a daemon that lost its connection takes only what it had: when the server was restarted, what
the others have in hand is theirs."""
_K = TypeVar("_K", int, str)


class Undivided:
    """All of the work: of who is alone with a store, or only asks it."""

    divided = False
    takes_part = True
    slots: frozenset[int] | None = None
    kept: frozenset[int] | None = None

    def begin(self, duties: Sequence[str], *, shares: bool = True) -> None:
        """It has them all."""

    def has(self, duty: str) -> bool:
        """Always."""
        return True

    def turn(self, *, well: bool = True, workers: frozenset[int] = frozenset()) -> Division:
        """Nothing changes."""
        return Division(Daemon(0))

    def declare(self, config: str) -> None:
        """Nobody else has one."""

    def reads(self, how: str, kept: Collection[int], fresh: Mapping[int, int]) -> None:
        """Nobody asks."""


ALL = Undivided()
"""For stores that nobody shares."""


@dataclass(frozen=True, slots=True)
class _Hand:
    """What is this daemon's by one connection: shares, shares that it gives away once they are idle, duties."""

    number: int = 0  # of the connection
    shares: frozenset[int] = frozenset()
    leaving: frozenset[int] = frozenset()
    duties: frozenset[str] = frozenset()
    counts: bool = False  # the others leave a part to it
    workers: frozenset[int] = frozenset()  # numbers under which it is known to take jobs


class DatabaseShares:
    """`ports.Shares` over one holder."""

    divided = True

    def __init__(self, holder: DatabaseHolder, *, polls: bool = True) -> None:
        """Without `polls` a queue gives these out: leases of feeds are nobody's share."""
        self._holder = holder
        self._leased = _LEASED if polls else _LEASED[1:]
        self._takes_shares = True
        self._hand = _Hand()
        self._before = _Hand()  # by the connection before
        self._since = 0.0  # steady, when that was lost
        self._duties: tuple[str, ...] = ()
        self._began = False
        self._pages: Mapping[str, Mapping[int, int]] = {}  # being read, by how they were found: rows, their shares
        self._turn = threading.Lock()
        self.takes_part = True

    @property
    def slots(self) -> frozenset[int] | None:
        """The shares of which may be claimed now; None for all there are."""
        hand = self._hand
        mine = hand.shares if self._is_ours(hand) else frozenset()
        return None if len(mine) == SHARES else mine

    @property
    def kept(self) -> frozenset[int] | None:
        """The shares of which something may be in hand; None for all there are."""
        hand, slots = self._hand, self.slots
        if slots is None or not self._is_ours(hand):
            return slots
        return slots | hand.leaving

    def begin(self, duties: Sequence[str], *, shares: bool = True) -> None:
        """Takes part from the next turn on; without `shares` in duties alone."""
        self._duties, self._began, self._takes_shares = tuple(duties), True, shares

    def has(self, duty: str) -> bool:
        """Whether the duty is ours by the connection that we have."""
        hand = self._hand
        return duty in hand.duties and self._is_ours(hand)

    def _is_ours(self, hand: _Hand) -> bool:
        """Whether it is by the connection that we have, and others cannot have ended that in our silence."""
        return hand.number == self._holder.number and self._holder.heard

    def declare(self, config: str) -> None:
        """Names the connection after the new config."""
        me = self._holder.daemon
        if me is not None and me.config != config:
            self._holder.rename(replace(me, config=config, loaded=0))

    def reads(self, how: str, kept: Collection[int], fresh: Mapping[int, int]) -> None:
        """All entries that are in hand to be read, and those that are taken now in this way, with their shares."""
        before = self._pages.get(how, {})
        self._pages = {**self._pages, how: {**{row: before[row] for row in kept if row in before}, **fresh}}

    def turn(self, *, well: bool = True, workers: frozenset[int] = frozenset()) -> Division:
        """Takes what is free, up to a fair part; gives away what is more, once nothing of it is in hand.

        One that is not `well` leaves all to the others. Where there are none it does what it still can.
        """
        with self._turn, self._holder.session() as connection:
            if self._began and self._hand.number != self._holder.number:
                self._lost()
            ended = cut_off_the_silent(connection)
            division = self._division(connection, ended)
            able = well or not self._others_could(division)
            self.takes_part = able and not division.older
            if self._began and not self._takes_shares:
                duties = self._divided_duties(connection, _taken(division), older=not self.takes_part)
                self._hand = replace(self._hand, duties=duties)
            elif self._began and able:
                self._divide(connection, division)
            elif self._hand.counts:
                self._step_back(connection)
            if workers != self._hand.workers:
                self._known_as(connection, workers)
            return replace(division, shares=len(self._hand.shares), duties=self._hand.duties)

    def _known_as(self, connection: Connection, workers: frozenset[int]) -> None:
        """So that others can say who has which job in hand."""
        before = self._hand.workers
        for number in before - workers:
            _unlock(connection, key_of_worker(number))
        for number in workers - before:
            _lock(connection, key_of_worker(number))
        self._hand = replace(self._hand, workers=workers)

    def _others_could(self, division: Division) -> bool:
        """Whether there is somebody to leave the work to."""
        if self._takes_shares:
            return bool(_at_work(division.others))
        return any(one.role.dispatches for one in division.others)

    def _lost(self) -> None:
        had = self._hand
        if had.shares or had.duties:
            self._before, self._since = had, time.monotonic()
        self._hand = _Hand(self._holder.number)

    def _division(self, connection: Connection, ended: tuple[Daemon, ...]) -> Division:
        me = self._holder.daemon
        assert me is not None
        gone = {one.token for one in ended}
        here = [one for one in members(connection) if one.token not in gone]
        others = tuple(one for one in here if one.token != me.token)
        mine = (me.loaded, me.config)
        older = any(one.config != me.config and (one.loaded, one.config) > mine for one in _at_work(others))
        return Division(me, others, ended=ended, older=older)

    def _divide(self, connection: Connection, division: Division) -> None:
        if not self._hand.counts and not self._graceful:  # before, the others would leave it what it must not take
            _lock(connection, TAKES_PART, shared=True)
            self._hand = replace(self._hand, counts=True)
        taken = _taken(division)
        duties = self._divided_duties(connection, taken, older=division.older)
        alike = sum(one.config == division.me.config for one in _at_work(division.others))
        fair = 0 if division.older else -(-SHARES // (alike + 1))
        hand = self._hand
        shares, leaving = set(hand.shares), set(hand.leaving)
        while leaving and len(shares) < fair:
            shares.add(leaving.pop())
        if len(shares) > fair:
            leaving.update(_given_away(shares, self._in_hand(connection), len(shares) - fair))
            shares -= leaving
        # From here on nothing more is claimed of what leaves; a claim of this moment is seen at the next turn.
        self._hand = replace(hand, shares=frozenset(shares), leaving=frozenset(leaving), duties=duties)
        idle = leaving & hand.leaving
        if idle:
            idle -= self._in_hand(connection)
        for share in idle:
            _unlock(connection, share)
        free = sorted(self._may_take(set(range(SHARES)) - taken - shares - leaving, self._before.shares))
        new: list[int] = []
        for share in free:
            if len(shares) + len(new) < fair and _lock(connection, share):
                new.append(share)
        if new:
            _forget_leases(connection, self._leased, new)
        self._hand = replace(self._hand, shares=frozenset({*shares, *new}), leaving=frozenset(leaving - idle))

    def _in_hand(self, connection: Connection) -> set[int]:
        """The shares of which something is leased, by the server's clock, or read now."""
        found = set[int]().union(*(pages.values() for pages in self._pages.values()))
        for table, share in self._leased:
            leased = sa.select(share).where(table.c.lease_until > sa.func.now()).distinct()
            found.update(connection.execute(leased).scalars())
        return found

    def _step_back(self, connection: Connection) -> None:
        """Lets go of everything at once: what a stage that hangs has in hand comes never, or late."""
        hand, self._hand = self._hand, _Hand(self._holder.number, workers=self._hand.workers)
        self._pages = {}
        for key in (*hand.shares, *hand.leaving, *map(key_of_duty, hand.duties)):
            _unlock(connection, key)
        connection.execute(sa.select(sa.func.pg_advisory_unlock_shared(SHARES_CLASS, TAKES_PART)))

    def _divided_duties(self, connection: Connection, taken: Collection[int], *, older: bool) -> frozenset[str]:
        mine = set(self._hand.duties)
        if older:
            for duty in mine:
                _unlock(connection, key_of_duty(duty))
            return frozenset()
        free = {duty for duty in self._duties if duty not in mine and key_of_duty(duty) not in taken}
        mine.update(
            duty for duty in self._may_take(free, self._before.duties) if _lock(connection, key_of_duty(duty))
        )
        return frozenset(mine)

    def _may_take(self, free: Collection[_K], before: Collection[_K]) -> set[_K]:
        return set(free) & set(before) if self._graceful else set(free)

    @property
    def _graceful(self) -> bool:
        return bool(self._before.number) and time.monotonic() - self._since < GRACE


def share_of_host(url: sa.ColumnElement[str], otherwise: sa.ColumnElement[str]) -> sa.ColumnElement[int]:
    """The share into which the host of an URL falls; that of another text where there is no host."""
    host = sa.func.substring(url, r"^[^:/?#]+://([^/?#]+)")
    return share_of(sa.func.coalesce(sa.func.lower(host), otherwise))


def share_of(text: sa.ColumnElement[str]) -> sa.ColumnElement[int]:
    """The share into which a text falls, by the hash of the server, which is the same for all."""
    return sa.func.hashtext(text, type_=sa.Integer).op("&", return_type=sa.Integer())(SHARES - 1)


SHARE_OF_FEED = share_of_host(t.feeds.c.url, t.feeds.c.url)
SHARE_OF_GAP = share_of_host(t.gaps.c.url, t.gaps.c.url)
SHARE_OF_DELIVERY = share_of(t.deliveries.c.receiver + "/" + t.deliveries.c.channel)
SHARE_OF_ENTRY = share_of_host(t.entries.c.link, sa.cast(t.entries.c.feed_id, sa.Text))
"""Of the host of its page; of its feed, where it has none."""
_Leased = Sequence[tuple[sa.Table, sa.ColumnElement[int]]]
_LEASED: _Leased = ((t.feeds, SHARE_OF_FEED), (t.gaps, SHARE_OF_GAP), (t.deliveries, SHARE_OF_DELIVERY))


def ours_to_read(
    connection: Connection,
    how: str,
    query: sa.Select[Any],
    shares: DatabaseShares | Undivided,
    besides: Collection[int],
) -> Sequence[RowMapping]:
    """The rows of a query of entries that are ours to read, noted as in hand together with `besides`."""
    if not shares.divided:
        return connection.execute(query).mappings().all()
    slots = shares.slots
    query = query.add_columns(SHARE_OF_ENTRY.label("share"))
    if slots is not None:
        query = query.where(SHARE_OF_ENTRY.in_(sorted(slots)))
    rows = connection.execute(query).mappings().all()
    shares.reads(how, besides, {row["id"]: row["share"] for row in rows})
    return rows


def _given_away(shares: Collection[int], busy: Collection[int], number: int) -> list[int]:
    """So many of the shares: of those with something in hand a part as large as of the others.

    Idle ones alone would be quicker, since of what leaves nobody claims anything until it is idle. But what is
    idle may be so for good: where all feeds are asked at one moment, whoever joins then would have none for ever.
    """
    in_hand = sorted(set(shares) & set(busy))
    idle = sorted(set(shares) - set(busy))
    of_busy = number * len(in_hand) // len(shares)
    return [*in_hand[:of_busy], *idle[: number - of_busy], *in_hand[of_busy:]][:number]


def _at_work(daemons: Collection[Daemon]) -> list[Daemon]:
    return [one for one in daemons if TAKES_PART in one.keys]


def _taken(division: Division) -> frozenset[int]:
    return frozenset[int]().union(*(one.keys for one in division.others))


def _forget_leases(connection: Connection, leased: _Leased, shares: Sequence[int]) -> None:
    for table, share in leased:
        key = next(iter(table.primary_key))
        theirs = sa.select(key).where(table.c.lease_until.is_not(None), share.in_(shares))
        # In the order of `record_polls`: who had them may be recording, and two that wait for each other's rows
        # would be an error, after which this daemon has nothing.
        in_order = theirs.order_by(key).with_for_update(key_share=True)
        connection.execute(table.update().where(key.in_(in_order)).values(lease_until=None))


def _lock(connection: Connection, key: int, *, shared: bool = False) -> bool:
    function = sa.func.pg_try_advisory_lock_shared if shared else sa.func.pg_try_advisory_lock
    return bool(connection.execute(sa.select(function(SHARES_CLASS, key))).scalar_one())


def _unlock(connection: Connection, key: int) -> None:
    connection.execute(sa.select(sa.func.pg_advisory_unlock(SHARES_CLASS, key)))
