"""What the store promises of receivers that refuse everything."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from monitor.model.delivery import BrokenReceiver, ChannelKind


class Receivers(Protocol):
    """The (receiver, channel) pairs that are left alone; `Outbox.claim` obeys it."""

    def broken(self) -> Sequence[BrokenReceiver]:
        """All of them, the longest broken first."""
        ...

    def waiting(self, receiver: str, channel: ChannelKind) -> int:
        """How many deliveries of the pair wait."""
        ...

    def open(self, broken: BrokenReceiver) -> None:
        """Leaves the pair alone until `next_try_at`; one that is left alone already keeps its `since`."""
        ...

    def close(self, receiver: str, channel: ChannelKind, now: datetime) -> bool:
        """The pair takes messages again: what it refused is due now. False when it was not broken."""
        ...

    def try_now(self, now: datetime, receiver: str | None = None, channel: ChannelKind | None = None) -> int:
        """Has one delivery of each pair (of this receiver, of this channel) tried now; returns how many pairs.

        For when somebody may have mended them.
        """
        ...

    def forget_all_but(self, known: Collection[tuple[str, ChannelKind]]) -> None:
        """Forgets the pairs that are not `known` any more and for which nothing waits: nobody will try them."""
        ...
