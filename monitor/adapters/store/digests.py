"""Matches waiting for their digests, and the plans that gather them, in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.adapters.store.rows import article_of, delivery_columns, match_of
from monitor.adapters.store.upsert import insert_new
from monitor.model.article import Article
from monitor.model.delivery import DeliveryState
from monitor.model.ledger import Alerted, DigestState, Plan, RoutingState, StoredMatch

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
        batch = {
            "digest": plan.digest,
            "batch": plan.batch,
            "draft": plan.draft,
            "window_start": plan.window.start,
            "window_end": plan.window.end,
            "stories": plan.stories,
            "planned_at": now,
        }
        with self._db.write() as connection:
            if not insert_new(connection, t.batches, batch):
                return  # planned before: running a stage twice changes nothing
            _mark(connection, plan)
            for one in plan.alerted:
                _remember(connection, plan, one, now)
            state = DeliveryState.DRAFT if plan.draft else DeliveryState.WAITING
            for delivery in plan.deliveries:
                insert_new(connection, t.deliveries, delivery_columns(delivery, state, now))
            if plan.closes_window:
                column = "last_draft_end" if plan.draft else "last_end"
                connection.execute(
                    t.digest_states.update()
                    .where(t.digest_states.c.name == plan.digest)
                    .values({column: plan.window.end})
                )


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
