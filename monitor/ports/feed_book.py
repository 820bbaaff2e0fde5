"""What the store promises to a person who looks after feeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from monitor.model.feed import Feed, Pause
from monitor.model.feed_book import AskNow, FeedQuery, FeedTable, PastPoll, Said


class FeedBook(Protocol):
    """Feeds as they are looked for, paused, asked at once; none of it reads all of them into memory."""

    def one(self, feed_id: int) -> Feed | None:
        """The feed with that id, whatever its status; None when there is none that was ever subscribed to."""
        ...

    def table(self, query: FeedQuery, now: datetime) -> FeedTable:
        """The page of the table that is asked for."""
        ...

    def found(self, query: FeedQuery, now: datetime) -> Sequence[int]:
        """The ids of all feeds that are wanted, on whatever page."""
        ...

    def polls(self, feed_id: int) -> Sequence[PastPoll]:
        """The last polls of a feed, newest first, at most POLLS_KEPT."""
        ...

    def said(self, feed_id: int) -> Said | None:
        """What the feed answered last instead of a feed; None when it never did, or long ago."""
        ...

    def entries_a_day(self, feed_id: int, since: datetime) -> Mapping[date, int]:
        """How many entries of a feed, revisions not counted, were first seen on each day in UTC."""
        ...

    def pause(self, feed_ids: Sequence[int], pause: Pause) -> Sequence[int]:
        """Polls these feeds no more until they are resumed; returns the ids of those that were polled before.

        What is being asked just now is stored all the same.
        """
        ...

    def resume(self, feed_ids: Sequence[int], now: datetime) -> Sequence[int]:
        """Polls paused feeds again, those whose time has passed at once, and those that were left to their hubs;
        returns their ids."""
        ...

    def ask_now(self, feed_id: int, now: datetime) -> AskNow:
        """Makes a feed due, if it may be asked."""
        ...
