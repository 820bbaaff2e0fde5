"""What is wrong with the monitor itself that cannot wait for the daily digest. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from monitor.core.digests.plan import recipients_of
from monitor.model.delivery import ChannelKind, Receiver
from monitor.model.digest import DigestSettings
from monitor.model.health import FeedsAlive, IncidentKind, Trouble
from monitor.model.suppression import folded_address

FEWEST_FEEDS = 5
"""Of fewer feeds half may well fail for reasons of their own."""
UNPLANNED_AFTER = timedelta(minutes=10)
"""A digest is planned again at each tick: what fails for so long does not pass by itself."""
DIFFER_AFTER = timedelta(minutes=2)
"""Daemons are reloaded one after the other."""
MISSING_AFTER = timedelta(minutes=2)
"""A dispatcher that was restarted is there sooner, and polls that come two minutes late are nobody's trouble."""
FRESH = timedelta(hours=1)
"""A letter is given up for news so long; later ones are news of their own."""
LONGEST_DETAIL = 300


def feeds_failing(alive: FeedsAlive) -> list[Trouble]:
    """That half of the feeds that worked of late fail at once: it is the network, not theirs."""
    if alive.feeds < FEWEST_FEEDS or 2 * alive.failing < alive.feeds:
        return []
    detail = (
        f"{alive.failing:,} of {alive.feeds:,} feeds fail at once: look at the network of this machine first."
        f" The last: {alive.example}"
    )
    return [Trouble(IncidentKind.FEEDS_FAILING, "", cut(detail))]


def dead_letters(given_up: Mapping[tuple[str, str], tuple[int, str]]) -> list[Trouble]:
    """What was given up of late, by receiver and channel."""
    return [
        Trouble(IncidentKind.DEAD_LETTERS, f"{receiver}/{channel}", cut(f"{letters(count)} given up; {error}"))
        for (receiver, channel), (count, error) in sorted(given_up.items())
    ]


def unheard(
    digests: Sequence[DigestSettings],
    receivers: Mapping[str, Receiver],
    unsubscribed: Collection[tuple[str, str]],
) -> list[Trouble]:
    """The digests that nobody gets any more: each of their recipients unsubscribed."""
    found = []
    for digest in digests:
        everybody = [
            (kind, address)
            for name in digest.to
            if name in receivers
            for kind, address, _ in recipients_of(receivers[name])
        ]
        if everybody and all(
            kind is ChannelKind.EMAIL and (digest.name, folded_address(address)) in unsubscribed
            for kind, address in everybody
        ):
            detail = "everybody it goes to has unsubscribed: what it tells reaches nobody"
            found.append(Trouble(IncidentKind.DIGEST_UNHEARD, digest.name, detail))
    return found


def unplanned(failing: Mapping[str, tuple[datetime, str]], now: datetime) -> list[Trouble]:
    """The digests that could not be planned for long: `failing` says since when, and why."""
    return [
        Trouble(IncidentKind.DIGEST_UNPLANNED, digest, cut(f"cannot be planned: {why}"))
        for digest, (since, why) in sorted(failing.items())
        if now - since >= UNPLANNED_AFTER
    ]


def reload_refused(problem: str | None) -> list[Trouble]:
    """That what is in force is older than the files."""
    return [] if problem is None else [Trouble(IncidentKind.RELOAD_FAILED, cut(problem), cut(problem))]


def daemons_differ(others: Sequence[str], since: datetime, now: datetime) -> list[Trouble]:
    """That daemons on one store work by different configs; `others` are those that differ from this one."""
    if not others or now - since < DIFFER_AFTER:
        return []
    detail = f"{', '.join(others)}: takes no part until it is given the same config and rules (reload, SIGHUP)"
    return [Trouble(IncidentKind.DAEMONS_DIFFER, "", cut(detail))]


def no_dispatcher(since: datetime | None, now: datetime) -> list[Trouble]:
    """That nobody has given out what is due since then."""
    if since is None or now - since < MISSING_AFTER:
        return []
    detail = "no dispatcher is at work: what is due is asked for by nobody (monitor run --role dispatch)"
    return [Trouble(IncidentKind.NO_DISPATCHER, "", detail)]


def letters(count: int) -> str:
    """ "1 message", "23 messages"."""
    return f"{count:,} message{'' if count == 1 else 's'}"


def cut(text: str) -> str:
    """On one line, and not without end."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_DETAIL else line[: LONGEST_DETAIL - 1] + "…"
