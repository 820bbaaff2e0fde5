"""Feeds and documents that come beside a running daemon."""

from __future__ import annotations

import json
import re
import time

import pytest
from desk import Desk, eventually
from local_feed import LocalFeed

from monitor.demo.server import LocalSite

URDU_RULE = """
[[rules]]
id = "torkham-band"
query = 'طورخم AND بند'
"""


def asked(site: LocalSite, path: str) -> int:
    """How often the path, with its query, was asked for."""
    return sum(request.path == path for request in site.requests)


def some_ticks(site: LocalSite) -> None:
    """Until the daemon has polled the declared feed three more times."""
    before = asked(site, "/feed.xml?declared")
    eventually(lambda: asked(site, "/feed.xml?declared") > before + 2, "the daemon at work")


def test_a_document_in_urdu_alerts_once_however_often_it_is_handed_over(desk: Desk) -> None:
    (desk.folder / "rules" / "urdu.toml").write_text(URDU_RULE, encoding="utf-8")
    desk.write([])
    document = json.dumps(
        {
            "id": "mail-17",
            "title": "طورخم سرحد بند",
            "body": "طورخم سرحد کو آج شام بند کر دیا گیا۔\n\nٹرکوں کی قطاریں لگ گئیں۔",
            "publisher": "نامہ نگار",
            "url": "https://mail.example/17",
            "language": "ur",
            "published": "2023-02-22T15:00:00Z",
        },
        ensure_ascii=False,
    )
    with desk.running() as daemon:
        eventually(lambda: desk.ask("SELECT 1 FROM digest_states"), "the daemon")
        done = desk.command("ingest", "-", input=document)
        assert done.returncode == 0, done.stderr
        assert f"The daemon (pid {daemon.pid}) reads and matches them now" in done.stdout
        (file,) = eventually(lambda: list((desk.folder / "digests").glob("*.json")), "the alert")
        again = desk.command("ingest", "-", input=document)
        assert "0 new, 1 known, 0 revised" in again.stdout
        marker = desk.command("ingest", "-", input='{"id": "marker", "title": "A flood"}')
        assert marker.returncode == 0
        eventually(lambda: desk.sent() == 2, "the alert of what came after it")
    (story,) = json.loads(file.read_text(encoding="utf-8"))["stories"]
    assert story["headline"] == "طورخم سرحد بند"
    assert story["badges"] == ["old"]  # and told all the same
    assert story["articles"][0]["publisher"] == "نامہ نگار"
    assert desk.number("SELECT count(*) FROM matches WHERE rule_id = 'torkham-band'") == 1


def test_a_feed_added_beside_the_daemon_is_asked_by_one_of_them_only_and_alerts(
    desk: Desk, feed: LocalFeed, site: LocalSite
) -> None:
    desk.write([f"{feed.url}?declared"])
    with desk.running():
        eventually(lambda: asked(site, "/feed.xml?declared"), "the daemon at work")
        feed.add("Torkham closed", "The Torkham crossing was closed.")
        done = desk.command("feeds", "add", feed.url, "--backfill", "24h", "--interval", "10m")
        assert "1 stored, 1 will alert" in " ".join(done.stdout.split()), done.stderr
        some_ticks(site)
        assert asked(site, "/feed.xml") == 1
        articles = "SELECT count(*) FROM articles a JOIN feeds f ON f.id = a.feed_id WHERE f.origin = 'store'"
        eventually(lambda: desk.number(articles), "its entry read by the daemon")


def test_a_feed_is_polled_until_it_is_removed_and_misses_nothing_when_it_comes_back(
    desk: Desk, feed: LocalFeed, site: LocalSite
) -> None:
    desk.write([f"{feed.url}?declared"])
    assert desk.command("feeds", "add", feed.url).returncode == 0
    with desk.running():
        some_ticks(site)
        assert asked(site, "/feed.xml") > 1
        assert desk.command("feeds", "remove", feed.url).returncode == 0
        some_ticks(site)  # an answer that was on its way has come
        before = asked(site, "/feed.xml")
        some_ticks(site)
        assert asked(site, "/feed.xml") == before
        feed.add("Torkham closed", "The Torkham crossing was closed.")
        assert desk.command("feeds", "add", feed.url).returncode == 0
        articles = "SELECT count(*) FROM articles a JOIN feeds f ON f.id = a.feed_id WHERE f.origin = 'store'"
        eventually(lambda: desk.number(articles), "what came while it was removed")


def test_a_list_imported_beside_the_daemon_is_polled_without_a_burst(desk: Desk, site: LocalSite) -> None:
    feed = LocalFeed(site)
    desk.write([f"{feed.url}?declared"], poll='max_interval = "1h"')
    text = desk.config.read_text(encoding="utf-8")
    desk.config.write_text(text.replace('interval = "1s"', 'interval = "6s"', 1), encoding="utf-8")
    outlines = "".join(f'<outline text="{n}" xmlUrl="{feed.url}?{n}"/>' for n in range(20))
    with desk.running():
        eventually(lambda: asked(site, "/feed.xml?declared"), "the daemon at work")
        done = desk.command("feeds", "import", "-", input=f"<opml><body>{outlines}</body></opml>")
        assert "20 added" in done.stdout, done.stderr
        eventually(lambda: all(asked(site, f"/feed.xml?{n}") for n in range(20)), "a poll of each")
    first = sorted(next(one.at for one in site.requests if one.path == f"/feed.xml?{n}") for n in range(20))
    assert first[-1] - first[0] > 4


def long_list(feeds: int, broken: int = 10) -> str:
    """A list of so many feeds in folders of a hundred, with broken lines among them."""
    lines = []
    for number in range(feeds):
        if number % 100 == 0:
            lines += [*["</outline>"] * bool(number), f'<outline text="Folder {number // 100}">']
        if number % (feeds // broken) == 0:
            lines.append('<outline text="a "bad" line" xmlUrl="https://x.example/"/>')
        lines.append(f'<outline type="rss" text="Feed {number}" xmlUrl="https://{number}.example/feed?a=1&b=2"/>')
    return "\n".join(['<opml version="2.0"><body>', *lines, "</outline>", "</body></opml>"])


def import_and_export(desk: Desk, feeds: int, seconds: float) -> None:
    """A long list comes in, says what is wrong with which line, is polled without a burst, and goes out again."""
    desk.write([], poll='max_interval = "1h"')
    text = desk.config.read_text(encoding="utf-8").replace('interval = "1s"', 'interval = "15m"', 1)
    desk.config.write_text(text, encoding="utf-8")
    desk.command(
        "feeds", "import", "-", "--dry-run", input=long_list(10)
    )  # what a first command takes is not meant
    begun = time.monotonic()
    done = desk.command("feeds", "import", "-", input=long_list(feeds))
    took = time.monotonic() - begun
    print(f"\n{feeds:,} feeds imported in {took:.1f} s")
    assert done.returncode == 1, done.stderr
    assert f"{feeds + 10:,} feeds in standard input: {feeds:,} added, 10 refused" in done.stdout
    assert len(re.findall("^standard input:[0-9]+: broken XML", done.stderr, re.M)) == 10
    assert took < seconds
    assert desk.number("SELECT count(*) FROM feeds") == feeds
    per_second = "SELECT count(*) AS n FROM feeds GROUP BY substr(CAST(next_poll_at AS text), 1, 19)"
    most = desk.number(f"SELECT max(n) FROM ({per_second}) AS seconds")
    assert most <= feeds / (15 * 60) + 2  # a second
    exported = desk.command("feeds", "export").stdout
    desk.kept.remove()
    again = desk.command("feeds", "import", "-", input=exported)
    assert again.returncode == 0, again.stderr
    assert desk.command("feeds", "export").stdout.partition("<body>")[2] == exported.partition("<body>")[2]


def test_a_thousand_feeds_come_in_within_seconds_and_go_out_again(desk: Desk) -> None:
    import_and_export(desk, 1_000, 30)


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_ten_thousand_feeds_come_in_within_seconds_and_go_out_again(desk: Desk) -> None:
    import_and_export(desk, 10_000, 20)
