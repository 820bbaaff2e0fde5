"""The first page: the state of the house on one screen. Every number leads to its list."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from monitor.app.open_house import OpenHouse
from monitor.core.health.notices import incident_line
from monitor.model.delivery import DeliveryState
from monitor.model.feed import PollOutcome
from monitor.web.site.rendering import page

_SAME = (PollOutcome.NOT_MODIFIED.value, PollOutcome.UNCHANGED.value)


def now_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /"""
    status = open_house.house.status()
    polls = sum(status.counts.polls.values())
    states = status.counts.deliveries
    return page(
        request,
        "now.html",
        status=status,
        failing=len(status.failing),
        late=len(status.late),
        polls=polls,
        not_modified=round(100 * sum(status.counts.polls.get(one, 0) for one in _SAME) / polls) if polls else 0,
        troubles=[incident_line(one, status.timezone) for one in status.incidents],
        outbox={state.value: states.get(state.value, 0) for state in DeliveryState},
        disk=open_house.store.disk(),
    )
