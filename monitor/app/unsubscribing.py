"""Readers who want no more of a digest: by the link in a message, or by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from secrets import token_bytes

import structlog

from monitor.core.digests.plan import recipients_of
from monitor.core.digests.unsubscribe_token import read_token, token_of
from monitor.model.delivery import ChannelKind, Receiver
from monitor.model.digest import DigestSettings, Links
from monitor.model.errors import MonitorError
from monitor.model.renaming import Named
from monitor.model.suppression import SuppressedBy, Suppression, folded_address
from monitor.ports import Clock, Store, Suppressions

log = structlog.get_logger("monitor")

_KEY_BYTES = 32  # as many as SHA-256 gives: RFC 2104 §3 advises no fewer


class NotAReader(MonitorError):
    """An address that no digest of the config is sent to."""


# ---- by link


@dataclass(frozen=True, slots=True)
class Reader:
    """Who a link was made for."""

    digest: str
    address: str


class Unsubscribing:
    """The links below `public_url`, and what they do. Raises StoreError; no address is logged."""

    def __init__(
        self,
        suppressions: Suppressions,
        clock: Clock,
        public_url: str,
        called_now: Callable[[str], str] = lambda digest: digest,
    ) -> None:
        """`called_now` gives the name of a digest that had another when a link was sent; it may ask the store."""
        self.public_url = public_url
        self._called_now = called_now
        self._suppressions = suppressions
        self._clock = clock
        self._key = suppressions.signing_key(token_bytes(_KEY_BYTES))

    def link(self, digest: str, recipient: str) -> str:
        """The address at which this reader of the digest unsubscribes."""
        return f"{self.public_url}/unsubscribe/{token_of(self._key, digest, folded_address(recipient))}"

    def links(self, digest: str, recipient: str) -> Links:
        """What a message to this reader may link to."""
        return Links(unsubscribe=self.link(digest, recipient))

    def reader_of(self, token: str) -> Reader | None:
        """Who holds this link; None when we made no such link."""
        read = read_token(self._key, token)
        return Reader(*read) if read else None

    def today(self, reader: Reader) -> Reader:
        """The same reader, of the digest as it is called now."""
        return replace(reader, digest=self._called_now(reader.digest))

    def has_left(self, reader: Reader) -> bool:
        """Whether the reader gets no more of the digest."""
        return self._suppressions.holds(reader.digest, reader.address)

    def leave(self, reader: Reader) -> None:
        """Ends the digest for this reader; a second time changes nothing."""
        new = Suppression(reader.digest, reader.address, self._clock.now(), SuppressedBy.LINK)
        if self._suppressions.add(new):
            log.info("unsubscribed", digest=reader.digest, by=SuppressedBy.LINK.value)

    def come_back(self, reader: Reader) -> None:
        """Lets the reader have the digest again."""
        if self._suppressions.end(reader.digest, reader.address):
            log.info("subscribed again", digest=reader.digest, by=SuppressedBy.LINK.value)


def unsubscribing_of(store: Store, clock: Clock, public_url: str) -> Unsubscribing:
    """What the links in messages do, also in those that were sent under an old name of their digest."""
    called_now = partial(store.renames.name_now, Named.DIGEST)
    return Unsubscribing(store.suppressions, clock, public_url, called_now)


def no_links(digest: str, recipient: str) -> Links:
    """Without `[web].public_url` no link would work."""
    return Links()


def links_of(suppressions: Suppressions, clock: Clock, public_url: str) -> Callable[[str, str], Links]:
    """(digest, e-mail address) → what a message to this reader may link to."""
    return Unsubscribing(suppressions, clock, public_url).links if public_url else no_links


# ---- by hand


def digests_of(address: str, digests: Iterable[DigestSettings], receivers: Iterable[Receiver]) -> list[str]:
    """The digests that are sent to an e-mail address, whichever receiver names it."""
    wanted = folded_address(address)
    named = {one.name: one for one in receivers}
    return [digest.name for digest in digests if wanted in _addresses(digest, named.values())]


def leave_by_hand(
    suppressions: Suppressions, clock: Clock, address: str, asked: Sequence[str], readers_of: Sequence[str]
) -> list[str]:
    """Ends the digests `asked` for an address; one line a digest. `readers_of` are those it gets by the config.

    Raises NotAReader, with nothing changed, where it is sent none of them.
    """
    foreign = [name for name in asked if name not in readers_of]
    if foreign or not asked:
        gets = f"it gets {', '.join(readers_of)}" if readers_of else "no digest is sent to it"
        raise NotAReader(f"{address} is not among those who get {', '.join(foreign) or 'a digest'}: {gets}")
    lines = []
    for name in asked:
        new = suppressions.add(Suppression(name, address, clock.now(), SuppressedBy.HAND))
        lines.append(
            f"{address} gets no more of {name}; undo it: monitor receivers subscribe {address} --digest {name}"
            if new
            else f"{address} had unsubscribed from {name} before"
        )
    return lines


def come_back_by_hand(suppressions: Suppressions, address: str, asked: Sequence[str]) -> list[str]:
    """Lets an address have the digests `asked` again, or all it left; one line a digest."""
    wanted = folded_address(address)
    names = asked or [one.digest for one in suppressions.all() if one.recipient == wanted]
    lines = [
        f"{address} gets {name} again"
        if suppressions.end(name, address)
        else f"{address} had not unsubscribed from {name}"
        for name in names
    ]
    return lines or [f"{address} had not unsubscribed from any digest"]


# ---- shown


def suppression_line(one: Suppression) -> str:
    """Who unsubscribed from what, how and when."""
    how = "by the link in a message" if one.by is SuppressedBy.LINK else "by hand"
    since = one.since.astimezone()
    return f"{one.recipient} has unsubscribed from {one.digest} since {since:%d %b %Y %H:%M}, {how}"


def suppression_json(one: Suppression) -> dict[str, str]:
    """The same as one JSON object."""
    since = one.since.isoformat(timespec="seconds")
    return {"digest": one.digest, "recipient": one.recipient, "since": since, "by": one.by.value}


def reaching_nobody(
    digests: Iterable[DigestSettings], receivers: Iterable[Receiver], suppressed: Iterable[Suppression]
) -> list[str]:
    """The digests all of whose readers have unsubscribed: what they have to say reaches nobody."""
    left: dict[str, set[str]] = {}
    for one in suppressed:
        left.setdefault(one.digest, set()).add(one.recipient)
    everybody = tuple(receivers)
    return [
        digest.name
        for digest in digests
        if digest.name in left
        and not _other_ways(digest, everybody)
        and _addresses(digest, everybody) <= left[digest.name]
    ]


def _ways(digest: DigestSettings, receivers: Iterable[Receiver]) -> list[tuple[ChannelKind, str]]:
    return [
        (kind, recipient)
        for receiver in receivers
        if receiver.name in digest.to
        for kind, recipient, _ in recipients_of(receiver)
    ]


def _addresses(digest: DigestSettings, receivers: Iterable[Receiver]) -> set[str]:
    return {folded_address(to) for kind, to in _ways(digest, receivers) if kind is ChannelKind.EMAIL}


def _other_ways(digest: DigestSettings, receivers: Iterable[Receiver]) -> bool:
    return any(kind is not ChannelKind.EMAIL for kind, _ in _ways(digest, receivers))
