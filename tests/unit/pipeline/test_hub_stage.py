"""When hubs are asked, what for, and what becomes of their answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from made import decision
from newsroom import FEED, HOUR, Newsroom, item
from stored import record_poll

from monitor.core.feeds.websub import DENIED_FOR
from monitor.model.cadence import Cadence, HubOffer
from monitor.model.feed import PollSettings, Reading
from monitor.model.websub import HubAnswer, HubMode, HubRequest, HubState, HubSubscription
from monitor.pipeline.websub import HubReport, HubStage, HubStep

MINUTE = timedelta(minutes=1)
HOME = "https://desk.example"


@dataclass
class ScriptedHubs:
    """Answers as it is told; `verify` is called as some hubs do it: within the request."""

    error: str | None = None
    asked: list[dict[str, str]] = field(default_factory=list)

    def ask(self, requests: Sequence[HubRequest]) -> list[HubAnswer]:
        self.asked += [dict(one.form) for one in requests]
        return [HubAnswer(one.key, self.error) for one in requests]

    def close(self) -> None:
        """Nothing is in flight."""


@dataclass
class House:
    room: Newsroom
    hubs: ScriptedHubs
    stage: HubStage

    def offer(self, hub: str | None = "https://hub.example/") -> None:
        offered = HubOffer(hub, FEED) if hub else None
        record_poll(
            self.room.store,
            self.room.feed,
            decision(self.room.clock.now(), url=FEED),
            [],
            now=self.room.clock.now(),
            reading=Reading(cadence=Cadence(), hub=offered),
        )

    def run(self, after: timedelta = timedelta(0)) -> list[HubReport]:
        self.room.clock.advance(after)
        return list(self.stage.run(lambda: False))

    def verify(self, lease: timedelta = timedelta(days=10)) -> None:
        now = self.room.clock.now()
        self.room.store.hubs.note_verified(self.one, now, now + lease, now + lease * 2 / 3)

    @property
    def one(self) -> HubSubscription:
        (found,) = self.room.store.hubs.all()
        return found


def house_of(public_url: str = HOME) -> House:
    room = Newsroom()
    room.serve(item("e1"))
    room.poll()
    hubs = ScriptedHubs()
    return House(room, hubs, room.hub_asker(hubs, public_url))


@pytest.fixture
def house() -> House:
    return house_of()


def test_a_feed_that_offers_a_hub_is_subscribed_to_once(house: House) -> None:
    assert house.run() == []
    house.offer()
    (report,) = house.run(MINUTE)
    assert (report.step, report.error) == (HubStep.SUBSCRIBE, None)
    (form,) = house.hubs.asked
    assert form["hub.secret"] != form["hub.callback"].rpartition("/")[2]
    assert form["hub.callback"].startswith(f"{HOME}/websub/secret-")
    house.verify()
    assert house.run(MINUTE) == []


def test_a_hub_without_tls_gets_no_secret(house: House) -> None:
    house.offer("http://hub.example/")
    house.run(MINUTE)
    assert "hub.secret" not in house.hubs.asked[0]


def test_without_a_public_address_nothing_is_asked() -> None:
    house = house_of("")
    house.offer()
    assert house.run(MINUTE) == []
    assert house.room.store.hubs.all() == []


def test_a_hub_that_fails_is_asked_again_ever_later(house: House) -> None:
    house.hubs.error = "hub.example: answered 503"
    house.offer()
    house.run(MINUTE)
    waits = []
    for _ in range(9):
        waits.append(house.one.next_try_at - house.room.clock.now())
        house.room.clock.set(house.one.next_try_at)
        house.run()
    assert waits[:4] == [timedelta(minutes=15 * 2**n) for n in range(4)]
    assert waits[-1] == timedelta(hours=24)
    assert (house.one.failures, house.one.error) == (10, "hub.example: answered 503")


def test_a_hub_that_takes_the_request_and_never_verifies_is_failing_and_asked_ever_later(house: House) -> None:
    house.offer()
    house.run(MINUTE)
    assert house.run(10 * MINUTE) == []
    waits = []
    for number in range(9):
        assert (house.one.failures, house.one.state) == (number, HubState.ASKED)
        waits.append(house.one.next_try_at - house.room.clock.now())
        house.room.clock.set(house.one.next_try_at)
        assert len(house.run()) == 1
    assert waits[1:4] == [timedelta(minutes=15 * 2**n) for n in range(1, 4)]
    assert waits[-1] == timedelta(hours=24)
    assert "not verified" in str(house.one.error)


def test_a_hub_that_fails_once_and_then_never_verifies_is_failing_too(house: House) -> None:
    house.hubs.error = "hub.example: answered 503"
    house.offer()
    house.run(MINUTE)
    house.hubs.error = None
    for _ in range(3):
        house.room.clock.set(house.one.next_try_at)
        house.run()
    assert house.one.failures == 3
    assert "not verified" in str(house.one.error)


def test_a_lease_is_renewed_before_it_ends_with_the_same_callback_and_secret(house: House) -> None:
    house.offer()
    house.run(MINUTE)
    house.verify(timedelta(hours=30))
    assert house.run(19 * HOUR) == []
    (report,) = house.run(HOUR)
    assert report.step is HubStep.RENEW
    assert house.hubs.asked[0] == house.hubs.asked[1]


def test_a_denied_subscription_is_asked_for_again_in_a_week(house: House) -> None:
    house.offer()
    house.run(MINUTE)
    now = house.room.clock.now()
    house.room.store.hubs.note_denied(house.one, "no", now, now + DENIED_FOR)
    assert house.run(DENIED_FOR - MINUTE) == []
    (report,) = house.run(MINUTE)
    assert (report.step, house.one.state) == (HubStep.SUBSCRIBE, HubState.ASKED)


def test_another_hub_replaces_the_first_which_is_left(house: House) -> None:
    house.offer()
    house.run(MINUTE)
    house.verify()
    house.offer("https://other.example/")
    assert house.run(MINUTE) == []  # a feed may change its mind, not twice an hour
    reports = house.run(HOUR)
    assert {(one.step, one.subscription.hub) for one in reports} == {
        (HubStep.UNSUBSCRIBE, "https://hub.example/"),
        (HubStep.SUBSCRIBE, "https://other.example/"),
    }
    assert [form["hub.mode"] for form in house.hubs.asked].count(HubMode.UNSUBSCRIBE) == 1


@pytest.mark.parametrize("error", ["hub.example: answered 500", None])
@pytest.mark.parametrize("verified", [True, False])
def test_a_hub_that_does_not_let_go_is_forgotten_after_three_farewells(
    house: House, error: str | None, verified: bool
) -> None:
    house.offer()
    house.run(MINUTE)
    if verified:
        house.verify()
    house.room.store.feeds.unsubscribe(house.room.feed.id)
    house.hubs.error = error
    steps = [report.step for _ in range(10) for report in house.run(2 * HOUR)]
    assert steps == [HubStep.UNSUBSCRIBE] * 3 + [HubStep.FORGET]
    assert house.room.store.hubs.all() == []


def test_a_feed_is_polled_a_little_before_its_hub_has_been_silent_for_too_long(house: House) -> None:
    house.offer()
    house.run(MINUTE)
    house.verify()
    store, clock = house.room.store, house.room.clock
    store.hubs.rely(house.room.feed.id, clock.now() + HOUR)
    clock.advance(58 * MINUTE)
    record_poll(
        store,
        house.room.feed,
        decision(clock.now(), next_poll_at=clock.now() + 24 * HOUR, url=FEED),
        [],
        now=clock.now(),
    )
    house.run()
    assert house.room.feed.next_poll_at > clock.now() + HOUR
    clock.advance(MINUTE)
    house.run()
    assert house.room.feed.next_poll_at - clock.now() <= PollSettings().min_interval
