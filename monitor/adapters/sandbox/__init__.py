"""Killable children: runs parsers on hostile input under a deadline, a CPU limit and a memory limit."""

from monitor.adapters.sandbox.pool import PRELOAD, ProcessSandbox
from monitor.adapters.sandbox.two_speed import TwoSpeedSandbox

__all__ = ["PRELOAD", "ProcessSandbox", "TwoSpeedSandbox"]
