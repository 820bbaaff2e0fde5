"""What one poll was answered, what it came to, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b

from monitor.model.entry import Fate, ParsedFeed
from monitor.model.feed import POLL_SUCCESS, Answered, Feed, PollDecision, Polled, PollOutcome
from monitor.model.feed_book import SAID_KEPT
from monitor.model.fetch import FetchResponse
from monitor.pipeline.listing import Body, read_body
from monitor.ports import Sandbox


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


@dataclass(slots=True)
class Answer:
    """An answer, what was read of it, and what it came to.

    Once it is `stored`, `report` is to be told; it is None where the feed was put off, since its host was paused
    before its turn.
    """

    feed: Feed
    response: FetchResponse
    at: datetime  # when it came
    body_hash: str = ""
    body: Body = field(default_factory=Body)
    broke: Exception | None = None  # one that nobody foresaw
    polled: Polled | None = None
    report: PollReport | None = None
    stored: bool = False

    def read(self, sandbox: Sandbox) -> None:
        """Reads the body, unless it is the one that was read last."""
        self.body_hash = blake2b(self.response.body, digest_size=16).hexdigest()
        same = self.body_hash == self.feed.body_hash
        self.body = Body(unchanged=True) if same else read_body(sandbox, self.response, self.at)

    def came_to(self, polled: Polled, parsed: ParsedFeed | None = None) -> None:
        """Sets what is to be stored and told: of a body that was understood, what is `parsed`."""
        self.polled = replace(polled, answered=self._answered(polled.decision.outcome))
        self.report = _report(polled, parsed)

    def _answered(self, outcome: PollOutcome) -> Answered:
        one = self.response
        said = b"" if outcome in POLL_SUCCESS else one.body[:SAID_KEPT]
        return Answered(one.status, len(one.body), one.seconds, said)


def _report(polled: Polled, parsed: ParsedFeed | None) -> PollReport:
    feed, decision = polled.feed, polled.decision
    if parsed is None:
        return PollReport(feed, decision)
    fates = [entry.fate for entry in polled.entries]
    return PollReport(
        feed,
        decision,
        entries=len(parsed.entries),
        waiting=fates.count(Fate.WAITING),
        seen=fates.count(Fate.SEEN_AT_SUBSCRIBE),
        too_old=fates.count(Fate.TOO_OLD),
        revised=sum(entry.revision_of is not None for entry in polled.entries),
        first=feed.first_success_at is None,
        engine=parsed.engine,
        may_have_lost=polled.reading.may_have_lost,
        arrived=tuple(
            entry.parsed.published or entry.parsed.updated for entry in polled.entries if entry.revision_of is None
        ),
    )
