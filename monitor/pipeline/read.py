"""read: entry → article. The page is fetched when the feed asks for it; else the feed's own text is used.

A page that shows a wall, or cannot be had, is asked again for six hours; what it gives then is a revision.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from queue import Empty, SimpleQueue

from monitor.core.articles.compose import feed_text
from monitor.core.articles.extract import extract_article
from monitor.core.feeds.politeness import unasked_until
from monitor.core.feeds.server_wishes import retry_after
from monitor.core.text.urls import full_host
from monitor.model.access import PLAIN_ACCESS, FeedAccess
from monitor.model.article import Extracted, NewArticle, Quality, ReadOutcome
from monitor.model.entry import Entry
from monitor.model.errors import NotExtractable, SandboxFailed, StoreError
from monitor.model.feed import PollOutcome
from monitor.model.fetch import FetchRequest, FetchResponse, Purpose
from monitor.model.reading import Remembered, RereadState
from monitor.pipeline.host_lines import HostLines
from monitor.pipeline.in_hand import InHand
from monitor.pipeline.isolation import TRY_AGAIN, named
from monitor.pipeline.lanes import Lanes
from monitor.pipeline.page_text import REREAD_AFTER, PageText, page_text
from monitor.pipeline.writing import OUR_TROUBLE, Counted, Writer
from monitor.ports import ArticleStore, Clock, EntityRecognizer, Fetcher, ReadingMemory, Sandbox

BATCH = 100  # entries taken at a time
MOST_IN_LINE = 1_000  # entries in memory that wait for their hosts or for a reader; more hold up everything
MOST_OF_A_FEED = 100  # of them, or a batch more: one whose pages take long must not be all that is in line
LOOK_AGAIN = 1.0  # seconds between two looks for what is to be read while others are
_REREADS = 10  # of them at most, beside what is new
# A page that does not answer is asked again after these waits; then the feed's own text has to do, with a note,
# and the page is asked again later (REREAD_AFTER).
RETRY_AFTER = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
# What may be over in a minute. Everything else is the page's own answer and final.
_PASSING = frozenset(
    {
        PollOutcome.TIMEOUT,
        PollOutcome.UNREACHABLE,
        PollOutcome.RATE_LIMITED,
        PollOutcome.HTTP_ERROR,
        PollOutcome.PROTOCOL_ERROR,
    }
)
# What six hours do not change: what the site or we forbid, what is too large, what is gone.
_FINAL = frozenset(
    {PollOutcome.GONE, PollOutcome.DISALLOWED, PollOutcome.FORBIDDEN_ADDRESS, PollOutcome.TOO_LARGE}
)


@dataclass(frozen=True, slots=True)
class ReadReport:
    """What became of one entry: `article` is the id of the one that it became; `revision` is the row of the entry
    that a page made which gave its text at last."""

    entry: Entry
    outcome: ReadOutcome
    why: str | None = None
    article: int | None = None
    revision: int | None = None


class _Run:
    """What one run has in hand. `lines` and `told` are the calling thread's alone."""

    def __init__(self, per_host: int, readers: int) -> None:
        self.asked: dict[int, Entry] = {}  # until stored: the readers take off what they are done with
        self.lines = HostLines(per_host, 0)
        self.done: SimpleQueue[ReadReport | BaseException | None] = SimpleQueue()
        self.pages = Lanes[ReadReport | None](readers, "page", self.done)  # a lane for each host
        self.words = Lanes[ReadReport | None](readers, "words", self.done)  # a lane for each feed
        self.told: list[ReadReport] = []
        # Those that lie in memory: one of each host is read. Few enough hosts take long at once (the daemon's
        # sandbox sees to that) for the others to go on.
        self.most_pages = readers * self.lines.most

    def __len__(self) -> int:
        """How many wait for their hosts, or are read."""
        return len(self.lines) + len(self.pages) + len(self.words)

    def gather(self, wait: float = 0.0) -> bool:
        """Takes what is done, for which it waits so many seconds, or until one more page may be drawn.

        Whether there was anything. Raises what a reader raised.
        """
        took = False
        while True:
            full = len(self.pages) >= self.most_pages
            try:
                done = self.done.get(timeout=None if full else wait)
            except Empty:
                return took
            took, wait = True, 0.0
            if isinstance(done, BaseException):
                raise done
            if done is not None:
                self.told.append(done)
                if wants_page(done.entry):
                    self.lines.answered(done.entry.row)

    def close(self) -> None:
        """Waits for what is read just now; the rest is given up."""
        self.pages.close()
        self.words.close()


@dataclass(frozen=True, slots=True)
class ReadStage:
    """Reads what waits. `recognizer` adds names to what the rules' own entities will find; `access` is by the URL
    of a feed, as declared.

    `readers` pages are read side by side, and beside them as many entries that have only the feed's own words,
    which never wait for a page. An entry that takes long holds up those of its host (its feed, without a page) and
    no other: of a host one page is read at a time, while the next is fetched, and is judged by all before it.
    """

    articles: ArticleStore
    memory: ReadingMemory
    fetcher: Fetcher
    sandbox: Sandbox
    clock: Clock
    recognizer: EntityRecognizer | None = None
    access: Mapping[str, FeedAccess] = field(default_factory=dict, repr=False)
    per_host: int = 1  # pages of a host asked at once
    readers: int = 1
    in_hand: InHand = field(default_factory=InHand, repr=False, compare=False)

    def run(self, stopping: Callable[[], bool]) -> Iterator[ReadReport]:
        """Reads until nothing waits and nothing is in flight; one report an entry, in the order they are done.

        From `stopping` on it asks for nothing more and waits for what is in flight. A report may come no sooner
        than the next answer.
        """
        run = _Run(self.per_host, self.readers)
        try:
            with contextlib.closing(run):
                yield from self._reports(run, stopping)
        finally:
            self.in_hand.give_back(run.asked)

    def _reports(self, run: _Run, stopping: Callable[[], bool]) -> Iterator[ReadReport]:
        while True:
            for response in self.fetcher.fetch_many(self._wanted(run, stopping)):
                entry = run.asked[response.request.key]
                lane = full_host(response.request.url)
                run.pages.join(lane, partial(self._finished, run, entry, response))
                run.gather()
                yield from _drained(run.told)
            # Nothing is in flight; but a page may take its child ten seconds, and others come meanwhile.
            at_work = len(run.pages) + len(run.words)
            took = run.gather(LOOK_AGAIN if at_work else 0.0)
            yield from _drained(run.told)
            if not at_work and not took:  # what is done lets the next ones of its host go
                return

    def _wanted(self, run: _Run, stopping: Callable[[], bool]) -> Iterator[FetchRequest | None]:
        """The pages to be asked for; what has none goes to the readers."""
        while not stopping():
            entries = self._due(run) if len(run) < MOST_IN_LINE else ()
            for entry in entries:
                if stopping():
                    break
                if not self.in_hand.take(entry.row):
                    continue
                run.asked[entry.row] = entry
                if wants_page(entry):
                    access = self.access.get(entry.feed_url, PLAIN_ACCESS)
                    link = entry.new.parsed.link or ""
                    run.lines.join(FetchRequest(entry.row, link, Purpose.PAGE, access=access))
                else:
                    run.words.join(entry.feed_id, partial(self._unless_stopping, stopping, run, entry))
                yield from run.lines.ready()
            run.gather()
            yield from run.lines.ready()
            if not entries:
                yield None
        # The next generation need not wait for the hosts of those that were not asked.
        for row in run.lines.leave():
            self._let_go(run, row)

    def _due(self, run: _Run) -> Sequence[Entry]:
        now, rows = self.clock.now(), self.in_hand.rows()
        of_feeds = Counter(entry.feed_id for entry in list(run.asked.values()))
        feeds = {feed_id for feed_id, count in of_feeds.items() if count >= MOST_OF_A_FEED}
        return [
            *self.articles.waiting(now, BATCH, rows, feeds),
            *self.memory.rereads(now, _REREADS, rows, feeds),
        ]

    def _unless_stopping(self, stopping: Callable[[], bool], run: _Run, entry: Entry) -> ReadReport | None:
        if stopping():  # it waits no longer: the next generation, or the next start, reads it
            self._let_go(run, entry.row)
            return None
        return self._finished(run, entry, None)

    def _finished(self, run: _Run, entry: Entry, response: FetchResponse | None) -> ReadReport:
        report = self._guarded(entry, response)
        self._let_go(run, entry.row)
        return report

    def _let_go(self, run: _Run, row: int) -> None:
        del run.asked[row]
        self.in_hand.give_back([row])

    def _guarded(self, entry: Entry, response: FetchResponse | None) -> ReadReport:
        """Reads one entry; one that breaks the stage is tried again, at last without its page."""
        try:
            return self._from_page(entry, response) if response else self._from_feed(entry)
        except StoreError:
            raise
        except SandboxFailed as error:
            return self._postponed(entry, str(error))
        except Exception as error:
            why = named(error)
        if entry.rereads is not None:
            return self._still_unread(entry, why)
        if response is not None and entry.read_attempts >= len(RETRY_AFTER):
            with contextlib.suppress(ValueError, TypeError, LookupError, ArithmeticError):
                return self._without_page(entry, why)
        self.articles.postpone_read(entry.row, self.clock.now() + TRY_AGAIN)
        return ReadReport(entry, ReadOutcome.POSTPONED, why)

    def _from_page(self, entry: Entry, response: FetchResponse) -> ReadReport:
        if response.outcome is not PollOutcome.OK:
            why = response.error or response.outcome.value
            if (pause_ends := self._after_pause(entry, response)) is not None:
                self.articles.postpone_read(entry.row, pause_ends, attempted=False)
                return ReadReport(entry, ReadOutcome.POSTPONED, why)
            if self._may_pass(response, entry):
                return self._postponed(entry, why)
            return self._without_page(entry, why, again=response.outcome not in _FINAL)
        content_type = response.headers.get("content-type")
        try:
            page = self.sandbox.run(extract_article, response.body, response.url, content_type, self.clock.now())
        except NotExtractable as error:
            return self._without_page(entry, str(error), again=_may_be_html(content_type))
        except SandboxFailed as error:
            if error.reason in OUR_TROUBLE and _has_time(entry):
                return self._postponed(entry, str(error))
            return self._without_page(entry, str(error))
        found = page_text(self.memory, entry, page, response.url, self.clock.now())
        return self._behind_wall(entry, found) if found.wall else self._of_page(entry, page, found)

    def _after_pause(self, entry: Entry, response: FetchResponse) -> datetime | None:
        """When a page can be asked that was not, since its host is paused; that is no failure of the page.

        None of a page that was asked, of a host that wants more rest than an entry is put off for, and once an
        entry has waited for as long as attempts would have taken: from then on they are counted.
        """
        until = unasked_until(response, self.clock.now())
        if until is None or entry.rereads is not None or until > self.clock.now() + RETRY_AFTER[-1]:
            return None
        return until if until - entry.first_seen <= sum(RETRY_AFTER, timedelta(0)) else None

    def _may_pass(self, response: FetchResponse, entry: Entry) -> bool:
        """Whether the page may be there when its entry was put off; the feed's words wait as long.

        Not where its host said that it will not: they are matched, and the page is asked again later.
        """
        if not (_is_passing(response) and _has_time(entry)):
            return False
        asked = retry_after(response, self.clock.now())
        return entry.rereads is not None or asked is None or asked <= RETRY_AFTER[-1]

    def _of_page(self, entry: Entry, page: Extracted, found: PageText) -> ReadReport:
        article = self._article(entry, Counted(found.text, page.quality, page, found, found.note))
        if entry.rereads is None:
            return ReadReport(
                entry, ReadOutcome.PAGE, article=self.articles.record_read(article, found.remembered)
            )
        given = self.memory.record_reread(article, found.remembered)
        if given is not None and given.state is RereadState.FOUND:
            return ReadReport(entry, ReadOutcome.REREAD, article=given.article, revision=given.entry)
        return ReadReport(entry, ReadOutcome.UNREAD, "its feed brought other words meanwhile")

    def _behind_wall(self, entry: Entry, found: PageText) -> ReadReport:
        """The page's text is neither matched nor compared; what else the wall says of itself is not believed."""
        why = found.wall or ""
        if entry.rereads is not None:
            return self._still_unread(entry, why, RereadState.BEHIND_WALL, left=found.remembered)
        text = feed_text(entry.new.parsed)[0]
        article = self._article(entry, Counted(text, Quality.STUB, found=found, note=why))
        made = self.articles.record_read(article, _again(found.remembered, why))
        return ReadReport(entry, ReadOutcome.STUB, why, made)

    def _postponed(self, entry: Entry, why: str) -> ReadReport:
        if entry.rereads is not None:
            return self._still_unread(entry, why)
        self.articles.postpone_read(entry.row, self.clock.now() + RETRY_AFTER[entry.read_attempts])
        return ReadReport(entry, ReadOutcome.POSTPONED, why)

    def _from_feed(self, entry: Entry) -> ReadReport:
        if entry.rereads is not None:
            return self._still_unread(entry, "its feed is no longer read with its pages", again=False)
        made = self.articles.record_read(self._article(entry, Counted(*feed_text(entry.new.parsed))))
        return ReadReport(entry, ReadOutcome.FEED, article=made)

    def _without_page(self, entry: Entry, why: str, *, again: bool = True) -> ReadReport:
        """The feed's own words have to do, for now or for good."""
        if entry.rereads is not None:
            return self._still_unread(entry, why, again=again)
        left = _again(Remembered(self.clock.now()), why) if again else None
        article = self._article(entry, Counted(*feed_text(entry.new.parsed), note=why))
        return ReadReport(entry, ReadOutcome.FALLBACK, why, self.articles.record_read(article, left))

    def _still_unread(
        self,
        entry: Entry,
        why: str,
        state: RereadState = RereadState.UNREADABLE,
        *,
        again: bool = True,
        left: Remembered | None = None,
    ) -> ReadReport:
        """A page that was asked again, in vain."""
        tries = (entry.rereads or 0) + 1
        again = again and tries < len(REREAD_AFTER)
        then = self.clock.now() + REREAD_AFTER[tries] if again else state
        self.memory.record_failed_reread(entry.row, why, then, left)
        return ReadReport(entry, ReadOutcome.UNREAD, why)

    def _article(self, entry: Entry, counted: Counted) -> NewArticle:
        writer = Writer(self.sandbox, self.recognizer)
        return writer.article(entry, counted, self.clock.now(), patient=_has_time(entry))


def wants_page(entry: Entry) -> bool:
    """Whether the page behind an entry is read: as the feed asks, but for edits of what was never read.

    Of an entry from before the subscription only the feed's words are known, and only those can be compared:
    with its page every old sentence would look new.
    """
    return entry.full_text and bool(entry.new.parsed.link) and not entry.new.words_only


def _drained(reports: list[ReadReport]) -> Iterator[ReadReport]:
    while reports:
        yield reports.pop(0)


def _is_passing(response: FetchResponse) -> bool:
    if response.outcome is PollOutcome.HTTP_ERROR:
        return response.status is not None and response.status >= 500
    return response.outcome in _PASSING


def _has_time(entry: Entry) -> bool:
    """Whether an entry may be put off once more before it has to do as it is."""
    if entry.rereads is not None:
        return entry.rereads + 1 < len(REREAD_AFTER)
    return entry.read_attempts < len(RETRY_AFTER)


def _may_be_html(content_type: str | None) -> bool:
    """Whether another answer of the page may hold an article: a PDF stays one."""
    return not content_type or "html" in content_type.lower()


def _again(remembered: Remembered, why: str) -> Remembered:
    """The same, and the page is asked again."""
    return replace(remembered, reread=why, again_at=remembered.at + REREAD_AFTER[0])
