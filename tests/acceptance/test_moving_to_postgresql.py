"""The real command moves a store into a real PostgreSQL server, is killed, and the daemon goes on there."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from copied import fill, on_disk, rows_by_table, without_nul
from desk import Desk, eventually
from http_sink import http_sink
from local_feed import LocalFeed
from newsroom import fresh_store
from postgres_server import postgres_server
from warm import WarmProcess

pytestmark = pytest.mark.needs("postgresql", "a SQLite store")

SECRET = "whsec_" + "A" * 43 + "="
RECEIVERS = """
[receivers.desk]
file = { directory = 'digests', format = 'json' }
[receivers.siem]
webhook = { url = "env:HOOK", secret = "env:HOOK_SECRET" }
[[digests]]
name = "siem-alerts"
rules = ["*"]
to = ["siem"]
schedule = "immediate"
group_wait = "0s"
[[digests]]
name = "new-year"
rules = ["*"]
to = ["desk"]
schedule = "0 0 1 1 *"
timezone = "UTC"
"""


def database(desk: Desk) -> str:
    """A new database, which the desk knows by a reference only."""
    url = postgres_server().fresh_database()
    desk.environment["DATABASE_URL"] = url.replace("monitor@", "monitor:battery-staple@")
    return url


def move(desk: Desk) -> None:
    """Names the copy in the config."""
    text = desk.config.read_text(encoding="utf-8").replace("sqlite:///monitor.db", "env:DATABASE_URL")
    desk.put(desk.config, text)


def told(desk: Desk) -> list[tuple[str, str]]:
    """(digest, headline) of all that the desk's folder got."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in (desk.folder / "digests").glob("*.json")]
    return sorted((one["digest"], story["headline"]) for one in found for story in one["stories"])


@pytest.mark.soak  # in the tier: a pipeline that moves (tests/property/test_copying_properties.py)
def test_a_daemon_goes_on_after_the_copy_with_nothing_lost_and_nothing_sent_twice(
    desk: Desk, feed: LocalFeed
) -> None:
    with http_sink() as gone:
        hook = gone.url
    desk.environment.update({"HOOK": hook, "HOOK_SECRET": SECRET})
    desk.write([feed.url], receivers=RECEIVERS)
    url = database(desk)
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    with desk.running() as daemon:
        eventually(lambda: desk.sent() and desk.number("SELECT count(*) FROM attempts") == 2, "the first alert")
        busy = desk.command("db", "copy", "--to", "env:DATABASE_URL")
        assert (busy.returncode, f"pid {daemon.pid}" in busy.stderr) == (1, True)
    # What waits: the message that the webhook did not take, and the match of a digest of the new year.
    assert desk.number("SELECT count(*) FROM deliveries WHERE state = 'waiting'") == 1
    assert desk.number("SELECT count(*) FROM routings WHERE state = 'pending'") == 1
    copied = desk.command("db", "copy", "--to", "env:DATABASE_URL")
    assert copied.returncode == 0, copied.stderr
    assert 'url = "env:DATABASE_URL" in [store]' in copied.stdout
    assert "battery-staple" not in copied.stdout + copied.stderr
    equal = desk.command("db", "copy", "--to", "env:DATABASE_URL", "--verify-only", "--json")
    assert json.loads(equal.stdout)["equal"] is True
    move(desk)
    feed.add("Floods in Sindh", "The flood came at night.")
    with http_sink(int(hook.rpartition(":")[2])) as siem:
        (one,) = desk.command("deliveries", "list", "--state", "waiting", "--json").stdout.splitlines()
        assert desk.command("deliveries", "retry", json.loads(one)["key"]).returncode == 0
        with desk.running():
            eventually(lambda: len(siem.requests) == 2 and len(told(desk)) == 2, "what waited, and the news")
        assert desk.command("run", "--once").returncode == 0
    stories = [story["headline"] for _, _, body in siem.requests for story in json.loads(body)["stories"]]
    assert sorted(stories) == ["Floods in Sindh", "Torkham closed"]
    assert told(desk) == [
        ("alerts", "Floods in Sindh"),
        ("alerts", "Torkham closed"),
        ("new-year", "Floods in Sindh"),
        ("new-year", "Torkham closed"),
    ]
    with closing(psycopg.connect(url.replace("+psycopg", ""))) as connection:
        counts = "SELECT (SELECT count(*) FROM entries), (SELECT count(*) FROM indexed_articles)"
        assert connection.execute(counts).fetchone() == (2, 2)
    assert desk.command("db", "check").stdout.startswith("All is well")


def kill_and_go_on(desk: Desk, kills: int, rows: int, seed: int) -> int:
    """Copies with so many kills, and compares; how many of them hit a copy at work."""
    desk.write(["http://127.0.0.1:9/feed.xml"])
    source = on_disk(fill(fresh_store(), rows), desk.store)
    before = rows_by_table(source)
    url = database(desk)
    dice, hits = random.Random(seed), 0
    line = ["db", "copy", "--to", "env:DATABASE_URL", "-c", str(desk.config)]
    for _ in range(kills):
        with open(os.devnull, "r+b") as null:
            process = WarmProcess(line, desk.folder, desk.surroundings(), (null, null, null))
        threading.Event().wait(dice.uniform(0.1, 1.0))  # any moment will do
        process.kill()
        if process.wait() != -signal.SIGKILL:
            break  # it was done
        hits += 1
    done = desk.command(*line[:4], "--json")
    if hits == kills:
        assert done.returncode == 0, done.stderr
    assert rows_by_table(url) == without_nul(before)
    assert rows_by_table(source) == before
    return hits


def test_a_copy_killed_at_any_moment_goes_on_and_is_whole(desk: Desk) -> None:
    assert kill_and_go_on(desk, kills=2, rows=150, seed=4) > 0


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(5))
def test_copies_killed_many_times_go_on_and_are_whole(tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "desk"
    folder.mkdir()
    hits = kill_and_go_on(Desk(folder), kills=12, rows=1_500, seed=seed)
    print(f"\n{hits} kills of a copy at work, seed {seed}: whole, no row twice, none lost")
    assert hits > 1
