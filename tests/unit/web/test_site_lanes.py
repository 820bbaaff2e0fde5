"""Pages that read the archive: one at a time, none for nobody, and never in the way of the probes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from desk import eventually
from newsroom import Newsroom
from starlette.datastructures import State
from starlette.responses import Response
from talk import ask, connected

from monitor.app.check import Ready
from monitor.app.entrance import Entrance
from monitor.app.open_house import OpenHouse
from monitor.app.vitals import Health
from monitor.model.web import ListenAddress
from monitor.web import Views, WebDoor, build_pages, listen
from monitor.web.site.lanes import Lanes, is_gone

SEARCH = b"GET /search?query=Torkham HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"


class Slow:
    """A house whose config is told only after `go`; counts who asks."""

    def __init__(self, ready: Ready) -> None:
        self.go = threading.Event()
        self.asked = 0
        self._ready = ready

    def __call__(self) -> Ready:
        self.asked += 1
        self.go.wait(30)
        return self._ready


@pytest.fixture
def slow(open_house: OpenHouse) -> Slow:
    return Slow(open_house.ready())


@pytest.fixture
def door(open_house: OpenHouse, newsroom: Newsroom, slow: Slow) -> Iterator[WebDoor]:
    entrance = Entrance(tuple, b"k" * 32, newsroom.clock)
    house = replace(open_house, ready=slow)
    views = Views(Health, Health, lambda: (b"", "text/plain"), open_house=house, entrance=entrance)
    here = ListenAddress("127.0.0.1", 0)
    one = WebDoor(build_pages(views, here), listen(here))
    one.start()
    yield one
    slow.go.set()
    assert one.stop(10)


def test_the_probes_answer_however_many_pages_wait(door: WebDoor, slow: Slow) -> None:
    at = door.address.host, door.address.port
    for number in range(90):  # more than there are threads, and of either kind
        with connected(*at) as client:
            client.sendall(SEARCH if number % 2 else SEARCH.replace(b"/search", b"/feeds"))
            if number % 5 == 4:  # in small lots: more than 32 at once are turned away
                assert ask(*at, "/healthz").status == 200
    eventually(lambda: slow.asked, "a page at work")
    assert ask(*at, "/readyz").status == 200
    assert ask(*at, "/metrics").status == 200


def test_a_search_whose_visitor_has_gone_is_not_begun(door: WebDoor, slow: Slow) -> None:
    at = door.address.host, door.address.port
    with connected(*at) as first:
        first.sendall(SEARCH)
        eventually(lambda: slow.asked, "a search at work")
        for _ in range(5):
            with connected(*at) as another:
                another.sendall(SEARCH)
        with connected(*at) as last:
            last.sendall(SEARCH)
            assert ask(*at, "/healthz").status == 200  # the loop has seen all of them
            slow.go.set()
            assert last.recv(64).startswith(b"HTTP/1.1 200")
        assert first.recv(64).startswith(b"HTTP/1.1 200")
    assert slow.asked == 2


class Leaving:
    """A request whose visitor goes after the second look."""

    def __init__(self) -> None:
        self.state = State()
        self.looks = 0

    async def is_disconnected(self) -> bool:
        self.looks += 1
        return self.looks > 2


def test_work_that_runs_hears_that_its_visitor_has_gone() -> None:
    request = Leaving()

    def work() -> Response:
        assert not is_gone(request)  # type: ignore[arg-type]
        eventually(lambda: is_gone(request), "the visitor to be gone")  # type: ignore[arg-type]
        return Response("ended")

    answer = asyncio.run(Lanes().run_alone(request, work))  # type: ignore[arg-type]
    assert answer.body == b"ended"
