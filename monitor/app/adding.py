"""What a page asks before a feed is added: which feeds an address has, what each lists, which rules would tell."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from monitor.app.desk import Desk
from monitor.app.discovering import Discovery, FoundFeed, discover, discovery_json, page_address
from monitor.app.known_feeds import KnownFeeds
from monitor.app.subscribing import alerting_rules
from monitor.app.times import iso_time
from monitor.core.rules import RuleSet
from monitor.core.text.shown_url import without_query
from monitor.core.text.urls import feed_key
from monitor.model.access import PLAIN_ACCESS
from monitor.model.entry import ParsedEntry
from monitor.model.feed import Feed
from monitor.pipeline.match import document_of_words

# A connection lives for 30 s (web/door.py): what is asked last must be answered, and the page made, by then.
ASKED_WITHIN = timedelta(seconds=12)  # no further address is asked after that
PATIENCE = timedelta(seconds=8)  # with one address; the daemon has more
# Of what is found, ten megabytes of text or more, so much is tried and shown.
_FEEDS = 10
_ENTRIES = 10  # of each, the newest


@dataclass(frozen=True, slots=True)
class Candidate:
    """A feed that was found: the subscription that has it, if one has, and its newest entries with the rules that
    would tell them, as far as the feed's own words say; None where the rule files do not hold. `again`: it was
    subscribed to before, and would go on where it was."""

    feed: FoundFeed
    known: Feed | None
    place: str | None
    again: bool
    entries: tuple[tuple[ParsedEntry, tuple[str, ...] | None], ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """What an address has; of many feeds the first are `candidates`."""

    found: Discovery
    candidates: tuple[Candidate, ...]


def in_haste(desk: Desk) -> Desk:
    """The desk for who waits before a page."""
    poll = desk.settings.poll
    settings = replace(desk.settings, poll=replace(poll, timeout=min(poll.timeout, PATIENCE)))
    return replace(desk, settings=settings)


def look(desk: Desk, text: str, ruleset: RuleSet | None) -> Looked:
    """Asks the address that a person means, as `monitor feeds discover` does, for as long as a page can wait.

    Raises ValueError for what is no address, NothingAnswered, StoreError.
    """
    address, known = page_address(text.strip()), desk.known_feeds()
    ends = time.monotonic() + ASKED_WITHIN.total_seconds()
    access = desk.settings.access
    found = discover(
        address,
        in_haste(desk).settings.poll,
        desk.clock,
        known,
        access=lambda url: access.get(url, PLAIN_ACCESS),
        is_over=lambda: time.monotonic() > ends,
    )
    return Looked(found, tuple(_candidate(one, known, ruleset, desk) for one in found.feeds[:_FEEDS]))


def _candidate(one: FoundFeed, known: KnownFeeds, ruleset: RuleSet | None, desk: Desk) -> Candidate:
    subscribed = known.subscribed()
    urls = (one.url, *one.also)
    feed = next((subscribed[key] for key in map(feed_key, urls) if key in subscribed), None)
    place = next((place for place in map(known.place, urls) if place is not None), None)
    return Candidate(one, feed, place, feed_key(one.url) in known.removed(), _read(one, ruleset, desk))


def _read(
    one: FoundFeed, ruleset: RuleSet | None, desk: Desk
) -> tuple[tuple[ParsedEntry, tuple[str, ...] | None], ...]:
    newest: Sequence[ParsedEntry] = one.listed[:_ENTRIES]
    if ruleset is None:
        return tuple((entry, None) for entry in newest)
    name, digests = one.title or without_query(one.url), desk.settings.digests
    return tuple(
        (entry, tuple(sorted(alerting_rules(document_of_words(entry, name), ruleset, digests))))
        for entry in newest
    )


def looked_json(looked: Looked) -> dict[str, Any]:
    """What an address has, as one object: as `discovery_json`, with a `preview` of each candidate, and whether
    the time was over before all was asked (`unasked`)."""
    found = discovery_json(looked.found)
    previews = [_preview_json(one) for one in looked.candidates]
    previews += [None] * (len(found["feeds"]) - len(previews))
    feeds = [{**one, "preview": preview} for one, preview in zip(found["feeds"], previews, strict=True)]
    return {**found, "feeds": feeds, "unasked": looked.found.unasked}


def _preview_json(one: Candidate) -> dict[str, Any] | None:
    return {
        "feed": one.known.id if one.known else None,
        "declared": one.place,
        "again": one.again,
        "entries": [
            {
                "title": entry.title,
                "link": entry.link,
                "published": iso_time(entry.published),
                "rules": None if rules is None else list(rules),
            }
            for entry, rules in one.entries
        ],
    }
