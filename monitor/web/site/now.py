"""The first page: the state of the house on one screen. Every number leads to its list."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from monitor.app.daemon_words import ROLES, by_the_newest, differences, duty_words, queue_line, shares_of
from monitor.app.open_house import OpenHouse
from monitor.app.rates import DAY, HOUR
from monitor.app.status import Status, trouble_lines
from monitor.model.daemons import SHARES
from monitor.model.delivery import DeliveryState
from monitor.model.feed import PollOutcome
from monitor.model.measure import FeedState
from monitor.web.site.arrivals import DAYS, HOURS
from monitor.web.site.rendering import page, told_to

_SAME = (PollOutcome.NOT_MODIFIED.value, PollOutcome.UNCHANGED.value)
_LISTED = (FeedState.OK, FeedState.LATE, FeedState.FAILING, FeedState.GONE, FeedState.PAUSED)


def now_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /"""
    status, told = open_house.status(), told_to(request)
    polls = sum(status.counts.polls.values())
    states = status.counts.deliveries
    facts = open_house.store.facts
    hours = open_house.rates.last(facts, status.now, HOUR, HOURS)
    days = open_house.rates.last(facts, status.now, DAY, DAYS)
    return page(
        request,
        "now.html",
        status=status,
        feeds={state.value: status.feeds.of(state) for state in _LISTED},
        polls=polls,
        not_modified=round(100 * sum(status.counts.polls.get(one, 0) for one in _SAME) / polls) if polls else 0,
        troubles=[told(line) for line in trouble_lines(status)],
        outbox={state.value: states.get(state.value, 0) for state in DeliveryState},
        disk=open_house.store.disk(),
        warnings=differences(status.daemons),
        processes=_processes(status),
        queue=queue_line(status.queued, status.now) if status.queued is not None else None,
        told=told,
        charts=(
            ("Entries an hour", [(one.start, one.came.entries) for one in hours]),
            ("Matches an hour", [(one.start, one.came.matches) for one in hours]),
            ("Entries a day", [(one.start.date(), one.came.entries) for one in days]),
            ("Matches a day", [(one.start.date(), one.came.matches) for one in days]),
        ),
    )


def _processes(status: Status) -> list[dict[str, object]]:
    """Each process as its row says it; none where a single one does all."""
    if len(status.daemons) < 2 and status.queued is None:
        return []
    queued = status.queued
    return [
        {
            "daemon": one,
            "role": ROLES.get(one.role, "all"),
            "share": f"{shares_of(one)} of {SHARES}" if one.role.works else "",
            "jobs": queued.taken_by(one) if queued is not None and one.role.works else None,
            "duties": ", ".join(duty_words(one)),
            "newest": by_the_newest(one, status.daemons),
        }
        for one in status.daemons
    ]
