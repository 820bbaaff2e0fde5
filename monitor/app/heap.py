"""How the C library of a long-running process keeps memory: few heaps, and large pieces go back at once.

glibc gives each of a daemon's forty threads a heap of its own, up to eight a processor, and learns from a large
body that was freed to take the next one from a heap: what lies between is then never given back (mallopt(3)).
"""

from __future__ import annotations

import ctypes

_M_MMAP_THRESHOLD = -3  # malloc.h
_M_ARENA_MAX = -8
_HEAPS = 2
_LARGE = 256 * 1024  # bytes; a fixed value is not learned anew


def keep_heap_small() -> bool:
    """Called before there are threads; False where the C library has no such setting (musl, macOS)."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(mallopt(_M_ARENA_MAX, _HEAPS)) and bool(mallopt(_M_MMAP_THRESHOLD, _LARGE))
