"""After an upgrade of the analyser the real daemon indexes in the background, and nothing else of it is felt."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from archived import OLDER, fill, index_as_older
from desk import Desk, eventually
from local_feed import LocalFeed

from monitor.adapters.store.sql import SqlStore

ARTICLES = 600
NEW = f"SELECT count(*) FROM indexed_articles WHERE analyser <> '{OLDER}'"


@pytest.fixture
def upgraded(desk: Desk, feed: LocalFeed) -> Desk:
    """A desk whose archive an older analyser indexed."""
    desk.write([feed.url])
    url = desk.environment.get("DESK_DATABASE") or f"sqlite:///{desk.store}"
    store = SqlStore(url)
    fill(store, ARTICLES)
    index_as_older(store)
    store.close()
    return desk


def found(desk: Desk, query: str = "needle") -> tuple[list[str], str]:
    """The addresses that a search finds, and what it says besides."""
    answer = desk.command("search", query, "--json")
    assert answer.returncode == 0, answer.stderr
    return [json.loads(line)["url"] for line in answer.stdout.splitlines()], answer.stderr


# A queue gives what a killed process had to others after 12 s of silence, not at the next start.
@pytest.mark.needs("the in-process engine")
def test_an_older_index_is_made_anew_behind_alerts_searches_kills_and_backups(
    upgraded: Desk, feed: LocalFeed
) -> None:
    desk = upgraded
    oldest = "https://archive.example/0"
    assert json.loads(desk.command("status", "--json").stdout)["waiting"]["index"] == ARTICLES
    daemon = desk.start()
    eventually(lambda: desk.number(NEW) > 20, "the first pieces")
    daemon.kill()
    daemon.wait()
    before = desk.number(NEW)
    assert 20 < before < ARTICLES
    with desk.running():
        # Where no daemon has the store yet, the search indexes all.
        eventually(lambda: desk.log().count(": running, pid") == 2, "the daemon")
        urls, said = found(desk)
        assert urls == [oldest]
        if desk.number(NEW) < ARTICLES:  # a busy machine may begin the search when all is done
            assert "not indexed yet: a search reads each of them; the daemon indexes them" in said
        feed.add("Torkham closed", "The Torkham crossing was closed.")
        backup = desk.command("db", "backup", str(desk.folder / "copy"))
        assert backup.returncode == 0, backup.stderr
        desk.within("20s", desk.sent, "an alert beside the indexing")
        assert found(desk)[0] == [oldest]
        (end,) = eventually(lambda: desk.events("indexed"), "the line that says so")
        assert desk.number(NEW) == ARTICLES + 1
        urls, said = found(desk)
        assert urls == [oldest]
        assert said.startswith(f"1 of 1 candidate matches, among {ARTICLES + 1} articles")
    begun = desk.events("indexing")[0]
    assert begun["waiting"] == ARTICLES
    assert before + end["articles"] >= ARTICLES
    assert (end["left"], desk.sent()) == (0, 1)
    assert "not in the index" not in desk.command("status").stdout


LATER = """
[[digests]]
name = "later"
rules = ["floods"]
to = ["desk"]
schedule = "immediate"
group_wait = "1h"
"""


@contextmanager
def of_another_analyser(desk: Desk, version: int) -> Iterator[subprocess.Popen[bytes]]:
    """The real daemon as a version with that analyser had been it; killed at the end."""
    start = (
        f"import monitor.core.text.normalize as n; n.ANALYSER_VERSION = {version}\n"
        "from monitor.__main__ import main; main()"
    )
    line = [sys.executable, "-c", start, "run", "-c", str(desk.config)]
    with (desk.folder / "daemon.log").open("a") as log:
        daemon = subprocess.Popen(line, cwd=desk.folder, env=desk.surroundings(), stderr=log)
    try:
        yield daemon
    finally:
        daemon.kill()
        daemon.wait()


def told(desk: Desk) -> list[str]:
    """The headlines in all messages, sorted."""
    texts = [json.loads(file.read_text(encoding="utf-8")) for file in (desk.folder / "digests").glob("*.json")]
    return sorted(story["headline"] for text in texts for story in text["stories"])


@pytest.mark.soak
def test_an_upgrade_of_the_analyser_tells_nothing_twice_and_loses_nothing(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url], more=LATER)
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    feed.add("Flood in Swat", "A flood came in the night.")
    with of_another_analyser(desk, 1):
        eventually(lambda: desk.sent() == 2, "both alerts")
        eventually(lambda: desk.number("SELECT count(*) FROM routings WHERE state = 'pending'") == 1, "what waits")
    before = desk.ask("SELECT DISTINCT version FROM rulesets")
    analysers = desk.ask("SELECT DISTINCT analyser_version FROM matches")
    assert analysers[0][0].startswith("1/")
    desk.put(desk.config, desk.config.read_text(encoding="utf-8").replace('"1h"', '"0s"'))
    feed.add("Chaman shut", "Closure at Torkham lasts, and Chaman is shut.")
    with desk.running():
        eventually(lambda: desk.events("indexed"), "the indexing")
        eventually(lambda: desk.sent() == 4, "what waited, and what came while nobody was there")
        polls = "SELECT count(*) FROM feeds WHERE last_polled_at > ?"
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
        eventually(lambda: desk.number(polls, now), "another poll")
    assert told(desk) == ["Chaman shut", "Flood in Swat", "Flood in Swat", "Torkham closed"]
    assert desk.sent() == desk.number("SELECT count(*) FROM deliveries") == 4
    assert desk.number("SELECT count(*) FROM articles") == 3
    assert len(desk.ask("SELECT DISTINCT version FROM rulesets")) == len(before) + 1
    # and back again: the older version makes the index anew in its turn, and is silent
    with of_another_analyser(desk, 1):
        eventually(lambda: len(desk.events("indexed")) == 2, "the indexing by the older version")
    assert desk.number("SELECT count(*) FROM indexed_articles WHERE analyser LIKE '1/%'") == 3
    assert desk.number("SELECT count(*) FROM deliveries") == 4
