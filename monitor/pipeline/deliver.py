"""deliver: outbox rows → receipts, or the next attempt."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.core.circuit import decide_circuit
from monitor.core.retry import decide_retry
from monitor.model.delivery import BrokenReceiver, ChannelKind, Delivery, NewDelivery, Receipt, RetryDecision
from monitor.model.digest import Message
from monitor.model.errors import DeliveryFailed, DeliveryFault, StoreError
from monitor.model.suppression import folded_address
from monitor.pipeline.addressing import nobody
from monitor.pipeline.isolation import named
from monitor.ports import Channel, Clock, Dice, Outbox, Receivers

_Pair = tuple[str, ChannelKind]

# Longer than any channel takes: a row must not be sent twice because its sender is slow.
LEASE = timedelta(minutes=10)
# Claimed at once, for one commit; sent one by one, and what is not sent is given back.
PORTION = 20
# From the claim on: a message that is begun by then ends within its lease: channels have a deadline (120 s).
BEGIN_WITHIN = LEASE / 2
# For so long a sender believes what it was told of who unsubscribed.
ASK_AGAIN = timedelta(seconds=1)
# Receivers that did not answer last time are tried by so many senders at once, and the other senders go on.
MOST_AT_SILENT = 2
_SILENT = frozenset({DeliveryFault.UNREACHABLE, DeliveryFault.UNKNOWN})


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What one attempt came to: a receipt, or a failure and what was decided."""

    delivery: Delivery
    receipt: Receipt | None = None
    failure: DeliveryFailed | None = None
    decision: RetryDecision | None = None
    suppressed: bool = False  # not sent: its recipient unsubscribed meanwhile


class _Leavers:
    """Who unsubscribed, asked once for the messages of a second: it takes a fifth of one's time."""

    def __init__(self, suppressed: Callable[[str], frozenset[str]], clock: Clock) -> None:
        self._suppressed, self._clock = suppressed, clock
        self._known: dict[str, tuple[datetime, frozenset[str]]] = {}

    def has(self, new: NewDelivery) -> bool:
        """Whether its recipient wants no more of its digest."""
        if new.channel is not ChannelKind.EMAIL:
            return False
        now = self._clock.now()
        asked, left = self._known.get(new.digest, (None, frozenset()))
        if asked is None or not timedelta(0) <= now - asked < ASK_AGAIN:
            left = self._suppressed(new.digest)
            self._known[new.digest] = now, left
        return bool(left) and folded_address(new.recipient) in left


class Busy:
    """The (receiver, channel) pairs this process is sending to, and those that did not answer last time; whoever
    claims holds the lock. Shared by the generations of the stage: a reload must not give one a second sender.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.pairs: set[_Pair] = set()
        self.silent: set[_Pair] = set()

    def closed(self) -> set[_Pair]:
        """The pairs of which nothing may be claimed now."""
        if len(self.pairs & self.silent) < MOST_AT_SILENT:
            return self.pairs
        return self.pairs | self.silent

    def heard(self, pair: _Pair, failure: DeliveryFailed | None) -> None:
        """Remembers whether the pair answered."""
        with self.lock:
            (self.silent.add if failure is not None and failure.fault in _SILENT else self.silent.discard)(pair)

    def leave(self, pair: _Pair) -> None:
        """Another sender may take the pair."""
        with self.lock:
            self.pairs.discard(pair)


@dataclass(frozen=True, slots=True)
class DeliverStage:
    """Sends what is due. `channels` are by receiver name and kind.

    Several threads may run one stage at once. A receiver's channel has at most one of them, and at most two are at
    receivers that did not answer last time: a server that hangs holds one sender, for its deadline (120 s
    a message), and the others go on. A row being sent is not claimed again by this process even when
    its lease ends. One that refuses everything is left alone (core/circuit.py).
    """

    outbox: Outbox
    receivers: Receivers
    channels: Mapping[tuple[str, ChannelKind], Channel]
    clock: Clock
    dice: Dice
    busy: Busy = field(default_factory=Busy, repr=False, compare=False)
    suppressed: Callable[[str], frozenset[str]] = nobody  # the e-mail addresses that left a digest, folded

    def run(self, stopping: Callable[[], bool]) -> Iterator[DeliveryReport]:
        """Sends until nothing is due that no other thread is at; one report an attempt."""
        while portion := self._claim(stopping):
            try:
                yield from self._send(portion, stopping)
            finally:
                self.busy.leave(_pair(portion[0]))

    def _claim(self, stopping: Callable[[], bool]) -> Sequence[Delivery]:
        with self.busy.lock:
            if stopping():  # a reload held the lock: what waits is for senders that know its receivers
                return []
            claimed = self.outbox.claim(self.clock.now(), LEASE, PORTION, self.busy.closed())
            if claimed:
                self.busy.pairs.add(_pair(claimed[0]))
            return claimed

    def _send(self, portion: Sequence[Delivery], stopping: Callable[[], bool]) -> Iterator[DeliveryReport]:
        """Sends them in turn until one fails; no row that was not tried stays leased."""
        pair, last = _pair(portion[0]), self.clock.now() + BEGIN_WITHIN
        tried = 0
        try:
            known, leavers = self._known(pair), _Leavers(self.suppressed, self.clock)
            for delivery in portion:
                if tried and (stopping() or self.clock.now() > last or not self.outbox.holds(delivery)):
                    return
                tried += 1
                report = self._leave_out(delivery) if leavers.has(delivery.new) else self._deliver(delivery, known)
                self.busy.heard(pair, report.failure)
                yield report
                # What hit one may hit all: the others take their turn after those of other receivers.
                if report.failure is not None and report.failure.fault is not DeliveryFault.REFUSED:
                    return
                known = None
        finally:
            if portion[tried:]:
                self.outbox.give_back(portion[tried:])

    def _known(self, pair: _Pair) -> BrokenReceiver | None:
        return next((one for one in self.receivers.broken() if (one.receiver, one.channel) == pair), None)

    def _leave_out(self, delivery: Delivery) -> DeliveryReport:
        self.outbox.record_suppressed(delivery, self.clock.now())
        return DeliveryReport(delivery, suppressed=True)

    def _deliver(self, delivery: Delivery, known: BrokenReceiver | None) -> DeliveryReport:
        new = delivery.new
        try:
            if new.message.gone is not None:  # retried by hand too late: an empty message would say nothing
                raise DeliveryFailed(
                    DeliveryFault.REFUSED, f"its text is no longer kept ({new.message.gone.reason.value})"
                )
            channel = self._channel(new)
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
            # The circuit first: a crash between the two leaves the row leased, and no row to log in with.
            if new.message.gone is None:  # else nobody was asked
                self._judge(delivery, failure, known, now)
            self.outbox.record_failure(delivery, failure, decision, now)
            return DeliveryReport(delivery, failure=failure, decision=decision)
        now = self.clock.now()
        self.outbox.record_sent(delivery, receipt, now)
        self._judge(delivery, None, known, now)
        return DeliveryReport(delivery, receipt=receipt)

    def _channel(self, new: NewDelivery) -> Channel | None:
        """That of its receiver; once a reload has removed it, of another that names the same address."""
        names = (new.receiver, *new.also)
        return next(
            (self.channels[name, new.channel] for name in names if (name, new.channel) in self.channels), None
        )

    def _in_thread(self, new: NewDelivery) -> Message:
        """The message with what the other side calls the one that it follows, where that was taken."""
        if new.thread is None:
            return new.message
        return replace(new.message, parent=self.outbox.reference_of(new.thread))

    def _judge(
        self, delivery: Delivery, failure: DeliveryFailed | None, known: BrokenReceiver | None, now: datetime
    ) -> None:
        """Opens or closes the circuit of the delivery's receiver."""
        receiver, channel = _pair(delivery)
        decision = decide_circuit(failure, channel, known, now)
        if decision.next_try_at is not None:
            since = known.since if known else now
            self.receivers.open(BrokenReceiver(receiver, channel, since, str(failure), decision.next_try_at))
        elif known is not None:
            self.receivers.close(receiver, channel, now)


def _pair(delivery: Delivery) -> _Pair:
    return delivery.new.receiver, delivery.new.channel
