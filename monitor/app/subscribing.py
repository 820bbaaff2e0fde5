"""`monitor feeds add` and `remove`: one feed, asked before it is subscribed to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from monitor.app.desk import Desk
from monitor.app.discovering import offer_words, page_of
from monitor.app.known_feeds import KnownFeeds, as_before, place_of
from monitor.app.languages import settled
from monitor.app.wiring import poller
from monitor.config import read_subscription
from monitor.core.digests.plan import takes
from monitor.core.rules import RuleSet
from monitor.core.text.shown_url import without_query
from monitor.core.text.urls import feed_key, without_feed_scheme
from monitor.model.article import Document
from monitor.model.digest import DigestSettings
from monitor.model.entry import Fate, KnownEntry, NewEntry
from monitor.model.errors import MonitorError
from monitor.model.feed import (
    POLL_SUCCESS,
    Feed,
    FeedOrigin,
    FeedSettings,
    FeedStatus,
    Polled,
    PollOutcome,
    Subscription,
)
from monitor.model.fetch import FetchRequest
from monitor.model.rule import Match
from monitor.pipeline.answers import PollReport
from monitor.pipeline.match import document_of_words
from monitor.pipeline.poll import LEASE
from monitor.ports import FeedStore


class NotAdded(MonitorError):
    """A feed that was not subscribed to, and why, on one line, with what a person can type `then`.

    `no_feed`: it was asked, and did not answer with a feed.
    """

    def __init__(self, why: str, then: str = "", *, no_feed: bool = False) -> None:
        super().__init__(why + then)
        self.why = why
        self.no_feed = no_feed


class NotRemoved(MonitorError):
    """A feed that is declared in the config, which is not ours to change."""


@dataclass(frozen=True, slots=True)
class Added:
    """A feed that was subscribed to. Without `report` it was not asked.

    `alerting` counts the entries to be read that will alert, by the rule that does: entries with two rules count
    for both. None when the rule files do not hold. `alerts` counts the entries.
    """

    feed: Feed
    again: bool
    report: PollReport | None = None
    alerting: Mapping[str, int] | None = None
    alerts: int = 0


def read_wanted(values: Mapping[str, Any], desk: Desk) -> FeedSettings:
    """The settings a person asked for; raises ValueError as `read_subscription` does."""
    allowed = desk.settings.poll.allow_private_addresses
    meant = {**values, "url": without_feed_scheme(values["url"])}
    return read_subscription(meant, allow_private_addresses=allowed)


def add(
    desk: Desk,
    values: Mapping[str, Any],
    ruleset: RuleSet | None,
    *,
    poll: bool = True,
    asking: Callable[[], None] = lambda: None,
) -> Added:
    """Subscribes to a feed and, with `poll`, stores what it lists now.

    `values` as they would stand in a `[[feeds]]` table; for a feed that was removed, those not given are as they
    were. `ruleset` says what will alert; None when the rule files do not hold. The feed is asked first, and
    subscribed to only when it answers with a feed: nothing half done is left, and a daemon at work on the store
    never asks it at the same time. `asking` is called when it is about to be asked.

    Raises ValueError for values that do not hold, NotAdded, StoreError.
    """
    settings = read_wanted(values, desk)
    known = desk.known_feeds()
    _expect_new(settings.url, known)
    before = known.removed().get(feed_key(settings.url))
    if before is not None:
        settings = as_before(_over(before.settings, settings, values), before)
    now = desk.clock.now()
    if not poll:
        return Added(_subscribe(desk.store.feeds, Subscription(settings, now), now), before is not None)
    trial = _Trial(_on_trial(settings, before, now), desk.store.feeds)
    asking()
    report, answer, offered = _ask(trial, desk)
    if answer.decision.outcome not in POLL_SUCCESS:
        why = answer.decision.error or answer.decision.outcome.value
        then = f". {offered}To add it all the same, to be polled later: --no-poll"
        raise NotAdded(f"{settings.url}: {why}; nothing was added", then, no_feed=True)
    if feed_key(answer.decision.url) != feed_key(settings.url):
        _expect_new(answer.decision.url, known, via=settings.url)
    wanted = Subscription(settings, answer.decision.next_poll_at)
    feed = _subscribe(desk.store.feeds, wanted, now, LEASE)
    desk.store.feeds.record_polls([replace(answer, feed=feed)])
    named = replace(feed, name=settings.name or answer.reading.title or feed.name, url=answer.decision.url)
    alerting = _alerting(answer.entries, named, ruleset, desk.settings.digests)
    return Added(
        replace(named, next_poll_at=answer.decision.next_poll_at),
        before is not None,
        report,
        None if alerting is None else Counter(rule for rules in alerting for rule in rules),
        sum(map(bool, alerting or ())),
    )


def remove_feed(desk: Desk, feed: Feed) -> None:
    """The same for one feed. Raises NotRemoved, StoreError."""
    declared = place_of(feed, desk.settings, desk.config)
    if declared is not None:
        raise NotRemoved(_delete_there(declared))
    desk.store.feeds.unsubscribe(feed.id)


def bring_back(desk: Desk, feed: Feed) -> None:
    """Subscribes again to a feed that was removed, or is gone: it goes on where it was.

    Raises NotAdded where another subscription has its address by now, StoreError.
    """
    now, settings = desk.clock.now(), feed.settings
    if place_of(feed, desk.settings, desk.config) is None:
        known = desk.known_feeds()
        others = replace(known, feeds=tuple(one for one in known.feeds if one.id != feed.id))
        for url in (settings.url, feed.url):
            _expect_new(url, others)
        settings = replace(settings, origin=FeedOrigin.STORE)
    desk.store.feeds.subscribe([Subscription(settings, now)], now)


def _delete_there(declared: str) -> str:
    return f"the feed is declared in {declared}: delete it there; the next start or reload polls it no more"


def remove(desk: Desk, url_or_name: str) -> Feed:
    """Polls a feed no more; all that is known of it is kept. Raises NoSuchFeed, NotRemoved, StoreError."""
    known = desk.known_feeds()
    declared = known.place(url_or_name) or _declared_by_name(desk.settings.feeds, known, url_or_name)
    if declared is None:
        feed = known.meant(url_or_name)
        declared = known.place(feed.settings.url)
    if declared is not None:
        raise NotRemoved(_delete_there(declared))
    desk.store.feeds.unsubscribe(feed.id)
    return feed


def _declared_by_name(declared: Sequence[FeedSettings], known: KnownFeeds, name: str) -> str | None:
    """The place of the only feed of that name, where the config gives it that name."""
    same = [one for one in declared if one.name is not None and one.name.casefold() == name.casefold()]
    others = [feed for feed in known.subscribed().values() if feed.name.casefold() == name.casefold()]
    if len(same) != 1 or any(known.place(feed.settings.url) is None for feed in others):
        return None
    return known.place(same[0].url)


def _expect_new(url: str, known: KnownFeeds, via: str | None = None) -> None:
    moved = f"{via}: has moved for good to {url}, which" if via else f"{url}:"
    place = known.place(url)
    if place is not None:
        raise NotAdded(f"{moved} is declared in {place} already")
    there = known.subscribed().get(feed_key(url))
    if there is not None and there.status is not FeedStatus.GONE:
        change = "" if via else "; monitor feeds remove and then add changes its settings, and forgets nothing"
        paused = ", and paused" if there.status is FeedStatus.PAUSED else ""
        raise NotAdded(f'{moved} is subscribed to already, as "{there.name}"{paused}', change)


def _over(before: FeedSettings, new: FeedSettings, given: Mapping[str, Any]) -> FeedSettings:
    """The settings of a removed feed with those that are given now."""
    return replace(before, origin=new.origin, **{key: getattr(new, key) for key in given})


def _on_trial(settings: FeedSettings, before: Feed | None, now: datetime) -> Feed:
    if before is not None:
        return replace(before, settings=settings, status=FeedStatus.ACTIVE)
    return Feed(0, settings, settings.url, settings.name or without_query(settings.url), now, now)


def _ask(trial: _Trial, desk: Desk) -> tuple[PollReport, Polled, str]:
    """What the feed answers; where it is a page, also which feed that offers."""
    with poller(trial, desk.settings.poll, desk.clock) as stage:
        (report,) = stage.run(lambda: False)
        assert trial.answer is not None, "every answer is recorded"
        if trial.answer.decision.outcome is not PollOutcome.NOT_A_FEED:
            return report, trial.answer, ""
        request = FetchRequest(1, report.feed.url)
        pages = [page_of(one, stage.sandbox) for one in stage.fetcher.fetch_many(iter([request]))]
        offers = [offer for page in pages for offer in page.offers]
        return report, trial.answer, f"{offer_words(report.feed.url, offers)}. "


def _subscribe(feeds: FeedStore, wanted: Subscription, now: datetime, lease: timedelta = timedelta(0)) -> Feed:
    made = feeds.subscribe([wanted], now, lease=lease)
    if not made:
        raise NotAdded(f"{wanted.settings.url}: is subscribed to already, a moment ago")
    return made[0]


def _alerting(
    entries: Sequence[NewEntry], feed: Feed, ruleset: RuleSet | None, digests: Sequence[DigestSettings]
) -> list[set[str]] | None:
    """The rules that will alert each entry to be read, on the feed's words; None when no rules can be had."""
    if ruleset is None:
        return None
    settle = settled(ruleset)
    return [
        alerting_rules(settle(document_of_words(one.parsed, feed.name, feed.settings.tags)), ruleset, digests)
        for one in entries
        if one.fate is Fate.WAITING
    ]


def alerting_rules(document: Document, ruleset: RuleSet, digests: Sequence[DigestSettings]) -> set[str]:
    """The rules that hold of a document, of those that a digest tells."""
    rules = {answer.rule for answer in ruleset.match(document) if isinstance(answer, Match)}
    return {one for one in rules if any(takes(digest.rules, ruleset.rule(one)) for digest in digests)}


class _Trial:
    """One feed as the poll stage asks for it, in the store or not; its answer is kept here instead of there."""

    def __init__(self, feed: Feed, store: FeedStore) -> None:
        self._feed: Feed | None = feed
        self._store = store
        self.answer: Polled | None = None

    def claim_due(self, now: datetime, lease: timedelta, limit: int) -> Sequence[Feed]:
        """The feed, the first time."""
        claimed = [] if self._feed is None else [self._feed]
        self._feed = None
        return claimed

    def release_leases(self, feed_ids: Sequence[int] | None = None) -> None:
        """Nothing: nobody else asks for it."""

    def record_polls(self, polls: Sequence[Polled]) -> int:
        """Keeps the answer of the one feed."""
        (self.answer,) = polls
        return len(self.answer.entries)

    def host_pauses(self, now: datetime) -> Mapping[str, datetime]:
        """None: it is a person who asks, once."""
        return {}

    def put_off(self, until: Mapping[int, datetime]) -> None:
        """Nothing: the feed is asked once."""

    def known_entries(self, feed_id: int, ids: Sequence[str], url_keys: Sequence[str]) -> Sequence[KnownEntry]:
        """Of a feed that was subscribed to before, what the store knows."""
        return self._store.known_entries(feed_id, ids, url_keys) if feed_id else []
