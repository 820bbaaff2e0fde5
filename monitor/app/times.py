"""Times as programs read them."""

from __future__ import annotations

from datetime import datetime


def iso_time(moment: datetime | None) -> str | None:
    """RFC 3339, as in every JSON line; None stays None."""
    return None if moment is None else moment.isoformat()
