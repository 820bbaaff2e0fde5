"""When Python looks for garbage in circles: not while rules load, seldom among them, and not for every document.

100,000 rules are more than a million objects that stay. Walking over them again and again made cutting a text into
words seven times slower (rules design, "Process").
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Objects made and not yet freed before the youngest are looked at, and how often the older ones are. A document
# makes thousands that are gone when it is matched, none of them in a circle; with Python's own 700 they are looked
# at twice a document.
_THRESHOLDS = (20_000, 20, 50)


@contextmanager
def undisturbed() -> Iterator[None]:
    """No search for garbage while the block lasts."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def keep_out_of_sight() -> None:
    """Takes what is loaded by now for good: it is not searched any more, and freed when nobody refers to it."""
    gc.freeze()


def settle() -> None:
    """Before the long work of a daemon or a pass: what is loaded stays, and garbage is looked for seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


def settle_again() -> None:
    """After a reload: looks once for what went of all that was kept out of sight."""
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.collect()
        gc.freeze()
