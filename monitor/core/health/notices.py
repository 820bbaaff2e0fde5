"""What an urgent message says: one for the incidents of a kind that begin, or end, together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.core.text.amounts import span_text
from monitor.model.health import Incident, IncidentKind
from monitor.model.notice import Notice, Section


@dataclass(frozen=True, slots=True)
class _Words:
    begins: str  # {} is the subject
    many: str  # {} is their number
    ended: str
    lead: str
    command: str


_WORDS = {
    IncidentKind.RECEIVER_BROKEN: _Words(
        "Receiver {} takes nothing any more",
        "{} receivers take nothing any more",
        "Receiver {} refuses nothing any more",
        "Its messages wait and are tried again; none is lost. Mend what the error names.",
        "monitor deliveries list --state waiting",
    ),
    IncidentKind.DEAD_LETTERS: _Words(
        "Messages to {} were given up",
        "Messages to {} receivers were given up",
        "Messages to {} are given up no more",
        "They are kept. When the cause is mended, send them again.",
        "monitor deliveries list --state dead",
    ),
    IncidentKind.RELOAD_FAILED: _Words(
        "The changed config or rules do not hold",
        "The changed config or rules do not hold",
        "Config and rules hold again",
        "The old ones stay in force until the files are mended.",
        "monitor check",
    ),
    IncidentKind.FEEDS_FAILING: _Words(
        "Most feeds fail at once",
        "Most feeds fail at once",
        "The feeds answer again",
        "News comes late until they answer; what the feeds list by then is not lost.",
        "monitor feeds health",
    ),
    IncidentKind.DIGEST_UNPLANNED: _Words(
        "Digest {} cannot be planned",
        "{} digests cannot be planned",
        "Digest {} is planned again",
        "Its matches wait; none is lost.",
        "monitor status",
    ),
    IncidentKind.DAEMONS_DIFFER: _Words(
        "Daemons on one store have different configs",
        "Daemons on one store have different configs",
        "All daemons have one config again",
        "The one with the newest config does all the work until then; if that one is wrong, mend and reload it.",
        "monitor status",
    ),
    IncidentKind.NO_DISPATCHER: _Words(
        "Nobody gives out what is due",
        "Nobody gives out what is due",
        "What is due is given out again",
        "Feeds are not asked until a dispatcher works again; what they list by then is not lost.",
        "monitor status",
    ),
    IncidentKind.DIGEST_UNHEARD: _Words(
        "Nobody gets digest {} any more",
        "Nobody gets {} of the digests any more",
        "Digest {} is heard again",
        "Give it another receiver, or take it out of the config.",
        "monitor status",
    ),
}


_UNNAMED = frozenset(
    {
        IncidentKind.RELOAD_FAILED,
        IncidentKind.FEEDS_FAILING,
        IncidentKind.DAEMONS_DIFFER,
        IncidentKind.NO_DISPATCHER,
    }
)


def notice_of_begin(incidents: Sequence[Incident], at: datetime, timezone: str) -> Notice:
    """One message for all of a kind that begin now; at least one."""
    words = _WORDS[incidents[0].kind]
    title = words.begins if len(incidents) == 1 else words.many
    lines = tuple(_line(one, one.detail) for one in incidents)
    return Notice(
        title=title.format(shown(incidents[0]) if len(incidents) == 1 else len(incidents)),
        lead=words.lead,
        at=at,
        timezone=timezone,
        sections=(Section("What is wrong", lines, words.command),),
        urgent=True,
    )


def notice_of_end(incidents: Sequence[Incident], at: datetime, timezone: str) -> Notice:
    """One message for all of a kind that are over; at least one."""
    words = _WORDS[incidents[0].kind]
    rest = f" and {len(incidents) - 1} more" if len(incidents) > 1 else ""
    return Notice(
        title=words.ended.format(shown(incidents[0])) + rest,
        lead="It is over, and has stayed away for an hour.",
        at=at,
        timezone=timezone,
        sections=(Section("What was wrong", tuple(_line(one, _span(one, timezone)) for one in incidents)),),
    )


def incident_line(incident: Incident, timezone: str) -> str:
    """One incident for a list: what, since when, until when."""
    title = _WORDS[incident.kind].begins.format(shown(incident))
    return f"{title}: {_span(incident, timezone)}"


def shown(incident: Incident) -> str:
    """The subject as people call it: "desk (slack)"."""
    if incident.kind in (IncidentKind.RECEIVER_BROKEN, IncidentKind.DEAD_LETTERS):
        receiver, _, channel = incident.subject.rpartition("/")
        return f"{receiver} ({channel})"
    return incident.subject


def _line(incident: Incident, said: str) -> str:
    return said if incident.kind in _UNNAMED else f"{shown(incident)}: {said}"


def _span(incident: Incident, timezone: str) -> str:
    began = f"since {_when(incident.opened_at, timezone)}"
    if incident.closed_at is None:
        return f"{began}; {incident.detail}"
    lasted = span_text(incident.closed_at - incident.opened_at)
    return f"{incident.detail}; {began}, over at {_when(incident.closed_at, timezone)} after {lasted}"


def _when(moment: datetime, timezone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(timezone)):%d %b %H:%M}"
