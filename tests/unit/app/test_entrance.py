"""Tokens and sessions: whom they let in, for how long, and what no guess opens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import NOON

from monitor.app.entrance import ALL_TRIES, SESSION, TRIES, WITHIN, Entrance, Refusal, hash_of, new_token
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


def test_without_tokens_whoever_reaches_the_pages_may_act(clock: FakeClock) -> None:
    free = Entrance(tuple, KEY, clock)
    assert not free.asks
    assert free.visitor_of("", "") == Visitor("", Role.OPERATOR)


def test_a_token_opens_a_session_that_says_who_it_is(entrance: Entrance) -> None:
    assert entrance.visitor_of("", "") is None
    session = entrance.admit(f" {TOKEN}\n", "127.0.0.1").session
    assert entrance.visitor_of(session, "") == Visitor("anna", Role.OPERATOR)
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
    assert entrance.visitor_of(session, "") == Visitor("anna", Role.READER)  # the role is that of now
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


def test_who_guesses_waits_and_others_do_not(entrance: Entrance, clock: FakeClock) -> None:
    for _ in range(TRIES):
        assert entrance.admit("mon_guess", "10.0.0.1").refusal is Refusal.WRONG
    refused = entrance.admit(TOKEN, "10.0.0.1")
    assert refused.refusal is Refusal.TOO_OFTEN
    assert timedelta(0) < refused.wait <= WITHIN
    assert entrance.admit(TOKEN, "10.0.0.2").session
    clock.advance(WITHIN)
    assert entrance.admit(TOKEN, "10.0.0.1").session


def test_guesses_from_everywhere_are_slowed_down_together(entrance: Entrance) -> None:
    for number in range(ALL_TRIES):
        entrance.admit("mon_guess", f"10.0.0.{number}")
    assert entrance.admit("mon_guess", "10.0.1.1").refusal is Refusal.TOO_OFTEN


def test_a_hash_is_shown_by_no_repr() -> None:
    assert HASH not in repr(ANNA)
