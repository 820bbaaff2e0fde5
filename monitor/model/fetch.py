"""One HTTP request and its answer, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.model.access import PLAIN_ACCESS, FeedAccess
from monitor.model.feed import PollOutcome, Validators


class Purpose(StrEnum):
    """What is fetched: decides the Accept header and whether robots.txt is obeyed."""

    FEED = "feed"  # the user subscribed to it: robots.txt is not read (as Feedly and Inoreader do)
    PAGE = "page"  # robots.txt is obeyed


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """`key` comes back with the answer: answers arrive in completion order."""

    key: int
    url: str
    purpose: Purpose = Purpose.FEED
    validators: Validators = field(default_factory=Validators)
    access: FeedAccess = PLAIN_ACCESS


@dataclass(frozen=True, slots=True)
class FetchResponse:
    """304, errors and bodies alike: never an exception.

    `outcome` is OK only for a whole 2xx body within the limits; `status` None when no answer came, with
    RATE_LIMITED when none was asked for, since the host is paused for as long as `retry-after` says;
    `headers` have lower-case names; `permanent_url` is set when every redirect on the way was 301 or 308;
    `error` is one line for the user. For an HTTP error `body` holds the first 2,000 bytes.
    """

    request: FetchRequest
    outcome: PollOutcome
    status: int | None = None
    url: str = ""
    permanent_url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    error: str | None = None
    seconds: float = 0.0
