"""`monitor deliveries …`: the outbox, row by row, and another try for what was given up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.app.counting import counted
from monitor.app.questions import House
from monitor.app.refusals import Refusal, refusal_lines, refusals_of
from monitor.app.times import shown_time
from monitor.core.text.terminal import printable
from monitor.model.delivery import Attempt, Delivery, DeliveryState, RetryAnswer
from monitor.model.digest import Message, MessageFormat
from monitor.model.errors import MonitorError
from monitor.model.health import HEALTH
from monitor.model.suppression import UNSUBSCRIBED
from monitor.ports import Store

_COLUMNS = 80
_MOST_ATTEMPTS = 10  # shown as text; a delivery may have a hundred
_SHORT_KEY = 12


class NoSuchDelivery(MonitorError):
    """A name that no delivery has, or more than one."""


class NoSuchForm(MonitorError):
    """A message that was not rendered in the form asked for."""


# ---- list


@dataclass(frozen=True, slots=True)
class DeliveryList:
    """The newest rows of those asked for; `more` when there are others. All else is of the whole outbox."""

    rows: tuple[Delivery, ...]
    more: bool
    counts: Mapping[str, int]
    now: datetime
    refusals: tuple[Refusal, ...] = ()


def list_deliveries(
    house: House,
    now: datetime,
    *,
    state: DeliveryState | None = None,
    digest: str | None = None,
    receiver: str | None = None,
    before: int | None = None,
    limit: int,
) -> DeliveryList:
    """The newest deliveries, or those older than `before`, filtered as asked. Raises NoSuchDigest and
    NoSuchReceiver for a name without any."""
    ledger = house.store.ledger
    found = ledger.deliveries(state=state, digest=digest, receiver=receiver, before=before, limit=limit + 1)
    if not found:  # one that left the config may still have deliveries
        house.expect(digest=None if digest == HEALTH else digest, receiver=receiver)
    counts = ledger.counts(now).deliveries
    return DeliveryList(tuple(found[:limit]), len(found) > limit, counts, now, refusals_of(house.store.receivers))


def list_lines(found: DeliveryList) -> list[str]:
    """The list as text: two lines a delivery at most."""
    counts = " · ".join(f"{found.counts.get(state.value, 0):,} {state.value}" for state in DeliveryState)
    lines = [f"Outbox    {counts}", *refusal_lines(found.refusals, found.now)]
    if not found.rows:
        return [*lines, "", "No delivery is like that."]
    lines += ["", f"{'ID':>7}  {'STATE':<10}  {'MADE':<12}  DIGEST → RECEIVER"]
    for one in found.rows:
        made = one.created_at.astimezone().strftime("%d %b %H:%M")
        lines.append(_on_screen(f"{one.id:>7}  {one.state.value:<10}  {made}  {one.new.digest} → {_to(one)}"))
        standing = _standing(one)
        if standing:
            lines.append(_on_screen(f"{'':>9}{standing}"))
    lines.append("")
    if found.more:
        lines.append(f"The newest {len(found.rows):,}; more with --limit.")
    lines.append(f"Read one:   monitor deliveries show {found.rows[0].id}")
    if any(one.state is DeliveryState.DEAD for one in found.rows):
        lines.append("Try again:  monitor deliveries retry --dead")
    return lines


def _on_screen(line: str) -> str:
    """The line in 80 columns; `show` says all of it."""
    line = printable(line)
    return line if len(line) <= _COLUMNS else line[: _COLUMNS - 1].rstrip() + "…"


def _to(one: Delivery) -> str:
    new = one.new
    named = " and ".join((new.receiver, *new.also))
    return f"{named} ({new.recipient})" if new.recipient != new.receiver else named


def _standing(one: Delivery) -> str:
    """What a person wants to know next to the state; "" where that says it all."""
    if one.state is DeliveryState.SENT:
        return f"{one.sent_at.astimezone():%d %b %H:%M}  {one.new.message.subject}" if one.sent_at else ""
    if one.state is DeliveryState.DEAD:
        return f"after {counted(one.attempts, 'attempt')}: {one.last_error}"
    if one.state is DeliveryState.WAITING:
        last = f", last: {one.last_error}" if one.last_error else ""
        return f"next attempt {one.next_attempt_at.astimezone():%d %b %H:%M}{last}"
    return UNSUBSCRIBED if one.state is DeliveryState.SUPPRESSED else ""


# ---- show


def delivery_called(store: Store, name: str) -> Delivery:
    """The one delivery with this id, key, or beginning of a key. Raises NoSuchDelivery."""
    found = store.ledger.deliveries_called(name)
    if len(found) == 1:
        return found[0]
    if not found:
        raise NoSuchDelivery(f'no delivery is called "{name}"; "monitor deliveries list" names them')
    several = ", ".join(f"{one.id} ({one.new.key[: max(_SHORT_KEY, len(name) + 4)]}…)" for one in found)
    raise NoSuchDelivery(f'"{name}" may be {several}')


def show_lines(one: Delivery, attempts: Sequence[Attempt]) -> list[str]:
    """All that is known of a delivery, then its message."""
    new = one.new
    lines = [
        f"Delivery    {one.id} · {one.state.value}",
        f"Digest      {new.digest}, batch {new.batch}",
        f"To          {_to(one)} by {new.channel.value}",
        f"Subject     {new.message.subject}",
        f"Key         {new.key}",
        f"Made        {shown_time(one.created_at)}",
    ]
    if one.retried_at is not None:
        lines.append(f"Retried     {shown_time(one.retried_at)}, by hand")
    if one.state is DeliveryState.WAITING:
        lines.append(f"Next try    {shown_time(one.next_attempt_at)}")
    left_out = max(0, len(attempts) - _MOST_ATTEMPTS)
    lines.append(f"Attempts    {len(attempts)}" + (f", the last {_MOST_ATTEMPTS}:" if left_out else ""))
    lines += [f"            {shown_time(made.at)}  {made.outcome}: {made.detail}" for made in attempts[left_out:]]
    if one.state is DeliveryState.DEAD and new.message.gone is None:
        lines.append(f"Try again   monitor deliveries retry {one.id}")
    return [*lines, "", *message_text(new.message).rstrip("\n").split("\n")]


def _discreet(said: str, message: Message) -> str:
    """The words of a message without the token of its reader: what is shown is passed on in chats and tickets, and
    whoever has the link can end the digest for that reader."""
    token = message.links.unsubscribe.rpartition("/")[2]
    return said.replace(token, "…") if token else said


def message_text(message: Message) -> str:
    """What a message says, for people; a JSON digest has no other words than its payload."""
    if message.gone is not None:
        return f"(its text is no longer kept: {message.gone.reason.value}, {shown_time(message.gone.at)})"
    if message.format is MessageFormat.JSON:
        return _written(message)
    return _discreet(message.text, message)


def message_as(one: Delivery, form: str) -> str:
    """The message in one of its forms: text, html, json. Raises NoSuchForm."""
    message = one.new.message
    if message.gone is not None:
        raise NoSuchForm(f"delivery {one.id}: its text is no longer kept ({message.gone.reason.value})")
    forms = {"text": printable(message_text(message), keep_newlines=True)}
    if message.html is not None:
        forms["html"] = _discreet(message.html, message)
    if message.payload is not None:
        forms["json"] = _written(message)
    if form not in forms:
        there = " and ".join(forms)
        raise NoSuchForm(f"delivery {one.id} goes by {one.new.channel.value} and has no {form}; it has {there}")
    return forms[form]


def _written(message: Message) -> str:
    return json.dumps(message.payload, ensure_ascii=False, indent=2)


# ---- retry


@dataclass(frozen=True, slots=True)
class Retried:
    """One name that was asked to be retried: its delivery and the answer, or what is wrong with the name."""

    name: str
    delivery: Delivery | None = None
    answer: RetryAnswer | None = None
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Whether an attempt is made now, or is under way."""
        return self.answer in (RetryAnswer.DUE_NOW, RetryAnswer.BEING_SENT)


def retry_dead(house: House, now: datetime, receiver: str | None) -> Mapping[str, int]:
    """Retries all dead deliveries, or those to one receiver. Raises NoSuchReceiver for a name without any."""
    numbers = house.store.outbox.retry_dead(now, receiver)
    for name in numbers:
        house.store.receivers.try_now(now, name)
    if not numbers:
        house.expect(receiver=receiver)
    return numbers


def retry(store: Store, names: Sequence[str], now: datetime) -> Iterator[Retried]:
    """Retries each delivery by hand; one that cannot be is a value, the others go on."""
    for name in names:
        try:
            one = delivery_called(store, name)
        except NoSuchDelivery as error:
            yield Retried(name, problem=str(error))
            continue
        answer = store.outbox.retry(one.id, now)
        if answer is RetryAnswer.DUE_NOW:  # whoever asks has mended something
            store.receivers.try_now(now, one.new.receiver, one.new.channel)
        yield Retried(name, one, answer)


def retried_line(retried: Retried) -> str:
    """What came of one name, on one line."""
    one = retried.delivery
    if one is None or retried.answer is None:
        return retried.problem or ""
    said = {
        RetryAnswer.DUE_NOW: "due now",
        RetryAnswer.BEING_SENT: "is being sent at this moment: left alone",
        RetryAnswer.ALREADY_SENT: "was sent, and is not sent again",
        RetryAnswer.DRAFT: "is a draft of a dry run, and is never sent",
        RetryAnswer.GONE: "is not there any more",
        RetryAnswer.SUPPRESSED: "its recipient unsubscribed, and it is never sent",
        RetryAnswer.TEXT_GONE: "its text is no longer kept: there is nothing left to send",
    }[retried.answer]
    return f"{one.id}  {one.new.digest} → {_to(one)}: {said}"


def retried_json(retried: Retried) -> dict[str, Any]:
    """What came of one name, as one object."""
    one = retried.delivery
    return {
        "asked": retried.name,
        "id": one.id if one else None,
        "key": one.new.key if one else None,
        "answer": retried.answer.value if retried.answer else None,
        "problem": retried.problem,
    }


def retried_dead_lines(numbers: Mapping[str, int]) -> list[str]:
    """How many dead deliveries are due now, by receiver."""
    if not numbers:
        return ["No delivery is dead that could be tried again."]
    return [f"{name}: {counted(number, 'delivery', 'deliveries')} due now" for name, number in numbers.items()]


def who_sends(holder: int | None) -> str:
    """Who will send what is due now."""
    if holder is not None:
        return f"The monitor that is running (pid {holder}) sends what is due."
    return "No monitor is running on this store: what is due is sent when one runs."


# ---- JSON


def delivery_json(one: Delivery) -> dict[str, Any]:
    """One row of the list as a JSON object."""
    new = one.new
    waits = one.state is DeliveryState.WAITING
    return {
        "id": one.id,
        "key": new.key,
        "state": one.state.value,
        "digest": new.digest,
        "batch": new.batch,
        "receiver": new.receiver,
        "also": list(new.also),
        "channel": new.channel.value,
        "recipient": new.recipient,
        "subject": new.message.subject,
        "part": new.message.part,
        "parts": new.message.parts,
        "created_at": one.created_at.isoformat(),
        "retried_at": one.retried_at.isoformat() if one.retried_at else None,
        "next_attempt_at": one.next_attempt_at.isoformat() if waits else None,
        "sent_at": one.sent_at.isoformat() if one.sent_at else None,
        "attempts": one.attempts,
        "error": one.last_error,
        "receipt": one.receipt,
    }


def show_json(one: Delivery, attempts: Sequence[Attempt]) -> dict[str, Any]:
    """One row with its history and its message as a JSON object."""
    message = one.new.message
    return {
        **delivery_json(one),
        "history": [
            {"at": made.at.isoformat(), "outcome": made.outcome, "detail": made.detail} for made in attempts
        ],
        "message": {
            "format": message.format.value,
            "text": _discreet(message.text, message),
            "html": message.html and _discreet(message.html, message),
            "payload": message.payload,
            "gone": message.gone and {"reason": message.gone.reason.value, "at": message.gone.at.isoformat()},
        },
    }
