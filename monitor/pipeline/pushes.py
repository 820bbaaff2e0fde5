"""pushes: what hubs sent → new entries, judged like those of a poll and by the same hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.core.feeds.parse import parse_feed
from monitor.core.feeds.websub import may_prove, pushed_until
from monitor.model.entry import Fate, NewEntry, ParsedFeed
from monitor.model.errors import NotAFeed, SandboxFailed, StoreError
from monitor.model.feed import Feed, FeedStatus, PollSettings
from monitor.model.websub import HubTrust, Push
from monitor.pipeline.isolation import named
from monitor.pipeline.listing import judge, new_entries
from monitor.ports import Clock, DueFeeds, HubSubscriptions, Sandbox

_BATCH = 4  # bodies of up to 10 MB in memory at once


@dataclass(frozen=True, slots=True)
class PushReport:
    """What one push came to; `why` says why it could not be read, and that the feed is polled instead."""

    feed: Feed
    entries: int = 0  # in the body
    waiting: int = 0  # new, to be read
    too_old: int = 0
    revised: int = 0
    why: str | None = None


@dataclass(frozen=True, slots=True)
class PushStage:
    """Reads what hubs sent, whole or in part: a push may list nothing but what is new.

    It says nothing of what a feed lists, so that it can neither break a listing nor end one, and leaves validators
    and body hash alone: the next poll asks as if there had been no push.
    """

    hubs: HubSubscriptions
    feeds: DueFeeds
    sandbox: Sandbox
    clock: Clock
    settings: PollSettings

    def run(self, stopping: Callable[[], bool]) -> Iterator[PushReport]:
        """Reads until nothing waits; one report a push. Raises StoreError."""
        while not stopping() and (waiting := self.hubs.pushes(_BATCH)):
            for push, feed in waiting:
                yield self._read(push, feed)

    def _read(self, push: Push, feed: Feed) -> PushReport:
        try:
            return self._settle(push, feed)
        except StoreError:
            raise  # no push's fault: the stage tries again as a whole
        except (NotAFeed, SandboxFailed) as error:
            return self._distrust(push, feed, str(error))
        except Exception as error:
            return self._distrust(push, feed, named(error))

    def _distrust(self, push: Push, feed: Feed, why: str) -> PushReport:
        """What costs a child its time must not come again and again: for a while the hub's pushes are not kept."""
        subscription = self.hubs.of_feed(feed.id)
        if subscription is not None:
            now = self.clock.now()
            self.hubs.doubt(subscription, HubTrust.UNREAD, now, self.settings.min_interval)
        return self._poll_instead(push, feed, why)

    def _poll_instead(self, push: Push, feed: Feed, why: str) -> PushReport:
        """What lists nothing says at least that there is news."""
        self.hubs.make_due(feed.id, self.clock.now(), self.settings.min_interval)
        self.hubs.drop_push(push)
        return PushReport(feed, why=why)

    def _settle(self, push: Push, feed: Feed) -> PushReport:
        now = self.clock.now()
        if feed.status is not FeedStatus.ACTIVE:
            self.hubs.drop_push(push)
            return PushReport(feed)
        if not push.body.strip():
            return self._poll_instead(push, feed, "the body is empty")
        parsed = self.sandbox.run(parse_feed, push.body, push.content_type, feed.url, now)
        judged = judge(self.feeds, feed, parsed, now)
        entries = new_entries(feed, judged, self.settings.max_entry_age, now)
        if not parsed.entries:
            return self._poll_instead(push, feed, "it lists nothing")
        proves, until = self._proof(feed, entries, now)
        self.hubs.record_push(push, entries, now, proves, until)
        return _report(feed, parsed, entries)

    def _proof(self, feed: Feed, entries: list[NewEntry], now: datetime) -> tuple[bool, datetime | None]:
        """Whether the push shows that its hub announces what is new before it is asked for, and how long the feed
        is left to it then."""
        subscription = self.hubs.of_feed(feed.id)
        news = any(entry.fate is Fate.WAITING and entry.revision_of is None for entry in entries)
        if subscription is None or not news or not may_prove(subscription, now):
            return False, None
        proven = replace(subscription, proven_at=subscription.proven_at or now)
        return True, pushed_until(feed, proven, now, self.settings)


def _report(feed: Feed, parsed: ParsedFeed, entries: list[NewEntry]) -> PushReport:
    fates = [entry.fate for entry in entries]
    return PushReport(
        feed,
        entries=len(parsed.entries),
        waiting=fates.count(Fate.WAITING),
        too_old=fates.count(Fate.TOO_OLD),
        revised=sum(entry.revision_of is not None for entry in entries),
    )
