"""deliver: outbox rows → receipts, or the next attempt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from monitor.core.retry import decide_retry
from monitor.model.delivery import ChannelKind, Delivery, Receipt, RetryDecision
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


@dataclass(frozen=True, slots=True)
class DeliverStage:
    """Sends what is due. `channels` are by receiver name and kind."""

    outbox: Outbox
    channels: Mapping[tuple[str, ChannelKind], Channel]
    clock: Clock
    dice: Dice

    def run(self, stopping: Callable[[], bool]) -> Iterator[DeliveryReport]:
        """Sends until nothing is due; one report an attempt."""
        while not stopping():
            # One at a time: when the process ends between two, no unsent row is left leased.
            claimed = self.outbox.claim(self.clock.now(), LEASE, 1)
            if not claimed:
                return
            yield self._deliver(claimed[0])

    def _deliver(self, delivery: Delivery) -> DeliveryReport:
        new = delivery.new
        try:
            channel = self.channels.get((new.receiver, new.channel))
            if channel is None:
                raise DeliveryFailed(
                    DeliveryFault.BROKEN_RECEIVER,
                    f'no receiver "{new.receiver}" by {new.channel.value} in the config',
                )
            receipt = channel.send(new.message, new.recipient, new.key)
        except StoreError:
            raise
        except Exception as error:
            failure = (
                error
                if isinstance(error, DeliveryFailed)
                else DeliveryFailed(DeliveryFault.TEMPORARY, named(error))
            )
            now = self.clock.now()
            decision = decide_retry(failure, delivery.attempts + 1, delivery.created_at, now, self.dice())
            self.outbox.record_failure(delivery, failure, decision, now)
            return DeliveryReport(delivery, failure=failure, decision=decision)
        self.outbox.record_sent(delivery, receipt, self.clock.now())
        return DeliveryReport(delivery, receipt=receipt)
