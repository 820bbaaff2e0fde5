"""robots.txt: may this page be read? (RFC 9309, read by Protego.)"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import httpx2
from protego import Protego

from monitor.adapters.fetch.routes import Way
from monitor.model.access import FeedAccess
from monitor.model.feed import PollOutcome
from monitor.model.fetch import FetchResponse

MAX_ROBOTS_BYTES = 512_000  # RFC 9309 §2.5: at least 500 KiB; the rest is not read
_KEPT_SECONDS = 24 * 3600.0  # RFC 9309 §2.4: not used longer than 24 hours
_UNREADABLE_SECONDS = 300.0  # ours: 50 new entries of a host that is down must not ask it 50 times
_KEPT_ORIGINS = 1_000
_KEPT_BYTES = (
    1_000_000  # of robots.txt text; Protego's form is 6 to 95 times as large (measured on 500 kB of rules)
)
_EVERYTHING = Protego.parse("")
_Origin = tuple[str, Way]  # behind another proxy the same name may be another server

# What may be read as "robots.txt is not there" (RFC 9309 §2.3.1.3, and §2.3.1.2 for too many redirects). The
# guard's and TLS refusals are here because the page's own fetch meets them too and names them better.
_ABSENT = frozenset(
    {
        PollOutcome.HTTP_ERROR,
        PollOutcome.AUTH_ERROR,
        PollOutcome.GONE,
        PollOutcome.BAD_REDIRECT,
        PollOutcome.FORBIDDEN_ADDRESS,
        PollOutcome.TLS_ERROR,
    }
)


class RobotsVerdict(StrEnum):
    """The answer for one page."""

    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"
    UNREADABLE = "unreadable"  # 5xx, 429, no answer: keep away for now


@dataclass(frozen=True, slots=True)
class _Kept:
    rules: Protego | None  # None: could not be read
    size: int
    until: float


class Robots:
    """Asks each origin for its rules once a day; for one event loop, not thread-safe.

    A robots.txt that answers 5xx or not at all means "keep away" (RFC 9309 §2.3.1.4), for this attempt:
    nothing is lost by it, since an article whose page may not be read is made from the feed's own text.
    `fetch` gets the URL of a robots.txt and how to reach it, and must never raise; `user_agent`'s first word is
    the product token; `monotonic` is in seconds.
    """

    def __init__(
        self,
        fetch: Callable[[str, FeedAccess], Awaitable[FetchResponse]],
        user_agent: str,
        monotonic: Callable[[], float],
    ) -> None:
        self._fetch = fetch
        self._product = product_token(user_agent)
        self._monotonic = monotonic
        self._kept: OrderedDict[_Origin, _Kept] = OrderedDict()
        self._bytes = 0
        self._under_way: dict[_Origin, asyncio.Task[Protego | None]] = {}

    async def judge(self, url: httpx2.URL, access: FeedAccess, way: Way) -> RobotsVerdict:
        """Whether the page may be read now; fetches the origin's robots.txt the same way if it is not known."""
        origin = (f"{url.scheme}://{url.netloc.decode('ascii')}", way)
        kept = self._kept.get(origin)
        if kept is not None and self._monotonic() < kept.until:
            rules = kept.rules
        else:
            rules = await self._ask(origin, access)
        if rules is None:
            return RobotsVerdict.UNREADABLE
        allowed = rules.can_fetch(str(url), self._product)
        return RobotsVerdict.ALLOWED if allowed else RobotsVerdict.FORBIDDEN

    async def _ask(self, origin: _Origin, access: FeedAccess) -> Protego | None:
        """Asks once for all who wait; shielded, since one of them may be cancelled."""
        task = self._under_way.get(origin)
        if task is None:
            task = self._under_way[origin] = asyncio.get_running_loop().create_task(self._read(origin, access))
            task.add_done_callback(lambda _: self._under_way.pop(origin, None))
        return await asyncio.shield(task)

    async def _read(self, origin: _Origin, access: FeedAccess) -> Protego | None:
        # No login and no headers: these are rules for everybody.
        plain = replace(access, headers=(), authorization=None)
        response = await self._fetch(f"{origin[0]}/robots.txt", plain)
        if response.outcome is PollOutcome.OK:
            text = response.body.decode("utf-8-sig", "replace")
            self._keep(origin, Protego.parse(fold_agents(text, self._product)), len(text), _KEPT_SECONDS)
        elif response.outcome in _ABSENT and (response.status or 0) < 500:
            # Without a status (TLS, guard) nobody has said that there are no rules: ask again soon.
            self._keep(origin, _EVERYTHING, 0, _KEPT_SECONDS if response.status else _UNREADABLE_SECONDS)
        else:
            self._keep(origin, None, 0, _UNREADABLE_SECONDS)
        return self._kept[origin].rules

    def _keep(self, origin: _Origin, rules: Protego | None, size: int, seconds: float) -> None:
        old = self._kept.pop(origin, None)
        self._bytes += size - (old.size if old else 0)
        self._kept[origin] = _Kept(rules, size, self._monotonic() + seconds)
        while len(self._kept) > _KEPT_ORIGINS or (self._bytes > _KEPT_BYTES and len(self._kept) > 1):
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= dropped.size


def product_token(user_agent: str) -> str:
    """The first word of a User-Agent, the name robots.txt knows us by (RFC 9309 §2.2.1)."""
    found = re.match(r"[A-Za-z_-]+", user_agent)
    return found.group().lower() if found else "media-monitor"


_AGENT_LINE = re.compile(r"\s*user[-\s]*agent\b\s*:?\s*(?P<name>[^#]*)", re.IGNORECASE)


def fold_agents(text: str, product: str) -> str:
    """The same rules for us, with all foreign agents under one name.

    Protego adds every rule of a group to every agent of the group: 15,000 agents times 20,000 rules in 500 kB
    would hold the daemon for hours. Only our own name and `*` matter here (RFC 9309 §2.2.1 compares whole
    tokens).
    """
    lines = []
    for line in text.splitlines():
        found = _AGENT_LINE.match(line)
        if found and found["name"].strip().lower() not in ("*", product):
            line = "User-agent: x"
        lines.append(line)
    return "\n".join(lines)
