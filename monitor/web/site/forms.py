"""What a form sends, and how a page answers one that did something."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

MOST_FIELDS = 100
_KIND = "application/x-www-form-urlencoded"

Fields = Mapping[str, str]


async def fields_of(request: Request) -> Fields:
    """The fields of a form, by name; of one that comes twice the last. Raises HTTPException for another body."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if body and kind != _KIND:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"A form is sent as {_KIND}.")
    try:
        found = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:  # no UTF-8, or too many fields
        raise HTTPException(HTTPStatus.BAD_REQUEST, "This form cannot be read.") from error
    return dict(found)


def see(address: str) -> Response:
    """Sends the browser to the page that shows what was done; to load that again does nothing again."""
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)
