"""Introduces the parts to each other: the only room that knows both pipeline and adapters."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, partial
from random import random
from secrets import token_hex, token_urlsafe
from socket import gethostname
from typing import TextIO

from monitor import __version__
from monitor.adapters.channels.apprise import AppriseChannel
from monitor.adapters.channels.email import EmailChannel
from monitor.adapters.channels.file import FileChannel
from monitor.adapters.channels.slack import SlackChannel
from monitor.adapters.channels.slack_bot import SlackBotChannel
from monitor.adapters.channels.stdout import StdoutChannel
from monitor.adapters.channels.webhook import WebhookChannel
from monitor.adapters.clock import SystemClock
from monitor.adapters.fetch import HttpFetcher
from monitor.adapters.fetch.hubs import HttpHubs
from monitor.adapters.nlp import SpacyRecognizer
from monitor.adapters.store.sql import SqlStore
from monitor.app.check import Ready
from monitor.app.children import PAGE_READERS, POLL_READERS, names_sandbox, parsing_sandbox, reading_sandbox
from monitor.app.collector import settle
from monitor.app.fingerprint import fingerprint
from monitor.app.jobs import Jobs
from monitor.app.kept_out import silences_of_the_day
from monitor.app.renaming import carry_over
from monitor.app.standing import inboxes_of
from monitor.app.unsubscribing import links_of
from monitor.config import Settings
from monitor.core.digests.tags import tags_of
from monitor.core.rules import RuleSet
from monitor.core.stories.publishers import Publishers
from monitor.model.daemons import Daemon, token_of
from monitor.model.delivery import (
    AppriseEndpoint,
    ChannelKind,
    EmailEndpoint,
    Endpoint,
    FileEndpoint,
    Receiver,
    SlackEndpoint,
    SlackTokenEndpoint,
    SmtpSettings,
    WebhookEndpoint,
)
from monitor.model.digest import DigestSettings
from monitor.model.feed import PollSettings
from monitor.model.jobs import Engine, ProcessRole
from monitor.pipeline.deliver import DeliverStage
from monitor.pipeline.digest import DigestStage
from monitor.pipeline.dispatch import MATCH, POLL
from monitor.pipeline.gaps import GapStage
from monitor.pipeline.group import LONGEST, LONGEST_BESIDE, GroupStage
from monitor.pipeline.health import HealthStage
from monitor.pipeline.index import IndexStage
from monitor.pipeline.match import MatchStage
from monitor.pipeline.pauses import PauseKeeper
from monitor.pipeline.poll import PollStage
from monitor.pipeline.prune import PruneStage
from monitor.pipeline.pushes import PushStage
from monitor.pipeline.read import ReadStage
from monitor.pipeline.websub import HubStage
from monitor.pipeline.weigh import WeighStage
from monitor.ports import Channel, Clock, DueFeeds, EntityRecognizer, Fetcher, JobQueue, Sandbox, Store

QUEUE_NAME = "monitor-jobs"
"""How a process names its connections for the queue, before its token: with the others they are cut off."""
POLLS_IN_HAND = 4
"""Jobs in hand for each request that may be under way: hosts that take half a minute to answer hold a job, and
must not keep a worker from asking others, as they keep no daemon that looks by itself."""
MATCH_AT_ONCE = 2  # one is at work, the next one is there when it ends
LOOK_FOR_GIVEN = timedelta(milliseconds=20)
"""Between two looks of the poll stage at what was given to it, which asks nobody."""


@dataclass(frozen=True, slots=True)
class Monitor:
    """Everything put together: the stages, and what has to be closed."""

    store: Store
    fetcher: Fetcher
    sandboxes: tuple[Sandbox, ...]
    clock: Clock
    poll: PollStage
    gaps: GapStage
    read: ReadStage
    group: GroupStage
    match: MatchStage
    digest: DigestStage
    deliver: DeliverStage
    prune: PruneStage
    weigh: WeighStage
    index: IndexStage
    health: HealthStage
    pushes: PushStage
    websub: HubStage
    role: ProcessRole = ProcessRole.ALL
    jobs: Jobs | None = None  # None: what is due is looked for by each process itself
    carry_over: Callable[[], object] = lambda: None  # once more, for what an older generation kept under old names

    def close(self) -> None:
        """Closes everything, children first; safe to call twice."""
        self.fetcher.close()
        self.websub.hubs.close()
        if self.jobs is not None:
            self.jobs.queue.close()
        for channel in self.deliver.channels.values():
            if isinstance(channel, EmailChannel):
                channel.close()
        for sandbox in self.sandboxes:
            sandbox.close()
        self.store.close()


def build(
    ready: Ready,
    *,
    version: str,
    stdout: TextIO,
    draft: bool = False,
    upgrading: Callable[[], None] = lambda: None,
    carrying: Callable[[], None] = lambda: None,
    shares: bool = False,
    role: ProcessRole = ProcessRole.ALL,
) -> Monitor:
    """A monitor that holds its store: feeds in step with the config, leases of a dead predecessor forgotten.

    With `shares` it holds one in PostgreSQL together with other daemons, of which it does what its `role` is.
    `upgrading` is called when the store has to be brought up to date first, `carrying` when history has to be
    carried over to a new name: either may take a while.
    Raises StoreBusy, StoreNewer, StoreUnusable, RenameRefused.
    """
    token = token_of(role, token_hex(3))
    me = Daemon(os.getpid(), gethostname(), fingerprint(ready), version=version, token=token)
    # Who is alone with the store looks for what is due itself.
    by_jobs = shares and ready.settings.engine is Engine.PROCRASTINATE
    daemon = me if shares else None
    store = SqlStore(
        ready.settings.store_url, hold=me.pid, daemon=daemon, polls_by_jobs=by_jobs, upgrading=upgrading
    )
    try:
        monitor = _assemble(ready, store, version, stdout, draft, carrying)
        if not by_jobs:
            return monitor
        queue = _queue(store, ready.settings.poll, token)
        return given_out(monitor, Jobs.of(queue, store, monitor.clock), role)
    except BaseException:
        store.close()
        raise


def _assemble(
    ready: Ready, store: SqlStore, version: str, stdout: TextIO, draft: bool, carrying: Callable[[], None]
) -> Monitor:
    settings, ruleset = ready.settings, ready.ruleset
    clock = SystemClock()
    if store.held:
        store.feeds.release_leases()
    store.set_right(clock.now())
    _declare(ready, store, clock, draft, carrying)
    store.feeds.try_now(list(settings.access), clock.now())  # whoever starts it may have mended a login
    fetcher = _fetcher(settings.poll, version, store, clock)
    pages = PauseKeeper(fetcher, store.feeds, clock)
    sandbox = reading_sandbox()
    recognizer, names = _recognizer(settings.nlp_model)
    channels = channels_of(_receivers(settings), settings.smtp, stdout, clock, version)
    settle()
    return Monitor(
        store=store,
        fetcher=fetcher,
        sandboxes=(sandbox, *names),
        clock=clock,
        poll=PollStage(store.feeds, fetcher, sandbox, clock, random, settings.poll, POLL_READERS, settings.access),
        gaps=GapStage(store.gaps, store.feeds, pages, sandbox, clock, random, settings.poll, settings.access),
        read=ReadStage(
            store.articles,
            store.reading,
            pages,
            sandbox.with_own_places(),
            clock,
            recognizer,
            settings.access,
            settings.poll.per_host,
            PAGE_READERS,
        ),
        group=GroupStage(
            store.grouping,
            clock,
            settings.story_window,
            longest=LONGEST if store.one_writer else LONGEST_BESIDE,
        ),
        match=MatchStage(store.articles, ruleset, settings.digests, clock),
        digest=_digest_stage(ready, store, clock, draft),
        deliver=DeliverStage(
            store.outbox, store.receivers, channels, clock, random, suppressed=store.suppressions.suppressed
        ),
        prune=PruneStage(
            store.retention,
            clock,
            settings.retention,
            settings.store_full_text,
            settings.poll.max_entry_age,
            ruleset.version,
            settings.story_window,
        ),
        weigh=WeighStage(store.grouping, clock),
        index=IndexStage(store.archive, clock),
        health=_health_stage(ready, store, clock),
        pushes=PushStage(store.hubs, store.feeds, sandbox, clock, settings.poll),
        websub=HubStage(
            store.hubs,
            HttpHubs(settings.poll, version),
            clock,
            random,
            settings.poll,
            settings.public_url,
            token_urlsafe,
        ),
    )


def _queue(store: SqlStore, settings: PollSettings, token: str) -> JobQueue:
    """The queue in the store's database, its tables up to date."""
    from monitor.adapters.jobs import ProcrastinateQueue  # here: who has no queue needs none of it in memory

    at_once = {POLL: POLLS_IN_HAND * settings.concurrency, MATCH: MATCH_AT_ONCE}
    queue = ProcrastinateQueue(store.name, store.conninfo(f"{QUEUE_NAME} {token}"), at_once)
    try:
        store.in_transaction(queue.prepare)
    except BaseException:
        queue.close()
        raise
    return queue


def given_out(monitor: Monitor, jobs: Jobs, role: ProcessRole) -> Monitor:
    """The same with polls, and articles for the rules, that come from a queue."""
    return replace(
        monitor,
        role=role,
        jobs=jobs,
        poll=replace(monitor.poll, feeds=jobs.feeds, look_again=LOOK_FOR_GIVEN),
        match=replace(monitor.match, parts=jobs.articles.turns),
    )


def rebuild(monitor: Monitor, before: Ready, after: Ready, *, version: str, stdout: TextIO) -> Monitor:
    """The next generation of a monitor, over the same store.

    With the same `[poll]`, `[nlp]` and ways to reach feeds its fetcher, children and the stages that fetch are the
    very same, so that their runs go on. Otherwise they are new and share what is in hand, and the old ones may end
    beside them.
    When it returns, the store is in step with the new config. Raises StoreError or RenameRefused, with no feed
    changed.
    """
    settings, was = after.settings, before.settings
    monitor = _fetching_by(settings, was, monitor, version)
    group = monitor.group
    if settings.story_window != was.story_window:
        group = replace(group, window=settings.story_window)
    channels = channels_of(_receivers(settings), settings.smtp, stdout, monitor.clock, version)
    _declare(after, monitor.store, monitor.clock, monitor.digest.draft)
    monitor.store.shares.declare(fingerprint(after))
    other_ways = {url for url, _ in settings.access.items() ^ was.access.items()}
    monitor.store.feeds.try_now(sorted(other_ways), monitor.clock.now())
    return replace(
        monitor,
        group=group,
        match=replace(monitor.match, ruleset=after.ruleset, digests=settings.digests),
        digest=_digest_stage(after, monitor.store, monitor.clock, monitor.digest.draft),
        deliver=replace(monitor.deliver, channels=channels),
        prune=replace(
            monitor.prune,
            retention=settings.retention,
            store_full_text=settings.store_full_text,
            max_entry_age=settings.poll.max_entry_age,
            ruleset=after.ruleset.version,
            window=settings.story_window,
        ),
        health=_health_stage(after, monitor.store, monitor.clock),
        # A dry run has said it once, and carries nothing over.
        carry_over=monitor.carry_over
        if monitor.digest.draft
        else partial(carry_over, after, monitor.store, monitor.clock, draft=False),
    )


def _fetching_by(settings: Settings, was: Settings, monitor: Monitor, version: str) -> Monitor:
    """The same with stages that fetch by new settings, or the very same where nothing of it changed."""
    if (settings.poll, settings.nlp_model, settings.access) == (was.poll, was.nlp_model, was.access):
        return monitor
    recognizer, sandboxes = monitor.read.recognizer, monitor.sandboxes
    if settings.nlp_model != was.nlp_model:
        recognizer, names = _recognizer(settings.nlp_model)
        sandboxes = (sandboxes[0], *names)
    fetcher = _fetcher(settings.poll, version, monitor.store, monitor.clock)
    pages = PauseKeeper(fetcher, monitor.store.feeds, monitor.clock)
    return replace(
        monitor,
        fetcher=fetcher,
        sandboxes=sandboxes,
        poll=replace(monitor.poll, fetcher=fetcher, settings=settings.poll, access=settings.access),
        gaps=replace(monitor.gaps, fetcher=pages, settings=settings.poll, access=settings.access),
        read=replace(
            monitor.read,
            fetcher=pages,
            recognizer=recognizer,
            access=settings.access,
            per_host=settings.poll.per_host,
        ),
        pushes=replace(monitor.pushes, settings=settings.poll),
        websub=replace(monitor.websub, hubs=HttpHubs(settings.poll, version), settings=settings.poll),
    )


def _fetcher(settings: PollSettings, version: str, store: Store, clock: Clock) -> HttpFetcher:
    """A fetcher that leaves those hosts alone that asked for it."""
    now = clock.now()
    paused = {host: (until - now).total_seconds() for host, until in store.feeds.host_pauses(now).items()}
    return HttpFetcher(settings, version, paused=paused)


def _digest_stage(ready: Ready, store: Store, clock: Clock, draft: bool) -> DigestStage:
    settings = ready.settings
    return DigestStage(
        store.digests,
        store.feeds,
        settings.digests,
        _receivers(settings),
        clock,
        draft,
        Publishers(dict(settings.publishers)),
        settings.story_window,
        silences=store.silences,
        suppressed=store.suppressions.suppressed,
        links=links_of(store.suppressions, clock, settings.public_url),
        tags=_tags(ready.ruleset),
    )


def _health_stage(ready: Ready, store: Store, clock: Clock) -> HealthStage:
    settings = ready.settings
    return HealthStage(
        store,
        settings.health,
        settings.digests,
        _receivers(settings),
        frozenset(rule.id for rule in ready.ruleset.rules),
        clock,
        silences=silences_of_the_day(store, [digest.name for digest in settings.digests], clock),
    )


def _receivers(settings: Settings) -> dict[str, Receiver]:
    return {receiver.name: receiver for receiver in settings.receivers}


def _tags(ruleset: RuleSet) -> Callable[[DigestSettings], frozenset[str]]:
    """What each digest is about: looked for once, among all rules."""
    return cache(lambda settings: tags_of(settings.rules, ruleset.rules))


def _declare(
    ready: Ready, store: Store, clock: Clock, draft: bool, begins: Callable[[], None] = lambda: None
) -> None:
    """Puts the store in step with the config: names first, before anything is kept under a new one, and the feeds
    last, since they alone change what others see."""
    carry_over(ready, store, clock, draft=draft, begins=begins)
    if ready.rules_of is None:  # the last good rules are what was loaded last, and stay as old as they are
        ruleset = ready.ruleset
        store.articles.record_ruleset(ruleset.version, list(ruleset.sources.items()), clock.now())
    for digest in ready.settings.digests:
        store.digests.open_digest(digest.name, clock.now())
    store.receivers.try_now(clock.now())  # whoever edits the config may have mended one
    store.receivers.forget_all_but({(name, kind) for name, kind, _ in inboxes_of(ready.settings.receivers)})
    store.feeds.sync(ready.settings.feeds, clock.now())
    store.feeds.keep_within(ready.settings.poll.max_interval, clock.now())


def _recognizer(model: str | None) -> tuple[EntityRecognizer | None, tuple[Sandbox, ...]]:
    """What recognises names, and the children it does so in."""
    if model is None:
        return None, ()
    names = names_sandbox()
    return SpacyRecognizer(model, names), (names,)


@contextmanager
def poller(feeds: DueFeeds, settings: PollSettings, clock: Clock) -> Iterator[PollStage]:
    """A poll stage with a network and children of its own, for a command beside the daemon."""
    with closing(HttpFetcher(settings, __version__)) as fetcher, closing(parsing_sandbox()) as sandbox:
        yield PollStage(feeds, fetcher, sandbox, clock, random, settings)


def channels_of(
    receivers: Mapping[str, Receiver], smtp: SmtpSettings | None, stdout: TextIO, clock: Clock, version: str
) -> dict[tuple[str, ChannelKind], Channel]:
    """The channel of each endpoint, by receiver name and kind."""
    # One for all: a connection that waits serves whoever comes next.
    mail = EmailChannel(smtp) if smtp is not None else None
    return {
        (name, kind): channel
        for name, receiver in receivers.items()
        for endpoint in receiver.endpoints
        for kind, channel in [_channel(endpoint, mail, stdout, clock, version)]
    }


def _channel(
    endpoint: Endpoint, mail: EmailChannel | None, stdout: TextIO, clock: Clock, version: str
) -> tuple[ChannelKind, Channel]:
    if isinstance(endpoint, EmailEndpoint):
        assert mail is not None, "the config check refuses e-mail without [smtp]"
        return ChannelKind.EMAIL, mail
    if isinstance(endpoint, SlackEndpoint):
        return ChannelKind.SLACK, SlackChannel(endpoint)
    if isinstance(endpoint, SlackTokenEndpoint):
        return ChannelKind.SLACK, SlackBotChannel(endpoint)
    if isinstance(endpoint, WebhookEndpoint):
        return ChannelKind.WEBHOOK, WebhookChannel(endpoint, clock, version)
    if isinstance(endpoint, FileEndpoint):
        return ChannelKind.FILE, FileChannel(endpoint)
    if isinstance(endpoint, AppriseEndpoint):
        return ChannelKind.APPRISE, AppriseChannel(endpoint)
    return ChannelKind.STDOUT, StdoutChannel(stdout)
