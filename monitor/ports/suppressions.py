"""What the store promises of people who want no more of a digest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from monitor.model.suppression import Suppression


class Suppressions(Protocol):
    """Addresses whose owners unsubscribed, by digest."""

    def suppressed(self, digest: str) -> frozenset[str]:
        """The addresses that get no more of the digest, as `folded_address` writes them."""
        ...

    def holds(self, digest: str, recipient: str) -> bool:
        """Whether this address, written in any way, gets no more of the digest."""
        ...

    def add(self, suppression: Suppression) -> bool:
        """Keeps it; False when it was there, and then what was first said stays."""
        ...

    def end(self, digest: str, recipient: str) -> bool:
        """Lets the address have the digest again; False when nothing kept it from it."""
        ...

    def all(self) -> Sequence[Suppression]:
        """Every one, by digest and address."""
        ...

    def signing_key(self, fresh: bytes) -> bytes:
        """The key that unsubscribe links are signed with: the store's, or from now on `fresh`."""
        ...
