"""The killable children: how many, and what they may take."""

from __future__ import annotations

from monitor.adapters.sandbox import PRELOAD, ProcessSandbox, TwoSpeedSandbox

PARSERS = 2
"""Children that parse. Two processors are what a small machine has."""
LONG_READS = 6
"""Feeds at once, and pages, that take longer than they should, or wait for a turn. One more is not read now."""
POLL_READERS = PARSERS + LONG_READS
"""Bodies that the poll stage has at work: those that take long leave the children that parse to the others."""
PAGE_READERS = PARSERS + LONG_READS
"""Pages that the read stage has at work, for the same reason; and as many entries without a page."""
# A feed takes some thousandths, a large one that feedparser must read a tenth.
_SOON = 0.4  # seconds of CPU

# The fork server is one for all children of a process, and preloads what the first of them asks for.
PRELOADED = (*PRELOAD, "monitor.core.text.language_model")
# A small English pipeline takes 1.5 GB of address space (not of memory), a transformer 6 GB and more.
_NAMES_MEMORY = 8 << 30
_NAMES_SECONDS = 60.0  # loading a pipeline counts


def parsing_sandbox() -> ProcessSandbox:
    """For feeds and pages: the sandbox's own limits."""
    return ProcessSandbox(workers=PARSERS)


def reading_sandbox() -> TwoSpeedSandbox:
    """For all that the daemon reads: with the model of language detection, which its children share.

    What takes longer than it should has one child for itself, with the sandbox's own limits. The read stage has
    places of its own there: six slow pages must not keep a large feed from being read at all.
    """
    fast = ProcessSandbox(workers=PARSERS, cpu_seconds=_SOON, preload=PRELOADED)
    return TwoSpeedSandbox(fast, ProcessSandbox(workers=1, preload=PRELOADED), LONG_READS)


def names_sandbox() -> ProcessSandbox:
    """For a trained spaCy pipeline, which is large and slow to load."""
    return ProcessSandbox(
        workers=1,
        seconds=_NAMES_SECONDS,
        cpu_seconds=_NAMES_SECONDS,
        memory_bytes=_NAMES_MEMORY,
        resident_bytes=None,  # loading the pipeline is what takes long
        preload=PRELOADED,
    )
