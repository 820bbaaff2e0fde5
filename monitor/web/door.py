"""uvicorn in a thread of the daemon: bounded, quiet, and never in the way of the daemon's end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from monitor.model.errors import CannotListen
from monitor.model.web import ListenAddress

log = structlog.get_logger("monitor.web")

CONNECTIONS = 32  # at once; who comes then gets a 503
MAX_HEAD = 16 * 1024  # bytes of request line and headers: a browser sends the cookies of all local servers
KEEP_ALIVE = 5  # seconds without a request
LIFETIME = 30.0  # seconds of one connection, whatever it does
_LAST_WORDS = 2.0  # seconds for an answer under way at the end of that
_BACKLOG = 64
_WHY = {
    errno.EADDRINUSE: "another program listens there, perhaps another monitor; stop it or name another port",
    errno.EADDRNOTAVAIL: "this machine has no such address",
    errno.EACCES: "needs root's rights; name a port above 1023",
}


def listen(address: ListenAddress) -> socket.socket:
    """A socket that listens there, so that nobody else can; callers wait until a door serves it.

    Raises CannotListen.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listener = None
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else no restart for a minute
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address.host, address.port))
        # At once: with SO_REUSEADDR two may bind, but only one may listen.
        listener.listen(_BACKLOG)
    except OSError as error:
        if listener is not None:
            listener.close()
        why = _WHY.get(error.errno or 0) or os.strerror(error.errno or 0)
        raise CannotListen(str(address), why) from error
    return listener


class WebDoor:
    """Serves an application on a listening socket, which it owns, from `start` to `stop`.

    A server that breaks is logged and closes the door; the daemon goes on without it. `warm` runs beside it once
    the door is open, in a thread of its own, and returns soon after the event is set.
    """

    def __init__(
        self, app: ASGIApp, listener: socket.socket, warm: Callable[[threading.Event], None] | None = None
    ) -> None:
        self._listener = listener
        host, port = listener.getsockname()[:2]
        self.address = ListenAddress(host, port)  # with the port the system chose
        self._server = uvicorn.Server(_config(app))
        # A daemon thread: it must not keep a process alive that has nothing else to do.
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)
        self._ending = threading.Event()
        self._threads = [self._thread]
        if warm is not None:
            self._threads.append(threading.Thread(target=partial(warm, self._ending), name="warm", daemon=True))

    def start(self) -> None:
        """Begins to answer; returns at once."""
        for one in self._threads:
            one.start()

    def stop(self, within: float = 1.0) -> bool:
        """Stops listening, ends every connection and waits so many seconds; False when that was not enough."""
        self._server.should_exit = True
        self._ending.set()
        if not self._thread.is_alive():
            self._listener.close()  # never started, or broken
        until = time.monotonic() + within
        for one in [one for one in self._threads if one.is_alive()]:
            one.join(max(0.0, until - time.monotonic()))
        return not any(one.is_alive() for one in self._threads)

    def _serve(self) -> None:
        try:
            asyncio.run(self._run())
        # uvicorn leaves by SystemExit when it cannot start; nothing of a thread may reach the interpreter.
        except BaseException:
            log.exception("web server broke")
        finally:
            self._listener.close()  # who asks now is refused, and does not wait
            if not self._server.should_exit:
                log.error("the web pages are gone, the monitor goes on; restart it to have them back")

    async def _run(self) -> None:
        asyncio.get_running_loop().set_exception_handler(_say)
        # Outside the main thread uvicorn installs no signal handlers.
        await self._server.serve(sockets=[self._listener])


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=_Hasty,
        ws="none",
        lifespan="off",
        interface="asgi3",
        workers=1,
        # No word on standard output, where digests go, and none of strangers' on standard error: no access log.
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        limit_concurrency=CONNECTIONS,
        h11_max_incomplete_event_size=MAX_HEAD,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=0,  # answers take milliseconds; the daemon has ten seconds for everything
    )


class _Hasty(H11Protocol):
    """uvicorn's HTTP/1.1 with an end: it would wait for ever for a request to become whole."""

    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._end = asyncio.get_running_loop().call_later(LIFETIME, self._finish, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._end is not None:
            self._end.cancel()
        super().connection_lost(exc)

    def _finish(self, transport: asyncio.Transport) -> None:
        self._end = asyncio.get_running_loop().call_later(_LAST_WORDS, transport.abort)
        with contextlib.suppress(Exception):  # a broken conversation cannot be closed politely
            self.shutdown()


def _say(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Errors outside any page: asyncio's own words go to a logger that would print them as they are."""
    error = context.get("exception")
    log.error("web server trouble", what=context.get("message"), why=str(error) if error else None)
