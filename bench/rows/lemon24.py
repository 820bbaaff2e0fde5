"""lemon24/reader on the same server, by its public API; runs in a virtual environment of its own.

    python -m rows.lemon24 DATABASE SCHEME PORT PATH FEEDS

The first run on a database subscribes and polls first; each further one polls again.
"""

from __future__ import annotations

import os
import sys

import requests.adapters
from reader import make_reader

from rows.feeds import address_of
from rows.meter import Meter, tell

WORKERS = 8  # threads that fetch and parse; the CPU a feed takes is about the same with 1, 8 and 64


def main() -> None:
    """Runs the row."""
    database, scheme, port, path, feeds = sys.argv[1:]
    if authority := os.environ.get("REQUESTS_CA_BUNDLE"):
        requests.adapters.DEFAULT_CA_BUNDLE_PATH = authority  # reader's own session does not read the environment
    with make_reader(database) as reader:
        for number in range(int(feeds)):
            reader.add_feed(f"{scheme}://{address_of(number)}:{port}{path}", exist_ok=True)
        meter = Meter()
        updated = entries = 0
        # scheduled=False: its own timetable would leave out what was updated within the hour.
        for result in reader.update_feeds_iter(scheduled=False, workers=WORKERS):
            assert not isinstance(result.value, Exception), result
            updated += 1
            entries += result.value.total if result.value else 0
        measured = meter.stop(updated, entries)
        assert reader.get_feed_counts().total == updated
    tell(measured)


if __name__ == "__main__":
    main()
