"""What recipients have been sent before, on every store."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from made import MINUTE, NOON, message
from newsroom import DAY
from stored import LEASE, grouped, matched

from monitor.adapters.store import tables as t
from monitor.model.addressing import BatchSent, EarlierMessage, ShownBefore, ToldElsewhere
from monitor.model.article import Article
from monitor.model.delivery import ChannelKind, DeliveryState, NewDelivery, Receipt
from monitor.model.digest import AlreadySent, Window
from monitor.model.feed import Feed
from monitor.model.ledger import Plan
from monitor.model.retention import PruneLimits, PruneStep
from monitor.model.telling import Material, Merged, Why
from monitor.ports import Store

WINDOW = Window(NOON - MINUTE, NOON)
SENT_AT = NOON + 5 * MINUTE


def recorded(
    store: Store,
    digest: str,
    batch: str,
    matches: list[int],
    *,
    merged: list[int] | None = None,
    why: Why = Merged.NOTHING_NEW,
    parts: int = 1,
    to: tuple[str, ...] = ("desk@example.org",),
    short: tuple[ShownBefore, ...] = (),
    draft: bool = False,
    thread: str | None = None,
) -> None:
    """A batch of a digest by e-mail."""
    store.digests.open_digest(digest, NOON)
    mark = "draft-" if draft else ""
    rows = tuple(
        NewDelivery(
            f"{mark}{digest}-{batch}-{who}-{part}",
            digest,
            batch,
            "desk",
            ChannelKind.EMAIL,
            who,
            message(part=part, parts=parts),
            thread,
        )
        for who in to
        for part in range(1, parts + 1)
    )
    merged = merged or []
    reasons: dict[int, Why] = {
        **dict.fromkeys(matches, Material.NEW_STORY_FOR_RULE),
        **dict.fromkeys(merged, why),
    }
    store.digests.record_plan(
        Plan(
            digest,
            batch,
            WINDOW,
            tuple(matches),
            tuple(merged),
            rows,
            1,
            False,
            draft,
            reasons=reasons,
            sent_before=short,
        ),
        NOON,
    )


def send(store: Store, *keys: str) -> None:
    """Takes the deliveries with these keys, or all."""
    for one in store.outbox.claim(NOON + DAY, LEASE, 100):
        if not keys or one.new.key in keys:
            store.outbox.record_sent(one, Receipt("250 taken"), SENT_AT)


def shown(story: str, how: AlreadySent, *matches: int) -> ShownBefore:
    values = (story, "desk", ChannelKind.EMAIL, "desk@example.org", how, "other", "o1", SENT_AT)
    return ShownBefore(*values, matches)


@pytest.fixture
def three(store: Store, feed: Feed) -> list[int]:
    """Three matches of one rule in one story, for both digests: their ids."""
    articles: list[Article] = [grouped(store, feed, f"e{n}", "s_1") for n in range(3)]
    for one in articles:
        matched(store, one, "alerts", "morning")
    return [one.id for one in store.digests.pending("alerts")]


def test_a_match_that_another_digest_planned_is_told_there_and_its_batch_stands_as_it_does(
    store: Store, three: list[int]
) -> None:
    recorded(store, "alerts", "s_1#1", three[:1], parts=2, to=("desk@example.org", "b@example.org"))
    found = store.digests.sent_elsewhere("morning", three)
    assert found.told == {three[0]: (ToldElsewhere("alerts", (("s_1#1", three[0]),)),)}
    assert [(one.recipient, one.sent_at) for one in found.batches] == [
        ("b@example.org", None),
        ("desk@example.org", None),
    ]
    send(store, "alerts-s_1#1-desk@example.org-1", "alerts-s_1#1-b@example.org-1", "alerts-s_1#1-b@example.org-2")
    assert store.digests.sent_elsewhere("morning", three).batches == (
        BatchSent("alerts", "s_1#1", "desk", ChannelKind.EMAIL, "b@example.org", NOON, SENT_AT),
        BatchSent("alerts", "s_1#1", "desk", ChannelKind.EMAIL, "desk@example.org", NOON, None),
    )


def test_the_digest_itself_is_no_other(store: Store, three: list[int]) -> None:
    recorded(store, "morning", "w1", three)
    assert not store.digests.sent_elsewhere("morning", three).told


def test_a_merged_match_is_told_with_everything_that_was_told_of_its_rule_and_story(
    store: Store, three: list[int]
) -> None:
    recorded(store, "alerts", "s_1#1", three[:1])
    recorded(store, "alerts", "s_1#2", three[1:2])
    recorded(store, "alerts", "s_1#3", [], merged=three[2:])
    found = store.digests.sent_elsewhere("morning", three[2:])
    assert found.told == {three[2]: (ToldElsewhere("alerts", (("s_1#1", three[0]), ("s_1#2", three[1]))),)}
    assert {one.batch for one in found.batches} == {"s_1#1", "s_1#2"}


@pytest.mark.parametrize("why", [Merged.UPDATES_OFF, Merged.BEFORE_SUBSCRIPTION])
def test_what_was_merged_though_it_may_be_news_is_told_nowhere(store: Store, three: list[int], why: Why) -> None:
    recorded(store, "alerts", "s_1#1", three[:1])
    recorded(store, "alerts", "s_1#2", [], merged=three[1:], why=why)
    assert set(store.digests.sent_elsewhere("morning", three).told) == {three[0]}


def test_a_story_shown_short_is_kept_with_its_matches(store: Store, three: list[int]) -> None:
    recorded(store, "alerts", "s_1#1", three, short=(shown("s_1", AlreadySent.BRIEF, three[0]),))
    (standing,) = store.digests.sent_elsewhere("morning", three).batches
    assert standing.short == {three[0]}


def test_a_dry_run_of_another_digest_tells_nobody(store: Store, three: list[int]) -> None:
    short = (shown("s_1", AlreadySent.SKIP, three[0]),)
    recorded(store, "alerts", "s_1#1", three, draft=True, short=short)
    assert not store.digests.sent_elsewhere("morning", three).told
    recorded(store, "alerts", "s_1#1", three)
    (standing,) = store.digests.sent_elsewhere("morning", three).batches
    assert (standing.sent_at, standing.short) == (None, frozenset()), "its drafts are not looked at"


def test_a_plan_with_stories_that_are_left_out_is_recorded_once(store: Store, three: list[int]) -> None:
    short = tuple(shown(f"s_{n}", AlreadySent.SKIP, n) for n in range(1000))
    for _ in range(2):
        recorded(store, "alerts", "s_1#1", three, short=short)
    with store._db.read() as connection:  # type: ignore[attr-defined]
        assert connection.execute(sa.select(sa.func.count()).select_from(t.sent_before)).scalar_one() == 1000


def test_messages_about_a_story_are_found_where_its_articles_stand_now(store: Store, three: list[int]) -> None:
    recorded(store, "alerts", "s_1#1", three[:1], parts=2)
    recorded(store, "alerts", "s_1#2", three[1:2], thread="alerts-s_1#1-desk@example.org-1")
    with store._db.write() as connection:  # type: ignore[attr-defined]
        connection.execute(t.articles.update().values(story_id="s_other"))
    first, second = "alerts-s_1#1-desk@example.org-1", "alerts-s_1#2-desk@example.org-1"
    to = ("desk", ChannelKind.EMAIL, "desk@example.org")
    assert store.digests.messages_about("alerts", "s_other") == [
        EarlierMessage(first, *to),
        EarlierMessage(second, *to, first),
    ]
    assert store.digests.messages_about("alerts", "s_1") == []
    assert store.digests.messages_about("morning", "s_other") == []


@pytest.mark.parametrize("state", [DeliveryState.DEAD, DeliveryState.SUPPRESSED])
def test_a_message_that_does_not_go_out_begins_no_thread(
    store: Store, three: list[int], state: DeliveryState
) -> None:
    recorded(store, "alerts", "s_1#1", three[:1])
    with store._db.write() as connection:  # type: ignore[attr-defined]
        connection.execute(t.deliveries.update().values(state=state.value))
    assert store.digests.messages_about("alerts", "s_1") == []


def test_a_thread_whose_beginning_was_pruned_is_none(store: Store, three: list[int]) -> None:
    recorded(store, "alerts", "s_1#2", three[:1], thread="pruned long ago")
    (only,) = store.digests.messages_about("alerts", "s_1")
    assert only.parent is None


def test_drafts_and_real_messages_are_apart(store: Store, three: list[int]) -> None:
    recorded(store, "alerts", "s_1#1", three[:1], draft=True)
    recorded(store, "alerts", "s_1#1", three[:1])
    (real,) = store.digests.messages_about("alerts", "s_1")
    (draft,) = store.digests.messages_about("alerts", "s_1", draft=True)
    assert (real.key, draft.key) == ("alerts-s_1#1-desk@example.org-1", "draft-alerts-s_1#1-desk@example.org-1")


def test_what_was_shown_short_goes_with_its_batch(waiting: Store) -> None:
    with waiting._db.write() as connection:  # type: ignore[attr-defined]
        row = {"digest": "morning", "batch": "b1", "story": "s_1", "receiver": "desk", "channel": "email"}
        rest = {
            "recipient": "a",
            "shown": "skip",
            "by_digest": "x",
            "by_batch": "y",
            "sent_at": NOON,
            "matches": [],
        }
        connection.execute(t.sent_before.insert(), [{**row, **rest}, {**row, **rest, "batch": "b2"}])
        for table in (t.attempts, t.deliveries, t.routings, t.matches, t.articles):
            connection.execute(table.delete())
    later = NOON + timedelta(days=400)
    limits = PruneLimits(later, later, later, later, later, "")
    assert waiting.retention.prune(PruneStep.BATCHES, limits, 100) == 1
    with waiting._db.read() as connection:  # type: ignore[attr-defined]
        assert connection.execute(sa.select(t.sent_before.c.batch)).scalars().all() == ["b2"]


def test_the_receivers_that_a_delivery_stands_for_come_back(store: Store, three: list[int]) -> None:
    store.digests.open_digest("alerts", NOON)
    row = NewDelivery(
        "k", "alerts", "b", "desk", ChannelKind.EMAIL, "a@example.org", message(), also=("ops", "night")
    )
    store.digests.record_plan(Plan("alerts", "b", WINDOW, tuple(three), (), (row,), 1, False), NOON)
    (claimed,) = store.outbox.claim(NOON + DAY, LEASE, 1)
    assert claimed.new.also == ("ops", "night")
    found = {name: len(store.ledger.deliveries(receiver=name)) for name in ("desk", "ops", "night", "nigh", "%")}
    assert found == {"desk": 1, "ops": 1, "night": 1, "nigh": 0, "%": 0}


def test_more_batches_than_one_statement_asks_for_are_all_found(store: Store, feed: Feed) -> None:
    articles = [grouped(store, feed, f"e{n}") for n in range(3)]
    for one in articles:
        matched(store, one, "alerts", "morning")
    first = store.digests.pending("alerts")[0].id
    for n, one in enumerate(store.digests.pending("alerts")):
        recorded(store, "alerts", f"s_{n}#1", [one.id])
    send(store)
    wanted = [*range(first, first + 3), *range(10_000, 11_000)]
    found = store.digests.sent_elsewhere("morning", wanted)
    assert len(found.told) == 3
    assert all(one.sent_at == SENT_AT for one in found.batches)
