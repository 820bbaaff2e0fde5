"""What a body of a feed brings, polled or pushed: which entries are known, and the fate of those that are not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from monitor.core.feeds.schedule import entry_fate
from monitor.core.stories.identity import Judged, judge_listing, url_keys, was_never_read
from monitor.model.entry import Fate, NewEntry, ParsedFeed, Verdict
from monitor.model.feed import Feed
from monitor.ports import DueFeeds


def judged_entries(feeds: DueFeeds, feed: Feed, parsed: ParsedFeed, now: datetime) -> list[Judged]:
    """Every entry of the body, in its order, with the stored one that it is or revises. Raises StoreError."""
    keys = url_keys(parsed.entries)
    known = feeds.known_entries(feed.id, [entry.id for entry in parsed.entries], keys)
    return judge_listing(parsed.entries, keys, known, now)


def new_entries(feed: Feed, judged: Sequence[Judged], max_entry_age: timedelta, now: datetime) -> list[NewEntry]:
    """Those that are not known, with their fate."""
    return [_new_entry(feed, one, max_entry_age, now) for one in judged if one.verdict is not Verdict.KNOWN]


def _new_entry(feed: Feed, one: Judged, max_entry_age: timedelta, now: datetime) -> NewEntry:
    if one.known is not None:
        unread = was_never_read(one.known)
        return NewEntry(
            one.entry, one.url_key, one.text_hash, Fate.WAITING, revision_of=one.known.row, words_only=unread
        )
    fate = entry_fate(
        one.entry,
        last_success_at=feed.last_success_at if feed.first_success_at else None,
        subscribed_at=feed.subscribed_at,
        backfill=feed.settings.backfill,
        max_entry_age=max_entry_age,
        now=now,
    )
    return NewEntry(one.entry, one.url_key, one.text_hash, fate)
