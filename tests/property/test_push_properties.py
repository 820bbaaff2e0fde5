"""Whatever hubs push between whichever polls: every entry is stored once, and the polls never know."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from made import NOON, decision
from newsroom import FEED, HOUR, Newsroom, item, rss
from stored import record_poll

from monitor.model.cadence import Cadence, HubOffer
from monitor.model.feed import Feed, Reading
from monitor.model.websub import PushLimits

MINUTE = timedelta(minutes=1)
OFFER = HubOffer("https://hub.example/", FEED)
# How many entries are published before a poll or a push, and how many of the newest it lists.
STEP = st.tuples(st.sampled_from(["poll", "push"]), st.integers(0, 3), st.integers(1, 6))


def entry(number: int) -> str:
    return item(
        f"e{number}", f"Torkham closed {number}", f"For the {number}th time.", published=NOON + number * MINUTE
    )


def told(steps: list[tuple[str, int, int]], *, with_pushes: bool) -> tuple[Newsroom, list[Feed], set[int]]:
    """The room after these steps, its feed after each poll, and every entry that was listed to it."""
    room = Newsroom()
    room.serve(item("e0"))
    room.poll()
    record_poll(
        room.store,
        room.feed,
        decision(NOON, url=FEED),
        [],
        now=NOON,
        reading=Reading(cadence=Cadence(), hub=OFFER),
    )
    room.store.hubs.add(room.feed.id, OFFER, token="t", secret="s", public_url="https://desk.example", now=NOON)
    (made,) = room.store.hubs.all()
    room.store.hubs.note_verified(made, NOON, NOON + 999 * HOUR, NOON + 999 * HOUR)
    published, feeds, listed = 0, [], set()
    for kind, new, window in steps:
        published += new
        numbers = range(max(1, published - window + 1), published + 1)
        if kind == "poll":
            room.serve(*(entry(one) for one in reversed(numbers)), item("e0"))
            room.repoll(10 * MINUTE)
            feeds.append(room.feed)
        elif with_pushes and numbers:
            body = rss(*(entry(one) for one in numbers))
            room.store.hubs.take(made, body, None, room.clock.now(), PushLimits(9, 10**6, 10**6))
            list(room.pusher().run(lambda: False))
        else:
            continue
        listed |= set(numbers)
    return room, feeds, listed


@settings(max_examples=40, deadline=None)
@given(st.lists(STEP, max_size=8))
def test_every_entry_that_was_listed_is_stored_once_however_it_came(steps: list[tuple[str, int, int]]) -> None:
    room, _, listed = told(steps, with_pushes=True)
    assert room.number("SELECT count(*) FROM entries") == len(listed) + 1
    assert room.number("SELECT count(DISTINCT entry_id) FROM entries") == len(listed) + 1
    assert room.number("SELECT count(*) FROM entries WHERE fate = 'waiting'") == len(listed) + 1


def asked_and_listed(feed: Feed) -> tuple[object, ...]:
    """What the next poll asks with, and what is known of the last listing; when that is, is another matter."""
    asked = (feed.url, feed.validators, feed.body_hash, feed.failures)
    return (*asked, feed.listed_at, feed.last_polled_at, feed.last_success_at, feed.last_outcome)


@settings(max_examples=40, deadline=None)
@given(st.lists(STEP, max_size=8))
def test_the_polls_of_a_feed_are_what_they_were_without_any_push(steps: list[tuple[str, int, int]]) -> None:
    _, pushed, _ = told(steps, with_pushes=True)
    _, alone, _ = told(steps, with_pushes=False)
    assert [asked_and_listed(one) for one in pushed] == [asked_and_listed(one) for one in alone]
    # What was pushed is no longer new to a poll, which can thus not take it for a broken listing.
    assert sum(one.may_have_lost_at is not None for one in pushed) <= sum(
        one.may_have_lost_at is not None for one in alone
    )
