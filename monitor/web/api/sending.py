"""Digests and what they would say now; deliveries, and to have them tried again."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field

from monitor.app.deliveries import (
    delivery_called,
    delivery_json,
    list_deliveries,
    retried_json,
    retried_line,
    retry,
    retry_dead,
    show_json,
)
from monitor.app.discreet import discreet_delivery
from monitor.app.questions import preview_of, quiet_note
from monitor.app.status_json import status_json
from monitor.model.delivery import Delivery, DeliveryState
from monitor.web.api.asking import Answer, Asked, Name, Paged, Question, number_of, page_of
from monitor.web.api.problems import Reason, Refused


def list_digests(asked: Asked) -> Answer:
    """Those of the config, as in `monitor status --json`."""
    return {"items": status_json(asked.open_house.status())["digests"], "next": None}


class PreviewQuestion(Question):
    """In which form."""

    form: Literal["json", "text", "html", "slack"] = "json"


def preview(asked: Asked) -> Answer:
    """What a digest would say now, as `monitor digest preview`; nothing is sent. `parts` are objects in the forms
    json and slack, else texts."""
    name, form = asked.path["digest"], asked.query.form
    texts = preview_of(asked.house, name, form, discreet=not asked.visitor.acts)
    parts: list[Any] = [json.loads(one) for one in texts] if form in ("json", "slack") else list(texts)
    return {"digest": name, "form": form, "quiet": quiet_note(asked.house, name) or None, "parts": parts}


class DeliveriesQuestion(Paged):
    """Which deliveries."""

    state: DeliveryState | None = None
    digest: Name | None = None
    receiver: Name | None = None


def deliveries(asked: Asked) -> Answer:
    """As `monitor deliveries list --json`, the newest first."""
    query = asked.query
    found = list_deliveries(
        asked.house,
        asked.now,
        state=query.state,
        digest=query.digest,
        receiver=query.receiver,
        before=number_of(query.cursor),
        limit=query.limit + 1,
    )
    return page_of(found.rows, query.limit, delivery_json, lambda one: one.id)


def one_delivery(asked: Asked) -> Answer:
    """As `monitor deliveries show --json`, with its attempts and its message."""
    one = _called(asked) if asked.visitor.acts else discreet_delivery(_called(asked))
    return show_json(one, asked.house.store.ledger.attempts_of(one.id))


def retry_one(asked: Asked) -> Answer:
    """As `monitor deliveries retry ID --json`: it is due now, and starts anew."""
    one = _called(asked)
    (retried,) = retry(asked.house.store, [str(one.id)], asked.now)
    if not retried.ok:
        answer = retried.answer.value if retried.answer else None
        raise Refused(Reason.NOT_RETRIED, retried_line(retried), answer=answer)
    return retried_json(retried)


class RetryAll(Question):
    """Which of the dead deliveries."""

    receiver: Name | None = Field(None, description="Only those to this receiver")


def retry_all(asked: Asked) -> Answer:
    """Makes all dead deliveries due now, or those to one receiver: how many, by receiver."""
    return {"due_now": dict(retry_dead(asked.house, asked.now, asked.body.receiver))}


def _called(asked: Asked) -> Delivery:
    return delivery_called(asked.house.store, str(asked.path["delivery"]))
