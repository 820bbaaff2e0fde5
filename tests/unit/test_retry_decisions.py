from __future__ import annotations

from datetime import timedelta

import pytest
from digest_samples import END
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.retry import decide_retry
from monitor.model.delivery import RetryReason
from monitor.model.errors import DeliveryFailed, DeliveryFault

TEMPORARY = DeliveryFailed(DeliveryFault.TEMPORARY, "451 later")


def wait(attempts: int, dice: float = 0.999999) -> timedelta:
    retry_at = decide_retry(TEMPORARY, attempts, END, END, dice).retry_at
    assert retry_at is not None
    return retry_at - END


def test_waits_double_from_half_a_minute_to_an_hour():
    assert [round(wait(n).total_seconds()) for n in (1, 2, 3, 8, 9, 500)] == [30, 60, 120, 3600, 3600, 3600]


def test_jitter_takes_up_to_a_quarter():
    assert wait(1, 0.0) == timedelta(seconds=22.5)
    assert wait(500, 0.0) == timedelta(minutes=45)


def test_retry_after_is_honoured_when_it_is_longer():
    slow = DeliveryFailed(DeliveryFault.RATE_LIMITED, "HTTP 429", timedelta(minutes=10))
    decision = decide_retry(slow, 1, END, END, 0.0)
    assert decision.reason is RetryReason.RETRY_AFTER
    assert decision.retry_at == END + timedelta(minutes=10)
    quick = DeliveryFailed(DeliveryFault.RATE_LIMITED, "HTTP 429", timedelta(seconds=1))
    assert decide_retry(quick, 1, END, END, 0.0).reason is RetryReason.BACK_OFF


def test_a_refused_message_is_dead_at_once():
    decision = decide_retry(DeliveryFailed(DeliveryFault.REFUSED, "550 no"), 1, END, END, 0.5)
    assert (decision.retry_at, decision.reason) == (None, RetryReason.REFUSED)


def test_a_broken_receiver_is_tried_every_hour_for_three_days():
    broken = DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, "535 bad password")
    decision = decide_retry(broken, 1, END, END, 0.5)
    assert (decision.retry_at, decision.reason) == (END + timedelta(hours=1), RetryReason.BROKEN_RECEIVER)
    over = decide_retry(broken, 72, END, END + timedelta(days=3), 0.5)
    assert (over.retry_at, over.reason) == (None, RetryReason.EXHAUSTED)


def test_the_last_attempt_is_made_at_the_deadline():
    just_before = END + timedelta(days=3) - timedelta(minutes=5)
    assert decide_retry(TEMPORARY, 99, END, just_before, 0.9).retry_at == END + timedelta(days=3)
    assert decide_retry(TEMPORARY, 99, END, END + timedelta(days=3), 0.9).reason is RetryReason.EXHAUSTED


@pytest.mark.parametrize("fault", [f for f in DeliveryFault if f is not DeliveryFault.REFUSED])
def test_time_alone_gives_nothing_up(fault: DeliveryFault):
    after_a_long_sleep = END + timedelta(days=30)
    failure = DeliveryFailed(fault, "x")
    for attempts in (1, 2, 19):
        retry_at = decide_retry(failure, attempts, END, after_a_long_sleep, 0.5).retry_at
        assert retry_at is not None
        assert after_a_long_sleep < retry_at <= after_a_long_sleep + timedelta(hours=1)
    over = decide_retry(failure, 20, END, after_a_long_sleep, 0.5)
    assert (over.retry_at, over.reason) == (None, RetryReason.EXHAUSTED)


def test_attempts_alone_give_nothing_up():
    assert decide_retry(TEMPORARY, 10**6, END, END + timedelta(days=2), 0.5).retry_at is not None


@pytest.mark.parametrize("fault", [f for f in DeliveryFault if f is not DeliveryFault.REFUSED])
@given(attempts=st.integers(1, 10**9), age=st.integers(0, 72 * 3600 - 1), dice=st.floats(0, 0.999999))
def test_nothing_is_given_up_within_three_days(fault: DeliveryFault, attempts: int, age: int, dice: float):
    now = END + timedelta(seconds=age)
    decision = decide_retry(DeliveryFailed(fault, "x"), attempts, END, now, dice)
    assert decision.retry_at is not None
    assert now < decision.retry_at <= END + timedelta(days=3)


def test_a_delivery_retried_by_hand_has_its_three_days_and_its_twenty_attempts_again():
    by_hand = END + timedelta(days=10)
    broken = DeliveryFailed(DeliveryFault.BROKEN_RECEIVER, "401")
    first = decide_retry(broken, 1, by_hand, by_hand, 0.5)
    assert first.retry_at == by_hand + timedelta(hours=1)
    assert decide_retry(broken, 71, by_hand, by_hand + timedelta(days=3), 0.5).reason is RetryReason.EXHAUSTED
