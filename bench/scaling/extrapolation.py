"""What the figures say of more feeds, and under which assumptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

INTERVAL = 900  # seconds: a feed is asked every quarter of an hour in the mean
NEWS = 0.1  # of the polls find a changed body
ARTICLES = 1.5  # that such a body brings
_SIZES = (50_000, 200_000, 1_000_000)


def lines(found: Mapping[str, Any]) -> list[str]:
    """The extrapolation in words, as far as the parts it rests on were measured."""
    if "workers" not in found:
        return []
    return list(_lines(found))


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    quiet, first, articles = (
        _cpu(found["workers"], name) for name in ("polls, 304", "first polls", "articles, polled to matched")
    )
    yield (
        f"Extrapolated: each feed is asked every {INTERVAL // 60} minutes; {NEWS:.0%} of the answers are new bodies, which "
        f"cost what a first poll does;"
    )
    yield (
        f"such a body brings {ARTICLES} articles; CPU for each stays what it was with the fewest workers; cores are like "
        "these, and 60 % busy."
    )
    yield f"{'feeds':>10}{'polls/s':>9}{'jobs/s, one feed a host':>25}{'20 feeds a host':>17}{'cores: workers':>16}{'PostgreSQL':>12}"
    for feeds in _SIZES:
        polls = feeds / INTERVAL
        cores = {
            part: polls
            * ((1 - NEWS) * quiet[part] + NEWS * first[part] + NEWS * ARTICLES * articles.get(part, 0.0))
            / 0.6
            for part in ("workers", "server")
        }
        yield (
            f"{feeds:>10,}{polls:>9,.0f}{polls:>25,.0f}{polls / 20:>17,.0f}{cores['workers']:>16.1f}{cores['server']:>12.1f}"
        )


def _cpu(rows: list[dict[str, Any]], name: str) -> dict[str, float]:
    """CPU seconds of one, by who spent them, with the fewest workers."""
    fewest = min(row["workers"] for row in rows)
    some = [row for row in rows if row["name"] == name and row["workers"] == fewest]
    return (
        {part: median(row["spent"][part] / row["number"] for row in some) for part in some[0]["spent"]}
        if some
        else {}
    )
