"""Shipped fakes of the ports: for the project's own tests and for yours.

Each keeps the promise of its port; the contract suites in `tests/contract/` run over them as over the real ones.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from typing import ParamSpec, TypeVar

from monitor.model.article import EntityMention
from monitor.model.delivery import Receipt
from monitor.model.digest import Message
from monitor.model.errors import DeliveryFailed, MonitorError, SandboxFailed, SandboxReason
from monitor.model.feed import PollOutcome
from monitor.model.fetch import FetchRequest, FetchResponse
from monitor.model.jobs import Job, StalledJob
from monitor.model.measure import COUNTED, NO_TAG, Counted, Labels, Timed
from monitor.ports.jobs import Take

P = ParamSpec("P")
T = TypeVar("T")

EPOCH = datetime(2023, 2, 22, 12, 0, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = EPOCH) -> None:
        self._now = now

    def now(self) -> datetime:
        """The time it was set to."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Moves the clock and returns the new time."""
        self._now += by
        return self._now

    def set(self, now: datetime) -> None:
        """Sets the clock, backwards too."""
        self._now = now


class FakeFetcher:
    """Answers from a table of URL → response; an unknown URL is unreachable.

    A value may be bytes (a 200 with that body), a FetchResponse, or a function of the request.
    """

    def __init__(
        self,
        answers: Mapping[str, bytes | FetchResponse | Callable[[FetchRequest], FetchResponse]] | None = None,
    ) -> None:
        self.answers = dict(answers or {})
        self.requests: list[FetchRequest] = []
        self.closed = False

    def fetch_many(self, requests: Iterator[FetchRequest | None]) -> Iterator[FetchResponse]:
        """Answers one request after the other; stops at None, since nothing is ever in flight."""
        for request in requests:
            if request is None:
                return
            self.requests.append(request)
            yield self._answer(request)

    def close(self) -> None:
        """Remembers that it was closed."""
        self.closed = True

    def _answer(self, request: FetchRequest) -> FetchResponse:
        answer = self.answers.get(request.url)
        if answer is None:
            return FetchResponse(request, PollOutcome.UNREACHABLE, url=request.url, error="no such host")
        if isinstance(answer, bytes):
            return FetchResponse(request, PollOutcome.OK, status=200, url=request.url, body=answer)
        return answer if isinstance(answer, FetchResponse) else answer(request)


class InlineSandbox:
    """Runs the function here and now: no limits, the same errors."""

    def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's value; what it raises comes as the port promises."""
        try:
            return function(*args, **kwargs)
        except MonitorError:
            raise
        except Exception as error:
            detail = f"{type(error).__name__}: {error}".splitlines()[0]
            raise SandboxFailed(function.__name__, SandboxReason.RAISED, detail) from error

    def close(self) -> None:
        """Nothing to end."""


class RecordingChannel:
    """Keeps what it was given; `failures` are raised first, one per send."""

    def __init__(self, failures: Sequence[DeliveryFailed] = ()) -> None:
        self.sent: list[tuple[Message, str, str]] = []
        self.failures = list(failures)

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        """Records the message or raises the next failure."""
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((message, recipient, key))
        return Receipt(f"recorded {key}")


class InlineJobs:
    """A queue in memory, of one process: a job begins when it goes in, or when those with its lock are done.

    `hold` keeps what goes in until it is False; `lost` are the jobs of workers that gave no sign of life.
    """

    def __init__(self, *, hold: bool = False) -> None:
        self.hold = hold
        self.waiting: dict[str, Job] = {}  # by place
        self.lost: list[StalledJob] = []
        self.workers: frozenset[int] = frozenset()
        self._busy: dict[str, str] = {}  # stages by locks
        self._resting: frozenset[str] = frozenset()
        self._take: Take | None = None
        self._lock = threading.RLock()

    def put(self, connection: object, jobs: Sequence[Job]) -> Sequence[Job]:
        """Those whose place is free."""
        with self._lock:
            free = [job for job in jobs if job.place not in self.waiting]
            self.waiting |= {job.place: job for job in free}
        self.turn()
        return free

    def holds(self, jobs: int) -> bool:
        """Whether so many wait."""
        return len(self.waiting) >= jobs

    def stalled(self) -> Sequence[StalledJob]:
        """What a test said is lost."""
        return list(self.lost)

    def drop(self, jobs: Sequence[StalledJob]) -> None:
        """Takes them off."""
        self.lost = [job for job in self.lost if job not in jobs]

    def begin(self, take: Take) -> None:
        """Jobs begin from now on."""
        self._take = take
        self.turn()

    def rest(self, stages: Collection[str]) -> None:
        """Those of these stages begin no more; what is under way is let go."""
        with self._lock:
            self._resting = frozenset(stages)
            self._busy = {lock: stage for lock, stage in self._busy.items() if stage not in stages}
        self.turn()

    def close(self) -> None:
        """Takes no more."""
        self._take = None

    def turn(self) -> None:
        """Begins what may begin."""
        while (take := self._take) is not None and (job := self._next()) is not None:
            take(job, partial(self._done, job))

    def _next(self) -> Job | None:
        with self._lock:
            if self.hold:
                return None
            may = (one for one in self.waiting.values() if one.stage not in self._resting)
            job = next((one for one in may if one.lock not in self._busy), None)
            if job is not None:
                del self.waiting[job.place]
                self._busy[job.lock] = job.stage
            return job

    def _done(self, job: Job) -> None:
        with self._lock:
            self._busy.pop(job.lock, None)
        self.turn()


class StaticRecognizer:
    """Finds the given names where they stand in the text."""

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self.names = dict(names or {})  # name → type

    def recognise(self, text: str) -> Sequence[EntityMention]:
        """The known names in order of appearance, each once."""
        found = sorted((text.find(name), name) for name in self.names if name in text)
        return tuple(EntityMention(name, self.names[name]) for _, name in found)


class RecordingMeter:
    """Keeps every count by name and labels, and every span by name."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()  # ("polls", "ok") → how often
        self.spans: dict[str, list[float]] = defaultdict(list)  # "seen_to_matched" → seconds, in order
        self.tags: Counter[str] = Counter()
        self._declared = {(what.name, *labels) for what in COUNTED for labels in product(*what.labels.values())}
        self._lock = threading.Lock()

    def count(self, what: Counted[*Labels], *labels: *Labels, by: int = 1) -> None:
        """Adds to the count, when it is a declared one."""
        key = (what.name, *map(str, labels))
        if key in self._declared:
            with self._lock:
                self.counts[key] += by

    def time(self, what: Timed, seconds: float) -> None:
        """Keeps the span."""
        with self._lock:
            self.spans[what.name].append(max(0.0, seconds))

    def count_tags(self, tags: Sequence[str]) -> None:
        """Adds to each tag, or to NO_TAG."""
        with self._lock:
            self.tags.update(set(tags) or {NO_TAG})
