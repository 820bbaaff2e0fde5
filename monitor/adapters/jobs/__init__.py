"""Queues that give work to processes."""

from __future__ import annotations

from monitor.adapters.jobs.on_postgresql import ProcrastinateQueue
from monitor.adapters.jobs.schema import ensure_schema, library

__all__ = ["ProcrastinateQueue", "ensure_schema", "library"]
