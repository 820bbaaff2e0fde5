"""Introduces the parts to each other: the only room that knows both pipeline and adapters."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from random import random
from typing import TextIO

from monitor import __version__
from monitor.adapters.channels.email import EmailChannel
from monitor.adapters.channels.file import FileChannel
from monitor.adapters.channels.slack import SlackChannel
from monitor.adapters.channels.stdout import StdoutChannel
from monitor.adapters.channels.webhook import WebhookChannel
from monitor.adapters.clock import SystemClock
from monitor.adapters.fetch import HttpFetcher
from monitor.adapters.nlp import SpacyRecognizer
from monitor.adapters.store.sql import SqlStore
from monitor.app.check import Ready
from monitor.app.children import PARSERS, names_sandbox, parsing_sandbox
from monitor.model.delivery import (
    ChannelKind,
    EmailEndpoint,
    Endpoint,
    FileEndpoint,
    Receiver,
    SlackEndpoint,
    SmtpSettings,
    WebhookEndpoint,
)
from monitor.model.feed import PollSettings
from monitor.pipeline.deliver import DeliverStage
from monitor.pipeline.digest import DigestStage
from monitor.pipeline.group import GroupStage
from monitor.pipeline.match import MatchStage
from monitor.pipeline.poll import PollStage
from monitor.pipeline.prune import PruneStage
from monitor.pipeline.read import ReadStage
from monitor.ports import Channel, Clock, DueFeeds, Fetcher, Sandbox, Store


@dataclass(frozen=True, slots=True)
class Monitor:
    """Everything put together: the stages, and what has to be closed."""

    store: Store
    fetcher: Fetcher
    sandboxes: tuple[Sandbox, ...]
    clock: Clock
    poll: PollStage
    read: ReadStage
    group: GroupStage
    match: MatchStage
    digest: DigestStage
    deliver: DeliverStage
    prune: PruneStage

    def close(self) -> None:
        """Closes everything, children first; safe to call twice."""
        self.fetcher.close()
        for sandbox in self.sandboxes:
            sandbox.close()
        self.store.close()


def build(
    ready: Ready,
    *,
    version: str,
    stdout: TextIO,
    draft: bool = False,
) -> Monitor:
    """A monitor that holds its store: feeds in step with the config, leases of a dead predecessor forgotten.

    Raises StoreBusy, StoreNewer, StoreUnusable.
    """
    store = SqlStore(ready.settings.store_url, hold=os.getpid())
    try:
        return _assemble(ready, store, version, stdout, draft)
    except BaseException:
        store.close()
        raise


def _assemble(ready: Ready, store: SqlStore, version: str, stdout: TextIO, draft: bool) -> Monitor:
    settings, ruleset = ready.settings, ready.ruleset
    clock = SystemClock()
    now = clock.now()
    if store.held:
        store.feeds.release_leases()
    store.set_right(now)
    store.feeds.sync(settings.feeds, now)
    store.articles.record_ruleset(ruleset.version, list(ruleset.sources.items()), now)
    for digest in settings.digests:
        store.digests.open_digest(digest.name, now)
    fetcher = HttpFetcher(settings.poll, version)
    sandbox = parsing_sandbox()
    sandboxes: tuple[Sandbox, ...] = (sandbox,)
    recognizer = None
    if settings.nlp_model is not None:
        names = names_sandbox()
        sandboxes = (sandbox, names)
        recognizer = SpacyRecognizer(settings.nlp_model, names)
    receivers = {receiver.name: receiver for receiver in settings.receivers}
    return Monitor(
        store=store,
        fetcher=fetcher,
        sandboxes=sandboxes,
        clock=clock,
        poll=PollStage(store.feeds, fetcher, sandbox, clock, random, settings.poll, PARSERS),
        read=ReadStage(store.articles, fetcher, sandbox, clock, recognizer),
        group=GroupStage(store.articles, clock),
        match=MatchStage(store.articles, ruleset, settings.digests, clock),
        digest=DigestStage(store.digests, store.feeds, settings.digests, receivers, clock, draft),
        deliver=DeliverStage(
            store.outbox, channels_of(receivers, settings.smtp, stdout, clock, version), clock, random
        ),
        prune=PruneStage(
            store.retention,
            clock,
            settings.retention,
            settings.store_full_text,
            settings.poll.max_entry_age,
            ruleset.version,
        ),
    )


@contextmanager
def poller(feeds: DueFeeds, settings: PollSettings, clock: Clock) -> Iterator[PollStage]:
    """A poll stage with a network and children of its own, for a command beside the daemon."""
    with closing(HttpFetcher(settings, __version__)) as fetcher, closing(parsing_sandbox()) as sandbox:
        yield PollStage(feeds, fetcher, sandbox, clock, random, settings)


def channels_of(
    receivers: Mapping[str, Receiver], smtp: SmtpSettings | None, stdout: TextIO, clock: Clock, version: str
) -> dict[tuple[str, ChannelKind], Channel]:
    """The channel of each endpoint, by receiver name and kind."""
    return {
        (name, kind): channel
        for name, receiver in receivers.items()
        for endpoint in receiver.endpoints
        for kind, channel in [_channel(endpoint, smtp, stdout, clock, version)]
    }


def _channel(
    endpoint: Endpoint, smtp: SmtpSettings | None, stdout: TextIO, clock: Clock, version: str
) -> tuple[ChannelKind, Channel]:
    if isinstance(endpoint, EmailEndpoint):
        assert smtp is not None, "the config check refuses e-mail without [smtp]"
        return ChannelKind.EMAIL, EmailChannel(smtp)
    if isinstance(endpoint, SlackEndpoint):
        return ChannelKind.SLACK, SlackChannel(endpoint)
    if isinstance(endpoint, WebhookEndpoint):
        return ChannelKind.WEBHOOK, WebhookChannel(endpoint, clock, version)
    if isinstance(endpoint, FileEndpoint):
        return ChannelKind.FILE, FileChannel(endpoint)
    return ChannelKind.STDOUT, StdoutChannel(stdout)
