"""Addresses whose owners want no more of a digest (List-Unsubscribe, RFC 8058)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from enum import StrEnum

UNSUBSCRIBED = "its recipient unsubscribed before it was sent"


class SuppressedBy(StrEnum):
    """How it came to be."""

    LINK = "link"  # the link in a message
    HAND = "hand"  # `monitor receivers unsubscribe`


@dataclass(frozen=True, slots=True)
class Suppression:
    """No message of `digest` goes to `recipient` by e-mail, whichever receiver names it."""

    digest: str
    recipient: str  # the e-mail address, as `folded_address` writes it
    since: datetime
    by: SuppressedBy


def folded_address(text: str) -> str:
    """An e-mail address as all its spellings are compared: without a name, in lower case, its host in ASCII.

    RFC 5321 §2.4 lets a server tell "Desk" from "desk"; none does that people write to.
    """
    spec = (parseaddr(text)[1] or text).strip().lower()
    user, at, host = spec.rpartition("@")
    try:
        return f"{user}{at}{host.encode('idna').decode('ascii')}"
    except UnicodeError:
        return spec
