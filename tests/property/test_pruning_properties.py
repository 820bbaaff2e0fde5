"""Pruning between any polls, edits and digests: what is told is what would have been told without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made import feed_settings
from newsroom import DAY, FEED, HOUR, OTHER_FEED, Newsroom, after, digest_settings, item, rss

from monitor.adapters.store import tables as t
from monitor.adapters.store.checkup import check_store
from monitor.model.article import DuplicateReason
from monitor.model.digest import Every
from monitor.model.feed import PollSettings
from monitor.model.ledger import Plan

WEEK = 7 * DAY  # the shortest retention there is
STEPS = 7
# Some that a rule matches, some that none does, some that share a sentence.
WORDINGS = (
    ("At the border", "Torkham was busy."),
    ("At the border", "Torkham was busy. Then Torkham was closed."),
    ("At the border", "Torkham was busy. Then Torkham was closed. Rain fell."),
    ("At the border", "Torkham was closed again. The flood came."),
    ("Trucks wait", "Drivers of 6,000 trucks spoke of hunger."),
)
FEEDS = (FEED, OTHER_FEED)
Told = tuple[str, str, str, str]  # digest, rule, address, hash of the words


@dataclass
class Outcome:
    """What was told, oldest first, and what was not because it copied what had been told."""

    told: list[Told] = field(default_factory=list)
    copies: list[Told] = field(default_factory=list)


@dataclass(frozen=True)
class Item:
    """One entry of one feed: at which step it comes, and its wording at each step until it leaves for good."""

    feed: str
    number: int
    link: int
    dated: bool
    born: int
    wordings: tuple[int, ...]

    def xml(self, step: int, dates: Sequence[timedelta]) -> str | None:
        """The item as the feed lists it at this step."""
        if not self.born <= step < self.born + len(self.wordings):
            return None
        title, summary = WORDINGS[self.wordings[step - self.born]]
        published = Newsroom().clock.now() + dates[self.born] if self.dated else None
        link = f"https://news.example/{self.link}"
        return item(f"{self.number}", title, f"{summary} ({self.number})", link=link, published=published)


@dataclass(frozen=True)
class Course:
    """What happens: pauses between the steps, and after which of them pruning takes how many pieces."""

    items: tuple[Item, ...]
    pauses: tuple[timedelta, ...]
    prunings: tuple[int, ...]
    store_full_text: bool


def courses(*, shared_links: bool) -> st.SearchStrategy[Course]:
    items = st.builds(
        Item,
        feed=st.sampled_from(FEEDS),
        number=st.integers(0, 5),
        link=st.integers(0, 1) if shared_links else st.just(0),
        dated=st.booleans(),
        born=st.integers(0, STEPS - 1),
        wordings=st.lists(st.integers(0, len(WORDINGS) - 1), min_size=1, max_size=STEPS).map(tuple),
    )
    world = st.lists(items, min_size=1, max_size=4, unique_by=lambda one: one.number).map(tuple)
    if not shared_links:
        world = world.map(lambda some: tuple(Item(**{**vars(one), "link": 10 + one.number}) for one in some))
    pauses = st.sampled_from((HOUR, 13 * HOUR, 2 * DAY, 8 * DAY, 20 * DAY))
    return st.builds(
        Course,
        items=world,
        pauses=st.tuples(*[pauses] * STEPS),
        prunings=st.tuples(*[st.integers(0, 12)] * STEPS),
        store_full_text=st.booleans(),
    )


def run(course: Course, *, pruned: bool) -> Outcome:
    """The course from its first step to its last."""
    room = Newsroom(
        feeds=[feed_settings(FEED, backfill=DAY), feed_settings(OTHER_FEED, name="Wire", backfill=DAY)],
        digests=[digest_settings("now"), digest_settings("weekly", schedule=Every(WEEK))],
        settings=PollSettings(max_entry_age=WEEK),
    )
    dates = [sum(course.pauses[:step], timedelta(0)) for step in range(STEPS)]
    outcome = Outcome()
    for step in range(STEPS):
        for url in FEEDS:
            listed = (one.xml(step, dates) for one in course.items if one.feed == url)
            # A feed always lists something: else it would be no feed, and nobody could say what left it.
            filler = item(f"filler{step}", f"Day {step}", f"Quiet {step}.", link=f"{url}/{step}", published=None)
            room.fetcher.answers[url] = rss(*(one for one in listed if one), filler)
        room.store.feeds.make_all_due(room.clock.now())
        for stage in (room.poll, room.read, room.group, room.match):
            stage()
        note(room, room.plan(), outcome)
        room.deliver()
        if pruned:
            stopping = after(course.prunings[step]) if course.prunings[step] < 12 else lambda: False
            room.prune(WEEK, store_full_text=course.store_full_text, stopping=stopping)
        room.clock.advance(course.pauses[step])
    note(room, room.plan(close_all=True), outcome)
    room.deliver()
    assert not [found for _, some in check_store(room.store._db) for found in some]
    assert room.number("SELECT count(*) FROM routings WHERE state = 'pending'") == 0
    assert room.number("SELECT count(*) FROM deliveries WHERE state <> 'sent'") == 0
    return outcome


def note(room: Newsroom, plans: Sequence[object], outcome: Outcome) -> None:
    """Adds what was planned."""
    a, m = t.articles.c, t.matches.c
    columns = (m.rule_id, a.url, a.content_hash)
    found = sa.select(*columns).join(t.articles, a.id == m.article_id)
    for plan in plans:
        assert isinstance(plan, Plan), plan
        copies = found.where(m.id.in_(plan.merged), a.duplicate_reason != DuplicateReason.REVISION.value)
        with room.store._db.read() as connection:
            told = connection.execute(found.where(m.id.in_(plan.planned))).all()
            outcome.told += [(plan.digest, *row) for row in told]
            outcome.copies += [(plan.digest, *row) for row in connection.execute(copies).all()]


# An edit that says nothing new stayed, and the wording that had been told went: the edit was told then.
_TOLD_WENT = Course(
    items=(
        Item(FEED, 0, 10, True, 0, (0,)),
        Item(FEED, 1, 11, False, 0, (0, 0, 2, 1, 0)),
        Item(FEED, 2, 12, False, 0, (0,)),
    ),
    pauses=(HOUR, HOUR, 20 * DAY, HOUR, HOUR, HOUR, HOUR),
    prunings=(0, 0, 0, 12, 0, 0, 0),
    store_full_text=False,
)


def same_is_told(course: Course) -> None:
    assert Counter(run(course, pruned=True).told) == Counter(run(course, pruned=False).told)


@given(courses(shared_links=False))
@example(_TOLD_WENT)
@settings(max_examples=4, deadline=None)
def test_with_pruning_the_same_is_told_and_as_often(course: Course) -> None:
    same_is_told(course)


@pytest.mark.soak
@pytest.mark.timeout(600)
@given(courses(shared_links=False))
@settings(max_examples=60, deadline=None)
def test_over_many_courses_the_same_is_told_with_pruning_and_as_often(course: Course) -> None:
    same_is_told(course)


# The newest wording went and the one before it stayed, because its match was the newest of all.
_ONE_STAYED = Course(
    items=(Item(OTHER_FEED, 2, 0, False, 0, (1, 0)), Item(OTHER_FEED, 0, 0, False, 6, (2,))),
    pauses=(HOUR, HOUR, HOUR, HOUR, 8 * DAY, HOUR, HOUR),
    prunings=(0, 0, 0, 0, 0, 12, 0),
    store_full_text=False,
)


def nothing_is_missed(course: Course) -> None:
    pruned = run(course, pruned=True)
    # What would be an edit of a wording that went may be a copy of what stands at that address now. After half a
    # day an edit tells a sentence again and a copy does not: a copy it must be, and told before.
    assert set(run(course, pruned=False).told) <= {*pruned.told, *pruned.copies}


@given(courses(shared_links=True))
@example(_ONE_STAYED)
@settings(max_examples=4, deadline=None)
def test_with_pruning_nothing_is_missed_even_where_addresses_are_used_again(course: Course) -> None:
    nothing_is_missed(course)


@pytest.mark.soak
@pytest.mark.timeout(600)
@given(courses(shared_links=True))
@settings(max_examples=60, deadline=None)
def test_over_many_courses_nothing_is_missed_even_where_addresses_are_used_again(course: Course) -> None:
    nothing_is_missed(course)
