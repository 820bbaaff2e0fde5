"""After an upgrade of the analyser the real daemon indexes in the background, and nothing else of it is felt."""

from __future__ import annotations

import json

import pytest
from archived import OLDER, fill, index_as_older
from desk import Desk, eventually
from local_feed import LocalFeed

from monitor.adapters.store.sql import SqlStore

ARTICLES = 800
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
        urls, said = found(desk)
        assert urls == [oldest]
        assert "not indexed yet: a search reads each of them; the daemon indexes them in the background" in said
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
