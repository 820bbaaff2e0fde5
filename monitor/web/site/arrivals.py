"""What came: entries, matches and polls of a span, and how many of them there were hour by hour."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from monitor.app.open_house import OpenHouse
from monitor.app.rates import DAY, HOUR
from monitor.model.digest import Window
from monitor.model.ledger import Waits
from monitor.web.site.rendering import page

SHOWN = 100
SPANS = {"1h": HOUR, "6h": 6 * HOUR, "24h": DAY, "7d": 7 * DAY}
HOURS, DAYS = 24, 30
_LONGEST = 7 * DAY
_LONGEST_TIME = 40  # characters of a moment in ISO 8601
_MOST_DIGITS = 18


def entries_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /entries?since=1h, ?from=…&until=…, or ?waiting=read and ?waiting=match"""
    ledger = open_house.house.store.ledger
    asked = _asked(request, "waiting")
    window: Window | None = None
    if asked["waiting"] in set(Waits):
        found = ledger.entries_in_work(Waits(asked["waiting"]), SHOWN + 1)
    else:
        window = _window(asked, open_house.clock.now())
        found = ledger.entries(window, _before(request), SHOWN + 1)
    last = found[SHOWN - 1] if len(found) > SHOWN else None
    return page(
        request,
        "entries.html",
        rows=found[:SHOWN],
        window=window,
        asked=asked,
        spans=SPANS,
        before=_place(last.seen.first_seen, last.row) if last is not None and window is not None else "",
        more=last is not None,
    )


def matches_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /matches?since=1h&rule=torkham-closed, ?from=…&until=…, or ?digest=alerts&waiting=1"""
    house = open_house.house
    asked = _asked(request, "rule", "digest", "waiting")
    ledger, rule, digest = house.store.ledger, asked["rule"] or None, asked["digest"] or None
    window: Window | None = None
    count: int | None = None
    if asked["waiting"] == "1" and digest is not None:
        found = ledger.pending(digest, SHOWN + 1)
    else:
        window = _window(asked, open_house.clock.now())
        start, until, place = window.start, window.end, _before(request)
        found = ledger.matches(start, rule=rule, digest=digest, before=place, limit=SHOWN + 1, until=until)
        count = ledger.count_matches(start, rule=rule, digest=digest, until=until)
    last = found[SHOWN - 1] if len(found) > SHOWN else None
    return page(
        request,
        "matches.html",
        rows=found[:SHOWN],
        count=count,
        window=window,
        asked=asked,
        spans=SPANS,
        digests=[one.name for one in house.settings.digests],
        before=_place(last.matched_at, last.id) if last is not None and window is not None else "",
        more=last is not None,
    )


def polls_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /polls?since=1h: what the polls of a span came to."""
    asked = _asked(request)
    window = _window(asked, open_house.clock.now())
    each: Counter[str] = Counter()
    for _, outcome, number in open_house.house.store.ledger.polls(window):
        each[outcome.value] += number
    return page(
        request,
        "polls.html",
        rows=each.most_common(),
        total=each.total(),
        window=window,
        asked=asked,
        spans=SPANS,
    )


def rates_page(open_house: OpenHouse, request: Request) -> Response:
    """GET /rates: entries and matches by the hour and by the day, as the charts of the first page draw them."""
    now, facts = open_house.clock.now(), open_house.house.store.facts
    return page(
        request,
        "rates.html",
        hours=open_house.rates.last(facts, now, HOUR, HOURS)[::-1],
        days=open_house.rates.last(facts, now, DAY, DAYS)[::-1],
    )


def _asked(request: Request, *more: str) -> dict[str, str]:
    asked = {name: request.query_params.get(name, "")[:200] for name in ("since", "from", "until", *more)}
    return asked | {"since": asked["since"] if asked["since"] in SPANS else "1h"}


def _window(asked: dict[str, str], now: datetime) -> Window:
    """The span that is asked for: its two ends, or the time up to now."""
    start, end = _moment(asked["from"]), _moment(asked["until"])
    if start is None or end is None or not timedelta(0) < end - start <= _LONGEST:
        asked |= {"from": "", "until": ""}
        return Window(now - SPANS[asked["since"]], now + timedelta(seconds=1))
    return Window(start, end)


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text[:_LONGEST_TIME])
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _before(request: Request) -> tuple[datetime, int] | None:
    """Where the page before ended."""
    text, _, row = request.query_params.get("before", "")[:100].partition(" ")
    moment = _moment(text)
    is_number = row.isdecimal() and row.isascii() and len(row) <= _MOST_DIGITS
    return (moment, int(row)) if moment is not None and is_number else None


def _place(moment: datetime, row: int) -> str:
    return f"{moment.isoformat()} {row}"
