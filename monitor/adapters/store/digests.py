"""Matches waiting for their digests, and the plans that gather them, in SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from monitor.adapters.store import tables as t
from monitor.adapters.store.addressing import insert_sent_before, messages_about_story, sent_elsewhere_of
from monitor.adapters.store.database import Database
from monitor.adapters.store.discards import still_discarded
from monitor.adapters.store.former_names import keeping_keys_of, name_now
from monitor.adapters.store.grouping import take_grouping_lock
from monitor.adapters.store.marks import mark_of
from monitor.adapters.store.rows import OUTLINE, article_of, delivery_columns, match_columns, match_of, outline_of
from monitor.adapters.store.told import last_number, likeness_of, members_of, still_too_few, told_of, without_told
from monitor.adapters.store.upsert import insert_new
from monitor.model.addressing import EarlierMessage, Elsewhere
from monitor.model.article import Article
from monitor.model.delivery import DeliveryState
from monitor.model.errors import BatchTaken
from monitor.model.ledger import DigestState, LookBack, Plan, RoutingState, StoredMatch
from monitor.model.renaming import Named
from monitor.model.rule import Severity
from monitor.model.silence import WaitingMatch
from monitor.model.telling import StoryMember, ToldMatch

_T = TypeVar("_T", int, str)
_CHUNK = 400
# A story may have thousands of articles: texts, and what is read from JSON, would take seconds and hundreds of MB.
_OUTLINES = (
    sa.select(*OUTLINE)
    .where(t.articles.c.story_id.in_(sa.bindparam("stories", expanding=True)))
    .order_by(t.articles.c.id)
)


class SqlDigestStore:
    """`ports.DigestStore` over `routings`, `batches`, `digest_states` and `deliveries`."""

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

    def pending(
        self,
        digest: str,
        *,
        draft: bool = False,
        stories: Collection[str] | None = None,
        matches: Collection[int] | None = None,
    ) -> Sequence[StoredMatch]:
        """Matches this digest takes and has not planned, oldest first; of these stories only, or these only."""
        query = sa.select(t.matches).join(t.routings, t.routings.c.match_id == t.matches.c.id)
        query = query.where(*_waiting(digest, draft=draft)).order_by(t.matches.c.id)
        rows: list[RowMapping] = []
        with self._db.read() as connection:
            if matches is not None:
                for ids in _parts(matches):
                    rows += connection.execute(query.where(t.matches.c.id.in_(ids))).mappings()
            elif stories is not None:
                of = query.join(t.articles, t.articles.c.id == t.matches.c.article_id)
                for some in _parts(stories):
                    rows += connection.execute(of.where(t.articles.c.story_id.in_(some))).mappings()
            else:
                rows += connection.execute(query).mappings()
            articles = _articles(connection, t.articles.c.id, {row["article_id"] for row in rows})
        by_id = {article.id: article for article in articles}
        found = [match_of(row, by_id[row["article_id"]], (digest,)) for row in rows]
        return sorted(found, key=lambda one: one.id)

    def waiting(self, digest: str, *, draft: bool = False, story: str | None = None) -> Sequence[WaitingMatch]:
        """The same matches, oldest first, without reading a text."""
        m, a = t.matches.c, t.articles.c
        joined = t.routings.join(t.matches, m.id == t.routings.c.match_id).join(t.articles, a.id == m.article_id)
        columns = (m.id, m.rule_id, m.rule["tags"].label("tags"), a.story_id, m.matched_at)
        query = sa.select(*columns).select_from(joined).where(*_waiting(digest, draft=draft)).order_by(m.id)
        if story is not None:
            query = query.where(a.story_id == story)
        with self._db.read() as connection:
            return [
                WaitingMatch(row.id, row.rule_id, tuple(row.tags or ()), row.story_id, row.matched_at)
                for row in connection.execute(query)
            ]

    def pending_stories(
        self, digest: str, *, draft: bool = False, at_least: Severity = Severity.LOW
    ) -> Sequence[str]:
        """The stories of the pending matches of such severity, each once, sorted."""
        m, a = t.matches.c, t.articles.c
        joined = t.routings.join(t.matches, m.id == t.routings.c.match_id).join(t.articles, a.id == m.article_id)
        query = sa.select(a.story_id).select_from(joined).where(*_waiting(digest, draft=draft)).distinct()
        if at_least is not Severity.LOW:
            severe = [one.value for one in Severity if one.rank >= at_least.rank]
            query = query.where(t.matches.c.rule["severity"].as_string().in_(severe))
        with self._db.read() as connection:
            return sorted(story for story in connection.execute(query).scalars() if story is not None)

    def mark(self, digest: str) -> tuple[object, ...]:
        """What is another one once something may be told that could not be before."""
        with self._db.read() as connection:
            return mark_of(connection, digest)

    def told(self, digest: str, stories: Sequence[str], *, draft: bool = False) -> Sequence[ToldMatch]:
        """What the digest has told of these stories as they stand now; a dry run sees its own too."""
        with self._db.read() as connection:
            return told_of(connection, digest, stories, draft=draft)

    def likeness(self, article: int, told: Collection[int]) -> float | None:
        """How like an article is to the told one that it is most like."""
        with self._db.read() as connection:
            return likeness_of(connection, article, told)

    def members(self, stories: Sequence[str]) -> Mapping[str, Sequence[StoryMember]]:
        """The articles of each story, oldest first, without their texts."""
        with self._db.read() as connection:
            return members_of(connection, stories)

    def last_batch(self, digest: str, story: str, *, draft: bool = False) -> int:
        """The greatest number of a batch named after the story, 0 when there is none."""
        with self._db.read() as connection:
            return last_number(connection, digest, story, draft=draft)

    def story_articles(self, stories: Sequence[str]) -> Mapping[str, Sequence[Article]]:
        """All articles of each story, oldest first, with what a digest says of those that no rule matched."""
        wanted = sorted(set(stories))
        gathered: dict[str, list[Article]] = defaultdict(list)
        with self._db.read() as connection:
            for start in range(0, len(wanted), _CHUNK):
                for row in connection.execute(_OUTLINES, {"stories": wanted[start : start + _CHUNK]}):
                    gathered[row.story_id].append(outline_of(row))
        return gathered

    def sent_elsewhere(self, digest: str, matches: Collection[int]) -> Elsewhere:
        """What other digests made of these matches, and how their batches stand with each recipient."""
        with self._db.read() as connection:
            return sent_elsewhere_of(connection, digest, matches)

    def messages_about(self, digest: str, story: str, *, draft: bool = False) -> Sequence[EarlierMessage]:
        """The messages in which the digest told of articles that stand in the story now, oldest first."""
        with self._db.read() as connection:
            return messages_about_story(connection, digest, story, draft=draft)

    def record_plan(self, plan: Plan, now: datetime) -> None:
        """Deliveries, planned matches and the closed window in one transaction."""
        with self._db.write() as connection:
            take_grouping_lock(connection)
            if plan.closes_window and name_now(connection, Named.DIGEST, plan.digest) != plan.digest:
                return  # its window is closed under the name that it has since
            if not _all_wait(connection, plan):
                return  # forgotten or planned since by another process: what is left is planned at the next tick
            if not _insert_plan(connection, plan, now):
                if plan.planned:  # under a name that is taken they would never be told, and nobody would know
                    raise BatchTaken(plan.digest, plan.batch)
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
            names = keeping_keys_of(connection, plan.digest)
            known = sa.select(b.batch).where(b.digest.in_(names), b.batch == plan.batch, ~b.draft)
            # Locked first (on PostgreSQL): of two that send the same find the second sees what the first did.
            unchanged = _as_they_were(connection, plan.digest, found)
            if connection.execute(known).first():
                return LookBack.KNOWN
            if not unchanged:
                return LookBack.CHANGED
            _insert_plan(connection, plan, now)
            _insert_found(connection, plan, found, now)
            return LookBack.RECORDED


def _all_wait(connection: Connection, plan: Plan) -> bool:
    """Whether every match that a plan tells still waits for it."""
    r, told = t.routings.c, sorted(set(plan.planned))
    waiting = 0
    for start in range(0, len(told), _CHUNK):
        some = r.match_id.in_(told[start : start + _CHUNK])
        query = sa.select(sa.func.count()).select_from(t.routings)
        query = query.where(*_waiting(plan.digest, draft=plan.draft), some)
        waiting += connection.execute(query).scalar_one()
    return waiting == len(told)


def _insert_plan(connection: Connection, plan: Plan, now: datetime) -> bool:
    """The batch and its deliveries; False when it is there already."""
    batch = {
        "digest": plan.digest,
        "batch": plan.batch,
        "draft": plan.draft,
        "window_start": plan.window.start,
        "window_end": plan.window.end,
        "stories": plan.stories,
        "planned_at": now,
        "suppressed": list(plan.suppressed) or None,
    }
    if not insert_new(connection, t.batches, batch):
        return False
    state = DeliveryState.DRAFT if plan.draft else DeliveryState.WAITING
    for delivery in plan.deliveries:
        if not insert_new(connection, t.deliveries, delivery_columns(delivery, state, now)):
            raise BatchTaken(plan.digest, plan.batch)  # its key is another message's: this one would never be sent
    insert_sent_before(connection, plan)
    return True


def _as_they_were(connection: Connection, digest: str, found: Sequence[StoredMatch]) -> bool:
    """Whether every article still has its text, and none has got a match that the digest takes."""
    a, m, r = t.articles.c, t.matches.c, t.routings.c
    rule = found[0].new.rule.id
    ids = sorted(match.article.id for match in found)
    for start in range(0, len(ids), _CHUNK):
        some = a.id.in_(ids[start : start + _CHUNK])
        query = sa.select(a.id).where(some, a.text_gone.is_(None)).order_by(a.id).with_for_update(key_share=True)
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
        why = plan.reasons.get(article)
        routing = {
            "match_id": match,
            "digest": plan.digest,
            "state": state.value,
            "batch": plan.batch,
            "why": why.value if why else None,
        }
        connection.execute(t.routings.insert().values(**routing))


def _mark(connection: Connection, plan: Plan) -> None:
    given_up = still_too_few(connection, plan.too_few)
    _end(connection, plan, [(RoutingState.PLANNED, plan.planned), (RoutingState.TOO_FEW, given_up)])
    _silence(connection, plan)
    alone = without_told(connection, plan)
    _end(connection, plan, [(RoutingState.MERGED, [one for one in plan.merged if one not in alone])])


def _silence(connection: Connection, plan: Plan) -> None:
    """What silences discard still; all else waits for the next tick."""
    for silence, matches in still_discarded(connection, plan.silenced).items():
        _end(connection, plan, [(RoutingState.SILENCED, matches)], silence)


def _end(
    connection: Connection,
    plan: Plan,
    states: Sequence[tuple[RoutingState, Sequence[int]]],
    silence: int | None = None,
) -> None:
    r = t.routings.c
    ends: dict[tuple[RoutingState, str | None], list[int]] = defaultdict(list)
    for state, matches in states:
        for one in matches:
            ends[state, why.value if (why := plan.reasons.get(one)) else None].append(one)
    for (state, reason), ids in ends.items():
        values: dict[str, Any] = {"state": state.value, "batch": plan.batch, "why": reason}
        if plan.draft:  # it leaves the state: when the real run comes, everything is still before it
            values = {"draft_batch": plan.batch, "draft_why": reason or state.value}
        elif silence is not None:
            values["silence"] = silence
        for start in range(0, len(ids), _CHUNK):
            some = r.match_id.in_(ids[start : start + _CHUNK])
            still = _waiting(plan.digest, draft=False)
            connection.execute(t.routings.update().where(*still, some).values(values))


def _parts(values: Collection[_T]) -> Iterator[list[_T]]:
    wanted = sorted(values)
    return (wanted[start : start + _CHUNK] for start in range(0, len(wanted), _CHUNK))


def _waiting(digest: str, *, draft: bool) -> list[sa.ColumnElement[bool]]:
    r = t.routings.c
    waiting = [r.digest == digest, r.state == RoutingState.PENDING.value]
    return [*waiting, r.draft_batch.is_(None)] if draft else waiting


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
