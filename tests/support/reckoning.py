"""What a run knows and told of a recorded world, in words that another run of the same world can have, too.

Row numbers, times and the names of stories differ between two runs: a story is named after the row of its first
article, and which of two reports comes first is a matter of moments. So is the key of a message, which the name of
its story is part of. What stays is what is told: which event, to whom, by which digest.

Moments decide, too, how many rows an entry has that its feed lists twice with two ids (two, the second a copy,
when both come in one poll; else one, since the second is known); which of two copies is the copy; and whether a
report is told with the first one of its event or merged into what was told.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from desk import Desk
from http_sink import Sink
from recorded import RecordedWorld, Wording
from soaking.judge import waiting
from soaking.world import MARK

Telling = tuple[str, str, int]
"""Receiver, digest, and the number of the event that stands in all headlines of its reports."""

_ENTRIES = """
    SELECT f.declared_url, e.title, e.fate, a.id, a.duplicate_of, a.story_id FROM entries e
    JOIN feeds f ON f.id = e.feed_id LEFT JOIN articles a ON a.entry_row = e.id
"""
# From the first stage to the last: what moves on meanwhile is seen further on.
_LEFT = {
    "entries to read": "SELECT count(*) FROM entries WHERE fate = 'waiting'",
    "articles to match": "SELECT count(*) FROM articles WHERE stage <> 'matched'",
}


@dataclass(frozen=True)
class Reckoning:
    """What has to be the same, and beside it `stories`, `routed`, `messages`, `foreign`, which depend on moments.

    `told` has, for each telling, the keys of the messages that told it, and for each whether it was said to be an
    update. `fates` has what became of each wording, `found` are the wordings whose rule found them or the text
    that they copy, `why` is what `monitor why` says of some. `routed` counts what digests made of matches.
    """

    told: dict[Telling, dict[str, bool]]
    fates: set[tuple[Wording, str]]
    found: set[tuple[Wording, str]]
    why: dict[str, set[tuple[str, str, bool]]]  # by link, of each wording: title, fate, whether it is an edit
    stories: set[frozenset[Wording]]
    routed: Counter[tuple[str, str]]
    messages: int
    foreign: int  # entries that hostile bodies brought, which are not of the world


def known(desk: Desk) -> set[Wording]:
    """The wordings that the store has."""
    return {(_feed_of(url), title) for url, title, *_ in desk.ask(_ENTRIES)}


def left(desk: Desk, world: RecordedWorld) -> dict[str, int]:
    """What has not come to its end."""
    missing = world.wordings().keys() - known(desk)
    found = {
        "wordings to poll": len(missing),
        **{name: desk.number(query) for name, query in _LEFT.items()},
        # Without follow-ups, which wait for their quarter of an hour.
        "matches to plan": len(waiting(desk, datetime.now(UTC))[0]),
        "messages to send": desk.number("SELECT count(*) FROM deliveries WHERE state <> 'sent'"),
    }
    return {name: number for name, number in found.items() if number}


def expected(world: RecordedWorld) -> set[int]:
    """The events that have to be told: some rule finds them, and they are news to somebody."""
    return {
        entry.event.number
        for (feed, _), entries in world.wordings().items()
        for entry in entries
        if entry.event.rule is not None and (world.feeds[feed].looks_back or not entry.stock)
    }


def reckon(desk: Desk, hook: Sink, world: RecordedWorld) -> Reckoning:
    """Of a run that has come to its end."""
    rules: dict[int, set[str]] = defaultdict(set)
    for article, rule in desk.ask("SELECT article_id, rule_id FROM matches"):
        rules[article].add(rule)
    ours, foreign = world.wordings(), 0
    fates: set[tuple[Wording, str]] = set()
    found: set[tuple[Wording, str]] = set()
    stories: dict[str, set[Wording]] = defaultdict(set)
    for url, title, fate, article, copied, story in desk.ask(_ENTRIES):
        wording = _feed_of(url), title
        if wording not in ours:
            foreign += 1
            continue
        fates.add((wording, fate))
        if story is not None:
            stories[story].add(wording)
        found |= {(wording, rule) for rule in rules[article] | rules[copied]}
    routed = Counter({(one, state): n for one, state, n in desk.ask(_ROUTED)})
    messages = len({_key(headers) for _, headers, _ in hook.requests})
    groups = {frozenset(one) for one in stories.values()}
    return Reckoning(_told(hook), fates, found, _why(desk, world), groups, routed, messages, foreign)


def _why(desk: Desk, world: RecordedWorld) -> dict[str, set[tuple[str, str, bool]]]:
    """Of some entries, edits among them; each is told, merged, waits, is a copy, or its rule did not find it."""
    dice = Random(world.published)
    found: dict[str, set[tuple[str, str, bool]]] = {}
    edits = [(feed, one) for feed, one in world.all if one.day > 1]
    for feed, entry in [*dice.sample(world.all, 15), *dice.sample(edits, min(5, len(edits)))]:
        link = world.link(feed, entry)
        rows = [json.loads(line) for line in desk.command("why", link, "--json").stdout.splitlines()]
        found[link] = {(row["title"], row["fate"], row["revision"]) for row in rows}
        for row in rows:
            matched = any(one["matched"] for one in row["rules"])
            assert row["digests"] or not matched, f"a match without a digest: {row}"
    return found


_OURS = "link LIKE '%/page/%'"  # of the world, not of a hostile body
_ROUTED = "SELECT digest, state, count(*) FROM routings GROUP BY digest, state"


def planned_twice(desk: Desk) -> Set[str]:
    """What stands twice where it may stand once: an entry, a match in a digest, a message to somebody."""
    looks = {
        "entries": f"SELECT 1 FROM entries WHERE {_OURS} GROUP BY feed_id, entry_id, title HAVING count(*) > 1",
        "articles": "SELECT 1 FROM articles GROUP BY entry_row HAVING count(*) > 1",
        "matches": "SELECT 1 FROM matches GROUP BY article_id, rule_id HAVING count(*) > 1",
        "routings": "SELECT 1 FROM routings GROUP BY match_id, digest HAVING count(*) > 1",
        "messages": "SELECT 1 FROM deliveries GROUP BY key HAVING count(*) > 1",
    }
    return {name for name, look in looks.items() if desk.ask(look)}


def _told(hook: Sink) -> dict[Telling, dict[str, bool]]:
    told: dict[Telling, dict[str, bool]] = defaultdict(dict)
    for path, headers, body in hook.requests:
        digest = json.loads(body)
        for story in digest["stories"]:
            for event in _events(story):
                told[path.strip("/"), digest["digest"], event][_key(headers)] = story["update"] is not None
    return dict(told)


def _events(story: dict[str, object]) -> set[int]:
    return {int(one) for one in MARK.findall(str(story["headline"]))}


def _key(headers: dict[str, str]) -> str:
    return headers["webhook-id"]


def _feed_of(url: str) -> int:
    last = url.rpartition("/")[2]
    return int(last) if last.isdigit() else -1
