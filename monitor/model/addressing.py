"""What recipients have been sent before: by other digests, and by the same digest of the same story."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from monitor.model.delivery import ChannelKind
from monitor.model.digest import AlreadySent


@dataclass(frozen=True, slots=True)
class ToldElsewhere:
    """What another digest made of a match, which is told when all of `told` is: (batch, match) of that digest.

    For a planned match that is the match itself; for a merged one everything that the digest told of the same rule
    in the same story.
    """

    digest: str
    told: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class BatchSent:
    """How a batch of another digest stands with one recipient.

    `sent_at` is when the last of its parts was taken, None unless all were. `short` are the matches of stories
    that the message showed in one line, or not at all, since a third digest had sent them.
    """

    digest: str
    batch: str
    receiver: str
    channel: ChannelKind
    recipient: str
    planned_at: datetime
    sent_at: datetime | None
    short: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What other digests made of some matches, by match, and how their batches stand with each recipient."""

    told: Mapping[int, tuple[ToldElsewhere, ...]] = field(default_factory=dict)
    batches: tuple[BatchSent, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownBefore:
    """A story that a batch shows short, or leaves out, for one recipient, who has all of it from another digest.

    `matches` are those that would have been told; `sent_at` is when the other message was taken.
    """

    story: str
    receiver: str
    channel: ChannelKind
    recipient: str
    shown: AlreadySent  # brief or skip
    by_digest: str
    by_batch: str
    sent_at: datetime
    matches: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class EarlierMessage:
    """The first part of a message that a digest has made of a story before; `parent` begins its thread, if any."""

    key: str
    receiver: str
    channel: ChannelKind
    recipient: str
    parent: str | None = None
