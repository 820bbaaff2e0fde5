"""deliver: outbox rows → receipts, or the next attempt."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from monitor.core.retry import decide_retry
from monitor.model.delivery import ChannelKind, Delivery, NewDelivery, Receipt, RetryDecision
from monitor.model.digest import Message
from monitor.model.errors import DeliveryFailed, DeliveryFault, StoreError
from monitor.pipeline.isolation import named
from monitor.ports import Channel, Clock, Dice, Outbox

# Longer than any channel takes: a row must not be sent twice because its sender is slow.
LEASE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What one attempt came to: a receipt, or a failure and what was decided."""

    delivery: Delivery
    receipt: Receipt | None = None
    failure: DeliveryFailed | None = None
    decision: RetryDecision | None = None
    suppressed: bool = False  # not sent: its recipient unsubscribed meanwhile


class Busy:
    """The (receiver, channel) pairs this process is sending to; whoever claims holds the lock. Shared by the
    generations of the stage: a reload must not give a receiver a second sender."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.pairs: set[tuple[str, ChannelKind]] = set()


@dataclass(frozen=True, slots=True)
class DeliverStage:
    """Sends what is due. `channels` are by receiver name and kind.

    Several threads may run one stage at once. A receiver's channel has at most one of them, so that a server that
    hangs holds one sender and the others go on. As many hanging channels as there are threads still hold all,
    each for the channels' deadline (120 s a message). A row that is being sent is not claimed again by this
    process even when its lease ends.
    """

    outbox: Outbox
    channels: Mapping[tuple[str, ChannelKind], Channel]
    clock: Clock
    dice: Dice
    busy: Busy = field(default_factory=Busy, repr=False, compare=False)
    suppressed: Callable[[str, str], bool] = lambda digest, recipient: False  # an e-mail address unsubscribed

    def run(self, stopping: Callable[[], bool]) -> Iterator[DeliveryReport]:
        """Sends until nothing is due that no other thread is at; one report an attempt."""
        while not stopping():
            delivery = self._claim()
            if delivery is None:
                return
            try:
                report = self._deliver(delivery)
            finally:
                with self.busy.lock:
                    self.busy.pairs.discard(_pair(delivery))
            yield report

    def _claim(self) -> Delivery | None:
        with self.busy.lock:
            # One at a time: when the process ends between two, no unsent row is left leased.
            claimed = self.outbox.claim(self.clock.now(), LEASE, 1, self.busy.pairs)
            if not claimed:
                return None
            self.busy.pairs.add(_pair(claimed[0]))
            return claimed[0]

    def _deliver(self, delivery: Delivery) -> DeliveryReport:
        new = delivery.new
        if new.channel is ChannelKind.EMAIL and self.suppressed(new.digest, new.recipient):
            self.outbox.record_suppressed(delivery, self.clock.now())
            return DeliveryReport(delivery, suppressed=True)
        try:
            if new.message.gone is not None:  # retried by hand too late: an empty message would say nothing
                raise DeliveryFailed(
                    DeliveryFault.REFUSED, f"its text is no longer kept ({new.message.gone.reason.value})"
                )
            channel = self.channels.get((new.receiver, new.channel))
            if channel is None:
                raise DeliveryFailed(
                    DeliveryFault.BROKEN_RECEIVER,
                    f'no receiver "{new.receiver}" by {new.channel.value} in the config',
                )
            receipt = channel.send(self._in_thread(new), new.recipient, new.key)
        except StoreError:
            raise
        except Exception as error:
            failure = (
                error
                if isinstance(error, DeliveryFailed)
                else DeliveryFailed(DeliveryFault.TEMPORARY, named(error))
            )
            now = self.clock.now()
            decision = decide_retry(failure, delivery.attempts + 1, delivery.tried_since, now, self.dice())
            self.outbox.record_failure(delivery, failure, decision, now)
            return DeliveryReport(delivery, failure=failure, decision=decision)
        self.outbox.record_sent(delivery, receipt, self.clock.now())
        return DeliveryReport(delivery, receipt=receipt)

    def _in_thread(self, new: NewDelivery) -> Message:
        """The message with what the other side calls the one that it follows, where that was taken."""
        if new.thread is None:
            return new.message
        return replace(new.message, parent=self.outbox.reference_of(new.thread))


def _pair(delivery: Delivery) -> tuple[str, ChannelKind]:
    return delivery.new.receiver, delivery.new.channel
