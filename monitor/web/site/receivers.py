"""Who is reached how, and whether a message gets there."""

from __future__ import annotations

from secrets import token_hex

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from monitor.app.open_house import OpenHouse
from monitor.app.questions import NoSuchReceiver
from monitor.app.receiver_tests import TooSoon
from monitor.app.receivers import reached
from monitor.app.refusals import refusals_of, said_by
from monitor.web.site.forms import Fields
from monitor.web.site.rendering import page


def receivers_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /receivers"""
    return _page(open_house, request)


def send_test(open_house: OpenHouse, request: Request, fields: Fields) -> Response:
    """POST /receivers/desk/test, sure=yes: a test message to all its recipients, and what each answered."""
    name = request.path_params["receiver"]
    if fields.get("sure") != "yes":
        return _page(open_house, request, name, trouble="Say that you are sure: real people get the message.")
    try:
        told = open_house.receiver_tests.run(open_house.house, name, token_hex(8))
    except NoSuchReceiver as error:
        raise HTTPException(404, str(error)) from error
    except TooSoon as error:
        return _page(open_house, request, name, trouble=str(error), code=429)
    return page(request, "receiver_test.html", name=name, told=told)


def _page(
    open_house: OpenHouse, request: Request, name: str = "", *, trouble: str = "", code: int = 422
) -> Response:
    house = open_house.house
    return page(
        request,
        "receivers.html",
        code if trouble else 200,
        rows=reached(house.settings, house.store.suppressions.all()),
        refusals={(one.broken.receiver, one.broken.channel): one for one in refusals_of(house.store.receivers)},
        said_by=said_by,
        name=name,
        trouble=trouble,
    )
