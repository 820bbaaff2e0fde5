"""The way to hubs of WebSub: POST of a form, through the same guard as every fetch.

A hub is named by a stranger's feed: its address is vetted at connect time, its answer bounded, its time limited,
and nothing it says is repeated, since it was told a secret.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from urllib.parse import urlencode

import httpx2

from monitor.adapters.fetch.exchange import host_of, parse_target
from monitor.adapters.fetch.faults import Refused, fault_of, one_line, words_for_status
from monitor.adapters.fetch.guard import GuardedBackend, GuardedTransport
from monitor.adapters.fetch.resolver import Resolver, ThreadResolver
from monitor.model.feed import PollOutcome, PollSettings
from monitor.model.websub import HubAnswer, HubRequest

SECONDS = 10.0  # for one hub with its redirects: it only has to say that it heard
MAX_REDIRECTS = 3  # to other hubs (WebSub §5.1.2: 307 and 308)
_TIMEOUTS = {"connect": 5.0, "read": 10.0, "write": 10.0, "pool": None}
_AT_ONCE = 8  # hosts
_RESEND = frozenset({307, 308})
# Of such a host no more is asked in one go: a hub that takes its time must not take that of the others.
_SILENT = frozenset({PollOutcome.TIMEOUT, PollOutcome.UNREACHABLE})


class HttpHubs:
    """Keeps `monitor.ports.Hubs`: a host is asked one thing at a time, `host_delay` apart.

    One call of `ask` at a time.
    """

    def __init__(
        self,
        settings: PollSettings,
        version: str,
        *,
        resolver: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._settings = settings
        self._user_agent = settings.user_agent.replace("{version}", version).encode("ascii", "replace")
        self._resolver = resolver
        self._given_context = ssl_context
        self._lock = threading.Lock()
        self._closed = False
        self._in_flight: tuple[asyncio.AbstractEventLoop, asyncio.Task[list[HubAnswer]]] | None = None
        self._seconds = min(seconds, settings.timeout.total_seconds())

    @cached_property
    def _ssl_context(self) -> ssl.SSLContext:
        return self._given_context or httpx2.create_ssl_context(trust_env=False)

    def ask(self, requests: Sequence[HubRequest]) -> Sequence[HubAnswer]:
        """An answer for each request; returns when all are there. Not for a thread that runs an event loop."""
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            task = loop.create_task(self._ask(requests))
            with self._lock:
                if self._closed:
                    task.cancel()
                self._in_flight = loop, task
            try:
                return loop.run_until_complete(task)
            except asyncio.CancelledError:
                return []
            finally:
                with self._lock:
                    self._in_flight = None

    def close(self) -> None:
        """Gives up what is in flight: a daemon that stops waits for no hub. Safe to call twice."""
        with self._lock:
            self._closed = True
            if self._in_flight is not None:
                loop, task = self._in_flight
                loop.call_soon_threadsafe(task.cancel)

    async def _ask(self, requests: Sequence[HubRequest]) -> list[HubAnswer]:
        by_host: dict[str, list[HubRequest]] = defaultdict(list)
        answers: list[HubAnswer] = []
        for request in requests:
            try:
                by_host[host_of(parse_target(request.hub))].append(request)
            except Refused as refusal:
                answers.append(HubAnswer(request.key, one_line(str(refusal))))
        backend = GuardedBackend(
            self._resolver or ThreadResolver(), allow_private=self._settings.allow_private_addresses
        )
        turns = asyncio.Semaphore(_AT_ONCE)
        async with GuardedTransport(backend, self._ssl_context) as transport:
            found = await asyncio.gather(
                *(self._ask_host(host, those, transport, turns) for host, those in by_host.items())
            )
        return [*answers, *(answer for those in found for answer in those)]

    async def _ask_host(
        self, host: str, requests: Sequence[HubRequest], transport: GuardedTransport, turns: asyncio.Semaphore
    ) -> list[HubAnswer]:
        answers: list[HubAnswer] = []
        silent: str | None = None
        async with turns:
            for place, request in enumerate(requests):
                if silent is None:
                    if place:
                        await asyncio.sleep(self._settings.host_delay.total_seconds())
                    outcome, why = await self._ask_one(request, transport)
                    error = one_line(f"{host}: {why}") if why else None
                    silent = error if outcome in _SILENT else None
                else:
                    error = silent
                answers.append(HubAnswer(request.key, error))
        return answers

    async def _ask_one(self, request: HubRequest, transport: GuardedTransport) -> tuple[PollOutcome, str]:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._post(request, transport)
        except TimeoutError:
            return PollOutcome.TIMEOUT, f"no answer within {self._seconds:g} s"
        except Exception as error:
            return fault_of(error)

    async def _post(self, request: HubRequest, transport: GuardedTransport) -> tuple[PollOutcome, str]:
        """The outcome, and why it is none of success: our own words."""
        target = parse_target(request.hub)
        body = urlencode(request.form).encode("ascii")
        headers = [
            (b"User-Agent", self._user_agent),
            (b"Content-Type", b"application/x-www-form-urlencoded"),
            (b"Accept", b"*/*"),
            (b"Accept-Encoding", b"identity"),
        ]
        for _ in range(MAX_REDIRECTS + 1):
            post = httpx2.Request(
                "POST", target, headers=headers, content=body, extensions={"timeout": dict(_TIMEOUTS)}
            )
            response = await transport.handle_async_request(post)
            try:
                if 200 <= response.status_code < 300:
                    return PollOutcome.OK, ""  # what else it says changes nothing, and is not read
                if response.status_code not in _RESEND:
                    return PollOutcome.HTTP_ERROR, words_for_status(response.status_code)
                target = _next_hub(target, response)
            finally:
                await response.aclose()
        return PollOutcome.BAD_REDIRECT, f"redirects more than {MAX_REDIRECTS} times"


def _next_hub(here: httpx2.URL, response: httpx2.Response) -> httpx2.URL:
    """The hub that this one names in its place. Raises Refused."""
    location = response.headers.get("location", "").strip()
    if not location:
        raise Refused(PollOutcome.BAD_REDIRECT, f"answered {response.status_code} without saying where to go")
    try:
        target = parse_target(str(here.join(location)))
    except (httpx2.InvalidURL, UnicodeError, ValueError) as error:
        raise Refused(PollOutcome.BAD_REDIRECT, "redirects to what is no URL") from error
    if here.scheme == "https" and target.scheme != "https":
        raise Refused(PollOutcome.BAD_REDIRECT, "redirects from TLS to none: the secret is not sent there")
    return target
