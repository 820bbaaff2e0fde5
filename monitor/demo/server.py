"""A small real web site on a loopback address: routes, conditional GET, a log of what was asked.

It speaks HTTP/1.1 with kept-alive connections, as the sites do that the monitor polls.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, Self

_IDLE_CONNECTION = 30.0  # seconds a kept-alive connection may stay silent
_STOP_CHECK = 0.05  # seconds between two looks at "shall I stop?"


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request as it came in: header names in lower case, `at` in monotonic seconds, `status` the answer's."""

    site: str
    method: str
    path: str
    headers: Mapping[str, str]
    at: float
    status: int = 0

    @property
    def url(self) -> str:
        """The absolute address that was asked for."""
        return self.site + self.path


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route says. With `etag` or `last_modified` the site answers conditional requests with 304."""

    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    etag: str | None = None
    last_modified: datetime | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def validators(self) -> dict[str, str]:
        """ETag and Last-Modified as header fields (RFC 9110 §8.8)."""
        fields = {}
        if self.etag:
            fields["ETag"] = self.etag
        if self.last_modified:
            fields["Last-Modified"] = format_datetime(self.last_modified, usegmt=True)
        return fields


# A callable route may block, change its mind between two requests, or fail on purpose.
Route = Answer | Callable[[SeenRequest], Answer]

_NOT_FOUND = Answer(b"<h1>Not found</h1>", status=404)


def strong_etag(body: bytes) -> str:
    """A validator that changes with every byte of the body."""
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def is_unchanged(answer: Answer, headers: Mapping[str, str]) -> bool:
    """Whether a conditional request is answered with 304.

    If-None-Match decides alone where it is sent (RFC 9110 §13.1.3); its comparison is weak (§13.1.2).
    """
    if answer.status != 200:
        return False
    wanted = headers.get("if-none-match")
    if wanted is not None:
        tags = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
        return answer.etag is not None and ("*" in tags or answer.etag.removeprefix("W/") in tags)
    since = headers.get("if-modified-since")
    if since is None or answer.last_modified is None:
        return False
    try:
        return answer.last_modified.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False  # a date nobody can read is ignored (RFC 9110 §13.1.3)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: str, site: LocalSite) -> None:
        self.site = site
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((address, 0), _Handler)

    def server_bind(self) -> None:
        """Binds without asking the name service who 127.0.0.x is: the base class would, for seconds."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keeps silent: a client that hangs up is no news."""

    def hang_up(self) -> None:
        """Ends kept-alive connections too: a stopped site answers nobody."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_CONNECTION
    server: _Listener

    def do_GET(self) -> None:  # the name is the base class's
        self._answer(with_body=True)

    def do_HEAD(self) -> None:  # the name is the base class's
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        site = self.server.site
        seen = SeenRequest(site.url, self.command, self.path, headers, time.monotonic())
        answer = site.answer(seen)
        status = 304 if is_unchanged(answer, headers) else answer.status
        site.remember(seen, status)
        self.send_response(status)
        for name, value in {**answer.validators(), **answer.headers}.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if with_body and status != 304:
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
        """Keeps silent: `LocalSite.requests` is the log."""


class LocalSite:
    """A web site on one loopback address; a context manager.

    `routes` maps paths (with or without query) to answers and may change while the site runs; `requests` is
    the log, oldest first. The port is chosen by the system.
    """

    def __init__(self, routes: Mapping[str, Route] | None = None, address: str = "127.0.0.1") -> None:
        self._routes: dict[str, Route] = dict(routes or {})
        self._seen: list[SeenRequest] = []
        self._lock = threading.Lock()
        try:
            self._listener = _Listener(address, self)
        except OSError:
            # only Linux lets everybody have all of 127.0.0.0/8
            self._listener = _Listener("127.0.0.1", self)
        host, port = self._listener.server_address[:2]
        self.host = str(host)
        self.url = f"http://{self.host}:{port}"
        self._thread = threading.Thread(
            target=self._listener.serve_forever, args=(_STOP_CHECK,), name=f"site {self.url}", daemon=True
        )

    def start(self) -> Self:
        """Begins to answer; before that, connections wait."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends the site and every connection to it; safe to call twice."""
        if self._thread.is_alive():
            self._listener.shutdown()
            self._thread.join()
        self._listener.server_close()
        self._listener.hang_up()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def route(self, path: str, answer: Route) -> str:
        """Serves `answer` at `path` from now on; gives back the absolute address."""
        with self._lock:
            self._routes[path] = answer
        return self.url + path

    @property
    def requests(self) -> tuple[SeenRequest, ...]:
        """What was asked so far, oldest first."""
        with self._lock:
            return tuple(self._seen)

    def answer(self, request: SeenRequest) -> Answer:
        """What the site says to a request: the route with this query, else the route without, else 404."""
        with self._lock:
            route = self._routes.get(request.path) or self._routes.get(request.path.split("?", 1)[0])
        if route is None:
            return _NOT_FOUND
        return route if isinstance(route, Answer) else route(request)

    def remember(self, request: SeenRequest, status: int) -> None:
        """Adds a request and the status of its answer to the log."""
        with self._lock:
            self._seen.append(
                SeenRequest(request.site, request.method, request.path, request.headers, request.at, status)
            )
