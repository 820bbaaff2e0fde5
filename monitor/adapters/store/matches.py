"""Lists of matches, and the record of one rule, in SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from monitor.adapters.store import tables as t
from monitor.model.delivery import DeliveryState
from monitor.model.entry import Fate
from monitor.model.ledger import ListedMatch, RoutedCount, Routing, RoutingState, RuleRecord
from monitor.model.rule import Severity

_MOST_FAILURES = 5
_BATCHES_AT_A_TIME = 500
_WORST = (DeliveryState.DEAD, DeliveryState.WAITING, DeliveryState.SENT)
_NEWEST = (t.matches.c.matched_at.desc(), t.matches.c.id.desc())


def page_of_matches(
    connection: Connection,
    since: datetime,
    rule: str | None,
    digest: str | None,
    before: tuple[datetime, int] | None,
    limit: int,
) -> Sequence[ListedMatch]:
    """One page, newest first. Read along the index over `matched_at`, whatever the filters."""
    m = t.matches.c
    query = sa.select(*_LISTED).join(t.articles, t.articles.c.id == m.article_id)
    query = query.where(*_wanted(since, rule, digest))
    if before is not None:
        moment, last = before
        query = query.where(m.matched_at <= moment, sa.or_(m.matched_at < moment, m.id < last))
    return _listed(connection, query.order_by(*_NEWEST).limit(limit))


def number_of_matches(connection: Connection, since: datetime, rule: str | None, digest: str | None) -> int:
    """How many matches there are on all pages."""
    query = sa.select(sa.func.count()).select_from(t.matches).where(*_wanted(since, rule, digest))
    return int(connection.execute(query).scalar_one())


def record_of_rule(connection: Connection, rule: str, since: datetime, newest: int) -> RuleRecord:
    """The record of one rule over the entries first seen since then.

    Every query goes from the index over `entries.first_seen` along unique keys, so that its cost is that of
    the span, however old the store is. Only the last match of a rule without any here may be long ago.
    """
    e, a, m = t.entries.c, t.articles.c, t.matches.c
    seen = e.first_seen >= since
    read = t.entries.join(t.articles, a.entry_row == e.id)
    matched = read.join(t.matches, sa.and_(m.article_id == a.id, m.rule_id == rule))
    read_by, unread, stuck = _read_by(connection, read, seen)
    matches = sa.select(sa.func.count()).select_from(matched).where(seen)
    number = int(connection.execute(matches).scalar_one())
    unrouted = matches.where(~sa.exists().where(t.routings.c.match_id == m.id))
    latest = sa.select(*_LISTED).select_from(matched).where(seen).order_by(e.first_seen.desc(), m.id.desc())
    return RuleRecord(
        fates=_fates(connection, seen),
        read_by=read_by,
        unread=unread,
        stuck=stuck,
        matches=number,
        unrouted=int(connection.execute(unrouted).scalar_one()),
        routed=_routed(connection, matched, seen),
        failures=_failures(connection, read, rule, seen),
        newest=tuple(_listed(connection, latest.limit(newest))),
        last_match=None if number else _last_match(connection, rule),
    )


_LISTED: tuple[sa.ColumnElement[Any], ...] = (
    t.matches.c.id,
    t.matches.c.rule_id,
    t.matches.c.rule_version,
    # Out of the JSON in the database: the rule's examples, which stand beside them, may be long.
    t.matches.c.rule["title"].as_string().label("rule_title"),
    t.matches.c.rule["severity"].as_string().label("severity"),
    t.matches.c.because,
    t.matches.c.news,
    t.matches.c.matched_at,
    t.articles.c.title,
    t.articles.c.url,
    t.articles.c.publisher,
    t.articles.c.feed_name,
    t.articles.c.published,
    t.articles.c.story_id,
)


def _wanted(since: datetime, rule: str | None, digest: str | None) -> list[sa.ColumnElement[bool]]:
    m, r = t.matches.c, t.routings.c
    wanted: list[sa.ColumnElement[bool]] = [m.matched_at >= since]
    if rule is not None:
        wanted.append(m.rule_id == rule)
    if digest is not None:
        wanted.append(sa.exists().where(r.match_id == m.id, r.digest == digest))
    return wanted


def _listed(connection: Connection, query: sa.Select[Any]) -> list[ListedMatch]:
    rows = connection.execute(query).mappings().all()
    r = t.routings.c
    routings: dict[int, list[Routing]] = {}
    found = sa.select(r.match_id, r.digest, r.state, r.batch).where(r.match_id.in_([row["id"] for row in rows]))
    for one in connection.execute(found.order_by(r.match_id, r.digest)):
        routings.setdefault(one.match_id, []).append(Routing(one.digest, RoutingState(one.state), one.batch))
    return [_listed_match(row, tuple(routings.get(row["id"], ()))) for row in rows]


def _listed_match(row: RowMapping, routings: tuple[Routing, ...]) -> ListedMatch:
    return ListedMatch(
        id=row["id"],
        rule=row["rule_id"],
        rule_version=row["rule_version"],
        rule_title=row["rule_title"],
        severity=Severity(row["severity"]),
        because=row["because"],
        news=row["news"],
        matched_at=row["matched_at"],
        title=row["title"],
        url=row["url"],
        publisher=row["publisher"],
        feed=row["feed_name"],
        published=row["published"],
        story=row["story_id"],
        routings=routings,
    )


def _fates(connection: Connection, seen: sa.ColumnElement[bool]) -> dict[str, int]:
    # Counted side by side: grouped by fate, SQLite walks the whole index over fates instead of the span.
    counts = [sa.func.count(sa.case((t.entries.c.fate == fate.value, 1))).label(fate.value) for fate in Fate]
    row = connection.execute(sa.select(*counts).where(seen)).mappings().one()
    return {fate.value: int(row[fate.value]) for fate in Fate if row[fate.value]}


def _read_by(
    connection: Connection, read: sa.FromClause, seen: sa.ColumnElement[bool]
) -> tuple[dict[str, int], int, int]:
    """Articles by the version of the rules that read them; how many none has read, and stuck ones of these."""
    a = t.articles.c
    query = sa.select(
        a.stage, a.ruleset, sa.func.count().label("articles"), sa.func.count(a.stage_error).label("stuck")
    )
    read_by: dict[str, int] = {}
    unread = stuck = 0
    for row in connection.execute(query.select_from(read).where(seen).group_by(a.stage, a.ruleset)):
        if row.stage == "matched":
            read_by[row.ruleset] = int(row.articles)
        else:
            unread, stuck = unread + int(row.articles), stuck + int(row.stuck)
    return read_by, unread, stuck


def _routed(
    connection: Connection, matched: sa.FromClause, seen: sa.ColumnElement[bool]
) -> tuple[RoutedCount, ...]:
    # Counted here: asked to group, SQLite walks every routing there is, in the order of its index.
    m, r = t.matches.c, t.routings.c
    query = sa.select(r.digest, r.state, m.news, r.batch).select_from(matched.join(t.routings, r.match_id == m.id))
    found = Counter(row._tuple() for row in connection.execute(query.where(seen)))
    planned = [(digest, batch) for digest, state, _, batch in found if state == RoutingState.PLANNED.value]
    worst = _worst_states(connection, planned)
    ends: Counter[tuple[str, str, bool, DeliveryState | None]] = Counter()
    for (digest, state, news, batch), matches in found.items():
        ends[digest, state, news, worst.get((digest, batch))] += matches
    return tuple(
        RoutedCount(digest, RoutingState(state), news, delivery, matches)
        for (digest, state, news, delivery), matches in sorted(
            ends.items(), key=lambda end: (end[0][:3], str(end[0][3]))
        )
    )


def _worst_states(
    connection: Connection, batches: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], DeliveryState]:
    """The worst state of the deliveries of each (digest, batch); drafts do not count."""
    d = t.deliveries.c
    worst: dict[tuple[str, str], DeliveryState] = {}
    by_digest: dict[str, list[str]] = {}
    for digest, batch in batches:
        by_digest.setdefault(digest, []).append(batch)
    for digest, names in by_digest.items():
        for start in range(0, len(names), _BATCHES_AT_A_TIME):
            some = names[start : start + _BATCHES_AT_A_TIME]
            query = sa.select(d.batch, d.state).where(d.digest == digest, d.batch.in_(some)).distinct()
            for batch, state in connection.execute(query):
                known = worst.get((digest, batch))
                if state in _WORST and (known is None or _WORST.index(state) < _WORST.index(known)):
                    worst[digest, batch] = DeliveryState(state)
    return worst


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
    query = sa.select(m.matched_at).where(m.rule_id == rule).order_by(*_NEWEST).limit(1)
    found: datetime | None = connection.execute(query).scalar_one_or_none()
    return found
