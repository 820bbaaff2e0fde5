"""Feeds that jobs name, as the due-queue of a poll stage: it claims what was given, says when a job is done."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from monitor.model.entry import KnownEntry
from monitor.model.feed import Feed, Polled
from monitor.model.jobs import Job
from monitor.ports.jobs import Done, GivenFeeds


class _Open:
    """A job some of whose feeds are not done."""

    def __init__(self, ids: Iterable[int], done: Done) -> None:
        self.ids = set(ids)
        self.done = done


class JobFeeds:
    """`ports.DueFeeds` over the jobs that this process has taken. `give` may be called by any thread; the rest is
    for the stage, whose readers may be several."""

    def __init__(self, feeds: GivenFeeds, wake: Callable[[], None] = lambda: None) -> None:
        self.feeds = feeds
        self.wake = wake
        self._lock = threading.Lock()
        self._waiting: deque[int] = deque()
        self._jobs: dict[int, list[_Open]] = {}  # by feed
        self._tokens: dict[int, int] = {}
        self._owed: dict[int, int] = {}  # tokens of what is given back and the store has not heard of
        self._closed = False

    def give(self, job: Job, done: Done) -> None:
        """Has the feeds of a job polled; `done` is called once each of them was, or was given up."""
        with self._lock:
            if closed := self._closed:
                ids: set[int] = set()
            else:
                ids = set(job.ids)
                one = _Open(ids, done)
                for feed_id in job.ids:
                    # One that is in hand already is polled once, and both jobs hear of it.
                    if feed_id not in self._jobs:
                        self._waiting.append(feed_id)
                    self._jobs.setdefault(feed_id, []).append(one)
        if closed or not ids:
            done()
        else:
            self.wake()

    def leave(self) -> None:
        """Gives up all jobs, of which a poll may never end. To be called when no more jobs come for the moment.

        Whoever is given their feeds next takes them with new tokens, so that what is said of them here is void.
        Raises StoreError: then others poll what waited here once its leases end.
        """
        with self._lock:
            waiting, self._waiting = list(self._waiting), deque()
            given_up = {job for jobs in self._jobs.values() for job in jobs}
            self._jobs.clear()
        try:
            self.feeds.leave(waiting)
        finally:
            for job in given_up:
                job.done()

    def close(self) -> None:
        """Takes nothing more; what waits is given up, and due as before. To be called when no more jobs come.

        Raises StoreError: then others poll them once their leases end.
        """
        with self._lock:
            self._closed = True
            waiting, self._waiting = list(self._waiting), deque()
        try:
            self.feeds.leave(waiting)
        finally:
            self._finish(waiting)

    def claim_due(self, now: datetime, lease: timedelta, limit: int) -> Sequence[Feed]:
        """At most `limit` of the feeds that were given and are still due."""
        self._give_back()
        with self._lock:
            ids = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
        if not ids:
            return []
        try:
            taken = self.feeds.take(ids, now, lease)
        except BaseException:
            with self._lock:
                self._waiting.extendleft(reversed(ids))  # the stage tries again, as it does with everything
            raise
        with self._lock:
            self._tokens.update({feed.id: feed.lease_token for feed in taken})
        self._finish(set(ids) - {feed.id for feed in taken})
        return taken

    def release_leases(self, feed_ids: Sequence[int] | None = None) -> None:
        """Gives these feeds back; without ids nothing: what others have is theirs.

        What the store does not hear of now it hears of before more is claimed.
        """
        ids = list(feed_ids or ())
        tokens = self._tokens_of(ids)
        with self._lock:
            self._owed.update(tokens)
        self._finish(ids)
        self._give_back()

    def _give_back(self) -> None:
        with self._lock:
            owed = dict(self._owed)
        if owed:
            self.feeds.give_back(owed)
            with self._lock:
                self._owed = dict(self._owed.items() - owed.items())

    def known_entries(self, feed_id: int, ids: Sequence[str], url_keys: Sequence[str]) -> Sequence[KnownEntry]:
        """Entries of one feed that share an id or a URL key with the given ones, oldest first."""
        return self.feeds.known_entries(feed_id, ids, url_keys)

    def record_polls(self, polls: Sequence[Polled]) -> int:
        """New entries, what was learned and the next poll times in one transaction; returns entries stored."""
        stored = self.feeds.record_polls(polls)
        self._finish([one.feed.id for one in polls])
        return stored

    def host_pauses(self, now: datetime) -> Mapping[str, datetime]:
        """The hosts that asked to be left alone, and until when."""
        return self.feeds.host_pauses(now)

    def put_off(self, until: Mapping[int, datetime]) -> None:
        """Makes these feeds due then, without a poll."""
        self.feeds.put_off(until, self._tokens_of(until))
        self._finish(until)

    def _tokens_of(self, ids: Iterable[int]) -> dict[int, int]:
        with self._lock:
            return {one: self._tokens[one] for one in ids if one in self._tokens}

    def _finish(self, ids: Iterable[int]) -> None:
        done: list[Done] = []
        with self._lock:
            for feed_id in ids:
                self._tokens.pop(feed_id, None)
                for job in self._jobs.pop(feed_id, ()):
                    job.ids.discard(feed_id)
                    if not job.ids:
                        done.append(job.done)
        for one in done:
            one()
