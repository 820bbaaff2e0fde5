"""Tokens and sessions: whom they let in, for how long, and what no guess opens."""

from __future__ import annotations

import base64
import hmac
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import NOON
from newsroom import fresh_store

from monitor.app.entrance import ADDRESSES, SESSION, TRIES, WITHIN, Entrance, Refusal, hash_of, new_token
from monitor.model.web import AccessToken, Role, Visitor
from monitor.testing import FakeClock

TOKEN, HASH = new_token(bytes(32))
ANNA = AccessToken("anna", Role.OPERATOR, HASH)
READER = AccessToken("desk", Role.READER, hash_of("mon_reader"))
KEY = b"k" * 32


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOON)


@pytest.fixture
def tokens() -> list[AccessToken]:
    return [ANNA, READER]


@pytest.fixture
def entrance(tokens: list[AccessToken], clock: FakeClock) -> Entrance:
    return Entrance(lambda: tokens, KEY, clock)


def seen(entrance: Entrance, session: str) -> Visitor | None:
    """Who comes by that session, whatever it is called."""
    found = entrance.visitor_of(session, "")
    return found and replace(found, session="")


def test_without_tokens_whoever_reaches_the_pages_may_act(clock: FakeClock) -> None:
    free = Entrance(tuple, KEY, clock)
    assert free.visitor_of("", "") == Visitor("", Role.OPERATOR)


def test_where_pages_are_not_free_nobody_comes_in_without_tokens(clock: FakeClock) -> None:
    closed = Entrance(tuple, KEY, clock, free=lambda: False)
    assert closed.visitor_of("", "") is None
    assert closed.admit("", "127.0.0.1").refusal is Refusal.WRONG


def test_a_token_opens_a_session_that_says_who_it_is(entrance: Entrance) -> None:
    assert entrance.visitor_of("", "") is None
    session = entrance.admit(f" {TOKEN}\n", "127.0.0.1").session
    assert seen(entrance, session) == Visitor("anna", Role.OPERATOR)
    assert TOKEN not in session
    assert HASH not in session


def test_a_program_shows_its_token_each_time(entrance: Entrance) -> None:
    assert entrance.visitor_of("", "mon_reader") == Visitor("desk", Role.READER)
    assert entrance.visitor_of("", "mon_writer") is None


def test_a_session_ends_and_outlives_a_restart_until_then(
    entrance: Entrance, tokens: list[AccessToken], clock: FakeClock
) -> None:
    session = entrance.admit(TOKEN, "").session
    clock.advance(SESSION - timedelta(seconds=1))
    assert Entrance(lambda: tokens, KEY, clock).visitor_of(session, "") is not None
    clock.advance(timedelta(seconds=2))
    assert entrance.visitor_of(session, "") is None


def test_a_token_that_leaves_the_config_or_is_made_anew_takes_its_sessions_with_it(
    entrance: Entrance, tokens: list[AccessToken]
) -> None:
    session = entrance.admit(TOKEN, "").session
    tokens[0] = AccessToken("anna", Role.OPERATOR, hash_of("mon_another"))
    assert entrance.visitor_of(session, "") is None
    tokens[0] = AccessToken("anna", Role.READER, HASH)
    assert seen(entrance, session) == Visitor("anna", Role.READER)  # the role is that of now
    tokens[:] = [READER]
    assert entrance.visitor_of(session, "") is None


def test_another_key_signs_other_sessions(entrance: Entrance, tokens: list[AccessToken], clock: FakeClock) -> None:
    session = entrance.admit(TOKEN, "").session
    assert Entrance(lambda: tokens, b"x" * 32, clock).visitor_of(session, "") is None


@given(st.data())
def test_a_session_of_which_any_letter_was_changed_opens_nothing(data: st.DataObject) -> None:
    entrance = Entrance(lambda: [ANNA], KEY, FakeClock(NOON))
    session = entrance.admit(TOKEN, "").session
    place = data.draw(st.integers(0, len(session) - 2))  # the last letter holds bits that nobody reads
    letter = data.draw(st.characters().filter(lambda one: one != session[place]))
    changed = session[:place] + letter + session[place + 1 :]
    said = entrance.visitor_of(changed, "")
    # Only where what is signed stayed the same: unused bits at the end of the first part.
    assert said is None or place == session.index(".") - 1


@given(st.text(max_size=200))
def test_no_text_is_a_session_or_breaks_anything(text: str) -> None:
    entrance = Entrance(lambda: [ANNA], KEY, FakeClock(NOON))
    assert entrance.visitor_of(text, "") is None
    assert entrance.visitor_of("", text) is None
    assert entrance.admit(text, "").refusal is not None


def guess(entrance: Entrance, address: str, times: int = TRIES) -> None:
    for _ in range(times):
        assert entrance.admit("mon_guess", address).refusal is Refusal.WRONG


def test_who_guesses_waits_and_others_do_not(entrance: Entrance, clock: FakeClock) -> None:
    guess(entrance, "10.0.0.1")
    refused = entrance.admit("mon_guess", "10.0.0.1")
    assert refused.refusal is Refusal.TOO_OFTEN
    assert timedelta(0) < refused.wait <= WITHIN
    guess(entrance, "10.0.0.2")
    clock.advance(WITHIN)
    guess(entrance, "10.0.0.1")


def test_a_right_token_is_never_locked_out(entrance: Entrance) -> None:
    guess(entrance, "10.0.0.1")
    assert entrance.admit("mon_guess", "10.0.0.1").refusal is Refusal.TOO_OFTEN
    assert entrance.admit(TOKEN, "10.0.0.1").session


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1", "2001:db8::ffff:1:2"),  # one customer has the whole network
        ("10.0.0.1", "::ffff:10.0.0.1"),
        ("no address", "' OR 1=1 --"),
    ],
)
def test_who_has_many_addresses_guesses_no_more_often(entrance: Entrance, one: str, other: str) -> None:
    guess(entrance, one)
    assert entrance.admit("mon_guess", other).refusal is Refusal.TOO_OFTEN
    guess(entrance, "2001:db8:0:1::1")


def test_addresses_are_forgotten_before_they_fill_the_memory(entrance: Entrance) -> None:
    guess(entrance, "10.0.0.1")
    for number in range(ADDRESSES):
        guess(entrance, f"10.1.{number // 256}.{number % 256}", times=1)
    guess(entrance, "10.0.0.1")


def test_who_logs_out_takes_every_copy_of_the_cookie_with_it_and_no_other_session(
    tokens: list[AccessToken], clock: FakeClock
) -> None:
    store = fresh_store()
    entrance = Entrance(lambda: tokens, KEY, clock, ended=store.sessions)
    here, there = (entrance.admit(TOKEN, "").session for _ in range(2))
    visitor, other = (entrance.visitor_of(one, "") for one in (here, there))
    assert visitor is not None
    assert other is not None
    assert not entrance.has_left(visitor)
    entrance.log_out(visitor)
    again = Entrance(lambda: tokens, KEY, clock, ended=store.sessions)  # after a restart
    assert again.has_left(visitor)
    assert not again.has_left(other)
    entrance.log_out(Visitor("desk", Role.READER))  # a program with its token has no session to end
    assert not entrance.has_left(Visitor("desk", Role.READER))


def test_a_session_of_an_older_version_which_could_not_be_ended_is_none(entrance: Entrance) -> None:
    said = f"anna\n{HASH[:16]}\n{int((NOON + SESSION).timestamp())}".encode()
    key = hmac.digest(KEY, b"sessions of the dashboard", "sha256")
    parts = (said, hmac.digest(key, said, "sha256"))
    session = ".".join(base64.urlsafe_b64encode(one).decode().rstrip("=") for one in parts)
    assert entrance.visitor_of(session, "") is None


def test_a_hash_is_shown_by_no_repr() -> None:
    assert HASH not in repr(ANNA)
