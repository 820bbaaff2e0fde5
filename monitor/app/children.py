"""The killable children: how many, and what they may take."""

from __future__ import annotations

from monitor.adapters.sandbox import PRELOAD, ProcessSandbox

PARSERS = 2
"""Children that parse; the poll stage has as many bodies at work. Two processors are what a small machine has."""

# The fork server is one for all children of a process, and preloads what the first of them asks for.
PRELOADED = (*PRELOAD, "monitor.core.text.language_model")
# A small English pipeline takes 1.5 GB of address space (not of memory), a transformer 6 GB and more.
_NAMES_MEMORY = 8 << 30
_NAMES_SECONDS = 60.0  # loading a pipeline counts


def parsing_sandbox() -> ProcessSandbox:
    """For feeds and pages: the sandbox's own limits."""
    return ProcessSandbox(workers=PARSERS)


def reading_sandbox() -> ProcessSandbox:
    """For all that the daemon reads: with the model of language detection, which its children share."""
    return ProcessSandbox(workers=PARSERS, preload=PRELOADED)


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
