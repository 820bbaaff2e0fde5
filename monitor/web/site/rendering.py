"""Templates as answers: everything they are given is text, and is escaped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from monitor.core.health.daily import delivered
from monitor.core.text.amounts import counted, long_span_text, size_text, span_text
from monitor.core.text.shown_url import without_queries
from monitor.model.web import Visitor
from monitor.web.arrival import VISITOR as VISITOR
from monitor.web.site.static_files import address_of

LONGEST_TITLE = 300  # characters; a headline of 10,000 is somebody's attack on the page
_LINKED = frozenset({"http", "https"})


def visitor_of(request: Request) -> Visitor:
    """Who asks for a page that is not for everybody."""
    visitor = request.scope[VISITOR]
    assert isinstance(visitor, Visitor), "the doorkeeper lets nobody else in"
    return visitor


def told_to(request: Request) -> Callable[[str], str]:
    """How an error is told to a visitor: addresses in it have their queries, where paid feeds have a token, only
    for operators."""
    return str if visitor_of(request).acts else without_queries


def page(request: Request, template: str, code: int = HTTPStatus.OK, /, **values: Any) -> Response:
    """An HTML answer. htmx gets the part of it that it asks for: the block `main`, without head and menu."""
    whole = _environment().get_template(template)
    values |= {
        "path": request.url.path,
        "part": request.headers.get("hx-request") == "true",
        "visitor": request.scope.get(VISITOR),
    }
    return HTMLResponse(whole.render(values), code, {"vary": "hx-request"})


def load_templates() -> None:
    """Compiles all templates: else each does it when it is first shown."""
    environment = _environment()
    for name in environment.list_templates():
        environment.get_template(name)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("monitor.web.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "static": address_of,
        "counted": counted,
        "asking": asking,
        "menu": MENU,
        "rule_path": rule_path,
    }
    environment.filters |= {
        "when": moment,
        "step": step,
        "points": points,
        "is_day": is_day,
        "span": span_text,
        "long_span": long_span_text,
        "size": size_text,
        "headline": headline,
        "plain": plain_title,
        "link": safe_link,
        "number": "{:,}".format,
        "delivered": delivered,
        "combine": lambda values, **more: values | more,
    }
    return environment


MENU = (
    ("/", "Now"),
    ("/stories", "Stories"),
    ("/search", "Search"),
    ("/rules", "Rules"),
    ("/digests", "Digests"),
    ("/feeds", "Feeds"),
    ("/why", "Why"),
)


def moment(at: datetime | None, missing: str = "never") -> Markup | str:
    """A time that the page's script shows in the reader's zone; without it, it is told in UTC."""
    if at is None:
        return missing
    return Markup('<time datetime="{}">{} UTC</time>').format(
        at.isoformat(timespec="seconds"), f"{at:%a %d %b %Y %H:%M}"
    )


def step(at: date) -> str:
    """A day, or an hour in UTC, in the words of a chart."""
    return f"{at:%a %H:%M} UTC" if isinstance(at, datetime) else at.isoformat()


def is_day(at: date) -> bool:
    """Whether a step of a chart is a whole day."""
    return not isinstance(at, datetime)


def points(steps: Iterable[tuple[date, int]]) -> str:
    """The numbers of a chart for its script: pairs of seconds since 1970 and a number, as JSON. Days are UTC's."""
    midnight = time(tzinfo=UTC)
    whens = ((at if isinstance(at, datetime) else datetime.combine(at, midnight), number) for at, number in steps)
    return json.dumps([[int(at.timestamp()), number] for at, number in whens], separators=(",", ":"))


def headline(title: str) -> Markup:
    """A title of somebody else's, kept to itself: its direction and its marks end where it ends."""
    return Markup('<bdi dir="auto">{}</bdi>').format(plain_title(title))


def plain_title(title: str) -> str:
    """The same as the text of an attribute."""
    words = " ".join(title.split()) or "(no title)"
    return words if len(words) <= LONGEST_TITLE else words[: LONGEST_TITLE - 1] + "…"


def safe_link(url: str) -> str:
    """An address that may be followed: of the web; "" for any other, such as javascript:."""
    try:
        return url if urlsplit(url).scheme.lower() in _LINKED else ""
    except ValueError:
        return ""


def asking(**values: Any) -> str:
    """A query string of what is not empty, with its question mark."""
    asked = urlencode({name: value for name, value in values.items() if value not in (None, "", False)})
    return f"?{asked}" if asked else ""


def rule_path(id: str) -> str:  # noqa: A002  # the word of the rule files
    """The path of a rule's page; no id begins with the tilde that keeps one called "new" from being a new one."""
    return f"/rules/{'~' if id == 'new' else ''}{quote(id, safe='')}"
