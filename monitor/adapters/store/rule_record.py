"""What became of the entries of a span, as one rule sees it, in SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.matches import NEWEST_FIRST, matches_with_ids
from monitor.core.digests.plan import LOOK_BACK
from monitor.core.health.rules import USUAL_DAYS
from monitor.model.delivery import DeliveryState
from monitor.model.digest import AlreadySent
from monitor.model.entry import Fate
from monitor.model.health import RuleRate
from monitor.model.ledger import (
    LeftOutCount,
    RecentMatches,
    RecordedAnswer,
    RoutedCount,
    RoutingState,
    RuleRecord,
    ShortCount,
)

T = TypeVar("T")

_MOST_FAILURES = 5
_AT_A_TIME = 500  # keys in one statement
# What became of a match, where digests differ: what somebody was told of comes first.
_BEST = (
    RoutingState.PLANNED,
    RoutingState.PENDING,
    RoutingState.SILENCED,
    RoutingState.MERGED,
    RoutingState.TOO_FEW,
    RoutingState.FORGOTTEN,
)
_RANKS = {state.value: rank for rank, state in enumerate(_BEST)}
_WORST = (DeliveryState.DEAD, DeliveryState.WAITING, DeliveryState.SENT, DeliveryState.SUPPRESSED)


def record_of_rule(
    connection: Connection, rule: str, since: datetime, newest: int, now: datetime | None = None
) -> RuleRecord:
    """The record of one rule over the entries first seen since then.

    Its cost is that of the span, however old the store is and however often the rule matched before: from the
    index over `entries.first_seen` it goes along unique keys only. Grouping and joining are left to Python
    where SQLite, asked for both, walks a whole table in the order of some index.
    """
    e, a = t.entries.c, t.articles.c
    seen = e.first_seen >= since
    read = t.entries.join(t.articles, a.entry_row == e.id)
    read_by, unread, stuck = _read_by(connection, read, seen)
    matches = _matches(connection, read, rule, seen)
    routed, unrouted = _routed(connection, matches)
    short, unsubscribed = _not_in_full(connection, list(matches))
    return RuleRecord(
        fates=_fates(connection, seen),
        read_by=read_by,
        unread=unread,
        stuck=stuck,
        matches=len(matches),
        unrouted=unrouted,
        routed=routed,
        failures=_failures(connection, read, rule, seen),
        newest=tuple(matches_with_ids(connection, list(matches)[:newest])),
        found_back=_found_back(connection, list(matches)),
        last_match=None if matches else _last_match(connection, rule),
        short=short,
        unsubscribed=unsubscribed,
        rate=_rate(connection, rule, now),
    )


def recorded_of_rule(
    connection: Connection, rule: str, since: datetime | None, until: datetime | None
) -> dict[int, RecordedAnswer]:
    """The articles first seen in that span that the rule matched, by id; the span is looked up by its index."""
    a, m, r = t.articles.c, t.matches.c, t.routings.c
    query = (
        sa.select(a.id, m.rule_version, a.text_gone.is_not(None).label("gone"), r.digest)
        .join(t.matches, sa.and_(m.article_id == a.id, m.rule_id == rule))
        .outerjoin(t.routings, r.match_id == m.id)
        .order_by(r.digest)
    )
    if since is not None:
        query = query.where(a.first_seen >= since)
    if until is not None:
        query = query.where(a.first_seen < until)
    found: dict[int, RecordedAnswer] = {}
    for row in connection.execute(query):
        digests = found[row.id].digests if row.id in found else ()
        digests += () if row.digest is None else (row.digest,)
        found[row.id] = RecordedAnswer(row.rule_version, bool(row.gone), digests)
    return found


def recent_matches(connection: Connection, rules: Collection[str], most: int) -> dict[str, RecentMatches]:
    """What became of the newest matches of each rule: along the index over rules, so many rows of each."""
    m, r = t.matches.c, t.routings.c
    newest = sa.select(m.id, m.matched_at).where(m.rule_id == sa.bindparam("rule")).order_by(*NEWEST_FIRST)
    query = newest.limit(most)
    found = {rule: rows for rule in rules if (rows := connection.execute(query, {"rule": rule}).all())}
    ranks: dict[int, int] = {}  # of what became of each match: not as states, of which calls are slow
    for ids in _in_parts([row.id for rows in found.values() for row in rows]):
        for id_, state in connection.execute(sa.select(r.match_id, r.state).where(r.match_id.in_(ids))):
            ranks[id_] = min(ranks.get(id_, len(_BEST)), _RANKS[state])
    return {
        rule: RecentMatches(
            rows[0].matched_at,
            Counter(_BEST[ranks[row.id]] for row in rows if row.id in ranks),
            sum(row.id not in ranks for row in rows),
        )
        for rule, rows in found.items()
    }


def _fates(connection: Connection, seen: sa.ColumnElement[bool]) -> dict[str, int]:
    counts = [sa.func.count(sa.case((t.entries.c.fate == fate.value, 1))).label(fate.value) for fate in Fate]
    row = connection.execute(sa.select(*counts).where(seen)).mappings().one()
    return {fate.value: int(row[fate.value]) for fate in Fate if row[fate.value]}


def _read_by(
    connection: Connection, read: sa.FromClause, seen: sa.ColumnElement[bool]
) -> tuple[dict[str, int], int, int]:
    """Articles by the version of the rules that read them; how many none has read, and stuck ones of these."""
    a = t.articles.c
    counts = (sa.func.count().label("articles"), sa.func.count(a.stage_error).label("stuck"))
    query = sa.select(a.stage, a.ruleset, *counts).select_from(read).where(seen).group_by(a.stage, a.ruleset)
    read_by: dict[str, int] = {}
    unread = stuck = 0
    for row in connection.execute(query):
        if row.stage == "matched":
            # No version: its text was forgotten before any rule read it.
            read_by[row.ruleset or ""] = int(row.articles)
        else:
            unread, stuck = unread + int(row.articles), stuck + int(row.stuck)
    return read_by, unread, stuck


def _matches(
    connection: Connection, read: sa.FromClause, rule: str, seen: sa.ColumnElement[bool]
) -> dict[int, bool]:
    """The rule's matches, newest entry first: id and whether it says anything new."""
    e, a, m = t.entries.c, t.articles.c, t.matches.c
    # An expression, so that no database walks the index over rules: a rule may have matched for years.
    matched = read.join(t.matches, sa.and_(m.article_id == a.id, m.rule_id + "" == rule))
    query = sa.select(m.id, m.news).select_from(matched).where(seen)
    return {row.id: row.news for row in connection.execute(query.order_by(e.first_seen.desc(), m.id.desc()))}


def _routed(connection: Connection, matches: Mapping[int, bool]) -> tuple[tuple[RoutedCount, ...], int]:
    """Where the matches went, and how many no digest takes."""
    r = t.routings.c
    found: Counter[tuple[str, str, bool, str | None, int | None]] = Counter()
    routed: set[int] = set()
    for ids in _in_parts(list(matches)):
        query = sa.select(r.match_id, r.digest, r.state, r.batch, r.silence).where(r.match_id.in_(ids))
        for id_, digest, state, batch, silence in connection.execute(query):
            found[digest, state, matches[id_], batch, silence] += 1
            routed.add(id_)
    worst = _worst_states(connection, [(digest, batch) for digest, _, _, batch, _ in found if batch is not None])
    ends: Counter[tuple[str, str, bool, DeliveryState | None, int | None]] = Counter()
    for (digest, state, news, batch, silence), number in found.items():
        ends[digest, state, news, worst.get((digest, batch or "")), silence] += number
    ordered = sorted(ends.items(), key=lambda end: (end[0][:3], str(end[0][3]), end[0][4] or 0))
    counts = tuple(
        RoutedCount(digest, RoutingState(state), news, delivery, number, silence)
        for (digest, state, news, delivery, silence), number in ordered
    )
    return counts, len(matches) - len(routed)


def _not_in_full(
    connection: Connection, matches: Sequence[int]
) -> tuple[tuple[ShortCount, ...], tuple[LeftOutCount, ...]]:
    """What of the matches was shown short to somebody, or left out, and which addresses had unsubscribed."""
    r, s, b = t.routings.c, t.sent_before.c, t.batches.c
    batches: dict[tuple[str, str], set[int]] = {}
    for ids in _in_parts(matches):
        query = sa.select(r.match_id, r.digest, r.batch).where(
            r.match_id.in_(ids), r.state == RoutingState.PLANNED.value, r.batch.is_not(None)
        )
        for id_, digest, batch in connection.execute(query):
            batches.setdefault((digest, batch), set()).add(id_)
    short: dict[tuple[str, str], set[int]] = {}
    left_out: dict[str, tuple[set[str], set[int]]] = {}
    by_digest: dict[str, list[str]] = {}
    for digest, batch in batches:
        by_digest.setdefault(digest, []).append(batch)
    for digest, names in by_digest.items():
        for some in _in_parts(names):
            shown = sa.select(s.batch, s.shown, s.matches).where(s.digest == digest, s.batch.in_(some))
            for row in connection.execute(shown):
                short.setdefault((digest, row.shown), set()).update(batches[digest, row.batch] & {*row.matches})
            without = sa.select(b.batch, b.suppressed).where(b.digest == digest, b.batch.in_(some), ~b.draft)
            for batch, unsubscribed in connection.execute(without):
                if unsubscribed:
                    addresses, told = left_out.setdefault(digest, (set(), set()))
                    addresses.update(unsubscribed)
                    told.update(batches[digest, batch])
    return (
        tuple(
            ShortCount(digest, AlreadySent(how), len(ids)) for (digest, how), ids in sorted(short.items()) if ids
        ),
        tuple(
            LeftOutCount(digest, tuple(sorted(who)), len(ids)) for digest, (who, ids) in sorted(left_out.items())
        ),
    )


def _rate(connection: Connection, rule: str, now: datetime | None) -> RuleRate | None:
    """The matches of the last day and of the four weeks before it; None without a `now`."""
    if now is None:
        return None
    m, number = t.matches.c, sa.func.count()
    day = now - timedelta(days=1)
    today = connection.execute(
        sa.select(number).where(m.rule_id == rule, m.matched_at > day, m.matched_at <= now)
    ).scalar_one()
    span = (m.rule_id == rule, m.matched_at > day - USUAL_DAYS, m.matched_at <= day)
    before, first = connection.execute(sa.select(number, sa.func.min(m.matched_at)).where(*span)).one()
    return RuleRate(rule, int(today), int(before), first)


def _found_back(connection: Connection, matches: Sequence[int]) -> int:
    """How many of the matches came with the batch of a backtest; others may only have been told by one."""
    m, r, b = t.matches.c, t.routings.c, t.batches.c
    batch = sa.and_(b.digest == r.digest, b.batch == r.batch, ~b.draft, b.planned_at == m.matched_at)
    told = t.routings.join(t.matches, m.id == r.match_id).join(t.batches, batch)
    number = sa.select(sa.func.count(sa.distinct(r.match_id))).select_from(told)
    back = r.batch.startswith(LOOK_BACK, autoescape=True)
    return sum(
        connection.execute(number.where(r.match_id.in_(ids), back)).scalar_one() for ids in _in_parts(matches)
    )


def _worst_states(
    connection: Connection, batches: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], DeliveryState]:
    """The worst state of the deliveries of each (digest, batch); drafts do not count."""
    d = t.deliveries.c
    by_digest: dict[str, list[str]] = {}
    for digest, batch in dict.fromkeys(batches):
        by_digest.setdefault(digest, []).append(batch)
    worst: dict[tuple[str, str], DeliveryState] = {}
    for digest, names in by_digest.items():
        for some in _in_parts(names):
            query = sa.select(d.batch, d.state).where(d.digest == digest, d.batch.in_(some)).distinct()
            for batch, state in connection.execute(query):
                known = worst.get((digest, batch))
                if state in _WORST and (known is None or _WORST.index(state) < _WORST.index(known)):
                    worst[digest, batch] = DeliveryState(state)
    return worst


def _in_parts(keys: Sequence[T]) -> Iterator[Sequence[T]]:
    return (keys[start : start + _AT_A_TIME] for start in range(0, len(keys), _AT_A_TIME))


def _failures(
    connection: Connection, read: sa.FromClause, rule: str, seen: sa.ColumnElement[bool]
) -> tuple[tuple[str, int], ...]:
    f = t.rule_failures.c
    articles = sa.func.count().label("articles")
    query = (
        sa.select(f.why, articles)
        .select_from(read.join(t.rule_failures, sa.and_(f.article_id == t.articles.c.id, f.rule_id == rule)))
        .where(seen)
        .group_by(f.why)
        .order_by(articles.desc(), f.why)
        .limit(_MOST_FAILURES)
    )
    return tuple((row.why, int(row.articles)) for row in connection.execute(query))


def _last_match(connection: Connection, rule: str) -> datetime | None:
    m = t.matches.c
    query = sa.select(m.matched_at).where(m.rule_id == rule).order_by(*NEWEST_FIRST).limit(1)
    found: datetime | None = connection.execute(query).scalar_one_or_none()
    return found
