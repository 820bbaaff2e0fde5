"""The first page: the state of the house on one screen. Every number leads to its list."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from monitor.app.open_house import OpenHouse
from monitor.app.rates import DAY, HOUR
from monitor.app.status import daemon_lines
from monitor.core.health.notices import incident_line
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
        troubles=[told(incident_line(one, status.timezone)) for one in status.incidents],
        outbox={state.value: states.get(state.value, 0) for state in DeliveryState},
        disk=open_house.store.disk(),
        warnings=[line for line in daemon_lines(status.daemons) if line.startswith("WARNING")],
        shares=SHARES,
        told=told,
        charts=(
            ("Entries an hour", [(one.start, one.came.entries) for one in hours]),
            ("Matches an hour", [(one.start, one.came.matches) for one in hours]),
            ("Entries a day", [(one.start.date(), one.came.entries) for one in days]),
            ("Matches a day", [(one.start.date(), one.came.matches) for one in days]),
        ),
    )
