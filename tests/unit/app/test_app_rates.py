"""How many entries and matches came, hour by hour and day by day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from newsroom import Newsroom, item

from monitor.app.rates import DAY, HOUR, Rates
from monitor.model.digest import Window
from monitor.model.measure import Came


def test_the_last_span_holds_now_and_all_are_whole_hours_or_days() -> None:
    room = Newsroom()
    now = datetime(2023, 2, 22, 13, 40, tzinfo=UTC)
    hours = Rates().last(room.store.facts, now, HOUR, 24)
    assert (len(hours), hours[0].start, hours[-1].start) == (
        24,
        now.replace(minute=0) - 23 * HOUR,
        now.replace(minute=0),
    )
    days = Rates().last(room.store.facts, now, DAY, 30)
    assert (days[0].start, days[-1].end) == (datetime(2023, 1, 24, tzinfo=UTC), datetime(2023, 2, 23, tzinfo=UTC))


def test_each_span_counts_what_came_in_it() -> None:
    room, rates = Newsroom(), Rates()
    room.bring_in(item(), item("e2", "Floods in Sindh", "Rain."))
    room.clock.advance(HOUR)
    room.bring_in(item("e3", "Torkham closed again", "Torkham closed."))
    found = rates.last(room.store.facts, room.clock.now(), HOUR, 3)
    assert [one.came.entries for one in found] == [0, 2, 1]
    assert sum(one.came.matches for one in found) == room.store.ledger.count_matches(room.clock.now() - DAY)


def test_what_is_over_is_asked_for_once() -> None:
    rates = Rates()
    asked: list[Window] = []

    class Facts:
        def came(self, window: Window) -> Came:
            asked.append(window)
            return Came()

    now = datetime(2023, 2, 22, 13, 40, tzinfo=UTC)
    for minutes in (0, 1, 2):
        rates.last(Facts(), now + timedelta(minutes=minutes), HOUR, 24)  # type: ignore[arg-type]
    assert len(asked) == 24 + 2
    assert {one.start for one in asked[24:]} == {now.replace(minute=0)}
    rates.last(Facts(), now + 3 * DAY, HOUR, 24)  # type: ignore[arg-type]
    assert len(rates._over) <= 24
