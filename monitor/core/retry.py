"""What to do with a failed delivery: (failure, attempts, times, dice) → RetryDecision. Pure.

The numbers are those of delivery design, Outbox: exponential with jitter, Retry-After honoured, for at least three
days.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.model.delivery import RetryDecision, RetryReason
from monitor.model.errors import DeliveryFailed, DeliveryFault

FIRST_STEP = timedelta(seconds=30)
LONGEST_STEP = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=3)
# Time alone says nothing: after a week switched off, or a jump of the clock, nobody has tried yet. In a daemon
# that runs, three days are more than 70 attempts.
FEWEST_ATTEMPTS = 20


def decide_retry(
    failure: DeliveryFailed, attempts: int, since: datetime, now: datetime, dice: float
) -> RetryDecision:
    """When to try again (None: dead letter), and why.

    `since` is when the delivery was made, or last retried by hand; `attempts` counts the failed attempts from
    there on, including this one (≥ 1); `dice` lies in [0, 1). A step lasts
    30 s, 1 min, 2 min … 1 h, of which the last quarter is jitter. A broken receiver is tried every hour:
    people may mend the secret or the address, and nothing is lost meanwhile. Both are given up when three days
    have passed and 20 attempts were made: later than three days only after a long sleep, or when Retry-After asks
    for hours. A refused message is dead at once: the same bytes would be refused again.
    """
    if failure.fault is DeliveryFault.REFUSED:
        return RetryDecision(None, RetryReason.REFUSED)
    deadline = since + GIVE_UP_AFTER
    if now >= deadline and attempts >= FEWEST_ATTEMPTS:
        return RetryDecision(None, RetryReason.EXHAUSTED)
    step, reason = _step(failure, attempts, dice)
    if now >= deadline:
        return RetryDecision(now + step, reason)
    # The last attempt is made at the deadline itself, not up to an hour before it.
    return RetryDecision(min(now + step, deadline), reason)


def _step(failure: DeliveryFailed, attempts: int, dice: float) -> tuple[timedelta, RetryReason]:
    if failure.fault is DeliveryFault.BROKEN_RECEIVER:
        return LONGEST_STEP, RetryReason.BROKEN_RECEIVER
    doublings = min(max(attempts - 1, 0), 7)  # 30 s · 2^7 is beyond the longest step
    back_off = min(FIRST_STEP * 2**doublings, LONGEST_STEP) * (0.75 + 0.25 * dice)
    if failure.retry_after is not None and failure.retry_after > back_off:
        # Spread by up to a tenth: everyone who was told "60" must not come back in the same second.
        return failure.retry_after * (1 + 0.1 * dice), RetryReason.RETRY_AFTER
    return back_off, RetryReason.BACK_OFF
