"""poll: due feeds → answers → new entries and the next poll time, one transaction a feed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b

from monitor.core.feeds.coverage import Continuity, continuity
from monitor.core.feeds.link_header import hub_of_header
from monitor.core.feeds.politeness import after_pause, pause_of, unasked_until
from monitor.core.feeds.rhythm import NO_NEWS, News, news_of
from monitor.core.feeds.schedule import address_to_ask, decide_next_poll
from monitor.core.stories.identity import stale_rows
from monitor.model.access import PLAIN_ACCESS, FeedAccess
from monitor.model.entry import Fate, NewEntry, ParsedFeed
from monitor.model.errors import StoreError
from monitor.model.feed import Feed, PollDecision, PollOutcome, PollReason, PollSettings, QuietPoll, Reading
from monitor.model.fetch import FetchRequest, FetchResponse
from monitor.pipeline.host_lines import HostLines
from monitor.pipeline.in_hand import InHand
from monitor.pipeline.isolation import TRY_AGAIN, named
from monitor.pipeline.listing import Body, judge, new_entries, read_body
from monitor.ports import Clock, Dice, DueFeeds, Fetcher, Sandbox

# Longer than any fetch (30 s by default) with its parsing: a lease must not end while its holder is at work.
LEASE = timedelta(minutes=5)
MOST_IN_LINE = 5_000  # feeds in memory that wait for their hosts; more of them are late with everything else
LOOK_AGAIN = 1.0  # seconds between two looks for what came due while bodies are read
MOST_QUIET = 64  # answers without a body that wait to be stored together; a crash asks them once more


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
class _Run:
    """What one run has in hand; but for `asked`, the calling thread's alone."""

    lines: HostLines  # those of `asked` that the fetcher has not got yet
    asked: dict[int, Feed] = field(default_factory=dict)  # until stored: read and shortened by the readers
    quiet: list[QuietPoll] = field(default_factory=list)  # to be stored together
    stored: list[PollReport] = field(default_factory=list)  # to be told


_AtWork = Future[PollReport | QuietPoll | None]


@dataclass(frozen=True, slots=True)
class PollStage:
    """Polls what is due. `dice` gives the jitter of each next poll; `access` is by the URL of a feed, as declared.

    `readers` bodies are read and stored side by side, each feed whole in one thread: a body that takes a child its
    ten seconds holds up neither another one nor what comes due meanwhile, and two children are worth two
    processors. Answers without a body to be read are stored together, before more is asked for: nobody waits for
    them, and a commit costs more than the rest.
    """

    feeds: DueFeeds
    fetcher: Fetcher
    sandbox: Sandbox
    clock: Clock
    dice: Dice
    settings: PollSettings
    readers: int = 1
    access: Mapping[str, FeedAccess] = field(default_factory=dict, repr=False)
    in_hand: InHand = field(default_factory=InHand, repr=False, compare=False)

    def run(self, stopping: Callable[[], bool]) -> Iterator[PollReport]:
        """Polls until nothing is due and nothing in flight; one report a feed, in the order they are done.

        From `stopping` on it asks for nothing more; what was asked is waited for and stored. A report may come no
        sooner than the next answer.
        """
        run = _Run(HostLines(self.settings.per_host))

        def due() -> Iterator[FetchRequest | None]:
            while not stopping():
                self._store_quiet(run)
                yield from run.lines.ready()
                claimed = self._claimed(run)
                # One that is in hand is passed over: its lease ended while it waits for its host, and one answer
                # is enough.
                fresh = {feed.id: feed for feed in self._free(claimed) if self.in_hand.take(feed.id)}
                run.asked.update(fresh)
                for feed in fresh.values():
                    run.lines.join(self._request(feed))
                yield from run.lines.ready()
                if not claimed:
                    yield None
            self._let_go(run.lines.leave(), run)

        try:
            with ThreadPoolExecutor(self.readers, thread_name_prefix="poll") as threads:
                yield from self._reports(lambda: self.fetcher.fetch_many(due()), run, threads)
        finally:
            left = list(run.asked)
            self.in_hand.give_back(left)
        # The fetcher was closed over them, as it is when several reloads follow each other.
        self._release(left)

    def _claimed(self, run: _Run) -> Sequence[Feed]:
        """What is due now, unless very many wait in line already."""
        if len(run.lines) >= MOST_IN_LINE:
            return []
        return self.feeds.claim_due(self.clock.now(), LEASE, self.settings.concurrency)

    def _request(self, feed: Feed) -> FetchRequest:
        access = self.access.get(feed.settings.url, PLAIN_ACCESS)
        url, validators = address_to_ask(feed)
        return FetchRequest(feed.id, url, validators=validators, access=access)

    def _let_go(self, waiting: list[int], run: _Run) -> None:
        """Leaves those in line to the stage of the next generation, or to the next start."""
        for feed_id in waiting:
            del run.asked[feed_id]
        self.in_hand.give_back(waiting)
        self._release(waiting)

    def _release(self, feed_ids: list[int]) -> None:
        """They are due now, not when their leases end."""
        for start in range(0, len(feed_ids), MOST_QUIET):
            self.feeds.release_leases(feed_ids[start : start + MOST_QUIET])

    def _free(self, claimed: Sequence[Feed]) -> list[Feed]:
        """The feeds whose hosts are not paused; the others are put off and not asked."""
        pauses = self.feeds.host_pauses(self.clock.now()) if claimed else {}
        waiting = {feed.id: (feed, until) for feed in claimed if (until := pause_of(feed, pauses)) is not None}
        if waiting:
            self._put_off(waiting.values())
        return [feed for feed in claimed if feed.id not in waiting]

    def _put_off(self, waiting: Iterable[tuple[Feed, datetime]]) -> None:
        self.feeds.put_off(
            {feed.id: after_pause(feed, until, self.settings, self.dice()) for feed, until in waiting}
        )

    def _reports(
        self, responses: Callable[[], Iterator[FetchResponse]], run: _Run, threads: ThreadPoolExecutor
    ) -> Iterator[PollReport]:
        at_work: list[_AtWork] = []
        try:
            while True:
                for response in responses():
                    run.lines.answered(response.request.key)
                    if response.outcome is not PollOutcome.OK:  # nothing to be read: a thread would cost more
                        yield from self._told(run, [self._answered(run.asked, response)])
                        continue
                    at_work.append(threads.submit(self._answered, run.asked, response))
                    # One more than can be at work lies ready; the other answers wait with the fetcher.
                    yield from self._told(run, _done(at_work, self.readers))
                if not at_work:
                    break
                # Nothing is due; but a body may take its child ten seconds, and others come due meanwhile.
                wait(at_work, timeout=LOOK_AGAIN, return_when=FIRST_COMPLETED)
                yield from self._told(run, _done(at_work, self.readers))
            self._store_quiet(run)
            yield from self._told(run, ())
        finally:
            for one in at_work:
                one.cancel()

    def _told(self, run: _Run, done: Iterable[PollReport | QuietPoll | None]) -> Iterator[PollReport]:
        """The reports of what is stored."""
        for one in done:
            if isinstance(one, PollReport):
                yield one
            elif one is not None:
                run.quiet.append(one)
        if len(run.quiet) >= MOST_QUIET:
            self._store_quiet(run)
        while run.stored:
            yield run.stored.pop(0)

    def _store_quiet(self, run: _Run) -> None:
        if not run.quiet:
            return
        try:
            self.feeds.record_quiet_polls(run.quiet)
            run.stored.extend(PollReport(one.feed, one.decision) for one in run.quiet)
        except StoreError:
            raise
        except Exception:
            # One feed's fault is its own: the others are stored one by one.
            run.stored.extend(self._stored_alone(one) for one in run.quiet)
        for one in run.quiet:
            self._give_back(run.asked, one.feed)
        run.quiet.clear()

    def _stored_alone(self, one: QuietPoll) -> PollReport:
        try:
            self.feeds.record_quiet_polls([one])
        except StoreError:
            raise
        except Exception as error:
            return self._give_way(one.feed, named(error))
        return PollReport(one.feed, one.decision)

    def _answered(self, asked: dict[int, Feed], response: FetchResponse) -> PollReport | QuietPoll | None:
        """The report of a poll that is stored, or a poll to be stored with others.

        None where the feed was put off, since its host was paused before its turn.
        """
        feed = asked[response.request.key]
        done: PollReport | QuietPoll | None = None
        try:
            until = unasked_until(response, self.clock.now())
            if until is None:
                done = self._settle(feed, response)
            else:
                self._put_off([(feed, until)])
        except StoreError:
            raise  # no feed's fault: the stage tries again as a whole
        except Exception as error:
            done = self._give_way(feed, named(error))
        finally:
            if not isinstance(done, QuietPoll):
                self._give_back(asked, feed)
        return done

    def _give_back(self, asked: dict[int, Feed], feed: Feed) -> None:
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

    def _settle(self, feed: Feed, response: FetchResponse) -> PollReport | QuietPoll:
        now = self.clock.now()
        body_hash = blake2b(response.body, digest_size=16).hexdigest()
        body = self._read(feed, response, body_hash, now)
        if body.parsed is None:
            # Nothing is learned of a body that was not understood: it must be read again next time.
            return QuietPoll(feed, self._decide(feed, response, body, NO_NEWS, now), now)
        judged = judge(self.feeds, feed, body.parsed, now)
        entries = new_entries(feed, judged, self.settings.max_entry_age, now)
        verdicts = [one.verdict for one in judged]
        joins = continuity(feed, verdicts)
        decision = self._decide(feed, response, body, news_of(body.parsed.entries, verdicts, joins), now)
        broken = joins is Continuity.BROKEN
        reading = Reading(
            title=body.parsed.title,
            body_hash=body_hash,
            cadence=body.parsed.cadence,
            hub=hub_of_header(response.headers.get("link", ""), response.url) or body.parsed.hub,
            listed=stale_rows(judged, now),
            may_have_lost=broken,
            older=body.parsed.older if broken else None,
        )
        self.feeds.record_poll(feed, decision, entries, now=now, reading=reading)
        return _report(feed, decision, body.parsed, entries, broken)

    def _decide(self, feed: Feed, response: FetchResponse, body: Body, news: News, now: datetime) -> PollDecision:
        return decide_next_poll(
            feed,
            self.settings,
            response,
            # Of a 304 what the last body said.
            cadence=body.parsed.cadence if body.parsed else feed.cadence,
            unchanged=body.unchanged,
            problem=body.problem,
            parse_outcome=body.outcome,
            now=now,
            dice=self.dice(),
            news=news,
        )

    def _read(self, feed: Feed, response: FetchResponse, body_hash: str, now: datetime) -> Body:
        if response.outcome is not PollOutcome.OK:
            return Body()
        if body_hash == feed.body_hash:
            return Body(unchanged=True)
        return read_body(self.sandbox, response, now)


def _done(at_work: list[_AtWork], most: int) -> Iterator[PollReport | QuietPoll | None]:
    """What is done, and so many more that at most that many stay at work. Raises what a reader raised."""
    while True:
        finished = [one for one in at_work if one.done()]
        for one in finished:
            at_work.remove(one)
            yield one.result()
        if len(at_work) <= most:
            return
        wait(at_work, return_when=FIRST_COMPLETED)


def _report(
    feed: Feed, decision: PollDecision, parsed: ParsedFeed, entries: list[NewEntry], may_have_lost: bool
) -> PollReport:
    fates = [entry.fate for entry in entries]
    return PollReport(
        feed=feed,
        decision=decision,
        entries=len(parsed.entries),
        waiting=fates.count(Fate.WAITING),
        seen=fates.count(Fate.SEEN_AT_SUBSCRIBE),
        too_old=fates.count(Fate.TOO_OLD),
        revised=sum(entry.revision_of is not None for entry in entries),
        first=feed.first_success_at is None,
        engine=parsed.engine,
        may_have_lost=may_have_lost,
        arrived=tuple(
            entry.parsed.published or entry.parsed.updated for entry in entries if entry.revision_of is None
        ),
    )
