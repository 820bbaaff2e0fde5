"""poll: due feeds → answers → new entries and the next poll time, each feed whole in one transaction."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Lock

from monitor.core.feeds.coverage import Continuity, continuity
from monitor.core.feeds.link_header import hub_of_header
from monitor.core.feeds.politeness import after_pause, pause_of, unasked_until
from monitor.core.feeds.rhythm import NO_NEWS, News, news_of
from monitor.core.feeds.schedule import address_to_ask, decide_next_poll
from monitor.core.stories.identity import stale_rows
from monitor.model.access import PLAIN_ACCESS, FeedAccess
from monitor.model.entry import ParsedFeed
from monitor.model.errors import StoreError
from monitor.model.feed import Feed, PollDecision, Polled, PollOutcome, PollReason, PollSettings, Reading
from monitor.model.fetch import FetchRequest, FetchResponse
from monitor.pipeline.answers import Answer, PollReport
from monitor.pipeline.host_lines import HostLines
from monitor.pipeline.in_hand import InHand
from monitor.pipeline.isolation import TRY_AGAIN, named
from monitor.pipeline.listing import judge, new_entries
from monitor.ports import Clock, Dice, DueFeeds, Fetcher, Sandbox

# Longer than any fetch (30 s by default) with its parsing: a lease must not end while its holder is at work.
LEASE = timedelta(minutes=5)
MOST_IN_LINE = 5_000  # feeds in memory that wait for their hosts; more of them are late with everything else
LOOK_AGAIN = timedelta(seconds=1)  # between two looks for what came due meanwhile
MOST_QUIET = 64  # answers without a body that wait to be stored together; a crash asks them once more
# Bytes of bodies that are stored together: a transaction's entries are all in memory.
MOST_BYTES = 500_000


@dataclass(slots=True)
class _Run:
    """What one run has in hand: `asked`, `read` and `done` are shared with the readers, the others are not."""

    lines: HostLines  # those of `asked` that the fetcher has not got yet
    asked: dict[int, Feed] = field(default_factory=dict)  # until stored
    looked_at: datetime | None = None  # when nothing more was due
    quiet: list[Answer] = field(default_factory=list)  # without a body to be read; to be stored together
    told: list[PollReport] = field(default_factory=list)  # stored, to be told
    at_work: int = 0  # bodies with the readers
    read: deque[Answer] = field(default_factory=deque)  # bodies to be stored
    storing: Lock = field(default_factory=Lock)  # one reader stores, what the others have read with its own
    done: SimpleQueue[Answer | BaseException] = field(default_factory=SimpleQueue)  # by the readers


@dataclass(frozen=True, slots=True)
class PollStage:
    """Polls what is due. `dice` gives the jitter of each next poll; `access` is by the URL of a feed, as declared.

    `readers` bodies are read side by side: one that takes a child its ten seconds holds up neither another one nor
    what comes due meanwhile, and two children are worth two processors. What was read while others were stored is
    stored together with what follows it. Answers without a body to be read are stored together before more is
    looked for: nobody waits for them, and a commit costs more than the rest.
    """

    feeds: DueFeeds
    fetcher: Fetcher
    sandbox: Sandbox
    clock: Clock
    dice: Dice
    settings: PollSettings
    readers: int = 1
    access: Mapping[str, FeedAccess] = field(default_factory=dict, repr=False)
    look_again: timedelta = LOOK_AGAIN
    in_hand: InHand = field(default_factory=InHand, repr=False, compare=False)

    def run(self, stopping: Callable[[], bool]) -> Iterator[PollReport]:
        """Polls until nothing is due and nothing in flight; one report a feed, in the order they are done.

        From `stopping` on it asks for nothing more; what was asked is waited for and stored. A report may come no
        sooner than the next answer.
        """
        run = _Run(HostLines(self.settings.per_host))

        def due() -> Iterator[FetchRequest | None]:
            while not stopping():
                yield from run.lines.ready()
                claimed = self._claimed(run)
                # One that is in hand is passed over: its lease ended while it waits for its host, and one answer
                # is enough.
                fresh = {feed.id: feed for feed in self._unpaused(claimed) if self.in_hand.take(feed.id)}
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
        except BaseException:
            self.feeds.let_lapse(list(run.asked))
            raise
        finally:
            left = list(run.asked)
            self.in_hand.give_back(left)
            # The store did not take their polls, or the fetcher was closed over them, as when several reloads
            # follow each other: whoever gave them to us must not wait for them.
            self._release(left)

    def _claimed(self, run: _Run) -> Sequence[Feed]:
        """What is due now, unless it was looked for just now, or very many wait in line already."""
        now = self.clock.now()
        # Either way: a clock that was set back must not make us wait for it.
        just_now = run.looked_at is not None and abs(now - run.looked_at) < self.look_again
        if just_now or len(run.lines) >= MOST_IN_LINE:
            return []
        self._store_quiet(run)  # a host that asked for a pause is asked for nothing that is claimed now
        claimed = self.feeds.claim_due(now, LEASE, self.settings.concurrency)
        run.looked_at = None if claimed else now
        return claimed

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
        try:
            for start in range(0, len(feed_ids), MOST_QUIET):
                self.feeds.release_leases(feed_ids[start : start + MOST_QUIET])
        except BaseException:
            self.feeds.let_lapse(feed_ids)
            raise

    def _unpaused(self, claimed: Sequence[Feed]) -> list[Feed]:
        """Those that may be asked now."""
        try:
            return self._free(claimed)
        except BaseException:
            self.feeds.let_lapse([feed.id for feed in claimed])
            raise

    def _free(self, claimed: Sequence[Feed]) -> list[Feed]:
        """The feeds whose hosts are not paused; the others are put off and not asked."""
        try:
            pauses = self.feeds.host_pauses(self.clock.now()) if claimed else {}
            waiting = {feed.id: (feed, until) for feed in claimed if (until := pause_of(feed, pauses)) is not None}
            if waiting:
                self._put_off(waiting.values())
        except BaseException:
            self._release([feed.id for feed in claimed])
            raise
        return [feed for feed in claimed if feed.id not in waiting]

    def _put_off(self, waiting: Iterable[tuple[Feed, datetime]]) -> None:
        self.feeds.put_off(
            {feed.id: after_pause(feed, until, self.settings, self.dice()) for feed, until in waiting}
        )

    def _reports(
        self, responses: Callable[[], Iterator[FetchResponse]], run: _Run, threads: ThreadPoolExecutor
    ) -> Iterator[PollReport]:
        try:
            while True:
                for response in responses():
                    run.lines.answered(response.request.key)
                    answer = Answer(run.asked[response.request.key], response, self.clock.now())
                    if response.outcome is not PollOutcome.OK:  # nothing to be read: a thread would cost more
                        self._settle(answer)
                        yield from self._told(run, [answer])
                        continue
                    threads.submit(self._answered, run, answer)
                    run.at_work += 1
                    # One more than can be at work lies ready; the other answers wait with the fetcher.
                    yield from self._told(run, _done(run, self.readers))
                if not run.at_work:
                    break
                # Nothing is due; but a body may take its child ten seconds, and others come due meanwhile.
                yield from self._told(run, _done(run, self.readers, LOOK_AGAIN))
            self._store_quiet(run)
            yield from self._told(run, ())
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    def _told(self, run: _Run, answers: Iterable[Answer]) -> Iterator[PollReport]:
        """The reports of what is stored; what is not waits for others."""
        for answer in answers:
            if not answer.stored:
                run.quiet.append(answer)
            elif answer.report is not None:
                yield answer.report
        if len(run.quiet) >= MOST_QUIET:
            self._store_quiet(run)
        while run.told:
            yield run.told.pop(0)

    def _store_quiet(self, run: _Run) -> None:
        if run.quiet:
            self._store(run, run.quiet)
            run.told.extend(answer.report for answer in run.quiet if answer.report is not None)
            run.quiet.clear()

    def _answered(self, run: _Run, answer: Answer) -> None:
        try:
            self._read(run, answer)
            run.done.put(answer)
        except BaseException as error:
            run.done.put(error)

    def _read(self, run: _Run, answer: Answer) -> None:
        """Reads a body, and stores what it came to; one that says nothing new is left to be stored with others.

        Bodies that were read while others were stored are stored together: by the first reader that can.
        """
        try:
            answer.read(self.sandbox)
        except Exception as error:
            answer.broke = error
        if answer.body.unchanged:
            self._settle(answer)
            return
        run.read.append(answer)
        while not answer.stored:
            with run.storing:
                self._store_read(run)

    def _store_read(self, run: _Run) -> None:
        """Stores what was read by now, or as much of it as may be stored at once."""
        together: list[Answer] = []
        size = 0
        while run.read and size < MOST_BYTES:
            together.append(run.read.popleft())
            size += len(together[-1].response.body)
        try:
            for answer in together:
                self._settle(answer)
            self._store(run, together)
        except BaseException:
            run.read.extendleft(reversed(together))  # each of those who read them learns it in their turn
            raise

    def _store(self, run: _Run, answers: Sequence[Answer]) -> None:
        """Stores answers together. One feed's fault is its own: the others are then stored one by one."""
        try:
            self._record(answers)
        except StoreError:
            raise  # no feed's fault: the stage tries again as a whole
        except Exception:
            for answer in answers:
                self._store_alone(answer)
        for answer in answers:
            answer.stored = True
            del run.asked[answer.feed.id]
            self.in_hand.give_back([answer.feed.id])

    def _store_alone(self, answer: Answer) -> None:
        try:
            self._record([answer])
        except StoreError:
            raise
        except Exception as error:
            self._give_way(answer, error)
            self._record([answer])

    def _record(self, answers: Sequence[Answer]) -> None:
        polls = [answer.polled for answer in answers if answer.polled is not None]
        if polls:
            self.feeds.record_polls(polls)

    def _settle(self, answer: Answer) -> None:
        """Decides what an answer comes to."""
        try:
            if answer.broke is not None:
                raise answer.broke
            now = self.clock.now()
            until = unasked_until(answer.response, now)
            if until is not None:
                self._put_off([(answer.feed, until)])
            elif answer.body.parsed is None:
                # Nothing is learned of a body that was not understood: it must be read again next time.
                decision = self._decide(answer, NO_NEWS, now)
                answer.came_to(Polled(answer.feed, decision, now))
            else:
                self._judge(answer, answer.body.parsed, now)
        except StoreError:
            raise
        except Exception as error:
            self._give_way(answer, error)

    def _give_way(self, answer: Answer, error: Exception) -> None:
        """A feed that broke the stage fails like any other, and the others go on."""
        feed, now = answer.feed, self.clock.now()
        decision = PollDecision(
            next_poll_at=now + TRY_AGAIN,
            reason=PollReason.BACK_OFF,
            outcome=PollOutcome.PARSE_FAILED,
            failures=feed.failures + 1,
            validators=feed.validators,
            url=feed.url,
            error=named(error),
        )
        answer.came_to(Polled(feed, decision, now))

    def _judge(self, answer: Answer, parsed: ParsedFeed, now: datetime) -> None:
        feed, response = answer.feed, answer.response
        judged = judge(self.feeds, feed, parsed, now)
        entries = new_entries(feed, judged, self.settings.max_entry_age, now)
        verdicts = [one.verdict for one in judged]
        joins = continuity(feed, verdicts)
        decision = self._decide(answer, news_of(parsed.entries, verdicts, joins), now)
        broken = joins is Continuity.BROKEN
        reading = Reading(
            title=parsed.title,
            body_hash=answer.body_hash,
            cadence=parsed.cadence,
            hub=hub_of_header(response.headers.get("link", ""), response.url) or parsed.hub,
            listed=stale_rows(judged, now),
            may_have_lost=broken,
            older=parsed.older if broken else None,
            lists=len(parsed.entries),
        )
        answer.came_to(Polled(feed, decision, now, entries, reading), parsed)

    def _decide(self, answer: Answer, news: News, now: datetime) -> PollDecision:
        feed, body = answer.feed, answer.body
        return decide_next_poll(
            feed,
            self.settings,
            answer.response,
            # Of a 304 what the last body said.
            cadence=body.parsed.cadence if body.parsed else feed.cadence,
            unchanged=body.unchanged,
            problem=body.problem,
            parse_outcome=body.outcome,
            now=now,
            dice=self.dice(),
            news=news,
        )


def _done(run: _Run, most: int, within: timedelta | None = None) -> Iterator[Answer]:
    """What the readers are done with, and so many more that at most that many stay at work.

    Where none is done, one that is done `within` that time. Raises what a reader raised.
    """
    while True:
        try:
            if within is None:
                answer = run.done.get(block=run.at_work > most)
            else:
                answer = run.done.get(timeout=within.total_seconds())
        except Empty:
            return
        within = None
        run.at_work -= 1
        if isinstance(answer, BaseException):
            raise answer
        yield answer
