"""Who may ask a browser's question: what changes something must come from a page of ours.

A page of somebody else's can have its visitor's browser send a form here, with the cookies it has for us. Every
browser of today says where a request comes from (Fetch Metadata, and Origin: RFC 6454 §7).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.web.arrival import bearer_of

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110 §9.2.1


class Verdict(StrEnum):
    """Why a request is let through, or not."""

    SAFE_METHOD = "safe_method"
    OWN_PAGE = "own_page"
    NO_BROWSER = "no_browser"  # it carries a token that no browser sends by itself
    FOREIGN_PAGE = "foreign_page"
    UNKNOWN_PAGE = "unknown_page"  # neither header: no browser of ours


REFUSED = frozenset({Verdict.FOREIGN_PAGE, Verdict.UNKNOWN_PAGE})


def judge(method: str, scheme: str, headers: Mapping[str, str]) -> Verdict:
    """Whether that request may change something. `headers` has lower-case names."""
    if method in SAFE:
        return Verdict.SAFE_METHOD
    if bearer_of(headers):
        return Verdict.NO_BROWSER
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:  # no page can set it, and it knows better than Origin, which may be "null" for our own
        return Verdict.OWN_PAGE if site == "same-origin" else Verdict.FOREIGN_PAGE
    if origin is None:
        return Verdict.UNKNOWN_PAGE
    own = f"{scheme}://{headers.get('host', '')}".lower()
    return Verdict.OWN_PAGE if origin.lower() == own else Verdict.FOREIGN_PAGE


class SameOrigin:
    """Wraps an application and refuses with 403 what is not asked by a page of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] == "http":
            verdict = judge(scope["method"], scope.get("scheme", "http"), Headers(scope=scope))
            if verdict in REFUSED:
                answer = PlainTextResponse(
                    f"refused: {verdict.value}; only pages of the monitor may ask this\n", 403
                )
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
