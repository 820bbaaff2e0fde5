"""Incidents: when one begins, goes on and ends, and what is told of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from made import MINUTE, NOON

from monitor.core.health.incidents import SETTLED_AFTER, Tell, changes, tell
from monitor.core.health.troubles import FEWEST_FEEDS, feeds_failing, reload_refused, unheard, unplanned
from monitor.model.delivery import EmailEndpoint, Receiver, StdoutEndpoint
from monitor.model.digest import DigestSettings, Immediate
from monitor.model.health import Change, FeedsAlive, Incident, IncidentKind, Trouble

BROKEN = Trouble(IncidentKind.RECEIVER_BROKEN, "desk/slack", "403 no_service")


def incident(id: int = 1, **more: Any) -> Incident:
    values: dict[str, Any] = {
        "kind": IncidentKind.RECEIVER_BROKEN,
        "subject": "desk/slack",
        "detail": "403 no_service",
        "opened_at": NOON,
    }
    return Incident(id=id, **{**values, **more})


def test_a_trouble_that_is_not_known_is_opened_and_one_that_is_gone_is_closed() -> None:
    assert changes([], [BROKEN]) == Change(opened=(BROKEN,))
    assert changes([incident()], []) == Change(closed=(1,))
    assert not changes([incident()], [BROKEN])


def test_one_that_comes_back_before_its_end_was_told_is_the_same_and_goes_on() -> None:
    over = incident(told_at=NOON, closed_at=NOON + MINUTE)
    assert changes([over], [BROKEN]) == Change(going=((1, "403 no_service"),))
    assert not changes([over], [])


def test_another_error_of_the_same_trouble_is_noted_without_a_new_incident() -> None:
    now = Trouble(BROKEN.kind, BROKEN.subject, "410 gone")
    assert changes([incident()], [now]) == Change(going=((1, "410 gone"),))


def test_the_beginning_is_told_once_and_at_once() -> None:
    assert tell(incident(), [], NOON) is Tell.BEGINS
    assert tell(incident(told_at=NOON), [], NOON + MINUTE) is Tell.GOES_ON


def test_the_end_is_told_when_it_has_stayed_away_for_an_hour() -> None:
    over = incident(told_at=NOON, closed_at=NOON)
    assert tell(over, [], NOON + SETTLED_AFTER - MINUTE) is Tell.MAY_COME_BACK
    assert tell(over, [], NOON + SETTLED_AFTER) is Tell.ENDED
    assert tell(over, [], NOON - timedelta(days=1)) is Tell.ENDED, "the clock was set back"


def test_what_was_over_before_it_was_told_has_no_end_to_tell() -> None:
    assert tell(incident(closed_at=NOON), [], NOON + 2 * SETTLED_AFTER) is Tell.NEVER_TOLD


def test_who_edits_rules_has_a_minute_to_mend_a_slip() -> None:
    slip = incident(kind=IncidentKind.RELOAD_FAILED, subject="rules.toml:3: expected a term")
    assert tell(slip, [slip], NOON + MINUTE / 2) is Tell.MAY_BE_MENDED
    assert tell(slip, [slip], NOON + MINUTE) is Tell.BEGINS


def test_a_reload_refused_for_another_problem_does_not_hold_again() -> None:
    first = incident(1, kind=IncidentKind.RELOAD_FAILED, subject="one", told_at=NOON, closed_at=NOON)
    second = incident(2, kind=IncidentKind.RELOAD_FAILED, subject="two")
    assert tell(first, [first, second], NOON + MINUTE) is Tell.REPLACED
    assert tell(first, [first], NOON + SETTLED_AFTER) is Tell.ENDED


def test_half_of_the_feeds_failing_at_once_is_one_trouble_and_few_feeds_are_none() -> None:
    (one,) = feeds_failing(FeedsAlive(212, 106, "Dawn: no such host"))
    assert one.kind is IncidentKind.FEEDS_FAILING
    assert "106 of 212 feeds fail at once" in one.detail
    assert "Dawn: no such host" in one.detail
    assert not feeds_failing(FeedsAlive(212, 105, "x"))
    assert not feeds_failing(FeedsAlive(FEWEST_FEEDS - 1, FEWEST_FEEDS - 1, "x"))


def test_a_digest_is_unheard_when_the_last_of_its_readers_unsubscribed() -> None:
    digest = DigestSettings("morning", ("*",), ("desk",), Immediate())
    desk = {"desk": Receiver("desk", (EmailEndpoint(("Ann@example.org", "bo@example.org")),))}
    gone = {("morning", "ann@example.org"), ("morning", "bo@example.org")}
    assert [one.subject for one in unheard([digest], desk, gone)] == ["morning"]
    assert not unheard([digest], desk, {("morning", "ann@example.org"), ("evening", "bo@example.org")})
    both = {"desk": Receiver("desk", (*desk["desk"].endpoints, StdoutEndpoint()))}
    assert not unheard([digest], both, gone)


def test_a_digest_that_fails_for_ten_minutes_is_a_trouble() -> None:
    failing = {"morning": (NOON, "ZeroDivisionError: division by zero")}
    assert not unplanned(failing, NOON + 9 * MINUTE)
    (one,) = unplanned(failing, NOON + 10 * MINUTE)
    assert (one.subject, one.detail) == ("morning", "cannot be planned: ZeroDivisionError: division by zero")


def test_a_problem_of_any_length_becomes_one_short_line() -> None:
    (one,) = reload_refused("rules.toml:3: expected\n a term " * 1000)
    assert "\n" not in one.subject
    assert len(one.subject) <= 300
    assert not reload_refused(None)
