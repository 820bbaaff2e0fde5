"""Lists of stories, in SQL: each is found by its newest article, along the index over `first_seen`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from monitor.adapters.store import tables as t
from monitor.adapters.store.columns import AnyText
from monitor.adapters.store.story_rolls import members_by_id, rolls_of
from monitor.adapters.store.story_rows import MEMBER, chunks, member_of
from monitor.adapters.store.upsert import each_of, folded, holds_words
from monitor.model.article import DuplicateReason
from monitor.model.story_member import Member
from monitor.model.story_view import ListedStory, StoriesAsked

_LOOKED_AT = 500  # stories of a rule that are looked at together
_a = t.articles.c
_NEWEST_FIRST = (_a.first_seen.desc(), _a.id.desc())
_FEW = 5_000  # matches of a rule: their stories are looked up in some 50 ms


Place = tuple[datetime, int]  # first_seen and id of an article: lists go down along both


def page_of_stories(
    connection: Connection, asked: StoriesAsked, before: Place | None, limit: int, down_to: Place | None = None
) -> Sequence[ListedStory]:
    """One page, that with the newest article first."""
    few = None if asked.rules is None else _stories_of(connection, asked.rules)
    if few is None:
        found = _along_time(connection, asked, before, limit, down_to)
    else:
        found = _among(connection, asked, few, before, limit, down_to)
    stories = [row.story_id for row in found]
    newest = members_by_id(connection, {row.id for row in found})
    rolls, rules = rolls_of(connection, stories), _rules(connection, stories)
    return [
        ListedStory(story, newest[id_], rolls[story], tuple(rules.get(story, ())))
        for id_, story in ((row.id, row.story_id) for row in found)
    ]


def _along_time(
    connection: Connection, asked: StoriesAsked, before: Place | None, limit: int, down_to: Place | None
) -> Sequence[Any]:
    # One lower end: of two SQLite goes along the index down to the first, through a month for each piece.
    since = asked.since if down_to is None else max(asked.since, down_to[0])
    query = sa.select(_a.id, _a.story_id).where(*_wanted(connection, replace(asked, since=since)), *_below(before))
    if down_to is not None:
        moment, last = down_to
        query = query.where(sa.or_(_a.first_seen > moment, _a.id >= last))
    return connection.execute(query.order_by(*_NEWEST_FIRST).limit(limit)).all()


def _stories_of(connection: Connection, rules: Sequence[str]) -> Sequence[tuple[datetime, str]] | None:
    """The stories with a match of these rules, that with the newest article first; None for rules that match
    often, whose stories are soon found among all. For three matches no list goes through a month of articles."""
    if not _match_seldom(connection, rules):
        return None
    m = t.matches.c
    matched = connection.execute(sa.select(m.article_id).where(m.rule_id.in_(rules))).scalars().all()
    of = [sa.select(_a.story_id).where(_a.id.in_(some)).distinct() for some in chunks(matched)]
    stories = {story for query in of for story in connection.execute(query).scalars() if story is not None}
    newest: list[tuple[datetime, str]] = []
    for names in chunks(sorted(stories)):
        query = sa.select(sa.func.max(_a.first_seen), _a.story_id).where(_a.story_id.in_(names))
        newest += [(moment, story) for moment, story in connection.execute(query.group_by(_a.story_id))]
    return sorted(newest, reverse=True)


def _match_seldom(connection: Connection, rules: Sequence[str]) -> bool:
    """Counted along the index, since a list asks it for each of its pieces."""
    some = sa.select(t.matches.c.id).where(t.matches.c.rule_id.in_(rules)).limit(_FEW + 1).subquery()
    return bool(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one() <= _FEW)


def _among(
    connection: Connection,
    asked: StoriesAsked,
    stories: Sequence[tuple[datetime, str]],
    before: Place | None,
    limit: int,
    down_to: Place | None,
) -> Sequence[Any]:
    """The first of these stories that are what was asked for. Those of one moment are looked at together, since
    only their ids order them: entries of one poll have one moment."""
    first = asked.since if down_to is None else max(asked.since, down_to[0])
    left = [one for one in stories if one[0] >= first and (before is None or one[0] <= before[0])]
    found: list[Any] = []
    while left and len(found) < limit:
        size = min(_LOOKED_AT, limit)
        while size < len(left) and left[size][0] == left[size - 1][0]:
            size += 1
        for some in chunks(left[:size]):
            moments, names = sorted({one[0] for one in some}), [name for _, name in some]
            # Of a story with thousands of articles only those of such a moment come here.
            query = sa.select(_a.id, _a.story_id, _a.first_seen)
            query = query.where(_a.story_id.in_(names), _a.first_seen.in_(moments))
            newest = {}
            for row in connection.execute(query.order_by(_a.first_seen, _a.id)):
                newest[row.story_id] = row.first_seen, row.id
            there = [one for one in newest.values() if _is_between(one, before, down_to)]
            wanted = sa.select(_a.id, _a.story_id, _a.first_seen).where(
                _a.id.in_([id_ for _, id_ in there]), *_narrowed(connection, asked)
            )
            found += connection.execute(wanted).all()
        left = left[size:]
    return sorted(found, key=lambda row: (row.first_seen, row.id), reverse=True)[:limit]


def _is_between(place: Place, before: Place | None, down_to: Place | None) -> bool:
    return (before is None or place < before) and (down_to is None or place >= down_to)


def place_below(connection: Connection, asked: StoriesAsked, before: Place | None, articles: int) -> Place | None:
    """The place so many articles further down; None where fewer are left, or a page does not go along them."""
    if asked.rules is not None and _match_seldom(connection, asked.rules):
        return None
    query = sa.select(_a.first_seen, _a.id).where(_a.first_seen >= asked.since, *_below(before))
    query = query.order_by(*_NEWEST_FIRST).offset(articles - 1).limit(1)
    row = connection.execute(query).first()
    return None if row is None else (row.first_seen, row.id)


def _below(before: Place | None) -> list[sa.ColumnElement[bool]]:
    if before is None:
        return []
    moment, last = before
    return [_a.first_seen <= moment, sa.or_(_a.first_seen < moment, _a.id < last)]


def number_of_stories(connection: Connection, asked: StoriesAsked, most: int) -> int:
    """How many stories there are on all pages; no further than `most`."""
    some = sa.select(t.articles.c.id).where(*_wanted(connection, asked)).limit(most).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())


def list_members(connection: Connection, stories: Sequence[str]) -> Iterator[Member]:
    """All articles of these stories, oldest first, without their texts."""
    for some in chunks(stories):
        query = sa.select(*MEMBER).where(_a.story_id.in_(some)).order_by(_a.id)
        yield from (member_of(row) for row in connection.execute(query).mappings())


def _rules(connection: Connection, stories: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
    a, m = t.articles.c, t.matches.c
    found: dict[str, list[tuple[str, int]]] = {}
    for some in chunks(stories):
        query = (
            sa.select(a.story_id, m.rule_id, sa.func.count().label("articles"))
            .join(t.matches, m.article_id == a.id)
            .where(a.story_id.in_(some))
            .group_by(a.story_id, m.rule_id)
            .order_by(a.story_id, sa.func.count().desc(), m.rule_id)
        )
        for row in connection.execute(query):
            found.setdefault(row.story_id, []).append((row.rule_id, row.articles))
    return found


def _wanted(connection: Connection, asked: StoriesAsked) -> list[sa.ColumnElement[bool]]:
    """That an article is the newest of its story, and that the story is one that was asked for."""
    a, newer = t.articles.c, t.articles.alias("newer").c
    wanted: list[sa.ColumnElement[bool]] = [
        a.first_seen >= asked.since,
        a.story_id.is_not(None),
        # By (first_seen, id), as the pages go: a later row may be of an entry that was seen earlier. In two
        # questions: that about later rows is answered by the first one, however many the story has.
        ~sa.exists().where(newer.story_id == a.story_id, newer.id > a.id, newer.first_seen >= a.first_seen),
        ~sa.exists().where(newer.story_id == a.story_id, newer.id < a.id, newer.first_seen > a.first_seen),
    ]
    if asked.rules is not None:
        wanted.append(_matched(asked.rules))
    return wanted + _narrowed(connection, asked)


def _narrowed(connection: Connection, asked: StoriesAsked) -> list[sa.ColumnElement[bool]]:
    """What is asked of a story besides its time and its rules."""
    wanted: list[sa.ColumnElement[bool]] = []
    if asked.tag is not None:
        by_rule = [_matched(asked.tagged_rules)] if asked.tagged_rules else []
        wanted.append(sa.or_(_some(_has_tag(connection, asked.tag)), *by_rule))
    if asked.publisher is not None:
        wanted.append(_some(_is_of(connection, asked.publisher)))
    if asked.language is not None:
        wanted.append(_some(_MEMBER.c.language == asked.language))
    if asked.min_articles > 1:
        wanted.append(_articles_in_story() >= asked.min_articles)
    return wanted


_MEMBER = t.articles.alias("member")


def _some(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.exists().where(_MEMBER.c.story_id == t.articles.c.story_id, condition)


def _matched(rules: Sequence[str]) -> sa.ColumnElement[bool]:
    m = t.matches.c
    # Behind a function: by the index of rules SQLite would go through all matches of one for each article.
    return _some(sa.and_(m.article_id == _MEMBER.c.id, sa.func.coalesce(m.rule_id, "").in_(rules)))


def _articles_in_story() -> sa.ScalarSelect[Any]:
    is_article = _MEMBER.c.duplicate_reason.is_distinct_from(DuplicateReason.REVISION.value)
    query = sa.select(sa.func.count()).where(_MEMBER.c.story_id == t.articles.c.story_id, is_article)
    return query.correlate(t.articles).scalar_subquery()


def _has_tag(connection: Connection, tag: str) -> sa.ColumnElement[bool]:
    if not tag.isascii():  # the column has its letters as `json` escapes them, which have no case
        one, wanted = each_of(connection, _MEMBER.c.feed_tags), sa.literal(tag, AnyText)
        return sa.exists().where(folded(connection, one.c.value) == folded(connection, wanted))
    # As `json` writes a string into the column, so that `a` is not found in "a b".
    written = json.dumps(tag.lower())
    return sa.func.lower(sa.cast(_MEMBER.c.feed_tags, sa.Text)).contains(written, autoescape=True)


def _is_of(connection: Connection, publisher: str) -> sa.ColumnElement[bool]:
    """By a part of the outlet's name, or by the host of the article."""
    name = holds_words(connection, _MEMBER.c.publisher, publisher)
    host = publisher.lower().removeprefix("www.")
    if "." not in host or any(letter in host for letter in "/% \0"):
        return name
    url = sa.func.lower(_MEMBER.c.url)
    return sa.or_(name, url.like(f"http%://{host}/%"), url.like(f"http%://www.{host}/%"))
