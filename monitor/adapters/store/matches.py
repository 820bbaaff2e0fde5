"""Lists of matches, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from monitor.adapters.store import tables as t
from monitor.model.ledger import ListedMatch, Routing, RoutingState
from monitor.model.rule import Severity
from monitor.model.telling import why_of

NEWEST_FIRST = (t.matches.c.matched_at.desc(), t.matches.c.id.desc())


def page_of_matches(
    connection: Connection,
    since: datetime,
    rule: str | None,
    digest: str | None,
    before: tuple[datetime, int] | None,
    limit: int,
    until: datetime | None = None,
) -> Sequence[ListedMatch]:
    """One page, newest first. Read along the index over `matched_at`, whatever the filters."""
    m = t.matches.c
    query = sa.select(*_LISTED).join(t.articles, t.articles.c.id == m.article_id)
    query = query.where(*_wanted(since, rule, digest, until))
    if before is not None:
        moment, last = before
        query = query.where(m.matched_at <= moment, sa.or_(m.matched_at < moment, m.id < last))
    return _listed(connection, query.order_by(*NEWEST_FIRST).limit(limit))


def newest_pending(connection: Connection, digest: str, limit: int) -> Sequence[ListedMatch]:
    """The newest matches that wait for a digest, found among those alone."""
    r = t.routings.c
    waits = r.digest == digest, r.state == RoutingState.PENDING.value
    query = sa.select(r.match_id).where(*waits).order_by(r.match_id.desc()).limit(limit)
    return matches_with_ids(connection, list(connection.execute(query).scalars()))


def number_of_matches(
    connection: Connection,
    since: datetime,
    rule: str | None,
    digest: str | None,
    until: datetime | None = None,
) -> int:
    """How many matches there are on all pages."""
    query = sa.select(sa.func.count()).select_from(t.matches).where(*_wanted(since, rule, digest, until))
    return int(connection.execute(query).scalar_one())


def matches_with_ids(connection: Connection, ids: Sequence[int]) -> Sequence[ListedMatch]:
    """The matches with these ids, in the order of the ids; a few of them."""
    query = sa.select(*_LISTED).join(t.articles, t.articles.c.id == t.matches.c.article_id)
    found = {one.id: one for one in _listed(connection, query.where(t.matches.c.id.in_(ids)))}
    return [found[id_] for id_ in ids if id_ in found]


_LISTED: tuple[sa.ColumnElement[Any], ...] = (
    t.matches.c.id,
    t.matches.c.rule_id,
    t.matches.c.rule_version,
    t.matches.c.analyser_version,
    # Out of the JSON in the database: the rule's examples, which stand beside them, may be long.
    t.matches.c.rule["title"].as_string().label("rule_title"),
    t.matches.c.rule["severity"].as_string().label("severity"),
    t.matches.c.rule["tags"].label("rule_tags"),
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


def _wanted(
    since: datetime, rule: str | None, digest: str | None, until: datetime | None
) -> list[sa.ColumnElement[bool]]:
    m, r = t.matches.c, t.routings.c
    wanted: list[sa.ColumnElement[bool]] = [m.matched_at >= since]
    if until is not None:
        wanted.append(m.matched_at < until)
    if rule is not None:
        wanted.append(m.rule_id == rule)
    if digest is not None:
        wanted.append(sa.exists().where(r.match_id == m.id, r.digest == digest))
    return wanted


def _listed(connection: Connection, query: sa.Select[Any]) -> list[ListedMatch]:
    rows = connection.execute(query).mappings().all()
    r = t.routings.c
    routings: dict[int, list[Routing]] = {}
    found = sa.select(r.match_id, r.digest, r.state, r.batch, r.why, r.silence).where(
        r.match_id.in_([row["id"] for row in rows])
    )
    for one in connection.execute(found.order_by(r.match_id, r.digest)):
        routings.setdefault(one.match_id, []).append(
            Routing(one.digest, RoutingState(one.state), one.batch, why=why_of(one.why), silence=one.silence)
        )
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
        analyser_version=row["analyser_version"],
        rule_tags=tuple(row["rule_tags"] or ()),
    )
