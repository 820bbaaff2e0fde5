"""Commands that change something answer programs, too."""

from __future__ import annotations

import json
from pathlib import Path

from doors import run

OPML = """<opml version="2.0"><body><outline text="Dawn" xmlUrl="https://dawn.example/feed"/>
<outline text="No address"/></body></opml>"""


def test_ingest_counts_by_verdict(desk: Path) -> None:
    lines = '{"id": "m1", "title": "Torkham closed", "body": "Closed."}\nno document\n'
    first = run("ingest", "-", "--json", input=lines)
    assert first.exit_code == 1
    row = json.loads(first.stdout)
    assert (row["documents"], row["new"], row["known"], row["problems"]) == (1, 1, 0, 1)
    assert json.loads(run("ingest", "-", "--json", input=lines).stdout)["known"] == 1


def test_feeds_are_added_imported_and_removed(desk: Path) -> None:
    added = json.loads(run("feeds", "add", "https://one.example/feed", "--no-poll", "--json").stdout)
    assert (added["url"], added["waiting"], added["alerts"]) == ("https://one.example/feed", None, None)
    (desk / "feeds.opml").write_text(OPML)
    imported = run("feeds", "import", "feeds.opml", "--json")
    assert imported.exit_code == 1
    row = json.loads(imported.stdout)
    assert (row["added"], [one["line"] for one in row["problems"]]) == (1, [2])
    removed = json.loads(run("feeds", "remove", "https://dawn.example/feed", "--json").stdout)
    assert removed["url"] == "https://dawn.example/feed"


def test_a_retry_says_what_came_of_each_name(stored: Path) -> None:
    done = run("deliveries", "retry", "4711", "--json")
    assert done.exit_code == 1
    row = json.loads(done.stdout)
    assert (row["asked"], row["answer"]) == ("4711", None)
    assert row["problem"]
    assert run("deliveries", "retry", "--dead", "--json").stdout == ""
