"""Questions about what happened, in SQL."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from monitor.adapters.store import tables as t
from monitor.adapters.store.addressing import shown_before_in, unsubscribed_in
from monitor.adapters.store.database import Database
from monitor.adapters.store.matches import number_of_matches, page_of_matches
from monitor.adapters.store.reading import reread_of
from monitor.adapters.store.rows import article_of, delivery_of, feed_of, gone_of, match_of, new_entry_of
from monitor.adapters.store.rule_record import record_of_rule, recorded_of_rule
from monitor.adapters.store.story_list import list_members
from monitor.adapters.store.told import told_batch
from monitor.model.article import Article
from monitor.model.delivery import Attempt, Delivery, DeliveryState
from monitor.model.entry import Fate
from monitor.model.ledger import (
    DigestState,
    EntryFate,
    ListedMatch,
    MatchFate,
    RecordedAnswer,
    Routing,
    RoutingState,
    RuleRecord,
    SeenEntry,
    StoreCounts,
)
from monitor.model.story_member import Member
from monitor.model.telling import why_of

_HOUR = timedelta(hours=1)
_ROOM_OF_AN_ID = 19  # digits of the largest row number
_SHORTEST_BEGINNING = 6  # letters of a key: some 16 million keys differ by then
_MOST_ALIKE = 20
_MOST_FATES = 50  # entries shown for one URL: more is a feed whose entries all carry the same link


class SqlLedger:
    """`ports.Ledger` over every table, read only."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def fates(self, url: str, url_key: str) -> Sequence[EntryFate]:
        """All entries with this link or URL key, newest first."""
        e = t.entries.c
        same: sa.ColumnElement[bool] = e.link == url
        if url_key:
            behind = sa.select(t.articles.c.entry_row).where(t.articles.c.page_key == url_key)
            same = sa.or_(e.url_key == url_key, e.id.in_(behind))
        query = sa.select(t.entries).where(same).order_by(e.id.desc()).limit(_MOST_FATES)
        with self._db.read() as connection:
            return [_fate(connection, row) for row in connection.execute(query).mappings().all()]

    def seen_entries(self, feed_id: int, limit: int) -> tuple[int, Sequence[SeenEntry]]:
        """How many entries of one feed are stored, and the newest of them with what became of each."""
        e, m = t.entries.c, t.matches.c
        columns = (e.id, e.title, e.link, e.fate, e.first_seen, e.published, e.revision_of)
        query = sa.select(*columns).where(e.feed_id == feed_id).order_by(e.id.desc()).limit(limit)
        with self._db.read() as connection:
            total = connection.execute(sa.select(sa.func.count()).where(e.feed_id == feed_id)).scalar_one()
            rows = connection.execute(query).all()
            matched = (
                sa.select(t.articles.c.entry_row, m.rule_id)
                .join(t.matches, m.article_id == t.articles.c.id)
                .where(t.articles.c.entry_row.in_([row.id for row in rows]))
                .order_by(m.rule_id)
            )
            rules: dict[int, list[str]] = {}
            for found in connection.execute(matched):
                rules.setdefault(found.entry_row, []).append(found.rule_id)
        return int(total), [
            SeenEntry(
                title=row.title,
                link=row.link,
                fate=Fate(row.fate),
                first_seen=row.first_seen,
                published=row.published,
                revision=row.revision_of is not None,
                rules=tuple(rules.get(row.id, ())),
            )
            for row in rows
        ]

    def counts(self, now: datetime) -> StoreCounts:
        """The numbers of `monitor status`."""
        since = now - _HOUR
        p, r, d = t.poll_counts.c, t.routings.c, t.deliveries.c
        stories = (
            sa.select(sa.func.count(sa.distinct(t.articles.c.story_id)))
            .join(t.matches, t.matches.c.article_id == t.articles.c.id)
            .where(t.matches.c.matched_at >= since)
        )
        with self._db.read() as connection:

            def number(query: sa.Select[int]) -> int:
                return int(connection.execute(query).scalar_one())

            def table(query: sa.Select[str, int]) -> dict[str, int]:
                return {name: int(count) for name, count in connection.execute(query)}

            count = sa.func.count()
            return StoreCounts(
                polls=table(
                    sa.select(p.outcome, sa.func.sum(p.polls)).where(p.minute >= since).group_by(p.outcome)
                ),
                entries=number(sa.select(count).where(t.entries.c.first_seen >= since)),
                matches=number(sa.select(count).where(t.matches.c.matched_at >= since)),
                stories=number(stories),
                waiting_entries=number(sa.select(count).where(t.entries.c.fate == Fate.WAITING.value)),
                unmatched_articles=number(sa.select(count).where(t.articles.c.stage.in_(("read", "grouped")))),
                pending=table(
                    sa.select(r.digest, count).where(r.state == RoutingState.PENDING.value).group_by(r.digest)
                ),
                deliveries=table(sa.select(d.state, count).group_by(d.state)),
                oldest_waiting_delivery=connection.execute(
                    sa.select(sa.func.min(d.created_at)).where(d.state == DeliveryState.WAITING.value)
                ).scalar_one(),
            )

    def deliveries(
        self,
        *,
        state: DeliveryState | None = None,
        digest: str | None = None,
        receiver: str | None = None,
        tried: bool = False,
        limit: int = 100,
    ) -> Sequence[Delivery]:
        """Outbox rows, newest first; with `tried` only those that were attempted."""
        d = t.deliveries.c
        wanted = ((d.state, state.value if state else None), (d.digest, digest))
        query = sa.select(t.deliveries).order_by(d.id.desc()).limit(limit)
        query = query.where(*(column == value for column, value in wanted if value is not None))
        if receiver is not None:
            stands_for = sa.cast(d.also, sa.Text).contains(json.dumps(receiver), autoescape=True)
            query = query.where(sa.or_(d.receiver == receiver, stands_for))
        if tried:
            query = query.where(d.attempts > 0)
        with self._db.read() as connection:
            return [delivery_of(row) for row in connection.execute(query).mappings()]

    def deliveries_called(self, name: str) -> Sequence[Delivery]:
        """The outbox row with this key; else those with this id or whose key begins so, at most twenty."""
        if not (name.isascii() and name.isprintable()):
            return []  # no key is, and not every database takes half characters and NUL
        d = t.deliveries.c
        whole = sa.select(t.deliveries).where(d.key == name)
        alike = [d.id == int(name)] if name.isdigit() and len(name) < _ROOM_OF_AN_ID else []
        if len(name) >= _SHORTEST_BEGINNING:
            # Neither LIKE nor a range: the one is blind to case on SQLite, the other sorts by language elsewhere.
            alike.append(sa.func.substr(d.key, 1, len(name)) == name)
        some = sa.select(t.deliveries).where(sa.or_(sa.false(), *alike)).order_by(d.id).limit(_MOST_ALIKE)
        with self._db.read() as connection:
            rows = connection.execute(whole).mappings().all() or connection.execute(some).mappings().all()
            return [delivery_of(row) for row in rows]

    def attempts_of(self, delivery_id: int) -> Sequence[Attempt]:
        """Every attempt of a delivery, oldest first."""
        a = t.attempts.c
        query = sa.select(a.at, a.outcome, a.detail).where(a.delivery_id == delivery_id).order_by(a.id)
        with self._db.read() as connection:
            return [Attempt(row.at, row.outcome, row.detail) for row in connection.execute(query)]

    def digest_states(self) -> Sequence[DigestState]:
        """Every digest the store has seen."""
        with self._db.read() as connection:
            rows = connection.execute(sa.select(t.digest_states).order_by(t.digest_states.c.name)).mappings()
            return [DigestState(row["name"], row["since"], row["last_end"], row["last_draft_end"]) for row in rows]

    def matches(
        self,
        since: datetime,
        *,
        rule: str | None = None,
        digest: str | None = None,
        before: tuple[datetime, int] | None = None,
        limit: int = 500,
    ) -> Sequence[ListedMatch]:
        """One page of the matches made since then, newest first."""
        with self._db.read() as connection:
            return page_of_matches(connection, since, rule, digest, before, limit)

    def count_matches(self, since: datetime, *, rule: str | None = None, digest: str | None = None) -> int:
        """How many matches the pages of `matches` hold together."""
        with self._db.read() as connection:
            return number_of_matches(connection, since, rule, digest)

    def rule_record(self, rule: str, since: datetime, newest: int) -> RuleRecord:
        """What became of the entries first seen since then, as one rule sees it."""
        with self._db.read() as connection:
            return record_of_rule(connection, rule, since, newest)

    def recorded(
        self, rule: str, since: datetime | None = None, until: datetime | None = None
    ) -> Mapping[int, RecordedAnswer]:
        """The articles first seen in that span that the rule matched when they were read."""
        with self._db.read() as connection:
            return recorded_of_rule(connection, rule, since, until)


def _fate(connection: Connection, row: RowMapping) -> EntryFate:
    feed = connection.execute(sa.select(t.feeds).where(t.feeds.c.id == row["feed_id"])).mappings().one()
    article = _article(connection, t.articles.c.entry_row == row["id"])
    original: Article | None = None
    story: tuple[Member, ...] = ()
    if article is not None and article.story_id is not None:
        if article.duplicate_of is not None:
            original = _article(connection, t.articles.c.id == article.duplicate_of)
        story = tuple(list_members(connection, [article.story_id]))
    failures: Sequence[tuple[str, str]] = ()
    if article is not None:
        f = t.rule_failures.c
        query_failures = sa.select(f.rule_id, f.why).where(f.article_id == article.id).order_by(f.rule_id)
        failures = [(failed.rule_id, failed.why) for failed in connection.execute(query_failures)]
    reread, found_again = reread_of(connection, row["id"])
    return EntryFate(
        row=row["id"],
        entry=new_entry_of(row),
        feed=feed_of(feed),
        first_seen=row["first_seen"],
        article=article,
        original=original,
        story=story,
        matches=_match_fates(connection, article) if article is not None else (),
        failures=tuple(failures),
        text_gone=gone_of(row["text_gone"]),
        reread=reread,
        found_again=found_again,
    )


def _article(connection: Connection, condition: sa.ColumnElement[bool]) -> Article | None:
    row = connection.execute(sa.select(t.articles).where(condition)).mappings().first()
    return None if row is None else article_of(row)


def _match_fates(connection: Connection, article: Article) -> tuple[MatchFate, ...]:
    query = sa.select(t.matches).where(t.matches.c.article_id == article.id).order_by(t.matches.c.rule_id)
    return tuple(
        MatchFate(match_of(row, article), _routings(connection, row, article))
        for row in connection.execute(query).mappings().all()
    )


def _routings(connection: Connection, match: RowMapping, article: Article) -> tuple[Routing, ...]:
    r, d = t.routings.c, t.deliveries.c
    rows = connection.execute(sa.select(t.routings).where(r.match_id == match["id"]).order_by(r.digest)).mappings()
    found = []
    for row in rows.all():
        batch = row["batch"]
        if row["state"] == RoutingState.SILENCED.value:
            # The batch in which it was decided carries what others matched, if anything.
            found.append(Routing(row["digest"], RoutingState.SILENCED, None, silence=row["silence"]))
            continue
        if row["state"] == RoutingState.MERGED.value and article.story_id is not None:
            # It was merged because a batch had told this rule on this story: the last such one carried it.
            batch = told_batch(connection, row["digest"], match["rule_id"], article.story_id)
        # A dry run and the real one may give a batch the same name: each routing has its own deliveries.
        shown, drafts = (batch, False) if batch is not None else (row["draft_batch"], True)
        is_draft = d.state == DeliveryState.DRAFT.value
        carried = connection.execute(
            sa.select(t.deliveries)
            .where(d.digest == row["digest"], d.batch == shown, is_draft if drafts else ~is_draft)
            .order_by(d.id)
        ).mappings()
        routing = Routing(
            row["digest"],
            RoutingState(row["state"]),
            shown,
            tuple(delivery_of(one) for one in carried),
            why_of(row["why"]),
        )
        found.append(_with_whom_it_passed(connection, routing, match["id"], article.story_id, draft=drafts))
    return tuple(found)


def _with_whom_it_passed(
    connection: Connection, routing: Routing, match: int, story: str | None, *, draft: bool
) -> Routing:
    """The routing with those who were not sent the match in full: of a merged one, what it was merged with."""
    if routing.batch is None:
        return routing
    shown = [] if draft else shown_before_in(connection, routing.digest, routing.batch)
    merged = routing.state is RoutingState.MERGED
    before = tuple(one for one in shown if (one.story == story if merged else match in one.matches))
    left_out = unsubscribed_in(connection, routing.digest, routing.batch, draft=draft)
    return replace(routing, sent_before=before, unsubscribed=left_out)
