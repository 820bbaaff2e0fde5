"""What every store promises of `monitor forget`: the words go, the keys stay, and nobody misses an alert by it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from made import feed_settings
from newsroom import DAY, FEED, HOUR, OTHER_FEED, Newsroom, answer, digest_settings, item, rss

from monitor.adapters.store import tables
from monitor.adapters.store.checkup import check_store
from monitor.adapters.store.sql import SqlStore
from monitor.core.text.urls import canonical_url
from monitor.model.delivery import ChannelKind, DeliveryState, FileEndpoint, Receiver
from monitor.model.digest import Every, MessageFormat
from monitor.model.entry import Fate
from monitor.model.errors import DeliveryFailed, DeliveryFault
from monitor.model.ledger import RoutingState
from monitor.model.retention import FORGOTTEN, GoneReason, Traces, Unsent
from monitor.testing import RecordingChannel, StaticRecognizer

URL = "https://news.example/e1"
# Words that stand nowhere but in the text that is forgotten.
TITLE = "Zahra Quraishi held at Torkham"
SUMMARY = "Zahra Quraishi said that Torkham was closed by Colonel Wazirzada."
SECRET = ("zahra", "quraishi", "wazirzada", "held at")


@pytest.fixture
def room(store: SqlStore) -> Newsroom:
    return Newsroom(
        store=store,
        feeds=[feed_settings(FEED, backfill=DAY), feed_settings(OTHER_FEED, name="Wire", backfill=DAY)],
        recognizer=StaticRecognizer({"Zahra Quraishi": "person"}),
    )


def bring(room: Newsroom, *items: str, wire: tuple[str, ...] = ()) -> None:
    """Both feeds list these, and every stage takes its turn."""
    room.fetcher.answers.update({FEED: rss(*items), OTHER_FEED: rss(*wire)})
    room.store.feeds.make_all_due(room.clock.now())
    room.turn()


def forget(room: Newsroom, url: str = URL, *, even_unsent: bool = False) -> Traces:
    return room.store.retention.forget(url, canonical_url(url), room.clock.now(), even_unsent=even_unsent)


def words_left(room: Newsroom) -> list[str]:
    """Where in the store a word of the secret still stands, the feeds' own ids and addresses apart."""
    return [
        f"{table}: {row}"
        for table, rows in room.dump().items()
        for row in rows
        if any(word in str(row).casefold() for word in SECRET)
    ]


def sent(room: Newsroom) -> list[tuple[str, str]]:
    """(receiver, headline) of every story that reached a channel."""
    return [
        (name, story["headline"])
        for (name, _), channel in sorted(room.channels.items())
        if isinstance(channel, RecordingChannel)
        for message, _, _ in channel.sent
        for story in (message.payload or {})["stories"]
    ]


def sound(room: Newsroom) -> bool:
    return not [found for _, some in check_store(room.store._db) for found in some]


def secret(id: str = "e1", title: str = TITLE, summary: str = SUMMARY, link: str = URL) -> str:
    return item(id, title, summary, link=link).replace("<title>", "<author>Wazirzada</author><title>")


def test_every_word_goes_and_the_record_stays(room: Newsroom) -> None:
    bring(room, secret())
    assert words_left(room)
    found = forget(room)
    assert (found.titles, found.entries, found.articles, found.matches, found.messages) == ((TITLE,), 1, 1, 1, 1)
    assert words_left(room) == []
    (fate,) = room.fates()
    assert fate.article is not None
    assert (fate.entry.parsed.title, fate.article.title) == (FORGOTTEN, FORGOTTEN)
    assert (fate.entry.parsed.link, fate.entry.fate) == (URL, Fate.READ)
    assert fate.article.text_gone is not None
    assert (fate.article.text_gone.reason, fate.article.text_gone.at) == (
        GoneReason.FORGOTTEN,
        room.clock.now(),
    )
    (match,) = fate.matches
    assert match.match.new.rule.id == "torkham-closed"
    (routing,) = match.routings
    (listed,) = routing.deliveries
    assert (routing.state, listed.state) == (RoutingState.PLANNED, DeliveryState.SENT)
    (delivery,) = room.store.ledger.deliveries_called(listed.new.key)
    assert (delivery.new.message.subject, delivery.new.message.payload) == (FORGOTTEN, None)
    assert sound(room)


def test_an_address_that_nobody_knows_changes_nothing(room: Newsroom) -> None:
    bring(room, secret())
    before = room.dump()
    assert forget(room, "https://news.example/other") == Traces()
    assert room.dump() == before


def test_a_look_changes_nothing(room: Newsroom) -> None:
    bring(room, secret())
    before = room.dump()
    assert room.store.retention.traces(URL, canonical_url(URL)).entries == 1
    assert room.dump() == before


def test_it_does_not_come_back_while_the_feed_lists_it_on(room: Newsroom) -> None:
    bring(room, secret())
    forget(room)
    for _ in range(3):
        room.clock.advance(20 * HOUR)
        bring(room, secret(), item("e2", f"Floods {room.clock.now()}", "The flood came at night."))
    assert words_left(room) == []
    assert len(room.fates()) == 1


@pytest.mark.parametrize("changed", [{"id": "other"}, {"link": "https://news.example/moved"}])
def test_it_does_not_come_back_under_another_id_or_address(room: Newsroom, changed: dict[str, str]) -> None:
    bring(room, secret())
    forget(room)
    room.clock.advance(HOUR)
    bring(room, secret(**changed), item("e2", "Floods", "The flood came at night."))
    assert words_left(room) == []


def test_all_wordings_of_all_feeds_go_and_other_texts_stay(room: Newsroom) -> None:
    bring(
        room, secret(), item("e2", "Floods", "The flood came."), wire=(secret("w1", link=f"{URL}?utm_source=x"),)
    )
    room.clock.advance(HOUR)
    bring(room, secret(summary=f"{SUMMARY} Wazirzada denied it."), wire=(secret("w1", link=URL),))
    found = forget(room)
    assert (found.entries, found.articles) == (3, 3)
    assert words_left(room) == []
    assert room.article("e2").text == "The flood came."


def test_a_wording_that_moved_to_another_address_goes_with_it(room: Newsroom) -> None:
    bring(room, secret())
    room.clock.advance(HOUR)
    bring(room, secret(summary=f"{SUMMARY} Wazirzada denied it.", link="https://news.example/moved"))
    assert forget(room).entries == 2
    assert words_left(room) == []


def test_a_page_is_found_by_its_own_address_behind_a_redirect(store: SqlStore) -> None:
    room = Newsroom(store=store, feeds=[feed_settings(FEED, backfill=DAY, full_text=True)])
    page = f"<html><head><title>{TITLE}</title></head><body><p>{SUMMARY * 9}</p></body></html>".encode()
    link = "https://short.example/x"
    room.fetcher.answers[link] = answer(page, permanent_url=URL)
    bring(room, item("e1", TITLE, SUMMARY, link=link))
    assert forget(room).entries == 1
    assert words_left(room) == []


def test_an_edit_made_later_is_a_new_text_and_tells_only_what_is_new(room: Newsroom) -> None:
    bring(room, secret())
    forget(room)
    room.clock.advance(HOUR)
    bring(room, secret(summary=f"{SUMMARY} Rain fell."))
    assert len(sent(room)) == 1
    room.clock.advance(HOUR)
    bring(room, secret(summary=f"{SUMMARY} Rain fell. Then Torkham was closed again."))
    assert len(sent(room)) == 2


def test_copies_under_other_addresses_are_named_and_kept(room: Newsroom) -> None:
    long = f"{SUMMARY} " + " ".join(f"word{n}" for n in range(160))
    bring(room, secret(summary=long), wire=(secret("w1", summary=long, link="https://wire.example/w1"),))
    found = forget(room)
    assert found.copies == ("https://wire.example/w1",)
    (kept,) = room.store.ledger.fates("https://wire.example/w1", "https://wire.example/w1")
    assert SUMMARY in kept.entry.parsed.summary
    forget(room, "https://wire.example/w1")
    assert words_left(room) == []
    assert forget(room).copies == ()


def test_other_reports_of_the_event_are_no_copies(room: Newsroom) -> None:
    bring(room, secret(), wire=(secret("w1", "Ministers meet", summary="Talks.", link="https://wire.example/w1"),))
    with room.store._db.write() as connection:
        connection.execute(tables.articles.update().values(story_id="s_1"))
    assert forget(room).copies == ()


def test_a_copy_that_comes_later_alerts_rather_than_hides(room: Newsroom) -> None:
    bring(room, secret())
    forget(room)
    room.clock.advance(HOUR)
    bring(room, secret(), wire=(secret("w1"),))
    assert len(sent(room)) == 2


def test_a_second_time_finds_it_forgotten_and_keeps_the_first_time(room: Newsroom) -> None:
    bring(room, secret())
    forget(room)
    before = room.dump()
    room.clock.advance(DAY)
    again = forget(room)
    assert (again.entries, again.forgotten, again.titles) == (1, 1, (FORGOTTEN,))
    assert room.dump() == before


def test_an_entry_from_before_the_subscription_is_forgotten_too(room: Newsroom) -> None:
    old = item("e1", TITLE, SUMMARY, published=room.clock.now() - 3 * DAY)
    bring(room, old)
    assert forget(room).entries == 1
    room.clock.advance(HOUR)
    bring(room, old, item("e2", "Floods", "The flood came."))
    assert words_left(room) == []
    assert room.fate() is Fate.SEEN_AT_SUBSCRIBE


def test_a_text_that_pruning_dropped_loses_its_title_too(room: Newsroom) -> None:
    bring(room, secret())
    room.clock.advance(31 * DAY)
    room.prune()
    assert forget(room).forgotten == 0
    assert words_left(room) == []


# ---- what somebody still waits for


LATER = DeliveryFailed(DeliveryFault.TEMPORARY, "later")
WEEKLY = digest_settings("weekly", schedule=Every(timedelta(days=7)))


def test_what_a_digest_has_not_sent_is_not_removed_by_default(store: SqlStore) -> None:
    room = Newsroom(store=store, digests=[WEEKLY])
    room.bring_in(secret())
    before = room.dump()
    found = forget(room)
    assert found.waits
    assert found.unsent == (Unsent("weekly"),)
    assert room.dump() == before


def test_what_a_digest_has_not_sent_is_removed_when_told_so_and_the_record_says_it(store: SqlStore) -> None:
    room = Newsroom(store=store, digests=[WEEKLY])
    room.bring_in(secret(), item("e2", "Floods", "The flood came."))
    assert forget(room, even_unsent=True).unsent == (Unsent("weekly"),)
    assert words_left(room) == []
    (routing,) = room.fates()[0].matches[0].routings
    assert routing.state is RoutingState.FORGOTTEN
    room.plan(close_all=True)
    room.deliver()
    assert sent(room) == [("desk", "Floods")]
    assert sound(room)


def test_what_waits_to_be_read_is_never_read_when_told_so(room: Newsroom) -> None:
    room.serve(secret())
    room.poll()
    assert forget(room).unread == 1
    assert words_left(room)
    forget(room, even_unsent=True)
    room.turn()
    assert words_left(room) == []
    (fate,) = room.fates()
    assert (fate.entry.fate, fate.article) == (Fate.FORGOTTEN, None)
    assert sound(room)


def test_a_page_that_is_being_fetched_brings_nothing_back(room: Newsroom) -> None:
    room.serve(secret())
    room.poll()
    (entry,) = room.store.articles.waiting(room.clock.now(), 10)
    forget(room, even_unsent=True)
    from made import new_article

    room.store.articles.record_read(new_article(entry.row, TITLE, SUMMARY, feed_id=entry.feed_id))
    assert words_left(room) == []


@pytest.mark.parametrize("stages", [("poll", "read"), ("poll", "read", "group")])
def test_what_waits_to_be_matched_is_never_matched_when_told_so(room: Newsroom, stages: tuple[str, ...]) -> None:
    room.serve(secret())
    for stage in stages:
        getattr(room, stage)()
    assert forget(room).unread == 1
    forget(room, even_unsent=True)
    room.turn()
    assert words_left(room) == []
    article = room.article()
    assert (article.ruleset, article.story_id is not None) == (None, True)
    assert not sent(room)
    # what is edited later starts from nothing
    room.clock.advance(HOUR)
    bring(room, secret(summary=f"{SUMMARY} Rain fell."))
    assert len(sent(room)) == 1
    assert sound(room)


TWO = (
    Receiver("desk", (FileEndpoint("a", MessageFormat.JSON),)),
    Receiver("night", (FileEndpoint("b", MessageFormat.JSON),)),
)


def undelivered(store: SqlStore) -> Newsroom:
    """A digest of two stories that the desk has, and the night not yet."""
    room = Newsroom(
        store=store,
        digests=[digest_settings("half-hourly", schedule=Every(timedelta(minutes=30)), to=("desk", "night"))],
        receivers=TWO,
        channels={("night", ChannelKind.FILE): RecordingChannel([LATER])},
    )
    room.bring_in(secret(), item("e2", "Floods", "The flood came."))
    room.clock.advance(timedelta(minutes=31))
    room.plan()
    room.deliver()
    assert sorted(sent(room)) == [("desk", "Floods"), ("desk", TITLE)]
    return room


def test_a_message_that_waits_keeps_its_text_by_default(store: SqlStore) -> None:
    room = undelivered(store)
    assert forget(room).unsent == (Unsent("half-hourly", "night"),)
    room.clock.advance(DAY)
    room.deliver()
    assert ("night", TITLE) in sent(room)
    assert forget(room).waits is False
    assert words_left(room) == []


def test_a_message_that_waits_is_given_up_when_told_so_and_what_else_it_told_is_told_anew(store: SqlStore) -> None:
    room = undelivered(store)
    forget(room, even_unsent=True)
    assert words_left(room) == []
    (dead,) = room.store.ledger.deliveries(state=DeliveryState.DEAD)
    assert "forgotten" in (dead.last_error or "")
    room.clock.advance(DAY)
    room.plan()
    room.deliver()
    assert ("night", "Floods") in sent(room)
    assert "night" not in {name for name, headline in sent(room) if headline == TITLE}
    assert sound(room)


def test_a_copy_that_was_merged_into_a_message_given_up_is_told_itself(store: SqlStore) -> None:
    long = f"{SUMMARY} " + " ".join(f"word{n}" for n in range(160))
    room = Newsroom(
        store=store,
        feeds=[feed_settings(FEED, backfill=DAY), feed_settings(OTHER_FEED, name="Wire", backfill=DAY)],
        channels={("desk", ChannelKind.FILE): RecordingChannel([LATER, LATER])},
    )
    bring(room, secret(summary=long))
    room.clock.advance(timedelta(minutes=1))
    bring(room, wire=(secret("w1", title="Copy: held", summary=long, link="https://wire.example/w1"),))
    copy = room.store.ledger.fates("https://wire.example/w1", "https://wire.example/w1")[0]
    assert [routing.state for routing in copy.matches[0].routings] == [RoutingState.MERGED]
    assert not sent(room)
    forget(room, even_unsent=True)
    room.clock.advance(HOUR)
    room.plan()
    room.deliver()
    assert [name for name, _ in sent(room)] == ["desk"]
    assert sound(room)
