"""What holds for every answer: headers that let a browser do nothing with it, and errors that are logged."""

from __future__ import annotations

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger("monitor.web")

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Guard:
    """Wraps the whole application, its own error pages too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request; a page that breaks is logged without its query and without the token of a reader."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)  # a page that has a form, or files, says its own
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        except ClientDisconnect:
            return  # hung up before the body was whole: anybody may, as often as they like, and it is no trouble
        except Exception:
            # Starlette has answered 500 already; the server, which is told next, only closes the connection.
            log.exception("page broke", path=_shown(str(scope.get("path"))))
            raise


def _shown(path: str) -> str:
    """A path as logs may hold it: what follows /unsubscribe/ names a reader and lets one unsubscribe, what follows
    /websub/ lets one speak as a hub."""
    for secret in ("/unsubscribe/", "/websub/"):
        before, found, _ = path.partition(secret)
        if found:
            return f"{before}{found}…"
    return path
