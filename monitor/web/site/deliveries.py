"""What was sent, waits, or was given up; each with its attempts, and to be tried again."""

from __future__ import annotations

from collections import defaultdict

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from monitor.app.deliveries import (
    NoSuchDelivery,
    delivery_called,
    list_deliveries,
    message_text,
    retry,
    retry_dead,
)
from monitor.app.discreet import discreet_delivery
from monitor.app.open_house import OpenHouse
from monitor.app.questions import NoSuchDigest, NoSuchReceiver
from monitor.model.delivery import DeliveryState
from monitor.model.digest import MessageFormat
from monitor.model.ledger import ListedMatch
from monitor.web.site.forms import Fields, row_before, see
from monitor.web.site.rendering import page, visitor_of
from monitor.web.site.slack_look import slack_look

SHOWN = 100


def deliveries_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /deliveries?state=dead&digest=border-morning&receiver=desk&before=1200"""
    asked = {name: request.query_params.get(name, "") for name in ("state", "digest", "receiver")}
    house, now = open_house.house, open_house.clock.now()
    state = asked["state"] if asked["state"] in {one.value for one in DeliveryState} else ""
    found, trouble = None, ""
    try:
        found = list_deliveries(
            house,
            now,
            state=DeliveryState(state) if state else None,
            digest=asked["digest"] or None,
            receiver=asked["receiver"] or None,
            before=row_before(request),
            limit=SHOWN,
        )
    except (NoSuchDigest, NoSuchReceiver) as error:
        trouble = str(error)
    return page(
        request,
        "deliveries.html",
        found=found,
        trouble=trouble,
        asked=asked | {"state": state},
        states=[one.value for one in DeliveryState],
        digests=[one.name for one in house.settings.digests],
        receivers=[one.name for one in house.settings.receivers],
    )


def delivery_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /deliveries/12"""
    house = open_house.house
    try:
        one = delivery_called(house.store, str(request.path_params["delivery"]))
    except NoSuchDelivery as error:
        raise HTTPException(404, "There is no such delivery.") from error
    attempts = house.store.ledger.attempts_of(one.id)
    told: dict[tuple[str, str], list[ListedMatch]] = defaultdict(list)
    draft = one.state is DeliveryState.DRAFT
    for match in house.store.ledger.told_in(one.new.digest, one.new.batch, draft=draft):
        told[match.url, match.title].append(match)
    if not visitor_of(request).acts:
        one = discreet_delivery(one)
    message = one.new.message
    return page(
        request,
        "delivery.html",
        one=one,
        attempts=attempts,
        text=message_text(message),
        told=told,
        look=slack_look(message.payload) if message.format is MessageFormat.SLACK and message.payload else (),
    )


def retry_one(open_house: OpenHouse, request: Request, _: Fields) -> Response:
    """POST /deliveries/12/retry"""
    number = request.path_params["delivery"]
    list(retry(open_house.house.store, [str(number)], open_house.clock.now()))
    return see(f"/deliveries/{number}")


def retry_all_dead(open_house: OpenHouse, _: Request, fields: Fields) -> Response:
    """POST /deliveries/retry, receiver=desk or empty for all"""
    try:
        retry_dead(open_house.house, open_house.clock.now(), fields.get("receiver") or None)
    except NoSuchReceiver as error:
        raise HTTPException(404, str(error)) from error
    return see("/deliveries")
