"""What has come in and what was found: the state of the house, stories, the archive, matches, the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Annotated

from pydantic import Field

from monitor.app.discreet import discreet_why
from monitor.app.feed_view import entry_json
from monitor.app.in_time import in_time
from monitor.app.kept_out import of_story, silences_at
from monitor.app.matches import Asked as MatchesAsked
from monitor.app.matches import check_names, match_json
from monitor.app.rates import DAY, HOUR, rate_json
from monitor.app.search import Asked as SearchAsked
from monitor.app.search import Search
from monitor.app.search_words import found_json
from monitor.app.since import since
from monitor.app.status_json import status_json
from monitor.app.stories import Wanted, owners, question_of, show, story_called
from monitor.app.stories_words import list_json
from monitor.app.story_texts import edited_json, edits_of
from monitor.app.story_words import show_json
from monitor.app.why_json import why_json
from monitor.app.why_of_house import why_in
from monitor.model.digest import Window
from monitor.web.api.asking import (
    MOST,
    Answer,
    Asked,
    Moment,
    Name,
    Paged,
    Question,
    Span,
    cursor_to,
    moment_of,
    number_of,
    page_of,
)
from monitor.web.api.problems import problems_json

BUDGET = timedelta(seconds=2)
"""For which an answer reads the archive: then it tells where to go on."""
LONGEST_QUERY = 20_000
_NOW = timedelta(seconds=1)  # what came at this very moment is in it
QueryText = Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY, description="In the rule language")]


def status(asked: Asked) -> Answer:
    """As `monitor status --json`."""
    said = status_json(asked.open_house.status(failing=None))
    for feed in said["feeds"]["errors"]:
        feed |= {"url": asked.url(feed["url"]), "error": asked.error(feed["error"])}
    for incident in said["incidents"]:
        incident |= {"about": asked.error(incident["about"]), "detail": asked.error(incident["detail"])}
    return said | {"reload_problem": asked.error(said["reload_problem"])}


class StoriesQuestion(Paged):
    """Which stories."""

    since: Span = "24h"
    rule: Name | None = Field(None, description="With a match of this rule")
    tag: Name | None = Field(None, description="Of a feed, an entry or a rule that matched")
    publisher: Name | None = None
    language: Name | None = None
    min_articles: int = Field(1, ge=1, le=1_000)


def list_stories(asked: Asked) -> Answer:
    """As `monitor stories list --json`."""
    house, query = asked.house, asked.query
    owner_of = owners(house.settings)
    moment = since(query.since, asked.now)
    wanted = Wanted(moment, query.rule, query.tag, query.publisher, query.language, query.min_articles)
    found = house.store.stories.page(
        question_of(house, wanted), before=moment_of(query.cursor), limit=query.limit + 1
    )
    return page_of(
        found,
        query.limit,
        lambda one: list_json(one, owner_of),
        lambda one: [one.newest.first_seen.isoformat(), one.newest.id],
    )


class StoryQuestion(Paged):
    """Which of its articles."""

    limit: int = Field(MOST, ge=1, le=MOST, description="At most so many of its articles, those that came last")


def show_story(asked: Asked) -> Answer:
    """As `monitor stories show --json`, its articles page by page: those whose rows came last are on the first.

    What ties articles together, or keeps them apart, is told of those on the page; what is counted, of all.
    """
    house, query = asked.house, asked.query
    of_whom, before = owners(house.settings), number_of(query.cursor)
    shown = show(house.store.stories, asked.path["story"], of_whom, most=query.limit, before=before)
    digests = [digest.name for digest in house.settings.digests]
    told = show_json(replace(shown, silences=of_story(house.store, shown.view.id, digests, asked.now)))
    return told | {"next": None if shown.older is None else cursor_to(shown.older)}


class EditsQuestion(Paged):
    """How many edits."""

    limit: int = Field(20, ge=1, le=20, description="At most so many: two texts are compared for each")


def story_edits(asked: Asked) -> Answer:
    """What later wordings of its articles changed, word by word, the newest row first; `known` is false where the
    wording before is gone."""
    query, store = asked.query, asked.house.store.stories
    story = story_called(store, asked.path["story"]).story
    found = edits_of(store, story, number_of(query.cursor), query.limit + 1)
    return page_of(found, query.limit, edited_json, lambda one: one.after.id)


class SearchQuestion(Paged):
    """What is looked for, and among which articles."""

    query: QueryText
    since: Span = "7d"
    until: Moment | None = Field(None, description="Only articles first seen before")
    publisher: Name | None = None
    language: Name | None = None
    tag: Name | None = Field(None, description="Of a feed")


def search(asked: Asked) -> Answer:
    """The newest matches, each as `monitor search --json`, and how far the archive was read."""
    query = asked.query
    facets = {"publisher": query.publisher, "language": query.language, "tag": query.tag}
    wanted = SearchAsked(
        query.query,
        since(query.since, asked.now).moment,
        query.until,
        after=number_of(query.cursor),
        only=[(name, value) for name, value in facets.items() if value is not None],
    )
    search = Search(asked.house.store.archive, wanted, asked.house.ruleset)
    found, _ = in_time(lambda tell: islice(search.run(tell), query.limit), BUDGET)
    tally = search.tally
    whole = tally.read == tally.candidates
    return {
        "items": [found_json(one) for one in found],
        "next": None if whole or tally.last is None else cursor_to(tally.last),
        "articles": tally.articles,
        "candidates": tally.candidates,
        "read": tally.read,
        "failures": tally.failures,
        "warnings": problems_json(search.warnings),
    }


class MatchesQuestion(Paged):
    """Which matches."""

    since: Span = "24h"
    rule: Name | None = None
    digest: Name | None = Field(None, description="That this digest takes")


def list_matches(asked: Asked) -> Answer:
    """As `monitor matches list --json`."""
    query, store = asked.query, asked.house.store
    wanted = MatchesAsked(since(query.since, asked.now), query.rule, query.digest)
    check_names(asked.house, wanted)
    found = store.ledger.matches(
        wanted.since.moment,
        rule=wanted.rule,
        digest=wanted.digest,
        before=moment_of(query.cursor),
        limit=query.limit + 1,
    )
    silences = silences_at(store, asked.now)
    return page_of(
        found, query.limit, lambda one: match_json(one, silences), lambda one: [one.matched_at.isoformat(), one.id]
    )


class EntriesQuestion(Paged):
    """Of which time."""

    since: Span = "1h"
    until: Moment | None = Field(None, description="Only entries first seen before")


def list_entries(asked: Asked) -> Answer:
    """What feeds brought, whatever became of it, the newest first; `feed_id` is null for what was ingested."""
    query = asked.query
    window = Window(since(query.since, asked.now).moment, query.until or asked.now + _NOW)
    found = asked.house.store.ledger.entries(window, moment_of(query.cursor), query.limit + 1)
    return page_of(
        found,
        query.limit,
        lambda one: {"id": one.row, "feed_id": one.feed_id, "feed": one.feed, **entry_json(one.seen)},
        lambda one: [one.seen.first_seen.isoformat(), one.row],
    )


def rates(asked: Asked) -> Answer:
    """How many entries and matches came in each of the last 24 hours and 30 days in UTC, the oldest first; the
    last ones go on."""
    counted, facts = asked.open_house.rates, asked.house.store.facts
    return {
        "hours": [rate_json(one) for one in counted.last(facts, asked.now, HOUR, 24)],
        "days": [rate_json(one) for one in counted.last(facts, asked.now, DAY, 30)],
    }


class WhyQuestion(Question):
    """Of what the ledger is asked."""

    url: str = Field(min_length=1, max_length=4_000, description="The address of an article")
    rule: Name | None = Field(None, description="Only what this rule said")


def why(asked: Asked) -> Answer:
    """Each entry with that address as `monitor why --json`; of one never seen the feeds that cover its host."""
    answer = why_in(asked.house, asked.query.url, asked.query.rule)
    told = why_json(answer if asked.visitor.acts else discreet_why(answer))
    return {"items": told, "next": None}
