"""poll: due feeds → answers → new entries and the next poll time, one transaction a feed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b

from monitor.core.feeds.coverage import Continuity, continuity
from monitor.core.feeds.parse import parse_feed
from monitor.core.feeds.schedule import decide_next_poll
from monitor.core.stories.identity import stale_rows
from monitor.model.entry import Fate, NewEntry, ParsedFeed
from monitor.model.errors import NotAFeed, SandboxFailed, StoreError
from monitor.model.feed import NOTHING_READ, Feed, PollDecision, PollOutcome, PollReason, PollSettings, Reading
from monitor.model.fetch import FetchRequest, FetchResponse
from monitor.pipeline.feed_entries import judged_entries, new_entries
from monitor.pipeline.in_hand import InHand
from monitor.pipeline.isolation import TRY_AGAIN, named
from monitor.ports import Clock, Dice, DueFeeds, Fetcher, Sandbox

# Longer than any fetch (30 s by default) with its parsing: a lease must not end while its holder is at work.
LEASE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class PollReport:
    """What one poll came to: for the log and for `--once`."""

    feed: Feed
    decision: PollDecision
    entries: int = 0  # in the feed
    waiting: int = 0  # new, to be read
    seen: int = 0  # from before the subscription
    too_old: int = 0
    revised: int = 0
    first: bool = False  # the feed's first success
    engine: str | None = None  # what read the body; None when none was read
    may_have_lost: bool = False  # all of it is new: entries may have come and gone between two polls
    arrived: tuple[datetime | None, ...] = ()  # dates of the entries that are new and no revisions


@dataclass(frozen=True, slots=True)
class _Body:
    """What was read from a body, or why nothing was."""

    parsed: ParsedFeed | None = None
    unchanged: bool = False
    outcome: PollOutcome | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class PollStage:
    """Polls what is due. `dice` gives the jitter of each next poll.

    `readers` bodies are read and stored side by side, each feed whole in one thread: a body that takes a child its
    ten seconds holds up no other feed, and two children are worth two processors.
    """

    feeds: DueFeeds
    fetcher: Fetcher
    sandbox: Sandbox
    clock: Clock
    dice: Dice
    settings: PollSettings
    readers: int = 1
    in_hand: InHand = field(default_factory=InHand, repr=False, compare=False)

    def run(self, stopping: Callable[[], bool]) -> Iterator[PollReport]:
        """Polls until nothing is due and nothing in flight; one report a feed, in the order they are done.

        From `stopping` on it asks for nothing more; what was asked is waited for and stored. A report may come no
        sooner than the next answer.
        """
        asked: dict[int, Feed] = {}  # until stored: read here, and shortened by the readers

        def due() -> Iterator[FetchRequest | None]:
            while not stopping():
                claimed = self.feeds.claim_due(self.clock.now(), LEASE, self.settings.concurrency)
                # One that is in hand is passed over: its lease ended while it waits for its host, and one answer
                # is enough.
                fresh = {feed.id: feed for feed in claimed if self.in_hand.take(feed.id)}
                asked.update(fresh)
                for feed in fresh.values():
                    yield FetchRequest(feed.id, feed.url, validators=feed.validators)
                if not claimed:
                    yield None

        try:
            with ThreadPoolExecutor(self.readers, thread_name_prefix="poll") as threads:
                yield from self._reports(self.fetcher.fetch_many(due()), asked, threads)
        finally:
            left = list(asked)
            self.in_hand.give_back(left)
        if left:
            # The fetcher was closed over them, as it is when several reloads follow each other: they are due now,
            # not when their leases end.
            self.feeds.release_leases(left)

    def _reports(
        self, responses: Iterator[FetchResponse], asked: dict[int, Feed], threads: ThreadPoolExecutor
    ) -> Iterator[PollReport]:
        at_work: list[Future[PollReport]] = []
        try:
            for response in responses:
                at_work.append(threads.submit(self._answered, asked, response))
                # One more than can be at work lies ready; the other answers wait with the fetcher.
                yield from _done(at_work, self.readers)
            yield from _done(at_work, 0)
        finally:
            for one in at_work:
                one.cancel()

    def _answered(self, asked: dict[int, Feed], response: FetchResponse) -> PollReport:
        feed = asked[response.request.key]
        try:
            return self._settle(feed, response)
        except StoreError:
            raise  # no feed's fault: the stage tries again as a whole
        except Exception as error:
            return self._give_way(feed, named(error))
        finally:
            del asked[feed.id]
            self.in_hand.give_back([feed.id])

    def _give_way(self, feed: Feed, why: str) -> PollReport:
        """A feed that broke the stage fails like any other, and the others go on."""
        now = self.clock.now()
        decision = PollDecision(
            next_poll_at=now + TRY_AGAIN,
            reason=PollReason.BACK_OFF,
            outcome=PollOutcome.PARSE_FAILED,
            failures=feed.failures + 1,
            validators=feed.validators,
            url=feed.url,
            error=why,
        )
        self.feeds.record_poll(feed, decision, [], now=now)
        return PollReport(feed, decision)

    def _settle(self, feed: Feed, response: FetchResponse) -> PollReport:
        now = self.clock.now()
        body_hash = blake2b(response.body, digest_size=16).hexdigest()
        body = self._read(feed, response, body_hash, now)
        decision = self._decide(feed, response, body, now)
        judged = judged_entries(self.feeds, feed, body.parsed, now) if body.parsed else []
        entries = new_entries(feed, judged, self.settings.max_entry_age, now)
        broken = continuity(feed, [one.verdict for one in judged]) is Continuity.BROKEN
        self.feeds.record_poll(
            feed,
            decision,
            entries,
            now=now,
            # Only of a body that was understood: one that was not must be read again next time.
            reading=_reading(body.parsed, body_hash, stale_rows(judged, now), broken)
            if body.parsed
            else NOTHING_READ,
        )
        return _report(feed, decision, body, entries, broken)

    def _decide(self, feed: Feed, response: FetchResponse, body: _Body, now: datetime) -> PollDecision:
        return decide_next_poll(
            feed,
            self.settings,
            response,
            ttl=(body.parsed.cadence if body.parsed else feed.cadence).ttl,
            unchanged=body.unchanged,
            problem=body.problem,
            parse_outcome=body.outcome,
            now=now,
            dice=self.dice(),
        )

    def _read(self, feed: Feed, response: FetchResponse, body_hash: str, now: datetime) -> _Body:
        if response.outcome is not PollOutcome.OK:
            return _Body()
        if body_hash == feed.body_hash:
            return _Body(unchanged=True)
        try:
            content_type = response.headers.get("content-type")
            return _Body(parsed=self.sandbox.run(parse_feed, response.body, content_type, response.url, now))
        except NotAFeed as error:
            return _Body(outcome=PollOutcome.NOT_A_FEED, problem=str(error))
        except SandboxFailed as error:
            return _Body(outcome=PollOutcome.PARSE_FAILED, problem=str(error))


def _reading(parsed: ParsedFeed, body_hash: str, listed: Sequence[int], may_have_lost: bool) -> Reading:
    return Reading(parsed.title, body_hash, parsed.cadence, parsed.hub, listed, may_have_lost)


def _done(at_work: list[Future[PollReport]], most: int) -> Iterator[PollReport]:
    """The reports there are, and so many more that at most that many stay at work. Raises what a reader raised."""
    while True:
        finished = [one for one in at_work if one.done()]
        for one in finished:
            at_work.remove(one)
            yield one.result()
        if len(at_work) <= most:
            return
        wait(at_work, return_when=FIRST_COMPLETED)


def _report(
    feed: Feed, decision: PollDecision, body: _Body, entries: list[NewEntry], may_have_lost: bool
) -> PollReport:
    fates = [entry.fate for entry in entries]
    return PollReport(
        feed=feed,
        decision=decision,
        entries=len(body.parsed.entries) if body.parsed else 0,
        waiting=fates.count(Fate.WAITING),
        seen=fates.count(Fate.SEEN_AT_SUBSCRIBE),
        too_old=fates.count(Fate.TOO_OLD),
        revised=sum(entry.revision_of is not None for entry in entries),
        first=body.parsed is not None and feed.first_success_at is None,
        engine=body.parsed.engine if body.parsed else None,
        may_have_lost=may_have_lost,
        arrived=tuple(
            entry.parsed.published or entry.parsed.updated for entry in entries if entry.revision_of is None
        ),
    )
