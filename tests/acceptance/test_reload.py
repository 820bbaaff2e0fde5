"""SIGHUP on the real daemon: what is new is in force, what is broken changes nothing, nothing is lost or twice."""

from __future__ import annotations

import json
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from desk import RULES, Desk, eventually
from http_sink import http_sink
from incidents import MAIL, World, check, settled
from local_feed import LocalFeed
from mail_server import mail_server

from monitor.demo.server import Answer, LocalSite, SeenRequest

APRICOTS = """
[[rules]]
id = "apricots"
title = "Apricots"
query = 'apricot*'
"""
BROKEN = """
[[rules]]
id = "broken"
query = 'Torkham AND'
"""
BOTH = "[receivers.desk]\nfile = {{ directory = 'digests' }}\n[receivers.ops]\n{ops}\n"


def place_of_broken(before: str) -> str:
    """How a problem of BROKEN begins when it stands behind other rules."""
    line = (before + BROKEN).split("\n").index("query = 'Torkham AND'") + 1
    return f'rules/rules.toml:{line}: rule "broken"'


def headlines(desk: Desk) -> list[str]:
    """The headline of every story in every file sent, in no order."""
    files = (json.loads(one.read_text(encoding="utf-8")) for one in (desk.folder / "digests").glob("*.json"))
    return sorted(story["headline"] for digest in files for story in digest["stories"])


def test_a_new_rule_and_a_new_feed_are_in_force_and_nothing_is_alerted_again(desk: Desk, feed: LocalFeed) -> None:
    with LocalSite() as elsewhere:
        other = LocalFeed(elsewhere, "Other")
        desk.write([feed.url])
        feed.add("Torkham closed", "The Torkham crossing was closed.")
        feed.add("Apricot harvest", "It was read by the rules of before.")
        with desk.running() as daemon:
            eventually(lambda: desk.number("SELECT count(*) FROM articles WHERE stage = 'matched'") == 2, "both")
            eventually(desk.sent, "the alert")
            desk.rules(RULES + APRICOTS)
            desk.write([feed.url, other.url])
            other.add("Apricots from Chaman", "A lorry of apricots.")
            said = desk.reload(daemon)
            assert (said["event"], said["generation"]) == ("reloaded", 2)
            assert said["feeds"] == f"1 added: {other.url}"
            assert said["rules"] == "1 added: apricots"
            assert "digests" not in said
            eventually(lambda: desk.sent() == 2, "the alert of the new rule on the new feed")
            assert desk.reload(daemon)["event"] == "reloaded: nothing changed"
            feed.add("Floods in Sindh", "The flood came at night.")
            eventually(lambda: desk.sent() == 3, "an alert after that")
        assert headlines(desk) == ["Apricots from Chaman", "Floods in Sindh", "Torkham closed"]


def test_broken_rules_change_nothing_until_they_are_mended(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    with desk.running() as daemon:
        eventually(lambda: desk.number("SELECT count(*) FROM feeds WHERE first_success_at IS NOT NULL"), "a poll")
        desk.rules(RULES + APRICOTS + BROKEN)
        desk.write([feed.url], poll='user_agent = "after"')
        refused = desk.reload(daemon)
        assert (refused["level"], refused["problems"], refused["generation"]) == ("error", 1, 1)
        (problem,) = desk.events("not reloaded")
        assert problem["problem"].startswith(f"{place_of_broken(RULES + APRICOTS)}: expected a term")
        feed.add("Apricot harvest", "No rule in force takes it.")
        feed.add("Torkham closed", "The Torkham crossing was closed.")
        eventually(desk.sent, "the alert of the old rules")
        eventually(lambda: desk.number("SELECT count(*) FROM articles WHERE stage = 'matched'") == 2, "both")
        assert {seen.headers["user-agent"] for seen in feed.site.requests} != {"after"}
        desk.rules(RULES + APRICOTS)
        assert desk.reload(daemon)["event"] == "reloaded"
        feed.add("Apricot jam", "A rule in force takes it.")
        eventually(lambda: desk.sent() == 2, "the alert of the mended rules")
        eventually(lambda: feed.site.requests[-1].headers["user-agent"] == "after", "the new settings, too")
    assert headlines(desk) == ["Apricot jam", "Torkham closed"]


@pytest.mark.needs("the in-process engine")  # a queue knows no file, which is another refusal
def test_another_store_needs_a_restart_and_nothing_else_is_taken_up(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    text = desk.config.read_text(encoding="utf-8")
    with desk.running() as daemon:
        eventually(lambda: desk.ask("SELECT 1 FROM feeds"), "the store")
        desk.put(desk.config, text.replace(desk.kept.url, "sqlite:///other.db"))
        desk.rules(RULES + APRICOTS)
        assert desk.reload(daemon)["event"] == "the old config and rules stay in force"
        (problem,) = desk.events("not reloaded")
        assert problem["problem"].startswith(f"{desk.config}:3: store.url: changes at a restart only")
        feed.add("Apricot harvest", "No rule in force takes it.")
        eventually(lambda: desk.number("SELECT count(*) FROM articles WHERE stage = 'matched'"), "the entry")
        assert not desk.number("SELECT count(*) FROM matches")
    assert not (desk.folder / "other.db").exists()


# ---- at the start


def test_broken_rules_at_the_start_leave_the_last_good_ones_in_force(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    assert desk.command("run", "--once").returncode == 0
    desk.rules(RULES + BROKEN)
    with desk.running() as daemon:
        feed.add("Torkham closed", "The Torkham crossing was closed.")
        eventually(desk.sent, "the alert of the last good rules")
        assert f"{place_of_broken(RULES)}: expected a term" in desk.log()
        assert "THE RULE FILES DO NOT HOLD (1 error, see above)" in desk.log()
        assert "In force are the last good rules, 2 rules, read on 20" in desk.log()
        assert desk.reload(daemon)["event"] == "the old config and rules stay in force"
        desk.rules(RULES + APRICOTS)
        said = desk.reload(daemon)
        assert (said["rules"], said["rule_files"]) == ("1 added: apricots", "hold again")
        feed.add("Apricot harvest", "A rule in force takes it.")
        eventually(lambda: desk.sent() == 2, "the alert of the mended rules")
    desk.rules("not toml")
    feed.add("Apricot jam", "A rule in force takes it, too.")
    done = desk.command("run", "--once")  # with those of the reload by now
    assert done.returncode == 0
    assert "3 rules, read on" in done.stderr
    assert desk.sent() == 3


def test_broken_rules_refuse_the_start_when_it_is_strict(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    assert desk.command("run", "--once", "--strict").returncode == 0
    desk.rules(RULES + BROKEN)
    refused = desk.command("run", "--once", "--strict")
    assert refused.returncode == 2
    assert f"{place_of_broken(RULES)}: expected a term" in refused.stderr
    assert "Nothing was started" in refused.stderr


# ---- without a signal


def test_a_changed_rule_file_is_in_force_without_a_signal(desk: Desk, feed: LocalFeed) -> None:
    failing = RULES + APRICOTS + 'must_match = ["Apricot harvest", "Peaches"]\n'
    desk.write([feed.url], watch=True)
    with desk.running():
        eventually(lambda: desk.number("SELECT count(*) FROM feeds WHERE first_success_at IS NOT NULL"), "a poll")
        desk.rules(failing)
        eventually(lambda: desk.events("the old config and rules stay in force"), "a reload that is refused")
        (problem,) = desk.events("not reloaded")
        line = failing.split("\n").index('must_match = ["Apricot harvest", "Peaches"]') + 1
        said = 'rule "apricots": its example must match, but does not: "Peaches"'
        assert problem["problem"] == f"rules/rules.toml:{line}: {said}"
        feed.add("Torkham closed", "The Torkham crossing was closed.")
        eventually(desk.sent, "the alert of the old rules")
        (desk.folder / "rules" / "more.toml").write_text(APRICOTS, encoding="utf-8")
        desk.rules(RULES)
        eventually(lambda: desk.events("reloaded"), "a reload")
        feed.add("Apricot harvest", "A rule in force takes it.")
        eventually(lambda: desk.sent() == 2, "the alert of the new rule")
        (reloaded,) = desk.events("reloaded")
        assert (reloaded["generation"], reloaded["rules"]) == (2, "1 added: apricots")
    assert headlines(desk) == ["Apricot harvest", "Torkham closed"]


# ---- signals at any time


def catches_hangups(pid: int) -> bool:
    """Whether the process has a handler for SIGHUP by now."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool(int(status["SigCgt"], 16) >> (signal.SIGHUP - 1) & 1)


@pytest.mark.needs("linux")
def test_a_signal_during_the_start_is_kept_until_somebody_can_heed_it(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    with desk.running() as daemon:
        eventually(lambda: catches_hangups(daemon.pid), "a handler")
        daemon.send_signal(signal.SIGHUP)
        eventually(lambda: desk.events("reloaded: nothing changed"), "the reload")


def test_a_stop_waits_for_no_reload_and_a_reload_holds_up_nothing(desk: Desk, feed: LocalFeed) -> None:
    desk.write([feed.url])
    daemon = desk.start()
    eventually(lambda: desk.number("SELECT count(*) FROM feeds WHERE first_success_at IS NOT NULL"), "a poll")
    # Half a minute's reading, and of no rule that this test waits for.
    many = (APRICOTS.replace("apricot", f"apricot{number}") for number in range(60_000))
    desk.rules(RULES + "".join(many))
    daemon.send_signal(signal.SIGHUP)
    eventually(lambda: desk.events("reading config and rules again"), "the reading")
    feed.add("Torkham closed", "The Torkham crossing was closed.")
    eventually(desk.sent, "an alert meanwhile")
    daemon.send_signal(signal.SIGHUP)
    begun = time.monotonic()
    daemon.send_signal(signal.SIGTERM)
    daemon.send_signal(signal.SIGHUP)
    assert daemon.wait(timeout=15) == 0
    assert time.monotonic() - begun < 10
    assert not desk.events("reloaded")


def storm(desk: Desk, count: int, signals: int, seed: int, pause: float) -> None:
    """Entries arrive all the time while config and rules change under every signal."""
    dice = random.Random(seed)
    with ExitStack() as stack:
        mail = stack.enter_context(mail_server())
        addresses = [f"127.{number // 250}.{number % 250 + 1}.1" for number in range(2, 2 + count)]
        sites = [stack.enter_context(LocalSite(address=address)) for address in addresses]
        feeds = [LocalFeed(site, f"Feed {index}") for index, site in enumerate(sites)]
        world = World(feeds, dice)
        urls = [feed.url for feed in feeds]
        receivers = MAIL.format(port=mail.port)
        desk.write(urls, receivers=receivers)
        for number in range(1, count + 1):
            world.publish(number)
        begun = time.monotonic()
        with desk.running() as daemon:
            eventually(lambda: desk.ask("SELECT 1 FROM feeds"), "the start")
            with world.publishing(count + 1, pause):
                for number in range(signals):
                    desk.rules(RULES.replace("Floods", f"Floods {number}") + BROKEN * (number % 5 == 3))
                    listed = dice.sample(urls, len(urls) - number % 3)
                    desk.write(listed, receivers=receivers, poll=f"per_host = {1 + number // 4 % 2}")
                    daemon.send_signal(signal.SIGHUP)
                    threading.Event().wait(dice.uniform(0.0, 0.5))  # the storm itself: any moment will do
            desk.rules(RULES)
            desk.write(urls, receivers=receivers)
            reloads = len(desk.events("reloaded"))
            daemon.send_signal(signal.SIGHUP)
            eventually(lambda: len(desk.events("reloaded")) > reloads, "the last reload")
            # Less than a lease: a feed that a reload gave up must not wait for the end of its own.
            desk.within("4m", lambda: settled(desk, world), "the last delivery")
        messages, repeats = check(desk, world, mail)
        assert not repeats
        assert not desk.events("stage broke", "stage failed", "poll failed")
        done, refused = desk.events("reloaded"), desk.events("the old config and rules stay in force")
        assert done
        print(
            f"\n{count} feeds, {len(world.matching) + len(world.others)} entries, {len(world.matching)} matching, "
            f"{signals} signals: {len(done)} reloads, {len(refused)} refused, {messages} messages, 0 lost, "
            f"0 twice, {time.monotonic() - begun:.0f} s"
        )


@pytest.mark.timeout(400)
def test_a_storm_of_signals_under_load_loses_and_repeats_nothing(desk: Desk) -> None:
    storm(desk, count=6, signals=20, seed=20230222, pause=0.1)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_hundred_feeds_and_two_hundred_signals_lose_and_repeat_nothing(desk: Desk) -> None:
    storm(desk, count=200, signals=200, seed=7, pause=0.03)


# ---- what is under way


@pytest.mark.parametrize("poll", ["", 'user_agent = "after"'], ids=["rules", "poll"])
def test_a_feed_that_hangs_holds_up_no_reload_and_is_asked_once(
    desk: Desk, feed: LocalFeed, slow_site: LocalSite, poll: str
) -> None:
    slow = LocalFeed(slow_site, "Slow")
    slow.add("Floods in Sindh", "The flood came at night.")
    listing = slow_site.answer(SeenRequest(slow_site.url, "GET", "/feed.xml", {}, 0.0))
    let_go, asked = threading.Event(), []

    def hang(request: SeenRequest) -> Answer:
        asked.append(request)
        let_go.wait(100)
        return listing

    slow_site.route("/feed.xml", hang)
    desk.write([feed.url, slow.url])
    text = desk.config.read_text(encoding="utf-8").replace('timeout = "5s"', 'timeout = "100s"')
    desk.put(desk.config, text)
    with desk.running() as daemon:
        eventually(lambda: asked and feed.site.requests, "both under way")
        desk.rules(RULES + APRICOTS)
        desk.put(desk.config, text.replace("[rules]", f"{poll}\n[rules]"))
        assert desk.reload(daemon)["event"] == "reloaded"
        feed.add("Apricot harvest", "A rule of the new generation takes it.")
        eventually(desk.sent, "an alert beside the feed that hangs")
        assert len(asked) == 1
        let_go.set()
        eventually(lambda: desk.sent() == 2, "the alert of the feed that hung")
    assert headlines(desk) == ["Apricot harvest", "Floods in Sindh"]


@pytest.fixture
def slow_site() -> Iterator[LocalSite]:
    with LocalSite(address="127.0.0.2") as running:
        yield running


def test_a_receiver_that_left_the_config_keeps_its_message_until_it_is_back(desk: Desk, feed: LocalFeed) -> None:
    def again() -> None:
        """Makes the waiting message due: nobody waits for the back-off here."""
        desk.write_store("UPDATE deliveries SET next_attempt_at = created_at WHERE receiver = 'ops'")

    attempts = "SELECT count(*) FROM attempts WHERE outcome LIKE ?"
    with http_sink() as slack:
        slack.answer = (503, {}, b"later")
        desk.environment["SLACK"] = slack.url + "/hook"
        ops = BOTH.format(ops='slack = { webhook_url = "env:SLACK" }')
        desk.write([feed.url], receivers=ops, to='["desk", "ops"]')
        feed.add("Torkham closed", "The Torkham crossing was closed.")
        with desk.running() as daemon:
            eventually(lambda: desk.number(attempts, "temporary%"), "an attempt")
            slack.answer = (200, {}, b"ok")
            desk.write([feed.url])
            assert desk.reload(daemon)["receivers"] == "1 removed: ops"
            again()
            eventually(lambda: desk.number(attempts, "broken_receiver%"), "an attempt at nobody")
            assert desk.ask("SELECT state FROM deliveries WHERE receiver = 'ops'") == [("waiting",)]
            assert len(slack.requests) == 1
            desk.write([feed.url], receivers=ops, to='["desk", "ops"]')
            assert desk.reload(daemon)["receivers"] == "1 added: ops"
            again()
            eventually(lambda: desk.sent() == 2, "the message that waited")
        assert len(slack.requests) == 2
