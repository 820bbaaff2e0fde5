"""Which silence keeps a match out of a digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from made import NOON

from monitor.core.digests.silences import STILL_DISCARDS, kept_out, swallowed
from monitor.model.silence import Keeping, Silence, SilenceMode, Swallowed, WaitingMatch

HOUR = timedelta(hours=1)
MATCH = WaitingMatch(7, "torkham-closed", ("border",), "s_1", NOON)


def silence(
    id: int = 1, *, discard: bool = False, starts: datetime = NOON, hours: int = 12, **more: Any
) -> Silence:
    mode = SilenceMode.DISCARD if discard else SilenceMode.HOLD
    values: dict[str, Any] = {"rules": ("torkham-*",), **more}
    return Silence(id, mode, starts, starts + hours * HOUR, "Sara", "works", starts, **values)


def kept(*silences: Silence, after: float = 1, match: WaitingMatch = MATCH, digest: str = "alerts") -> Any:
    found = kept_out(match, digest, silences, NOON + after * HOUR)
    return found and (found.silence.id, found.why)


@pytest.mark.parametrize(
    ("more", "fits"),
    [
        ({"rules": ("torkham-closed",)}, True),
        ({"rules": ("floods", "t*")}, True),
        ({"rules": ("Torkham-*",)}, False),  # case matters, as in the rules of a digest
        ({"rules": ("torkham",)}, False),
        ({"rules": (), "tags": ("trade", "border")}, True),
        ({"rules": (), "tags": ("trade",)}, False),
        ({"rules": (), "story": "s_1"}, True),
        ({"rules": (), "story": "s_2"}, False),
        ({"digests": ("alerts", "morning")}, True),
        ({"digests": ("morning",)}, False),
        ({"tags": ("border",), "story": "s_1", "digests": ("alerts",)}, True),
        ({"tags": ("border",), "story": "s_2"}, False),  # all that is given must hold
        ({"rules": ("floods",), "tags": ("border",)}, False),
    ],
)
def test_a_silence_fits_what_it_names_and_nothing_else(more: dict[str, Any], fits: bool) -> None:
    assert kept(silence(**more)) == ((1, Keeping.HELD) if fits else None)


def test_a_story_is_silenced_for_every_rule() -> None:
    other = replace(MATCH, rule="new-rule", tags=())
    assert kept(silence(rules=(), story="s_1"), match=other) == (1, Keeping.HELD)


def test_it_holds_from_its_start_to_its_end_the_end_not_included() -> None:
    assert kept(silence(starts=NOON + 2 * HOUR)) is None
    assert kept(silence(starts=NOON + 2 * HOUR), after=2) == (1, Keeping.HELD)
    assert kept(silence(), after=11.999) == (1, Keeping.HELD)
    assert kept(silence(), after=12) is None


def test_of_two_silences_the_one_that_holds_wins() -> None:
    assert kept(silence(1, discard=True), silence(2)) == (2, Keeping.HELD)
    assert kept(silence(1), silence(2, discard=True)) == (1, Keeping.HELD)


def test_what_was_held_is_told_though_another_silence_discards() -> None:
    both = silence(1, hours=2), silence(2, discard=True, hours=12)
    assert kept(*both, after=3) is None
    late = replace(MATCH, matched_at=NOON + 3 * HOUR)  # after the holding one
    assert kept(*both, after=4, match=late) == (2, Keeping.DISCARDED)


def test_of_several_that_hold_the_last_to_end_is_named_and_of_several_that_discard_the_first() -> None:
    assert kept(silence(1, hours=2), silence(2, hours=9), silence(3, hours=4)) == (2, Keeping.HELD)
    assert kept(silence(2, discard=True), silence(1, discard=True)) == (1, Keeping.DISCARDED)


def test_a_window_that_closes_after_the_silence_discards_what_matched_in_it() -> None:
    over = silence(discard=True, hours=2)
    assert kept(over, after=20) == (1, Keeping.DISCARDED_LATER)
    assert kept(over, after=20, match=replace(MATCH, matched_at=NOON + 2 * HOUR)) is None
    assert kept(over, after=20, match=replace(MATCH, matched_at=NOON - HOUR)) is None
    assert kept(over, after=2 + STILL_DISCARDS / HOUR) is None  # in doubt it is told


def test_a_match_from_before_the_silence_is_kept_out_while_it_lasts() -> None:
    before = replace(MATCH, matched_at=NOON - HOUR)
    assert kept(silence(discard=True), match=before) == (1, Keeping.DISCARDED)


def test_a_match_of_a_clock_that_was_ahead_is_kept_out_as_well() -> None:
    ahead = replace(MATCH, matched_at=NOON + 100 * HOUR)
    assert kept(silence(discard=True), match=ahead) == (1, Keeping.DISCARDED)
    assert kept(silence(hours=2), silence(2, discard=True), after=3, match=ahead) == (2, Keeping.DISCARDED)


def test_what_was_ended_by_hand_keeps_out_nothing() -> None:
    ended = NOON + HOUR / 2
    assert kept(silence(ended_at=ended), silence(2, discard=True, ended_at=ended)) is None


def test_a_silence_follows_its_story_into_another_one_and_holds_there_only() -> None:
    went = {"rules": (), "story": "s_9", "gone_into": "s_1"}
    assert kept(silence(**went)) == (1, Keeping.HELD_AFTER_MERGE)
    assert kept(silence(discard=True, **went)) == (1, Keeping.HELD_AFTER_MERGE)
    assert kept(silence(discard=True, **went), after=13) is None


def test_stories_are_counted_once_for_each_silence() -> None:
    first, second = silence(1, discard=True, rules=("a",)), silence(2, rules=("b",))
    matches = [WaitingMatch(n, rule, (), story, NOON) for n, (rule, story) in enumerate(["aS", "aS", "aT", "bS"])]
    answers = [(one, kept_out(one, "alerts", (first, second), NOON)) for one in matches]
    assert swallowed([(one, out) for one, out in answers if out is not None]) == (
        Swallowed(1, "works", NOON + 12 * HOUR, discarded=2),
        Swallowed(2, "works", NOON + 12 * HOUR, held=1),
    )
