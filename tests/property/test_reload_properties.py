"""A reload is a start: from whatever config it comes, all is then as a fresh start on the new one makes it."""

from __future__ import annotations

import io
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from desk import eventually
from hypothesis import given, settings
from hypothesis import strategies as st
from made import decision
from stored import record_poll

from monitor.adapters.store.sql import SqlStore
from monitor.app.check import open_settings
from monitor.app.reload import Reloader
from monitor.app.wiring import Monitor, build
from monitor.model.feed import FeedStatus, PollOutcome, Reading

URLS = tuple(f"https://{name}.example/feed" for name in ("dawn", "tolo", "wire", "khaama"))
RULES = tuple(
    f'[[rules]]\nid = "{name}"\nquery = \'{name}\'\nmust_match = ["{name}"]\n'
    for name in ("torkham", "floods", "trucks", "chaman")
)
FEED_LINES = (
    "",
    'name = "Named"',
    'interval = "10m"',
    'tags = ["border"]',
    "full_text = true",
    'backfill = "24h"',
)
POLL_LINES = ("", "per_host = 2", 'interval = "20m"', 'user_agent = "another"')
SCHEDULES = ('"immediate"', '"every 1h"', '"0 8 * * *"\ntimezone = "Asia/Kabul"')
RECEIVERS = ("console", "screen")
SMTP = '[smtp]\nhost = "127.0.0.1"\nport = 25\nsecurity = "none"\nfrom = "desk@example.org"\n'


@dataclass(frozen=True)
class World:
    """One config with its rules."""

    feeds: Mapping[str, str]  # URL → a line of its table
    rules: Sequence[str]
    digests: Mapping[str, str]  # name → schedule
    receivers: Sequence[str]
    poll: str
    mail: bool

    def write(self, folder: Path) -> Path:
        tables = [f"[poll]\n{self.poll}\n", SMTP if self.mail else ""]
        tables += [f'[[feeds]]\nurl = "{url}"\n{line}\n' for url, line in self.feeds.items()]
        mail = 'email = ["desk@example.org"]\n' if self.mail else ""
        tables += [f"[receivers.{name}]\nstdout = {{}}\n{mail}" for name in self.receivers]
        to = ", ".join(f'"{name}"' for name in self.receivers)
        tables += [
            f'[[digests]]\nname = "{name}"\nrules = ["*"]\nto = [{to}]\nschedule = {schedule}\n'
            for name, schedule in self.digests.items()
        ]
        (folder / "rules").mkdir(exist_ok=True)
        (folder / "rules" / "rules.toml").write_text("".join(self.rules))
        (folder / "config.toml").write_text("".join(tables))
        return folder / "config.toml"


worlds = st.builds(
    World,
    feeds=st.dictionaries(st.sampled_from(URLS), st.sampled_from(FEED_LINES), min_size=1),
    rules=st.lists(st.sampled_from(RULES), min_size=1, unique=True),
    digests=st.dictionaries(st.sampled_from(("alerts", "morning", "night")), st.sampled_from(SCHEDULES)),
    receivers=st.lists(st.sampled_from(RECEIVERS), min_size=1, unique=True),
    poll=st.sampled_from(POLL_LINES),
    mail=st.booleans(),
)
# What became of the feeds in between: by URL, polled, gone, or neither.
fates = st.dictionaries(st.sampled_from(URLS), st.sampled_from(("polled", "gone")))


def started(config: Path) -> tuple[Monitor, Reloader]:
    ready = open_settings(config, {})
    monitor = build(ready, version="1", stdout=io.StringIO())
    return monitor, Reloader(config, {}, ready, version="1", stdout=io.StringIO())


def polled(monitor: Monitor, became: Mapping[str, str]) -> None:
    """Some feeds were polled under the first config, and some were found gone."""
    now = monitor.clock.now()
    for feed in monitor.store.feeds.all():
        fate = became.get(feed.url)
        if fate == "polled":
            done = decision(now, url=feed.url)
            record_poll(monitor.store, feed, done, [], now=now, reading=Reading("Its title", "b"))
        elif fate == "gone":
            gone = decision(now, url=feed.url, outcome=PollOutcome.GONE, status=FeedStatus.GONE)
            record_poll(monitor.store, feed, gone, [], now=now)


def reloaded(monitor: Monitor, reloader: Reloader) -> Monitor:
    reloader.ask()
    return eventually(lambda: reloader.turn(monitor, 1, lambda: None), "the reload")


def state(monitor: Monitor, names: Sequence[str]) -> dict[str, Any]:
    """All that decides what happens next; times are left out but for whether they have come."""
    store = monitor.store
    kept = store.articles.last_ruleset()
    assert kept is not None
    feeds = [
        (
            feed.settings,
            feed.url,
            feed.name,
            feed.status,
            feed.validators,
            feed.body_hash,
            feed.first_success_at is None,
        )
        for feed in store.feeds.all()
    ]
    soon = monitor.clock.now() + timedelta(seconds=1)
    return {
        "feeds": feeds,
        "due": {feed.url for feed in store.feeds.claim_due(soon, timedelta(minutes=5), 100)},
        "rules": [replace(rule, file="") for rule in monitor.match.ruleset.rules],
        "last rules": (kept.version, [text for _, text in kept.files]),
        "digests": (tuple(monitor.match.digests), tuple(monitor.digest.settings)),
        "opened": [name for name in names if store.digests.state_of(name) is not None],
        "receivers": monitor.digest.receivers,
        "channels": {place: type(channel) for place, channel in monitor.deliver.channels.items()},
        "poll": (
            monitor.poll.settings,
            monitor.poll.fetcher is monitor.fetcher,
            monitor.read.fetcher is monitor.fetcher,
        ),
        "names": (monitor.read.recognizer, len(monitor.sandboxes)),
    }


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated store to copy."""
    file = tmp_path_factory.mktemp("empty") / "monitor.db"
    SqlStore(f"sqlite:///{file}").close()
    return file


@settings(max_examples=20, deadline=None)
@given(first=worlds, second=worlds, became=fates)
def test_after_a_reload_all_is_as_after_a_fresh_start(
    empty: Path, tmp_path_factory: pytest.TempPathFactory, first: World, second: World, became: Mapping[str, str]
) -> None:
    names = sorted({*first.digests, *second.digests})
    found = []
    for again in (False, True):
        folder = tmp_path_factory.mktemp("world")
        shutil.copy(empty, folder / "monitor.db")
        monitor, reloader = started(first.write(folder))
        polled(monitor, became)
        config = second.write(folder)
        if again:
            monitor.close()
            monitor, _ = started(config)
        else:
            monitor = reloaded(monitor, reloader)
        found.append(state(monitor, names))
        monitor.close()
        shutil.rmtree(folder)
    assert found[0] == found[1]
