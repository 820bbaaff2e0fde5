"""HTTP GET for many URLs at once: politely, bounded, and never inside the house.

`client` loop, slots, answers in completion order · `exchange` one request with its redirects · `headers` what is
sent and read · `body` bounded decoding · `routes` directly or by a proxy · `guard` which address may be connected
to · `addresses` the verdict on an address, `unresolved` on a name · `resolver` names to addresses · `politeness`
turns per host · `robots` may this page be read · `faults` every exception as an outcome.
"""

from __future__ import annotations

from monitor.adapters.fetch.client import HttpFetcher

__all__ = ["HttpFetcher"]
