"""The whole pipeline over a real store in memory; clock, network and receivers are the test's to command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.sax.saxutils import escape

import sqlalchemy as sa
from made import NOON, feed_settings

from monitor.adapters.fetch.hubs import HttpHubs
from monitor.adapters.store.archive import clear, index_metadata
from monitor.adapters.store.sql import SqlStore
from monitor.adapters.store.tables import metadata
from monitor.core.rules import RuleFile, RuleSet, load_rules
from monitor.core.text.urls import canonical_url
from monitor.model.article import Article
from monitor.model.delivery import ChannelKind, FileEndpoint, Receiver, StdoutEndpoint
from monitor.model.digest import DigestSettings, Immediate, MessageFormat
from monitor.model.entry import Fate
from monitor.model.errors import StoreUnusable
from monitor.model.feed import Feed, FeedSettings, PollOutcome, PollSettings
from monitor.model.fetch import FetchRequest, FetchResponse
from monitor.model.health import HealthSettings, Trouble
from monitor.model.ledger import EntryFate, Plan
from monitor.pipeline.answers import PollReport
from monitor.pipeline.deliver import DeliverStage, DeliveryReport
from monitor.pipeline.digest import DigestStage, PlanFailure
from monitor.pipeline.gaps import GapReport, GapStage
from monitor.pipeline.group import BATCH, GroupReport, GroupStage
from monitor.pipeline.health import HealthReport, HealthStage
from monitor.pipeline.match import MatchReport, MatchStage
from monitor.pipeline.poll import PollStage
from monitor.pipeline.prune import PruneReport, PruneStage
from monitor.pipeline.pushes import PushStage
from monitor.pipeline.read import ReadReport, ReadStage
from monitor.pipeline.websub import HubStage
from monitor.ports import Channel, EntityRecognizer, Hubs
from monitor.testing import FakeClock, FakeFetcher, InlineSandbox, RecordingChannel

FEED = "https://news.example/feed"
CLOSED = "The Torkham crossing was closed on Sunday. Hundreds of trucks wait. Traders protest."
OTHER_FEED = "https://wire.example/feed"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

RULES = """
[[rules]]
id = "torkham-closed"
title = "Torkham crossing closed"
query = 'Torkham AND (closed OR closure)'
tags = ["border"]
severity = "high"

[[rules]]
id = "trucks"
title = "Trucks stranded"
query = 'trucks'
tags = ["trade"]

[[rules]]
id = "floods"
title = "Floods"
query = 'flood*'
"""

JSON_FILE = Receiver("desk", (FileEndpoint("digests", MessageFormat.JSON),))


@cache
def ruleset_of(text: str) -> RuleSet:
    """The rules of one file's text, which must hold."""
    loaded = load_rules([RuleFile("rules.toml", text)])
    assert not loaded.problems, loaded.problems
    return loaded.ruleset


_EMPTYING = tuple(
    f"DELETE FROM {table.name}" for table in (*index_metadata.sorted_tables, *reversed(metadata.sorted_tables))
)


@cache
def _shared_store() -> SqlStore:
    return SqlStore("sqlite://")


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder, "monitor.db")
        SqlStore(f"sqlite:///{file}").close()
        return file.read_bytes()


def lay_store(file: Path) -> None:
    """Copies an empty store to where there is none: migrating one would take longer than most tests."""
    if not file.exists():
        file.touch(0o600)
        file.write_bytes(_migrated())


def file_store(file: Path) -> SqlStore:
    """The store of a file, which need not be there."""
    lay_store(file)
    return SqlStore(f"sqlite:///{file}")


def fresh_store() -> SqlStore:
    """An empty store in memory. Migrating one takes 70 ms, so that all tests share it, one after the other."""
    store = _shared_store()
    try:
        with store._db.write() as connection:
            clear(connection)
            for statement in _EMPTYING:  # as text: to compile them took twice as long as to run them
                connection.exec_driver_sql(statement)
    except (
        StoreUnusable
    ):  # a test that was cut off in the middle of a statement lost the connection, and all with it
        _shared_store.cache_clear()
        store = _shared_store()
    return store


@cache
def _shared_postgresql_store() -> SqlStore:
    from postgres_server import postgres_server  # not every machine has psycopg

    return SqlStore(postgres_server().fresh_database())


def fresh_postgresql_store() -> SqlStore:
    """An empty store on a real PostgreSQL server; all tests of a process share it, one after the other."""
    store = _shared_postgresql_store()
    tables = ", ".join(table.name for table in metadata.sorted_tables)
    with store._db.write() as connection:
        connection.execute(sa.text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))  # the index, too
    return store


def item(
    id: str = "e1",
    title: str = "Torkham closed",
    summary: str = "The Torkham crossing was closed on Sunday.",
    *,
    link: str | None = "",
    published: datetime | None = NOON,
) -> str:
    """One RSS item; `link` "" is made from the id, None leaves it out."""
    link = f"https://news.example/{id}" if link == "" else link
    return (
        f"<item><guid isPermaLink='false'>{escape(id)}</guid><title>{escape(title)}</title>"
        + (f"<link>{escape(link)}</link>" if link else "")
        + (f"<pubDate>{format_datetime(published)}</pubDate>" if published else "")
        + f"<description>{escape(summary)}</description></item>"
    )


def rss(*items: str, title: str = "News of the day", more: str = "") -> bytes:
    """An RSS 2.0 body."""
    return (
        f"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>{title}</title>"
        f"<link>https://news.example/</link><description>d</description>{more}{''.join(items)}</channel></rss>"
    ).encode()


def answer(
    body: bytes = b"",
    status: int = 200,
    outcome: PollOutcome = PollOutcome.OK,
    *,
    permanent_url: str | None = None,
    error: str | None = None,
    **headers: str,
) -> Callable[[FetchRequest], FetchResponse]:
    """A route of a FakeFetcher; headers are written with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def respond(request: FetchRequest) -> FetchResponse:
        url = permanent_url or request.url
        return FetchResponse(request, outcome, status, url, permanent_url, named, body, error)

    return respond


def failing(outcome: PollOutcome, status: int | None = None, error: str | None = None, **headers: str) -> Any:
    """A route that never gives a body."""
    route = answer(b"", 200, outcome, error=error, **headers)
    return lambda request: replace(route(request), status=status)


def digest_settings(name: str = "alerts", **more: Any) -> DigestSettings:
    """An immediate digest of every rule for the desk, unless said otherwise."""
    values: dict[str, Any] = {"rules": ("*",), "to": ("desk",), "schedule": Immediate(timedelta(0))}
    return DigestSettings(name=name, **{**values, **more})


@dataclass
class Newsroom:
    """Stages as the service wires them. The dice always say 0.5: no jitter at all."""

    feeds: Sequence[FeedSettings] = (feed_settings(FEED, backfill=DAY),)
    digests: Sequence[DigestSettings] = (digest_settings(),)
    receivers: Sequence[Receiver] = (JSON_FILE,)
    rules: str | RuleSet = RULES
    settings: PollSettings = field(default_factory=PollSettings)
    recognizer: EntityRecognizer | None = None
    health: HealthSettings = field(default_factory=HealthSettings)
    channels: dict[tuple[str, ChannelKind], Channel] = field(default_factory=dict)
    store: SqlStore = field(default_factory=fresh_store)
    clock: FakeClock = field(default_factory=FakeClock)
    fetcher: FakeFetcher = field(default_factory=FakeFetcher)

    def __post_init__(self) -> None:
        self.store.feeds.sync(self.feeds, self.clock.now())
        for digest in self.digests:
            self.store.digests.open_digest(digest.name, self.clock.now())
        for receiver in self.receivers:
            for endpoint in receiver.endpoints:
                kinds = {FileEndpoint: ChannelKind.FILE, StdoutEndpoint: ChannelKind.STDOUT}
                kind = kinds.get(type(endpoint), ChannelKind.EMAIL)
                self.channels.setdefault((receiver.name, kind), RecordingChannel())

    @property
    def ruleset(self) -> RuleSet:
        return ruleset_of(self.rules) if isinstance(self.rules, str) else self.rules

    # ---- the stages

    def poll(self, stopping: Callable[[], bool] = lambda: False) -> list[PollReport]:
        stage = PollStage(self.store.feeds, self.fetcher, InlineSandbox(), self.clock, lambda: 0.5, self.settings)
        return list(stage.run(stopping))

    def fill(self, stopping: Callable[[], bool] = lambda: False) -> list[GapReport]:
        """Reads older pages of feeds that may have lost entries."""
        stage = GapStage(
            self.store.gaps,
            self.store.feeds,
            self.fetcher,
            InlineSandbox(),
            self.clock,
            lambda: 0.5,
            self.settings,
        )
        return list(stage.run(stopping))

    def read(self, stopping: Callable[[], bool] = lambda: False) -> list[ReadReport]:
        stage = ReadStage(
            self.store.articles,
            self.store.reading,
            self.fetcher,
            InlineSandbox(),
            self.clock,
            self.recognizer,
        )
        return list(stage.run(stopping))

    def group(self, stopping: Callable[[], bool] = lambda: False, batch: int = BATCH) -> list[GroupReport]:
        return list(GroupStage(self.store.grouping, self.clock, batch=batch).run(stopping))

    def match(self, stopping: Callable[[], bool] = lambda: False) -> list[MatchReport]:
        return list(MatchStage(self.store.articles, self.ruleset, self.digests, self.clock).run(stopping))

    def planner(self, *, draft: bool = False) -> DigestStage:
        receivers = {receiver.name: receiver for receiver in self.receivers}
        digests, feeds, silences = self.store.digests, self.store.feeds, self.store.silences
        return DigestStage(digests, feeds, self.digests, receivers, self.clock, draft, silences=silences)

    def plan(self, *, close_all: bool = False, draft: bool = False) -> list[Plan | PlanFailure]:
        return list(self.planner(draft=draft).run(close_all=close_all))

    def deliver(self, stopping: Callable[[], bool] = lambda: False) -> list[DeliveryReport]:
        return list(self.sender().run(stopping))

    def states(self) -> list[str]:
        """The state of each delivery, sorted."""
        return sorted(one.state.value for one in self.store.ledger.deliveries())

    def sender(self) -> DeliverStage:
        """The stage of `deliver`, to be run by several threads."""
        return DeliverStage(self.store.outbox, self.store.receivers, self.channels, self.clock, lambda: 0.5)

    def keeper(self) -> HealthStage:
        """Looks after the monitor itself."""
        receivers = {receiver.name: receiver for receiver in self.receivers}
        rules = [rule.id for rule in self.ruleset.rules]
        return HealthStage(self.store, self.health, self.digests, receivers, rules, self.clock)

    def pusher(self) -> PushStage:
        """Reads what hubs sent."""
        return PushStage(self.store.hubs, self.store.feeds, InlineSandbox(), self.clock, self.settings)

    def hub_asker(self, hubs: Hubs | None = None, public_url: str = "") -> HubStage:
        """Asks hubs; without a public address it asks none."""
        numbers = count(1)
        asked = hubs or HttpHubs(self.settings, "1")
        tokens = lambda: f"secret-{next(numbers)}"  # noqa: E731
        return HubStage(self.store.hubs, asked, self.clock, lambda: 0.5, self.settings, public_url, tokens)

    def look_after(self, *own: Trouble) -> list[HealthReport]:
        return list(self.keeper().run(own))

    def prune(
        self,
        retention: timedelta = 30 * DAY,
        *,
        store_full_text: bool = True,
        stopping: Callable[[], bool] = lambda: False,
    ) -> list[PruneReport]:
        """A whole round, now."""
        return list(self.pruner(retention, store_full_text).run_all(stopping))

    def pruner(self, retention: timedelta = 30 * DAY, store_full_text: bool = True) -> PruneStage:
        return PruneStage(
            self.store.retention,
            self.clock,
            retention,
            store_full_text,
            self.settings.max_entry_age,
            self.ruleset.version,
        )

    def turn(self) -> None:
        """One turn of every stage but pruning, as the service gives them."""
        for stage in (self.poll, self.fill, self.read, self.group, self.match):
            stage()
        self.plan()
        self.deliver()

    # ---- what tests say often

    def serve(self, *items: str, url: str = FEED) -> None:
        """The feed lists these items from now on."""
        self.fetcher.answers[url] = rss(*items)

    def repoll(self, after: timedelta = HOUR) -> PollReport:
        """Moves the clock, makes the one feed due and polls it."""
        self.clock.advance(after)
        self.store.feeds.make_all_due(self.clock.now())
        (report,) = self.poll()
        return report

    def bring_in(self, *items: str, url: str = FEED) -> list[MatchReport]:
        """New items, polled now, read, grouped and matched."""
        self.serve(*items, url=url)
        self.store.feeds.make_all_due(self.clock.now())
        self.poll()
        self.read()
        self.group()
        return self.match()

    # ---- what came of it

    @property
    def feed(self) -> Feed:
        """The first subscription as it stands."""
        return self.store.feeds.all()[0]

    def fates(self, id: str = "e1") -> list[EntryFate]:
        """What the ledger tells of the entries with that id's link, newest first."""
        url = f"https://news.example/{id}"
        return list(self.store.ledger.fates(url, canonical_url(url)))

    def fate(self, id: str = "e1") -> Fate:
        """What became of the one entry of that id."""
        (one,) = self.fates(id)
        return one.entry.fate

    def article(self, id: str = "e1") -> Article:
        """The article of the newest entry with that id's link."""
        found = self.fates(id)[0].article
        assert found is not None, f"{id} was not read"
        return found

    def payloads(self, digest: str | None = None) -> list[Mapping[str, Any]]:
        """The JSON digests in the outbox, oldest first."""
        return [
            one.new.message.payload
            for one in reversed(self.store.ledger.deliveries(limit=1000))
            if digest in (None, one.new.digest) and one.new.message.payload is not None
        ]

    def alerts(self) -> list[tuple[str, str, str]]:
        """(digest, rule, headline) of every story in the outbox, oldest first."""
        return [
            (payload["digest"], rule["id"], story["headline"])
            for payload in self.payloads()
            for story in payload["stories"]
            for rule in story["rules"]
        ]

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table: what "changes nothing" means."""
        with self.store._db.read() as connection:
            return {
                table.name: [tuple(row) for row in connection.execute(sa.select(table))]
                for table in metadata.sorted_tables
            }

    def number(self, query: str) -> int:
        """The one number of a query."""
        with self.store._db.read() as connection:
            return int(connection.execute(sa.text(query)).scalar_one())


def crowd(newsroom: Newsroom, number: int = 3) -> str:
    """One story of so many articles; its path."""
    newsroom.bring_in(*(item(f"e{n}", f"Torkham closed, report {n}", CLOSED) for n in range(1, number + 1)))
    with newsroom.store._db.write() as connection:
        connection.exec_driver_sql(
            "UPDATE articles SET story_id = 's_1', duplicate_of = NULL, duplicate_reason = NULL"
        )
    return "/stories/s_1"


def after(calls: int) -> Callable[[], bool]:
    """A `stopping` that says yes from the call after so many on."""
    left = calls

    def stopping() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    return stopping
