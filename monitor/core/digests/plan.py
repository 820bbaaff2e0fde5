"""Who gets what, and when: selectors, windows, keys. Pure: the time is an argument.

Windows end at fire times (`fires.py`), or, where such a time is quiet (`quiet.py`), when the quiet stretch ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from hashlib import blake2b

from monitor.core.digests.fires import latest_fire, next_fire
from monitor.core.digests.quiet import NEVER_QUIET, Stretch, stretch_at
from monitor.model.delivery import (
    AppriseEndpoint,
    ChannelKind,
    EmailEndpoint,
    Endpoint,
    FileEndpoint,
    Receiver,
    SlackEndpoint,
    SlackTokenEndpoint,
    WebhookEndpoint,
)
from monitor.model.digest import CatchUp, Cron, Every, MessageFormat, QuietSettings, Window
from monitor.model.rule import Rule

LATE_AFTER = timedelta(minutes=5)
FOLLOW_UP_AFTER = timedelta(minutes=15)
"""A story that an immediate digest has told has one follow-up in this time: a live page changes every minute."""
STORM_ABOVE = 10
"""More stories than this, due at once, are one message of an immediate digest: a phone that rings eleven times is
not read any better than one that rings once."""
LOOK_BACK = "backtest/"
"""How the names of batches begin that tell what a backtest found."""


def takes(selectors: Sequence[str], rule: Rule) -> bool:
    """Whether a digest with these selector lines (`[[digests]].rules`, interface contract) takes the rule.

    Any line may select; within a line all terms must hold; `!` turns a term round. A line of nothing but
    exclusions selects nothing and takes its rules away from what the other lines select. Terms: `tag:NAME`,
    `severity:LEVEL`, or a glob over rule ids (case matters).
    """
    selected = False
    for line in selectors:
        terms = line.split()
        if not terms:
            continue
        holds = all(_term_holds(term, rule) for term in terms)
        if all(term.startswith("!") for term in terms):
            if not holds:
                return False
        else:
            selected = selected or holds
    return selected


def _term_holds(term: str, rule: Rule) -> bool:
    if term.startswith("!"):
        return not _term_holds(term[1:], rule)
    kind, colon, value = term.partition(":")
    if colon and kind == "tag":
        return value in rule.tags
    if colon and kind == "severity":
        return value == rule.severity.value
    return fnmatchcase(rule.id, term)


@dataclass(frozen=True, slots=True)
class NextClose:
    """When the next window of a digest closes; `held_by` says why not at its fire time."""

    at: datetime
    held_by: CatchUp | None = None


def due_window(
    schedule: Cron | Every,
    timezone: str,
    last_end: datetime,
    now: datetime,
    quiet: QuietSettings = NEVER_QUIET,
) -> Window | None:
    """The window to close now: from `last_end` to the latest fire time that has come; None when none has.

    Several missed fire times give one window ("several missed windows become one message", delivery design).
    In quiet time nothing closes. The window of a fire time that was quiet ends where the quiet stretch does, and
    takes in all that the stretch held. Aware datetimes in, UTC out. The cost does not grow with the age of
    `last_end`.
    """
    if stretch_at(quiet, timezone, now) is not None:
        return None
    fire = latest_fire(schedule, timezone, now)
    if fire is None or fire <= last_end:
        return None
    held = stretch_at(quiet, timezone, fire)
    return Window(last_end.astimezone(UTC), fire if held is None else held.end)


def quiet_fire(schedule: Cron | Every, timezone: str, stretch: Stretch, now: datetime) -> datetime | None:
    """The latest fire time that has come within a quiet stretch; None when none has."""
    fire = latest_fire(schedule, timezone, now)
    return fire if fire is not None and stretch.start <= fire < stretch.end else None


def next_close(schedule: Cron | Every, timezone: str, now: datetime, quiet: QuietSettings) -> NextClose:
    """When the next window closes. Raises ValueError for a cron text that never fires again."""
    here = stretch_at(quiet, timezone, now)
    if here is not None and quiet_fire(schedule, timezone, here, now) is not None:
        return NextClose(here.end, here.why)
    fire = next_fire(schedule, timezone, now)
    held = stretch_at(quiet, timezone, fire)
    return NextClose(fire) if held is None else NextClose(held.end, held.why)


def is_late(window: Window, now: datetime) -> bool:
    """Whether a window is closed more than five minutes after its end (the daemon was down)."""
    return now - window.end > LATE_AFTER


def immediate_due(first_match_at: datetime, wait: timedelta, now: datetime) -> bool:
    """Whether an immediate digest has waited long enough for more of the same story."""
    return now - first_match_at >= wait


def follow_up_due(last_told: datetime, now: datetime) -> bool:
    """Whether a further message about a story may follow the last one; a clock that was set back lets it."""
    return not timedelta(0) <= now - last_told < FOLLOW_UP_AFTER


def window_batch(window: Window) -> str:
    """The name of a cron or every batch: the ISO 8601 interval of its window, in UTC."""
    return f"{_stamp(window.start)}/{_stamp(window.end)}"


def story_batch(story_id: str, number: int) -> str:
    """The name of an immediate batch: the story and the number of the message about it, from 1."""
    return f"{story_id}#{number}"


def untold_batch(story_id: str) -> str:
    """The name of what is only recorded of a story, without its number: it is no message, and counts as none."""
    return f"{story_id}/untold"


def catch_up_batch(stretch: Stretch) -> str:
    """The name of what an immediate digest tells of a quiet stretch, without its number."""
    return f"quiet/{_stamp(stretch.start)}/{_stamp(stretch.end)}"


def override_batch(fire: datetime, matches: Iterable[int]) -> str:
    """The name of what is told at a fire time although it is quiet, without its number: the same for the same
    matches only."""
    return f"override/{_stamp(fire)}/{_print_of(matches)}"


def storm_batch(first: datetime, matches: Iterable[int]) -> str:
    """The name of many stories in one message, by when the first matched, without its number: the same for the
    same matches only.

    A name that another set of matches had would leave these untold: what is recorded once is not recorded again.
    """
    return f"storm/{_stamp(first)}/{_print_of(matches)}"


def look_back_batch(rule: str, version: str, articles: Sequence[int]) -> str:
    """The name of a batch of what a version of a rule found among stored articles: the same for the same find."""
    return f"{LOOK_BACK}{rule}@{version}/{_print_of(articles)}"


def looks_back(batch: str) -> bool:
    """Whether a batch holds what a backtest found."""
    return batch.startswith(LOOK_BACK)


class BatchKind(StrEnum):
    """What a batch is, as its name says."""

    WINDOW = "window"
    STORY = "story"  # an immediate message on one story, or what is only recorded of it
    CATCH_UP = "catch_up"  # what quiet time held, in one message
    OVERRIDE = "override"  # what is severe enough for quiet time
    STORM = "storm"
    LOOK_BACK = "backtest"


def batch_kind(batch: str) -> BatchKind:
    """What kind of batch has this name: the inverse of the functions above."""
    by_beginning = {
        "quiet/": BatchKind.CATCH_UP,
        "override/": BatchKind.OVERRIDE,
        "storm/": BatchKind.STORM,
        LOOK_BACK: BatchKind.LOOK_BACK,
    }
    kind = next((kind for beginning, kind in by_beginning.items() if batch.startswith(beginning)), None)
    return kind or (BatchKind.STORY if "#" in batch else BatchKind.WINDOW)


def delivery_key(digest: str, batch: str, receiver: str, recipient: str, part: int) -> str:
    """32 hex digits that name one message to one recipient for ever (delivery design, Outbox).

    Each field goes in with its length before it, so that no two different rows can run together to one text.
    """
    digester = blake2b(digest_size=16, person=b"monitor.deliver")
    for field in (digest, batch, receiver, recipient, str(part)):
        raw = field.encode("utf-8", "surrogatepass")
        digester.update(len(raw).to_bytes(8, "big") + raw)
    return digester.hexdigest()


def format_for(endpoint: Endpoint) -> MessageFormat:
    """The form in which an endpoint wants its messages."""
    if isinstance(endpoint, EmailEndpoint):
        return MessageFormat.EMAIL
    if isinstance(endpoint, SlackEndpoint | SlackTokenEndpoint):
        return MessageFormat.SLACK
    if isinstance(endpoint, WebhookEndpoint):
        return MessageFormat.JSON
    if isinstance(endpoint, FileEndpoint):
        return endpoint.format
    return MessageFormat.TEXT


def recipients_of(receiver: Receiver) -> tuple[tuple[ChannelKind, str, MessageFormat], ...]:
    """One (channel, recipient, format) for each message that the receiver is sent, each pair once.

    E-mail: one per address. Elsewhere the receiver itself is the address, and the recipient is the name of
    the channel: two channels of one receiver must not share a delivery key.
    """
    wanted: dict[tuple[ChannelKind, str], MessageFormat] = {}
    for endpoint in receiver.endpoints:
        form = format_for(endpoint)
        if isinstance(endpoint, EmailEndpoint):
            for address in endpoint.addresses:
                wanted.setdefault((ChannelKind.EMAIL, address), form)
        elif isinstance(endpoint, AppriseEndpoint):
            for url in endpoint.urls:
                wanted.setdefault((ChannelKind.APPRISE, url.reference), form)
        else:
            kind = _kind_of(endpoint)
            wanted.setdefault((kind, kind.value), form)
    return tuple((kind, recipient, form) for (kind, recipient), form in wanted.items())


def _kind_of(endpoint: Endpoint) -> ChannelKind:
    if isinstance(endpoint, SlackEndpoint | SlackTokenEndpoint):
        return ChannelKind.SLACK
    if isinstance(endpoint, WebhookEndpoint):
        return ChannelKind.WEBHOOK
    return ChannelKind.FILE if isinstance(endpoint, FileEndpoint) else ChannelKind.STDOUT


def _print_of(ids: Iterable[int]) -> str:
    return blake2b(",".join(map(str, sorted(ids))).encode(), digest_size=6).hexdigest()


def _stamp(moment: datetime) -> str:
    # Whole seconds would do for cron; a window may also start at a subscription time with microseconds.
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
