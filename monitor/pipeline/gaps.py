"""gaps: what a feed listed between two polls and lists no more → its older pages, one transaction a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from monitor.core.feeds.gaps import (
    joins,
    older_page_fate,
    refusal,
    step_after_failure,
    step_after_page,
    step_after_pause,
)
from monitor.core.feeds.server_wishes import retry_after
from monitor.core.text.urls import host_of
from monitor.model.access import PLAIN_ACCESS, FeedAccess
from monitor.model.entry import Fate, NewEntry, Verdict
from monitor.model.errors import StoreError
from monitor.model.feed import Feed, PollOutcome, PollSettings
from monitor.model.fetch import FetchRequest, FetchResponse
from monitor.model.gap import Gap, GapEnd, PageStep
from monitor.pipeline.host_lines import HostLines
from monitor.pipeline.isolation import named
from monitor.pipeline.listing import KnowsEntries, entry_to_store, judge, read_body
from monitor.pipeline.poll import LEASE, MOST_IN_LINE
from monitor.ports import Clock, Dice, Fetcher, GapStore, Sandbox


@dataclass(frozen=True, slots=True)
class GapReport:
    """What one page came to: for the log and for `--once`. `gap` is as it was before."""

    gap: Gap
    feed: Feed
    step: PageStep
    waiting: int = 0  # new, to be read
    seen: int = 0  # from before the subscription
    older: int = 0  # from before the last reading

    @property
    def pages(self) -> int:
        """Pages read so far."""
        return self.gap.pages + self.step.read


@dataclass(frozen=True, slots=True)
class GapStage:
    """Fills gaps from the older pages that feeds name, with the fetcher of the polls.

    `dice` gives the jitter; `access` is by the URL of a feed, as declared.
    """

    gaps: GapStore
    feeds: KnowsEntries
    fetcher: Fetcher
    sandbox: Sandbox
    clock: Clock
    dice: Dice
    settings: PollSettings
    access: Mapping[str, FeedAccess] = field(default_factory=dict, repr=False)

    def run(self, stopping: Callable[[], bool]) -> Iterator[GapReport]:
        """Reads pages until none is due and none in flight; one report a page, in the order they are done.

        From `stopping` on it asks for nothing more; what was asked is waited for and stored.
        """
        asked: dict[int, tuple[Gap, Feed]] = {}
        refused: list[GapReport] = []
        lines = HostLines(self.settings.per_host)

        def due() -> Iterator[FetchRequest | None]:
            while not stopping():
                yield from lines.ready()
                claimed = self._claimed(lines)
                for gap, feed in claimed:
                    if feed.id in asked:
                        continue  # its lease ended while it waits for its host, and one answer is enough
                    end = refusal(gap.url, feed)
                    if end is not None:
                        refused.append(self._record(gap, feed, PageStep(ended=end)))
                        continue
                    asked[feed.id] = (gap, feed)
                    access = self.access.get(feed.settings.url, PLAIN_ACCESS)
                    lines.join(FetchRequest(feed.id, gap.url, access=access))
                yield from lines.ready()
                if not claimed:
                    yield None
            left = lines.leave()
            for feed_id in left:
                del asked[feed_id]
            if left:
                self.gaps.release(left)

        try:
            for response in self.fetcher.fetch_many(due()):
                lines.answered(response.request.key)
                yield self._answered(*asked[response.request.key], response)
                del asked[response.request.key]
        finally:
            if asked:  # the fetcher was closed over them: they are due now, not when their leases end
                self.gaps.release(list(asked))
        yield from refused

    def _claimed(self, lines: HostLines) -> Sequence[tuple[Gap, Feed]]:
        """What is due now, unless very many wait in line already."""
        if len(lines) >= MOST_IN_LINE:
            return []
        return self.gaps.claim_due(self.clock.now(), LEASE, self.settings.concurrency)

    def _answered(self, gap: Gap, feed: Feed, response: FetchResponse) -> GapReport:
        try:
            return self._settle(gap, feed, response)
        except StoreError:
            raise  # no page's fault: the stage tries again as a whole
        except Exception as error:
            return self._failed(gap, feed, named(error), response)

    def _settle(self, gap: Gap, feed: Feed, response: FetchResponse) -> GapReport:
        now = self.clock.now()
        if response.outcome is PollOutcome.RATE_LIMITED and response.status is None:  # the fetcher did not ask
            return self._record(gap, feed, step_after_pause(gap, retry_after(response, now), now, self.dice()))
        if response.outcome is not PollOutcome.OK:
            why = response.error or (f"HTTP {response.status}" if response.status else response.outcome.value)
            return self._failed(gap, feed, why, response)
        if host_of(response.url) != host_of(feed.url):
            return self._record(gap, feed, PageStep(ended=GapEnd.OTHER_HOST))
        body = read_body(self.sandbox, response, now)
        if body.parsed is None:
            return self._failed(gap, feed, body.problem or "no feed", response)
        entries: list[NewEntry] = []
        joined = False
        judged = judge(self.feeds, feed, body.parsed, now)
        for one in judged:
            joined = joined or joins(gap, one.known)
            if one.verdict is not Verdict.KNOWN:
                entries.append(entry_to_store(one, partial(older_page_fate, gap, feed, joined)))
        step = step_after_page(gap, feed, [one.known for one in judged], body.parsed.older)
        return self._record(gap, feed, step, entries)

    def _failed(self, gap: Gap, feed: Feed, why: str, response: FetchResponse) -> GapReport:
        now = self.clock.now()
        return self._record(gap, feed, step_after_failure(gap, why, retry_after(response, now), now, self.dice()))

    def _record(self, gap: Gap, feed: Feed, step: PageStep, entries: list[NewEntry] | None = None) -> GapReport:
        brought = entries or []
        self.gaps.record_page(gap, step, brought, now=self.clock.now())
        fates = [entry.fate for entry in brought]
        return GapReport(
            gap,
            feed,
            step,
            waiting=fates.count(Fate.WAITING),
            seen=fates.count(Fate.SEEN_AT_SUBSCRIBE),
            older=fates.count(Fate.OLDER_PAGE),
        )
