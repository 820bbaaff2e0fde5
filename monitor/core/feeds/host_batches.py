"""Due feeds as jobs: those of one host together, so that no two workers ask it at once."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.core.text.urls import full_host
from monitor.model.jobs import DueFeed, Job

POLL = "poll"
"""The stage that takes them."""
MOST_OF_A_JOB = 100
"""Feeds in one job (jobs design: 10 to 100): more would hold a lease for long on a host that is slow."""


def host_jobs(feeds: Iterable[DueFeed], most: int = MOST_OF_A_JOB) -> list[Job]:
    """Jobs of at most so many feeds, each of one host, in the order in which the feeds came.

    The lock is the host: jobs of one host run one after the other. What is no address is a host of its own.
    """
    hosts: dict[str, list[int]] = {}
    for feed in feeds:
        hosts.setdefault(full_host(feed.url) or f"feed {feed.id}", []).append(feed.id)
    return [
        Job(POLL, tuple(ids[start : start + most]), lock=host, place=f"{POLL} {host} {start // most}")
        for host, ids in hosts.items()
        for start in range(0, len(ids), most)
    ]
