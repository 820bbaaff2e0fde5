"""What may be a copy of an article, in SQL: by revision, address, hash and bands; each look-up is bounded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from monitor.adapters.store import tables as t
from monitor.adapters.store.packed import fingerprint_of
from monitor.adapters.store.prepared import Prepared, insert_plain
from monitor.core.stories.duplicates import COPY_WINDOW, copy_keys, when_of
from monitor.core.stories.series import SERIES_DAYS, SERIES_WITHIN, judge_series, series_key
from monitor.core.text.urls import host_of
from monitor.model.article import Article, Quality
from monitor.model.grouping import Twins

EDGE = 20
"""Of a look-up that finds too many, so many of the oldest and of the newest are read."""

_FREE = 4 * EDGE  # what one address, hash or band may have before it counts as crowded
_CHUNK = 400
_DAY = 86_400
_DAYS = COPY_WINDOW.days  # by calendar days, either way: 48 hours end on the second
# Both ends of a window in which an equal hash can count, by when each was first seen.
_SEEN_WITHIN = 2 * COPY_WINDOW

_a, _b = t.articles.c, t.bands.c
_GROUPED = _a.stage != "read"
_LEAN = (
    _a.id,
    _a.entry_row,
    _a.feed_id,
    _a.url,
    _a.url_key,
    _a.title,
    _a.text,
    _a.publisher,
    _a.quality,
    _a.content_hash,
    _a.first_seen,
    _a.published,
    _a.language,
    _a.wire,
    _a.sketch,
    _a.features,
    _a.story_id,
    _a.duplicate_of,
    _a.series,
)
_ARTICLES = sa.select(*_LEAN).where(_a.id.in_(sa.bindparam("ids", expanding=True)))
_MEMBERS = (
    sa.select(*_LEAN)
    .where(sa.or_(_a.id == sa.bindparam("root"), _a.duplicate_of == sa.bindparam("root")), _GROUPED)
    .order_by(_a.id)
    .limit(sa.bindparam("most"))
)
# Without what is large: a class may have ten thousand members.
_OUTLINES = (
    sa.select(*(one for one in _LEAN if one.name not in ("text", "sketch", "features")))
    .add_columns(sa.literal("").label("text"), sa.null().label("sketch"), sa.null().label("features"))
    .where(sa.or_(_a.id == sa.bindparam("root"), _a.duplicate_of == sa.bindparam("root")), _GROUPED)
)
_new, _old = t.articles.alias("newer"), t.articles.alias("older")
_REVISIONS = Prepared(
    sa.union_all(
        sa.select(_new.c.id.label("revision"), _old.c.id.label("revised"))
        .select_from(_new)
        .join(t.entries, t.entries.c.id == _new.c.entry_row)
        .join(_old, _old.c.entry_row == t.entries.c.revision_of)
        .where(_new.c.id.in_(sa.bindparam("ids", expanding=True)), _old.c.stage != "read"),
        sa.select(_new.c.id.label("revision"), _old.c.id.label("revised"))
        .select_from(_old)
        .join(t.entries, t.entries.c.revision_of == _old.c.entry_row)
        .join(_new, _new.c.entry_row == t.entries.c.id)
        .where(_old.c.id.in_(sa.bindparam("ids", expanding=True)), _new.c.stage != "read"),
    )
)
_IN_SERIES = (
    sa.select(_a.first_seen)
    .where(
        _a.series_key == sa.bindparam("key"),
        _a.first_seen >= sa.bindparam("since"),
        _a.first_seen < sa.bindparam("until"),
    )
    .order_by(_a.first_seen)
    .limit(1)
)
_MARK = t.articles.update().where(_a.id == sa.bindparam("article")).values(series=True)
_IN_DAYS = _b.day.in_(sa.bindparam("days", expanding=True))


def _looks(
    key: sa.Column[Any], row: sa.Column[int], order: Sequence[sa.Column[Any]], *where: sa.ColumnElement[bool]
) -> tuple[Any, Any, Any]:
    """(key, row) of all, then the oldest and the newest of one key, along an index."""
    many = sa.select(key.label("key"), row.label("row")).where(
        key.in_(sa.bindparam("keys", expanding=True)), *where
    )
    one = sa.select(row.label("row")).where(key == sa.bindparam("key"), *where).limit(EDGE)
    return (
        Prepared(many.limit(sa.bindparam("most"))),
        one.order_by(*order),
        one.order_by(*(by.desc() for by in order)),
    )


_BY_URL = _looks(_a.url_key, _a.id, (_a.id,), _GROUPED)
_SEEN = _a.first_seen >= sa.bindparam("since")
_BY_HASH = _looks(_a.content_hash, _a.id, (_a.first_seen,), _GROUPED, _SEEN)
# A day's band is read from both its ends; over several days that would sort all of them.
_BY_BAND = (
    _looks(_b.key, _b.article_id, (), _IN_DAYS)[0],
    *_looks(_b.key, _b.article_id, (_b.article_id,), _b.day == sa.bindparam("day"))[1:],
)


def day_of(when: datetime) -> int:
    """The calendar day in UTC, in days since 1970."""
    return int(when.timestamp() // _DAY)


def lean_article(row: RowMapping) -> Article:
    """A row with what two articles are compared by."""
    return Article(
        id=row["id"],
        entry_row=row["entry_row"],
        feed_id=row["feed_id"],
        feed_name="",
        feed_tags=(),
        url=row["url"],
        url_key=row["url_key"],
        title=row["title"],
        text=row["text"],
        summary="",
        publisher=row["publisher"],
        quality=Quality(row["quality"]),
        content_hash=row["content_hash"],
        first_seen=row["first_seen"],
        published=row["published"],
        language=row["language"],
        wire=row["wire"] or "",
        fingerprint=fingerprint_of(row["sketch"], row["features"]),
        story_id=row["story_id"],
        duplicate_of=row["duplicate_of"],
        series=bool(row["series"]),
    )


def articles_of(connection: Connection, ids: Collection[int]) -> dict[int, Article]:
    """Lean articles by id."""
    wanted = sorted(ids)
    found: dict[int, Article] = {}
    for start in range(0, len(wanted), _CHUNK):
        rows = connection.execute(_ARTICLES, {"ids": wanted[start : start + _CHUNK]}).mappings()
        found.update((row["id"], lean_article(row)) for row in rows)
    return found


def members_of(connection: Connection, root: int, most: int) -> list[Article]:
    """The members of a class, oldest first."""
    return [lean_article(row) for row in connection.execute(_MEMBERS, {"root": root, "most": most}).mappings()]


def outlines_of(connection: Connection, root: int) -> Iterator[Article]:
    """All members of a class, without texts and fingerprints."""
    return map(lean_article, connection.execute(_OUTLINES, {"root": root}).mappings())


def twins_of(connection: Connection, articles: Sequence[Article]) -> Twins:
    """What may be a copy of these; see `ports.GroupingSession.twins`."""
    look = _Look(connection)
    revisions = frozenset(map(tuple, _REVISIONS.rows(connection, ids=[one.id for one in articles])))
    for one, other in revisions:
        look.of[one].add(other)
        look.of[other].add(one)
    since = min(one.first_seen for one in articles) - _SEEN_WITHIN
    look.up(_BY_URL, ((one.url_key, one.id) for one in articles if one.url_key))
    look.up(_BY_HASH, ((one.content_hash, one.id) for one in articles if one.content_hash), since=since)
    for days, some in _by_days(articles):
        bands = ((key, one.id) for one in some if one.fingerprint for key in copy_keys(one.fingerprint.sketch))
        look.up(_BY_BAND, bands, days=days, day=days[_DAYS])
    _among(articles, look)
    known = {one.id: one for one in articles}
    wanted = {row for one in known for row in look.of.get(one, ())} - known.keys()
    everything = {**articles_of(connection, wanted), **known}
    everything.update((row, _marked(connection, everything, row, look.of.get(row, ()))) for row in known)
    of = {one: sorted(row for row in look.of.get(one, ()) if row != one and row in everything) for one in known}
    return Twins(of, everything, revisions, look.crowded)


def _marked(connection: Connection, everything: Mapping[int, Article], row: int, of: Iterable[int]) -> Article:
    """An article with the mark of a series, which is stored, where what may be its copy has its headline."""
    article = everything[row]
    key = _series_of(article)
    like = (everything[one] for one in of if one != row and one in everything)
    if key is None or not any(_one_host(article, one) and _series_of(one) == key for one in like):
        return article
    seen: list[datetime] = []
    since = article.first_seen - SERIES_WITHIN
    # From day to day along the index, however many there are on each.
    while len(seen) <= SERIES_DAYS:
        asked = {"key": key, "since": since, "until": article.first_seen}
        first = connection.execute(_IN_SERIES, asked).scalar()
        if first is None:
            break
        seen.append(first)
        since = first.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    if not judge_series(article.first_seen, seen).is_series:
        return article
    connection.execute(_MARK, {"article": row})
    return replace(article, series=True)


def _one_host(one: Article, other: Article) -> bool:
    return host_of(one.url) == host_of(other.url)


def _series_of(article: Article) -> int | None:
    return series_key(article.title, host_of(article.url))


def _among(articles: Sequence[Article], look: _Look) -> None:
    """Bands that these share with each other: their own are not stored yet."""
    sharing: defaultdict[int, list[int]] = defaultdict(list)
    for one in articles:
        for key in copy_keys(one.fingerprint.sketch) if one.fingerprint else ():
            sharing[key].append(one.id)
    for some in sharing.values():
        if len(some) > 1:
            for row in some:
                look.of[row].update(some if len(some) <= _FREE else (*some[:EDGE], *some[-EDGE:]))


def index_bands(connection: Connection, articles: Sequence[Article], twins: Twins) -> None:
    """Lets these be found by their bands; of identical copies one is enough."""
    new = {one.id for one in articles}
    indexed = {_print(twins.articles[other]) for of in twins.of.values() for other in of if other not in new}
    rows = []
    for one in articles:
        if one.fingerprint is not None and _print(one) not in indexed:
            indexed.add(_print(one))
            day = day_of(when_of(one))
            rows += [(day, key, one.id) for key in copy_keys(one.fingerprint.sketch)]
    insert_plain(connection, t.bands, ("day", "key", "article_id"), rows)


def _print(article: Article) -> tuple[str, str, str, int]:
    """What identical copies share: words, headline, host and hour."""
    return article.content_hash, article.title, host_of(article.url), int(when_of(article).timestamp() // 3600)


def _by_days(articles: Iterable[Article]) -> list[tuple[list[int], list[Article]]]:
    """Articles of one day together, with the days in which their copies are."""
    found: defaultdict[int, list[Article]] = defaultdict(list)
    for one in articles:
        found[day_of(when_of(one))].append(one)
    return [(list(range(day - _DAYS, day + _DAYS + 1)), some) for day, some in sorted(found.items())]


class _Look:
    """Rows that share a key with an article, by article."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.of: defaultdict[int, set[int]] = defaultdict(set)
        self.crowded = 0

    def up(self, looks: tuple[Any, Any, Any], keys: Iterable[tuple[Any, int]], **more: Any) -> None:
        """Asks for all keys at once; where more comes back than is read, for the ends of each."""
        asked: defaultdict[Any, set[int]] = defaultdict(set)
        for key, article in keys:
            asked[key].add(article)
        wanted = sorted(asked)
        for start in range(0, len(wanted), 16 * _CHUNK):
            some = wanted[start : start + 16 * _CHUNK]
            self._some(looks, some, asked, more)

    def _some(
        self,
        looks: tuple[Any, Any, Any],
        keys: list[Any],
        asked: Mapping[Any, set[int]],
        more: Mapping[str, Any],
    ) -> None:
        many, oldest, newest = looks
        most = max(_FREE, 8 * len(keys))
        rows = many.rows(self._connection, keys=keys, most=most + 1, **more)
        if len(rows) <= most:
            for key, row in rows:
                self._add(asked[key], row)
            return
        if len(keys) > 1:
            middle = len(keys) // 2
            self._some(looks, keys[:middle], asked, more)
            self._some(looks, keys[middle:], asked, more)
            return
        self.crowded += 1
        for statement in (oldest, newest):
            for (row,) in self._connection.execute(statement, {"key": keys[0], **more}):
                self._add(asked[keys[0]], row)

    def _add(self, articles: Iterable[int], row: int) -> None:
        for article in articles:
            self.of[article].add(row)
