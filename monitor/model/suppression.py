"""Addresses whose owners want no more of a digest (List-Unsubscribe, RFC 8058)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SuppressedBy(StrEnum):
    """How it came to be."""

    LINK = "link"  # the link in a message
    HAND = "hand"  # `monitor receivers unsubscribe`


@dataclass(frozen=True, slots=True)
class Suppression:
    """No message of `digest` goes to `recipient` by e-mail, whichever receiver names it."""

    digest: str
    recipient: str  # the e-mail address, folded to lower case
    since: datetime
    by: SuppressedBy
