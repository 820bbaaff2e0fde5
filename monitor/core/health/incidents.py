"""What of the monitor's own troubles is an incident, and when its beginning and its end are told. Pure.

An incident ends when it has stayed away for an hour: one that comes back sooner is the same one, and goes on
without a message. So what flaps gives one message when it begins and one when it is really over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model.health import Change, Incident, IncidentKind, Trouble

SETTLED_AFTER = timedelta(hours=1)
"""How long a trouble has to stay away until its end is told."""
MENDED_WITHIN = timedelta(minutes=1)
"""Who edits rules reads the log, and mends a slip sooner than a message arrives."""


class Tell(StrEnum):
    """What is to be told of an incident now, or why nothing is."""

    BEGINS = "begins"
    ENDED = "ended"
    GOES_ON = "goes_on"  # its beginning was told
    MAY_BE_MENDED = "may_be_mended"  # a refused reload, a moment ago
    MAY_COME_BACK = "may_come_back"  # it is over, but not for an hour
    REPLACED = "replaced"  # a reload is refused still, for another problem: no end to be told
    NEVER_TOLD = "never_told"  # over before its beginning was told
    TOLD = "told"


def changes(standing: Sequence[Incident], seen: Sequence[Trouble]) -> Change:
    """What the troubles of now make of the incidents that stand."""
    now = {(one.kind, one.subject): one for one in seen}
    known: dict[tuple[IncidentKind, str], Incident] = {}
    for incident in standing:  # an open one comes before those that are over
        key = (incident.kind, incident.subject)
        if key not in known or incident.closed_at is None:
            known[key] = incident
    return Change(
        opened=tuple(one for key, one in now.items() if key not in known),
        going=tuple(
            (incident.id, now[key].detail)
            for key, incident in known.items()
            if key in now and (incident.closed_at is not None or incident.detail != now[key].detail)
        ),
        closed=tuple(one.id for key, one in known.items() if key not in now and one.closed_at is None),
    )


def tell(incident: Incident, standing: Sequence[Incident], now: datetime) -> Tell:
    """What is to be told of an incident; `standing` are all that stand."""
    if incident.closed_at is None:
        if incident.told_at is not None:
            return Tell.GOES_ON
        fresh = timedelta(0) <= now - incident.opened_at < MENDED_WITHIN
        return Tell.MAY_BE_MENDED if incident.kind is IncidentKind.RELOAD_FAILED and fresh else Tell.BEGINS
    if incident.told_end_at is not None:
        return Tell.TOLD
    if incident.told_at is None:
        return Tell.NEVER_TOLD
    if incident.kind is IncidentKind.RELOAD_FAILED and any(
        other.kind is IncidentKind.RELOAD_FAILED and other.closed_at is None for other in standing
    ):
        return Tell.REPLACED
    away = now - incident.closed_at
    return Tell.MAY_COME_BACK if timedelta(0) <= away < SETTLED_AFTER else Tell.ENDED
