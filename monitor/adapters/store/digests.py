"""Matches waiting for their digests, and the plans that gather them, in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.adapters.store.rows import article_of, delivery_columns, match_columns, match_of
from monitor.adapters.store.upsert import insert_new
from monitor.model.article import Article
from monitor.model.delivery import DeliveryState
from monitor.model.ledger import Alerted, DigestState, LookBack, Plan, RoutingState, StoredMatch

_CHUNK = 400


class SqlDigestStore:
    """`ports.DigestStore` over `routings`, `alerted`, `batches`, `digest_states` and `deliveries`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def state_of(self, name: str) -> DigestState | None:
        """The digest's state; None for one that was never opened."""
        with self._db.read() as connection:
            return _state(connection, name)

    def open_digest(self, name: str, now: datetime) -> DigestState:
        """The digest's state, made when it is new."""
        state = self.state_of(name)
        if state is not None:
            return state
        with self._db.write() as connection:
            columns = {"name": name, "since": now, "last_end": now, "last_draft_end": now}
            insert_new(connection, t.digest_states, columns)
            state = _state(connection, name)
        assert state is not None
        return state

    def pending(self, digest: str, *, draft: bool = False) -> Sequence[StoredMatch]:
        """Matches this digest takes and has not planned, oldest first."""
        r = t.routings.c
        waiting = [r.digest == digest, r.state == RoutingState.PENDING.value]
        if draft:
            waiting.append(r.draft_batch.is_(None))
        query = (
            sa.select(t.matches)
            .join(t.routings, r.match_id == t.matches.c.id)
            .where(*waiting)
            .order_by(t.matches.c.id)
        )
        with self._db.read() as connection:
            rows = connection.execute(query).mappings().all()
            articles = _articles(connection, t.articles.c.id, {row["article_id"] for row in rows})
        by_id = {article.id: article for article in articles}
        return [match_of(row, by_id[row["article_id"]], (digest,)) for row in rows]

    def alerted(self, digest: str, stories: Sequence[str], *, draft: bool = False) -> Sequence[Alerted]:
        """What the digest has alerted of these stories; a dry run sees its own too."""
        a = t.alerted.c
        found: list[Alerted] = []
        with self._db.read() as connection:
            for start in range(0, len(stories), _CHUNK):
                query = sa.select(a.rule_id, a.story_id, a.sentences, a.alerted_at).where(
                    a.digest == digest, a.story_id.in_(stories[start : start + _CHUNK])
                )
                if not draft:
                    query = query.where(a.draft.is_(False))
                found += [
                    Alerted(row.rule_id, row.story_id, tuple(row.sentences), row.alerted_at)
                    for row in connection.execute(query)
                ]
        return found

    def batches(self, digest: str, prefix: str, *, draft: bool = False) -> int:
        """How many batches of the digest start with the prefix."""
        b = t.batches.c
        query = sa.select(sa.func.count()).where(
            # A range, not LIKE: the primary key answers it, however many batches there are.
            b.digest == digest,
            b.draft.is_(draft),
            b.batch >= prefix,
            b.batch < prefix + "\U0010ffff",
        )
        with self._db.read() as connection:
            return int(connection.execute(query).scalar_one())

    def story_articles(self, stories: Sequence[str]) -> Mapping[str, Sequence[Article]]:
        """All articles of each story, oldest first."""
        with self._db.read() as connection:
            articles = _articles(connection, t.articles.c.story_id, set(stories))
        gathered: dict[str, list[Article]] = defaultdict(list)
        for article in articles:
            assert article.story_id is not None
            gathered[article.story_id].append(article)
        return gathered

    def record_plan(self, plan: Plan, now: datetime) -> None:
        """Deliveries, planned matches and the closed window in one transaction."""
        with self._db.write() as connection:
            if not _insert_plan(connection, plan, now):
                return  # planned before: running a stage twice changes nothing
            _mark(connection, plan)
            if plan.closes_window:
                column = "last_draft_end" if plan.draft else "last_end"
                connection.execute(
                    t.digest_states.update()
                    .where(t.digest_states.c.name == plan.digest)
                    .values({column: plan.window.end})
                )

    def record_look_back(self, plan: Plan, found: Sequence[StoredMatch], now: datetime) -> LookBack:
        """The matches that a backtest found and the batch that tells them, in one transaction."""
        with self._db.write() as connection:
            b = t.batches.c
            known = sa.select(b.batch).where(b.digest == plan.digest, b.batch == plan.batch, ~b.draft)
            # Locked first (on PostgreSQL): of two that send the same find the second sees what the first did.
            unchanged = _as_they_were(connection, plan.digest, found)
            if connection.execute(known).first():
                return LookBack.KNOWN
            if not unchanged:
                return LookBack.CHANGED
            _insert_plan(connection, plan, now)
            _insert_found(connection, plan, found, now)
            return LookBack.RECORDED


def _insert_plan(connection: Connection, plan: Plan, now: datetime) -> bool:
    """The batch, what it alerts, and its deliveries; False when it is there already."""
    batch = {
        "digest": plan.digest,
        "batch": plan.batch,
        "draft": plan.draft,
        "window_start": plan.window.start,
        "window_end": plan.window.end,
        "stories": plan.stories,
        "planned_at": now,
    }
    if not insert_new(connection, t.batches, batch):
        return False
    for one in plan.alerted:
        _remember(connection, plan, one, now)
    state = DeliveryState.DRAFT if plan.draft else DeliveryState.WAITING
    for delivery in plan.deliveries:
        insert_new(connection, t.deliveries, delivery_columns(delivery, state, now))
    return True


def _as_they_were(connection: Connection, digest: str, found: Sequence[StoredMatch]) -> bool:
    """Whether every article still has its text, and none has got a match that the digest takes."""
    a, m, r = t.articles.c, t.matches.c, t.routings.c
    rule = found[0].new.rule.id
    ids = sorted(match.article.id for match in found)
    for start in range(0, len(ids), _CHUNK):
        some = a.id.in_(ids[start : start + _CHUNK])
        query = sa.select(a.id).where(some, a.text_gone.is_(None)).order_by(a.id).with_for_update()
        taken = (
            sa.select(m.id)
            .join(t.articles, a.id == m.article_id)
            .join(t.routings, sa.and_(r.match_id == m.id, r.digest == digest))
            .where(some, m.rule_id == rule)
        )
        there = len(connection.execute(query).all())
        if there < len(ids[start : start + _CHUNK]) or connection.execute(taken.limit(1)).first():
            return False
    return True


def _insert_found(connection: Connection, plan: Plan, found: Sequence[StoredMatch], now: datetime) -> None:
    """Each match that is not recorded, and its way into the batch: nothing is left to be planned."""
    m, planned = t.matches.c, frozenset(plan.planned)
    for one in found:
        article, rule = one.article.id, one.new.rule.id
        insert_new(connection, t.matches, match_columns(article, one.new, now))
        match = connection.execute(sa.select(m.id).where(m.article_id == article, m.rule_id == rule)).scalar_one()
        state = RoutingState.PLANNED if article in planned else RoutingState.MERGED
        routing = {"match_id": match, "digest": plan.digest, "state": state.value, "batch": plan.batch}
        connection.execute(t.routings.insert().values(**routing))


def _mark(connection: Connection, plan: Plan) -> None:
    r = t.routings.c
    for state, ids in ((RoutingState.PLANNED, plan.planned), (RoutingState.MERGED, plan.merged)):
        # A dry run leaves the state: when the real run comes, everything is still before it.
        values = {"draft_batch": plan.batch} if plan.draft else {"state": state.value, "batch": plan.batch}
        for start in range(0, len(ids), _CHUNK):
            connection.execute(
                t.routings.update()
                .where(r.digest == plan.digest, r.match_id.in_(ids[start : start + _CHUNK]))
                .values(values)
            )


def _remember(connection: Connection, plan: Plan, one: Alerted, now: datetime) -> None:
    a = t.alerted.c
    key = {"digest": plan.digest, "rule_id": one.rule, "story_id": one.story, "draft": plan.draft}
    before = connection.execute(
        sa.select(a.sentences).where(*(t.alerted.c[name] == value for name, value in key.items()))
    ).scalar_one_or_none()
    columns = {
        "batch": plan.batch,
        "sentences": sorted({*(before or ()), *one.sentences}),
        "alerted_at": now,
    }
    if before is None:
        insert_new(connection, t.alerted, {**key, **columns})
    else:
        connection.execute(
            t.alerted.update().where(*(t.alerted.c[name] == value for name, value in key.items())).values(columns)
        )


def _state(connection: Connection, name: str) -> DigestState | None:
    row = connection.execute(sa.select(t.digest_states).where(t.digest_states.c.name == name)).mappings().first()
    return None if row is None else DigestState(row["name"], row["since"], row["last_end"], row["last_draft_end"])


def _articles(
    connection: Connection, column: sa.Column[int] | sa.Column[str], values: Set[int] | Set[str]
) -> list[Article]:
    wanted = sorted(values)
    found: list[Article] = []
    for start in range(0, len(wanted), _CHUNK):
        query = sa.select(t.articles).where(column.in_(wanted[start : start + _CHUNK])).order_by(t.articles.c.id)
        found += [article_of(row) for row in connection.execute(query).mappings()]
    return sorted(found, key=lambda article: article.id)
