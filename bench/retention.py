"""How large the database grows, with and without pruning, and what one article costs.

    .venv/bin/python bench/retention.py                          three months at 60 articles a day, four minutes
    .venv/bin/python bench/retention.py --per-day 300 --retention 60 --days 180

The real stages over a real SQLite file; clock, network and receivers are ours. Each feed lists its newest entries
for two days. Times depend on the machine, sizes do not. Never a gate: no test runs this.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import sqlalchemy as sa

from monitor.adapters.store.sql import SqlStore
from monitor.app.shipped import shipped_rule_files
from monitor.core.rules import RuleFile, RuleSet, load_rules
from monitor.demo.stories import own_stories
from monitor.model.delivery import ChannelKind, EmailEndpoint, Receipt, Receiver
from monitor.model.digest import Cron, DigestSettings, Immediate, Message
from monitor.model.feed import FeedSettings, PollSettings
from monitor.model.retention import PruneLimits, PruneStep
from monitor.pipeline.deliver import DeliverStage
from monitor.pipeline.digest import DigestStage
from monitor.pipeline.group import GroupStage
from monitor.pipeline.match import MatchStage
from monitor.pipeline.poll import PollStage
from monitor.pipeline.prune import PruneStage
from monitor.pipeline.read import ReadStage
from monitor.testing import FakeClock, FakeFetcher, InlineSandbox

DAY = timedelta(days=1)
FEEDS = 4
WORDS = 577  # of an article: the length that the rules design was measured with
MATCHING = 0.04  # of the articles tell of the border
LISTED = 2  # days
RECEIVERS = (Receiver("desk", (EmailEndpoint(("desk@example.org", "night@example.org")),)),)
DIGESTS = (
    DigestSettings("alerts", ("severity:high",), ("desk",), Immediate(timedelta(0))),
    DigestSettings("morning", ("*",), ("desk",), Cron("0 8 * * *"), send_when_empty=True),
)
TABLES = ("entries", "articles", "matches", "deliveries", "batches")


class Nowhere:
    """A channel that says yes."""

    def send(self, message: Message, recipient: str, key: str) -> Receipt:
        """Keeps nothing."""
        return Receipt("taken")


@dataclass(frozen=True)
class Variant:
    """How the store is kept; `retention` None: nothing is ever pruned."""

    name: str
    retention: timedelta | None
    store_full_text: bool = True


def texts(seed: int) -> Iterator[tuple[str, str]]:
    """Titles and bodies: plain words of our own stories, and now and then one of the stories themselves."""
    dice = random.Random(seed)
    stories = own_stories()
    words = {word for story in stories for word in story.body.split() if word.isalpha() and word.islower()}
    plain = sorted(word for word in words if len(word) > 2)
    while True:
        sentences = [" ".join(dice.choices(plain, k=16)).capitalize() + "." for _ in range(WORDS // 16)]
        title = " ".join(dice.choices(plain, k=8)).capitalize()
        if dice.random() < MATCHING:
            story = dice.choice(stories)
            title = f"{story.title} {dice.randrange(10_000)}"
            sentences.insert(3, story.body.split("\n\n")[0])
        yield title, " ".join(sentences)


def shipped_rules() -> RuleSet:
    """The rules that come with the monitor."""
    return load_rules([RuleFile(name, text) for name, text in shipped_rule_files()]).ruleset


class Desk:
    """The stages over one file."""

    def __init__(self, file: Path, variant: Variant) -> None:
        self.file, self.variant = file, variant
        self.clock, self.fetcher, self.store = FakeClock(), FakeFetcher(), SqlStore(f"sqlite:///{file}")
        # What is measured is size: no write needs to outlive a power cut.
        sa.event.listen(self.store._db.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
        self.store._db.engine.dispose()
        self.urls = [f"https://feed{n}.example/rss" for n in range(FEEDS)]
        feeds = [FeedSettings(url, f"Feed {n}") for n, url in enumerate(self.urls)]
        self.store.feeds.sync(feeds, self.clock.now())
        ruleset, sandbox, articles = shipped_rules(), InlineSandbox(), self.store.articles
        receivers = {one.name: one for one in RECEIVERS}
        channels = {("desk", ChannelKind.EMAIL): Nowhere()}
        self.poll = PollStage(
            self.store.feeds, self.fetcher, sandbox, self.clock, lambda: 0.5, PollSettings(concurrency=FEEDS)
        )
        self.work = (
            self.poll,
            ReadStage(articles, self.store.reading, self.fetcher, sandbox, self.clock),
            GroupStage(self.store.grouping, self.clock),
            MatchStage(articles, ruleset, DIGESTS, self.clock),
        )
        self.digest = DigestStage(self.store.digests, self.store.feeds, DIGESTS, receivers, self.clock)
        self.deliver = DeliverStage(self.store.outbox, self.store.receivers, channels, self.clock, lambda: 0.5)
        self.prune = PruneStage(
            self.store.retention,
            self.clock,
            variant.retention or 99 * 365 * DAY,
            variant.store_full_text,
            7 * DAY,
            ruleset.version,
        )
        self.pieces: list[float] = []  # milliseconds of each transaction that pruned something

    def turn(self) -> None:
        """One turn of every stage."""
        self.store.feeds.make_all_due(self.clock.now())
        for stage in self.work:
            for _ in stage.run(lambda: False):
                pass
        for _ in self.digest.run():
            pass
        for _ in self.deliver.run(lambda: False):
            pass
        if self.variant.retention is None:
            return
        begun = time.perf_counter()
        for _ in self.prune.run_all(lambda: False):
            self.pieces.append(1000 * (time.perf_counter() - begun))
            begun = time.perf_counter()
        # As the daemon does once a day.
        while self.store.retention.prune(PruneStep.INDEX, PruneLimits(*[self.clock.now()] * 5, ruleset=""), 1):
            self.pieces.append(1000 * (time.perf_counter() - begun))
            begun = time.perf_counter()

    def size(self) -> int:
        """Bytes of the file, its log moved into it."""
        self.store._db.checkpoint()
        return self.file.stat().st_size

    def count(self, what: str) -> int:
        """Rows of a table, or of a condition on one."""
        with self.store._db.read() as connection:
            return int(connection.execute(sa.text(f"SELECT count(*) FROM {what}")).scalar_one())


def item(title: str, body: str, number: int, published: str) -> str:
    """One RSS item that carries its whole text."""
    return (
        f"<item><guid>{number}</guid><title>{title}</title><link>https://news.example/{number}/{title[:40]}</link>"
        f"<pubDate>{published}</pubDate><description>{body}</description></item>"
    )


def run(variant: Variant, folder: Path, days: int, per_day: int) -> None:
    """Lets the days pass and prints the size every tenth of them."""
    desk = Desk(folder / "monitor.db", variant)
    made = texts(1)
    listed: list[list[str]] = []
    number = 0
    empty = desk.size()
    print(f"\n{variant.name}\n  day  articles  with text  messages   entries    MB")
    for day in range(1, days + 1):
        published = format_datetime(desk.clock.now())
        today = []
        for _ in range(per_day):
            number += 1
            today.append(item(*next(made), number, published).replace("&", "&amp;"))
        listed = [*listed, today][-LISTED:]
        for feed, url in enumerate(desk.urls):
            items = "".join(one for some in listed for one in some[feed::FEEDS])
            body = f"<rss version='2.0'><channel><title>Feed {feed}</title>{items}</channel></rss>"
            desk.fetcher.answers[url] = body.encode()
        desk.turn()
        desk.clock.advance(DAY)
        if day % max(1, days // 10) == 0:
            told = desk.count("deliveries WHERE json_extract(message, '$.gone') IS NULL")
            kept = desk.count("articles WHERE text <> ''")
            rows = f"{desk.count('articles'):9,}  {kept:9,}  {told:8,}  {desk.count('entries'):8,}"
            print(f"  {day:3}  {rows}  {desk.size() / 1e6:6.1f}", flush=True)
    summarise(desk, empty, number)
    desk.store.close()


_BY_TABLE = (
    "SELECT coalesce(m.tbl_name, s.name), sum(s.pgsize)"
    " FROM dbstat s LEFT JOIN sqlite_master m USING (name) GROUP BY 1"
)
_FREE = "SELECT freelist_count * page_size FROM pragma_freelist_count(), pragma_page_size()"


def summarise(desk: Desk, empty: int, number: int) -> None:
    """Bytes by table, with their indexes, and of one article, match and message."""
    with desk.store._db.read() as connection:
        tables = {row[0]: row[1] for row in connection.execute(sa.text(_BY_TABLE))}
        free = connection.execute(sa.text(_FREE)).scalar_one()
    print(f"  {number:,} articles came; empty store {empty / 1e3:.0f} kB; free pages {free / 1e6:.1f} MB")
    index = sum(size for name, size in tables.items() if name.startswith(("article_index", "indexed_articles")))
    by_table = [*((name, tables.get(name, 0)) for name in TABLES), ("full-text index", index)]
    print("  " + ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in by_table))
    for_articles = sum(tables.get(name, 0) for name in ("entries", "articles"))
    each = {
        "article with its entry": for_articles / max(desk.count("articles"), 1),
        "match": tables.get("matches", 0) / max(desk.count("matches"), 1),
        "message": tables.get("deliveries", 0) / max(desk.count("deliveries"), 1),
    }
    print("  bytes: " + ", ".join(f"{size:,.0f} a {what}" for what, size in each.items()))
    if desk.pieces:
        middle, most = statistics.median(desk.pieces), max(desk.pieces)
        print(f"  {len(desk.pieces)} pruning transactions, median {middle:.0f} ms, longest {most:.0f} ms")


def main() -> None:
    """Prints one table for each way to keep the store."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--days", type=int, default=90)
    asked.add_argument("--per-day", type=int, default=60)
    asked.add_argument("--retention", type=int, default=30, help="days")
    asked.add_argument("--folder", type=Path, help="where the databases are made; default: a temporary folder")
    given = asked.parse_args()
    retention = given.retention * DAY
    print(f"{given.per_day} articles of {WORDS} words a day, {given.days} days, retention {given.retention} days")
    for variant in (
        Variant("without pruning", None),
        Variant(f"retention {given.retention} days", retention),
        Variant(f"retention {given.retention} days, store_full_text = false", retention, store_full_text=False),
    ):
        with tempfile.TemporaryDirectory(dir=given.folder) as folder:
            run(variant, Path(folder), given.days, given.per_day)


if __name__ == "__main__":
    main()
