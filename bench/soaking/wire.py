"""What came against the store that says it was sent: keys, bytes, and the events told in each batch."""

from __future__ import annotations

import email
import json
from collections import defaultdict
from email import policy
from pathlib import Path

from soaking.house import RECIPIENTS, House
from soaking.sinks import Came
from soaking.world import MARK

Told = dict[tuple[str, str], dict[tuple[str, str], set[int]]]
"""The numbers of the events told, by (digest, batch) and by (channel, recipient)."""
Wrong = dict[str, list[str]]


def judge_wire(wrong: Wrong, figures: dict[str, int], house: House, came: Came) -> Told:
    """Each delivery came under its key, always with the same bytes, and tells what its batch was planned with."""
    told: Told = defaultdict(lambda: defaultdict(set))
    keys: set[str] = set()
    for key, digest, batch, channel, recipient, path in _sent(wrong, house, came):
        keys.add(key)
        if path is not None:
            told[digest, batch][channel, recipient] |= events_in(path)
    for key in came.bodies.keys() - keys:
        wrong["messages that no delivery explains"].append(key[:8])
    for key, bodies in came.bodies.items():
        if len(bodies) > 1:
            wrong["repeats that differ from the first"].append(key[:8])
    _judge_batches(wrong, house, told)
    messages = sum(came.times.values())
    figures["messages by mail and webhook"] = messages
    figures["repeated with their key"] = messages - len(came.times)
    return told


def _sent(wrong: Wrong, house: House, came: Came) -> list[tuple[str, str, str, str, str, Path | None]]:
    """All deliveries of the digests, with what came of each."""
    files = {json.loads(one.read_bytes())["key"]: one for one in (house.folder / "digests").glob("*.json")}
    found = []
    query = "SELECT key, digest, batch, channel, recipient, state FROM deliveries"
    for key, digest, batch, channel, recipient, state in house.ask(query):
        if digest not in RECIPIENTS:
            continue
        path = files.get(key) if channel == "file" else came.folder / key
        here = path if path is not None and path.exists() else None
        if state != "sent":
            wrong["deliveries that were not made"].append(f"{key[:8]} of {digest} by {channel}: {state}")
        elif here is None:
            wrong["sent deliveries that never came"].append(f"{key[:8]} of {digest} by {channel}")
        found.append((key, digest, batch, channel, recipient, here))
    return found


def _judge_batches(wrong: Wrong, house: House, told: Told) -> None:
    """What a batch was planned with stands in its messages to each recipient."""
    planned: dict[tuple[str, str], set[int]] = defaultdict(set)
    query = (
        "SELECT r.digest, r.batch, a.title FROM routings r JOIN matches m ON m.id = r.match_id "
        "JOIN articles a ON a.id = m.article_id WHERE r.state = 'planned'"
    )
    for digest, batch, title in house.ask(query):
        planned[digest, batch] |= {int(one) for one in MARK.findall(title)}
    for (digest, batch), events in planned.items():
        if digest not in RECIPIENTS:
            continue
        recipients = told.get((digest, batch), {})
        if len(recipients) != RECIPIENTS[digest]:
            wrong["batches that not all recipients got"].append(f"{batch} of {digest}: {len(recipients)}")
        for recipient, said in recipients.items():
            if missing := events - said:
                what = f"{batch} of {digest} to {recipient}: {sorted(missing)[:3]}"
                wrong["events missing in the message that was planned with them"].append(what)


def events_in(path: Path) -> set[int]:
    """The numbers of the events that a message names, of any channel."""
    body = path.read_bytes()
    if body.startswith(b"{"):
        text = json.dumps(json.loads(body), ensure_ascii=False)
    else:
        part = email.message_from_bytes(body, policy=policy.default).get_body(("plain",))
        text = " ".join(str(part.get_content()).split()) if part is not None else ""
    return {int(one) for one in MARK.findall(text)}
