"""What a body of a feed lists, read and judged: the same for what is polled, pushed, or on an older page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from monitor.core.feeds.parse import parse_feed
from monitor.core.feeds.schedule import entry_fate
from monitor.core.stories.identity import Judged, judge_listing, url_keys, was_never_read
from monitor.model.entry import Fate, KnownEntry, NewEntry, ParsedEntry, ParsedFeed, Verdict
from monitor.model.errors import NotAFeed, SandboxFailed
from monitor.model.feed import Feed, PollOutcome
from monitor.model.fetch import FetchResponse
from monitor.ports import Sandbox


@dataclass(frozen=True, slots=True)
class Body:
    """What was read from a body, or why nothing was."""

    parsed: ParsedFeed | None = None
    unchanged: bool = False
    outcome: PollOutcome | None = None
    problem: str | None = None


class KnowsEntries(Protocol):
    """Who can say which entries of a feed are stored."""

    def known_entries(self, feed_id: int, ids: Sequence[str], url_keys: Sequence[str]) -> Sequence[KnownEntry]:
        """As in `ports.DueFeeds`."""
        ...


def read_body(sandbox: Sandbox, response: FetchResponse, now: datetime) -> Body:
    """The feed in the body of an answer, read in a child."""
    try:
        content_type = response.headers.get("content-type")
        return Body(parsed=sandbox.run(parse_feed, response.body, content_type, response.url, now))
    except NotAFeed as error:
        return Body(outcome=PollOutcome.NOT_A_FEED, problem=str(error))
    except SandboxFailed as error:
        return Body(outcome=PollOutcome.PARSE_FAILED, problem=str(error))


def judge(store: KnowsEntries, feed: Feed, parsed: ParsedFeed, now: datetime) -> list[Judged]:
    """Every entry of the body, in its order, with the stored one that it is or revises. Raises StoreError."""
    keys = url_keys(parsed.entries)
    if feed.first_success_at is None:
        return judge_listing(parsed.entries, keys, (), now)  # nothing of it was ever stored
    known = store.known_entries(feed.id, [entry.id for entry in parsed.entries], keys)
    return judge_listing(parsed.entries, keys, known, now)


def new_entries(feed: Feed, judged: Sequence[Judged], max_entry_age: timedelta, now: datetime) -> list[NewEntry]:
    """Those that are not known, with the fate that they have when the feed brings them now."""

    def fate(entry: ParsedEntry) -> Fate:
        return entry_fate(
            entry,
            last_success_at=feed.last_success_at if feed.first_success_at else None,
            subscribed_at=feed.subscribed_at,
            backfill=feed.settings.backfill,
            max_entry_age=max_entry_age,
            now=now,
        )

    return [entry_to_store(one, fate) for one in judged if one.verdict is not Verdict.KNOWN]


def entry_to_store(one: Judged, fate: Callable[[ParsedEntry], Fate]) -> NewEntry:
    """An entry that is NEW, which gets its fate, or REVISED, which waits to be read."""
    if one.known is None:
        return NewEntry(one.entry, one.url_key, one.text_hash, fate(one.entry))
    unread = was_never_read(one.known)
    return NewEntry(
        one.entry, one.url_key, one.text_hash, Fate.WAITING, revision_of=one.known.row, words_only=unread
    )
