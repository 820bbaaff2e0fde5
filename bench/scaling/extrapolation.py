"""What the figures say of more feeds, and under which assumptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

INTERVAL = 900  # seconds: a feed is asked every quarter of an hour in the mean
NEWS = 0.1  # of the polls find a changed body
ARTICLES = 1.5  # that such a body brings
BUSY = 0.6  # of a core that is planned with
FEEDS_A_HOST = 20
_SIZES = (50_000, 200_000, 1_000_000)
_ASSUMED = f"""\
Extrapolated by CPU, not by the rates above, under these assumptions: a feed is asked every {INTERVAL // 60} min;
{NEWS:.0%} of the answers have a new body, which costs what a first poll does and brings {ARTICLES} articles; what
each costs stays as it was with the fewest workers; cores are like these, and {BUSY:.0%} busy. Jobs: with one feed
a host, and with {FEEDS_A_HOST} that are due together. No disk and no network is the limit."""


def lines(found: Mapping[str, Any]) -> list[str]:
    """The extrapolation in words, where the polls were measured that it rests on."""
    return list(_lines(found["workers"])) if "workers" in found else []


def _lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    names = ("polls, 304", "first polls", "articles, polled to matched")
    quiet, first, articles = (_cpu(rows, name) for name in names)
    yield from _ASSUMED.splitlines()
    yield f"{'feeds':>10}{'polls/s':>9}{'jobs/s':>16}{'articles/s':>12}{'cores: workers':>16}{'PostgreSQL':>12}"
    for feeds in _SIZES:
        polls = feeds / INTERVAL
        told = polls * NEWS * ARTICLES
        cores = {
            part: (polls * ((1 - NEWS) * quiet[part] + NEWS * first[part]) + told * articles.get(part, 0.0)) / BUSY
            for part in ("workers", "server")
        }
        jobs = f"{polls:,.0f} or {polls / FEEDS_A_HOST:,.0f}"
        needed = f"{cores['workers']:>16.1f}{cores['server']:>12.1f}"
        yield f"{feeds:>10,}{polls:>9,.0f}{jobs:>16}{told:>12,.0f}{needed}"


def _cpu(rows: list[dict[str, Any]], name: str) -> dict[str, float]:
    """CPU seconds of one, by who spent them, with the fewest workers."""
    fewest = min(row["workers"] for row in rows)
    some = [row for row in rows if row["name"] == name and row["workers"] == fewest]
    parts = some[0]["spent"] if some else ()
    return {part: median(row["spent"][part] / row["number"] for row in some) for part in parts}
