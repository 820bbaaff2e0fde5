"""The fate of entries, in SQL: what was read, matched, planned and sent of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from monitor.adapters.store import tables as t
from monitor.adapters.store.addressing import shown_before_in, unsubscribed_in
from monitor.adapters.store.reading import reread_of
from monitor.adapters.store.rows import article_of, delivery_of, feed_of, gone_of, match_of, new_entry_of
from monitor.adapters.store.story_list import list_members
from monitor.adapters.store.told import told_batch
from monitor.model.addressing import ShownBefore
from monitor.model.article import Article
from monitor.model.delivery import Delivery, DeliveryState
from monitor.model.digest import Message, MessageFormat, Window
from monitor.model.ledger import BatchFacts, EntryFate, MatchFate, Routing, RoutingState
from monitor.model.rule import Severity
from monitor.model.story_member import Member
from monitor.model.telling import why_of

_CHUNK = 400

# Not the messages: those of a digest with 300 stories are megabytes for each recipient.
_WITHOUT_MESSAGE = [column for column in t.deliveries.c if column.name != "message"]
_Batch = tuple[str, str, bool]  # digest, batch, draft


def fates_of(connection: Connection, rows: Sequence[RowMapping]) -> list[EntryFate]:
    """The fates of these rows of `entries`. Each batch is read once, however many matches it carried."""
    batches = _Batches(connection)
    return [_fate(connection, row, batches) for row in rows]


def _fate(connection: Connection, row: RowMapping, batches: _Batches) -> EntryFate:
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
        pushed=row["pushed"],
        article=article,
        original=original,
        story=story,
        matches=_match_fates(connection, article, batches) if article is not None else (),
        failures=tuple(failures),
        text_gone=gone_of(row["text_gone"]),
        reread=reread,
        found_again=found_again,
    )


def _article(connection: Connection, condition: sa.ColumnElement[bool]) -> Article | None:
    row = connection.execute(sa.select(t.articles).where(condition)).mappings().first()
    return None if row is None else article_of(row)


def _match_fates(connection: Connection, article: Article, batches: _Batches) -> tuple[MatchFate, ...]:
    query = sa.select(t.matches).where(t.matches.c.article_id == article.id).order_by(t.matches.c.rule_id)
    return tuple(
        MatchFate(match_of(row, article), _routings(connection, row, article, batches))
        for row in connection.execute(query).mappings().all()
    )


def _routings(
    connection: Connection, match: RowMapping, article: Article, batches: _Batches
) -> tuple[Routing, ...]:
    r = t.routings.c
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
        routing = Routing(row["digest"], RoutingState(row["state"]), shown, (), why_of(row["why"]))
        found.append(batches.carried(routing, match["id"], article.story_id, draft=drafts))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Carried:
    """What stands about one batch."""

    deliveries: tuple[Delivery, ...]
    shown_before: Sequence[ShownBefore]
    unsubscribed: tuple[tuple[str, datetime | None], ...]
    facts: BatchFacts | None
    places: dict[str, int]  # by story


@dataclass(frozen=True, slots=True)
class _Batches:
    """Batches by name, each read once."""

    connection: Connection
    read: dict[_Batch, _Carried] = field(default_factory=dict)

    def carried(self, routing: Routing, match: int, story: str | None, *, draft: bool) -> Routing:
        """The routing with its deliveries and with those who were not sent the match in full: of a merged one,
        what it was merged with."""
        if routing.batch is None:
            return routing
        key = (routing.digest, routing.batch, draft)
        if key not in self.read:
            self.read[key] = self._read(*key)
        found = self.read[key]
        merged = routing.state is RoutingState.MERGED
        before = tuple(
            one for one in found.shown_before if (one.story == story if merged else match in one.matches)
        )
        place = found.places.get(story or "")
        facts = found.facts and replace(found.facts, place=place)
        return replace(
            routing,
            deliveries=found.deliveries,
            sent_before=before,
            unsubscribed=found.unsubscribed,
            facts=facts,
        )

    def _read(self, digest: str, batch: str, draft: bool) -> _Carried:
        b = t.batches.c
        row = self.connection.execute(
            sa.select(b.window_start, b.window_end, b.stories, b.planned_at).where(
                b.digest == digest, b.batch == batch, b.draft.is_(draft)
            )
        ).first()
        facts = None
        places: dict[str, int] = {}
        if row is not None:
            facts = BatchFacts(Window(row.window_start, row.window_end), row.stories, row.planned_at)
            if row.stories > 1 and not draft:
                places = _places(self.connection, digest, batch, row.planned_at)
        return _Carried(
            _deliveries(self.connection, digest, batch, draft=draft),
            [] if draft else shown_before_in(self.connection, digest, batch),
            unsubscribed_in(self.connection, digest, batch, draft=draft),
            facts,
            places,
        )


def _deliveries(connection: Connection, digest: str, batch: str, *, draft: bool) -> tuple[Delivery, ...]:
    """The deliveries of a batch, whose messages say no more than what part they are: the parts of a message stand
    in their order."""
    d = t.deliveries.c
    is_draft = d.state == DeliveryState.DRAFT.value
    query = sa.select(*_WITHOUT_MESSAGE).where(
        d.digest == digest, d.batch == batch, is_draft if draft else ~is_draft
    )
    rows = connection.execute(query.order_by(d.id)).mappings().all()
    numbers: dict[tuple[str, str, str], int] = {}
    parts = []
    for row in rows:
        inbox = (row["receiver"], row["channel"], row["recipient"])
        numbers[inbox] = numbers.get(inbox, 0) + 1
        parts.append(numbers[inbox])
    return tuple(
        _delivery(row, part, numbers[row["receiver"], row["channel"], row["recipient"]])
        for row, part in zip(rows, parts, strict=True)
    )


def _delivery(row: RowMapping, part: int, parts: int) -> Delivery:
    return delivery_of(row, Message(MessageFormat.TEXT, "", "", row["created_at"], part=part, parts=parts))


def _places(connection: Connection, digest: str, batch: str, planned_at: datetime) -> dict[str, int]:
    """The place of each story in a batch, in the order of `core.digests.build`: severity, then the newest.

    By the stories as they stand now: one that another has taken since stands with it.
    """
    r, m, a = t.routings.c, t.matches.c, t.articles.c
    told = (
        sa.select(a.story_id, m.rule["severity"].as_string().label("severity"))
        .select_from(t.routings)
        .join(t.matches, m.id == r.match_id)
        .join(t.articles, a.id == m.article_id)
        .where(r.digest == digest, r.batch == batch, r.state == RoutingState.PLANNED.value)
    )
    ranks: dict[str, int] = {}
    for row in connection.execute(told):
        ranks[row.story_id] = max(ranks.get(row.story_id, 0), Severity(row.severity).rank)
    newest: dict[str, float] = {}
    names = sorted(ranks)
    for start in range(0, len(names), _CHUNK):
        known = a.story_id.in_(names[start : start + _CHUNK]), a.first_seen <= planned_at
        query = sa.select(a.story_id, sa.func.max(a.first_seen)).where(*known).group_by(a.story_id)
        newest.update((story, moment.timestamp()) for story, moment in connection.execute(query))
    ordered = sorted(ranks, key=lambda story: (-ranks[story], -newest.get(story, 0.0), story))
    return {story: place for place, story in enumerate(ordered, 1)}
