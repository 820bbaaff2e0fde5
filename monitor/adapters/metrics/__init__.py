"""Metrics in Prometheus' text format."""

from monitor.adapters.metrics.meter import CONTENT_TYPE, PrometheusMeter

__all__ = ["CONTENT_TYPE", "PrometheusMeter"]
