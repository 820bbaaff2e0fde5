"""What a form sends, and how a page answers one that did something."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import MAXYEAR, UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from monitor.core.text.charset import decode_body
from monitor.model.ledger import ArchivePlace

MOST_FIELDS = 300  # a story shows 200 articles that may be ticked, a table a hundred feeds
NO_NUL = "A text with a NUL in it is no text: PostgreSQL keeps none, and nothing here holds one."
_FIRST_YEAR = 1990
_DIGITS = 19  # more than a store counts to
_KIND = "application/x-www-form-urlencoded"
_WITH_FILES = "multipart/form-data"
_BOUNDARY = re.compile(r'boundary="?([!-~]{1,70}?)"?(?:;|$)', re.I)
_NAME = re.compile(rb'; *name="([^"\r\n]{0,100})"', re.I)
_FILE = re.compile(rb'; *filename="', re.I)

Fields = Mapping[str, str]


async def fields_of(request: Request) -> Fields:
    """The fields of a form, by name; of one that comes twice the last. Raises HTTPException for another body."""
    stated = request.headers.get("content-type", "")
    kind = stated.partition(";")[0].strip().lower()
    body = await request.body()
    if body and kind not in (_KIND, _WITH_FILES):
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"A form is sent as {_KIND}.")
    try:
        if kind == _WITH_FILES:
            found = list(_parts(body, stated))
        else:
            found = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as error:  # no UTF-8, or too many fields
        raise HTTPException(HTTPStatus.BAD_REQUEST, "This form cannot be read.") from error
    if any("\0" in value for _, value in found):
        raise HTTPException(HTTPStatus.BAD_REQUEST, NO_NUL)
    # Browsers send the line ends of a text area as CR LF, whatever they were; files have LF.
    return {name: value.replace("\r\n", "\n") for name, value in found}


def _parts(body: bytes, stated: str) -> Iterator[tuple[str, str]]:
    """The fields of a form with files (RFC 7578), of a file what its text is. Raises ValueError.

    A library for this would be one more to trust: of the format browsers use this much.
    """
    boundary = _BOUNDARY.search(stated)
    if boundary is None:
        raise ValueError("a form with files names what stands between them")
    _, *parts = (b"\r\n" + body).split(f"\r\n--{boundary[1]}".encode(), MOST_FIELDS + 2)
    if len(parts) > MOST_FIELDS or not parts or not parts[-1].startswith(b"--"):
        raise ValueError("too many fields, or not all of them")
    for part in parts[:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if name is None:
            raise ValueError("a field without a name")
        yield name[1].decode(), decode_body(content) if _FILE.search(head) else content.decode()


def row_before(request: Request) -> int | None:
    """`?before=1200`: the row below which a list goes on; None for its beginning, and for what is no number."""
    asked = request.query_params.get("before", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < _DIGITS else None


def place_before(request: Request) -> ArchivePlace | None:
    """`?before=2026-11-28T02:00:00+00:00_1200`: behind which article a list goes on; None for its beginning."""
    moment, _, row = request.query_params.get("before", "").rpartition("_")
    if not row.isascii() or not row.isdigit() or len(row) >= _DIGITS:
        return None
    try:
        seen = datetime.fromisoformat(moment).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    # Nothing is older than the web, and at the end of the calendar there is no next moment.
    return ArchivePlace(seen, int(row)) if _FIRST_YEAR <= seen.year < MAXYEAR else None


def place_words(place: ArchivePlace | None) -> str:
    """The same as it stands in an address; "" for the beginning."""
    return "" if place is None else f"{place.first_seen.isoformat()}_{place.article}"


def see(address: str) -> Response:
    """Sends the browser to the page that shows what was done; to load that again does nothing again."""
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)
