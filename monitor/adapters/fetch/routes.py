"""Which way a request goes: directly through the guard, or by the proxy that the user named for its feed."""

from __future__ import annotations

import ssl
from collections import OrderedDict
from typing import NamedTuple

import httpcore2
import httpx2

from monitor.adapters.fetch.guard import AddressForbidden, GuardedBackend, GuardedTransport, ProxyBackend, vet_port
from monitor.adapters.fetch.resolver import Resolver
from monitor.adapters.fetch.unresolved import judge_name
from monitor.model.access import FeedAccess

_KEPT = 256  # ways that are ready to be used again; making one costs little, its certificates are shared


class Way(NamedTuple):
    """How to reach a host: `proxy` is an address that may hold a login."""

    proxy: str | None
    verify_tls: bool

    def __repr__(self) -> str:
        return f"Way(verify_tls={self.verify_tls})"


class Routes:
    """The transport of each way; for one event loop, not thread-safe.

    A proxy may have any address: it is the user's own word. What lies behind it is resolved there, so that the
    check of addresses is the proxy's; here only names are judged, and those of the feed's own host are not.
    `inner` makes the sockets (asyncio's by default).
    """

    def __init__(
        self,
        resolve: Resolver,
        ssl_context: ssl.SSLContext,
        *,
        allow_private: bool,
        inner: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        self._checking = ssl_context
        self._trusting: ssl.SSLContext | None = None
        self._allow_private = allow_private
        self._direct = GuardedBackend(resolve, allow_private=allow_private, inner=inner)
        self._to_proxies = ProxyBackend(resolve, inner=inner)
        self._kept: OrderedDict[Way, httpx2.AsyncBaseTransport] = OrderedDict()

    def way(self, access: FeedAccess, target: httpx2.URL) -> Way:
        """How to reach `target` for a feed. Raises AddressForbidden for what a proxy must not be asked for."""
        at_home = is_home(access, target)
        if access.proxy is not None and not at_home and not self._allow_private:
            vet_port(target.port or (443 if target.scheme == "https" else 80))
            verdict = judge_name(target.raw_host.decode("ascii"))
            if verdict is not None:
                raise AddressForbidden(f"the proxy is not asked for what is {verdict}")
        return Way(access.proxy, access.verify_tls or not at_home)

    def transport(self, way: Way) -> httpx2.AsyncBaseTransport:
        """What carries a request that way."""
        found = self._kept.pop(way, None)
        if found is None:
            context = self._checking if way.verify_tls else self._unchecked()
            proxy = None if way.proxy is None else httpx2.Proxy(way.proxy)
            backend = self._direct if proxy is None else self._to_proxies
            found = GuardedTransport(backend, context, proxy=proxy, proxy_context=self._checking)
        self._kept[way] = found
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)  # it holds no connection: each request has its own
        return found

    def _unchecked(self) -> ssl.SSLContext:
        if self._trusting is None:
            self._trusting = httpx2.create_ssl_context(verify=False, trust_env=False)
        return self._trusting


def is_home(access: FeedAccess, target: httpx2.URL) -> bool:
    """Whether what is for the feed's own host may go there: the same host and port, never from https to http."""
    if not access.home:
        return False
    try:
        home = httpx2.URL(access.home)
    except httpx2.InvalidURL:
        return False
    if home.raw_host.rstrip(b".") != target.raw_host.rstrip(b"."):
        return False
    if home.scheme == target.scheme:
        return home.port == target.port  # None is the scheme's own
    return target.scheme == "https" and home.port is None and target.port is None
