"""What was measured as medians and ratios, and as a table for people."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from rows.meter import Measured

TITLES = {
    "raw_fetch": "raw: fetch, httpx2 alone",
    "raw_fetch_304": "raw: fetch, all answered 304",
    "raw_lxml": "raw: parse, lxml's tree alone",
    "raw_feedparser": "raw: parse, feedparser",
    "ours_first": "monitor: first poll",
    "ours_304": "monitor: re-poll, 304",
    "ours_same": "monitor: re-poll, same bytes",
    "ours_once": "monitor run --once, all in",
    "ours_tls_first": "monitor: first poll, TLS",
    "ours_tls_304": "monitor: re-poll, 304, TLS",
    "reader_first": "reader: first poll",
    "reader_304": "reader: re-poll, 304",
    "reader_same": "reader: re-poll, same bytes",
    "reader_tls_first": "reader: first poll, TLS",
    "reader_tls_304": "reader: re-poll, 304, TLS",
}
# What is compared: ours, over the sum of those rows.
RATIOS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("ours_first", ("raw_fetch", "raw_feedparser")),
    ("ours_first", ("reader_first",)),
    ("ours_304", ("raw_fetch_304",)),
    ("ours_304", ("reader_304",)),
    ("ours_same", ("raw_fetch",)),
    ("ours_same", ("reader_same",)),
    ("ours_tls_first", ("ours_first",)),
    ("ours_tls_first", ("reader_tls_first",)),
    ("ours_tls_304", ("reader_tls_304",)),
)


def summary(measured: Mapping[str, Sequence[Measured]], helps_ms: Sequence[float]) -> dict[str, Any]:
    """Medians with their spread: ratios within each round, then rows; CPU in ms a feed, memory in MB."""
    return {
        "ratios": list(_ratios(measured)),
        "rows": {name: _row(rounds) for name, rounds in measured.items()},
        "help_cpu_ms": _spread(helps_ms),
    }


def _ratios(measured: Mapping[str, Sequence[Measured]]) -> Iterator[dict[str, Any]]:
    for ours, parts in RATIOS:
        if ours in measured and all(part in measured for part in parts):
            columns = zip(measured[ours], *(measured[part] for part in parts), strict=True)
            values = [own.cpu / max(sum(one.cpu for one in others), 1e-9) for own, *others in columns]
            yield {"row": ours, "over": list(parts), **_spread(values)}


def _row(rounds: Sequence[Measured]) -> dict[str, Any]:
    first = rounds[0]
    wall = statistics.median(one.wall for one in rounds)
    return {
        "cpu_ms_a_feed": _spread([one.cpu * 1e3 / one.feeds for one in rounds]),
        "feeds_a_second": first.feeds / wall,
        "entries_a_second": first.entries / wall,
        "parent_mb": max(one.parent for one in rounds) / 1e6,
        "child_mb": max(one.child for one in rounds) / 1e6,
        "start_up_cpu_seconds": statistics.median(one.start_up for one in rounds),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "lowest": min(values), "highest": max(values)}


def table(result: Mapping[str, Any]) -> str:
    """The whole for people: ratios first, at most 100 columns."""
    when = datetime.fromisoformat(result["date"])
    lines = [
        f"{result['feeds']:,} feeds of {result['bytes'] / 1e3:.0f} kB with {result['entries']:,} entries, "
        f"rounds: {result['rounds']}, {when:%-d %B %Y}",
        result["machine"],
        "",
        *_ratio_lines(result),
        f"{'':<30}  {'CPU ms/feed':<23}{'feeds/s':>8}{'entries/s':>11}   {'peak memory MB':>14}",
        f"{'':<30}  {'median (lowest–highest)':<23}{'':>8}{'':>11}   {'parent':>6}{'child':>8}",
        *(f"{TITLES[name]:<30}  {_cells(row)}" for name, row in result["rows"].items()),
        "",
        f"Start-up: monitor --help takes {_said(result['help_cpu_ms'], 0)} ms of CPU.",
    ]
    if served := result["server_ms_a_request"]:
        lines.append(
            f"The local server, whose CPU is not counted, takes {served:.2f} ms a request: at most "
            f"{1e3 / served:,.0f} requests/s."
        )
    if result["reader"]:
        lines.append(f"reader is lemon24/reader {result['reader']}.")
    return "\n".join(lines)


def _ratio_lines(result: Mapping[str, Any]) -> list[str]:
    lines = [
        f"{TITLES[one['row']]:<30}  {_said(one, 2):>17} × "
        + " + ".join(TITLES[part].removeprefix("raw: ") for part in one["over"])
        for one in result["ratios"]
    ]
    return ["CPU, as a multiple of", *lines, ""] if lines else []


def _cells(row: Mapping[str, Any]) -> str:
    entries = f"{row['entries_a_second']:,.0f}" if row["entries_a_second"] else "–"
    child = f"{row['child_mb']:.0f}" if row["child_mb"] else "–"
    return (
        f"{_said(row['cpu_ms_a_feed'], 2):<23}{row['feeds_a_second']:>8,.0f}{entries:>11}   "
        f"{row['parent_mb']:>6.0f}{child:>8}"
    )


def _said(spread: Mapping[str, float], digits: int) -> str:
    middle, lowest, highest = (f"{spread[name]:.{digits}f}" for name in ("median", "lowest", "highest"))
    return middle if lowest == highest else f"{middle} ({lowest}–{highest})"
