"""What `monitor why` says of a page that gave nothing at first."""

from __future__ import annotations

from typing import Any

from monitor.app.counting import counted
from monitor.app.times import iso_time, shown_time
from monitor.model.reading import Reread, RereadState


def reread_words(reread: Reread) -> str:
    """One line: when it is asked again, or what came of it."""
    tries = f"asked again {counted(reread.tries, 'time')}"
    match reread.state:
        case RereadState.WAITING:
            done = f" ({tries} so far)" if reread.tries else ""
            return f"will be asked again {shown_time(reread.next_at)}{done}: {reread.why}"
        case RereadState.FOUND:
            return f"{tries}: it gave its text, which was matched as a revision"
        case RereadState.BEHIND_WALL:
            return f"behind a wall: {tries} and given up: {reread.why}"
        case RereadState.UNREADABLE:
            return f"not to be had: {tries} and given up: {reread.why}"
        case RereadState.SUPERSEDED:
            return "asked no more: its feed brought other words, whose page is read by itself"


def reread_json(reread: Reread | None) -> dict[str, Any] | None:
    """The same for programs."""
    if reread is None:
        return None
    return {
        "state": reread.state.value,
        "why": reread.why,
        "tries": reread.tries,
        "next_at": iso_time(reread.next_at) if reread.state is RereadState.WAITING else None,
    }
