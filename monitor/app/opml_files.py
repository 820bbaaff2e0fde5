"""`monitor feeds import` and `export`: subscriptions from and to OPML files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import IO, Any

from monitor.app.children import parsing_sandbox
from monitor.app.counting import counted, size_text
from monitor.app.known_feeds import KnownFeeds, as_before
from monitor.config import read_subscription
from monitor.config.values import duration_text, read_tag
from monitor.core.feeds.opml import MAX_OPML, Opml, OpmlFeed, read_opml, write_opml
from monitor.core.text.urls import feed_key
from monitor.model.errors import MonitorError, NotOpml, SandboxFailed
from monitor.model.feed import KEPT, Feed, FeedSettings, PollSettings, Subscription
from monitor.ports import FeedStore

_CHUNK = 500  # feeds in one transaction: a daemon beside us waits for no longer than that
_FEW = 20
_TRUE = "true"
_NOT_NAMED = "no"  # the name is the feed's own title, and may change with it


@dataclass(slots=True)
class ImportReport:
    """What became of a list. Lines count from 1."""

    wanted: list[FeedSettings] = field(default_factory=list)  # new, or back again
    new: list[tuple[int, str]] = field(default_factory=list)  # the same, by their addresses
    added: int = 0
    already: list[tuple[int, str]] = field(default_factory=list)  # and what the feed is called
    twice: list[tuple[int, int]] = field(default_factory=list)  # and the line it stood in before
    problems: list[tuple[int, str]] = field(default_factory=list)

    @property
    def listed(self) -> int:
        """Everything that was, or should have been, a feed."""
        return len(self.wanted) + len(self.already) + len(self.twice) + len(self.problems)


class ListRefused(MonitorError):
    """A file of feeds that cannot be read; the sentence names it and the line."""


def read_list_file(source: IO[bytes], name: str) -> Opml:
    """The feeds of an OPML file called `name`, read in a child that can be killed. Raises ListRefused."""
    body = source.read(MAX_OPML + 1)
    if len(body) > MAX_OPML:
        raise ListRefused(f"{name}: longer than {size_text(MAX_OPML)}; nothing was imported")
    try:
        with closing(parsing_sandbox()) as sandbox:
            return sandbox.run(read_opml, body)
    except NotOpml as error:
        place = f"{name}:{error.line}" if error.line else name
        raise ListRefused(f"{place}: {error}; nothing was imported") from error
    except SandboxFailed as error:
        raise ListRefused(f"{name}: could not be read: {error}; nothing was imported") from error


def sort_out(opml: Opml, known: KnownFeeds, poll: PollSettings, tags: Sequence[str] = ()) -> ImportReport:
    """Which feeds of a list are to be subscribed to, with `tags` besides their own, and what is wrong with others.

    A feed that stands in several folders has the tags of all of them. Raises ValueError for one of `tags` that is
    no tag.
    """
    for tag in tags:
        read_tag(tag)
    report = ImportReport(problems=list(opml.problems))
    subscribed, removed = known.subscribed(), known.removed()
    lines: dict[str, int] = {}
    wanted: dict[str, FeedSettings] = {}
    for one in opml.feeds:
        try:
            values = _values(one, tags)
            settings = read_subscription(values, allow_private_addresses=poll.allow_private_addresses)
        except ValueError as error:
            report.problems.append((one.line, str(error)))
            continue
        key = feed_key(settings.url)
        if key in wanted:
            report.twice.append((one.line, lines[key]))
            together = tuple(dict.fromkeys((*wanted[key].tags, *settings.tags)))
            wanted[key] = replace(wanted[key], tags=together)
        elif key in subscribed:
            report.already.append((one.line, subscribed[key].name))
        elif (place := known.place(settings.url)) is not None:
            report.already.append((one.line, place))
        else:
            lines[key] = one.line
            report.new.append((one.line, settings.url))
            wanted[key] = as_before(settings, removed[key]) if key in removed else settings
    report.problems.sort()
    report.wanted = list(wanted.values())
    return report


def subscribe_all(
    report: ImportReport,
    feeds: FeedStore,
    poll: PollSettings,
    now: datetime,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Subscribes to what is wanted, a transaction a chunk; first polls are spread over each feed's interval.

    Raises StoreError; what is in is subscribed then, and importing the list again adds the rest.
    """
    count = len(report.wanted)
    for start in range(0, count, _CHUNK):
        chunk = [
            Subscription(one, now + spread(one.interval or poll.interval, index, count))
            for index, one in enumerate(report.wanted[start : start + _CHUNK], start)
        ]
        report.added += len(feeds.subscribe(chunk, now))
        progress(start + len(chunk), count)


def spread(interval: timedelta, index: int, count: int) -> timedelta:
    """When the first poll of feed `index` of `count` is due: no burst at subscribing (Rachel Kroll's criteria)."""
    return interval * index / count


def import_json(report: ImportReport, *, dry_run: bool) -> dict[str, Any]:
    """What became of a list, as one object."""
    return {
        "listed": report.listed,
        "wanted": len(report.wanted),
        "added": report.added,
        "already": len(report.already),
        "twice": len(report.twice),
        "dry_run": dry_run,
        "problems": [{"line": line, "problem": problem} for line, problem in report.problems],
    }


def became_json(report: ImportReport) -> list[dict[str, Any]]:
    """What became of each line that was, or should have been, a feed, in their order.

    `what` is its address, what it is called or where it is declared, where it stood before, or what is wrong.
    """
    found = [(line, "new", url) for line, url in report.new]
    found += [(line, "already", name) for line, name in report.already]
    found += [(line, "twice", f"line {first}") for line, first in report.twice]
    found += [(line, "refused", problem) for line, problem in report.problems]
    return [{"line": line, "became": became, "what": what} for line, became, what in sorted(found)]


def import_lines(report: ImportReport, name: str, poll: PollSettings, *, dry_run: bool) -> Iterator[str]:
    """What became of a list called `name`, for people."""
    parts = [
        f"{len(report.wanted):,} would be added" if dry_run else f"{report.added:,} added",
        f"{len(report.already):,} subscribed already" if report.already else "",
        f"{len(report.twice):,} listed twice" if report.twice else "",
        f"{len(report.problems):,} refused" if report.problems else "",
    ]
    yield f"{counted(report.listed, 'feed')} in {name}: {', '.join(part for part in parts if part)}"
    if report.added:
        yield (
            f"monitor run asks them one after the other within {duration_text(poll.interval)}, monitor run --once"
            " all of them now;"
        )
        yield "what they list by then is stored as seen, and what comes later alerts."


def trouble_lines(report: ImportReport, name: str) -> Iterator[str]:
    """Every line that is no feed or was met before, and its place; those subscribed already only while few."""
    found = [(line, why) for line, why in report.problems]
    found += [
        (line, f"the same feed as in line {first}; its tags are added there") for line, first in report.twice
    ]
    if len(report.already) <= _FEW:
        found += [(line, f"subscribed already: {what}") for line, what in report.already]
    for line, what in sorted(found):
        yield f"{name}:{line}: {what}"


def export_list(feeds: Sequence[Feed], now: datetime, tag: str | None = None) -> bytes:
    """The feeds in use, or those with a tag, as an OPML file."""
    title = "Feeds of media-monitor" + (f", tag {tag}" if tag else "")
    chosen = [feed for feed in feeds if feed.status in KEPT and (tag is None or tag in feed.settings.tags)]
    return write_opml([_listed(feed) for feed in chosen], title, now)


def _listed(feed: Feed) -> OpmlFeed:
    settings = feed.settings
    own = {
        "tags": " ".join(settings.tags),
        "named": _NOT_NAMED if settings.name is None else "",
        "interval": duration_text(settings.interval) if settings.interval else "",
        "full_text": _TRUE if settings.full_text else "",
        "backfill": duration_text(settings.backfill) if settings.backfill else "",
    }
    return OpmlFeed(settings.url, feed.name, settings.tags, {name: value for name, value in own.items() if value})


def _values(one: OpmlFeed, tags: Sequence[str]) -> Mapping[str, Any]:
    """A feed of a list as it would stand in the config."""
    named = one.name and one.name != one.url and one.own.get("named") != _NOT_NAMED
    found: dict[str, Any] = {"url": one.url, "tags": list(dict.fromkeys((*one.tags, *tags)))}
    found |= {key: one.own[key] for key in ("interval", "backfill") if key in one.own}
    found |= {"name": one.name} if named else {}
    found |= {"full_text": True} if one.own.get("full_text") == _TRUE else {}
    return found
