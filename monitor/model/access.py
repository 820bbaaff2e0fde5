"""How one feed is reached, where it is not as all others are. Holds secrets: they are in no repr."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FeedAccess:
    """Headers, login, proxy and the check of certificates of one feed.

    `authorization` is the whole value of that header. `headers` and `authorization` go to the feed's own host
    only, `proxy` is an http, https or socks5 address that may hold a login.
    """

    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    authorization: str | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    verify_tls: bool = True


PLAIN_ACCESS = FeedAccess()
