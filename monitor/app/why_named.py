"""`monitor why` of a story or a delivery: which entries they tell, and the next question to ask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from monitor.app.deliveries import delivery_called
from monitor.app.stories import story_called
from monitor.core.digests.passages import one_line
from monitor.model.delivery import Delivery, DeliveryState
from monitor.model.ledger import ListedMatch
from monitor.model.story_member import Member
from monitor.ports import Store

_STORY = re.compile(r"[sa]_[0-9a-z]+")
_MESSAGE_ID = re.compile(r"<?([^<>@\s]+)@[^<>@\s/]+>?")
_DELIVERY = re.compile(r"[0-9]{1,18}|(draft-)?[0-9a-f]{6,32}")
_MOST = 20


@dataclass(frozen=True, slots=True)
class Named:
    """What a name stands for: a story with its articles, or a delivery with the matches that its batch tells."""

    name: str
    story: str = ""
    members: tuple[Member, ...] = ()
    delivery: Delivery | None = None
    told: tuple[ListedMatch, ...] = ()


def named_by(store: Store, name: str) -> Named | None:
    """What the name stands for; None for anything that is taken for a URL. Raises NoSuchStory, NoSuchDelivery."""
    if _STORY.fullmatch(name):
        found = story_called(store.stories, name)
        view = store.stories.view(found.story)
        return Named(name, found.story, () if view is None else tuple(view.members))
    message_id = _MESSAGE_ID.fullmatch(name)
    key = message_id.group(1) if message_id else name
    if not _DELIVERY.fullmatch(key):
        return None
    one = delivery_called(store, key)
    draft = one.state is DeliveryState.DRAFT
    return Named(name, delivery=one, told=tuple(store.ledger.told_in(one.new.digest, one.new.batch, draft=draft)))


def named_lines(named: Named) -> list[str]:
    """What it is, and the command that says why for each entry."""
    if named.delivery is None:
        lines = [f"Story         {named.story}: its articles, the newest first"]
        newest = sorted(named.members, key=lambda one: one.first_seen, reverse=True)
        lines += _asks([(one.title, one.url) for one in newest])
        return [*lines, f"Together since, and told when: monitor stories show {named.story}"]
    one = named.delivery
    lines = [f"Delivery      {one.id} of digest {one.new.digest} to {one.new.receiver} ({one.new.recipient})"]
    lines += _asks(list(dict.fromkeys((match.title, match.url) for match in named.told)))
    if not named.told:
        lines.append("It tells no match that is kept.")
    return [*lines, f"Its attempts and its words: monitor deliveries show {one.id}"]


def _asks(entries: Sequence[tuple[str, str]]) -> list[str]:
    lines = [line for title, url in entries[:_MOST] for line in (f"  {one_line(title)}", f"    monitor why {url}")]
    more = len(entries) - _MOST
    return [*lines, f"  … and {more:,} more"] if more > 0 else lines


def named_json(named: Named) -> dict[str, Any]:
    """The same for programs."""
    one = named.delivery
    return {
        "asked": named.name,
        "story": named.story or None,
        "delivery": one and {"id": one.id, "key": one.new.key, "digest": one.new.digest, "batch": one.new.batch},
        "articles": [{"title": each.title, "url": each.url} for each in named.members]
        or [{"title": each.title, "url": each.url, "rule": each.rule} for each in named.told],
    }
