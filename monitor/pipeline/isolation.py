"""One bad item never stops the others: what a stage does with an error nobody foresaw."""

from __future__ import annotations

from datetime import timedelta

# An item that broke its stage is tried again after this: long enough not to be noise, short enough to be news.
TRY_AGAIN = timedelta(minutes=15)


def named(error: Exception) -> str:
    """An unforeseen error on one line, for the log and the ledger."""
    said = (str(error).splitlines() or [""])[0][:200]
    return f"internal error: {type(error).__name__}: {said}"
