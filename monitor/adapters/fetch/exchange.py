"""One request with its redirects: every hop through robots, the host's turn, and the guard."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from math import ceil

import httpx2

from monitor.adapters.fetch.body import Excess, Room, read_body
from monitor.adapters.fetch.faults import Refused, fault_of, one_line, outcome_of_status, words_for_status
from monitor.adapters.fetch.headers import checked_headers, request_headers
from monitor.adapters.fetch.pauses import HostPauses
from monitor.adapters.fetch.politeness import HostTurns
from monitor.adapters.fetch.robots import MAX_ROBOTS_BYTES, Robots, RobotsVerdict
from monitor.adapters.fetch.routes import Routes, Way, is_home
from monitor.model.access import FeedAccess
from monitor.model.feed import PollOutcome, PollSettings
from monitor.model.fetch import FetchRequest, FetchResponse, Purpose

MAX_REDIRECTS = 5
ERROR_BODY_BYTES = 2_000
_ERROR_BODY_SECONDS = 5.0
_TOO_SLOWLY = "a large body that came too slowly while others waited for its place"
_TIMEOUTS = {"connect": 5.0, "read": 10.0, "write": 10.0, "pool": None}  # polling design "Limits"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_SUCCESS = frozenset({PollOutcome.OK, PollOutcome.NOT_MODIFIED})

_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f.:]+")  # a name in its ASCII form, or an IPv6 address without brackets


@dataclass(slots=True)
class _Trail:
    """What is known of a fetch so far; becomes the response, however it ends."""

    url: httpx2.URL | None = None
    home: str = ""  # host of the first hop
    host: str = ""
    hops: int = 0
    permanent: bool = True
    conditional: bool = False
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a fetch stands in its call: `slots` bounds what the call runs at once, `moved` is told a redirect's
    host before the fetch waits for its turn there. `room` is for a body that is large, `left` is called when such
    a one leaves its slot to others."""

    slots: asyncio.Semaphore
    moved: Callable[[str], None]
    room: Room | None = None
    left: Callable[[], None] = lambda: None


class _Slot:
    """One of the slots, held for as long as a block lasts, unless it is left before."""

    def __init__(self, seat: Seat) -> None:
        self._seat = seat
        self._held = False

    async def __aenter__(self) -> _Slot:
        await self._seat.slots.acquire()
        self._held = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._give_back()

    def leave(self) -> None:
        """To others; safe to call twice."""
        if self._give_back():
            self._seat.left()

    def _give_back(self) -> bool:
        held, self._held = self._held, False
        if held:
            self._seat.slots.release()
        return held


class _Budget:
    """The total deadline of one fetch: runs only while a request does, not while it waits for a turn or room."""

    def __init__(self, seconds: float) -> None:
        self.total = seconds
        self.spent = 0.0
        self.given_up = False
        self._since: float | None = None  # loop time
        self._deadline = asyncio.timeout(None)

    @property
    def left(self) -> float:
        running = 0.0 if self._since is None else asyncio.get_running_loop().time() - self._since
        return max(0.0, self.total - self.spent - running)

    @asynccontextmanager
    async def spending(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        start = loop.time()
        try:
            async with asyncio.timeout(self.left) as self._deadline:
                self._since = start
                yield
        finally:
            self.spent += loop.time() - (start if self._since is None else self._since)
            self._since = None

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        """Stops the clock of `spending` for as long."""
        loop = asyncio.get_running_loop()
        begun, left = loop.time(), self.left
        self._deadline.reschedule(None)
        try:
            yield
        finally:
            if self._since is not None:
                self._since += loop.time() - begun
            self._deadline.reschedule(loop.time() + left)

    def give_up(self) -> None:
        """Ends `spending` now, as if the deadline were over."""
        self.given_up = True
        self._deadline.reschedule(asyncio.get_running_loop().time())


class Exchange:
    """Turns requests into responses, inside one event loop; never raises but for cancellation.

    Redirects: at most five, http and https only, GET only, through the same guard, robots and turns;
    validators go to the host they came from and no other. Sent are User-Agent, Accept, Accept-Encoding, validators
    and what the feed's access names, and nothing else: the transport is used without httpx2's client, which would
    keep cookies, follow redirects by itself, read .netrc and log whole URLs. A feed's own headers and login go to
    its own host, hop by hop: a redirect elsewhere, or from https to http, leaves them behind.
    """

    def __init__(
        self,
        routes: Routes,
        turns: HostTurns,
        settings: PollSettings,
        version: str,
        monotonic: Callable[[], float],
        pauses: HostPauses | None = None,
    ) -> None:
        self._routes = routes
        self._turns = turns
        self._settings = settings
        self._user_agent = settings.user_agent.replace("{version}", version)
        self._pauses = pauses or HostPauses(monotonic)
        self._robots = Robots(self._fetch_robots, self._user_agent, monotonic)
        # Not those of a call: the pages of several may be waiting for one robots.txt.
        self._robots_seat = Seat(asyncio.Semaphore(settings.concurrency), lambda host: None)

    async def fetch(self, request: FetchRequest, seat: Seat) -> FetchResponse:
        """The answer to one request; holds one of the seat's slots only while a request of it runs."""
        return await self._follow(request, seat, self._settings.max_bytes, Excess.REFUSE)

    async def _fetch_robots(self, url: str, access: FeedAccess) -> FetchResponse:
        # A deadline of its own, and ahead of the queue: pages that already have a slot are waiting for it.
        request = FetchRequest(0, url, access=access)
        return await self._follow(request, self._robots_seat, MAX_ROBOTS_BYTES, Excess.CUT, ahead=True)

    async def _follow(
        self, request: FetchRequest, seat: Seat, cap: int, excess: Excess, *, ahead: bool = False
    ) -> FetchResponse:
        trail = _Trail()
        budget = _Budget(self._settings.timeout.total_seconds())
        outcome, why, body = PollOutcome.PROTOCOL_ERROR, "", b""
        try:
            target: httpx2.URL | None = parse_target(request.url)
            seen: set[str] = set()
            while target is not None:
                self._step(trail, target, seen)
                if trail.hops:
                    seat.moved(trail.host)
                self._expect_no_pause(trail)
                way = self._routes.way(request.access, target)
                if request.purpose is Purpose.PAGE:
                    await self._obey_robots(target, request.access, way)
                turn = self._turns.turn(trail.host, ahead=ahead or trail.hops > 0)
                async with turn, _Slot(seat) as slot, budget.spending():
                    self._expect_no_pause(trail)  # it may have begun while this waited
                    take_room = _taking(seat.room, slot, budget)
                    outcome, target, body = await self._hop(request, trail, way, budget, cap, excess, take_room)
            why = _why_not(request.access, trail) if outcome not in _SUCCESS else ""
        except TimeoutError:
            late = f"no whole answer within {budget.total:g} s"
            outcome, why = PollOutcome.TIMEOUT, _TOO_SLOWLY if budget.given_up else late
        except Exception as error:
            outcome, why = fault_of(error)
        finally:
            if seat.room is not None:
                seat.room.end_watch()
        response = _respond(request, trail, outcome, why, body, budget.spent)
        if trail.status is not None:
            self._pauses.note(trail.host, response)
        return response

    def _expect_no_pause(self, trail: _Trail) -> None:
        """Raises Refused while the host is to be left alone: nothing is sent, and no status came."""
        left = self._pauses.left(trail.host)
        if left:
            trail.status, trail.headers = None, {"retry-after": str(ceil(left))}
            raise Refused(PollOutcome.RATE_LIMITED, "asked to be left alone for a while; not asked")

    def _step(self, trail: _Trail, target: httpx2.URL, seen: set[str]) -> None:
        """Goes to the next hop, or refuses: a circle, or too many."""
        text = str(target)
        if text in seen:
            raise Refused(PollOutcome.BAD_REDIRECT, "redirects in a circle")
        if len(seen) > MAX_REDIRECTS:
            raise Refused(PollOutcome.BAD_REDIRECT, f"redirects more than {MAX_REDIRECTS} times")
        trail.hops = len(seen)
        seen.add(text)
        trail.url = target
        trail.host = host_of(target)
        trail.home = trail.home or trail.host

    async def _obey_robots(self, target: httpx2.URL, access: FeedAccess, way: Way) -> None:
        verdict = await self._robots.judge(target, access, way)
        if verdict is RobotsVerdict.FORBIDDEN:
            raise Refused(PollOutcome.DISALLOWED, "robots.txt does not allow this page")
        if verdict is RobotsVerdict.UNREADABLE:
            raise Refused(
                PollOutcome.ROBOTS_UNREADABLE, "robots.txt could not be read, so this page is left alone for now"
            )

    async def _hop(
        self,
        request: FetchRequest,
        trail: _Trail,
        way: Way,
        budget: _Budget,
        cap: int,
        excess: Excess,
        take_room: Callable[[int], Awaitable[None]] | None,
    ) -> tuple[PollOutcome, httpx2.URL | None, bytes]:
        """One request: the outcome, where to go next (None: here it ends), the body."""
        assert trail.url is not None
        headers = request_headers(request, trail.url, self._user_agent, with_validators=trail.host == trail.home)
        trail.conditional = any(name.startswith(b"If-") for name, _ in headers)
        trail.status, trail.headers = None, {}
        asked = httpx2.Request("GET", trail.url, headers=headers, extensions={"timeout": dict(_TIMEOUTS)})
        response = await self._routes.transport(way).handle_async_request(asked)
        try:
            trail.status = response.status_code
            trail.headers = checked_headers(response)
            if response.status_code in _REDIRECTS:
                return PollOutcome.BAD_REDIRECT, _next_target(response, trail), b""
            outcome = outcome_of_status(response.status_code)
            if outcome is PollOutcome.OK:
                return outcome, None, await read_body(response, cap, excess, take_room=take_room)
            if outcome is PollOutcome.NOT_MODIFIED:
                if not trail.conditional:
                    raise Refused(PollOutcome.PROTOCOL_ERROR, "answered 304 although no validators were sent")
                return outcome, None, b""
            return outcome, None, await _error_body(response, min(_ERROR_BODY_SECONDS, budget.left / 2))
        finally:
            await response.aclose()


def _taking(room: Room | None, slot: _Slot, budget: _Budget) -> Callable[[int], Awaitable[None]] | None:
    """What waits for room, without a slot and with the deadline's clock stopped."""
    if room is None:
        return None

    async def take(size: int) -> None:
        room.size = size
        if not room.taken:
            async with budget.waiting():
                await room.take(slot.leave)
            room.watch(budget.total, budget.give_up)

    return take


def _why_not(access: FeedAccess, trail: _Trail) -> str:
    why = words_for_status(trail.status or 0)
    held_back = access.authorization is not None or access.headers
    if trail.status in (401, 403) and held_back and trail.url is not None and not is_home(access, trail.url):
        why += "; the feed's login and headers are sent to the host of its own url only"
    return why


def parse_target(text: str) -> httpx2.URL:
    """A URL that may be fetched. Raises Refused (FORBIDDEN_ADDRESS) for everything else."""
    try:
        url = httpx2.URL(text.strip())
        host = url.host  # decodes the name: an impossible one fails here and not later
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise Refused(PollOutcome.FORBIDDEN_ADDRESS, f"not a URL: {type(error).__name__}") from error
    if url.scheme not in ("http", "https"):
        scheme = url.scheme[:20] or "no scheme"
        raise Refused(PollOutcome.FORBIDDEN_ADDRESS, f"{scheme}: only http and https are fetched")
    if not host:
        raise Refused(PollOutcome.FORBIDDEN_ADDRESS, "the URL names no host")
    if not _HOST.fullmatch(url.raw_host.decode("ascii")):
        raise Refused(PollOutcome.FORBIDDEN_ADDRESS, "not a URL: no host has such a name")
    if url.userinfo:
        raise Refused(PollOutcome.FORBIDDEN_ADDRESS, "the URL holds a user name or password; take them out")
    if url.port is not None and not 0 < url.port < 65536:
        raise Refused(PollOutcome.FORBIDDEN_ADDRESS, "the port does not exist")
    return url.copy_with(fragment=None) if url.fragment else url


def host_of(url: httpx2.URL) -> str:
    """The host name that limits are counted by: lower case, ASCII form, no port, no final dot."""
    return url.raw_host.decode("ascii").rstrip(".")


def _next_target(response: httpx2.Response, trail: _Trail) -> httpx2.URL:
    """Where a redirect leads. Raises Refused (BAD_REDIRECT)."""
    assert trail.url is not None
    raw = dict(response.headers.raw)  # names keep the server's case
    location = next((value for name, value in raw.items() if name.lower() == b"location"), b"")
    if not location.strip():
        raise Refused(PollOutcome.BAD_REDIRECT, f"answered {response.status_code} without saying where to go")
    try:
        text = location.decode("utf-8")
    except UnicodeDecodeError:
        text = location.decode("latin-1")
    try:
        target = parse_target(str(trail.url.join(text.strip())))
    except Refused as refusal:
        raise Refused(PollOutcome.BAD_REDIRECT, f"redirects to what is not fetched: {refusal}") from refusal
    except (httpx2.InvalidURL, UnicodeError, ValueError) as error:
        raise Refused(PollOutcome.BAD_REDIRECT, "redirects to what is no URL") from error
    trail.permanent = trail.permanent and response.status_code in _PERMANENT
    return target


async def _error_body(response: httpx2.Response, seconds: float) -> bytes:
    """The first 2,000 bytes of an error page, or what came of them: the status is what counts."""
    body = bytearray()
    with suppress(Exception):
        async with asyncio.timeout(seconds):
            await read_body(response, ERROR_BODY_BYTES, Excess.CUT, body)
    return bytes(body[:ERROR_BODY_BYTES])


def _respond(
    request: FetchRequest, trail: _Trail, outcome: PollOutcome, why: str, body: bytes, seconds: float
) -> FetchResponse:
    moved = trail.hops > 0 and trail.url is not None
    response = FetchResponse(
        request,
        outcome,
        status=trail.status,
        url=str(trail.url) if moved else request.url,
        headers=trail.headers,
        body=body,
        seconds=seconds,
    )
    if outcome in _SUCCESS:
        # Only a target that works is worth remembering (polling design: "store the new URL once the target
        # works").
        return replaced(response, permanent_url=response.url) if moved and trail.permanent else response
    return replaced(response, error=one_line(f"{trail.host or 'the feed'}: {why}"))
