"""Routes that misbehave on purpose, for `monitor.demo.server.LocalSite`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from monitor.demo.server import Answer, Route, SeenRequest

LOGIN_PAGE = Answer(b"<!DOCTYPE html><html><body><form>Please log in</form></body></html>")


def failure(status: int, *, retry_after: timedelta | None = None) -> Answer:
    """An HTTP error, with Retry-After where one is given."""
    headers = {} if retry_after is None else {"Retry-After": str(int(retry_after.total_seconds()))}
    return Answer(b"<h1>Sorry</h1>", status=status, headers=headers)


def redirect(to: str, status: int = 301) -> Answer:
    """Sends the client elsewhere."""
    return Answer(status=status, headers={"Location": to})


def in_turn(*routes: Route) -> Callable[[SeenRequest], Answer]:
    """Each request takes the next route; the last one stays."""
    waiting = list(routes)
    lock = threading.Lock()

    def next_one(request: SeenRequest) -> Answer:
        with lock:
            route = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return route if isinstance(route, Answer) else route(request)

    return next_one


def held_back(answer: Answer, until: threading.Event, at_most: timedelta) -> Callable[[SeenRequest], Answer]:
    """Answers when the event is set, or after `at_most`: a slow server that a test can let go."""

    def late(_: SeenRequest) -> Answer:
        until.wait(at_most.total_seconds())
        return answer

    return late
