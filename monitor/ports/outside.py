"""What is outside the store: the time, the network, children, channels, those who watch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import ParamSpec, Protocol, TypeVar

from monitor.model.article import EntityMention
from monitor.model.delivery import Receipt
from monitor.model.digest import Message
from monitor.model.fetch import FetchRequest, FetchResponse
from monitor.model.measure import Counted, Labels, Timed

P = ParamSpec("P")
T = TypeVar("T")


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...


class Fetcher(Protocol):
    """HTTP GET for many URLs at once, politely."""

    def fetch_many(self, requests: Iterator[FetchRequest | None]) -> Iterator[FetchResponse]:
        """Answers in completion order; the next request is drawn when a slot is free.

        A `None` from `requests` means "nothing at the moment": it is asked again when an answer has
        arrived or a second has passed. Ends when `requests` is exhausted, or says None, with nothing in flight.
        Never raises for what a server or the network does. May be called from several threads at once.
        """
        ...

    def close(self) -> None:
        """Gives up what is in flight and frees everything; safe to call twice."""
        ...


class Sandbox(Protocol):
    """Runs a function on hostile input in a child that can be killed."""

    def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's value; function and arguments must be picklable, function importable by name.

        Raises SandboxFailed when the child is killed at its limit, crashes, or the function raises anything
        but a MonitorError (those come through as they are). May be called from several threads at once.
        """
        ...

    def close(self) -> None:
        """Ends all children; safe to call twice."""
        ...


class EntityRecognizer(Protocol):
    """Names in running text, found by a trained pipeline."""

    def recognise(self, text: str) -> Sequence[EntityMention]:
        """Persons, organisations and places in order of appearance, each once."""
        ...


class Channel(Protocol):
    """Carries rendered messages to one receiver."""

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        """Hands the message over. Raises DeliveryFailed and nothing else."""
        ...


class Dice(Protocol):
    """A number in [0, 1): jitter is an argument, so that deciders stay pure."""

    def __call__(self) -> float: ...


class Meter(Protocol):
    """Counts and times what the stages do, for those who watch from outside.

    Never raises; a label that was not declared counts nothing. May be called from several threads at once.
    """

    def count(self, what: Counted[*Labels], *labels: *Labels, by: int = 1) -> None:
        """Something declared in `monitor.model.measure` happened, `by` times."""
        ...

    def time(self, what: Timed, seconds: float) -> None:
        """A span took so long; a clock that was set back meanwhile makes it 0, not less."""
        ...

    def count_tags(self, tags: Sequence[str]) -> None:
        """A rule with these tags matched. Any text may come: it becomes a label only while there are few."""
        ...
