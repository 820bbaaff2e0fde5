"""Whether a receiver's channel is left alone for a while: (failure, what is known) → CircuitDecision. Pure.

A wrong password refuses every message alike: 10,000 queued mails must not be 10,000 logins. So the first refusal
opens the circuit of its (receiver, channel), one delivery is tried when its time has come, and the first that gets
through closes it. What is not tried keeps its attempts, and is not given up by time alone (core/retry.py).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.model.delivery import BrokenReceiver, ChannelKind, CircuitDecision, CircuitReason
from monitor.model.errors import DeliveryFailed, DeliveryFault

# People mend passwords and addresses within hours; a server that counts failed logins forgets them within one.
TRY_AGAIN_AFTER = timedelta(hours=1)
# A server that cannot be reached, or says "later", says nothing about the password: it is asked again soon.
UNPROVEN_AFTER = timedelta(minutes=5)
# Each recipient is a service of its own there: one that refuses says nothing about the others.
APART = frozenset({ChannelKind.APPRISE})


def decide_circuit(
    failure: DeliveryFailed | None, channel: ChannelKind, known: BrokenReceiver | None, now: datetime
) -> CircuitDecision:
    """What one attempt means for all other deliveries of its (receiver, channel).

    `failure` is None when the message was taken; `known` is what was kept of the pair, None while it works. A
    message that is refused for what it says, or for whom it is to, was judged: whoever judges one takes others.
    """
    if channel in APART:
        return CircuitDecision(None, CircuitReason.EACH_BY_ITSELF)
    if failure is not None and failure.fault is DeliveryFault.BROKEN_RECEIVER:
        return CircuitDecision(now + TRY_AGAIN_AFTER, CircuitReason.REFUSES_EVERYTHING)
    if known is None:
        return CircuitDecision(None, CircuitReason.WORKS)
    if failure is None:
        return CircuitDecision(None, CircuitReason.TOOK_ONE)
    if failure.fault is DeliveryFault.REFUSED:
        return CircuitDecision(None, CircuitReason.JUDGED_ONE)
    return CircuitDecision(now + UNPROVEN_AFTER, CircuitReason.UNPROVEN)
