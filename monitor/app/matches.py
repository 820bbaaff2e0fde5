"""`monitor matches list`: what matched, newest first; as text, CSV or JSON lines."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.app.counting import counted
from monitor.app.kept_out import InForce
from monitor.app.questions import House
from monitor.app.since import Since
from monitor.app.times import iso_time
from monitor.app.why import no_such_rule
from monitor.core.text.columns import COLUMNS, cut_to
from monitor.core.text.terminal import printable
from monitor.model.ledger import ListedMatch, Routing, RoutingState
from monitor.model.rule import Severity
from monitor.ports import Ledger

SHOWN = 50
"""Matches that the text form lists unless told otherwise."""

_PAGE = 500
_NONE = InForce()
_HEADER = (
    "matched_at", "rule", "rule_title", "severity", "title", "publisher", "url", "published", "feed", "story",
    "because", "digests",
)  # fmt: skip
# What makes a spreadsheet take a cell for a formula (OWASP, "CSV Injection"), full-width forms included.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which matches: made since then, of a rule, taken by a digest; at most `limit` of them."""

    since: Since
    rule: str | None = None
    digest: str | None = None
    limit: int | None = None


def matches(ledger: Ledger, asked: Asked) -> Iterator[ListedMatch]:
    """The matches, newest first, read page by page: of a million there are five hundred in memory."""
    left = asked.limit
    before: tuple[datetime, int] | None = None
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        page = ledger.matches(asked.since.moment, rule=asked.rule, digest=asked.digest, before=before, limit=size)
        yield from page
        if len(page) < size:
            return
        before = (page[-1].matched_at, page[-1].id)
        left = None if left is None else left - size


def check_names(house: House, asked: Asked) -> None:
    """Raises NoSuchRule or NoSuchDigest for a name that neither the config nor any match of that time knows."""
    names = {digest.name for digest in house.settings.digests}
    unknown_rule = house.ruleset is not None and asked.rule not in {
        None,
        *(rule.id for rule in house.ruleset.rules),
    }
    if not unknown_rule and asked.digest in {None, *names}:
        return
    if house.store.ledger.matches(asked.since.moment, rule=asked.rule, digest=asked.digest, limit=1):
        return
    if unknown_rule:
        raise no_such_rule(asked.rule or "", house.ruleset)
    house.expect(digest=asked.digest)


def match_lines(ledger: Ledger, asked: Asked, silences: InForce = _NONE) -> Iterator[str]:
    """The list at 80 columns under the days of the machine's zone, and a last line on what it leaves out."""
    day = ""
    shown = 0
    for one in matches(ledger, asked):
        shown += 1
        moment = one.matched_at.astimezone()
        if f"{moment:%a %d %b %Y}" != day:
            if day:
                yield ""
            day = f"{moment:%a %d %b %Y}"
            yield day
        yield from _item(one, f"{moment:%H:%M}", silences)
    if shown:
        yield ""
    yield from _foot(ledger, asked, shown)


def match_rows(found: Iterable[ListedMatch], silences: InForce = _NONE) -> Iterator[str]:
    """CSV after RFC 4180, header first; no cell is a formula to a spreadsheet."""
    writer = csv.writer(_Returned())
    yield writer.writerow(_HEADER)
    for one in found:
        cells = (
            one.matched_at.isoformat(), one.rule, one.rule_title, one.severity.value, one.title, one.publisher,
            one.url, iso_time(one.published), one.feed, one.story, one.because, _ends(one, "; ", silences),
        )  # fmt: skip
        yield writer.writerow([_harmless(cell or "") for cell in cells])


def match_json(one: ListedMatch, silences: InForce = _NONE) -> dict[str, Any]:
    """One match with stable keys; `silence` is the one that discarded it, or keeps it out now."""
    return {
        "id": one.id,
        "matched_at": one.matched_at.isoformat(),
        "rule": one.rule,
        "rule_version": one.rule_version,
        "analyser_version": one.analyser_version,
        "rule_title": one.rule_title,
        "severity": one.severity.value,
        "title": one.title,
        "publisher": one.publisher,
        "url": one.url,
        "published": iso_time(one.published),
        "feed": one.feed,
        "story": one.story,
        "because": one.because,
        "digests": [
            {
                "digest": routing.digest,
                "state": routing.state.value,
                "batch": routing.batch,
                "silence": _silence(one, routing, silences),
            }
            for routing in one.routings
        ],
    }


class _Returned:
    """A file for csv.writer that keeps nothing: `writerow` gives back what it wrote."""

    def write(self, line: str) -> str:
        return line


def _item(one: ListedMatch, time: str, silences: InForce) -> list[str]:
    high = "HIGH " if one.severity is Severity.HIGH else ""
    return [
        cut_to(f"{time}  {high}{one.rule}: {one.title}", COLUMNS),
        cut_to(f"       {one.publisher} → {_ends(one, ' · ', silences) or 'no digest takes this rule'}", COLUMNS),
        f"       {one.url}",
    ]


def _ends(one: ListedMatch, between: str, silences: InForce) -> str:
    return between.join(f"{routing.digest}: {_end(one, routing, silences)}" for routing in one.routings)


def _end(one: ListedMatch, routing: Routing, silences: InForce) -> str:
    silence = _silence(one, routing, silences)
    return routing.state.value if silence is None else f"{routing.state.value} (silence {silence})"


def _silence(one: ListedMatch, routing: Routing, silences: InForce) -> int | None:
    if routing.state is RoutingState.SILENCED:
        return routing.silence
    kept = silences.of_listed(one, routing.digest) if routing.state is RoutingState.PENDING else None
    return None if kept is None else kept.silence.id


def _foot(ledger: Ledger, asked: Asked, shown: int) -> list[str]:
    of = (f" of {asked.rule}" if asked.rule else "") + (f" for digest {asked.digest}" if asked.digest else "")
    if not shown:
        return [f"No match{of} in the last {asked.since.text}. Further back: --since 30d"]
    total = ledger.count_matches(asked.since.moment, rule=asked.rule, digest=asked.digest)
    span = f"in the last {asked.since.text}"
    if total <= shown:
        return [f"{counted(total, 'match', 'matches')}{of} {span}. More on one: monitor why URL"]
    return [
        f"The newest {shown:,} of {counted(total, 'match', 'matches')}{of} {span}.",
        f"All of them: --limit {total}, or --csv",
    ]


def _harmless(cell: str) -> str:
    return printable(f"'{cell}" if cell.startswith(_FORMULA) else cell)
