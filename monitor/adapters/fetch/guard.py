"""The only door to the network: resolves once, vets every address, connects to a vetted one.

httpx2 has no argument for this, so `GuardedTransport` replaces the connection pool of its
`AsyncHTTPTransport`; this is the one place that reaches into the library, and pyproject.toml pins its minor
version. The check stands at connect time because nothing earlier holds: a name may resolve differently a
moment later (DNS rebinding), and every redirect comes through here again. The URL keeps its name: with the
address in it, names that share an address would share a connection and skip the certificate check.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from ipaddress import ip_address
from typing import Any

import httpcore2
import httpx2

from monitor.adapters.fetch.addresses import AddressVerdict, judge_address
from monitor.adapters.fetch.resolver import Resolver

# It logs what it is called with when somebody asks for DEBUG of everything: a proxy's login, for one.
logging.getLogger("httpcore2").setLevel(logging.WARNING)

ALLOWED_PORTS = frozenset({80, 443, 8080, 8443})  # docs: web servers only, not the mail server next door
MAX_TRIED = 4  # addresses tried per connect; all are vetted

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class AddressForbidden(Exception):
    """The guard refused before connecting; the text is one line."""


class NameUnresolved(Exception):
    """The host name has no address; the text is one line."""


class ProxyFailed(Exception):
    """The proxy cannot be reached, or does not do what it is asked; the text is one line."""


class TlsFailed(Exception):
    """The encrypted connection could not be made, or the certificate does not hold; the text is one line."""


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens TCP connections to vetted addresses only; unix sockets never.

    `allow_private` lifts both the address and the port check. `inner` makes the sockets (asyncio's by
    default).
    """

    def __init__(
        self, resolve: Resolver, *, allow_private: bool, inner: httpcore2.AsyncNetworkBackend | None = None
    ) -> None:
        self._resolve = resolve
        self._allow_private = allow_private
        self._inner = inner or httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to `host`; `timeout` seconds hold for name and connection together.

        Raises AddressForbidden, NameUnresolved, and httpcore2's ConnectError and ConnectTimeout.
        """
        if not self._allow_private:
            vet_port(port)
        try:
            async with asyncio.timeout(timeout) as deadline:
                addresses = await self._vetted(host)
                return await self._connect_first(addresses, port, deadline, local_address, socket_options)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(f"no connection within {timeout:g} s") from error

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[SocketOption] | None = None
    ) -> httpcore2.AsyncNetworkStream:
        """Refuses: a socket file is on this machine. Raises AddressForbidden."""
        raise AddressForbidden("unix sockets are never connected to")

    async def sleep(self, seconds: float) -> None:
        """Waits."""
        await self._inner.sleep(seconds)

    async def _vetted(self, host: str) -> Sequence[str]:
        """All addresses of the host, in order; one bad address condemns the name, whoever mixed it in."""
        addresses = [host] if _is_literal(host) else await self._ask(host)
        if not addresses:
            raise NameUnresolved("the name has no address")
        if not self._allow_private:
            for address in addresses:
                verdict = judge_address(address)
                if verdict is not AddressVerdict.PUBLIC:
                    shown = address if address == host else f"it resolves to {address}, which"
                    raise AddressForbidden(f"{shown} is {verdict.value}")
        return addresses

    async def _ask(self, host: str) -> Sequence[str]:
        try:
            return await self._resolve(host)
        except (OSError, UnicodeError) as error:
            raise NameUnresolved(f"the name cannot be resolved ({_reason(error)})") from error

    async def _connect_first(
        self,
        addresses: Sequence[str],
        port: int,
        deadline: asyncio.Timeout,
        local_address: str | None,
        socket_options: Iterable[SocketOption] | None,
    ) -> httpcore2.AsyncNetworkStream:
        tried = addresses[:MAX_TRIED]
        for address in tried[:-1]:
            try:
                # Half of what is left: an address that swallows packets must not eat the time of the next
                # one.
                stream = await self._inner.connect_tcp(
                    address, port, _half_left(deadline), local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
            return _GuardedStream(stream)
        stream = await self._inner.connect_tcp(tried[-1], port, None, local_address, socket_options)
        return _GuardedStream(stream)


class ProxyBackend(GuardedBackend):
    """Connects to a proxy that the user named: at any address, at any port."""

    def __init__(self, resolve: Resolver, *, inner: httpcore2.AsyncNetworkBackend | None = None) -> None:
        super().__init__(resolve, allow_private=True, inner=inner)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to the proxy. Raises ProxyFailed."""
        try:
            return await super().connect_tcp(host, port, timeout, local_address, socket_options)
        except (NameUnresolved, httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
            raise ProxyFailed(f"the proxy cannot be reached: {error}") from error


class _GuardedStream(httpcore2.AsyncNetworkStream):
    """A connection whose TLS failures have a name."""

    def __init__(self, inner: httpcore2.AsyncNetworkStream) -> None:
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        try:
            return _GuardedStream(await self._inner.start_tls(ssl_context, server_hostname, timeout))
        except httpcore2.ConnectError as error:
            # httpcore2 hides the cause in the argument: its pool raises the error again `from None`.
            cause = error.args[0] if error.args else error
            if isinstance(cause, ssl.SSLError):
                raise TlsFailed(tls_reason(cause)) from cause
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class GuardedTransport(httpx2.AsyncHTTPTransport):
    """httpx2's transport with connections that go through the guard, each for one request.

    None is kept: a pool over 2,000 hosts costs 12-27 ms a request, and a connection that the server closes in the
    moment of reuse would be a failed poll. HTTP/1.1 only; no environment (proxies, SSL_CERT_FILE) is read.
    """

    def __init__(
        self,
        backend: httpcore2.AsyncNetworkBackend,
        ssl_context: ssl.SSLContext,
        *,
        proxy: httpx2.Proxy | None = None,
        proxy_context: ssl.SSLContext | None = None,
    ) -> None:
        # Not super().__init__(): it would make a pool, and a second one for nothing.
        self._pool = _OneEach(
            backend, ssl_context=ssl_context, proxy=None if proxy is None else _proxy(proxy, proxy_context)
        )


class _OneEach(httpcore2.AsyncConnectionPool):
    """A pool without a pool: it makes a connection for each request and closes it behind the answer."""

    def __init__(self, backend: httpcore2.AsyncNetworkBackend, **options: Any) -> None:
        super().__init__(max_keepalive_connections=0, http1=True, http2=False, **options)
        self._backend = backend

    async def handle_async_request(self, request: httpcore2.Request) -> httpcore2.Response:
        line = self._network_backend = _Line(self._backend)  # the next connection's, which is made here
        connection = self.create_connection(request.url.origin)
        try:
            response = await connection.handle_async_request(request)
        except BaseException:
            await line.aclose()  # httpcore2 leaves open what ends in a handshake of TLS, or with a SOCKS proxy
            raise
        response.stream = _LastOf(response.stream, line)
        return response


class _Line(httpcore2.AsyncNetworkBackend):
    """What one request opens: to be closed however it ends."""

    def __init__(self, backend: httpcore2.AsyncNetworkBackend) -> None:
        self._backend = backend
        self._stream: httpcore2.AsyncNetworkStream | None = None

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        self._stream = await self._backend.connect_tcp(*args, **kwargs)
        return self._stream

    async def aclose(self) -> None:
        if self._stream is not None:
            await self._stream.aclose()


class _LastOf:
    """The body of an answer, whose end is that of its connection."""

    def __init__(self, body: Any, line: _Line) -> None:
        self._body = body
        self._line = line

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._body)

    async def aclose(self) -> None:
        await self._line.aclose()


def _proxy(proxy: httpx2.Proxy, context: ssl.SSLContext | None) -> httpcore2.Proxy:
    url = httpcore2.URL(scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=b"/")
    return httpcore2.Proxy(url, proxy.raw_auth, None, context if proxy.url.scheme == "https" else None)


def vet_port(port: int) -> None:
    """Raises AddressForbidden for a port that no web server of the public has."""
    if port not in ALLOWED_PORTS:
        raise AddressForbidden(f"port {port} is not one of {', '.join(map(str, sorted(ALLOWED_PORTS)))}")


def tls_reason(error: ssl.SSLError) -> str:
    """One line that a person can act on."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate does not hold: {error.verify_message}"
    return f"no TLS connection: {error.reason or type(error).__name__}"


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _half_left(deadline: asyncio.Timeout) -> float | None:
    when = deadline.when()
    return None if when is None else max(0.0, when - asyncio.get_running_loop().time()) / 2


def _reason(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
