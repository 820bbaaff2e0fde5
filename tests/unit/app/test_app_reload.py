"""A reload over real files and a real store: all of the new config, or nothing of it."""

from __future__ import annotations

import io
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from desk import eventually
from made import NOON
from newsroom import file_store
from structlog.testing import capture_logs

from monitor.app import reload as reloading
from monitor.app.check import open_settings
from monitor.app.reload import LastReload, Reloader
from monitor.app.service import Service
from monitor.app.wiring import Monitor, build
from monitor.core.rules import RuleFile, load_rules
from monitor.model.delivery import BrokenReceiver, ChannelKind
from monitor.model.feed import FeedStatus
from monitor.model.measure import ReloadOutcome
from monitor.pipeline.pauses import PauseKeeper

CONFIG = """\
[store]
url = "sqlite:///monitor.db"
[poll]
per_host = 1
[[feeds]]
url = "https://dawn.example/feed"
name = "Dawn"
[receivers.desk]
file = { directory = "digests" }
[[digests]]
name = "alerts"
rules = ["*"]
to = ["desk"]
schedule = "immediate"
"""
RULES = """\
[[rules]]
id = "torkham-closed"
query = 'torkham AND closed'
must_match = ["Torkham is closed"]
"""
FLOODS = """\
[[rules]]
id = "floods"
query = 'flood*'
"""
HOURLY = '[[digests]]\nname = "hourly"\nrules = ["*"]\nto = ["desk"]\nschedule = "every 1h"\n'
TOLO = '[[feeds]]\nurl = "https://tolo.example/feed"\nname = "Tolo"\n'


class Desk:
    """Files, and the monitor that runs on them."""

    def __init__(self) -> None:
        Path("rules").mkdir()
        self.write(CONFIG, RULES)
        file_store(Path("monitor.db")).close()
        ready = open_settings(Path("config.toml"), os.environ)
        self.monitor = build(ready, version="1", stdout=io.StringIO())
        self.number = 1
        self.reloader = Reloader(Path("config.toml"), os.environ, ready, version="1", stdout=io.StringIO())
        self.log: list[Any] = []

    def write(self, config: str, rules: str) -> None:
        Path("config.toml").write_text(config)
        Path("rules", "border.toml").write_text(rules)

    def turn(self) -> Monitor | None:
        with capture_logs() as log:
            after = self.reloader.turn(self.monitor, self.number, lambda: None)
        self.log += log
        if after is not None:
            self.monitor, self.number = after, self.number + 1
        return after

    def reload(self) -> Monitor | None:
        """The next generation, or None when it was refused; the log is that of this reload."""
        self.log, before, number = [], self.reloader.last, self.number
        self.reloader.ask()
        eventually(lambda: (self.turn(), self.reloader.last is not before)[1], "the end of the reload")
        return self.monitor if self.number > number else None

    def said(self, event: str) -> list[Any]:
        return [line for line in self.log if line["event"] == event]

    def feeds(self) -> dict[str, FeedStatus]:
        return {feed.name: feed.status for feed in self.monitor.store.feeds.all()}


@pytest.fixture(autouse=True)
def _every_level() -> Iterator[None]:
    """What a command of another test set the log to must not hide lines here."""
    before = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**before)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    made = Desk()
    yield made
    made.monitor.close()


def test_new_rules_and_digests_replace_the_stages_that_know_them_and_no_others(desk: Desk) -> None:
    before = desk.monitor
    desk.write(CONFIG + HOURLY, RULES + FLOODS)
    after = desk.reload()
    assert after is not None
    assert [rule.id for rule in after.match.ruleset.rules] == ["torkham-closed", "floods"]
    assert [one.name for one in after.match.digests] == ["alerts", "hourly"]
    assert after.digest.settings == after.match.digests
    assert after.store.digests.state_of("hourly") is not None
    kept = after.store.articles.last_ruleset()
    assert kept is not None
    assert (kept.version, kept.files) == (after.match.ruleset.version, (("rules/border.toml", RULES + FLOODS),))
    assert (after.poll, after.read, after.fetcher) == (before.poll, before.read, before.fetcher)
    assert after.poll is before.poll
    assert after.deliver.busy is before.deliver.busy
    assert desk.said("reloaded") == [
        {
            "event": "reloaded",
            "log_level": "info",
            "generation": 2,
            "rules": "1 added: floods",
            "digests": "1 added: hourly",
        }
    ]


def test_new_poll_settings_bring_a_fetcher_of_their_own_and_what_is_in_hand_is_shared(desk: Desk) -> None:
    before = desk.monitor
    desk.write(CONFIG.replace("per_host = 1", 'per_host = 2\ninterval = "20m"'), RULES)
    after = desk.reload()
    assert after is not None
    assert after.fetcher is not before.fetcher
    assert after.poll.fetcher is after.fetcher
    for pages in (after.read.fetcher, after.gaps.fetcher):
        assert isinstance(pages, PauseKeeper)  # what hosts ask for is written down
        assert pages.fetcher is after.fetcher
    assert (after.poll.settings.per_host, after.poll.settings.interval) == (2, timedelta(minutes=20))
    assert after.poll.in_hand is before.poll.in_hand
    assert after.read.in_hand is before.read.in_hand
    assert desk.said("reloaded")[0]["poll"] == "interval, per_host"
    before.fetcher.close()


def test_another_way_to_a_feed_is_taken_from_the_next_request_on_and_shown_nowhere(desk: Desk) -> None:
    before = desk.monitor
    config = CONFIG.replace('name = "Dawn"', 'name = "Dawn"\nauth = { token = "file:token" }')
    for secret in ("correct-horse", "battery-staple"):
        Path("token").write_text(secret)
        desk.write(config, RULES)
        after = desk.reload()
        assert after is not None
        assert after.poll.access["https://dawn.example/feed"].authorization == f"Bearer {secret}"
        assert after.read.access == after.poll.access
        assert after.poll.in_hand is before.poll.in_hand
        assert desk.said("reloaded")[0]["feeds"] == "1 changed: Dawn"
        assert secret not in f"{desk.log} {after!r}"
    before.fetcher.close()


def test_feeds_come_and_go(desk: Desk) -> None:
    desk.write(CONFIG.replace("dawn", "wire").replace("Dawn", "Wire") + TOLO, RULES)
    assert desk.reload()
    assert desk.feeds() == {"Dawn": FeedStatus.REMOVED, "Wire": FeedStatus.ACTIVE, "Tolo": FeedStatus.ACTIVE}
    assert desk.said("reloaded")[0]["feeds"] == "2 added: Wire, Tolo; 1 removed: Dawn"


def test_a_new_retention_is_that_of_the_next_pruning_which_comes_no_later_for_it(desk: Desk) -> None:
    before = desk.monitor
    desk.write(CONFIG.replace("[store]", '[store]\nretention = "30d"\nstore_full_text = false'), RULES + FLOODS)
    after = desk.reload()
    assert after is not None
    assert (after.prune.retention, after.prune.store_full_text) == (timedelta(days=30), False)
    assert after.prune.ruleset == after.match.ruleset.version != before.prune.ruleset
    assert after.prune.turns is before.prune.turns
    assert desk.said("reloaded")[0]["store"] == "retention, store_full_text"


def test_each_reload_is_counted_by_what_came_of_it(desk: Desk) -> None:
    desk.write(CONFIG, RULES + FLOODS)
    assert desk.reload()
    desk.write(CONFIG, RULES.replace("AND", "AND AND"))
    assert desk.reload() is None
    desk.write(CONFIG, RULES)
    assert desk.reload()
    assert desk.reloader.outcomes == {ReloadOutcome.APPLIED: 2, ReloadOutcome.REFUSED: 1}


def test_nothing_new_says_so(desk: Desk) -> None:
    assert desk.reload()
    assert [line["event"] for line in desk.log] == ["reading config and rules again", "reloaded: nothing changed"]


def test_warnings_of_a_new_config_are_told_at_every_reload(desk: Desk) -> None:
    desk.write(CONFIG.replace('rules = ["*"]', 'rules = ["torkham-*"]'), RULES + FLOODS)
    assert desk.reload()
    (warning,) = desk.said("config")
    assert warning["problem"] == 'rules/border.toml:5: warning: rule "floods": no digest takes it'


@pytest.mark.parametrize(
    ("config", "rules", "problem"),
    [
        (CONFIG, RULES + "[[rules]]\n", 'rules/border.toml:5: rules[1]: "id" is missing'),
        (CONFIG, RULES.replace("is closed", "is open"), "rules/border.toml:4: rule"),
        (CONFIG + 'quiet = "x"\n', RULES + FLOODS, "config.toml:15: digests[0].quiet"),
        (CONFIG.replace("monitor.db", "other.db") + TOLO, RULES + FLOODS, "config.toml:2: store.url: changes at"),
        ("", RULES, "config.toml: no feeds and no digests are left"),
    ],
    ids=["rule", "example", "config", "store", "empty"],
)
def test_one_error_and_nothing_changes(desk: Desk, config: str, rules: str, problem: str) -> None:
    before, ready = desk.monitor, desk.reloader.ready
    kept, feeds = before.store.articles.last_ruleset(), desk.feeds()
    desk.write(config, rules)
    assert desk.reload() is None
    assert desk.reloader.ready is ready
    assert (before.store.articles.last_ruleset(), desk.feeds()) == (kept, feeds)
    assert desk.said("not reloaded")[0]["problem"].startswith(problem)
    (summary,) = desk.said("the old config and rules stay in force")
    assert (summary["problems"], summary["generation"]) == (len(desk.said("not reloaded")), 1)
    last = desk.reloader.last
    assert isinstance(last, LastReload)
    assert (last.generation, last.problem) == (1, desk.said("not reloaded")[0]["problem"])
    desk.write(CONFIG, RULES)
    assert desk.reload()
    assert desk.reloader.last is not None
    assert (desk.reloader.last.generation, desk.reloader.last.problem) == (2, None)


def test_a_store_that_cannot_take_it_leaves_every_feed_as_it_was(desk: Desk) -> None:
    with closing(sqlite3.connect("monitor.db")) as connection:
        refusal = "BEFORE INSERT ON feeds BEGIN SELECT RAISE(ABORT, 'no room') END"
        connection.execute("CREATE TRIGGER full " + refusal.replace(" END", "; END"))
        connection.commit()
    desk.write(CONFIG.replace("dawn", "wire").replace("Dawn", "Wire"), RULES + FLOODS)
    assert desk.reload() is None
    assert desk.feeds() == {"Dawn": FeedStatus.ACTIVE}
    assert "no room" in desk.said("not reloaded")[0]["problem"]
    with closing(sqlite3.connect("monitor.db")) as connection:
        connection.execute("DROP TRIGGER full")
        connection.commit()
    assert desk.reload()
    assert desk.feeds() == {"Dawn": FeedStatus.REMOVED, "Wire": FeedStatus.ACTIVE}


def test_what_the_store_could_not_take_is_tried_again_by_itself(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect("monitor.db")) as connection:
        connection.execute("ALTER TABLE broken_receivers RENAME TO away")
        connection.commit()
    monkeypatch.setattr(reloading, "TRY_AGAIN", 0.0)
    desk.write(CONFIG + TOLO, RULES)
    assert desk.reload() is None
    refused = desk.said("the old config and rules stay in force")
    assert refused[0]["then"] == "it is tried again in a minute"
    with closing(sqlite3.connect("monitor.db")) as connection:
        connection.execute("ALTER TABLE away RENAME TO broken_receivers")
        connection.commit()
    eventually(lambda: (desk.turn(), desk.number == 2)[1], "the reload that nobody asked for")
    assert desk.feeds() == {"Dawn": FeedStatus.ACTIVE, "Tolo": FeedStatus.ACTIVE}
    assert desk.turn() is None
    assert desk.reloader.reading_since is None  # and then no more


def test_a_receiver_that_left_the_config_refuses_nothing_any_more(desk: Desk) -> None:
    receivers, now = desk.monitor.store.receivers, desk.monitor.clock.now()
    for name in ("desk", "revoked"):
        receivers.open(BrokenReceiver(name, ChannelKind.FILE, now, "no_service", now))
    desk.write(CONFIG, RULES + FLOODS)
    assert desk.reload()
    assert [one.receiver for one in receivers.broken()] == ["desk"]


def test_a_check_that_breaks_changes_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise MemoryError("no more")

    with monkeypatch.context() as patch:
        patch.setattr(reloading, "check", broken)
        assert desk.reload() is None
    assert desk.said("not reloaded")[0]["problem"] == "internal error: MemoryError: no more"
    assert desk.reload()


def test_a_secret_in_a_file_is_read_again_and_shown_nowhere(desk: Desk) -> None:
    config = CONFIG.replace('file = { directory = "digests" }', 'slack = { webhook_url = "file:hook" }')
    for secret in ("https://hooks.example/one", "https://hooks.example/two"):
        Path("hook").write_text(secret)
        desk.write(config, RULES)
        assert desk.reload()
        assert desk.said("reloaded")[0]["receivers"] == "1 changed: desk"
        assert "hooks.example" not in str(desk.log)


def test_rules_that_were_only_kept_answer_for_no_example(desk: Desk) -> None:
    failing = RULES.replace("is closed", "is open")
    kept = load_rules([RuleFile("rules/border.toml", failing)])  # an older version thought it held
    held = replace(kept.memory, held=True)
    for rules_of, memory, generation in ((NOON, None, None), (None, held, desk.monitor)):
        ready = replace(desk.reloader.ready, ruleset=kept.ruleset, rules_of=rules_of, memory=memory)
        desk.reloader = Reloader(Path("config.toml"), os.environ, ready, version="1", stdout=io.StringIO())
        desk.write(CONFIG, failing)
        assert (desk.reload() is None) == (generation is None)


def test_a_signal_while_it_reads_has_it_read_once_more(desk: Desk) -> None:
    desk.reloader.ask()
    desk.turn()
    for _ in range(20):
        desk.reloader.ask()
    eventually(lambda: (desk.turn(), desk.number == 3)[1], "two reloads")
    desk.turn()
    assert len(desk.said("reading config and rules again")) == 2


@pytest.mark.parametrize("half", ["", CONFIG.split("[receivers")[0]], ids=["empty", "half"])
def test_a_file_that_is_written_while_it_is_checked_is_checked_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, half: str
) -> None:
    real = reloading.check

    def slow(*arguments: Any, **more: Any) -> Any:
        report = real(*arguments, **more)
        desk.write(CONFIG + TOLO, RULES)  # the other half arrives
        return report

    monkeypatch.setattr(reloading, "check", slow)
    desk.write(half, RULES)
    assert desk.reload()
    assert [one.name for one in desk.reloader.ready.settings.digests] == ["alerts"]
    assert desk.said("reloaded")[0]["feeds"] == "1 added: Tolo"


def test_a_reload_is_still_to_come_until_its_rules_are_in_force(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    real = reloading.rebuild

    def watched(*arguments: Any, **more: Any) -> Monitor:
        seen.append(desk.reloader.is_asked)
        return real(*arguments, **more)

    monkeypatch.setattr(reloading, "rebuild", watched)
    assert not desk.reloader.is_asked
    desk.write(CONFIG, RULES + FLOODS)
    desk.reloader.ask()
    assert desk.reloader.is_asked
    desk.reload()
    assert seen == [True] * len(seen)
    assert seen
    assert not desk.reloader.is_asked


def test_what_a_reload_would_find_is_told_without_one(desk: Desk) -> None:
    file = str(Path("rules", "border.toml"))
    assert desk.reloader.would_find({file: RULES + FLOODS}).ok
    broken = desk.reloader.would_find({file: RULES.replace("torkham AND closed", "torkham AND (")})
    assert not broken.ok
    assert broken.problems[0].line == 3
    assert not desk.reloader.is_asked
    assert Path(file).read_text() == RULES


def test_a_service_without_a_reloader_takes_a_signal_calmly(desk: Desk) -> None:
    service = Service(desk.monitor)
    service.reload()
    assert service.generations.number == 1
