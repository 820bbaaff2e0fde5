"""`monitor status` over a newsroom, for tests of what it says."""

from __future__ import annotations

from typing import Any

from newsroom import Newsroom

from monitor.app.status import Status, status_lines, status_of


def status(room: Newsroom, **more: Any) -> Status:
    values = {"version": "1.2.3", "name": "sqlite:///monitor.db", "size": 4_200_000, "holder": 4711}
    return status_of(room.store, room.digests, now=room.clock.now(), **{**values, **more})


def said(room: Newsroom, **more: Any) -> str:
    return "\n".join(status_lines(status(room, **more)))
