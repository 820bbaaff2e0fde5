"""Queues that give work to processes."""

from __future__ import annotations

from monitor.adapters.jobs.on_postgresql import ProcrastinateQueue

__all__ = ["ProcrastinateQueue"]
