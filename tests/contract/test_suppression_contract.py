"""What every store promises of readers who unsubscribed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from made import NOON
from stored import LEASE

from monitor.model.delivery import Attempt, DeliveryState, RetryAnswer
from monitor.model.suppression import UNSUBSCRIBED, SuppressedBy, Suppression
from monitor.ports import Store

NIGHT = Suppression("morning", "night@example.org", NOON, SuppressedBy.LINK)


def test_an_address_is_kept_from_its_digest_alone(store: Store) -> None:
    assert store.suppressions.add(NIGHT)
    assert store.suppressions.suppressed("morning") == {"night@example.org"}
    assert store.suppressions.suppressed("alerts") == frozenset()
    assert store.suppressions.holds("morning", "night@example.org")
    assert not store.suppressions.holds("alerts", "night@example.org")
    assert not store.suppressions.holds("morning", "desk@example.org")


def test_all_spellings_of_an_address_are_one(store: Store) -> None:
    store.suppressions.add(replace(NIGHT, recipient="Night <Night@BÜCHER.example>"))
    assert store.suppressions.suppressed("morning") == {"night@xn--bcher-kva.example"}
    assert store.suppressions.holds("morning", "NIGHT@bücher.example")
    assert not store.suppressions.add(replace(NIGHT, recipient="night@xn--bcher-kva.example"))
    assert store.suppressions.end("morning", '"N" <night@bücher.example>')
    assert store.suppressions.all() == []


def test_a_second_time_changes_nothing(store: Store) -> None:
    assert store.suppressions.add(NIGHT)
    later = replace(NIGHT, since=NOON + timedelta(days=1), by=SuppressedBy.HAND)
    assert not store.suppressions.add(later)
    assert store.suppressions.all() == [NIGHT]


def test_who_comes_back_is_kept_from_nothing(store: Store) -> None:
    store.suppressions.add(NIGHT)
    store.suppressions.add(replace(NIGHT, digest="alerts"))
    assert store.suppressions.end("morning", "night@example.org")
    assert not store.suppressions.end("morning", "night@example.org")
    assert [one.digest for one in store.suppressions.all()] == ["alerts"]
    assert store.suppressions.add(NIGHT)


def test_the_key_of_the_links_is_made_once(store: Store) -> None:
    assert store.suppressions.signing_key(b"first") == b"first"
    assert store.suppressions.signing_key(b"second") == b"first"


def test_a_delivery_to_somebody_who_left_is_set_aside_with_a_record(waiting: Store) -> None:
    (claimed,) = waiting.outbox.claim(NOON, LEASE, 10)
    waiting.outbox.record_suppressed(claimed, NOON)
    (row,) = waiting.ledger.deliveries()
    assert (row.state, row.attempts) == (DeliveryState.SUPPRESSED, 0)
    assert waiting.ledger.attempts_of(row.id) == [Attempt(NOON, "suppressed", UNSUBSCRIBED)]
    assert not waiting.outbox.claim(NOON + timedelta(days=9), LEASE, 10)
    assert waiting.outbox.retry(row.id, NOON) is RetryAnswer.SUPPRESSED
    assert not waiting.outbox.retry_dead(NOON)
