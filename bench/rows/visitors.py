"""People at the dashboard of a daemon that is measured: one opens page after page, one searches every second."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

PAGES = (
    "/",
    "/stories",
    "/feeds",
    "/rules",
    "/digests",
    "/deliveries",
    "/silences",
    "/entries",
    "/matches?since=24h",
    "/why?url=https://paper77.example/never",
)
SEARCH = f"/search?{urlencode({'query': 'closed AND reports', 'since': '30d'})}"
_PATIENCE = 60


class Visits:
    """How many pages were opened, and what they took, in seconds."""

    def __init__(self, port: int) -> None:
        self.times: dict[str, list[float]] = {"pages": [], "searches": []}
        self._port = port
        self._over = threading.Event()

    def walk(self) -> None:
        """Opens one page after the other until it is over."""
        for path in itertools.cycle(PAGES):
            if self._over.is_set():
                return
            self._open("pages", path)

    def search(self) -> None:
        """Searches once a second, or as soon as the last one was answered."""
        while not self._over.is_set():
            begun = time.monotonic()
            self._open("searches", SEARCH)
            self._over.wait(max(0.0, 1 - (time.monotonic() - begun)))

    def _open(self, kind: str, path: str) -> None:
        begun = time.monotonic()
        with (
            contextlib.suppress(OSError, http.client.HTTPException),  # the daemon is busy, or ends
            contextlib.closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)) as talk,
        ):
            talk.request("GET", path)
            if talk.getresponse().read():
                self.times[kind].append(time.monotonic() - begun)

    def end(self) -> None:
        """Lets nobody open another page."""
        self._over.set()


@contextmanager
def visitors(port: int) -> Iterator[Visits]:
    """Both of them, as long as the block runs."""
    visits = Visits(port)
    threads = [threading.Thread(target=one, daemon=True) for one in (visits.walk, visits.search)]
    for one in threads:
        one.start()
    try:
        yield visits
    finally:
        visits.end()
        for one in threads:
            one.join(_PATIENCE)
