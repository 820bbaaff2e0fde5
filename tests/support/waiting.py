"""What waits in the archive to be indexed, and an index that lags behind."""

from __future__ import annotations

from monitor.model.ledger import ArchivePlace
from monitor.pipeline.index import index_all
from monitor.ports import Archive


def unindexed(archive: Archive) -> list[int]:
    """All that waits, newest first; the count agrees with it."""
    found: list[int] = []
    below: ArchivePlace | None = None
    while True:
        page = archive.unindexed(below)
        found += page.ids
        below = page.below
        if below is None:
            assert archive.waiting() == len(found)
            return found


def index_what_waits(archive: Archive) -> None:
    """As a search does, in one piece a page."""
    for _ in index_all(archive, 10_000, lambda: False):
        pass
