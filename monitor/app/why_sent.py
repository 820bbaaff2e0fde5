"""What `monitor why` says of deliveries: who was sent a match when, in which message, how short, or why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from monitor.app.counting import counted
from monitor.app.refusals import said_by
from monitor.app.standing import Standing
from monitor.app.times import brief_time, shown_time
from monitor.core.digests.passages import one_line
from monitor.core.digests.plan import BatchKind, batch_kind
from monitor.model.addressing import ShownBefore
from monitor.model.delivery import Delivery, DeliveryState
from monitor.model.digest import AlreadySent
from monitor.model.ledger import EntryFate, Routing
from monitor.model.suppression import UNSUBSCRIBED

_HOW = {AlreadySent.BRIEF: "shown in one line", AlreadySent.SKIP: "left out"}
_MOST = 12
"""Recipients of a batch that are named one by one."""
_MOST_SHORT = 4
_SHORT_KEY = 12
_STATES = {
    DeliveryState.DEAD: "given up",
    DeliveryState.WAITING: "waiting",
    DeliveryState.SUPPRESSED: "unsubscribed",
    DeliveryState.SENT: "sent",
    DeliveryState.DRAFT: "drafted",
}


# ---- the batch


def batch_words(routing: Routing, now: datetime | None) -> str:
    """In what message a batch is: "window to Thu 23 Feb 2023 08:00", "at once"; "" for one that is gone."""
    facts, batch = routing.facts, routing.batch or ""
    stories = "" if facts is None else f" of {counted(facts.stories, 'story', 'stories')}"
    match batch_kind(batch):
        case BatchKind.WINDOW:
            return "" if facts is None else f"window to {brief_time(facts.window.end, now, seconds=False)}"
        case BatchKind.STORY:
            number = batch.rpartition("#")[2]
            return "at once" if number == "1" else f"at once, its message {number} on the story"
        case BatchKind.CATCH_UP:
            return f"in one message{stories} with all that quiet time held{_until(routing, now)}"
        case BatchKind.OVERRIDE:
            return f"in quiet time, as its severity overrides that (quiet_override){_until(routing, now)}"
        case BatchKind.STORM:
            return f"in one message{stories}, since so many were due at once"
        case BatchKind.LOOK_BACK:
            return "found by a backtest"


def _until(routing: Routing, now: datetime | None) -> str:
    facts = routing.facts
    return "" if facts is None else f", to {brief_time(facts.window.end, now, seconds=False)}"


def shown_words(routing: Routing, standing: Standing) -> str:
    """How large the story is in the message, where it is not as large as any; "" otherwise."""
    settings, facts = standing.digests.get(routing.digest), routing.facts
    if settings is None or facts is None or facts.place is None or facts.place <= settings.max_stories:
        return ""
    place, most = f"story {facts.place:,} of {facts.stories:,}", f"{settings.max_stories:,}"
    return f"{place}: one line, as all beyond max_stories = {most}"


def is_one_line(routing: Routing, standing: Standing) -> bool:
    """Whether the story has one line for want of room."""
    return bool(shown_words(routing, standing))


def told_to(routing: Routing, now: datetime | None) -> str:
    """ "→ desk sent 08:00:04, ops sent 08:00:05": each receiver and how its messages stand."""
    if not routing.deliveries:
        return f"→ nobody: {_nobody(routing)}"
    by_name: dict[str, list[Delivery]] = {}
    for one in routing.deliveries:
        by_name.setdefault(" and ".join((one.new.receiver, *one.new.also)), []).append(one)
    said = [f"{name} {_together(those, now)}" for name, those in by_name.items()]
    more = len(said) - _MOST_SHORT
    return f"→ {', '.join(said[:_MOST_SHORT])}" + (f" and {counted(more, 'other receiver')}" if more > 0 else "")


def _nobody(routing: Routing) -> str:
    """Why a batch has no delivery."""
    left_out = any(one.shown is AlreadySent.SKIP for one in routing.sent_before)
    reasons = ["had it from another digest"] * left_out + ["had unsubscribed"] * bool(routing.unsubscribed)
    return f"all {' or '.join(reasons)}" if reasons else "its messages are no longer kept"


def _together(those: Sequence[Delivery], now: datetime | None) -> str:
    states = Counter(one.state for one in those)
    if states.keys() == {DeliveryState.SENT}:
        last = max(one.sent_at or one.created_at for one in those)
        return f"sent {brief_time(last, now)}"
    if len(states) == 1:
        return _STATES[those[0].state]
    return ", ".join(f"{states[state]:,} {said}" for state, said in _STATES.items() if states[state])


# ---- its deliveries


def sent_lines(fate: EntryFate, standing: Standing) -> list[str]:
    """Each batch that carried a match of this entry, once, with its deliveries."""
    batches: dict[tuple[str, str], list[Routing]] = {}
    for match in fate.matches:
        for routing in match.routings:
            if routing.batch is not None:
                batches.setdefault((routing.digest, routing.batch), []).append(routing)
    lines: list[str] = []
    for (digest, _), routings in batches.items():
        # A match that is pending shows a dry run's, the others what was planned in earnest.
        for routing in {one.deliveries[0].id if one.deliveries else 0: one for one in routings}.values():
            lines.append(f"Digest        {', '.join(filter(None, (digest, _planned(routing, standing))))}")
            lines += [f"              {said}" for said in _of_batch(routing, standing)]
        said = dict.fromkeys(line for one in routings for line in not_in_full_lines(one))
        lines += [f"              {line}" for line in said]
    return ["", *lines] if lines else []


def _planned(routing: Routing, standing: Standing) -> str:
    planned = "" if routing.facts is None else f"planned {shown_time(routing.facts.planned_at)}"
    return ", ".join(filter(None, (batch_words(routing, standing.now), planned)))


def _of_batch(routing: Routing, standing: Standing) -> Iterator[str]:
    if shown := shown_words(routing, standing):
        yield shown
    if not routing.deliveries:
        yield f"no message: {_nobody(routing)}"
    named = routing.deliveries
    if len(named) > _MOST:  # what did not arrive comes first
        order = list(_STATES)
        named = tuple(sorted(named, key=lambda one: (order.index(one.state), one.id))[:_MOST])
    for one in named:
        yield f"→ {delivery_words(one, standing)}"
    if len(named) < len(routing.deliveries):
        states = Counter(one.state for one in routing.deliveries)
        each = ", ".join(f"{states[state]:,} {said}" for state, said in _STATES.items() if states[state])
        yield f"{len(routing.deliveries):,} in all ({each}): monitor deliveries list --digest {routing.digest}"


def delivery_words(one: Delivery, standing: Standing) -> str:
    """One delivery: to whom, and how it stands."""
    new = one.new
    named = " and ".join((new.receiver, *new.also))
    to = f"{named} ({new.recipient})" if new.recipient != new.receiver else named
    if new.message.parts > 1:
        to += f", part {new.message.part} of {new.message.parts}"
    thread = f"; in the thread of {new.thread[:_SHORT_KEY]}" if new.thread and new.message.part == 1 else ""
    gone = "" if standing.knows(one) else "; the config no longer has this inbox"
    return f"{to}: {_how_it_stands(one, standing)}{thread}{gone}"


def _how_it_stands(one: Delivery, standing: Standing) -> str:
    match one.state:
        case DeliveryState.SENT:
            at = shown_time(one.sent_at) if one.sent_at else ""
            return f"sent {at}" + (f", receipt: {one_line(one.receipt)[:200]}" if one.receipt else "")
        case DeliveryState.WAITING:
            return _waits(one, standing)
        case DeliveryState.DEAD:
            tries = counted(one.attempts, "attempt")
            return f"given up after {tries}: {one.last_error}; to try again: monitor deliveries retry {one.id}"
        case DeliveryState.SUPPRESSED:
            return f"not sent, {UNSUBSCRIBED}"
        case DeliveryState.DRAFT:
            return "draft of a dry run"


def _waits(one: Delivery, standing: Standing) -> str:
    after = f"after {counted(one.attempts, 'attempt')}, the last: {one.last_error}" if one.attempts else ""
    refuses = standing.refuses(one)
    if refuses is not None:
        whom = f"{refuses.receiver} by {refuses.channel.value} refuses everything"
        then = shown_time(refuses.next_try_at)
        words = "" if refuses.error == one.last_error else f": {said_by(refuses)}"  # it has just said so
        said = f"{whom} since {shown_time(refuses.since)}{words}; next try {then}"
        return f"waits {after}; {said}" if after else f"waits; {said}"
    alone = "" if standing.running else "; no monitor is running"
    if after:
        return f"waits {after}; next attempt {shown_time(one.next_attempt_at)}{alone}"
    return f"waits for its first attempt, {shown_time(one.next_attempt_at)}{alone}"


# ---- who has less of it


def not_in_full_lines(routing: Routing) -> list[str]:
    """A line for each recipient of the batch who has less than the others, or nothing."""
    lines = [
        f"already sent to {_whom(one)} by {one.by_digest} {shown_time(one.sent_at)}: {_HOW[one.shown]}"
        for one in routing.sent_before
    ]
    for address, since in routing.unsubscribed:
        if since is None:
            lines.append(f"{address} had unsubscribed from {routing.digest} then, and has it again now")
        else:
            lines.append(f"{address} unsubscribed from {routing.digest} on {shown_time(since)}")
    return lines


def _whom(one: ShownBefore) -> str:
    return f"{one.receiver} ({one.recipient})" if one.recipient != one.channel.value else one.receiver
