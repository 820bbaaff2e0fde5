"""The reading commands asked about a real pass of the real monitor, beside the daemon at work."""

from __future__ import annotations

import csv
import io
import json

from desk import Desk, eventually
from local_feed import LocalFeed


def test_what_a_pass_brought_can_be_listed_told_and_explained(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    closed = feed.add("=1+1 Border shut", "The Torkham crossing was closed on Sunday.")
    rain = feed.add("Rain in Kabul", "It rained on Torkham all night.")
    with desk.running():
        eventually(desk.sent, "the alert")
        eventually(lambda: desk.number("SELECT count(*) FROM articles WHERE stage = 'matched'") == 2, "the rules")

        listed = desk.command("matches", "list")
        assert listed.returncode == 0, listed.stderr
        assert "HIGH torkham-closed: =1+1 Border shut" in listed.stdout
        assert "→ alerts: planned" in listed.stdout
        assert closed in listed.stdout
        table = desk.command("matches", "list", "--csv").stdout
        header, row = csv.reader(io.StringIO(table, newline=""))
        assert row[header.index("title")] == "'=1+1 Border shut"

        told = json.loads(desk.command("why", "--rule", "torkham-closed", "--json").stdout)
        assert (told["entries"]["total"], told["articles"]["read_by_rule"], told["matches"]) == (2, 2, 1)
        (end,) = told["digests"]
        assert (end["digest"], end["state"], end["delivery"]) == ("alerts", "planned", "sent")

        yes = desk.command("rules", "explain", "torkham-closed", "--url", closed).stdout
        assert "· MATCH ·" in yes
        assert "The [Torkham] crossing was [closed] on Sunday." in yes
        no = desk.command("rules", "explain", "torkham-closed", "--url", rain).stdout
        assert "· NO MATCH ·" in no
        assert "It rained on [Torkham] all night." in no
