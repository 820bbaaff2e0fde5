"""`monitor forget URL`: takes a text out of the store and leaves its keys, so that it does not come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from monitor.adapters.clock import SystemClock
from monitor.app.counting import counted
from monitor.core.text.urls import canonical_url
from monitor.model.errors import MonitorError
from monitor.model.retention import Traces
from monitor.ports import Clock, Store


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was found behind an address, and what was done about it.

    `done` is False after a mere look; `leftovers` is one line on what the database's files keep for a while.
    """

    url: str
    found: Traces
    even_unsent: bool = False
    done: bool = False
    leftovers: str | None = None


@dataclass(eq=False)
class StillAwaited(MonitorError):
    """Somebody still waits for the text: removing it would lose an alert."""

    url: str
    found: Traces

    def __str__(self) -> str:
        waits = "; ".join(_waits(self.found))
        return (
            f"{self.url}: {waits}. Nothing was removed. Wait until it is sent, or remove it all the same with "
            "--even-unsent: nobody will be alerted of it then"
        )


def look(store: Store, url: str, *, even_unsent: bool = False) -> Forgotten:
    """What would be removed; changes nothing."""
    return Forgotten(url, store.retention.traces(url, canonical_url(url)), even_unsent)


def forget(store: Store, url: str, *, even_unsent: bool = False, clock: Clock | None = None) -> Forgotten:
    """Removes the text and says what was removed. Raises StillAwaited, and nothing was changed."""
    now = (clock or SystemClock()).now()
    found = store.retention.forget(url, canonical_url(url), now, even_unsent=even_unsent)
    if found.waits and not even_unsent:
        raise StillAwaited(url, found)
    leftovers = store.retention.wipe() if found.entries else None
    return Forgotten(url, found, even_unsent, done=bool(found.entries), leftovers=leftovers)


def forget_lines(said: Forgotten) -> list[str]:
    """The answer for people."""
    found = said.found
    if not found.entries:
        return [f"{said.url}: nothing of it is in the store."]
    if found.forgotten == found.entries:
        lines = [f"{said.url}: was forgotten before; its keys are all that is kept."]
    else:
        lines = [f"{'Removed' if said.done else 'Would remove'} the text behind {said.url}"]
        lines += [f"  {label:<10}{value}" for label, value in _parts(found)]
    if said.even_unsent:
        lines += [f"  not sent  {one}: nobody will be alerted of it" for one in _waits(found)]
    else:
        lines += [f"But {one}: without --even-unsent nothing is removed" for one in _waits(found)]
    if said.done:
        lines.append("Kept: addresses, ids, dates, hashes, which rules matched and where each match went.")
    if said.leftovers:
        lines.append(f"Note: {said.leftovers}.")
    if found.messages:
        lines.append("Not in our hands: what was sent (mailboxes, Slack, files of receivers), and backups.")
    if found.copies:
        lines.append("The same text under other addresses is kept:")
        lines += [f"  monitor forget {copy}" for copy in found.copies]
    return lines


def _parts(found: Traces) -> list[tuple[str, str]]:
    entries = counted(found.entries, "entry", "entries")
    before = f", {found.forgotten} of them forgotten before" if found.forgotten else ""
    parts = [("title", f'"{title}"') for title in found.titles]
    parts.append(("entries", f"{entries}{before}, {counted(found.articles, 'article')}"))
    if found.matches:
        parts.append(("matches", f"the matched words of {counted(found.matches, 'match', 'matches')}"))
    if found.messages:
        parts.append(("messages", f"the stored text of {counted(found.messages, 'message')} that told of it"))
    return parts


def _waits(found: Traces) -> list[str]:
    waits = []
    if found.unread:
        waits.append(f"{counted(found.unread, 'wording')} of it waits for the rules to read it")
    for one in found.unsent:
        if one.receiver is None:
            waits.append(f"digest {one.digest} has not sent it yet")
        else:
            waits.append(f"receiver {one.receiver} has not got it yet (digest {one.digest})")
    return waits


def forget_json(said: Forgotten) -> dict[str, Any]:
    """The answer for programs."""
    found = said.found
    return {
        "url": said.url,
        "removed": said.done,
        "titles": list(found.titles),
        "entries": found.entries,
        "forgotten_before": found.forgotten,
        "articles": found.articles,
        "matches": found.matches,
        "messages": found.messages,
        "unread": found.unread,
        "unsent": [{"digest": one.digest, "receiver": one.receiver} for one in found.unsent],
        "copies": list(found.copies),
        "leftovers": said.leftovers,
    }


def question(url: str, found: Traces) -> str:
    """What a person is asked before it happens."""
    return f"Remove the text of {counted(found.entries, 'entry', 'entries')} behind {url} for good?"
