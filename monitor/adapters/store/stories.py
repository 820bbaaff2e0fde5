"""Stories to be looked at, with what people said of them, in SQL. Texts are read only where they are asked for."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.database import Database
from monitor.adapters.store.story_facets import facets_since
from monitor.adapters.store.story_list import number_of_stories, page_of_stories, place_below
from monitor.adapters.store.story_page import edits_of_story, quoted_of
from monitor.adapters.store.story_rolls import rolls_of
from monitor.adapters.store.story_rows import MEMBER, NAMED_MEMBER, chunks, link_of, member_of
from monitor.adapters.store.story_shown import edges_inside_stories, view_of_story
from monitor.model.ledger import RoutingState
from monitor.model.story import MustNotLink
from monitor.model.story_member import Member
from monitor.model.story_view import (
    Edit,
    FoundStory,
    Likeness,
    ListedStory,
    Quoted,
    RoutedMatch,
    StoriesAsked,
    StoryFacets,
    StoryRoll,
    StoryView,
)

_LONGEST_CHAIN = 100  # of aliases: a story that went into one that went into another …
_SCANNED = 20_000  # articles of a span read for names: a fifth of a second
_LONGEST_NAME = 200


class SqlStoryStore:
    """`ports.StoryStore` over `articles`, `matches`, `routings` and the tables of stories."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def page(
        self,
        asked: StoriesAsked,
        *,
        before: tuple[datetime, int] | None = None,
        limit: int = 100,
        down_to: tuple[datetime, int] | None = None,
    ) -> Sequence[ListedStory]:
        """One page of stories, that with the newest article first."""
        with self._db.read() as connection:
            return page_of_stories(connection, asked, before, limit, down_to)

    def place_below(
        self, asked: StoriesAsked, before: tuple[datetime, int] | None, articles: int
    ) -> tuple[datetime, int] | None:
        """The place so many articles further down."""
        with self._db.read() as connection:
            return place_below(connection, asked, before, articles)

    def count(self, asked: StoriesAsked, most: int) -> int:
        """How many stories the pages hold together; counts no further than `most`."""
        with self._db.read() as connection:
            return number_of_stories(connection, asked, most)

    def facets(self, since: datetime, most: int) -> StoryFacets:
        """What lists of stories can be narrowed to."""
        with self._db.read() as connection:
            return facets_since(connection, since, most)

    def called(self, name: str) -> FoundStory | None:
        """The story of that id, or that a story of that id went into."""
        if len(name) > _LONGEST_NAME or not (name.isascii() and name.isprintable()):
            return None  # no id is, and not every database takes half characters and NUL
        a, alias = t.articles.c, t.story_aliases.c
        at, seen = name, {name}
        with self._db.read() as connection:
            while not connection.execute(sa.select(a.id).where(a.story_id == at).limit(1)).first():
                then = connection.execute(sa.select(alias.story_id).where(alias.alias == at)).scalar_one_or_none()
                if then is None or then in seen or len(seen) > _LONGEST_CHAIN:
                    return None
                at = then
                seen.add(at)
        return FoundStory(at, alias=name if at != name else None)

    def of_article(self, article: int) -> FoundStory | None:
        """The story of an article."""
        if article >= 2**63:
            return None
        return self._story_of(t.articles.c.id == article)

    def at(self, url: str, url_key: str) -> FoundStory | None:
        """The story of the newest article with that address."""
        a = t.articles.c
        # Three questions, each along its own index, and not one that goes through the table.
        link = sa.select(t.entries.c.id).where(t.entries.c.link == url, t.entries.c.url_key == url_key)
        for condition in (a.url_key == url_key, a.page_key == url_key) if url_key else (a.entry_row.in_(link),):
            found = self._story_of(condition)
            if found is not None:
                return found
        return None

    def _story_of(self, condition: sa.ColumnElement[bool]) -> FoundStory | None:
        a = t.articles.c
        query = sa.select(a.story_id, a.id).where(condition, a.story_id.is_not(None))
        with self._db.read() as connection:
            row = connection.execute(query.order_by(a.id.desc()).limit(1)).first()
        return None if row is None else FoundStory(row.story_id, row.id)

    def view(self, story: str, *, most: int | None = None, before: int | None = None) -> StoryView | None:
        """One story with all that is known of it, or of its newest articles."""
        with self._db.read() as connection:
            return view_of_story(connection, story, most, before)

    def roll(self, story: str) -> StoryRoll | None:
        """All articles of a story, to be counted."""
        with self._db.read() as connection:
            return rolls_of(connection, [story]).get(story)

    def quoted(self, matches: Collection[int], letters: int) -> Mapping[int, Quoted]:
        """In which words these matches were found, by id of the match."""
        with self._db.read() as connection:
            return {
                id_: one for ids in chunks(sorted(matches)) for id_, one in quoted_of(connection, ids, letters)
            }

    def edits(self, story: str, *, before: int | None = None, limit: int) -> Sequence[Edit]:
        """The later wordings among a story's articles, newest row first."""
        with self._db.read() as connection:
            return edits_of_story(connection, story, before, limit)

    def members(self, articles: Collection[int]) -> Sequence[Member]:
        """These articles as members of the stories they are in now."""
        a = t.articles.c
        query = sa.select(*MEMBER).where(a.story_id.is_not(None)).order_by(a.id)
        with self._db.read() as connection:
            return [
                member_of(row)
                for ids in chunks(sorted(articles))
                for row in connection.execute(query.where(a.id.in_(ids))).mappings()
            ]

    def strongest(self, articles: Collection[int]) -> Mapping[int, Likeness]:
        """Of each of these articles that is alike another of its story, the strongest likeness."""
        best: dict[int, Likeness] = {}
        with self._db.read() as connection:
            for ids in chunks(sorted(articles)):
                some = frozenset(ids)
                for edge in edges_inside_stories(connection, ids):
                    for article in some & {edge.one, edge.other}:
                        before = best.setdefault(article, edge)
                        if (-edge.weight, edge.one, edge.other) < (-before.weight, before.one, before.other):
                            best[article] = edge
        return best

    def openings(self, articles: Collection[int], letters: int) -> Mapping[int, tuple[str, str]]:
        """Title and beginning of the text of these articles."""
        a = t.articles.c
        found: dict[int, tuple[str, str]] = {}
        with self._db.read() as connection:
            for ids in chunks(sorted(articles)):
                query = sa.select(a.id, a.title, sa.func.substr(a.text, 1, letters).label("opening"))
                for row in connection.execute(query.where(a.id.in_(ids))):
                    found[row.id] = (row.title, row.opening)
        return found

    def elsewhere(
        self, story: str, entities: Collection[str], languages: Collection[str], since: datetime, until: datetime
    ) -> Sequence[Member]:
        """Articles of other stories and languages in that span that name at least two of these entities."""
        a = t.articles.c
        wanted = set(entities)
        # As written, which is quick to look through; only what has two of the names is read as a whole.
        marks = [f'"id": {json.dumps(one)}' for one in sorted(wanted)]
        newest = (
            sa.select(a.id, a.story_id, a.language, sa.cast(a.entities, sa.Text).label("names"))
            .where(a.first_seen >= since, a.first_seen <= until)
            .order_by(a.first_seen.desc(), a.id.desc())
            .limit(_SCANNED)
            .subquery()
        )
        # From those themselves: looked for among all by their ids, PostgreSQL would go through the whole archive.
        written = sa.select(newest.c.id, newest.c.names).where(
            newest.c.story_id != story, newest.c.language.not_in(sorted(languages))
        )
        with self._db.read() as connection:
            rows = connection.execute(written).all()
            ids = [row.id for row in rows if sum(mark in row.names for mark in marks) > 1]
            found = [
                row
                for some in chunks(ids)
                for row in connection.execute(sa.select(*NAMED_MEMBER).where(a.id.in_(some))).mappings()
                if len(wanted & {one["id"] for one in row["entities"] if one.get("id")}) > 1
            ]
        return [
            member_of(row) for row in sorted(found, key=lambda row: (row["first_seen"], row["id"]), reverse=True)
        ]

    def routed(self, articles: Collection[int]) -> Sequence[RoutedMatch]:
        """Every match of these articles in every digest that takes it."""
        m, r = t.matches.c, t.routings.c
        columns = (r.match_id, m.rule_id, r.digest, r.state, m.article_id)
        query = sa.select(*columns).join(t.matches, m.id == r.match_id).order_by(r.match_id, r.digest)
        with self._db.read() as connection:
            return [
                RoutedMatch(row.match_id, row.rule_id, row.digest, RoutingState(row.state), row.article_id)
                for ids in chunks(sorted(articles))
                for row in connection.execute(query.where(m.article_id.in_(ids)))
            ]

    def said_apart(self, articles: Collection[int]) -> Sequence[MustNotLink]:
        """What was said of pairs that are both among these articles."""
        with self._db.read() as connection:
            return list(_among(connection, articles))


def _among(connection: Connection, articles: Collection[int]) -> Iterator[MustNotLink]:
    n = t.must_not_links.c
    both = frozenset(articles)
    for ids in chunks(sorted(both)):
        query = sa.select(t.must_not_links).where(n.one.in_(ids)).order_by(n.one, n.other)
        for row in connection.execute(query).mappings():
            if row["other"] in both:
                yield link_of(row)
