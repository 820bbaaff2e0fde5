"""Lets go, in SQL, of what articles are compared by: once no new article can be like them, or with the article."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.components import drop_classes
from monitor.adapters.store.packed import unpack_sketch
from monitor.adapters.store.twins import day_of, lean_article
from monitor.core.stories.duplicates import copy_keys, when_of

_a, _b, _n, _m, _s = (one.c for one in (t.articles, t.bands, t.story_nodes, t.must_not_links, t.story_aliases))
_PRINTED = sa.select(t.articles).where(
    _a.id.in_(sa.bindparam("ids", expanding=True)), sa.or_(_a.sketch.is_not(None), _a.features.is_not(None))
)
_BAND = t.bands.delete().where(
    _b.day == sa.bindparam("on_day"), _b.key == sa.bindparam("band"), _b.article_id == sa.bindparam("article")
)


def drop_prints(connection: Connection, articles: Sequence[int]) -> None:
    """Sketches and features, which are hashed words, and the bands that lead to them."""
    rows: list[dict[str, Any]] = []
    for row in connection.execute(_PRINTED, {"ids": list(articles)}).mappings():
        if row["sketch"] is not None:
            day = day_of(when_of(lean_article(row)))
            bands = copy_keys(unpack_sketch(row["sketch"]))
            rows += [{"on_day": day, "band": band, "article": row["id"]} for band in bands]
    if rows:
        connection.execute(_BAND, rows)
    connection.execute(t.articles.update().where(_a.id.in_(articles)).values(sketch=None, features=None))


def drop_points(connection: Connection, roots: Sequence[int]) -> None:
    """Classes as points among stories, with keys and edges. They stay in the story where they stand."""
    drop_classes(connection, roots)
    connection.execute(t.story_nodes.delete().where(_n.root.in_(roots)))


def drop_points_of(connection: Connection, articles: Sequence[int]) -> None:
    """The same of classes that one of these articles stands for."""
    standing = sa.select(_n.root).where(sa.or_(_n.root.in_(articles), _n.article_id.in_(articles)))
    drop_points(connection, list(connection.execute(standing).scalars()))


def let_go(connection: Connection, articles: Sequence[int]) -> None:
    """All that hangs on articles that are about to be deleted; their copies get a new first one."""
    drop_points_of(connection, articles)
    drop_prints(connection, articles)
    both = sa.or_(_m.one.in_(articles), _m.other.in_(articles))
    connection.execute(t.must_not_links.delete().where(both))
    heirs = dict[int, list[int]]()
    copies = sa.select(_a.id, _a.duplicate_of).where(_a.duplicate_of.in_(articles), _a.id.not_in(articles))
    for row in connection.execute(copies.order_by(_a.id)):
        heirs.setdefault(row.duplicate_of, []).append(row.id)
    for first, *others in heirs.values():
        # The reason stays: a copy or revision of something that is no longer kept.
        connection.execute(t.articles.update().where(_a.id == first).values(duplicate_of=None))
        connection.execute(t.articles.update().where(_a.id.in_(others)).values(duplicate_of=first))


def drop_empty_aliases(connection: Connection, stories: Sequence[str]) -> None:
    """Other names of those of these stories that have no article any more."""
    alive = sa.select(_a.id).where(_a.story_id == _s.story_id).correlate(t.story_aliases).exists()
    connection.execute(t.story_aliases.delete().where(_s.story_id.in_(stories), ~alive))
