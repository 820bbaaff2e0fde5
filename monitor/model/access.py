"""How one feed is reached, where it is not as all others are. Holds secrets: they are in no repr."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FeedAccess:
    """Headers, login, proxy and the check of certificates of one feed.

    `home` is the feed's URL as the user wrote it: `headers`, `authorization` (the whole value of that header) and
    `verify_tls` = False are for its host only, wherever the feed has moved to and whatever its pages are. `proxy`,
    for all of its requests, is an http, https or socks5 address that may hold a login.
    """

    home: str = field(default="", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    authorization: str | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    verify_tls: bool = True


PLAIN_ACCESS = FeedAccess()
