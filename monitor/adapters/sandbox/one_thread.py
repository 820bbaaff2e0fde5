"""Imported first by the fork server: what it and its children load starts no threads of its own.

OpenBLAS, which comes with numpy, starts a thread a processor when it is loaded, each with tens of megabytes of
address space: on a large machine a child would be at its memory limit before its first task. And a fork server
with threads must not fork.
"""

from __future__ import annotations

import os

os.putenv("OPENBLAS_NUM_THREADS", "1")  # not os.environ: OpenBLAS reads the C environment, and nobody else should
