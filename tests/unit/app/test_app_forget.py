"""`monitor forget`: what it says. What it does is the store's promise (tests/contract/test_forget_contract.py)."""

from __future__ import annotations

import json

import pytest
from newsroom import HOUR, Newsroom, item

from monitor.app.feed_view import feed_view, view_lines
from monitor.app.forget import StillAwaited, forget, forget_json, forget_lines, look, question
from monitor.app.known_feeds import KnownFeeds

URL = "https://news.example/e1"


@pytest.fixture
def room() -> Newsroom:
    """One story, told."""
    made = Newsroom()
    made.bring_in(item())
    made.plan()
    made.deliver()
    return made


def test_what_was_removed_is_said_in_numbers_and_what_stays_too(room: Newsroom) -> None:
    lines = forget_lines(forget(room.store, URL, clock=room.clock))
    assert lines == [
        f"Removed the text behind {URL}",
        '  title     "Torkham closed"',
        "  entries   1 entry, 1 article",
        "  matches   the matched words of 1 match",
        "  messages  the stored text of 1 message that told of it",
        "Kept: addresses, ids, dates, hashes, which rules matched and where each match went.",
        "Not in our hands: what was sent (mailboxes, Slack, files of receivers), and backups.",
    ]


def test_a_look_says_what_would_go(room: Newsroom) -> None:
    lines = forget_lines(look(room.store, URL))
    assert lines[0] == f"Would remove the text behind {URL}"
    assert not any(line.startswith("Kept") for line in lines)
    assert room.article().text


def test_an_unknown_address_says_so(room: Newsroom) -> None:
    said = forget(room.store, "https://news.example/other", clock=room.clock)
    assert forget_lines(said) == ["https://news.example/other: nothing of it is in the store."]
    assert not said.done


def test_a_second_time_says_that_it_was_forgotten(room: Newsroom) -> None:
    forget(room.store, URL, clock=room.clock)
    lines = forget_lines(forget(room.store, URL, clock=room.clock))
    assert lines[0] == f"{URL}: was forgotten before; its keys are all that is kept."


def test_who_still_waits_is_named_and_nothing_happens() -> None:
    room = Newsroom()
    room.bring_in(item())
    with pytest.raises(StillAwaited) as caught:
        forget(room.store, URL, clock=room.clock)
    assert "digest alerts has not sent it yet. Nothing was removed." in str(caught.value)
    assert "--even-unsent" in str(caught.value)
    assert "But digest alerts has not sent it yet" in "\n".join(forget_lines(look(room.store, URL)))
    assert room.article().text


def test_a_receiver_that_waits_is_named_with_its_digest(room: Newsroom) -> None:
    with room.store._db.write() as connection:
        connection.exec_driver_sql("UPDATE deliveries SET state = 'waiting'")
    with pytest.raises(StillAwaited, match=r"receiver desk has not got it yet \(digest alerts\)"):
        forget(room.store, URL, clock=room.clock)


def test_what_waits_for_the_rules_is_counted() -> None:
    room = Newsroom()
    room.serve(item())
    room.poll()
    with pytest.raises(StillAwaited, match="1 wording of it waits for the rules to read it"):
        forget(room.store, URL, clock=room.clock)


def test_what_will_never_be_sent_is_said_when_it_is_forced() -> None:
    room = Newsroom()
    room.bring_in(item())
    lines = forget_lines(forget(room.store, URL, even_unsent=True, clock=room.clock))
    assert "  not sent  digest alerts has not sent it yet: nobody will be alerted of it" in lines


def test_copies_come_as_commands_to_type(room: Newsroom) -> None:
    room.clock.advance(HOUR)
    room.bring_in(item(), item("copy", link="https://news.example/copy"))
    room.plan()
    lines = forget_lines(forget(room.store, URL, clock=room.clock))
    assert lines[-2:] == [
        "The same text under other addresses is kept:",
        "  monitor forget https://news.example/copy",
    ]


def test_json_tells_the_same_with_stable_keys(room: Newsroom) -> None:
    found = json.loads(json.dumps(forget_json(forget(room.store, URL, clock=room.clock))))
    assert found == {
        "url": URL,
        "removed": True,
        "titles": ["Torkham closed"],
        "entries": 1,
        "forgotten_before": 0,
        "articles": 1,
        "matches": 1,
        "messages": 1,
        "unread": 0,
        "unsent": [],
        "copies": [],
        "leftovers": None,
    }


def test_the_question_names_the_address(room: Newsroom) -> None:
    assert question(URL, look(room.store, URL).found) == f"Remove the text of 1 entry behind {URL} for good?"


def test_every_list_of_entries_has_a_word_for_one_that_was_forgotten_before_it_was_read() -> None:
    room = Newsroom()
    room.serve(item())
    room.poll()
    forget(room.store, URL, even_unsent=True, clock=room.clock)
    known = KnownFeeds(tuple(room.store.feeds.all()), {})
    lines = list(view_lines(feed_view(room.store, known, "News", 5, room.clock.now())))
    assert any(line.startswith("forgotten ") for line in lines), lines
