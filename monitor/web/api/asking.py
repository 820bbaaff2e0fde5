"""What a route is, and what it is asked: values that were checked, never a request."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from monitor.app.open_house import OpenHouse
from monitor.app.questions import House
from monitor.core.text.shown_url import without_queries, without_query
from monitor.model.web import Visitor
from monitor.web.api.problems import Reason, Refused

T = TypeVar("T")
MOST = 200  # of a list, in one answer
JSON = "application/json"
OPML = "text/x-opml"  # as its specification has it
MAX_BODY = 256 * 1024  # bytes: a draft of a rule with its query
_LONGEST_CURSOR = 200  # characters; ours have sixty
_GREATEST = 2**63 - 1

Name = Annotated[str, Field(min_length=1, max_length=200)]
Span = Annotated[str, Field(max_length=20, description="How far back: `30m`, `24h`, `7d`", examples=["7d"])]


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is at the end of time") from None


Moment = Annotated[AwareDatetime, AfterValidator(_to_utc), Field(description="RFC 3339, with its zone")]
Cursor = Annotated[str, Field(max_length=_LONGEST_CURSOR, description="The `next` of the answer before")]


class Question(BaseModel):
    """The query string, or the body, of a route: unknown names are refused, since who writes one relies on it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Question):
    """Nothing more is to be said."""


class Paged(Question):
    """A list that is read page by page."""

    limit: int = Field(50, ge=1, le=MOST, description="At most so many")
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `query` and `body` are of the models that its route names, `path` what its path holds."""

    open_house: OpenHouse
    house: House  # as it is in force for this request
    now: datetime
    visitor: Visitor
    path: Mapping[str, Any]
    query: Any
    body: Any

    def url(self, address: str) -> str:
        """The address of a feed as it is told to this visitor: its query, where paid feeds have their token, is
        for operators."""
        return address if self.visitor.acts else without_query(address)

    def error(self, words: str | None) -> str | None:
        """What went wrong, as it is told to this visitor: it may name an address."""
        return words if words is None or self.visitor.acts else without_queries(words)


Answer = Mapping[str, Any]
Ask = Callable[[Asked], Answer] | Callable[[Asked], bytes]


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `shape` names the answer in the document; `acts`: only operators may; `long`: it reads the
    archive, or all rules, for seconds; `outside`: it asks other servers, or has a child read; `most` bytes of a
    body. What it takes or tells is JSON, or a file of the other kind as it is."""

    method: str
    path: str
    ask: Ask
    summary: str
    shape: str
    query: type[Question] = Question
    body: type[Question] | None = None
    acts: bool = False
    long: bool = False
    outside: bool = False
    takes: str = JSON
    tells: str = JSON
    most: int = MAX_BODY
    status: int = 200
    reasons: tuple[Reason, ...] = ()  # beside those of every route and of what its path names


def page_of(
    found: Iterable[T], limit: int, told: Callable[[T], Mapping[str, Any]], place: Callable[[T], Any]
) -> Answer:
    """So many of a list, and where it goes on; `place` is what the next page is asked by."""
    some = list(islice(found, limit + 1))
    more = len(some) > limit
    items = some[:limit]
    return {"items": [told(one) for one in items], "next": cursor_to(place(items[-1])) if more else None}


def cursor_to(place: Any) -> str:
    """A place in a list as a text that is handed back."""
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def number_of(cursor: str | None) -> int | None:
    """The number that a cursor holds; None without one. Raises Refused."""
    return None if cursor is None else _number(_read(cursor))


def name_of(cursor: str | None) -> str | None:
    """The name that a cursor holds; None without one. Raises Refused."""
    if cursor is None:
        return None
    found = _read(cursor)
    if not isinstance(found, str) or not found.isprintable():
        raise _no_cursor()
    return found


def moment_of(cursor: str | None) -> tuple[datetime, int] | None:
    """The moment and id that a cursor holds; None without one. Raises Refused."""
    if cursor is None:
        return None
    found = _read(cursor)
    if not isinstance(found, list) or len(found) != 2 or not isinstance(found[0], str):
        raise _no_cursor()
    try:
        return datetime.fromisoformat(found[0]).astimezone(UTC), _number(found[1])
    except (ValueError, OverflowError):
        raise _no_cursor() from None


def _read(cursor: str) -> Any:
    try:
        return json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise _no_cursor() from None


def _number(found: Any) -> int:
    if type(found) is not int or not 0 <= found <= _GREATEST:
        raise _no_cursor()
    return found


def _no_cursor() -> Refused:
    return Refused(Reason.INVALID_PARAMETER, "cursor: is none that this list gave")
